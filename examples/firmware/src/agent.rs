//! The agent that the images run: it reads its memory, sets a pin, and reads its log in pieces.

use serde::Deserialize;
use zerostack_core::drive::{Connect, Driver, Endpoint, Notice, ToolOutput};
use zerostack_core::tool::typed::ToolArgs;
use zerostack_core::{Dialect, Event, Limits, Session, SessionConfig, ToolCall, ToolSpec};

use crate::{board, console, memory};

/// The agent's instructions, in flash. `reply_bytes` are left free beside the results of tools.
pub const fn config(reply_bytes: u32) -> SessionConfig<'static> {
    SessionConfig {
        system: "You look after a board.",
        tools: &TOOLS,
        limits: Limits { reply_bytes, retry_base_ms: 20, ..Limits::DEFAULT },
        ..SessionConfig::new(Dialect::OpenAiChat, "scripted")
    }
}

/// Says the `texts` to the model, one after the other. `None` when a turn failed.
pub fn converse<K: Connect>(
    config: &SessionConfig<'_>,
    connect: K,
    arena: &mut [u8],
    buffer: &mut [u8],
    texts: &[&str],
) -> Option<()> {
    let mut session = Session::new(arena, config);
    // Lent: a move would take its 472 bytes twice.
    let session = session.as_mut().ok()?;
    let mut driver = Driver {
        endpoint: Endpoint {
            host: "provider",
            base_path: "/v1",
            headers: &[("authorization", "Bearer none")],
        },
        connect,
        delay: board::delay_ms,
        tools: run_tool,
        buffer,
    };
    for text in texts {
        console::line(&["user ", text]);
        session.user(text).ok()?;
        let mut shown_bytes = 0;
        let result = driver.run(session, &mut |notice| show(notice, &mut shown_bytes));
        console::number("shown", shown_bytes);
        match result {
            Ok(_) => console::number("kept", session.transcript().used_bytes() as u32),
            Err(error) => {
                console::line(&["failed ", error.kind().name()]);
                console::number("detail", error.detail());
                return None;
            }
        }
    }
    Some(())
}

const TOOLS: [ToolSpec<'_>; 3] = [FreeMemory::SPEC, SetPin::SPEC, ReadLog::SPEC];

/// Bytes of the stack that were never used.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "free_memory")]
struct FreeMemory {}

/// Sets an output pin.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "set_pin")]
struct SetPin {
    /// Its number.
    pin: u32,
    /// High or low.
    high: bool,
}

/// Reads the log, as much of it as there is room for.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "read_log")]
struct ReadLog {
    /// The first byte.
    from: u32,
}

fn run_tool(call: ToolCall<'_>, out: &mut ToolOutput<'_>) {
    console::line(&["call ", call.name]);
    match call.name {
        FreeMemory::NAME => match call.parse(&mut []) {
            Ok(FreeMemory {}) => out.push_number(memory::free_stack_bytes() as i32),
            Err(_) => out.fail("no arguments are known"),
        },
        SetPin::NAME => match call.parse(&mut []) {
            Ok(SetPin { pin, high }) => match board::set_pin(pin, high) {
                Some(true) => out.push_str("high"),
                Some(false) => out.push_str("low"),
                None => out.fail("there is no such pin"),
            },
            Err(_) => out.fail("pin must be a number, high true or false"),
        },
        ReadLog::NAME => match call.parse(&mut []) {
            Ok(ReadLog { from }) => read_log(from as usize, out),
            Err(_) => out.fail("from must be a number"),
        },
        _ => out.fail("there is no such tool"),
    }
}

/// A piece of the log, and where the next one begins.
fn read_log(from: usize, out: &mut ToolOutput<'_>) {
    let Some(rest) = LOG.get(from..) else { return out.fail("the log is not that long") };
    let room = out.room().saturating_sub(NEXT.len() + "4294967295]".len());
    let end = rest.floor_char_boundary(room);
    out.push_str(rest.get(..end).unwrap_or_default());
    if end < rest.len() {
        out.push_str(NEXT);
        out.push_number((from + end) as i32);
        out.push_str("]");
    }
}

const NEXT: &str = "\n[more from ";

/// What happened so far; a board keeps it in its flash.
const LOG: &str = include_str!("log.txt");

fn show(notice: Notice<'_>, shown_bytes: &mut u32) {
    match notice {
        Notice::Reply(Event::TextDelta(text)) => *shown_bytes += text.len() as u32,
        Notice::Reply(Event::ToolCall(call)) => console::line(&["asked ", call.name]),
        Notice::Reply(Event::Truncated { bytes, .. }) => console::number("dropped", bytes),
        Notice::Reply(Event::Restart) => {
            console::line(&["restart"]);
            *shown_bytes = 0;
        }
        Notice::Waiting { error, .. } => console::line(&["waiting ", error.kind().name()]),
        Notice::Forgot { bytes } => console::number("forgot", bytes as u32),
        Notice::ResultCut { bytes, .. } => console::number("cut", bytes),
        _ => {}
    }
}
