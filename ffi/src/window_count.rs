//! What counts the tokens of the window: with the feature `counting` a vocabulary or the estimate.

#[cfg(feature = "counting")]
mod enabled;
#[cfg(feature = "counting")]
pub(crate) use enabled::WindowCount;

#[cfg(not(feature = "counting"))]
mod disabled;
#[cfg(not(feature = "counting"))]
pub(crate) use disabled::WindowCount;
