//! Attachments in a request: what a dialect accepts, how it is written, and where the bytes come from.
//!
//! Each dialect has a table, [`AttachmentCodec`]. An attachment that it does not accept is refused
//! before it is added. If one is still in the transcript, because the conversation began in another
//! dialect, or if it was left out to make room, a line of text describes it.

#[cfg(feature = "attachments")]
mod codec;
#[cfg(not(feature = "attachments"))]
mod disabled;
#[cfg(feature = "attachments")]
mod enabled;
#[cfg(feature = "attachments")]
mod reader;
#[cfg(all(test, feature = "attachments", feature = "all-dialects"))]
mod tests;

#[cfg(feature = "attachments")]
pub(crate) use codec::{AttachmentCodec, IMAGES, base64, url};
#[cfg(not(feature = "attachments"))]
pub(crate) use disabled::*;
#[cfg(feature = "attachments")]
pub(crate) use enabled::*;
#[cfg(feature = "attachments")]
pub use reader::{AttachmentReader, WantedBytes};
