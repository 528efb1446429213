//! Arguments of a call that arrive by path: one value, or a piece of a string, at a time.

#[cfg(not(all(feature = "call-deltas", feature = "gemini")))]
mod disabled;
#[cfg(all(feature = "call-deltas", feature = "gemini"))]
mod enabled;

#[cfg(all(feature = "call-deltas", feature = "gemini"))]
pub(crate) use enabled::{BROKEN, ByPath, Out, Written};
