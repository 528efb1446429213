//! The answer of a turn, held to the response schema.

#[cfg(not(feature = "structured"))]
mod disabled;
#[cfg(feature = "structured")]
mod enabled;
#[cfg(all(test, feature = "structured", feature = "all-dialects"))]
mod tests;

#[cfg(not(feature = "structured"))]
pub(super) use disabled::*;
#[cfg(feature = "structured")]
pub(super) use enabled::*;
