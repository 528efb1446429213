//! Shared by the tests of the dialects: a session that is fed bodies split in every way, and
//! reports its events and its next request.

extern crate std;

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::{
    Dialect, Error, Event, FailedTurn, Limits, Session, SessionConfig, StopReason, ToolResult,
    Usage,
};

/// The visible part of one reply.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Observed {
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

/// A configuration with one attempt that keeps failed turns.
pub(crate) fn config(dialect: Dialect) -> SessionConfig<'static> {
    let limits = Limits { max_attempts: 1, failed_turn: FailedTurn::Keep, ..Limits::DEFAULT };
    SessionConfig { limits, ..SessionConfig::new(dialect, "m-1") }
}

/// All of `range`, or under miri, which is slow, a few of it.
pub(crate) fn some(range: core::ops::Range<usize>) -> impl Iterator<Item = usize> {
    let step = if cfg!(miri) { range.len() / 2 + 1 } else { 1 };
    range.step_by(step)
}

/// Feeds `body` in pieces of `chunk` bytes.
pub(crate) fn observe(session: &mut TestSession<'_>, body: &[u8], chunk: usize) -> Observed {
    let mut observed = Observed::default();
    let mut failed = session.begin_response(200, None).err();
    for piece in body.chunks(chunk) {
        let mut rest = piece;
        while !rest.is_empty() && failed.is_none() {
            match session.feed(rest) {
                Ok(fed) => {
                    rest = &rest[fed.used..];
                    match fed.event {
                        Some(Event::TextDelta(text)) => observed.text.push_str(text),
                        Some(Event::RefusalDelta(text)) => observed.refusal.push_str(text),
                        Some(Event::ThinkingDelta(text)) => observed.thinking.push_str(text),
                        Some(Event::ToolCall(call)) => observed.calls.push((
                            call.provider_id.to_string(),
                            call.name.to_string(),
                            call.arguments.to_string(),
                        )),
                        Some(Event::Usage(usage)) => observed.usage = usage,
                        _ => {}
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
    }
    let ended = failed.map_or_else(|| session.end_response(), Err);
    observed.word = session.raw_stop_reason().to_string();
    match ended {
        Ok(Event::End(reason)) => observed.end = Some(reason),
        Ok(event) => panic!("{event:?}"),
        Err(error) => {
            let failure = session.failure().expect("a failure");
            observed.error = Some((error, failure.code.to_string(), failure.message.to_string()));
        }
    }
    observed
}

/// The result of `body`, the same at every chunk size.
pub(crate) fn observed(dialect: Dialect, body: &str) -> Observed {
    let listen = |chunk| observe(&mut session(config(dialect)), body.as_bytes(), chunk);
    let whole = listen(body.len());
    for chunk in some(1..body.len().min(80)) {
        assert_eq!(listen(chunk), whole, "in pieces of {chunk} bytes");
    }
    whole
}

/// The result of `body` truncated at any byte: a truncated body must not pass for a complete reply
/// with another content.
pub(crate) fn assert_no_cut_passes(dialect: Dialect, body: &str) {
    let whole = observed(dialect, body);
    for cut in some(0..body.len()) {
        let part = observe(&mut session(config(dialect)), &body.as_bytes()[..cut], cut.max(1));
        if part.error.is_none() {
            let same = (&part.text, &part.refusal, &part.thinking, &part.calls, part.end)
                == (&whole.text, &whole.refusal, &whole.thinking, &whole.calls, whole.end);
            assert!(same, "cut at {cut}: {part:?}");
        }
    }
}

/// Damages `body` in many ways, and lends storage of many sizes: nothing panics, every chunking
/// gives the same, and the next request is valid.
pub(crate) fn assert_robust(dialect: Dialect, body: &str) {
    let mut random = 1_u32;
    let mut below = |limit: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % limit.max(1)
    };
    for _ in some(0..300) {
        let mut damaged = body.as_bytes().to_vec();
        for _ in 0..=below(3) {
            let (at, length) = (below(damaged.len()), below(40));
            let end = (at + length).min(damaged.len());
            match below(4) {
                0 => damaged.truncate(at.max(1)),
                1 => drop(damaged.drain(at..end)),
                2 => {
                    let copy = damaged[at..end].to_vec();
                    let to = below(damaged.len());
                    drop(damaged.splice(to..to, copy));
                }
                _ => damaged[at] = b"\"\\{}[],:x0\n\xc3 "[below(13)],
            }
        }
        let mut first = None;
        for chunk in [damaged.len().max(1), 1, 3, 17] {
            let mut session = session(config(dialect));
            let observed = observe(&mut session, &damaged, chunk);
            while let Some(id) = session.pending_call().map(|call| call.id) {
                let result = ToolResult { id, content: "done", is_error: false };
                session.tool_result(result).expect("room");
            }
            if session.step() == crate::Step::Idle {
                session.user("go on").expect("room");
            }
            let next = sent(&session);
            // How much is shown before an error, and where a broken character is found, is the
            // affair of the session.
            let Ok(text) = core::str::from_utf8(&damaged) else { continue };
            let observed = match observed.error {
                Some(error) => Observed { error: Some(error), ..Observed::default() },
                None => observed,
            };
            let now = (observed, next);
            let first = first.get_or_insert(now.clone());
            assert_eq!(first, &now, "pieces of {chunk}: {text}");
        }
    }
    for size in some(0..600) {
        let mut storage = std::vec![0_u8; size];
        let Ok(mut session) = Session::new(storage.as_mut_slice(), config(dialect)) else {
            continue;
        };
        if session.user("hi").is_err() || session.begin_response(200, None).is_err() {
            continue;
        }
        let mut rest = body.as_bytes();
        while !rest.is_empty() {
            match session.feed(rest) {
                Ok(fed) => rest = &rest[fed.used..],
                Err(error) => {
                    assert_eq!(error.kind(), crate::ErrorKind::Full, "{size}");
                    break;
                }
            }
        }
        let entries = session.transcript().entries().count();
        let used = session.transcript().used_bytes();
        let mut bytes = session.transcript().as_bytes().to_vec();
        if session.step() == crate::Step::Idle {
            let resumed = Session::resume(bytes.as_mut_slice(), used, config(dialect));
            let resumed = resumed.expect("a good transcript");
            assert_eq!(resumed.transcript().entries().count(), entries, "{size}");
        }
    }
}

/// The body of server-sent events with these documents.
pub(crate) fn events(documents: &[&str]) -> String {
    documents.iter().map(|document| format!("data: {document}\n\n")).collect()
}

/// Answers the pending calls in the order of `order`, with these texts.
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
    let windows = if cfg!(miri) { &[7, 16384][..] } else { &[1, 2, 7, 64, 16384] };
    for &window in windows {
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
