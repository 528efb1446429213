//! What the tests of all crates share.

pub mod command;
pub mod shared;
