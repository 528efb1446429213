//! Arm's MPS2 with its UART and FPGA registers: AN386 (Cortex-M4) and AN505 (Cortex-M33).

use super::{read, write};

#[cfg(feature = "mps2-an386")]
mod base {
    pub const FLASH_START: usize = 0x0000_0000;
    pub const UART: usize = 0x4000_4000;
    pub const FPGA: usize = 0x4002_8000;
}
#[cfg(feature = "mps2-an505")]
mod base {
    // The secure aliases.
    pub const FLASH_START: usize = 0x1000_0000;
    pub const UART: usize = 0x5020_0000;
    pub const FPGA: usize = 0x5030_2000;
}

pub use base::FLASH_START;
use base::{FPGA, UART};

/// Turns an LED on or off; gives what it is then, `None` for one that is not there.
pub fn set_pin(pin: u32, high: bool) -> Option<bool> {
    let mask = 1_u32.checked_shl(pin)?;
    let leds = read(FPGA + LED0);
    write(FPGA + LED0, if high { leds | mask } else { leds & !mask });
    let is_high = read(FPGA + LED0) & mask != 0;
    (is_high == high && pin < LEDS).then_some(is_high)
}

pub(super) fn start_port() {
    write(UART + BAUD_DIVIDER, 16);
    write(UART + CONTROL, SEND_ENABLED | RECEIVE_ENABLED);
}

pub(super) fn receive_byte() -> Option<u8> {
    (read(UART + STATE) & RECEIVE_FULL != 0).then(|| read(UART + DATA) as u8)
}

pub(super) fn send_byte(byte: u8) -> bool {
    let is_free = read(UART + STATE) & SEND_FULL == 0;
    if is_free {
        write(UART + DATA, byte.into());
    }
    is_free
}

/// Milliseconds since some start.
pub fn ticks_ms() -> u32 {
    read(FPGA + COUNTER_100_HZ).wrapping_mul(10)
}

const LEDS: u32 = 2;
const LED0: usize = 0x00;
const COUNTER_100_HZ: usize = 0x14;

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const BAUD_DIVIDER: usize = 0x10;
const SEND_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 2;
const SEND_ENABLED: u32 = 1;
const RECEIVE_ENABLED: u32 = 2;
