//! What the tests of all crates share, and what measures them.

pub mod bench;
pub mod shared;
