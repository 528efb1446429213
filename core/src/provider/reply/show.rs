//! The next event of a reply.

use super::arguments::may_be_cut;
use super::{Reply, Sink, USAGE_DUE};
use crate::message::{CallId, Dropped, Event, StopReason, ToolCall};
use crate::transcript::record::{HEADER_BYTES, Kind, MARKED, REFUSAL, Record};
use crate::wire::scan::WORDS;
use crate::wire::steps;

/// An event without its borrow: its kind, and the offset of its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EmittedEvent {
    pub what: EmittedKind,
    pub start: u32,
    pub(super) end: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EmittedKind {
    Text,
    Refusal,
    Thinking,
    /// At `start`; `end` is its index.
    Call,
    /// More of the call at `start`; `end` is its index.
    #[cfg(feature = "call-deltas")]
    CallDelta,
    Usage,
    /// `end` bytes of text are not kept.
    Cut,
    /// Text is not UTF-8.
    Malformed,
}

impl Sink<'_, '_> {
    /// The next event, which counts as reported.
    pub fn show(&mut self) -> Option<EmittedEvent> {
        if self.reply.pending.is_some() {
            return None;
        }
        if let Some(text) = self.show_text() {
            return Some(text);
        }
        if let Some(delta) = self.show_delta() {
            return Some(delta);
        }
        if let Some(call) = self.show_call() {
            return Some(call);
        }
        let shown = |what, end| Some(EmittedEvent { what, start: 0, end });
        if self.reply.usage_news & USAGE_DUE != 0 {
            self.reply.usage_news &= !USAGE_DUE;
            return shown(EmittedKind::Usage, 0);
        }
        if self.cut_is_due() {
            self.reply.cut_is_emitted = true;
            return shown(EmittedKind::Cut, self.reply.dropped);
        }
        None
    }

    fn cut_is_due(&self) -> bool {
        let reply = &*self.reply;
        reply.open == 0 && reply.is_stopping() && reply.dropped > 0 && !reply.cut_is_emitted
    }

    /// Whether [`show`](Self::show) may have more.
    pub fn may_have_more(&self) -> bool {
        let reply = &*self.reply;
        let shown = (reply.shown as usize).max(reply.show as usize + HEADER_BYTES);
        let text = reply.pending.is_none() && shown < self.records_end();
        let delta = reply.pending.is_none() && self.delta_is_due();
        text || delta
            || self.calls_are_due()
            || reply.usage_news & USAGE_DUE != 0
            || self.cut_is_due()
    }

    /// Whether there are complete calls that were not reported.
    fn calls_are_due(&self) -> bool {
        self.reply.unclosed == 0 && self.reply.emitted_calls < self.reply.calls
    }

    fn show_text(&mut self) -> Option<EmittedEvent> {
        loop {
            let record = self.log.record(self.reply.show as usize)?;
            if record.offset >= self.records_end() {
                return None;
            }
            let start = (self.reply.shown as usize).max(record.offset + HEADER_BYTES);
            let rest = self.log.bytes().get(start..record.end()).unwrap_or_default();
            let is_text = matches!(record.header.kind(), Kind::Text | Kind::Thinking);
            // Content that is not shown may be long, and is checked when it is complete.
            let text = if is_text { rest } else { &[] };
            steps::count(text.len());
            let (whole, is_malformed) = match core::str::from_utf8(text) {
                _ if WORDS && text.is_empty() => (0, false),
                Ok(text) => (text.len(), false),
                Err(error) => (error.valid_up_to(), error.error_len().is_some()),
            };
            let (end, next) = (start + whole, record.end());
            let is_last = next >= self.records_end();
            if start < end {
                let what = match (record.header.kind(), record.header.info) {
                    (Kind::Text, [REFUSAL, ..]) => EmittedKind::Refusal,
                    (Kind::Text, _) => EmittedKind::Text,
                    _ => EmittedKind::Thinking,
                };
                self.reply.shown = end as u32;
                return Some(EmittedEvent { what, start: start as u32, end: end as u32 });
            }
            // A character that was begun can be completed in the last record only.
            if is_malformed || (is_text && !rest.is_empty() && !is_last) {
                return Some(EmittedEvent::MALFORMED);
            }
            if is_last {
                return None;
            }
            self.reply.show = next as u32;
            self.reply.shown = 0;
        }
    }

    /// A call is reported when it is complete. Arguments that are not a JSON object, or are missing at
    /// the end, may have been cut off by the token limit: such a call waits for the stop reason.
    fn show_call(&mut self) -> Option<EmittedEvent> {
        if !self.calls_are_due() {
            return None;
        }
        loop {
            let record = self.log.record(self.reply.emitted_to as usize)?;
            if record.offset >= self.records_end() {
                return None;
            }
            let (offset, end) = (record.offset, record.end());
            if record.is(Kind::Call) {
                // A marked call waits here, and was already checked.
                steps::count(record.payload.len());
                if !record.header.has(MARKED) && core::str::from_utf8(record.payload).is_err() {
                    return Some(EmittedEvent::MALFORMED);
                }
                let is_last = offset == self.reply.last_call as usize;
                let is_whole = self.check_call(offset) && !(is_last && self.may_be_cut(offset));
                let end = self.log.record(offset).map_or(end, |record| record.end());
                match self.reply.stop {
                    None if !is_whole && !self.reply.is_stopping() => return None,
                    Some(StopReason::MaxTokens) if is_last && self.may_be_cut(offset) => {
                        return None;
                    }
                    _ => {}
                }
                if let Some(delta) = self.show_unreported(offset) {
                    return Some(delta);
                }
                self.reply.emitted_to = end as u32;
                let index = u32::from(self.reply.emitted_calls);
                self.reply.emitted_calls += 1;
                return Some(EmittedEvent {
                    what: EmittedKind::Call,
                    start: offset as u32,
                    end: index,
                });
            }
            self.reply.emitted_to = end as u32;
        }
    }

    fn may_be_cut(&self, offset: usize) -> bool {
        let record = self.log.record(offset);
        record.is_none_or(|call| may_be_cut(call.call().2.as_bytes()))
    }

    /// Where the records end and raw bytes begin: staged strings, an error message.
    fn records_end(&self) -> usize {
        if self.reply.has_failed {
            return self.reply.failure.start as usize;
        }
        self.reply.stage.start_or(self.log.used())
    }
}

impl EmittedEvent {
    const MALFORMED: Self = Self { what: EmittedKind::Malformed, start: 0, end: 0 };

    /// Whether it is also shown for a reply to the session's own request.
    pub fn is_for_all(self) -> bool {
        matches!(self.what, EmittedKind::Usage | EmittedKind::Malformed)
    }

    /// The event, from the bytes of the transcript, which were checked. `calls` is the number
    /// of calls before the reply. `None` if there is none.
    pub fn event<'a>(self, bytes: &'a [u8], reply: &Reply, calls: u32) -> Option<Event<'a>> {
        let (start, end) = (self.start as usize, self.end as usize);
        let text = || core::str::from_utf8(bytes.get(start..end)?).ok();
        Some(match self.what {
            EmittedKind::Text => Event::TextDelta(text()?),
            EmittedKind::Refusal => Event::RefusalDelta(text()?),
            EmittedKind::Thinking => Event::ThinkingDelta(text()?),
            EmittedKind::Usage => Event::Usage(reply.usage()),
            EmittedKind::Cut => Event::Truncated { what: Dropped::Reply, bytes: self.end },
            EmittedKind::Call => {
                let (provider_id, name, arguments) = Record::at(bytes, start)?.call();
                let id = CallId(calls + self.end);
                Event::ToolCall(ToolCall { id, provider_id, name, arguments })
            }
            #[cfg(feature = "call-deltas")]
            EmittedKind::CallDelta => {
                return reply.delta_event(bytes, start, CallId(calls + self.end));
            }
            EmittedKind::Malformed => return None,
        })
    }
}
