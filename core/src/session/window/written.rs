//! What a model writes into the text of a summary that is not part of one: its thoughts, and calls
//! that it did not make.

use super::refused::find;

/// The length of the thoughts before the answer; `None` if they have no end.
pub(super) fn thoughts_bytes(text: &str) -> Option<usize> {
    let text = text.as_bytes();
    let mut bytes = 0;
    while let more @ 1.. = first_thoughts(text.get(bytes..)?)? {
        bytes += more;
    }
    Some(bytes)
}

fn first_thoughts(text: &[u8]) -> Option<usize> {
    for [open, close] in THOUGHTS {
        let begins = text.trim_ascii_start().starts_with(open.as_bytes());
        match find(text, close.as_bytes()) {
            Some(at) if begins || find(text, open.as_bytes()).is_none_or(|open| open > at) => {
                return Some(at + close.len());
            }
            // They may follow a line of text.
            None if lines(text).any(|line| line.starts_with(open.as_bytes())) => return None,
            _ => {}
        }
    }
    Some(0)
}

/// Whether the text has a call in place of a summary, or at its end: text about calls is not one.
pub(super) fn has_call(text: &str) -> bool {
    let text = text.as_bytes();
    lines(text).any(|line| starts_with_any(line, &TAGS))
        || TAGS.iter().any(|tag| has_open_tag(text, tag.as_bytes()))
        || ends_with_call(text)
}

/// Whether `tag` is somewhere in the text as a model writes it: without quotes, and with a value
/// after it.
fn has_open_tag(mut text: &[u8], tag: &[u8]) -> bool {
    let mut quote = None;
    while let Some(at) = find(text, tag) {
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, b""));
        let (_, rest) = rest.split_at_checked(tag.len()).unwrap_or_default();
        let before = before.last().or(quote);
        if !matches!(before, Some(b'`' | b'"' | b'\'')) && has_value(rest) {
            return true;
        }
        (text, quote) = (rest, tag.last());
    }
    false
}

/// Whether a value follows the rest of a tag: an object, a list, another tag or a name.
fn has_value(rest: &[u8]) -> bool {
    let end = rest.iter().position(|byte| matches!(byte, b'>' | b']' | b'{' | b'\n'));
    let Some((end, after)) = end.and_then(|at| rest.split_at_checked(at)) else { return false };
    if end.contains(&b'`') {
        return false;
    }
    let after = after.strip_prefix(b">").or(after.strip_prefix(b"]")).unwrap_or(after);
    match after.trim_ascii_start().first() {
        None | Some(b'{' | b'[' | b'<') => true,
        Some(_) => after.first().is_some_and(u8::is_ascii_alphanumeric),
    }
}

/// Whether the text, or its end from some line on, is a call without tags: an object with the keys
/// of one, in a fence or without, or a call as in Python.
fn ends_with_call(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b"```").unwrap_or(text).trim_ascii_end();
    let closes = matches!(text.last(), Some(b'}' | b']' | b')'));
    let has =
        |part: &[u8], keys: &[&str]| keys.iter().any(|key| find(part, key.as_bytes()).is_some());
    let mut rest = text;
    while closes && !rest.is_empty() {
        let line = rest.trim_ascii_start();
        let is_call = match line.first() {
            Some(b'{' | b'[') => has(line, &NAMES) && has(line, &ARGUMENTS) || is_python(line),
            _ => false,
        };
        if is_call {
            return true;
        }
        let next = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        rest = rest.get(next..).unwrap_or_default();
    }
    false
}

/// As in `[bash(command="ls")]`.
fn is_python(line: &[u8]) -> bool {
    let Some(name) = line.strip_prefix(b"[") else { return false };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let length = name.iter().take_while(|byte| is_name(byte)).count();
    length > 0 && name.get(length) == Some(&b'(') && name.ends_with(b")]")
}

fn starts_with_any(line: &[u8], marks: &[&str]) -> bool {
    marks.iter().any(|mark| line.starts_with(mark.as_bytes()))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_start)
}

/// The marks around the thoughts of models that think in their text: DeepSeek, Qwen and others;
/// prompted ones; Magistral; Seed; Kimi-VL; OpenThinker; Gemma; gpt-oss;
/// Command A; LongCat; Apertus.
static THOUGHTS: [[&str; 2]; 15] = [
    ["<think>", "</think>"],
    ["<thinking>", "</thinking>"],
    ["<thought>", "</thought>"],
    ["<reasoning>", "</reasoning>"],
    ["<analysis>", "</analysis>"],
    ["<scratchpad>", "</scratchpad>"],
    ["[THINK]", "[/THINK]"],
    ["<seed:think>", "</seed:think>"],
    ["◁think▷", "◁/think▷"],
    ["<|begin_of_thought|>", "<|end_of_thought|>"],
    ["<|channel>thought", "<channel|>"],
    ["<|channel|>analysis", "<|channel|>final<|message|>"],
    ["<|START_THINKING|>", "<|END_THINKING|>"],
    ["<longcat_think>", "</longcat_think>"],
    ["<|inner_prefix|>", "<|inner_suffix|>"],
];

/// How calls begin that models write in their text: Hermes and Qwen; Llama; Mistral; DeepSeek;
/// Anthropic's older form; Llama 3's tag; GLM and Kimi; gpt-oss; MiniMax; Gemma; Command A;
/// InternLM; LongCat; Step; Seed.
static TAGS: [&str; 19] = [
    "<tool_call",
    "<function",
    "[TOOL_CALL",
    "<｜tool",
    "<｜DSML｜",
    "<invoke ",
    "<|python_tag|",
    "<|tool_call",
    "<tool_use",
    "<|channel|",
    "<minimax:tool_call",
    "```tool_c",
    "```tool_use",
    "<xai:function_call",
    "<|START_ACTION|>",
    "<|action_start|>",
    "<longcat_tool_call",
    "<steptml:",
    "<seed:tool_call",
];

/// The keys of a tool's name.
static NAMES: [&str; 4] = ["\"name\"", "\"tool", "\"function", "\"action\""];

/// The keys of a call's arguments.
static ARGUMENTS: [&str; 5] =
    ["\"arguments\"", "\"parameters\"", "\"args\"", "\"input\"", "_input\""];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_is_removed_and_reasoning_alone_is_not_a_summary() {
        for (text, rest) in [
            ("plain", Some("plain")),
            ("<think>a</think>\nthe port is 80", Some("\nthe port is 80")),
            // The template put the first mark into the prompt.
            ("a\n</think>done", Some("done")),
            ("\n [THINK]a[/THINK]b", Some("b")),
            ("<think>a</think>\n<think>b</think>c", Some("c")),
            ("<analysis>a</analysis>\n<summary>b</summary>", Some("\n<summary>b</summary>")),
            (
                "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b",
                Some("b"),
            ),
            ("<|channel>thought\na<channel|>b", Some("b")),
            ("<|START_THINKING|>a<|END_THINKING|>b", Some("b")),
            ("<longcat_think>a", None),
            ("<|inner_prefix|>a<|inner_suffix|>b", Some("b")),
            ("<think>cut in the mid", None),
            ("<think>a</think>\n<think>cut", None),
            ("Let me see.\n<think>cut", None),
            ("<thought>cut", None),
            ("◁think▷cut", None),
            (
                "the tag <think> is parsed, </think> is not",
                Some("the tag <think> is parsed, </think> is not"),
            ),
        ] {
            assert_eq!(thoughts_bytes(text).map(|bytes| &text[bytes..]), rest, "{text}");
        }
    }

    #[test]
    fn written_calls_are_distinguished_from_text_about_them() {
        for text in [
            "I look.\n<tool_call>\n{}",
            "I look. <tool_call>{\"name\":\"bash\"",
            "I look. <tool_call>bash\n<arg_key>command</arg_key>",
            "I look. <function=bash><parameter=command>ls",
            "I look: <function_calls><invoke name=\"bash\">",
            "I look. <｜DSML｜function_calls>",
            "I look. <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function",
            "I look. [TOOL_CALLS]bash{\"command\":\"ls\"}",
            "I look. [TOOL_CALLS] [{\"name\":\"bash\"}]",
            "I look. <|tool_calls_section_begin|><|tool_call_begin|>functions.bash:0",
            "[TOOL_CALLS]x",
            "```json\n{\"name\":\"bash\",\"arguments\":{}}\n```",
            "I look.\n```json\n{\n \"tool\": \"bash\",\n \"tool_input\": {}\n}\n```\n",
            "{\"name\": \"bash\", \"parameters\": {}}",
            "[bash(command=\"ls\")]",
            "I look.\n```tool_code\nbash(command=\"ls\")\n```",
            "<｜tool▁calls▁begin｜>",
            "I look. <|START_ACTION|>[{\"tool_name\":\"bash\",\"parameters\":{}}]<|END_ACTION|>",
            "I look. <|action_start|><|plugin|>{\"name\":\"bash\"}<|action_end|>",
            "I look. <longcat_tool_call>bash\n<longcat_arg_key>command</longcat_arg_key>",
            "I look. <steptml:invoke name=\"bash\">ls</steptml:invoke>",
            "<seed:tool_call>\n<seed:function name=\"bash\">",
        ] {
            assert!(has_call(text), "{text}");
        }
        for text in [
            "The parser takes <tool_call> tags.",
            "The parser takes `<tool_call>{` and \"<function=bash>\", but not `[TOOL_CALLS]`.",
            "It looks for <function and <invoke name; see parse.rs.",
            "{ is unbalanced in x.c",
            "The server sent\n{\"name\": \"x\", \"arguments\": {}}\nand that was wrong.",
            "The fixture is\n{\"name\": \"x\"}",
            "[see a(b)] for the rest",
            "Found.",
        ] {
            assert!(!has_call(text), "{text}");
        }
    }
}
