//! What of a reply a person may see next.

use super::Sink;
use super::parts::incomplete_length;
use crate::message::{CallId, Event, Kept, StopReason, ToolCall};
use crate::transcript::record::{HEADER_BYTES, Kind, REFUSAL, Record};
use crate::{Error, ErrorKind, Usage};

/// An event without its borrow: where its bytes stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    Text { start: usize, end: usize },
    Refusal { start: usize, end: usize },
    Thinking { start: usize, end: usize },
    Call { offset: usize, index: u32 },
    Usage(Usage),
    Cut { bytes: u32 },
}

impl Sink<'_, '_> {
    /// The next event, which counts as given.
    pub fn show(&mut self) -> Option<Shown> {
        if self.reply.held.is_some() {
            return None;
        }
        if let Some(text) = self.show_text() {
            return Some(text);
        }
        if let Some(call) = self.show_call() {
            return Some(call);
        }
        if core::mem::take(&mut self.reply.usage_due) {
            return Some(Shown::Usage(self.reply.usage));
        }
        if self.reply.stop.is_some() && self.reply.dropped > 0 && !self.reply.cut_due {
            self.reply.cut_due = true;
            return Some(Shown::Cut { bytes: self.reply.dropped });
        }
        None
    }

    /// Whether [`show`](Self::show) may have more.
    pub fn may_have_more(&self) -> bool {
        let reply = &*self.reply;
        let shown = (reply.shown as usize).max(reply.show as usize + HEADER_BYTES);
        let text = reply.held.is_none() && shown < self.records_end();
        let calls = reply.calls_closed && reply.told_calls < reply.calls;
        text || calls || reply.usage_due
    }

    fn show_text(&mut self) -> Option<Shown> {
        loop {
            let record = self.log.record(self.reply.show as usize)?;
            if record.offset >= self.records_end() {
                return None;
            }
            let start = (self.reply.shown as usize).max(record.offset + HEADER_BYTES);
            let rest = self.log.bytes().get(start..record.end()).unwrap_or_default();
            let is_text = matches!(record.header.kind, Kind::Text | Kind::Thinking);
            let end = start + rest.len() - incomplete_length(rest);
            if is_text && start < end {
                self.reply.shown = end as u32;
                return Some(match (record.header.kind, record.header.info) {
                    (Kind::Text, [REFUSAL, ..]) => Shown::Refusal { start, end },
                    (Kind::Text, _) => Shown::Text { start, end },
                    _ => Shown::Thinking { start, end },
                });
            }
            let next = record.end();
            if next >= self.records_end() || (is_text && !rest.is_empty()) {
                return None;
            }
            self.reply.show = next as u32;
            self.reply.shown = 0;
        }
    }

    /// A call is told when it is complete. Arguments that are no JSON object may have been
    /// cut off by the token limit: such a call waits for the reason of the stop.
    fn show_call(&mut self) -> Option<Shown> {
        if !self.reply.calls_closed {
            return None;
        }
        loop {
            let record = self.log.record(self.reply.told as usize)?;
            if record.offset >= self.records_end() {
                return None;
            }
            let (offset, end) = (record.offset, record.end());
            if record.is(Kind::Call) {
                let is_whole = self.check_call(offset);
                match self.reply.stop {
                    None if !is_whole && !self.reply.ended => return None,
                    Some(StopReason::MaxTokens)
                        if offset == self.reply.last_call as usize
                            && !self.is_object_at(offset) =>
                    {
                        return None;
                    }
                    _ => {}
                }
                self.reply.told = end as u32;
                let index = u32::from(self.reply.told_calls);
                self.reply.told_calls = self.reply.told_calls.saturating_add(1);
                return Some(Shown::Call { offset, index });
            }
            self.reply.told = end as u32;
        }
    }

    fn is_object_at(&self, offset: usize) -> bool {
        let record = self.log.record(offset);
        record.is_some_and(|call| crate::wire::json_read::is_object(call.call().2.as_bytes()))
    }

    /// Where the records end and raw bytes begin: staged strings, an error message.
    fn records_end(&self) -> usize {
        if self.reply.failure.told {
            return self.reply.failure.start as usize;
        }
        self.reply.stage.start_or(self.log.used())
    }
}

impl Shown {
    /// The same, when its bytes are text.
    ///
    /// # Errors
    /// `BadResponse` when they are not.
    pub fn check(self, bytes: &[u8]) -> Result<Self, Error> {
        self.event(bytes, 0).map(|_| self)
    }

    /// The event, from the bytes of the transcript. `calls` is the number of calls before
    /// the reply.
    ///
    /// # Errors
    /// `BadResponse` when the text is not UTF-8.
    pub fn event(self, bytes: &[u8], calls: u32) -> Result<Event<'_>, Error> {
        let text = |start: usize, end: usize| {
            let bad = Error::new(ErrorKind::BadResponse, 0);
            let text = bytes.get(start..end).ok_or(bad)?;
            core::str::from_utf8(text).map_err(|_| bad)
        };
        Ok(match self {
            Self::Text { start, end } => Event::TextDelta(text(start, end)?),
            Self::Refusal { start, end } => Event::RefusalDelta(text(start, end)?),
            Self::Thinking { start, end } => Event::ThinkingDelta(text(start, end)?),
            Self::Usage(usage) => Event::Usage(usage),
            Self::Cut { bytes } => Event::Truncated { what: Kept::Reply, bytes },
            Self::Call { offset, index } => {
                let bad = Error::new(ErrorKind::BadResponse, 0);
                let record = Record::at(bytes, offset).ok_or(bad)?;
                let (wire_id, name, arguments) = record.call();
                let id = CallId(calls.saturating_add(index));
                Event::ToolCall(ToolCall { id, wire_id, name, arguments })
            }
        })
    }
}
