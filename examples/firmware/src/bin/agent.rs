//! An agent with three tools, without an allocator: it reads its memory, sets a pin, and reads its
//! log in pieces.
#![no_std]
#![no_main]

use serde::Deserialize;
use zerostack_core::drive::{Driver, Endpoint, Notice, ToolOutput};
use zerostack_core::tool::typed::ToolArgs;
use zerostack_core::{Event, Limits, Provider, Session, SessionConfig, ToolCall, ToolSpec};
use zerostack_firmware::board::{self, Port};
use zerostack_firmware::memory::Lent;
use zerostack_firmware::modem::Modem;
use zerostack_firmware::{console, memory};

/// The conversation, and what passes through.
#[cfg(not(feature = "tiny"))]
const SIZES: (usize, usize) = (8192, 512);
#[cfg(feature = "tiny")]
const SIZES: (usize, usize) = (1280, 192);

static ARENA: Lent<{ SIZES.0 }> = Lent::new();
static BUFFER: Lent<{ SIZES.1 }> = Lent::new();

static CONFIG: SessionConfig<'_> = SessionConfig {
    system: "You look after a board.",
    tools: &TOOLS,
    limits: Limits {
        // As much again as the longest part of the log that a call gives.
        reply_bytes: SIZES.0 as u32 / 4,
        retry_base_ms: 20,
        ..Limits::DEFAULT
    },
    ..SessionConfig::new(Provider::OpenAiChat, "scripted")
};

const ENDPOINT: Endpoint<'_> =
    Endpoint { host: "modem", base_path: "/v1", headers: &[("authorization", "Bearer none")] };

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    memory::paint_stack();
    let done = run();
    memory::report();
    console::exit(i32::from(done.is_none()))
}

fn run() -> Option<()> {
    let mut session = Session::new(ARENA.take()?, &CONFIG);
    // Lent: a move would take its 464 bytes twice.
    let session = session.as_mut().ok()?;
    let mut driver = Driver {
        endpoint: ENDPOINT,
        connect: Modem::new(Port::start()),
        delay: board::delay_ms,
        tools: run_tool,
        buffer: BUFFER.take()?,
    };
    for text in ["How is the board?", "Tell me everything."] {
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
    console::line(&["call ", call.name, " ", call.arguments]);
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
const LOG: &str = include_str!("../log.txt");

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
