//! Sessions: conversations on disk, which later commands continue.
//!
//! ```text
//! sessions/FOLDER/NAME/       in the state folder; nobody else may read it
//!   about.json                the folder, the model, and the first instructions
//!   journal                   the transcript, in the frames of zerostack-core; it only grows
//!   attachments/NUMBER        the files of the conversation, by the numbers of the transcript
//!   pending.patch             what `chat` has not applied yet
//!   lock                      held while a command has the session open
//! ```
//! A name belongs to the folder of the project. A session without a name has a number; the oldest
//! of these are removed if there are too many.

mod about;
mod attachments;
mod files;
mod journal;
mod saved;
mod store;

pub(crate) use about::{About, Delivered};
pub(crate) use journal::TRANSCRIPT_BYTES;
pub(crate) use saved::Saved;
pub(crate) use store::Sessions;
