//! The changes that the reader of calls in text makes to a reply.

use super::{Reply, Sink};
use crate::transcript::record::{FIRST, HEADER_BYTES, Record};
use crate::wire::scan::is_blank;

/// How far the calls of a reply go, to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallCounts {
    used: usize,
    calls: u16,
    last_call: u32,
    unclosed: u16,
}

impl Sink<'_, '_> {
    /// The state of the reply; no part of it is open.
    pub fn point(&mut self) -> CallCounts {
        self.end_part();
        let Reply { calls, last_call, unclosed, .. } = *self.reply;
        CallCounts { used: self.log.used(), calls, last_call, unclosed }
    }

    /// Removes everything since `point`.
    pub fn go_back(&mut self, point: CallCounts) {
        self.drop_stage();
        self.reply.open = 0;
        self.log.truncate(point.used);
        (self.reply.calls, self.reply.last_call) = (point.calls, point.last_call);
        self.reply.unclosed = point.unclosed;
    }

    /// The last call.
    pub fn last_call(&self) -> Option<Record<'_>> {
        self.log.record(self.reply.last_call as usize).filter(|_| self.reply.last_call != 0)
    }

    /// Removes bytes from a text record before the calls, and the space around them if nothing
    /// follows; returns the number of bytes removed.
    pub fn take_from_text(&mut self, text: usize, start: usize, end: usize) -> usize {
        let Some(record) = self.log.record(text) else { return 0 };
        let (before, after) = (text + HEADER_BYTES..start, end..record.end());
        let part = |range| {
            let bytes = self.log.bytes().get(range).unwrap_or_default();
            core::str::from_utf8(bytes).unwrap_or_default()
        };
        let (mut start, mut end, mut header) = (start, end, record.header);
        if is_blank(part(after)) {
            end = record.end();
            start = text + HEADER_BYTES + part(before).trim_end().len();
        }
        header.length = header.length.saturating_sub(end.saturating_sub(start) as u32);
        if header.length == 0 {
            start = text;
        } else {
            self.log.set_header(text, header);
        }
        self.log.remove(start, end);
        let gone = end.saturating_sub(start);
        self.reply.last_call = self.reply.last_call.saturating_sub(gone as u32);
        gone
    }

    /// The first record begins the message, whatever its kind is now.
    pub fn mark_first(&mut self) {
        let start = self.reply.start as usize;
        if start < self.log.used() {
            self.log.set_flags(start, FIRST);
        }
    }
}
