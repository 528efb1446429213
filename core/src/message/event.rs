//! What a person may see of a reply while it arrives.

use super::{StopReason, ToolCall, Usage};
use crate::Error;

/// The result of [`crate::Session::feed`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fed<'s> {
    /// Bytes taken from the front of the chunk; call again with the rest.
    pub used: usize,
    /// The event, at most one; it borrows the session.
    pub event: Option<Event<'s>>,
}

/// Something that a person may want to see.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'s> {
    /// More of the answer. Whole characters only; what several events of a chunk add may be one delta, and an event
    /// that is cut is shown when the rest of it arrives.
    TextDelta(&'s str),
    /// More of a refusal, if the provider distinguishes it from an answer. Whole characters only.
    RefusalDelta(&'s str),
    /// More of the model's reasoning. Whole characters only.
    ThinkingDelta(&'s str),
    /// More of the arguments of a call: the name and the provider's id if known, and the new
    /// piece as `arguments`, whole characters only. Comes where [`crate::Config::shows_call_deltas`] asks for
    /// it. The call that is run is that of [`ToolCall`](Self::ToolCall): pieces that a server sends twice
    /// are reported twice, a lone `{}` is not reported, and a call that breaks off has no other event.
    #[cfg(feature = "call-deltas")]
    ToolCallDelta(ToolCall<'s>),
    /// A call is complete.
    ToolCall(ToolCall<'s>),
    /// Counts of this reply so far.
    Usage(Usage),
    /// Something is not in the transcript, or not any more. Of a reply, all text of it was shown.
    Truncated {
        /// What was not kept completely.
        what: Dropped,
        /// Bytes that are not in the transcript.
        bytes: u32,
    },
    /// Room is made: the next request is one of the session's own, for a summary of the oldest
    /// messages. Only the usage of its reply is shown; it ends with `Truncated` or
    /// `SummaryFailed`.
    Compacting,
    /// The model wrote no summary, for this reason; the oldest messages are removed without one.
    SummaryFailed(Error),
    /// The model makes the same call for the third time in a row, or more often; the previous event
    /// reported the call.
    Repeating {
        /// The tool's name, as the model wrote it.
        name: &'s str,
        /// How many times in a row.
        count: u16,
    },
    /// The text of the reply was read as calls, or as JSON that contains the text: the transcript's
    /// text replaces the text shown before. Comes from
    /// [`crate::Session::end_response`], which is called once more for the end; see
    /// [`crate::ToolMode`].
    Recovered {
        /// How many; they are pending when the reply has ended.
        calls: u16,
    },
    /// The reply is complete. The last event of a reply.
    End(StopReason),
    /// The reply was cut off or refused, or is an answer that does not fit the response schema, and
    /// is requested again: discard everything shown since the request.
    Restart,
}

/// What was dropped.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dropped {
    /// Parts of a reply: text or reasoning that did not fit the storage; images, sound and other
    /// media, which are never kept.
    Reply,
    /// A tool result above `max_result_bytes`, or longer than the context has room for.
    ToolResult,
    /// Old tool results, each replaced by a line that describes it.
    OldResults,
    /// The oldest exchanges, without a replacement.
    OldExchanges,
    /// The oldest exchanges, replaced by a summary.
    Summarised,
}
