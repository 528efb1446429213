//! Support for tools: arguments are checked before a tool sees them.

pub mod answer;
#[cfg(feature = "alloc")]
mod arguments;
pub mod json_text;
mod number;
pub mod schema;
pub mod typed;

#[cfg(feature = "alloc")]
pub use arguments::{BadCallPolicy, check_arguments};
