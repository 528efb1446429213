//! The `zerostack` command as a process, in a place of its own.
//!
//! After each run this checks what is true of every run, however it ended: the project is as it
//! was unless the run may write, no private file is left, and the key was not printed.

mod done;
mod invocation;
mod observe;
mod place;
mod running;
mod terminal;

pub use done::Done;
pub use invocation::Invocation;
pub use observe::{Tree, processes_with, tree, until};
pub use place::Place;
pub use running::Running;
pub use terminal::Terminal;

/// The key that every run has. It must never be seen.
pub const KEY: &str = "sk-conformance-0123456789abcdef";
