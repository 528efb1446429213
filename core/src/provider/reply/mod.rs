//! The reply that is coming in: what a dialect reads is written to the transcript at once,
//! and given out as events from there.

mod calls;
mod parts;
mod show;

pub(crate) use calls::Slot;
pub(crate) use show::Shown;

use crate::message::{Provider, StopReason, Usage};
use crate::transcript::log::Log;

/// A short word of the wire: a stop reason, an error code, the type of a block.
pub(crate) type Word = heapless::Vec<u8, 40, u8>;

/// The state of the reply beside its bytes in the transcript.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    /// Where its records begin.
    pub start: u32,
    /// The record that more text goes to, or 0.
    open: u32,
    /// Text of the open record that is kept ends here, or 0: all of it is.
    keep_end: u32,
    /// Bytes that were shown but not kept.
    dropped: u32,
    /// The record that is shown next, and the first of its bytes that was not shown.
    show: u32,
    shown: u32,
    /// Calls before this record were told.
    told: u32,
    /// How many calls were told.
    told_calls: u16,
    /// Calls so far.
    pub calls: u16,
    /// The call that came last, or 0.
    last_call: u32,
    /// All calls so far are complete.
    calls_closed: bool,
    /// The strings of the call that is read, at the end of the transcript.
    stage: calls::Stage,
    /// The index on the wire of the call or block that is read.
    pub index: Option<u32>,
    /// The block that is read is a call.
    pub is_call: bool,
    /// The field of the wire that reasoning comes in, or 0.
    pub thinking_field: u8,
    /// Where the transcript stood when events were held back, see [`Sink::hold`].
    held: Option<parts::Mark>,
    /// What is read now is not for us.
    skip: bool,
    /// The word that is being read.
    word: Word,
    /// Why the model stopped, and the provider's own word for it.
    pub stop: Option<StopReason>,
    pub stop_word: Word,
    /// It is a refusal.
    pub refuses: bool,
    /// The end marker of the dialect came.
    pub ended: bool,
    /// Counts so far, and whether they are news.
    pub usage: Usage,
    usage_changed: bool,
    usage_due: bool,
    cut_due: bool,
    /// Some document of the dialect came.
    pub documents: bool,
    /// The body is one JSON document, not a stream.
    pub whole: bool,
    /// The status of the response says that the request was refused.
    pub refused: bool,
    /// What the provider says went wrong.
    pub failure: Failure,
}

/// An error that the provider told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure {
    /// There is one.
    pub told: bool,
    /// Its code or type.
    pub code: Word,
    /// Its code where it is a number.
    pub status: u32,
    /// Where its message stands behind the records, and how long it is.
    pub start: u32,
    pub length: u32,
    /// The message is complete.
    closed: bool,
}

impl Reply {
    /// A reply whose records will begin at `start`.
    pub fn new(start: usize) -> Self {
        let start = start as u32;
        Self { start, show: start, told: start, ..Self::default() }
    }

    /// Forgets all but what the person is told about the failure.
    pub fn is_muted(&self) -> bool {
        self.skip || self.failure.told
    }
}

/// Where a dialect writes what it reads.
pub(crate) struct Sink<'r, 't> {
    pub reply: &'r mut Reply,
    pub log: Log<'t>,
    /// Whose reply it is.
    pub provider: Provider,
}
