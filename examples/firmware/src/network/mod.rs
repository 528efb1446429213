//! A TCP connection over Ethernet, by smoltcp.

mod lan9118;
mod tcp;

pub use lan9118::Lan9118;
pub use tcp::{Buffers, Tcp};
