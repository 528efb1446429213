#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! The agent core: one pure state machine without I/O.

#[cfg(feature = "alloc")]
extern crate alloc;

mod error;
pub mod tokenizer;

pub use error::{Error, ErrorKind};
