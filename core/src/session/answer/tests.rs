//! Answers that fit, that do not, and that never do; in each dialect.

extern crate std;

use std::string::{String, ToString as _};
use std::vec::Vec;
use std::{format, vec};

use serde_json::Value;

use crate::provider::testing::{TestSession, config, sent};
use crate::{
    Dialect, ErrorKind, Event, Limits, Part, RequestOptions, ResponseSchema, Role, SchemaMode,
    Session, SessionConfig, Step, StopReason, ToolMode, ToolSpec,
};

const SCHEMA: &str = r#"{"type":"object","properties":{"line":{"type":"integer"}},"required":["line"],"additionalProperties":false}"#;

const DIALECTS: [Dialect; 5] = [
    Dialect::OpenAiChat,
    Dialect::Anthropic,
    Dialect::OpenAiResponses,
    Dialect::Gemini,
    Dialect::Ollama,
];

fn wanted(dialect: Dialect, mode: SchemaMode, max_repairs: u8) -> SessionConfig<'static> {
    let schema = ResponseSchema {
        mode,
        max_repairs: Some(max_repairs),
        ..ResponseSchema::new("answer", SCHEMA)
    };
    let options = RequestOptions { response_schema: Some(schema), ..RequestOptions::NONE };
    SessionConfig { options, ..config(dialect) }
}

fn begun(config: SessionConfig<'_>) -> TestSession<'_> {
    let mut session = Session::new([0; 16384], config).unwrap();
    session.user("Which line?").unwrap();
    session
}

/// The body of a reply with `text`, in the words of `dialect`.
fn body(dialect: Dialect, text: &str) -> String {
    let text = Value::from(text);
    match dialect {
        Dialect::OpenAiChat => format!(
            r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":{text}}},"finish_reason":"stop"}}]}}"#
        ),
        Dialect::Anthropic => format!(
            r#"{{"type":"message","role":"assistant","content":[{{"type":"text","text":{text}}}],"stop_reason":"end_turn"}}"#
        ),
        Dialect::OpenAiResponses => format!(
            r#"{{"object":"response","status":"completed","output":[{{"type":"message","role":"assistant","content":[{{"type":"output_text","text":{text}}}]}}]}}"#
        ),
        Dialect::Gemini => format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":{text}}}]}},"finishReason":"STOP"}}]}}"#
        ),
        _ => format!(
            r#"{{"message":{{"role":"assistant","content":{text}}},"done":true,"done_reason":"stop"}}"#
        ),
    }
}

/// Feeds a reply with `text`; returns what ended it.
fn reply(session: &mut TestSession<'_>, text: &str) -> Result<Event<'static>, crate::Error> {
    let body = body(session.config().dialect, text);
    session.begin_response(200, None).unwrap();
    let mut rest = body.as_bytes();
    while !rest.is_empty() {
        let fed = session.feed(rest).unwrap();
        rest = &rest[fed.used..];
    }
    session.end_response()
}

fn texts(session: &TestSession<'_>) -> Vec<(Role, String)> {
    let entries = session.transcript().entries();
    let text = |part| match part {
        Part::Text(text) => text.to_string(),
        part => panic!("{part:?}"),
    };
    entries.map(|entry| (entry.role, text(entry.part))).collect()
}

#[test]
fn an_answer_that_fits_ends_the_turn() {
    for dialect in DIALECTS {
        let mut session = begun(wanted(dialect, SchemaMode::Auto, 2));
        assert_eq!(
            reply(&mut session, "```json\n{\"line\":7}\n```"),
            Ok(Event::End(StopReason::EndTurn))
        );
        assert_eq!((session.step(), session.failure()), (Step::Idle, None), "{dialect:?}");
        assert_eq!(session.answer_json(), "{\"line\":7}");
        assert_eq!(session.transcript().answer().collect::<String>(), "```json\n{\"line\":7}\n```");
    }
}

#[test]
fn one_that_does_not_is_asked_for_again_with_the_reason() {
    for dialect in DIALECTS {
        let mut session = begun(wanted(dialect, SchemaMode::Auto, 2));
        let first = sent(&session);
        assert_eq!(reply(&mut session, "{\"line\":\"7\"}"), Ok(Event::Restart), "{dialect:?}");
        assert_eq!(session.step(), Step::Send);
        let failure = session.failure().unwrap();
        assert_eq!(failure.error, crate::Error::new(ErrorKind::BadAnswer, 8));
        assert_eq!(failure.message, "/line: type \"integer\", found \"7\"");
        let asked = "This is not the answer that was asked for: /line: type \"integer\", found \
                     \"7\". Answer again, with the whole JSON value and nothing else.";
        let said = texts(&session);
        assert_eq!(said[1], (Role::Assistant, "{\"line\":\"7\"}".into()), "the raw text stays");
        assert_eq!(said[2], (Role::User, asked.into()));
        // What was sent is a prefix of what is sent, up to the end of the list.
        let again = sent(&session);
        let same = first.bytes().zip(again.bytes()).take_while(|(a, b)| a == b).count();
        assert!(first.len() - same < 220, "{first}\n{again}");
        assert!(again.contains("asked for: /line"), "{again}");
        assert_eq!(reply(&mut session, "{\"line\":7}"), Ok(Event::End(StopReason::EndTurn)));
        assert_eq!(session.answer_json(), "{\"line\":7}");
        assert_eq!(session.step(), Step::Idle);
    }
}

#[test]
fn after_the_last_time_the_turn_fails_and_the_text_stays() {
    for max_repairs in [0, 1, 3] {
        let mut session = begun(wanted(Dialect::Anthropic, SchemaMode::Auto, max_repairs));
        for _ in 0..max_repairs {
            assert_eq!(reply(&mut session, "no"), Ok(Event::Restart));
        }
        let error = reply(&mut session, "still no").unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadAnswer, 0));
        assert_eq!(session.step(), Step::Idle);
        let failure = session.failure().unwrap();
        assert_eq!((failure.error, failure.code), (error, ""));
        assert_eq!(failure.message, "the text is not one JSON value");
        assert_eq!(session.transcript().answer().collect::<Vec<_>>(), ["still no"]);
        let used = session.transcript().used_bytes();
        let resumed = Session::resume(session.clone().into_storage(), used, *session.config());
        assert_eq!(resumed.unwrap().step(), Step::Idle, "and stays so when it is resumed");
        // Another turn may ask anew.
        session.user("And now?").unwrap();
        let again = reply(&mut session, "no");
        assert_eq!(again.is_ok(), max_repairs > 0);
    }
}

#[test]
fn a_resumed_session_is_asked_as_the_live_one() {
    let mut session = begun(wanted(Dialect::Gemini, SchemaMode::Auto, 1));
    assert_eq!(reply(&mut session, "[]"), Ok(Event::Restart));
    let bytes = session.snapshot().to_vec();
    let mut storage = [0; 16384];
    storage[..bytes.len()].copy_from_slice(&bytes);
    let resumed = Session::resume(storage, bytes.len(), *session.config()).unwrap();
    assert_eq!(resumed.step(), Step::Send);
    assert_eq!(sent(&resumed), sent(&session));
}

#[test]
fn what_is_no_answer_is_not_checked() {
    let cut = r#"{"choices":[{"index":0,"message":{"content":"{\"li"},"finish_reason":"length"}]}"#;
    let refused =
        r#"{"choices":[{"index":0,"message":{"refusal":"I will not"},"finish_reason":"stop"}]}"#;
    let call = r#"{"choices":[{"index":0,"message":{"content":"Let me see","tool_calls":[{"id":"1","type":"function","function":{"name":"read","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    let tools = [ToolSpec { name: "read", description: "", parameters: "{}" }];
    for (body, end) in
        [(cut, StopReason::MaxTokens), (refused, StopReason::Refusal), (call, StopReason::ToolUse)]
    {
        let config = wanted(Dialect::OpenAiChat, SchemaMode::Auto, 2);
        let mut session = begun(SessionConfig { tools: &tools, ..config });
        session.begin_response(200, None).unwrap();
        let mut rest = body.as_bytes();
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).unwrap().used..];
        }
        assert_eq!(session.end_response(), Ok(Event::End(end)));
    }
}

#[test]
fn without_a_number_nothing_is_checked() {
    let mut config = wanted(Dialect::Ollama, SchemaMode::Auto, 0);
    if let Some(schema) = &mut config.options.response_schema {
        schema.max_repairs = None;
    }
    let mut session = begun(config);
    assert_eq!(reply(&mut session, "no"), Ok(Event::End(StopReason::EndTurn)));
}

#[test]
fn asking_again_is_a_round_of_the_turn() {
    let mut config = wanted(Dialect::OpenAiChat, SchemaMode::Auto, 9);
    config.limits = Limits { max_rounds: 2, ..config.limits };
    let mut session = begun(config);
    assert_eq!(reply(&mut session, "no"), Ok(Event::Restart));
    assert_eq!(reply(&mut session, "no").unwrap_err().kind(), ErrorKind::BadAnswer);
    assert_eq!(session.step(), Step::Idle);
}

#[test]
fn every_size_of_storage_ends_in_a_valid_state() {
    for size in 200..800 {
        let mut storage = vec![0; size];
        let mut config = wanted(Dialect::OpenAiChat, SchemaMode::Words, 1);
        config.limits = Limits { reply_bytes: 0, ..config.limits };
        let Ok(mut session) = Session::new(storage.as_mut_slice(), config) else { continue };
        if session.user("Which line?").is_err() {
            continue;
        }
        session.begin_response(200, None).unwrap();
        let body = body(Dialect::OpenAiChat, "{\"row\":7}");
        let mut rest = body.as_bytes();
        let mut is_full = false;
        while !rest.is_empty() && !is_full {
            match session.feed(rest) {
                Ok(fed) => rest = &rest[fed.used..],
                Err(_) => is_full = true,
            }
        }
        if is_full {
            continue;
        }
        match session.end_response() {
            Ok(Event::Restart) => {
                assert!(matches!(session.step(), Step::Send | Step::MakeRoom { .. }))
            }
            ended => {
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::BadAnswer, "{size}");
                assert_eq!(session.step(), Step::Idle);
            }
        }
        let bytes = session.snapshot().to_vec();
        let used = bytes.len();
        let mut copy = bytes;
        copy.resize(size, 0);
        let resumed = Session::resume(copy.as_mut_slice(), used, config).unwrap();
        assert_eq!(resumed.step(), session.step(), "{size}");
    }
}

#[test]
fn the_schema_is_sent_in_its_field_or_in_words() {
    let tools = [ToolSpec { name: "read", description: "", parameters: "{}" }];
    let is_told = |dialect, model: &'static str, has_tools: bool, mode| {
        let config = wanted(dialect, mode, 2);
        let tools: &[ToolSpec<'_>] = if has_tools { &tools } else { &[] };
        let session = Session::new([0; 16384], SessionConfig { model, tools, ..config });
        let mut session = session.map_err(|error| error.kind())?;
        session.user("Which line?").unwrap();
        let body = sent(&session);
        let by_field = body.contains(r#"{"type":"object","properties":{"line""#);
        let in_words = body.contains(r#"It must fit this JSON Schema:\n{\"type\":\"object\""#);
        assert!(by_field != in_words, "{body}");
        Ok(by_field)
    };
    for dialect in DIALECTS {
        for has_tools in [false, true] {
            assert_eq!(is_told(dialect, "m-1", has_tools, SchemaMode::Words), Ok(false));
            let takes = dialect != Dialect::Ollama || !has_tools;
            assert_eq!(is_told(dialect, "m-1", has_tools, SchemaMode::Auto), Ok(takes));
            let native = is_told(dialect, "m-1", has_tools, SchemaMode::Native);
            assert_eq!(native, takes.then_some(true).ok_or(ErrorKind::UnsupportedOption));
        }
    }
    for (dialect, model, has_tools, takes) in [
        (Dialect::Gemini, "gemini-2.5-flash", true, false),
        (Dialect::Gemini, "gemini-2.5-flash", false, true),
        (Dialect::Gemini, "gemini-3-pro", true, true),
        (Dialect::Anthropic, "claude-sonnet-4-20250514", false, false),
        (Dialect::Anthropic, "claude-3-5-haiku-latest", false, false),
        (Dialect::Anthropic, "claude-sonnet-4-5", true, true),
    ] {
        assert_eq!(is_told(dialect, model, has_tools, SchemaMode::Auto), Ok(takes), "{model}");
    }
}

#[test]
fn tools_held_by_a_schema_leave_words_for_the_answer() {
    let tools = [ToolSpec { name: "read", description: "", parameters: "{}" }];
    let config = wanted(Dialect::OpenAiChat, SchemaMode::Auto, 1);
    let config = SessionConfig { tools: &tools, tool_mode: ToolMode::Schema, ..config };
    let session = begun(config);
    assert!(sent(&session).contains("It must fit this JSON Schema"));
}

#[test]
fn a_schema_that_is_none_or_too_large_or_too_deep_is_refused_before_anything_is_sent() {
    let depth = 60;
    let deep = format!("{}{{}}{}", r#"{"items":"#.repeat(depth), "}".repeat(depth));
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(ResponseSchema::MAX_BYTES));
    for schema in ["", "[]", "true", "{", r#"{"type":7}"#, deep.as_str(), large.as_str()] {
        let schema = ResponseSchema { max_repairs: Some(1), ..ResponseSchema::new("a", schema) };
        let options = RequestOptions { response_schema: Some(schema), ..RequestOptions::NONE };
        for dialect in DIALECTS {
            let refused = Session::new([0; 256], SessionConfig { options, ..config(dialect) });
            assert_eq!(
                refused.unwrap_err().kind(),
                ErrorKind::BadOption,
                "{}",
                schema.schema.len()
            );
        }
    }
}

#[test]
fn the_schema_may_change_from_turn_to_turn() {
    let plain = config(Dialect::OpenAiResponses);
    let mut session = begun(wanted(Dialect::OpenAiResponses, SchemaMode::Auto, 1));
    assert_eq!(session.set_config(plain).unwrap_err().kind(), ErrorKind::WrongStep);
    reply(&mut session, "{\"line\":7}").unwrap();
    let before = session.set_config(plain).unwrap();
    assert!(before.options.response_schema.is_some());
    session.user("Why?").unwrap();
    assert!(!sent(&session).contains("json_schema"));
    assert_eq!(reply(&mut session, "because"), Ok(Event::End(StopReason::EndTurn)));
    let limits = Limits { max_rounds: 0, ..plain.limits };
    let bad = SessionConfig { limits, ..plain };
    assert_eq!(session.set_config(bad).unwrap_err().kind(), ErrorKind::BadConfig);
    assert!(session.config().limits.max_rounds > 0);
}
