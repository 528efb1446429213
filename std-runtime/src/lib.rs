//! The runtime for programs with an operating system: I/O for `zerostack-core`,
//! and everything that the `zerostack` command runs.
//!
//! [`agent`] is an agent for Rust programs, [`run`] the transaction of the command,
//! [`plumbing`] its filters.

pub mod agent;
pub mod ask;
pub mod cli;
mod command;
pub mod error;
mod nearest;
pub mod permissions;
pub mod plumbing;
pub mod provider;
mod record;
pub mod run;
mod sessions;
pub mod tokens;
pub mod trust;
pub mod worktree;

pub use error::{Error, ErrorKind, Result};
pub use zerostack_agent::transport;
use zerostack_text as visible;
pub use zerostack_tools as tool;
use zerostack_workspace::{commit, merge, new_file, own_process, project_file, state_folder};
pub use zerostack_workspace::{patch, sandbox, view};

#[doc(inline)]
pub use zerostack_scripted as scripted;
