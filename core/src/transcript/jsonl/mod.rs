#![doc = include_str!("format.md")]

mod line;
mod read;
mod write;

pub use line::LineFault;
pub use read::JsonLinesReader;
pub use write::JsonLines;
