//! The agent, connected through a modem on a serial port, without an allocator.
#![no_std]
#![no_main]

use zerostack_core::SessionConfig;
use zerostack_firmware::agent::{config, converse};
use zerostack_firmware::board::Port;
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
static CONFIG: SessionConfig<'_> = config(SIZES.0 as u32 / 4);

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    memory::paint_stack();
    let done = run();
    memory::report();
    console::exit(i32::from(done.is_none()))
}

fn run() -> Option<()> {
    let texts = ["How is the board?", "Tell me everything."];
    converse(&CONFIG, Modem::new(Port::start()), ARENA.take()?, BUFFER.take()?, &texts)
}
