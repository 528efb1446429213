//! Tools for models that do not call them through the fields of the dialect: see
//! [`ToolMode`](crate::ToolMode).

#[cfg(feature = "local-models")]
mod enabled;
#[cfg(feature = "local-models")]
pub(crate) use enabled::*;

#[cfg(not(feature = "local-models"))]
mod disabled;
#[cfg(not(feature = "local-models"))]
pub(crate) use disabled::*;

#[cfg(all(test, feature = "all-dialects", feature = "local-models"))]
pub(crate) mod tests;
