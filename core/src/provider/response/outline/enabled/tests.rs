//! With an outline and without one, everything is the same.

extern crate std;

use std::cell::Cell;
use std::format;
use std::string::String;
use std::vec::Vec;

use crate::provider::testing::{Observed, config, observe, session, some};
use crate::{Dialect, Error, Event};

std::thread_local! {
    static IS_OFF: Cell<bool> = const { Cell::new(false) };
    static EVENTS: Cell<usize> = const { Cell::new(0) };
}

/// Whether the outline is not used on this thread.
pub(super) fn is_off() -> bool {
    IS_OFF.with(Cell::get)
}

/// An event was followed to its end.
pub(super) fn count_event() {
    EVENTS.with(|events| events.set(events.get() + 1));
}

struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % limit.max(1)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// The inside of a JSON string.
    fn text(&mut self) -> String {
        let parts = [
            "a",
            "word ",
            "\\n",
            "\\\"",
            "\\\\",
            "é",
            "中文",
            "😀",
            "\\u00e9",
            "\\ud83d\\ude00",
            "\\t",
            "{",
            "}",
            "\\ud83d",
            "\\/",
            "\\u0000",
            "a longer piece of text, without anything",
        ];
        (0..self.below(4)).map(|_| self.of(&parts)).collect()
    }
}

/// What a stream has between its beginning and its end: pieces of text, and now and then something else.
fn events(dialect: Dialect, random: &mut Random) -> String {
    let mut all = String::new();
    let is_call = random.below(3) == 0;
    // A call of the provider's own tool, reasoning in two fields, or items whose ids change.
    let is_special = random.below(3) == 0;
    let end = if dialect == Dialect::Gemini { "\r\n\r\n" } else { "\n\n" };
    for number in 0..6 + random.below(20) {
        let (text, space) = (random.text(), " ".repeat(random.below(3)));
        let is_odd = random.below(12) == 0;
        let index = usize::from(random.below(9) == 0);
        all += &match dialect {
            Dialect::Anthropic if is_odd => {
                format!("event: ping\ndata: {{\"type\":\"ping\"}}{end}")
            }
            Dialect::Anthropic => {
                let (kind, key) = match (is_call, random.below(9)) {
                    (true, _) => ("input_json_delta", "partial_json"),
                    (false, 0) => ("thinking_delta", "thinking"),
                    (false, _) => ("text_delta", "text"),
                };
                format!(
                    "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\
                     \"delta\":{{\"type\":\"{kind}\",\"{key}\":\"{text}\"}}{space}}}{end}"
                )
            }
            Dialect::OpenAiChat if is_odd => format!(": comment{end}"),
            Dialect::OpenAiChat if is_call => format!(
                "data: {{\"id\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},\
                 \"function\":{{\"arguments\":\"{text}\"}}}}]}}}}]}}{end}"
            ),
            Dialect::OpenAiChat if is_special => {
                let other = if random.below(9) == 0 { random.text() } else { text.clone() };
                let field = random.of(&["text", "text", "text", "data"]);
                format!(
                    "data: {{\"id\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{{\"reasoning\":\"{text}\",\
                     \"reasoning_details\":[{{\"type\":\"reasoning.text\",\"{field}\":\"{other}\"}}]}}}}]}}{end}"
                )
            }
            Dialect::OpenAiChat => {
                let key = random.of(&["content", "content", "content", "reasoning_content"]);
                let noise = random.text().replace("\\ud83d", "");
                format!(
                    "data: {{\"id\":\"x\",\"created\":{number},\"choices\":[{{\"index\":0,\"delta\":{{\"{key}\":\"{text}\"}},\
                     \"finish_reason\":null}}],\"obfuscation\":\"{noise}\"{space}}}{end}"
                )
            }
            Dialect::OpenAiResponses => {
                let kind = if is_call { "function_call_arguments" } else { "output_text" };
                let kind = if is_odd { "unknown" } else { kind };
                let id = if is_special { number } else { index };
                let place = random.of(&["output_index", "output_index", "output_index", "index"]);
                format!(
                    "event: response.{kind}.delta\ndata: {{\"type\":\"response.{kind}.delta\",\"item_id\":\"i{id}\",\
                     \"{place}\":{index},\"sequence_number\":{number},\"delta\":\"{text}\"}}{end}"
                )
            }
            Dialect::Gemini => {
                let thought = if is_odd { ",\"thought\":true" } else { "" };
                format!(
                    "data: {{\"candidates\": [{{\"content\": {{\"parts\": [{{\"text\": \"{text}\"{thought}}}]}},\"index\": \
                     {index}}}],\"usageMetadata\": {{\"promptTokenCount\": 7,\"candidatesTokenCount\": {number}}}}}{end}"
                )
            }
            Dialect::Ollama => {
                let key = random.of(&["content", "content", "content", "thinking"]);
                format!(
                    "{{\"model\":\"m\",\"created_at\":\"{number}\",\"message\":{{\"role\":\"assistant\",\"{key}\":\"{text}\"}},\
                     \"done\":false{space}}}\n"
                )
            }
        };
    }
    let (begin, last) = frame(dialect, is_call, is_special);
    begin + &all + &last
}

/// The beginning and the end of a stream.
fn frame(dialect: Dialect, is_call: bool, is_special: bool) -> (String, String) {
    let data = |documents: &[&str]| -> String {
        documents.iter().map(|document| format!("data: {document}\n\n")).collect()
    };
    match dialect {
        Dialect::Anthropic => {
            let block = match is_call {
                true if is_special => {
                    r#"{"type":"server_tool_use","id":"t","name":"f","input":{}}"#
                }
                true => r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#,
                false => r#"{"type":"text","text":""}"#,
            };
            let start = |index| {
                format!(
                    r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#
                )
            };
            let second = if is_call { start(1) } else { String::from(r#"{"type":"ping"}"#) };
            let begin = data(&[&start(0), &second]);
            let end = data(&[
                r#"{"type":"content_block_stop","index":0}"#,
                r#"{"type":"content_block_stop","index":1}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
                r#"{"type":"message_stop"}"#,
            ]);
            (begin, end)
        }
        Dialect::OpenAiChat => {
            let call = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}"#;
            let begin = if is_call { data(&[call]) } else { String::new() };
            let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#;
            (begin, data(&[stop, "[DONE]"]))
        }
        Dialect::OpenAiResponses => {
            let item = match is_call {
                true => {
                    r#"{"type":"function_call","id":"i0","call_id":"c","name":"f","arguments":""}"#
                }
                false => r#"{"type":"message","id":"i0","content":[]}"#,
            };
            let begin = format!(
                r#"{{"type":"response.output_item.added","output_index":0,"item":{item}}}"#
            );
            let end =
                r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#;
            (data(&[&begin]), data(&[end]))
        }
        Dialect::Gemini => {
            let end =
                r#"{"candidates":[{"content":{"parts":[{"text":"."}]},"finishReason":"STOP"}]}"#;
            (String::new(), data(&[end]))
        }
        Dialect::Ollama => {
            let end =
                r#"{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":3}"#;
            (String::new(), format!("{end}\n"))
        }
    }
}

/// What is read of `body` in pieces, and the transcript afterwards.
fn read(dialect: Dialect, body: &[u8], chunk: usize, is_off: bool) -> (Observed, Vec<u8>) {
    IS_OFF.with(|off| off.set(is_off));
    let mut session = session(config(dialect));
    let observed = observe(&mut session, body, chunk);
    IS_OFF.with(|off| off.set(false));
    let used = session.transcript().used_bytes();
    (observed, session.transcript().as_bytes()[..used].to_vec())
}

fn assert_same(dialect: Dialect, body: &[u8], chunk: usize) {
    let read = |is_off| {
        let mut read = read(dialect, body, chunk, is_off);
        // Where a broken character is found depends on how much is read before it is shown.
        if let (Err(_), Some((error, ..))) = (core::str::from_utf8(body), &mut read.0.error) {
            *error = Error::new(error.kind(), 0);
        }
        read
    };
    assert_eq!(
        read(false),
        read(true),
        "{dialect:?} by {chunk}: {}",
        String::from_utf8_lossy(body)
    );
}

#[test]
fn streams_are_read_alike() {
    for dialect in Dialect::ALL.iter().copied() {
        EVENTS.with(|events| events.set(0));
        for seed in some(0..150) {
            let mut random = Random(seed as u32);
            let body = events(dialect, &mut random);
            for chunk in [1, 2, 3, 7, 16, 64, 300, body.len()] {
                assert_same(dialect, body.as_bytes(), chunk);
            }
        }
        let followed = EVENTS.with(Cell::get);
        assert!(followed > 300 || cfg!(miri), "{dialect:?}: {followed} events");
    }
}

#[test]
fn damaged_and_cut_streams_are_read_alike() {
    for dialect in Dialect::ALL.iter().copied() {
        for seed in some(0..250) {
            let mut random = Random(7 + seed as u32);
            let mut body = events(dialect, &mut random).into_bytes();
            for _ in 0..=random.below(2) {
                let (at, length) = (random.below(body.len()), random.below(60));
                let end = (at + length).min(body.len());
                match random.below(5) {
                    0 => body.truncate(at.max(1)),
                    1 => drop(body.drain(at..end)),
                    2 => {
                        let (copy, to) = (body[at..end].to_vec(), random.below(body.len()));
                        drop(body.splice(to..to, copy));
                    }
                    3 => body[at] = random.of(b"\"\\{}[],:x01\n\r\xc3 u"),
                    _ => body[at] = body[at].wrapping_add(1),
                }
            }
            for chunk in [1, 5, 17, 64, 300, body.len().max(1)] {
                assert_same(dialect, &body, chunk);
            }
        }
    }
}

/// The texts that are shown for each of `pieces`.
fn shown(dialect: Dialect, pieces: &[&str]) -> Vec<String> {
    let mut session = session(config(dialect));
    session.begin_response(200, None).unwrap();
    let texts = pieces.iter().map(|piece| {
        let (mut rest, mut texts) = (piece.as_bytes(), String::new());
        while !rest.is_empty() {
            let fed = session.feed(rest).unwrap();
            rest = &rest[fed.used..];
            if let Some(Event::TextDelta(text)) = fed.event {
                texts += text;
            }
        }
        texts
    });
    texts.collect()
}

/// An event of a chat with this text, without the end of its last line.
fn piece(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}")
}

#[test]
fn a_short_event_is_shown_when_its_document_is_whole() {
    let event = piece("b");
    for cut in 1..event.len() {
        let (start, end) = event.split_at(cut);
        let first = [piece("a"), String::from("\n\n")].concat();
        assert_eq!(shown(Dialect::OpenAiChat, &[&first, start, end]), ["a", "", "b"], "{start}");
        // With an outline, too.
        let more = [first.as_str(), &first, &first, start].concat();
        assert_eq!(shown(Dialect::OpenAiChat, &[&more, end, "\n"]), ["aaa", "b", ""], "{start}");
    }
}

#[test]
fn a_long_event_is_shown_as_it_comes() {
    let event = |text: &str| {
        format!(
            "\n\nevent: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}"
        )
    };
    let block = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}";
    let (long, short) = ("b".repeat(600), "c".repeat(50));
    for pieces in [[block, &event(&long), "\"}}"], [block, &event(&short), "\"}}"]] {
        let all = shown(Dialect::Anthropic, &pieces);
        assert_eq!(all[1], if pieces[1].len() > 512 { &long } else { "" });
        let single: Vec<_> = pieces.iter().flat_map(|piece| characters(piece)).collect();
        assert_eq!(shown(Dialect::Anthropic, &single).concat(), all.concat());
    }
}

fn characters(text: &str) -> impl Iterator<Item = &str> {
    text.split("").filter(|it| !it.is_empty())
}

#[test]
fn what_is_no_document_is_not_held_for_long() {
    let first = [piece("a"), String::from("\n\n")].concat();
    let comment =
        [": it's {\n\n", "data", ": ", piece("b").strip_prefix("data: ").unwrap()].concat();
    let mut all = first.clone();
    for _ in 0..3 {
        all += &comment;
        all += "\n\n";
    }
    let single: Vec<&str> = characters(&all).collect();
    assert_eq!(shown(Dialect::OpenAiChat, &single).concat(), "abbb");
}

#[test]
fn a_broken_document_is_an_error_at_the_end_of_its_event() {
    for (dialect, first, broken) in [
        (Dialect::OpenAiChat, piece("a"), "\n\ndata: {\"choices\":[}\n\n"),
        (Dialect::OpenAiChat, piece("a"), "\n\ndata: {\"choices\":[{\"\n\n"),
        (
            Dialect::Ollama,
            String::from("{\"message\":{\"content\":\"a\"}}"),
            "\n{\"message\":[}\n{",
        ),
    ] {
        for repeats in [1, 3] {
            let mut session = session(config(dialect));
            session.begin_response(200, None).unwrap();
            let body = Vec::from(["\n\n", first.as_str()]).concat().repeat(repeats) + broken;
            let (mut rest, mut failed) = (body.trim_start().as_bytes(), false);
            while !rest.is_empty() && !failed {
                match session.feed(rest) {
                    Ok(fed) => rest = &rest[fed.used..],
                    Err(_) => failed = true,
                }
            }
            assert!(failed, "{dialect:?} {body}");
        }
    }
}

#[test]
fn a_broken_document_is_an_error_at_the_end_of_the_body() {
    for chunk in [1, 3, 7, 50, 1000] {
        let body = [piece("a").as_str(), "\n\ndata: {\"choices\":x"].concat();
        let (observed, _) = read(Dialect::OpenAiChat, body.as_bytes(), chunk, false);
        let (error, ..) = observed.error.unwrap();
        assert_eq!(error.broken_rule(), Some(crate::ResponseRule::Json), "{chunk}");
    }
}

#[test]
fn what_is_not_read_is_checked() {
    // The last of them is cut, so that it is held.
    for bad in ["\\x", "\\u12", "\\ud83d", "\\n"] {
        let event = |noise: &str| {
            format!("{},\"p\":\"{noise}\"}}\n\n", piece("a").strip_suffix('}').unwrap())
        };
        let body: String = ["1", "2", "3", "4", bad, "5"].map(event).concat();
        for chunk in [1, 7, 50, body.len()] {
            assert_same(Dialect::OpenAiChat, body.as_bytes(), chunk);
        }
    }
}

#[test]
fn an_event_is_followed_whatever_is_ignored_in_it() {
    let events = |first: &str, event: &dyn Fn(usize) -> String| -> usize {
        let body: String = (0..50).map(event).collect();
        EVENTS.with(|events| events.set(0));
        let dialect = match first {
            "" => Dialect::OpenAiChat,
            _ if first.contains("content_block") => Dialect::Anthropic,
            _ => Dialect::OpenAiResponses,
        };
        assert_same(dialect, [first, &body].concat().as_bytes(), usize::MAX);
        EVENTS.with(Cell::get)
    };
    let details = |number| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"reasoning\":\"a{number}\",\"reasoning_details\":\
             [{{\"type\":\"reasoning.text\",\"text\":\"a{number}\"}}]}}}}]}}\n\n"
        )
    };
    assert!(events("", &details) > 40);
    let block = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":\
                 {\"type\":\"server_tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n";
    let dropped = |number| {
        format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":\"{number}\"}}}}\n\n"
        )
    };
    assert!(events(block, &dropped) > 40);
    // A call of one of the caller's tools, which is never closed.
    let taken = |number| match number {
        0 => dropped(0).replace("\"0\"", "\"{\\\"\""),
        number => dropped(number),
    };
    assert!(events(&block.replace("server_tool", "tool"), &taken) > 40);
    let item = "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"message\"}}\n\n";
    let piece = |number| {
        format!(
            "data: {{\"item_id\":\"i{number}\",\"output_index\":0,\"delta\":\"a\",\"type\":\"response.output_text.delta\"}}\n\n"
        )
    };
    assert!(events(item, &piece) > 35);
    // Without a number, each is another item.
    assert_eq!(events(item, &|number| piece(number).replace("output_index", "x")), 0);
}

#[test]
fn ids_count_where_all_items_have_one_number() {
    // Too long to be compared.
    let (first, second) = ("x".repeat(70), "y".repeat(70));
    let begin = |id: &str, name: &str| {
        format!(
            "data: {{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{{\"type\":\"function_call\",\
             \"id\":\"{id}\",\"call_id\":\"{name}\",\"name\":\"{name}\",\"arguments\":\"\"}}}}\n\n"
        )
    };
    let piece = |id: &str, text: &str| {
        format!(
            "data: {{\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"{id}\",\
             \"output_index\":0,\"delta\":\"{text}\"}}\n\n"
        )
    };
    let pieces = |id: &str| {
        piece(id, "{\\\"a\\\":[") + &piece(id, "1,").repeat(6) + &piece(id, "1]") + &piece(id, "}")
    };
    let open = piece(&second, "{\\\"a\\\":[") + &piece(&second, "1,").repeat(6);
    let mut body = begin(&first, "f") + &begin(&second, "g") + &open;
    body += &(pieces(&first)
        + &piece(&second, "1]}")
        + &frame(Dialect::OpenAiResponses, true, false).1);
    let (observed, _) = read(Dialect::OpenAiResponses, body.as_bytes(), body.len(), false);
    assert_eq!(observed.calls.len(), 2);
    for chunk in [1, 50, body.len()] {
        assert_same(Dialect::OpenAiResponses, body.as_bytes(), chunk);
    }
}
