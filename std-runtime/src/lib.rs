//! The runtime for programs with an operating system: I/O for `zerostack-core`,
//! and everything behind the `zerostack` command.
//!
//! [`agent`] is an agent for Rust programs, [`run`] the transaction of the command,
//! [`plumbing`] its filters.

pub mod agent;
pub mod cli;
pub mod error;
mod ignore_file;
mod new_file;
mod own_process;
pub mod patch;
pub mod permissions;
pub mod plumbing;
mod project_file;
pub mod provider;
pub mod run;
pub mod sandbox;
pub mod scripted;
pub mod tokens;
pub mod tool;
pub mod transport;
pub mod view;
mod visible;

pub use error::{Error, ErrorKind, Result};
