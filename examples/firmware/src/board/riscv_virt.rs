//! QEMU's `virt` machine with a 32-bit RISC-V core. It has no pins: these are bits in RAM.

use core::sync::atomic::{AtomicU32, Ordering};

use super::read;

pub const FLASH_START: usize = 0x8000_0000;

static PINS: AtomicU32 = AtomicU32::new(0);

/// Sets a pin; gives what it is then, `None` for one that is not there.
pub fn set_pin(pin: u32, high: bool) -> Option<bool> {
    let mask = 1_u32.checked_shl(pin)?;
    let pins = PINS.load(Ordering::Relaxed);
    PINS.store(if high { pins | mask } else { pins & !mask }, Ordering::Relaxed);
    Some(PINS.load(Ordering::Relaxed) & mask != 0)
}

pub(super) fn start_port() {
    // The 16550 needs no start here.
}

pub(super) fn receive_byte() -> Option<u8> {
    (line_status() & RECEIVED != 0).then(|| byte(DATA))
}

pub(super) fn send_byte(byte: u8) -> bool {
    let is_free = line_status() & SEND_EMPTY != 0;
    if is_free {
        // SAFETY: the data register of the UART.
        unsafe { ((UART + DATA) as *mut u8).write_volatile(byte) };
    }
    is_free
}

/// Milliseconds since some start; 8192 ticks of the counter's 10 MHz are near enough to one.
pub fn ticks_ms() -> u32 {
    read(COUNTER) >> 13 | read(COUNTER + 4) << 19
}

fn line_status() -> u8 {
    byte(LINE_STATUS)
}

fn byte(register: usize) -> u8 {
    // SAFETY: a register of the UART, which is a byte wide.
    unsafe { ((UART + register) as *const u8).read_volatile() }
}

const UART: usize = 0x1000_0000;
const DATA: usize = 0;
const LINE_STATUS: usize = 5;
const RECEIVED: u8 = 0x01;
const SEND_EMPTY: u8 = 0x20;

const COUNTER: usize = 0x0200_bff8;
