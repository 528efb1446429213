//! A camera: a frame of a megabyte goes to the model, in an image with 8 KB of RAM. Of the frame there
//! are never more than the 256 bytes of the buffer in it.
#![no_std]
#![no_main]

use zerostack_core::drive::{Driver, Endpoint, Notice, ToolOutput};
use zerostack_core::{
    Attachment, Dialect, Event, Limits, Session, SessionConfig, ToolCall, media_type_of,
};
use zerostack_firmware::board::{self, Port};
use zerostack_firmware::memory::Lent;
use zerostack_firmware::modem::Modem;
use zerostack_firmware::{console, memory};

/// The frame, as a camera leaves it in the flash of a board.
static FRAME: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frame.png"));

static ARENA: Lent<1280> = Lent::new();
static BUFFER: Lent<256> = Lent::new();
static CONFIG: SessionConfig<'_> = SessionConfig {
    limits: Limits { reply_bytes: 256, retry_base_ms: 20, ..Limits::DEFAULT },
    ..SessionConfig::new(Dialect::OpenAiChat, "scripted")
};

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
    let session = session.as_mut().ok()?;
    let mut driver = Driver {
        endpoint: Endpoint {
            host: "provider",
            base_path: "/v1",
            headers: &[("authorization", "Bearer none")],
        },
        connect: Modem::new(Port::start()),
        delay: board::delay_ms,
        tools: |_: ToolCall<'_>, out: &mut ToolOutput<'_>| out.fail("there is no such tool"),
        buffer: BUFFER.take()?,
    };
    let media_type = media_type_of(FRAME, "")?;
    let frame = Attachment::new(0, media_type, FRAME.len() as u32);
    session.user_with("What does the camera see?", &[frame]).ok()?;
    let mut most = 0;
    let mut flash = |_: u32, offset: u32, out: &mut [u8]| {
        let rest = FRAME.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(out.len());
        most = count.max(most);
        out.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        Some(count)
    };
    let mut show = |notice: Notice<'_>| {
        if let Notice::Reply(Event::TextDelta(text)) = notice {
            console::line(&["model ", text]);
        }
    };
    let done = driver.run_with_attachments(session, &mut flash, &mut show);
    console::number("frame", FRAME.len() as u32);
    console::number("at_once", most as u32);
    if let Err(error) = &done {
        console::line(&["failed ", error.kind().name()]);
    }
    done.ok().map(drop)
}
