//! The keywords `pattern` and `patternProperties`.

#[cfg(not(feature = "schema-patterns"))]
mod disabled;
#[cfg(feature = "schema-patterns")]
mod enabled;

#[cfg(not(feature = "schema-patterns"))]
pub(super) use disabled::is_match;
#[cfg(feature = "schema-patterns")]
pub(super) use enabled::is_match;

/// How many groups, repetitions of a group and repeated characters may stand open at once.
pub const MAX_PATTERN_DEPTH: u32 = 48;
