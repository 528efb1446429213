//! The runtime for programs with an operating system: I/O for `zerostack-core`,
//! and everything behind the `zerostack` command.

pub mod error;
pub mod tokens;
pub mod transport;

pub use error::{Error, ErrorKind, Result};
