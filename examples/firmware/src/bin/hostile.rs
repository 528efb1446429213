//! Asks a server that sends anything, again and again, and says how each turn ended.
#![no_std]
#![no_main]

use zerostack_core::drive::{Connect, Driver, Endpoint, ToolOutput};
use zerostack_core::{Dialect, Limits, Session, SessionConfig, ToolCall};
use zerostack_firmware::board::{self, Port};
use zerostack_firmware::console::Decimal;
use zerostack_firmware::memory::Lent;
use zerostack_firmware::modem::Modem;
use zerostack_firmware::{console, memory};

static ARENA: Lent<4096> = Lent::new();
static BUFFER: Lent<512> = Lent::new();
static CONFIG: SessionConfig<'_> = SessionConfig {
    limits: Limits { max_attempts: 1, max_response_bytes: 16_384, ..Limits::DEFAULT },
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

/// Until the server says that nothing is left.
fn run() -> Option<()> {
    let mut session = Session::new(ARENA.take()?, &CONFIG);
    let session = session.as_mut().ok()?;
    let mut driver = Driver {
        endpoint: Endpoint { host: "provider", base_path: "/v1", headers: &[] },
        connect: Fresh(Modem::new(Port::start())),
        delay: board::delay_ms,
        tools: |_: ToolCall<'_>, out: &mut ToolOutput<'_>| out.fail("there are no tools"),
        buffer: BUFFER.take()?,
    };
    loop {
        session.user("Go on.").ok()?;
        let result = driver.run(session, &mut |_| ());
        let (name, detail) = match result {
            Ok(_) => ("ok", 0),
            Err(error) => (error.kind().name(), error.detail()),
        };
        let used = session.transcript().used_bytes() as u32;
        let (detail_text, used) = (Decimal::new(detail), Decimal::new(used));
        console::line(&["turn ", name, " ", detail_text.text(), " ", used.text()]);
        if detail == GONE {
            return Some(());
        }
    }
}

/// A new connection for each request: bytes after one response must not be read as the next.
struct Fresh(Modem<Port>);

impl Connect for Fresh {
    type Connection = Modem<Port>;

    fn connect(&mut self) -> Option<&mut Modem<Port>> {
        self.0.connect()
    }

    fn release(&mut self, _reusable: bool) {
        self.0.release(false);
    }
}

/// The status of a server that has nothing left.
const GONE: u32 = 410;
