//! What differs between the boards: their registers.

#[cfg_attr(any(feature = "mps2-an386", feature = "mps2-an505"), path = "mps2.rs")]
#[cfg_attr(feature = "microbit", path = "microbit.rs")]
#[cfg_attr(feature = "riscv-virt", path = "riscv_virt.rs")]
mod registers;

pub use registers::{FLASH_START, set_pin, ticks_ms};

use embedded_io::{ErrorKind, ErrorType, Read, Write};
use registers::{receive_byte, send_byte, start_port};

/// The serial port, without interrupts: its peer must wait until a byte is taken, by hardware
/// flow control on a wire.
pub struct Port(());

impl Port {
    /// Starts the port.
    pub fn start() -> Self {
        start_port();
        Self(())
    }
}

impl ErrorType for Port {
    type Error = ErrorKind;
}

impl Read for Port {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        let mut count = 0;
        for slot in out {
            // Waits for the first byte only.
            let byte = match (count, receive_byte()) {
                (_, Some(byte)) => byte,
                (0, None) => wait_for(receive_byte)?,
                (_, None) => break,
            };
            *slot = byte;
            count += 1;
        }
        Ok(count)
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        for byte in bytes {
            wait_for(|| send_byte(*byte).then_some(()))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Asks until there is an answer, or for [`TIMEOUT_MS`].
fn wait_for<T>(mut ask: impl FnMut() -> Option<T>) -> Result<T, ErrorKind> {
    let start = ticks_ms();
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if ticks_ms().wrapping_sub(start) > TIMEOUT_MS {
            return Err(ErrorKind::TimedOut);
        }
    }
}

/// Waits.
pub fn delay_ms(millis: u32) {
    let start = ticks_ms();
    while ticks_ms().wrapping_sub(start) <= millis {}
}

/// How long the port waits for the modem.
const TIMEOUT_MS: u32 = 30_000;

/// Reads a register.
pub fn read(address: usize) -> u32 {
    // SAFETY: the callers name registers of the board, which may be read at any time.
    unsafe { (address as *const u32).read_volatile() }
}

/// Writes a register.
#[cfg(target_arch = "arm")]
pub fn write(address: usize, value: u32) {
    // SAFETY: the callers name registers of the board; no Rust object lives at these addresses.
    unsafe { (address as *mut u32).write_volatile(value) }
}
