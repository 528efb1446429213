//! What a person may see of a reply while it arrives.

use zerostack_core::CallId;

use crate::error::RAISE;
use crate::{Dropped, Fault, StopReason};

/// The result of [`crate::Session::feed`].
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Fed {
    /// The events, in order.
    pub events: Vec<Event>,
    /// Why the turn failed, or why room must be made, after these events. A record and not a
    /// throw, so that the events before it are not lost.
    pub fault: Option<Fault>,
}

/// Something that a person may want to see.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum Event {
    /// More of the answer. Whole characters only.
    TextDelta {
        /// The text.
        text: String,
    },
    /// More of a refusal, if the provider distinguishes it from an answer.
    RefusalDelta {
        /// The text.
        text: String,
    },
    /// More of the model's reasoning.
    ThinkingDelta {
        /// The text.
        text: String,
    },
    /// More of the arguments of a call, where `call_deltas` of the configuration asks for it: the name and the
    /// provider's id if known, and the new piece as `arguments`.
    ToolCallDelta {
        /// The call, with its name and the provider's id if they are known.
        call: ToolCall,
    },
    /// A call is complete.
    ToolCall {
        /// The call.
        call: ToolCall,
    },
    /// Counts of this reply so far.
    Usage {
        /// The counts.
        usage: Usage,
    },
    /// Something is not in the transcript, or not any more. Of a reply, all of it was shown.
    Truncated {
        /// What was not kept completely.
        what: Dropped,
        /// Bytes that are not in the transcript.
        bytes: u32,
    },
    /// Room is made: the next request is one of the session's own, for a summary of the oldest
    /// messages.
    Compacting,
    /// The model wrote no summary: the oldest messages are removed without one.
    SummaryFailed {
        /// Why.
        fault: Fault,
    },
    /// The model makes the same call for the third time in a row, or more often.
    Repeating {
        /// The tool's name, as the model wrote it.
        name: String,
        /// How many times in a row.
        count: u16,
    },
    /// The text of the reply was read as calls, or as JSON that contains the text: the transcript's
    /// text replaces the text shown before.
    Recovered {
        /// How many calls; they are pending when the reply has ended.
        calls: u16,
    },
    /// The reply is complete. The last event of a reply.
    End {
        /// Why the model stopped.
        reason: StopReason,
    },
    /// The reply was cut off and is requested again: discard everything shown since the request.
    Restart,
    /// Something that this version does not name.
    Unknown,
}

/// A call that the model made.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct ToolCall {
    /// The call that `tool_result` answers.
    pub id: u32,
    /// The provider's own id of the call; empty if it has none.
    pub provider_id: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// JSON text as the model wrote it; may be empty or malformed.
    pub arguments: String,
}

/// Tokens, as the provider counted them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u32,
    /// Tokens of the reply, reasoning included.
    pub output_tokens: u32,
    /// Tokens of the request that came from the provider's cache.
    pub cache_read_tokens: u32,
    /// Tokens of the request that were put into the provider's cache.
    pub cache_write_tokens: u32,
    /// Tokens of the reply that were reasoning, if the provider reports it.
    pub reasoning_tokens: u32,
}

/// An event as one JSON object on one line: the same bytes as in every other language and in
/// `zerostack --events json`.
#[uniffi::export]
#[must_use]
pub fn event_json(event: Event) -> String {
    use zerostack_core::Event as Core;
    let core = match &event {
        Event::TextDelta { text } => Core::TextDelta(text),
        Event::RefusalDelta { text } => Core::RefusalDelta(text),
        Event::ThinkingDelta { text } => Core::ThinkingDelta(text),
        Event::ToolCallDelta { call } => Core::ToolCallDelta(call.core()),
        Event::ToolCall { call } => Core::ToolCall(call.core()),
        Event::Usage { usage } => Core::Usage(usage.core()),
        Event::Truncated { what, bytes } => match what.core() {
            Some(what) => Core::Truncated { what, bytes: *bytes },
            None => return UNKNOWN.to_owned(),
        },
        Event::Compacting => Core::Compacting,
        Event::SummaryFailed { fault } => {
            // The core writes its own sentence, without the advice.
            let reason = fault.message.strip_suffix(RAISE).unwrap_or(&fault.message);
            let text = Core::TextDelta(reason).json().to_string();
            let text = text.strip_prefix("{\"type\":\"text\",\"text\":").unwrap_or_default();
            return format!("{{\"type\":\"summary_failed\",\"reason\":{text}");
        }
        Event::Repeating { name, count } => Core::Repeating { name, count: *count },
        Event::Recovered { calls } => Core::Recovered { calls: *calls },
        Event::End { reason } => Core::End(reason.core()),
        Event::Restart => Core::Restart,
        Event::Unknown => return UNKNOWN.to_owned(),
    };
    core.json().to_string()
}

/// What this version has no name for.
const UNKNOWN: &str = r#"{"type":"unknown"}"#;

impl Dropped {
    fn core(self) -> Option<zerostack_core::Dropped> {
        use zerostack_core::Dropped as Core;
        match self {
            Self::Reply => Some(Core::Reply),
            Self::ToolResult => Some(Core::ToolResult),
            Self::OldResults => Some(Core::OldResults),
            Self::OldExchanges => Some(Core::OldExchanges),
            Self::Summarised => Some(Core::Summarised),
            Self::Other => None,
        }
    }
}

impl StopReason {
    fn core(self) -> zerostack_core::StopReason {
        use zerostack_core::StopReason as Core;
        match self {
            Self::EndTurn => Core::EndTurn,
            Self::ToolUse => Core::ToolUse,
            Self::MaxTokens => Core::MaxTokens,
            Self::StopSequence => Core::StopSequence,
            Self::Refusal => Core::Refusal,
            Self::ContentFilter => Core::ContentFilter,
            Self::Pause => Core::Pause,
            Self::Other => Core::Other,
        }
    }
}

impl ToolCall {
    fn core(&self) -> zerostack_core::ToolCall<'_> {
        let Self { id, provider_id, name, arguments } = self;
        zerostack_core::ToolCall { id: CallId::from_number(*id), provider_id, name, arguments }
    }
}

impl Usage {
    pub(crate) fn core(self) -> zerostack_core::Usage {
        zerostack_core::Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cache_read_tokens: self.cache_read_tokens,
            cache_write_tokens: self.cache_write_tokens,
            reasoning_tokens: self.reasoning_tokens,
        }
    }
}

impl From<zerostack_core::Event<'_>> for Event {
    fn from(core: zerostack_core::Event<'_>) -> Self {
        use zerostack_core::Event as Core;
        match core {
            Core::TextDelta(text) => Self::TextDelta { text: text.to_owned() },
            Core::RefusalDelta(text) => Self::RefusalDelta { text: text.to_owned() },
            Core::ThinkingDelta(text) => Self::ThinkingDelta { text: text.to_owned() },
            Core::ToolCallDelta(call) => Self::ToolCallDelta { call: call.into() },
            Core::ToolCall(call) => Self::ToolCall { call: call.into() },
            Core::Usage(usage) => Self::Usage { usage: usage.into() },
            Core::Truncated { what, bytes } => Self::Truncated { what: what.into(), bytes },
            Core::Compacting => Self::Compacting,
            Core::SummaryFailed(error) => Self::SummaryFailed { fault: error.into() },
            Core::Repeating { name, count } => Self::Repeating { name: name.to_owned(), count },
            Core::Recovered { calls } => Self::Recovered { calls },
            Core::End(reason) => Self::End { reason: reason.into() },
            Core::Restart => Self::Restart,
            _ => Self::Unknown,
        }
    }
}

impl From<zerostack_core::ToolCall<'_>> for ToolCall {
    fn from(call: zerostack_core::ToolCall<'_>) -> Self {
        Self {
            id: call.id.number(),
            provider_id: call.provider_id.to_owned(),
            name: call.name.to_owned(),
            arguments: call.arguments.to_owned(),
        }
    }
}

impl From<zerostack_core::Usage> for Usage {
    fn from(usage: zerostack_core::Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cache_read_tokens: usage.cache_read_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            reasoning_tokens: usage.reasoning_tokens,
        }
    }
}
