#![no_std]
//! What the images share: the agent, the boards, the ways to the server, and the measured memory.

pub mod agent;
pub mod board;
pub mod console;
pub mod memory;
pub mod modem;
#[cfg(feature = "network")]
pub mod network;
#[cfg(feature = "vectors")]
pub mod vectors;

use core::panic::PanicInfo;

/// Never linked: check.sh looks for it in each image.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    console::exit(255)
}
