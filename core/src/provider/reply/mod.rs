//! The current reply: what a dialect reads is written to the transcript at once, and events are
//! made from there.

mod arguments;
mod by_path;
#[cfg(all(test, feature = "all-dialects"))]
mod call_piece_tests;
#[cfg(all(test, feature = "all-dialects"))]
mod call_tests;
mod calls;
mod deltas;
mod failure;
#[cfg(all(test, feature = "all-dialects"))]
mod failure_tests;
#[cfg(all(test, feature = "all-dialects"))]
mod form_tests;
#[cfg(feature = "local-models")]
mod found;
#[cfg(all(test, feature = "all-dialects"))]
mod framing_tests;
#[cfg(all(test, feature = "all-dialects", feature = "alloc"))]
mod growth_tests;
#[cfg(all(test, feature = "all-dialects"))]
mod media_tests;
#[cfg(all(test, feature = "all-dialects"))]
mod member_tests;
mod parts;
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
mod repeat;
mod shape;
mod show;
mod spare;
mod stage;
mod staged;
#[cfg(all(test, feature = "all-dialects"))]
mod tests;

#[cfg(all(feature = "call-deltas", feature = "gemini"))]
pub(crate) use by_path::{BROKEN, Out, Written};
pub(crate) use failure::ProviderError;
pub(crate) use show::{EmittedEvent, EmittedKind};
pub(crate) use stage::Slot;

use crate::message::{Dialect, StopReason, Usage};
use crate::transcript::log::Log;

/// A short word of the wire: a stop reason, an error code, the type of a block.
pub(crate) type Word = heapless::Vec<u8, 40, u8>;

/// The state of the reply besides its bytes in the transcript.
#[derive(Clone, Hash, Debug, Default)]
pub(crate) struct Reply {
    /// Whether the current content is skipped.
    skip: Skip,
    /// The status of the response is a refusal, or a document is an error.
    pub refused: bool,
    /// The provider reported a failure: `failure` has the details.
    pub has_failed: bool,
    /// The end marker of the dialect arrived.
    pub ended: bool,
    /// The body is one JSON document, and a whole reply, not a piece of a stream, unless the rest shows otherwise.
    pub whole: bool,
    /// A document of the dialect arrived.
    pub documents: bool,
    /// The document that is read is of the dialect.
    pub is_known: bool,
    /// A document of another form arrived.
    pub has_strangers: bool,
    /// Why the model stopped.
    pub stop: Option<StopReason>,
    /// Content arrived in this document.
    pub has_content: bool,
    /// The block that is read is a call.
    pub is_call: bool,
    /// The block is over with this document.
    pub block_ends: bool,
    /// It is a refusal.
    pub refuses: bool,
    /// What became of the counts: [`USAGE_CHANGED`] and [`USAGE_DUE`].
    usage_news: u8,
    /// The wire field of reasoning, or 0.
    pub thinking_field: u8,
    /// The state of the dialect.
    pub dialect_state: DialectState,
    /// Calls so far.
    pub calls: u16,
    /// How many calls were reported.
    emitted_calls: u16,
    /// Calls that may get more arguments.
    unclosed: u16,
    /// The offset of its first record.
    pub start: u32,
    /// The record to which more text is added, or 0.
    open: u32,
    /// Text of the open record that is kept ends here, or 0: all of it is.
    keep_end: u32,
    /// Bytes that were shown but not kept, and whether that was reported.
    pub dropped: u32,
    cut_is_emitted: bool,
    /// The record that is shown next, and the first of its bytes that was not shown.
    show: u32,
    shown: u32,
    /// Calls before this record were reported.
    pub emitted_to: u32,
    /// The last call, or 0.
    last_call: u32,
    /// More of a call, to be reported.
    pub delta: deltas::CallDelta,
    /// How far its arguments go.
    pub shape: shape::Shape,
    /// Some of it arrived in this document.
    is_touched: bool,
    /// Some call has spare room after its arguments.
    has_spare: bool,
    /// Whether more of the last call follows by path.
    #[cfg(all(feature = "call-deltas", feature = "gemini"))]
    by_path: by_path::ByPath,
    /// The highest index of a call on the wire.
    last_index: u32,
    /// The index on the wire of the call or block that is read.
    pub index: Option<u32>,
    /// The strings of the call that is read, at the end of the transcript.
    stage: stage::Stage,
    /// The state of the transcript when events were held back, see [`Sink::begin_pending`].
    pending: Option<parts::PendingStart>,
    /// The failure that the provider reported.
    pub failure: ProviderError,
    /// Counts so far, as the provider sends them.
    pub counts: [u32; 5],
    /// The provider does not include cached tokens in those of the request.
    pub is_cache_apart: bool,
    /// Why the model stopped, after calls were found in its text and reported.
    pub recovered: Option<StopReason>,
    /// The word that is being read.
    word: Word,
    /// The hash of a word that was read, if no more of it was needed.
    #[cfg(target_pointer_width = "64")]
    pub hash: Option<u32>,
    /// The provider's own word for why the model stopped.
    pub raw_stop_reason: Word,
}

/// Which content is skipped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum Skip {
    #[default]
    Nothing,
    All,
    /// Content replaces what is held back, and without any that counts.
    IfEmpty,
}

/// The state of a dialect while it reads; each dialect defines the meaning of the fields.
#[derive(Clone, Hash, Debug, Default)]
pub(crate) struct DialectState {
    /// About the document that is read.
    pub document: u8,
    /// About the block that is read.
    pub block: u8,
    /// The form of the block's content.
    pub level: u8,
    /// Further flags.
    pub flags: u8,
    /// A reason to stop that does not count yet.
    pub reason: Option<StopReason>,
    /// The list at the end has the arguments of calls that lack them.
    pub mends: bool,
    /// Calls that have begun and are not over.
    pub open: u16,
    /// A count that is part of another, or the number of the block.
    pub count: u32,
    /// The highest number of a block.
    pub last: u32,
    /// Blocks with content so far: a bit each, the last for all that follow.
    pub seen: u32,
    /// The hash of the received part of the block's id; and those of the first blocks, truncated.
    pub key: u32,
    pub keys: [u16; 8],
}

/// A count of the document that is read is new.
const USAGE_CHANGED: u8 = 1;
/// Counts of documents before it are new, and not reported.
const USAGE_DUE: u8 = 2;

impl Reply {
    /// A new reply, whose records will begin at `start`.
    pub fn begin(&mut self, start: usize) {
        *self = Self::default();
        (self.start, self.show, self.emitted_to) = (start as u32, start as u32, start as u32);
    }

    /// The counts so far.
    pub const fn usage(&self) -> Usage {
        let [input, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens] =
            self.counts;
        let cached = cache_read_tokens.saturating_add(cache_write_tokens);
        Usage {
            input_tokens: input.saturating_add(if self.is_cache_apart { cached } else { 0 }),
            output_tokens,
            cache_read_tokens,
            cache_write_tokens,
            reasoning_tokens,
        }
    }

    /// Whether the next content is not kept.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn is_muted(&self) -> bool {
        !matches!(self.skip, Skip::Nothing) || self.is_failed()
    }

    /// Whether no more text will follow, if known.
    const fn is_stopping(&self) -> bool {
        self.stop.is_some() || self.ended || (self.whole && self.documents)
    }

    /// Whether there will be no reply: only the provider's message still counts.
    pub const fn is_failed(&self) -> bool {
        self.refused || self.has_failed
    }
}

/// Where a dialect writes what it reads.
pub(crate) struct Sink<'r, 't> {
    pub reply: &'r mut Reply,
    pub log: Log<'t>,
    /// Whose reply it is.
    pub dialect: Dialect,
    /// Calls that it may have.
    pub max_calls: u16,
}
