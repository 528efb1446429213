//! The outline of a stream's events, and reading along it.
//!
//! The events of a stream differ in a few values, and each is some hundred bytes of the same keys. An
//! [`Outline`] is an event that was read, without these values:
//!
//! ```text
//! \n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"
//!     text: more of the open part
//! "}
//!     spaces
//! }
//! ```
//!
//! The effect of an event depends only on the state of the reply and on its bytes. So if the state
//! was the same before and after the event of the outline, but for more text in the open part, it is the same
//! after each event with these bytes, whatever its text is. Then an event is a few comparisons and a copy, and
//! nothing of it reaches the reader of JSON or the dialect. An outline is followed only from such a state:
//! when anything else was read, the next event of its form is read as always, and the states are compared
//! again.
//!
//! The input may end within an event. The event is then held until all of it is at hand, or until it is longer than
//! the buffer for it, so that it is read in one go. It ends with its document, and nothing needs to follow that.

#[cfg(all(feature = "outline", target_pointer_width = "64"))]
mod enabled;
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(super) use enabled::Outline;

#[cfg(not(all(feature = "outline", target_pointer_width = "64")))]
mod disabled;
#[cfg(not(all(feature = "outline", target_pointer_width = "64")))]
pub(super) use disabled::Outline;
