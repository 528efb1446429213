//! The JSON form of an event, the same bytes as in the other languages.

use zerostack_core::{CallId, Dropped, Error, ErrorKind, Event, ResponseRule, StopReason};
use zerostack_core::{ToolCall, Usage};

use crate::boundary::{Caller, promised};
use crate::event::{zs_dropped, zs_event, zs_event_kind, zs_stop, zs_usage};
use crate::status::{
    Fault, zs_response_rule,
    zs_status::{self, *},
};

/// Writes `event`, which the library filled in, as one JSON object without a line feed into `len`
/// bytes at `bytes`; `*written` is its length, without a NUL. The bytes are those of the same event in
/// the other languages and in `zerostack --events json`, which documents the members.
///
/// Any step; no session is needed.
/// Errors: ZS_FULL: `*written` is the length that is enough; ZS_OUT_OF_RANGE for ZS_EVENT_NONE,
/// ZS_EVENT_OTHER, or a reason or a dropped thing without a name; ZS_NOT_UTF8, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_event_json(
    event: *const zs_event,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let (written, bytes) = (caller.out(written)?, caller.buffer(bytes, len)?);
        let event = caller.values(event, 1)?.first().ok_or(Fault::new(ZS_NULL))?;
        let event = of(caller, event)?;
        let (mut length, mut slots) = (0_usize, bytes.iter_mut());
        event.json().pieces(&mut |piece| {
            length = length.saturating_add(piece.len());
            for (byte, slot) in piece.bytes().zip(slots.by_ref()) {
                *slot = byte;
            }
        });
        written.put(length);
        if length > len { Err(Fault::with(ZS_FULL, length)) } else { Ok(()) }
    })
}

/// The event of the core.
fn of<'c>(caller: Caller<'c>, event: &zs_event) -> Result<Event<'c>, Fault> {
    use zs_event_kind::*;
    let (words, name) = (caller.text(event.text)?, caller.text(event.name)?);
    let provider_id = caller.text(event.provider_id)?;
    let call =
        ToolCall { id: CallId::from_number(event.call), provider_id, name, arguments: words };
    let count = u16::try_from(event.count).unwrap_or(u16::MAX);
    Ok(match event.kind {
        ZS_EVENT_TEXT => Event::TextDelta(words),
        ZS_EVENT_REFUSAL => Event::RefusalDelta(words),
        ZS_EVENT_THINKING => Event::ThinkingDelta(words),
        ZS_EVENT_TOOL_CALL => Event::ToolCall(call),
        #[cfg(feature = "call-deltas")]
        ZS_EVENT_TOOL_CALL_DELTA => Event::ToolCallDelta(call),
        ZS_EVENT_USAGE => Event::Usage(usage(event.usage)),
        ZS_EVENT_TRUNCATED => {
            Event::Truncated { what: dropped(event.dropped)?, bytes: event.bytes }
        }
        ZS_EVENT_END => Event::End(stop(event.stop)?),
        ZS_EVENT_RESTART => Event::Restart,
        ZS_EVENT_COMPACTING => Event::Compacting,
        ZS_EVENT_SUMMARY_FAILED => Event::SummaryFailed(error(event)?),
        ZS_EVENT_REPEATING => Event::Repeating { name, count },
        ZS_EVENT_RECOVERED => Event::Recovered { calls: count },
        #[cfg(not(feature = "call-deltas"))]
        ZS_EVENT_TOOL_CALL_DELTA => return Err(UNNAMED),
        ZS_EVENT_NONE | ZS_EVENT_OTHER => return Err(UNNAMED),
    })
}

fn usage(usage: zs_usage) -> Usage {
    Usage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cache_read_tokens: usage.cache_read_tokens,
        cache_write_tokens: usage.cache_write_tokens,
        reasoning_tokens: usage.reasoning_tokens,
    }
}

fn dropped(dropped: zs_dropped) -> Result<Dropped, Fault> {
    let all = [
        Dropped::Reply,
        Dropped::ToolResult,
        Dropped::OldResults,
        Dropped::OldExchanges,
        Dropped::Summarised,
    ];
    all.into_iter().find(|it| zs_dropped::from(*it) == dropped).ok_or(UNNAMED)
}

fn stop(stop: zs_stop) -> Result<StopReason, Fault> {
    let all = [
        StopReason::EndTurn,
        StopReason::ToolUse,
        StopReason::MaxTokens,
        StopReason::StopSequence,
        StopReason::Refusal,
        StopReason::ContentFilter,
        StopReason::Pause,
        StopReason::Other,
    ];
    all.into_iter().find(|it| zs_stop::from(*it) == stop).ok_or(UNNAMED)
}

fn error(event: &zs_event) -> Result<Error, Fault> {
    let kinds = ErrorKind::ALL.iter().copied();
    let kind = kinds.clone().find(|it| zs_status::of(*it) == event.status).ok_or(UNNAMED)?;
    let rules = (1..=u32::from(u8::MAX)).map_while(ResponseRule::from_number);
    let rule = rules.clone().find(|it| zs_response_rule::of(Some(*it)) == event.broken_rule);
    Ok(Error::from_parts(kind, event.detail, rule))
}

const UNNAMED: Fault = Fault::new(ZS_OUT_OF_RANGE);
