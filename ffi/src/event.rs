//! What a person may see, as one tagged struct.

use zerostack_core::{Dropped, Event, StopReason, ToolCall, Usage};

use crate::status::{zs_response_rule, zs_status};
use crate::text::zs_str;

/// The kind of an event, and the fields of zs_event that it uses. Others may be added: ignore
/// unknown ones.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_event_kind {
    /// Nothing happened.
    ZS_EVENT_NONE = 0,
    /// More of the answer: `text`, whole characters only.
    ZS_EVENT_TEXT = 1,
    /// More of a refusal: `text`, whole characters only.
    ZS_EVENT_REFUSAL = 2,
    /// More of the model's reasoning: `text`, whole characters only.
    ZS_EVENT_THINKING = 3,
    /// A call is complete: `call`, `name`, `provider_id`, and `text` has its arguments, JSON as the
    /// model wrote it; they may be empty or malformed.
    ZS_EVENT_TOOL_CALL = 4,
    /// Counts of this reply so far: `usage`.
    ZS_EVENT_USAGE = 5,
    /// Something was left out of the transcript, or removed from it: `dropped`, and the number of
    /// `bytes`. All of a reply was shown.
    ZS_EVENT_TRUNCATED = 6,
    /// The reply is complete, the last event of a reply: `stop`.
    ZS_EVENT_END = 7,
    /// The reply was cut off and is requested again: discard everything shown since the request.
    ZS_EVENT_RESTART = 8,
    /// Room is made: the next request is one of the session's own, for a summary of the oldest
    /// messages. Only the usage of its reply is shown; it ends with ZS_EVENT_TRUNCATED or
    /// ZS_EVENT_SUMMARY_FAILED.
    ZS_EVENT_COMPACTING = 9,
    /// The model wrote no summary: `status`, `detail`, `broken_rule`. The oldest messages are removed without one.
    ZS_EVENT_SUMMARY_FAILED = 10,
    /// The model makes the same call again: `name`, and `count` times in a row.
    ZS_EVENT_REPEATING = 11,
    /// The text of the reply was read as `count` calls, or as JSON that contains the text: the
    /// transcript's text replaces the text shown before. zs_session_end_response returns it, and is
    /// called once more for the end.
    ZS_EVENT_RECOVERED = 12,
    /// More of the arguments of a call, where zs_config.call_deltas asks for it: `call`, `name` and
    /// `provider_id` if known, and `text` is the new piece, whole characters only. The
    /// call that is run is that of ZS_EVENT_TOOL_CALL.
    ZS_EVENT_TOOL_CALL_DELTA = 13,
    /// Something that this version of the library has no number for.
    ZS_EVENT_OTHER = 1000,
}

/// Why the model stopped.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_stop {
    /// It did not, or not yet.
    ZS_STOP_NONE = 0,
    /// It finished its answer.
    ZS_STOP_END_TURN = 1,
    /// It waits for the results of its calls.
    ZS_STOP_TOOL_USE = 2,
    /// The token limit of the reply was reached.
    ZS_STOP_MAX_TOKENS = 3,
    /// It wrote one of the stop sequences.
    ZS_STOP_SEQUENCE = 4,
    /// It refused.
    ZS_STOP_REFUSAL = 5,
    /// The provider's filter stopped it.
    ZS_STOP_CONTENT_FILTER = 6,
    /// A long turn was paused; sending the conversation again continues it.
    ZS_STOP_PAUSE = 7,
    /// A word that this version does not know; zs_session_raw_stop_reason has it.
    ZS_STOP_OTHER = 1000,
}

/// What was dropped.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_dropped {
    /// Nothing was dropped.
    ZS_DROPPED_NOTHING = 0,
    /// Parts of a reply: text or reasoning that did not fit the memory; images, sound and other
    /// media, which are never kept.
    ZS_DROPPED_REPLY = 1,
    /// A tool result above max_result_bytes.
    ZS_DROPPED_TOOL_RESULT = 2,
    /// Old tool results, each replaced by a line that describes it.
    ZS_DROPPED_OLD_RESULTS = 3,
    /// The oldest exchanges, without a replacement.
    ZS_DROPPED_OLD_EXCHANGES = 4,
    /// The oldest exchanges, replaced by a summary.
    ZS_DROPPED_SUMMARISED = 5,
    /// Something that this version of the library has no number for.
    ZS_DROPPED_OTHER = 1000,
}

/// Tokens, as the provider counted them. `input_tokens` counts cached ones, too, with every
/// provider.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct zs_usage {
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
    /// 0 in this version.
    pub reserved: [u32; 3],
}

/// Something that a person may want to see. The fields that its kind does not name are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_event {
    /// What it says.
    pub kind: zs_event_kind,
    /// The id of a call, for zs_session_tool_result.
    pub call: u32,
    /// Why the model stopped.
    pub stop: zs_stop,
    /// What was dropped.
    pub dropped: zs_dropped,
    /// Bytes that were cut.
    pub bytes: u32,
    /// How many calls, or times.
    pub count: u32,
    /// Why it failed.
    pub status: zs_status,
    /// The detail of the status.
    pub detail: u32,
    /// Counts.
    pub usage: zs_usage,
    /// The rule that a response broke.
    pub broken_rule: zs_response_rule,
    /// 0 in this version.
    pub reserved: u32,
    /// Text, or the arguments of a call.
    pub text: zs_str,
    /// The tool's name, as the model wrote it.
    pub name: zs_str,
    /// The provider's own id of the call; empty if it has none.
    pub provider_id: zs_str,
}

/// tests/firmware/main.c checks the same for the header.
const _: () = assert!(size_of::<zs_event>() == size_of::<[u32; 18]>() + size_of::<[usize; 6]>());

impl zs_event {
    /// Nothing happened.
    pub(crate) const NONE: Self = Self {
        kind: zs_event_kind::ZS_EVENT_NONE,
        call: 0,
        stop: zs_stop::ZS_STOP_NONE,
        dropped: zs_dropped::ZS_DROPPED_NOTHING,
        bytes: 0,
        count: 0,
        status: zs_status::ZS_OK,
        detail: 0,
        usage: zs_usage {
            input_tokens: 0,
            output_tokens: 0,
            cache_read_tokens: 0,
            cache_write_tokens: 0,
            reasoning_tokens: 0,
            reserved: [0; 3],
        },
        broken_rule: zs_response_rule::ZS_RULE_NONE,
        reserved: 0,
        text: zs_str::EMPTY,
        name: zs_str::EMPTY,
        provider_id: zs_str::EMPTY,
    };

    fn of_text(kind: zs_event_kind, text: &str) -> Self {
        Self { kind, text: text.into(), ..Self::NONE }
    }
}

impl From<Event<'_>> for zs_event {
    fn from(event: Event<'_>) -> Self {
        use zs_event_kind::*;
        match event {
            Event::TextDelta(text) => Self::of_text(ZS_EVENT_TEXT, text),
            Event::RefusalDelta(text) => Self::of_text(ZS_EVENT_REFUSAL, text),
            Event::ThinkingDelta(text) => Self::of_text(ZS_EVENT_THINKING, text),
            #[cfg(feature = "call-deltas")]
            Event::ToolCallDelta(call) => Self { kind: ZS_EVENT_TOOL_CALL_DELTA, ..call.into() },
            Event::ToolCall(call) => call.into(),
            Event::Usage(usage) => Self { kind: ZS_EVENT_USAGE, usage: usage.into(), ..Self::NONE },
            Event::Truncated { what, bytes } => {
                Self { kind: ZS_EVENT_TRUNCATED, dropped: what.into(), bytes, ..Self::NONE }
            }
            Event::End(reason) => Self { kind: ZS_EVENT_END, stop: reason.into(), ..Self::NONE },
            Event::Compacting => Self { kind: ZS_EVENT_COMPACTING, ..Self::NONE },
            Event::SummaryFailed(error) => Self {
                kind: ZS_EVENT_SUMMARY_FAILED,
                status: zs_status::of(error.kind()),
                detail: error.detail(),
                broken_rule: zs_response_rule::of(error.broken_rule()),
                ..Self::NONE
            },
            Event::Repeating { name, count } => Self {
                kind: ZS_EVENT_REPEATING,
                name: name.into(),
                count: count.into(),
                ..Self::NONE
            },
            Event::Recovered { calls } => {
                Self { kind: ZS_EVENT_RECOVERED, count: calls.into(), ..Self::NONE }
            }
            Event::Restart => Self { kind: ZS_EVENT_RESTART, ..Self::NONE },
            _ => Self { kind: ZS_EVENT_OTHER, ..Self::NONE },
        }
    }
}

impl From<ToolCall<'_>> for zs_event {
    fn from(call: ToolCall<'_>) -> Self {
        Self {
            kind: zs_event_kind::ZS_EVENT_TOOL_CALL,
            call: call.id.number(),
            text: call.arguments.into(),
            name: call.name.into(),
            provider_id: call.provider_id.into(),
            ..Self::NONE
        }
    }
}

impl From<Usage> for zs_usage {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cache_read_tokens: usage.cache_read_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            reserved: [0; 3],
        }
    }
}

impl From<StopReason> for zs_stop {
    fn from(reason: StopReason) -> Self {
        match reason {
            StopReason::EndTurn => Self::ZS_STOP_END_TURN,
            StopReason::ToolUse => Self::ZS_STOP_TOOL_USE,
            StopReason::MaxTokens => Self::ZS_STOP_MAX_TOKENS,
            StopReason::StopSequence => Self::ZS_STOP_SEQUENCE,
            StopReason::Refusal => Self::ZS_STOP_REFUSAL,
            StopReason::ContentFilter => Self::ZS_STOP_CONTENT_FILTER,
            StopReason::Pause => Self::ZS_STOP_PAUSE,
            _ => Self::ZS_STOP_OTHER,
        }
    }
}

impl From<Dropped> for zs_dropped {
    fn from(dropped: Dropped) -> Self {
        match dropped {
            Dropped::Reply => Self::ZS_DROPPED_REPLY,
            Dropped::ToolResult => Self::ZS_DROPPED_TOOL_RESULT,
            Dropped::OldResults => Self::ZS_DROPPED_OLD_RESULTS,
            Dropped::OldExchanges => Self::ZS_DROPPED_OLD_EXCHANGES,
            Dropped::Summarised => Self::ZS_DROPPED_SUMMARISED,
            _ => Self::ZS_DROPPED_OTHER,
        }
    }
}
