//! What the tests of the dialects share: a session that is fed bodies cut in every way, and
//! says what it heard and what it would send.

extern crate std;

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::{
    Error, Event, FailedTurn, Limits, Provider, Session, SessionConfig, StopReason, ToolResult,
    Usage,
};

/// What a person saw of one reply.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Heard {
    pub text: String,
    pub refusal: String,
    pub thinking: String,
    /// Id, name and arguments of each call.
    pub calls: Vec<(String, String, String)>,
    pub usage: Usage,
    /// The provider's word.
    pub word: String,
    pub end: Option<StopReason>,
    /// The error, and the provider's code and message.
    pub error: Option<(Error, String, String)>,
}

pub(crate) type TestSession<'c> = Session<SessionConfig<'c>, [u8; 16384]>;

/// A session that waits for the answer to "hi".
pub(crate) fn session(config: SessionConfig<'_>) -> TestSession<'_> {
    let mut session = Session::new([0; 16384], config).expect("a good configuration");
    session.user("hi").expect("room");
    session
}

/// A configuration that asks once and keeps what failed.
pub(crate) fn config(provider: Provider) -> SessionConfig<'static> {
    let limits = Limits { max_attempts: 1, failed_turn: FailedTurn::Keep, ..Limits::DEFAULT };
    SessionConfig { limits, ..SessionConfig::new(provider, "m-1") }
}

/// Feeds `body` in pieces of `chunk` bytes.
pub(crate) fn hear(session: &mut TestSession<'_>, body: &[u8], chunk: usize) -> Heard {
    let mut heard = Heard::default();
    let mut failed = session.begin_response(200, None).err();
    for piece in body.chunks(chunk) {
        let mut rest = piece;
        while !rest.is_empty() && failed.is_none() {
            match session.feed(rest) {
                Ok(fed) => {
                    rest = &rest[fed.used..];
                    match fed.event {
                        Some(Event::TextDelta(text)) => heard.text.push_str(text),
                        Some(Event::RefusalDelta(text)) => heard.refusal.push_str(text),
                        Some(Event::ThinkingDelta(text)) => heard.thinking.push_str(text),
                        Some(Event::ToolCall(call)) => heard.calls.push((
                            call.wire_id.to_string(),
                            call.name.to_string(),
                            call.arguments.to_string(),
                        )),
                        Some(Event::Usage(usage)) => heard.usage = usage,
                        _ => {}
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
    }
    let ended = failed.map_or_else(|| session.end_response(), Err);
    heard.word = session.stop_word().to_string();
    match ended {
        Ok(Event::End(reason)) => heard.end = Some(reason),
        Ok(event) => panic!("{event:?}"),
        Err(error) => {
            let failure = session.failure().expect("a failure");
            heard.error = Some((error, failure.code.to_string(), failure.message.to_string()));
        }
    }
    heard
}

/// What `body` says, the same at every chunk size.
pub(crate) fn heard(provider: Provider, body: &str) -> Heard {
    let listen = |chunk| hear(&mut session(config(provider)), body.as_bytes(), chunk);
    let whole = listen(body.len());
    for chunk in 1..body.len().min(80) {
        assert_eq!(listen(chunk), whole, "in pieces of {chunk} bytes");
    }
    whole
}

/// What is heard of `body` when it is cut at any byte: no cut may pass for a whole reply
/// that says something else.
pub(crate) fn assert_no_cut_passes(provider: Provider, body: &str) {
    let whole = heard(provider, body);
    for cut in 0..body.len() {
        let part = hear(&mut session(config(provider)), &body.as_bytes()[..cut], cut.max(1));
        if part.error.is_none() {
            let same = (&part.text, &part.refusal, &part.thinking, &part.calls, part.end)
                == (&whole.text, &whole.refusal, &whole.thinking, &whole.calls, whole.end);
            assert!(same, "cut at {cut}: {part:?}");
        }
    }
}

/// The body of server-sent events with these documents.
pub(crate) fn events(documents: &[&str]) -> String {
    documents.iter().map(|document| format!("data: {document}\n\n")).collect()
}

/// Answers the pending calls in the order that `order` gives, by these texts.
pub(crate) fn answer(session: &mut TestSession<'_>, order: &[usize], contents: &[(&str, bool)]) {
    let ids: Vec<_> = session.pending_calls().map(|call| call.id).collect();
    assert_eq!(ids.len(), order.len());
    for &at in order {
        let (content, is_error) = contents[at];
        session.tool_result(ToolResult { id: ids[at], content, is_error }).expect("room");
    }
}

/// The body that is sent next; the length is as promised in every window.
pub(crate) fn sent(session: &TestSession<'_>) -> String {
    let mut whole = Vec::new();
    for window in [1, 2, 7, 64, 16384] {
        let mut request = session.request().expect("something to send");
        let promised = request.body_len();
        let mut body = Vec::new();
        let mut buffer = std::vec![0; window];
        loop {
            match request.read(&mut buffer) {
                0 => break,
                count => body.extend_from_slice(&buffer[..count]),
            }
        }
        assert_eq!(body.len(), promised);
        assert!(whole.is_empty() || whole == body);
        whole = body;
    }
    let text = String::from_utf8(whole).expect("UTF-8");
    serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    text
}

/// The same conversation with another configuration.
pub(crate) fn switched<'c>(session: TestSession<'_>, config: SessionConfig<'c>) -> TestSession<'c> {
    let used = session.transcript().used_bytes();
    Session::resume(session.into_storage(), used, config).expect("a good transcript")
}
