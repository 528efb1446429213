//! More of the arguments of a call, reported while they arrive.

#[cfg(not(feature = "call-deltas"))]
mod disabled;
#[cfg(feature = "call-deltas")]
mod enabled;

#[cfg(not(feature = "call-deltas"))]
pub(crate) use disabled::CallDelta;
#[cfg(feature = "call-deltas")]
pub(crate) use enabled::CallDelta;
