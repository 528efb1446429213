//! What `just bench` prints: the figures of the command, and the speed of the core.
//!
//! Nothing here fails because of a figure: machines differ, and a busy one lies.

pub mod build;
pub mod chat;
pub mod command;
pub mod decode;
pub mod encode;
pub mod paired;
mod process;
mod rival;
mod table;

pub use table::Table;
