//! What tools need of the core: arguments that are checked before a tool sees them.

pub mod answer;
pub mod json_text;
mod number;
pub mod schema;
pub mod typed;
