//! What the tests of all crates share, and what measures them.

pub mod bench;
pub mod body;
pub mod command;
pub mod fixtures;
pub mod image;
pub mod model;
mod pairs;
pub mod play;
pub mod prompt_texts;
pub mod random;
pub mod scaling;
pub mod shared;
pub mod simulator;
pub mod table;
pub mod vector;
