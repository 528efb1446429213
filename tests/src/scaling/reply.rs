//! Replies that come in.

use zerostack_core::{Dialect, Event, Growing, Limits, Session, SessionConfig, Step};

use super::bodies::{Body, pieces};
use super::{Series, measured};

/// The series of replies, by dialect.
pub(super) const SERIES: &[Series] = &[
    bytes("text/openai-chat", |size| read(CHAT, &text(CHAT, size))),
    bytes("text/anthropic", |size| read(ANTHROPIC, &text(ANTHROPIC, size))),
    bytes("text/openai-responses", |size| read(RESPONSES, &text(RESPONSES, size))),
    bytes("text/gemini", |size| read(GEMINI, &text(GEMINI, size))),
    bytes("text/ollama", |size| read(OLLAMA, &text(OLLAMA, size))),
    bytes("arguments/openai-chat", |size| read(CHAT, &arguments(CHAT, "a", size))),
    bytes("arguments/anthropic", |size| read(ANTHROPIC, &arguments(ANTHROPIC, "a", size))),
    bytes("arguments/openai-responses", |size| read(RESPONSES, &arguments(RESPONSES, "a", size))),
    bytes("arguments/gemini", |size| read(GEMINI, &arguments(GEMINI, "a", size))),
    bytes("arguments/ollama", |size| read(OLLAMA, &arguments(OLLAMA, "a", size))),
    bytes("arguments-cjk/openai-chat", |size| read(CHAT, &arguments(CHAT, "\u{6587}", size))),
    bytes("arguments-cjk/anthropic", |size| {
        read(ANTHROPIC, &arguments(ANTHROPIC, "\u{6587}", size));
    }),
    bytes("arguments-cjk/openai-responses", |size| {
        read(RESPONSES, &arguments(RESPONSES, "\u{6587}", size));
    }),
    bytes("arguments-a-byte/openai-chat", |size| {
        read_in(CHAT, &arguments(CHAT, "a", size / 10), 1);
    }),
    bytes("signature/anthropic", |size| read(ANTHROPIC, &signature(ANTHROPIC, size))),
    bytes("signature/openai-responses", |size| read_in(RESPONSES, &signature(RESPONSES, size), 16)),
    bytes("signature/gemini", |size| read_in(GEMINI, &signature(GEMINI, size), 16)),
    calls("calls/openai-chat", |count| read(CHAT, &many_calls(CHAT, 0, count))),
    calls("calls/anthropic", |count| read(ANTHROPIC, &many_calls(ANTHROPIC, 0, count))),
    calls("calls/openai-responses", |count| read(RESPONSES, &many_calls(RESPONSES, 0, count))),
    calls("calls/gemini", |count| read(GEMINI, &many_calls(GEMINI, 0, count))),
    calls("calls/ollama", |count| read(OLLAMA, &many_calls(OLLAMA, 0, count))),
    many("many-calls/openai-chat", |count| read(CHAT, &many_calls(CHAT, 0, count))),
    many("many-calls/anthropic", |count| read(ANTHROPIC, &many_calls(ANTHROPIC, 0, count))),
    many("many-calls/openai-responses", |count| read(RESPONSES, &many_calls(RESPONSES, 0, count))),
    many("many-calls/gemini", |count| read(GEMINI, &many_calls(GEMINI, 0, count))),
    many("many-calls/ollama", |count| read(OLLAMA, &many_calls(OLLAMA, 0, count))),
    calls("calls-cut/ollama", |count| read_in(OLLAMA, &many_calls(OLLAMA, 0, count), 16)),
    bytes("interleaved/openai-chat", |size| read(CHAT, &interleaved(CHAT, size))),
    bytes("interleaved/anthropic", |size| read(ANTHROPIC, &interleaved(ANTHROPIC, size))),
    bytes("interleaved/openai-responses", |size| read(RESPONSES, &interleaved(RESPONSES, size))),
];

const CHAT: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;
const RESPONSES: Dialect = Dialect::OpenAiResponses;
const GEMINI: Dialect = Dialect::Gemini;
const OLLAMA: Dialect = Dialect::Ollama;

const fn bytes(name: &'static str, run: fn(usize)) -> Series {
    Series { name, unit: "bytes", sizes: [4_000, 12_000, 40_000], run }
}

const fn calls(name: &'static str, run: fn(usize)) -> Series {
    Series { name, unit: "calls", sizes: [12, 40, 120], run }
}

const fn many(name: &'static str, run: fn(usize)) -> Series {
    Series { name, unit: "calls", sizes: [300, 1_000, 3_000], run }
}

/// A session in the step `Receive`.
pub(super) fn receiving(dialect: Dialect) -> Session<SessionConfig<'static>, Growing> {
    let mut config = SessionConfig::new(dialect, "some-model");
    config.limits = Limits { max_attempts: 1, max_calls: u16::MAX, ..Limits::DEFAULT };
    let mut session = Session::new(Growing::new(1 << 30), config).expect("a session");
    session.user("Go on.").expect("the step is Idle");
    session.begin_response(200, None).expect("the step is Send");
    session
}

/// Reads `body` as it comes from a socket, and looks at each event.
fn read(dialect: Dialect, body: &[u8]) {
    read_in(dialect, body, 1400);
}

fn read_in(dialect: Dialect, body: &[u8], chunk_bytes: usize) {
    let mut session = receiving(dialect);
    measured(|| feed(&mut session, body, chunk_bytes));
}

/// Feeds `body`, and ends the response; the bytes of text and arguments that came.
///
/// # Panics
/// When the reply is refused.
pub(super) fn feed(
    session: &mut Session<SessionConfig<'_>, Growing>,
    body: &[u8],
    chunk_bytes: usize,
) -> usize {
    let mut came = 0;
    for chunk in body.chunks(chunk_bytes) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let fed = session.feed(rest).expect("the body is one");
            rest = &rest[fed.used..];
            came += match fed.event {
                Some(Event::TextDelta(text)) => text.len(),
                Some(Event::ToolCall(call)) => call.arguments.len(),
                _ => 0,
            };
        }
    }
    session.end_response().expect("the reply is whole");
    assert!(matches!(session.step(), Step::Idle | Step::RunTools), "{:?}", session.step());
    came
}

fn text(dialect: Dialect, size: usize) -> Vec<u8> {
    Body::new(dialect).text(&"some text ".repeat(size / 10)).end()
}

fn arguments(dialect: Dialect, letter: &str, size: usize) -> Vec<u8> {
    Body::new(dialect).call(0, &object(letter, size)).end()
}

/// Arguments of about this size.
fn object(letter: &str, size: usize) -> String {
    format!(r#"{{"path":"f","content":"{}"}}"#, letter.repeat(size / letter.len()))
}

fn signature(dialect: Dialect, size: usize) -> Vec<u8> {
    Body::new(dialect).signature(&"c2ln".repeat(size / 4)).text("So.").end()
}

/// Calls one after another, each of them another.
pub(super) fn many_calls(dialect: Dialect, first_id: usize, count: usize) -> Vec<u8> {
    let call = |body: Body, index| body.call(index, &format!(r#"{{"path":"f{index}"}}"#));
    (0..count).fold(Body::new(dialect).ids_from(first_id), call).end()
}

/// Sixteen calls that begin together, and whose pieces take turns.
fn interleaved(dialect: Dialect, size: usize) -> Vec<u8> {
    let mut body = Body::new(dialect);
    let mut calls: Vec<_> = (0..16).map(|index| body.begin(index)).collect();
    let arguments = object("a", size / 16);
    for piece in pieces(&arguments) {
        calls.iter_mut().for_each(|call| body.more(call, piece));
    }
    calls.into_iter().for_each(|call| body.done(call));
    body.end()
}
