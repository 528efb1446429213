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
        Step::MakeRoom { .. } => {
            session.drop_oldest().ok()?;
        }
        _ => session.abort(),
    }
    black_box(session.failure().map(|failure| failure.message.len()));
    black_box(session.usage());
    black_box(session.stop_word().len());
    black_box(session.snapshot().len());
    None
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
