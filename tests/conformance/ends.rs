//! How a reply ended: only a word that means success makes a result, and a call that cannot be
//! read is never handed out.

use serde_json::{Value, json};
use zerostack_core::{
    Dialect, ErrorKind, Event, FailedTurn, Limits, Session, SessionConfig, Step, StopReason,
};

type Chat<'a> = Session<SessionConfig<'a>, [u8; 8192]>;

const DIALECTS: [Dialect; 5] = [
    Dialect::OpenAiChat,
    Dialect::OpenAiResponses,
    Dialect::Anthropic,
    Dialect::Gemini,
    Dialect::Ollama,
];

fn asked(dialect: Dialect, limits: Limits) -> Chat<'static> {
    let config = SessionConfig { limits, ..SessionConfig::new(dialect, "m") };
    let mut session = Session::new([0; 8192], config).unwrap();
    session.user("Do it").unwrap();
    session
}

fn once() -> Limits {
    Limits { max_attempts: 1, failed_turn: FailedTurn::Keep, ..Limits::DEFAULT }
}

/// A reply of `text` and a call with these arguments, that ends with `word`, in the stream of the
/// dialect.
fn body(dialect: Dialect, text: &str, call: Option<&str>, word: Option<&str>) -> String {
    let events = |documents: &[Value]| -> String {
        documents.iter().map(|document| format!("data: {document}\n\n")).collect()
    };
    match dialect {
        Dialect::OpenAiChat => {
            let call = call.map(|arguments| {
                json!([{"index": 0, "id": "c1", "type": "function",
                    "function": {"name": "f", "arguments": arguments}}])
            });
            let delta = json!({"content": text, "tool_calls": call});
            let delta = json!({"choices": [{"index": 0, "delta": delta}]});
            let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": word}]});
            events(&[delta, end]) + "data: [DONE]\n\n"
        }
        Dialect::OpenAiResponses => {
            let delta =
                json!({"type": "response.output_text.delta", "output_index": 0, "delta": text});
            let item =
                json!({"type": "function_call", "call_id": "c1", "name": "f", "arguments": call});
            let item =
                json!({"type": "response.output_item.done", "output_index": 1, "item": item});
            let (status, details) = match word {
                Some("completed") => ("completed", Value::Null),
                word => ("incomplete", json!({ "reason": word })),
            };
            let end = json!({"type": format!("response.{status}"),
                "response": {"status": status, "incomplete_details": details}});
            match call {
                Some(_) => events(&[delta, item, end]),
                None => events(&[delta, end]),
            }
        }
        Dialect::Anthropic => {
            let mut documents = vec![
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
                json!({"type": "content_block_stop", "index": 0}),
            ];
            if let Some(arguments) = call {
                documents.extend([
                    json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "c1", "name": "f", "input": {}}}),
                    json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": arguments}}),
                    json!({"type": "content_block_stop", "index": 1}),
                ]);
            }
            documents.push(json!({"type": "message_delta", "delta": {"stop_reason": word}}));
            documents.push(json!({"type": "message_stop"}));
            events(&documents)
        }
        Dialect::Gemini => {
            let mut parts = vec![json!({ "text": text })];
            let arguments = |text: &str| serde_json::from_str(text).unwrap_or(json!(text));
            parts.extend(
                call.map(|call| json!({"functionCall": {"name": "f", "args": arguments(call)}})),
            );
            events(&[json!({"candidates": [{"content": {"parts": parts}, "finishReason": word}]})])
        }
        _ => {
            let arguments = |text: &str| serde_json::from_str(text).unwrap_or(json!(text));
            let call =
                call.map(|call| json!([{"function": {"name": "f", "arguments": arguments(call)}}]));
            let first = json!({"message": {"content": text, "tool_calls": call}, "done": false});
            let last = json!({"message": {"content": ""}, "done": true, "done_reason": word});
            format!("{first}\n{last}\n")
        }
    }
}

/// How the reply ended, and the step after it.
fn end(session: &mut Chat<'_>, body: &str) -> (Result<Event<'static>, ErrorKind>, Step) {
    session.begin_response(200, None).unwrap();
    let mut rest = body.as_bytes();
    while !rest.is_empty() && session.step() == Step::Receive {
        match session.feed(rest) {
            Ok(fed) => rest = &rest[fed.used..],
            Err(error) => return (Err(error.kind()), session.step()),
        }
    }
    let end = session.end_response().map_err(|error| error.kind());
    (end, session.step())
}

fn success(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAiChat | Dialect::Ollama => "stop",
        Dialect::OpenAiResponses => "completed",
        Dialect::Anthropic => "end_turn",
        _ => "STOP",
    }
}

#[test]
fn only_a_word_that_means_success_ends_a_turn_well() {
    for dialect in DIALECTS {
        let end_with = |word| end(&mut asked(dialect, once()), &body(dialect, "half", None, word));
        let good = (Ok(Event::End(StopReason::EndTurn)), Step::Idle);
        assert_eq!(end_with(Some(success(dialect))), good, "{dialect:?}");
        let filtered = (Ok(Event::End(StopReason::ContentFilter)), Step::Idle);
        assert_eq!(end_with(Some("content_filter")), filtered, "{dialect:?}");
        for word in ["max_tokens", "MAX_TOKENS", "length"] {
            let cut = (Ok(Event::End(StopReason::MaxTokens)), Step::Idle);
            assert_eq!(end_with(Some(word)), cut, "{dialect:?} {word}");
        }
        let unknown = (Ok(Event::End(StopReason::Other)), Step::Idle);
        assert_eq!(end_with(Some("tired")), unknown, "{dialect:?}");
        match dialect {
            // The word of this dialect is `incomplete`, whatever its reason is.
            Dialect::OpenAiResponses => assert_eq!(end_with(None), unknown),
            // The end is reported without a message, too.
            Dialect::Ollama => assert_eq!(end_with(None), good),
            _ => assert_eq!(end_with(None).0, Err(ErrorKind::Cut), "{dialect:?}"),
        }
        if dialect == Dialect::OpenAiResponses {
            continue;
        }
        for word in ["error", "network_error", "MALFORMED_FUNCTION_CALL", "abort"] {
            assert_eq!(end_with(Some(word)).0, Err(ErrorKind::Status), "{dialect:?} {word}");
            let limits = Limits { max_attempts: 2, ..Limits::DEFAULT };
            let mut session = asked(dialect, limits);
            let (event, step) = end(&mut session, &body(dialect, "half", None, Some(word)));
            assert_eq!(event, Ok(Event::Restart), "{dialect:?} {word}");
            assert!(matches!(step, Step::Wait { .. }));
            assert_eq!(session.failure().unwrap().code, word);
        }
    }
}

#[test]
fn calls_beside_a_bad_end_are_not_handed_out() {
    for dialect in DIALECTS {
        for (word, reason) in
            [("content_filter", StopReason::ContentFilter), ("tired", StopReason::Other)]
        {
            let mut session = asked(dialect, once());
            let body = body(dialect, "", Some(r#"{"a":1}"#), Some(word));
            let expected = (Ok(Event::End(reason)), Step::Idle);
            assert_eq!(end(&mut session, &body), expected, "{dialect:?} {word}");
            assert_eq!(session.pending_call(), None);
            // What is said next is answered by a valid request: the call has its result.
            session.user("go on").unwrap();
            let mut request = [0; 8192];
            let length = session.request().unwrap().read(&mut request);
            let request: Value = serde_json::from_slice(&request[..length]).unwrap();
            assert!(request.to_string().contains("did not end well"), "{request}");
        }
    }
}

#[test]
fn a_call_that_cannot_be_read_is_answered_by_an_error() {
    for dialect in DIALECTS {
        for arguments in [r#"{"path":"b.txt","content":"ha"#, "oops", r#"{"a":1}{"a":2}"#, "{}x"] {
            let mut session = asked(dialect, once());
            let word = if dialect == Dialect::OpenAiResponses { "completed" } else { "stop" };
            let body = body(dialect, "", Some(arguments), Some(word));
            let expected = (Ok(Event::End(StopReason::ToolUse)), Step::Send);
            assert_eq!(end(&mut session, &body), expected, "{dialect:?} {arguments}");
            assert_eq!(session.pending_call(), None);
            let mut request = [0; 8192];
            let length = session.request().unwrap().read(&mut request);
            let request: Value = serde_json::from_slice(&request[..length]).unwrap();
            assert!(request.to_string().contains("not one JSON value"), "{request}");
        }
    }
}

#[test]
fn a_reply_that_used_up_its_tokens_is_cut_whatever_its_stop_reason() {
    let chat = |finish: &str, prompt: u32, tokens: u32| {
        let delta = json!({"choices": [{"index": 0, "delta": {"content": "half"}, "finish_reason": finish}]});
        let usage =
            json!({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": tokens}});
        format!("data: {delta}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
    };
    let ended = |limits, body: &str| end(&mut asked(Dialect::OpenAiChat, limits), body).0;
    let limits = Limits { max_output_tokens: 20, ..once() };
    assert_eq!(ended(limits, &chat("stop", 5, 19)), Ok(Event::End(StopReason::EndTurn)));
    assert_eq!(ended(limits, &chat("stop", 5, 20)), Ok(Event::End(StopReason::MaxTokens)));
    assert_eq!(ended(limits, &chat("stop", 5, u32::MAX)), Ok(Event::End(StopReason::EndTurn)));
    let limits = Limits { context_tokens: 512, ..once() };
    assert_eq!(ended(limits, &chat("stop", 490, 21)), Ok(Event::End(StopReason::EndTurn)));
    assert_eq!(ended(limits, &chat("stop", 490, 22)), Ok(Event::End(StopReason::MaxTokens)));
}

#[test]
fn an_end_marker_alone_is_no_reply() {
    let mut session = asked(Dialect::OpenAiChat, Limits::DEFAULT);
    let (event, step) = end(&mut session, "data: [DONE]\n\n");
    assert_eq!(event, Ok(Event::Restart));
    assert!(matches!(step, Step::Wait { .. }));
}
