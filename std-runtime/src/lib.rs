//! The runtime for programs with an operating system: I/O for `zerostack-core`,
//! and everything behind the `zerostack` command.

pub mod error;
pub mod patch;
pub mod sandbox;
pub mod transport;
pub mod view;

pub use error::{Error, ErrorKind, Result};
