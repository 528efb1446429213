//! The events of a turn.

use zerostack_core::{Dropped, StopReason, Usage};

/// One event.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentEvent {
    /// More of the answer.
    Text(String),
    /// More of the model's reasoning.
    Reasoning(String),
    /// More of a refusal.
    Refusal(String),
    /// More of the arguments of a call, with the new piece as `arguments`; see
    /// [`AgentBuilder::call_deltas`](crate::AgentBuilder::call_deltas).
    ToolCallDelta(Call),
    /// The model calls a tool; it runs when all of the reply is there.
    ToolCall(Call),
    /// The tool starts. The calls of one reply start together.
    ToolStarted(Call),
    /// A tool of an async agent shows how far it is, by [`ToolContext::progress`](crate::ToolContext::progress).
    ToolProgress {
        /// The call.
        call: Call,
        /// What it says.
        text: String,
    },
    /// The tool returned a result.
    ToolResult {
        /// The call.
        call: Call,
        /// The text of the result, as the model reads it.
        content: String,
        /// Whether the call failed.
        is_error: bool,
        /// Bytes that the session left out because the result is too long.
        left_out_bytes: u32,
    },
    /// Counts of the running reply.
    Usage(Usage),
    /// This many bytes of the reply did not fit into the conversation; the events showed all of it.
    Truncated {
        /// How many.
        bytes: u32,
    },
    /// The conversation became too long: this many bytes of it were removed.
    MadeRoom {
        /// Which part of it, and what replaces it.
        what: Room,
        /// How many.
        bytes: u32,
    },
    /// The conversation became too long: the model is asked for a summary of the oldest messages.
    Compacting,
    /// The model wrote no summary, so the oldest messages are removed without one.
    SummaryFailed {
        /// Why, for a person.
        reason: String,
    },
    /// The model makes the same call again and again.
    Repeating {
        /// The tool.
        name: String,
        /// How many times in a row so far.
        count: u16,
    },
    /// The reply broke off: discard everything shown since the last request.
    Restart,
    /// Another attempt follows after a wait.
    Retry {
        /// The wait in milliseconds.
        wait_ms: u32,
        /// Why, for a person.
        reason: String,
    },
    /// Calls were found in the text of the reply, and follow; this is the text without them.
    Recovered {
        /// The model's text besides its calls.
        text: String,
    },
    /// These calls wait for approval, and all others of the reply were answered. The turn stays open:
    /// save the conversation, or continue with `resume_with`.
    Deferred {
        /// The calls.
        calls: Vec<DeferredCall>,
    },
    /// The reply is complete.
    End(StopReason),
}

/// What is removed from a conversation that is too long.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Old tool results; a line describes each.
    Results,
    /// The middle of new tool results that are too long for the context; a line explains how to
    /// read on.
    Shortened,
    /// The oldest exchanges, without a replacement.
    Exchanges,
    /// The oldest exchanges; a summary replaces them.
    Summarised,
}

impl Room {
    /// The name in events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::Shortened => "shortened",
            Self::Exchanges => "exchanges",
            Self::Summarised => "summarised",
        }
    }
}

/// A call that waits for approval, see [`Tool::needs_approval`](crate::Tool::needs_approval). It is
/// also open in the saved conversation, in any language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeferredCall {
    /// The id for a [`Decision`](crate::Decision); the same after the conversation was saved and resumed.
    pub id: u32,
    /// The call.
    pub call: Call,
}

/// A call, as the model made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The provider's id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// JSON text.
    pub arguments: String,
}

impl From<zerostack_core::ToolCall<'_>> for Call {
    fn from(call: zerostack_core::ToolCall<'_>) -> Self {
        let owned = str::to_owned;
        Self {
            id: owned(call.provider_id),
            name: owned(call.name),
            arguments: owned(call.arguments),
        }
    }
}

impl AgentEvent {
    /// The event of the core, owned.
    pub fn from_core(event: zerostack_core::Event<'_>) -> Option<Self> {
        use zerostack_core::Event;
        Some(match event {
            Event::TextDelta(text) => Self::Text(text.to_owned()),
            Event::ThinkingDelta(text) => Self::Reasoning(text.to_owned()),
            Event::RefusalDelta(text) => Self::Refusal(text.to_owned()),
            Event::ToolCallDelta(call) => Self::ToolCallDelta(call.into()),
            Event::ToolCall(call) => Self::ToolCall(call.into()),
            Event::Usage(usage) => Self::Usage(usage),
            Event::Truncated { what, bytes } => match what {
                Dropped::OldResults => Self::MadeRoom { what: Room::Results, bytes },
                Dropped::ToolResult => Self::MadeRoom { what: Room::Shortened, bytes },
                Dropped::OldExchanges => Self::MadeRoom { what: Room::Exchanges, bytes },
                Dropped::Summarised => Self::MadeRoom { what: Room::Summarised, bytes },
                _ => Self::Truncated { bytes },
            },
            Event::Compacting => Self::Compacting,
            Event::SummaryFailed(error) => Self::SummaryFailed { reason: error.to_string() },
            Event::Repeating { name, count } => Self::Repeating { name: name.to_owned(), count },
            Event::End(reason) => Self::End(reason),
            Event::Restart => Self::Restart,
            _ => return None,
        })
    }
}
