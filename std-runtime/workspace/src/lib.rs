//! A private view of a folder for untrusted programs.
//!
//! A [`View`](view::View) shows a folder at its own path, copy on write; programs run in it inside
//! a [`sandbox`]. Their changes become a [`patch`], or a [`commit`] that writes all of them or none.
//!
//! All `unsafe` code of the runtime is here, except a few lines of the command's `main`.

pub mod commit;
mod error;
pub mod ignore_file;
#[cfg(target_os = "linux")]
mod kernel;
pub mod merge;
pub mod new_file;
pub mod own_process;
pub mod patch;
pub mod project_file;
mod resolved;
pub mod sandbox;
pub mod state_folder;
pub mod view;

pub use error::{Error, ErrorKind, Result};
