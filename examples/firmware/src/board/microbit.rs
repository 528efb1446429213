//! Nordic's nRF51822 as it is on the BBC micro:bit: Cortex-M0, 16 KB of RAM.

use super::{read, write};

pub const FLASH_START: usize = 0;

/// Sets a pin; gives what it is then, `None` for one that is not there.
pub fn set_pin(pin: u32, high: bool) -> Option<bool> {
    let mask = 1_u32.checked_shl(pin)?;
    write(GPIO + DIRECTION_SET, mask);
    write(GPIO + if high { OUT_SET } else { OUT_CLEAR }, mask);
    Some(read(GPIO + OUT) & mask != 0)
}

pub(super) fn start_port() {
    write(UART + ENABLE, 4);
    write(UART + START_RECEIVE, 1);
    write(UART + START_SEND, 1);
    write(TIMER + BIT_MODE, 3);
    write(TIMER + PRESCALER, 9);
    write(TIMER + START, 1);
}

pub(super) fn receive_byte() -> Option<u8> {
    (read(UART + RECEIVED) != 0).then(|| {
        write(UART + RECEIVED, 0);
        read(UART + RECEIVE_DATA) as u8
    })
}

pub(super) fn send_byte(byte: u8) -> bool {
    write(UART + SENT, 0);
    write(UART + SEND_DATA, byte.into());
    while read(UART + SENT) == 0 {}
    true
}

/// Milliseconds since some start; the timer runs at 16 MHz / 512.
pub fn ticks_ms() -> u32 {
    write(TIMER + CAPTURE, 1);
    read(TIMER + CAPTURED) / 31
}

const UART: usize = 0x4000_2000;
const START_RECEIVE: usize = 0x000;
const START_SEND: usize = 0x008;
const RECEIVED: usize = 0x108;
const SENT: usize = 0x11c;
const ENABLE: usize = 0x500;
const RECEIVE_DATA: usize = 0x518;
const SEND_DATA: usize = 0x51c;

const TIMER: usize = 0x4000_8000;
const START: usize = 0x000;
const CAPTURE: usize = 0x040;
const BIT_MODE: usize = 0x508;
const PRESCALER: usize = 0x510;
const CAPTURED: usize = 0x540;

const GPIO: usize = 0x5000_0000;
const OUT: usize = 0x504;
const OUT_SET: usize = 0x508;
const OUT_CLEAR: usize = 0x50c;
const DIRECTION_SET: usize = 0x518;
