//! The runtime for programs with an operating system: I/O for `zerostack-core`,
//! and everything behind the `zerostack` command.
//!
//! [`agent`] is an agent for Rust programs, [`run`] the transaction of the command,
//! [`plumbing`] its filters.

pub mod agent;
pub mod cli;
pub mod error;
pub mod patch;
pub mod plumbing;
pub mod provider;
pub mod run;
pub mod sandbox;
pub mod scripted;
pub mod tokens;
pub mod tool;
pub mod transport;
pub mod view;

pub use error::{Error, ErrorKind, Result};
