//! The bytes of attachments, on their way into a request.

#[cfg(not(feature = "attachments"))]
mod disabled;
#[cfg(feature = "attachments")]
mod enabled;

#[cfg(not(feature = "attachments"))]
pub(super) use disabled::{Files, read, request};
#[cfg(feature = "attachments")]
pub(super) use enabled::{Files, read, request};
