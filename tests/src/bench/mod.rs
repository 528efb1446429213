//! What `just bench` prints: the figures of the command, and its size. The core's speed is in `benches/wire`.
//!
//! Nothing here fails because of a figure: machines differ, and a busy one is slower.

pub mod build;
pub mod chat;
pub mod command;
pub mod fields;
pub mod many_files;
pub mod paired;
mod process;
pub mod sandbox;
mod table;

pub use table::Table;
