//! The work for a reply is linear: ten times as much of anything is at most twelve times the work,
//! counted in bytes that are moved, checked or read.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use crate::Dialect::{Anthropic, OpenAiChat, OpenAiResponses};
use crate::provider::testing::{config, events};
use crate::transcript::record::HEADER_BYTES;
use crate::wire::steps;
use crate::{Dialect, Growing, Session, StopReason};

/// The work that `documents` make, in chunks of `chunk` bytes, and how many calls they hold.
fn work(dialect: Dialect, documents: &[String], chunk: usize) -> (usize, usize) {
    work_in(1 << 26, dialect, documents, chunk).0
}

/// The same in this many bytes, and how many are used at the end.
fn work_in(
    limit: usize,
    dialect: Dialect,
    documents: &[String],
    chunk: usize,
) -> ((usize, usize), usize) {
    let mut session = Session::new(Growing::new(limit), config(dialect)).expect("room");
    session.user("hi").expect("room");
    session.begin_response(200, None).expect("the step");
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let body = events(&documents);
    steps::taken();
    for piece in body.as_bytes().chunks(chunk) {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).expect("a good reply").used..];
        }
    }
    let end = session.end_response().expect("a good reply");
    assert!(matches!(end, crate::Event::End(StopReason::ToolUse | StopReason::EndTurn)));
    ((steps::taken(), session.pending_calls().count()), session.snapshot().len())
}

/// Ten times as much by `documents` is not more than twelve times the work.
#[track_caller]
fn grows_as_it_does(dialect: Dialect, size: usize, documents: impl Fn(usize) -> Vec<String>) {
    grows_with_looks_back(dialect, size, 0, documents);
}

/// The same, except for this many bytes of headers.
#[track_caller]
fn grows_with_looks_back(
    dialect: Dialect,
    size: usize,
    headers: usize,
    documents: impl Fn(usize) -> Vec<String>,
) {
    for chunk in [13, 1 << 16] {
        let (little, calls) = work(dialect, &documents(size), chunk);
        let (much, more_calls) = work(dialect, &documents(10 * size), chunk);
        std::println!("{little} steps for {calls} calls, {much} for {more_calls}");
        assert!(little > 0 && much <= 12 * little + headers, "{little} steps, then {much}");
    }
}

fn chat(calls: &str) -> String {
    format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{calls}]}}}}]}}"#)
}

const CHAT_END: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;

/// `calls` calls whose arguments arrive in `pieces` pieces each, interleaved.
fn in_turns(calls: usize, pieces: usize, piece: &str) -> Vec<String> {
    let begin = |call: usize| {
        chat(&format!(
            r#"{{"index":{call},"id":"c{call}","function":{{"name":"f","arguments":"{{\"t\":\""}}}}"#
        ))
    };
    let more = |call: usize, text: &str| {
        chat(&format!(r#"{{"index":{call},"function":{{"arguments":"{text}"}}}}"#))
    };
    let mut documents: Vec<String> = (0..calls).map(begin).collect();
    for _ in 0..pieces {
        documents.extend((0..calls).map(|call| more(call, piece)));
    }
    documents.extend((0..calls).map(|call| more(call, r#"\"}"#)));
    documents.push(CHAT_END.into());
    documents
}

#[test]
fn with_the_arguments() {
    for piece in ["word", "東京🦀"] {
        grows_as_it_does(OpenAiChat, 100, |size| in_turns(1, size, piece));
        // All in one.
        grows_as_it_does(OpenAiChat, 100, |size| in_turns(1, 1, &piece.repeat(size)));
    }
}

#[test]
fn with_arguments_that_take_turns() {
    for calls in [2, 8] {
        for piece in ["word", "東京🦀"] {
            grows_as_it_does(OpenAiChat, 100, |size| in_turns(calls, size, piece));
        }
    }
}

#[test]
fn with_arguments_that_take_turns_in_memory_that_is_full_at_the_end() {
    let work = |size: usize| {
        let documents = in_turns(8, size, "word");
        let (_, used) = work_in(1 << 26, OpenAiChat, &documents, 64);
        let ((steps, calls), again) = work_in(used + 100, OpenAiChat, &documents, 64);
        assert_eq!((again, calls), (used, 8));
        steps
    };
    let (little, much) = (work(1_000), work(10_000));
    std::println!("{little} steps, {much} for ten times as much");
    assert!(much <= 14 * little, "{little} steps, then {much}");
}

#[test]
fn with_the_signature() {
    let block = |kind: &str| {
        format!(r#"{{"type":"content_block_start","index":0,"content_block":{{{kind}}}}}"#)
    };
    let delta =
        |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{{{delta}}}}}"#);
    let documents = |pieces: usize| {
        let mut documents = std::vec![
            String::from(r#"{"type":"message_start","message":{"usage":{"input_tokens":1}}}"#),
            block(r#""type":"thinking","thinking":"""#),
            delta(r#""type":"thinking_delta","thinking":"Hm.""#),
        ];
        for _ in 0..pieces {
            documents.push(delta(r#""type":"signature_delta","signature":"EqoBCkgIARAB""#));
        }
        documents.push(String::from(r#"{"type":"content_block_stop","index":0}"#));
        documents.push(String::from(
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#,
        ));
        documents.push(String::from(r#"{"type":"message_stop"}"#));
        documents
    };
    grows_as_it_does(Anthropic, 100, documents);
}

#[test]
fn with_the_number_of_calls() {
    for head in [r#""index":{},"id":"call_{}","#, r#""id":"call_{}","#, r#""index":{},"#, ""] {
        let documents = |calls: usize| {
            let call = |call: usize| {
                let head = head.replace("{}", &format!("{call}"));
                let arguments =
                    format!(r#"{{\"path\":\"src/file_{call}.rs\",\"from\":1,\"to\":200}}"#);
                chat(&format!(
                    r#"{{{head}"function":{{"name":"read","arguments":"{arguments}"}}}}"#
                ))
            };
            (0..calls).map(call).chain([CHAT_END.into()]).collect()
        };
        // Without an index, the calls before are looked at for an id: as many as there may be.
        let has_id_alone = head.starts_with(r#""id""#);
        let headers = if has_id_alone { 120 * 120 * HEADER_BYTES } else { 0 };
        grows_with_looks_back(OpenAiChat, 12, headers, documents);
    }
    let item = |call: usize, kind: &str, arguments: &str| {
        format!(
            r#"{{"type":"response.output_item.{kind}","output_index":{call},"item":{{"type":"function_call","id":"fc_{call}","call_id":"call_{call}","name":"read","arguments":"{arguments}"}}}}"#
        )
    };
    let documents = |calls: usize| {
        let arguments = r#"{\"path\":\"a\"}"#;
        let call = |call: usize| [item(call, "added", ""), item(call, "done", arguments)];
        let end = r#"{"type":"response.completed","response":{"status":"completed"}}"#;
        (0..calls).flat_map(call).chain([String::from(end)]).collect()
    };
    grows_as_it_does(OpenAiResponses, 12, documents);
}
