//! Drives every call of a session on inputs that the compiler cannot know.

#![no_std]
#![no_main]

use core::hint::black_box;

use zerostack_core::{
    Event, Provider, Session, SessionConfig, Step, ToolMode, ToolResult, ToolSpec,
};

type Chat<'a> = Session<SessionConfig<'a>, &'a mut [u8]>;

/// The state of a session beside its memory and its configuration, found by the test.
#[unsafe(no_mangle)]
static STATE_BYTES: [u8; STATE] = [0; STATE];
const STATE: usize = size_of::<Chat<'_>>() - size_of::<SessionConfig<'_>>();

#[cfg(feature = "openai-chat")]
const PROVIDER: Provider = Provider::OpenAiChat;
#[cfg(not(feature = "openai-chat"))]
const PROVIDER: Provider = Provider::Anthropic;

/// Where the image begins.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    black_box(&STATE_BYTES);
    let mut memory = [0; 2048];
    let tools = [ToolSpec { name: "read", description: "Reads", parameters: "{}" }];
    let mut config = SessionConfig::new(black_box(PROVIDER), black_box("model"));
    config.system = black_box("system");
    config.tools = black_box(&tools);
    config.limits = black_box(config.limits);
    config.counting = black_box(config.counting);
    config.tool_mode = black_box(ToolMode::Native);
    loop {
        let used = black_box(0);
        let session = match used {
            0 => Session::new(memory.as_mut_slice(), config),
            used => Session::resume(memory.as_mut_slice(), used, config),
        };
        if let Ok(mut session) = session {
            while black_box(true) {
                black_box(act(&mut session, black_box(&[])));
            }
        }
    }
}

/// Does what the step asks for; `input` is what came from outside.
#[inline(never)]
fn act(session: &mut Chat<'_>, input: &[u8]) -> Option<u32> {
    let text = core::str::from_utf8(input).unwrap_or_default();
    match session.step() {
        Step::Idle if input.is_empty() => session.compact(text, black_box(1)).ok()?,
        Step::Idle => session.user(text).ok()?,
        Step::Send => {
            send(session)?;
            session.begin_response(black_box(200), black_box(None)).ok()?;
        }
        Step::Receive if input.is_empty() => {
            black_box(session.end_response().ok()?);
        }
        Step::Receive => {
            let fed = session.feed(input).ok()?;
            match fed.event? {
                Event::TextDelta(text) => black_box(text.len()),
                Event::ToolCall(call) => black_box(call.arguments.len()),
                event => {
                    black_box(event);
                    0
                }
            };
            return u32::try_from(fed.used).ok();
        }
        Step::RunTools => {
            let id = session.pending_call()?.id;
            session
                .tool_result(ToolResult { id, content: text, is_error: black_box(false) })
                .ok()?;
        }
        Step::Wait { millis } => {
            black_box(millis);
            session.retry().ok()?;
        }
        #[cfg(feature = "window")]
        Step::MakeRoom { .. } => {
            black_box(session.make_room().ok()?);
        }
        #[cfg(not(feature = "window"))]
        Step::MakeRoom { .. } => {
            session.drop_oldest().ok()?;
        }
        _ => session.abort(),
    }
    black_box(session.failure().map(|failure| failure.message.len()));
    black_box(session.usage());
    black_box(session.stop_word().len());
    black_box(session.snapshot().len());
    #[cfg(feature = "window")]
    go_back(session, input)?;
    None
}

/// Marks, forks, journals and lines, and the counts of the window.
#[cfg(feature = "window")]
#[inline(never)]
fn go_back(session: &mut Chat<'_>, input: &[u8]) -> Option<()> {
    use zerostack_core::{Journal, JsonLinesReader, SessionConfig};
    black_box((session.window_tokens(), session.is_compacting()));
    for entry in session.transcript().entries() {
        black_box(session.entry_tokens(&entry));
    }
    let mark = session.mark();
    session.elapsed(black_box(7)).ok()?;
    session.rollback(black_box(mark)).ok()?;
    let mut buffer = [0; 64];
    let mut lines = session.transcript().json_lines();
    while lines.read(&mut buffer) > 0 {
        black_box(&buffer);
    }
    let mut memory = [0; 512];
    let mut reader = JsonLinesReader::new(memory.as_mut_slice()).ok()?;
    reader.push(input).ok()?;
    black_box((reader.open_call(), reader.fault()));
    black_box(reader.finish().ok()?.1);
    let journal = black_box(Journal::new());
    if let Some(frame) = session.unsaved(&journal) {
        black_box((frame.head(), frame.payload(), frame.saved()));
    }
    let restored = Journal::restore(input, memory.as_mut_slice()).ok()?;
    black_box((restored.used, restored.dropped_bytes));
    let config: SessionConfig<'_> = *session.config();
    black_box(session.fork(memory.as_mut_slice(), config).ok()?.step());
    Some(())
}

#[inline(never)]
fn send(session: &Chat<'_>) -> Option<()> {
    let mut request = session.request().ok()?;
    black_box((request.path_parts(), request.headers(), request.body_len()));
    let mut buffer = [0; 64];
    while request.read(&mut buffer) > 0 {
        black_box(&buffer);
    }
    Some(())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        black_box(0);
    }
}
