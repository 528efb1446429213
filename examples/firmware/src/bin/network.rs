//! The agent on Ethernet: smoltcp's TCP and our HTTP/1.1, without an allocator.
#![no_std]
#![no_main]

use zerostack_core::SessionConfig;
use zerostack_firmware::agent::{config, converse};
use zerostack_firmware::memory::Lent;
use zerostack_firmware::network::{Buffers, Lan9118, Tcp};
use zerostack_firmware::{console, memory};

static ARENA: Lent<8192> = Lent::new();
static BUFFER: Lent<512> = Lent::new();
static PACKET: Lent<{ Lan9118::PACKET_BYTES }> = Lent::new();
static RECEIVE: Lent<2920> = Lent::new();
static SEND: Lent<1460> = Lent::new();
static CONFIG: SessionConfig<'_> = config(2048);

#[cortex_m_rt::entry]
fn main() -> ! {
    memory::paint_stack();
    let done = run();
    memory::report();
    console::exit(i32::from(done.is_none()))
}

fn run() -> Option<()> {
    let device = Lan9118::start(PACKET.take()?);
    let buffers = Buffers { receive: RECEIVE.take()?, send: SEND.take()? };
    let mut sockets = Tcp::sockets();
    let tcp = Tcp::new(device, &mut sockets, buffers);
    let texts = ["How is the board?", "Tell me everything."];
    converse(&CONFIG, tcp, ARENA.take()?, BUFFER.take()?, &texts)
}
