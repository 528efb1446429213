//! How fast a long transcript becomes a request, against `serde_json` and a plain copy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Serialize;
use zerostack_core::{
    CallId, Dialect, Entry, Growing, Part, Role, Session, SessionConfig, ToolCall, ToolResult,
    TranscriptBuilder,
};

use zerostack_tests::bench::Table;

/// The session of a turn whose tool results are 512 KiB of source code.
type Long = Session<SessionConfig<'static>, Growing>;

#[derive(Serialize)]
struct Body {
    model: &'static str,
    stream: bool,
    messages: Vec<Message>,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Message {
    User { content: String },
    Assistant { tool_calls: Vec<Call> },
    Tool { tool_call_id: String, content: String },
}

#[derive(Serialize)]
struct Call {
    id: String,
    r#type: &'static str,
    function: Function,
}

#[derive(Serialize)]
struct Function {
    name: &'static str,
    arguments: &'static str,
}

/// Measures both dialects.
///
/// # Errors
/// When the core refuses the transcript.
pub(crate) fn measure() -> Result<Table, zerostack_core::Error> {
    let mut table = Table::new("encode a transcript of 512 KiB, GB/s");
    let body = body();
    let mut theirs = Vec::new();
    let rival = || {
        theirs.clear();
        serde_json::to_writer(&mut theirs, &body).map_or(0, |()| theirs.len())
    };
    let mut buffer = vec![0; BUFFER_BYTES];
    let chat = session(Dialect::OpenAiChat)?;
    let anthropic = session(Dialect::Anthropic)?;
    let expected = chat.request()?.body_len();
    let (time, bytes) = fastest(|| read(&chat, &mut buffer));
    assert_eq!(bytes, expected, "a request is as long as it says");
    table.text("openai-chat, read in 16 KiB", &rate(bytes, time), "of the order of a copy");
    let (time, bytes) = fastest(|| read(&anthropic, &mut buffer));
    table.text("anthropic, read in 16 KiB", &rate(bytes, time), "");
    let (time, bytes) = fastest(|| chat.request().map_or(0, |request| request.body_len()));
    table.text("openai-chat, length only", &rate(bytes, time), "");
    let (time, bytes) = fastest(rival);
    table.text("serde_json, the same messages into a warm Vec", &rate(bytes, time), "");
    let source = vec![b'a'; expected];
    let mut copy = vec![0; expected];
    let (time, bytes) = fastest(|| {
        copy.copy_from_slice(black_box(&source));
        black_box(&copy).len()
    });
    table.text("a copy in memory", &rate(bytes, time), "");
    Ok(table)
}

fn session(dialect: Dialect) -> Result<Long, zerostack_core::Error> {
    let mut builder = TranscriptBuilder::new(Growing::new(4 << 20))?;
    builder.push(Entry::new(Role::User, Part::Text("Read the sources.")))?;
    for (number, text) in (0_u32..).zip(texts()) {
        let (id, provider_id) = (CallId::from_number(number), format!("call_{number}"));
        let call = ToolCall { id, provider_id: &provider_id, name: "read", arguments: ARGUMENTS };
        builder.push(Entry::new(Role::Assistant, Part::ToolCall(call)))?;
        let result = ToolResult { id, content: &text, is_error: false };
        builder.push(Entry::new(Role::Tool, Part::ToolResult(result)))?;
    }
    let (storage, used) = builder.finish();
    Session::resume(storage, used, SessionConfig::new(dialect, "some-model"))
}

fn body() -> Body {
    let mut messages = vec![Message::User { content: "Read the sources.".to_owned() }];
    for (number, content) in texts().into_iter().enumerate() {
        let id = format!("call_{number}");
        let function = Function { name: "read", arguments: ARGUMENTS };
        let call = Call { id: id.clone(), r#type: "function", function };
        messages.push(Message::Assistant { tool_calls: vec![call] });
        messages.push(Message::Tool { tool_call_id: id, content });
    }
    Body { model: "some-model", stream: true, messages }
}

/// Results as a model gets them: code, which is full of line ends and quotes.
fn texts() -> Vec<String> {
    let source = include_str!("rival/message.rs").repeat(8);
    (0..RESULTS).map(|_| source.chars().take(RESULT_BYTES).collect()).collect()
}

fn read(session: &Long, buffer: &mut [u8]) -> usize {
    let Ok(mut request) = session.request() else { return 0 };
    let mut bytes = 0;
    loop {
        let count = request.read(buffer);
        if count == 0 {
            return bytes;
        }
        black_box(&buffer);
        bytes += count;
    }
}

/// The shortest time of many, and the bytes that `work` says it wrote.
fn fastest(mut work: impl FnMut() -> usize) -> (Duration, usize) {
    let (start, mut best, mut bytes) = (Instant::now(), Duration::MAX, 0);
    while start.elapsed() < TIME {
        let begin = Instant::now();
        bytes = black_box(work());
        best = best.min(begin.elapsed());
    }
    (best, bytes)
}

fn rate(bytes: usize, time: Duration) -> String {
    format!("{:.2}", bytes as f64 / time.as_secs_f64() / 1e9)
}

const RESULTS: usize = 16;
const RESULT_BYTES: usize = 32 * 1024;
const ARGUMENTS: &str = r#"{"path":"src/main.rs"}"#;
/// What a program reads at once.
const BUFFER_BYTES: usize = 16 * 1024;
/// How long each row is measured.
const TIME: Duration = Duration::from_millis(500);
