#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! The agent core: one pure state machine without I/O.

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod error;
pub mod prompt;
pub mod tool;
pub mod wire;

pub use error::{Error, ErrorKind};
