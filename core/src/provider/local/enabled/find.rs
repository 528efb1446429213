//! Finds the places of calls in a text.

/// A place where the text looks like calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Candidate {
    /// Where it begins.
    pub start: usize,
    /// Where its first value begins.
    pub value: usize,
    pub kind: CallForm,
}

/// How calls are set off from the rest of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallForm {
    /// By a tag in front; its end tag may follow.
    Tag,
    /// By a word in front, which the name of the tool may follow.
    Word,
    /// By a fence of Markdown, up to the next.
    Fence,
    /// No marks: they are on their own lines.
    Lines,
}

/// The next candidate in `text` from `from` on. Text in a fence of another language is skipped.
pub(super) fn candidate(text: &[u8], from: usize) -> Option<Candidate> {
    let mut at = from;
    let before = text.get(..from).unwrap_or_default();
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    // Only space precedes it on the line.
    let mut begins_line = line.trim_ascii().is_empty();
    while let Some((&byte, _)) = text.get(at..).and_then(<[u8]>::split_first) {
        let rest = text.get(at..).unwrap_or_default();
        let found = |length: usize, kind| {
            let value = at + length;
            Some(Candidate { start: at, value: value + space(text, value), kind })
        };
        match byte {
            b'<' | b'[' => {
                let known = OPENINGS.iter().find(|(opening, _)| rest.starts_with(opening));
                if let Some((opening, kind)) = known {
                    return found(opening.len(), *kind);
                }
                if byte == b'[' && begins_line {
                    return found(0, CallForm::Lines);
                }
            }
            b'{' if begins_line => return found(0, CallForm::Lines),
            b'`' if begins_line && rest.starts_with(FENCE) => {
                let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                let language = rest.get(FENCE.len()..line).unwrap_or_default().trim_ascii();
                if LANGUAGES.contains(&language) {
                    return found(line, CallForm::Fence);
                }
                at = behind_fence(text, at);
                begins_line = false;
                continue;
            }
            _ => {}
        }
        begins_line = byte == b'\n' || (begins_line && byte.is_ascii_whitespace());
        at += 1;
    }
    None
}

/// Where the search continues after a false candidate.
pub(super) fn after(text: &[u8], candidate: Candidate) -> usize {
    match candidate.kind {
        CallForm::Fence => behind_fence(text, candidate.start),
        CallForm::Tag | CallForm::Word | CallForm::Lines => candidate.start + 1,
    }
}

/// Where a candidate ends whose last value ends at `at`; `None`: what follows does not fit.
pub(super) fn end(text: &[u8], kind: CallForm, at: usize) -> Option<usize> {
    let next = at + space(text, at);
    let rest = text.get(next..).unwrap_or_default();
    match kind {
        CallForm::Tag if rest.starts_with(END_TAG) => Some(next + END_TAG.len()),
        CallForm::Tag | CallForm::Word => Some(at),
        CallForm::Fence if rest.starts_with(FENCE) => Some(next + FENCE.len()),
        CallForm::Fence => rest.is_empty().then_some(next),
        CallForm::Lines => {
            let rest = text.get(at..).unwrap_or_default();
            let is_between = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b',' | b';');
            let length = rest.iter().take_while(is_between).count();
            matches!(rest.get(length), None | Some(b'\n')).then_some(at + length)
        }
    }
}

/// Where the JSON object or array at `at` ends, by its brackets alone.
pub(super) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_u32, false, false);
    for (length, byte) in text.get(at..)?.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + length + 1);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Where the next value begins after one that ends at `at`, if another belongs to it.
pub(super) fn next_value(text: &[u8], kind: CallForm, at: usize) -> Option<usize> {
    let is_between = |byte: &&u8| match byte {
        b',' | b';' | b' ' => true,
        b'\t' | b'\r' | b'\n' => kind != CallForm::Lines,
        _ => false,
    };
    let rest = text.get(at..)?;
    let next = at + rest.iter().take_while(is_between).count();
    // After an end tag, another candidate begins.
    (kind != CallForm::Tag && matches!(text.get(next), Some(b'{' | b'['))).then_some(next)
}

/// Where the text after the reasoning begins: some servers leave the tags of reasoning in the answer.
pub(super) fn behind_reasoning(text: &[u8]) -> usize {
    let is_open = text.trim_ascii_start().starts_with(b"<think>");
    let last = text.windows(END_OF_THINKING.len()).rposition(|window| window == END_OF_THINKING);
    match last {
        Some(at) => at + END_OF_THINKING.len(),
        None if is_open => text.len(),
        None => 0,
    }
}

/// Bytes of white space at `at`.
fn space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

fn behind_fence(text: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(line) = rest.iter().position(|byte| *byte == b'\n') else { return text.len() };
        at += line + 1;
        let rest = text.get(at..).unwrap_or_default();
        if rest.trim_ascii_start().starts_with(FENCE) {
            return at + space(text, at) + FENCE.len();
        }
    }
}

/// The marks that models are trained to write before a call: Hermes and Qwen, Mistral, Llama.
const OPENINGS: [(&[u8], CallForm); 4] = [
    (b"<tool_call>", CallForm::Tag),
    (b"<|tool_call|>", CallForm::Word),
    (b"<|python_tag|>", CallForm::Word),
    (b"[TOOL_CALLS]", CallForm::Word),
];
const END_TAG: &[u8] = b"</tool_call>";
const FENCE: &[u8] = b"```";
/// The languages of a fence that may hold calls.
const LANGUAGES: [&[u8]; 4] = [b"", b"json", b"tool_call", b"tool_calls"];
const END_OF_THINKING: &[u8] = b"</think>";
