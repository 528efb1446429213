extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use serde_json::json;

use crate::provider::testing::{config, events, sent, some};
use crate::{
    Config, Dialect, ErrorKind, Event, Part, Role, Session, SessionConfig, Step, StopReason,
    ToolMode, ToolResult, ToolSpec,
};

pub(crate) const TOOLS: [ToolSpec<'static>; 2] = [
    ToolSpec {
        name: "read",
        description: "Reads a \"file\"\n\tor \\ not\u{1}",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"}}}"#,
    },
    ToolSpec { name: "list", description: "", parameters: "{}" },
];

pub(crate) type TestSession = Session<SessionConfig<'static>, [u8; 16384]>;

pub(crate) fn with(dialect: Dialect, tool_mode: ToolMode) -> SessionConfig<'static> {
    SessionConfig { tool_mode, tools: &TOOLS, ..config(dialect) }
}

pub(crate) fn begun(config: SessionConfig<'static>) -> TestSession {
    let mut session = Session::new([0; 16384], config).expect("a good configuration");
    session.user("hi").expect("room");
    session
}

/// The body of a chat completion with `text`, a few characters an event.
fn body(text: &str) -> String {
    let pieces: Vec<char> = text.chars().collect();
    let mut documents: Vec<String> = pieces
        .chunks(5)
        .map(|piece| {
            let piece: String = piece.iter().collect();
            json!({ "choices": [{ "index": 0, "delta": { "content": piece } }] }).to_string()
        })
        .collect();
    documents.push(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.to_string());
    events(&documents.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What became of a reply: whether it was read anew, the text that is kept, the calls, the end.
#[derive(Debug, PartialEq, Clone)]
pub(crate) struct Read {
    pub recovered: Option<u16>,
    pub text: String,
    pub calls: Vec<(String, String)>,
    pub end: StopReason,
}

pub(crate) fn receive(session: &mut TestSession, body: &str, chunk: usize) -> Read {
    session.begin_response(200, None).expect("the step is Send");
    for piece in body.as_bytes().chunks(chunk) {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).expect("a good body").used..];
        }
    }
    let mut recovered = None;
    let end = loop {
        match session.end_response().expect("a good reply") {
            Event::Recovered { calls } => {
                assert_eq!((recovered, session.step()), (None, Step::Receive));
                assert_eq!(session.feed(b"more").expect("ignored").used, 4);
                recovered = Some(calls);
            }
            Event::End(reason) => break reason,
            event => panic!("{event:?}"),
        }
    };
    let mut read = Read { recovered, text: String::new(), calls: Vec::new(), end };
    for entry in session.transcript().entries().filter(|it| it.role == Role::Assistant) {
        if entry.starts_message {
            (read.text, read.calls) = (String::new(), Vec::new());
        }
        match entry.part {
            Part::Text(text) => read.text.push_str(text),
            Part::ToolCall(call) => {
                read.calls.push((call.name.to_string(), call.arguments.to_string()));
            }
            _ => {}
        }
    }
    let pending = session.pending_calls().count();
    assert_eq!(pending, read.calls.len());
    assert_eq!(session.step() == Step::RunTools, pending > 0);
    read
}

/// What becomes of a reply with `text`, the same in every chunking.
fn read(mode: ToolMode, text: &str) -> Read {
    let body = body(text);
    let whole = receive(&mut begun(with(Dialect::OpenAiChat, mode)), &body, body.len());
    let chunks = if cfg!(miri) { &[7][..] } else { &[1, 2, 3, 7, 64, 200] };
    for &chunk in chunks {
        let mut session = begun(with(Dialect::OpenAiChat, mode));
        assert_eq!(receive(&mut session, &body, chunk), whole, "in pieces of {chunk}");
        // What is kept can be saved and resumed.
        let saved = session.snapshot();
        let mut copy = [0; 16384];
        copy[..saved.len()].copy_from_slice(saved);
        let resumed = Session::resume(copy, saved.len(), *session.config()).expect("a transcript");
        // Without a word of the model the user still waits for one.
        let is_empty = whole.text.is_empty() && whole.calls.is_empty();
        assert!(is_empty || resumed.step() == session.step());
    }
    whole
}

/// The calls of `read`, in short.
fn calls(read: &Read) -> Vec<(&str, &str)> {
    read.calls.iter().map(|(name, arguments)| (&**name, &**arguments)).collect()
}

/// A reply, the text that is left of it, and its calls.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

const A: (&str, &str) = ("read", r#"{"path": "a"}"#);
const B: (&str, &str) = ("list", "{}");

#[test]
fn calls_are_found_in_the_forms_that_models_write() {
    let cases: &[Case<'_>] = &[
        // Hermes and Qwen.
        (r#"<tool_call>{"name": "read", "arguments": {"path": "a"}}</tool_call>"#, "", &[A]),
        (
            "I look.\n\n<tool_call>\n{\"name\": \"read\", \"arguments\": {\"path\": \"a\"}}\n\
             </tool_call>\n<tool_call>\n{\"arguments\":{},\"name\":\"list\"}\n</tool_call>\n",
            "I look.",
            &[A, B],
        ),
        (r#"So: <tool_call>{"name":"list","arguments":{}}</tool_call> done"#, "So:  done", &[B]),
        (r#"<tool_call>{"name":"list","arguments":{}}"#, "", &[B]),
        (
            "<think>\nmaybe <tool_call>{\"name\":\"read\",\"arguments\":{}}</tool_call>\n</think>\n<tool_call>[{\"name\":\"list\",\"arguments\":{}}]</tool_call>",
            "<think>\nmaybe <tool_call>{\"name\":\"read\",\"arguments\":{}}</tool_call>\n</think>",
            &[B],
        ),
        // Llama.
        (r#"{"name": "read", "parameters": {"path": "a"}}"#, "", &[A]),
        (
            r#"<|python_tag|>{"name":"read","parameters":{"path": "a"}}; {"name":"list","parameters":{}}"#,
            "",
            &[A, B],
        ),
        (
            r#"{"name":"read","parameters":{"path": "a"}}; {"name":"list","parameters":{}}"#,
            "",
            &[A, B],
        ),
        (r#"{"type":"function","name":"list","parameters":{}}"#, "", &[B]),
        // Mistral, older and newer.
        (
            r#"[TOOL_CALLS] [{"name": "read", "arguments": {"path": "a"}}, {"name":"list","arguments":{}}]"#,
            "",
            &[A, B],
        ),
        (r#"[TOOL_CALLS]read[ARGS]{"path": "a"}[TOOL_CALLS]list{}"#, "", &[A, B]),
        // As OpenAI's interface has them.
        (
            r#"{"tool_calls":[{"id":"c","type":"function","function":{"name":"read","arguments":"{\"path\": \"a\"}"}},{"function":{"name":"list","arguments":{}}}]}"#,
            "",
            &[A, B],
        ),
        (r#"{"function":{"name":"list","arguments":{}}}"#, "", &[B]),
        (r#"{"function": "list", "arguments": {}}"#, "", &[B]),
        // Anthropic's word, and others.
        (r#"{"tool": "read", "input": {"path": "a"}}"#, "", &[A]),
        (r#"{"tool_name": "list", "args": {}}"#, "", &[B]),
        // A fence.
        (
            "Here:\n```json\n{\"name\": \"read\",\n \"arguments\": {\"path\": \"a\"}}\n```\n",
            "Here:",
            &[A],
        ),
        (
            "```\n{\"name\":\"list\",\"arguments\":{}}\n{\"name\":\"list\",\"arguments\":{}}\n```",
            "",
            &[B, B],
        ),
        ("```tool_call\n[{\"name\":\"list\",\"arguments\":{}}]", "", &[B]),
        // Lines.
        (
            "Wait.\n  {\"name\":\"list\",\"arguments\":{}},\n{\"name\":\"list\",\"arguments\":{}}\nBye",
            "Wait.\n  \n\nBye",
            &[B, B],
        ),
        (
            "{\"name\":\"list\",\"arguments\":{}}\n{\"name\":\"none\",\"arguments\":{}}",
            "{\"name\":\"none\",\"arguments\":{}}",
            &[B],
        ),
    ];
    for (text, left, expected) in cases {
        for mode in [ToolMode::Lenient, ToolMode::Text, ToolMode::Schema] {
            let read = read(mode, text);
            assert_eq!(read.recovered, Some(expected.len() as u16), "{mode:?}: {text}");
            assert_eq!(calls(&read), *expected, "{mode:?}: {text}");
            assert_eq!(read.text.trim(), left.trim(), "{mode:?}: {text}");
            assert_eq!(read.end, StopReason::ToolUse, "{text}");
        }
        // By default text is text.
        let native = read(ToolMode::Native, text);
        assert_eq!((native.recovered, native.text.as_str()), (None, *text));
    }
}

#[test]
fn what_is_no_call_stays_text() {
    let cases = [
        "",
        "Just an answer.",
        "{\"path\": \"a\"}",
        // Not a tool, no object, no arguments, nothing whole.
        r#"{"name": "write", "arguments": {}}"#,
        r#"{"name": "list", "arguments": []}"#,
        r#"{"name": "list", "arguments": "none"}"#,
        r#"{"name": "list", "arguments": null}"#,
        r#"{"name": "list"}"#,
        r#"{"arguments": {}}"#,
        r#"<tool_call>{"name": "list", "arguments": {}"#,
        "<tool_call>",
        "<tool_call></tool_call>",
        "[TOOL_CALLS]",
        "[TOOL_CALLS]list[ARGS]",
        "[TOOL_CALLS]list[ARGS]{",
        r#"[{"name":"list","arguments":{}},{"name":"none","arguments":{}}]"#,
        "[]",
        "{}",
        // The description of the tool, repeated.
        r#"{"name": "read", "description": "Reads", "parameters": {"type":"object"}}"#,
        // An example inside of prose, of code, and of reasoning that goes on.
        r#"Call {"name": "list", "arguments": {}} for that."#,
        r#"{"name": "list", "arguments": {}} would list them."#,
        "```python\n{\"name\": \"list\", \"arguments\": {}}\n```",
        "```json\n{\"name\": \"list\", \"arguments\": {}}\nand more\n```",
        "<think>{\"name\": \"list\", \"arguments\": {}}",
        "{{{{{{{[[[[[[",
        "```",
        "```json",
    ];
    for text in cases {
        for mode in [ToolMode::Lenient, ToolMode::Text, ToolMode::Schema] {
            let read = read(mode, text);
            let expected = Read {
                recovered: None,
                text: text.into(),
                calls: vec![],
                end: StopReason::EndTurn,
            };
            assert_eq!(read, expected, "{mode:?}");
        }
    }
    // A refusal and reasoning have no calls either, and calls in the dialect's own fields count alone.
    let call = r#"{\"name\":\"list\",\"arguments\":{}}"#;
    for (field, mode) in [("refusal", ToolMode::Text), ("reasoning", ToolMode::Lenient)] {
        let body = events(&[&format!(
            r#"{{"choices":[{{"delta":{{"{field}":"{call}"}},"finish_reason":"stop"}}]}}"#
        )]);
        let read = receive(&mut begun(with(Dialect::OpenAiChat, mode)), &body, 7);
        assert_eq!((read.recovered, read.calls.len()), (None, 0));
    }
    let body = events(&[&format!(
        r#"{{"choices":[{{"delta":{{"content":"{call}","tool_calls":[{{"id":"c","function":{{"name":"read","arguments":"{{}}"}}}}]}},"finish_reason":"tool_calls"}}]}}"#
    )]);
    let read = receive(&mut begun(with(Dialect::OpenAiChat, ToolMode::Lenient)), &body, 7);
    assert_eq!((read.recovered, calls(&read)), (None, vec![("read", "{}")]));
}

#[test]
fn an_object_says_and_calls() {
    let cases: &[Case<'_>] = &[
        (r#"{"say": "Grüße \"an\" alle\n🦀", "calls": []}"#, "Grüße \"an\" alle\n🦀", &[]),
        (
            r#" {"say":"I read.","calls":[{"name":"read","arguments":{"path": "a"}},{"name":"list","arguments":{}}]} "#,
            "I read.",
            &[A, B],
        ),
        (r#"{"calls":[{"arguments":{},"name":"list"}],"say":""}"#, "", &[B]),
        ("```json\n{\"say\":\"x\",\"calls\":[]}\n```", "x", &[]),
        (r#"{"say":"","calls":[]}"#, "", &[]),
    ];
    for (text, said, expected) in cases {
        let read = read(ToolMode::Schema, text);
        assert_eq!((read.recovered, read.text.as_str()), (Some(expected.len() as u16), *said));
        assert_eq!(calls(&read), *expected);
        let end = if expected.is_empty() { StopReason::EndTurn } else { StopReason::ToolUse };
        assert_eq!(read.end, end);
    }
    // In other places it stays text.
    let other = read(ToolMode::Text, r#"{"say":"x","calls":[]}"#);
    assert_eq!(other.recovered, None);
}

#[test]
fn a_cut_reply_keeps_its_whole_calls_but_no_pieces_of_an_object() {
    let call = r#"{"name":"list","arguments":{}}"#;
    let cut = |text: &str| body(text).replace(r#""stop""#, r#""length""#);
    let tags = format!("<tool_call>{call}</tool_call><tool_call>{{\"name\":\"re");
    let mut session = begun(with(Dialect::OpenAiChat, ToolMode::Text));
    let read = receive(&mut session, &cut(&tags), 7);
    assert_eq!((read.recovered, read.end), (Some(1), StopReason::MaxTokens));
    assert_eq!(read.text, "<tool_call>{\"name\":\"re");
    let object = format!("{{\"calls\": [\n{call},\n{{\"name\":\"re");
    let mut session = begun(with(Dialect::OpenAiChat, ToolMode::Schema));
    let read = receive(&mut session, &cut(&object), 7);
    assert_eq!((read.recovered, read.end, read.text), (None, StopReason::MaxTokens, object));
}

/// Replies of pieces that look like calls, in any order: never a panic, the same in every
/// chunking, and what is sent next is valid.
#[test]
fn any_mixture_of_the_forms_is_read_or_stays() {
    const PIECES: [&str; 20] = [
        "<tool_call>",
        "</tool_call>",
        "[TOOL_CALLS]",
        "<|python_tag|>",
        "```json\n",
        "\n```",
        "\n",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        r#"{"name":"list","arguments":{}}"#,
        r#"{"name":"read","arguments":{"path":"🦀"}}"#,
        r#"{"say":"é","calls":[{"name":"list","arguments":{}}]}"#,
        r#""name":"list","#,
        "list[ARGS]",
        " ",
        "</think>",
    ];
    let mut random = 7_u32;
    let mut below = |limit: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % limit
    };
    let mut found = 0;
    for case in some(0..1500) {
        let text: String = (0..1 + below(14)).map(|_| PIECES[below(PIECES.len())]).collect();
        let mode = [ToolMode::Lenient, ToolMode::Text, ToolMode::Schema][case % 3];
        let body = body(&text);
        let mut session = begun(with(Dialect::OpenAiChat, mode));
        let whole = receive(&mut session, &body, body.len());
        let pieces = receive(&mut begun(with(Dialect::OpenAiChat, mode)), &body, 1 + case % 9);
        assert_eq!(pieces, whole, "{text:?}");
        found += usize::from(whole.recovered.is_some());
        assert_eq!(whole.recovered.is_none(), whole.text == text, "{text:?}: {whole:?}");
        while let Some(id) = session.pending_call().map(|call| call.id) {
            session.tool_result(ToolResult { id, content: "", is_error: false }).expect("room");
        }
        if session.step() == Step::Idle {
            session.user("go on").expect("room");
        }
        sent(&session);
    }
    assert!(cfg!(miri) || found > 200, "{found}");
}

/// Where there is no room to make calls of the text, the turn fails as it does for any reply.
#[test]
fn in_storage_of_every_size_calls_are_found_or_the_reply_is_refused() {
    let body =
        body("Ja.\n<tool_call>{\"name\":\"read\",\"arguments\":{\"path\":\"a\"}}</tool_call>");
    let (mut full, mut found) = (0, 0);
    for size in some(0..400) {
        let mut storage = vec![0; size];
        let config = with(Dialect::OpenAiChat, ToolMode::Text);
        let Ok(mut session) = Session::new(storage.as_mut_slice(), config) else { continue };
        if session.user("hi").is_err() {
            continue;
        }
        session.begin_response(200, None).expect("Send");
        let mut rest = body.as_bytes();
        let mut outcome = Ok(());
        let mut cut = false;
        while !rest.is_empty() && outcome.is_ok() {
            match session.feed(rest) {
                Ok(fed) => {
                    rest = &rest[fed.used..];
                    cut |= matches!(fed.event, Some(Event::Truncated { .. }));
                }
                Err(error) => outcome = Err(error),
            }
        }
        while outcome.is_ok() && session.step() == Step::Receive {
            outcome = session.end_response().map(|_| ());
        }
        match outcome {
            Ok(()) if session.step() == Step::RunTools => found += 1,
            Ok(()) => assert!(cut, "{size}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Full, "{size}");
                assert_eq!(
                    (session.step(), session.config().dialect()),
                    (Step::Idle, config.dialect)
                );
                full += 1;
            }
        }
    }
    assert!(cfg!(miri) || (full > 20 && found > 100), "{full} {found}");
}
