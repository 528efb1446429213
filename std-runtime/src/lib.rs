//! The runtime for programs with an operating system: I/O for `zerostack-core`,
//! and everything behind the `zerostack` command.
//!
//! [`agent`] is an agent for Rust programs, [`run`] the transaction of the command,
//! [`plumbing`] its filters.

pub mod agent;
pub mod cli;
mod command;
mod commit;
pub mod error;
mod ignore_file;
mod new_file;
mod own_process;
pub mod patch;
pub mod permissions;
pub mod plumbing;
mod project_file;
pub mod provider;
mod record;
pub mod run;
pub mod sandbox;
mod state_folder;
pub mod tokens;
pub mod tool;
pub mod view;

pub use error::{Error, ErrorKind, Result};
pub use zerostack_agent::transport;
use zerostack_text as visible;

#[doc(inline)]
pub use zerostack_scripted as scripted;
