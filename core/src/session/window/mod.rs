//! How long the window is in tokens, and what a turn may use up: the part of a session that
//! feature `window` adds.

#[cfg(feature = "window")]
mod budget;
#[cfg(feature = "window")]
mod calls;
#[cfg(feature = "window")]
mod count;
#[cfg(not(feature = "window"))]
mod disabled;

#[cfg(feature = "window")]
pub(super) use budget::{repeating, used_up};
#[cfg(feature = "window")]
pub use calls::WindowTokens;
#[cfg(feature = "window")]
pub(super) use count::Count;
#[cfg(not(feature = "window"))]
pub(super) use disabled::{Count, repeating, used_up};

/// By how much the window is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Excess {
    /// Tokens above the low mark, when it is above the high one.
    pub marks: u32,
    /// Tokens that do not fit the context of the model.
    pub context: u32,
}

impl Excess {
    /// Tokens that must go.
    pub const fn needed(self) -> u32 {
        if self.marks > self.context { self.marks } else { self.context }
    }

    pub const NONE: Self = Self { marks: 0, context: 0 };
}
