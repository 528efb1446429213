//! Attachments in a request: what a dialect takes, how it writes it, and where the bytes come from.
//!
//! Each dialect has a table, [`AttachmentCodec`]. An attachment that it does not take is refused
//! before it is added. One that is in the transcript all the same, because the conversation began
//! in another dialect, and one that was left out to make room, is written as a line of text that
//! says what it was.

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
