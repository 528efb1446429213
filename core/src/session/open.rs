//! The tool calls of the last reply that wait for an answer.

use crate::message::{CallId, ToolCall};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{ANSWERED, FIRST, Header, Kind, MARKED, Record, Records};

/// Which calls are open.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Open {
    /// Where the reply begins.
    pub reply: u32,
    /// Calls of the session before the reply.
    pub before: u32,
    /// Calls of the reply without an answer.
    pub count: u16,
    /// The first record that may be an open call, and its index: calls are mostly answered
    /// in their order.
    first: u32,
    first_index: u16,
}

impl Open {
    /// The calls of the reply that begins at `reply`, none of them answered.
    pub fn new(reply: u32, before: u32, total: u16) -> Self {
        Self { reply, before, count: total, first: reply, first_index: 0 }
    }

    /// No call yet of a reply that begins at the end of `log`.
    pub fn before(log: &Log<'_>) -> Self {
        let records = log.records_from(FIRST_RECORD);
        let calls = records.filter(|record| record.is(Kind::Call)).count();
        Self::new(log.used() as u32, calls as u32, 0)
    }

    /// Finds the open calls of a saved conversation, and marks the others as answered.
    pub fn find(log: &mut Log<'_>) -> Self {
        let (mut reply, mut before, mut total) = (0, 0_u32, 0_u16);
        for record in log.records_from(FIRST_RECORD) {
            if record.is_reply() && record.header.has(FIRST) {
                before = before.saturating_add(total.into());
                (reply, total) = (record.offset as u32, 0);
            }
            total = total.saturating_add(record.is(Kind::Call).into());
        }
        let mut open = Self::new(reply, before, total);
        let mut at = FIRST_RECORD;
        // The marks in the bytes are not trusted: only results count.
        while let Some(record) = log.record(at) {
            let (offset, end, mut header) = (record.offset, record.end(), record.header);
            if record.is(Kind::Call) {
                header.flags &= !ANSWERED;
                let arguments = record.call().2;
                let is_object = crate::wire::json_read::is_object(arguments.as_bytes());
                let malformed = !arguments.is_empty() && !is_object;
                header.flags = header.flags & !MARKED | if malformed { MARKED } else { 0 };
                // The slot counts only while the reply comes.
                header.info[2] = 0;
                log.set_header(offset, header);
            } else if record.is(Kind::Result) && offset >= reply as usize {
                let id = CallId(before.saturating_add(header.call_index()));
                if let Some((call, _)) = open.position(log, id) {
                    open.answer(log, call);
                }
            }
            at = end;
        }
        open
    }

    /// The open calls, in the order of the model.
    pub fn calls<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = ToolCall<'a>> {
        let base = self.before;
        self.indexed(bytes).filter(|(record, _)| !record.header.has(ANSWERED)).map(
            move |(record, index)| {
                let (wire_id, name, arguments) = record.call();
                let id = CallId(base.saturating_add(index.into()));
                ToolCall { id, wire_id, name, arguments }
            },
        )
    }

    /// The offset and the index of the open call `id`.
    pub fn position(&self, log: &Log<'_>, id: CallId) -> Option<(usize, u16)> {
        let wanted = u16::try_from(id.number().checked_sub(self.before)?).ok()?;
        let mut calls = self.indexed(log.bytes());
        let (record, index) = calls.find(|(_, index)| *index == wanted)?;
        (!record.header.has(ANSWERED)).then_some((record.offset, index))
    }

    /// The call at `offset` has its answer.
    pub fn answer(&mut self, log: &mut Log<'_>, offset: usize) {
        if let Some(mut header) = log.header(offset) {
            header.flags |= ANSWERED;
            log.set_header(offset, header);
            self.count = self.count.saturating_sub(1);
        }
        if let Some((offset, index)) = self.next_open(log.bytes()) {
            (self.first, self.first_index) = (offset as u32, index);
        }
    }

    /// Answers all open calls by "aborted"; false when there is no room for that, so that the
    /// reply must go.
    pub fn abort(&mut self, log: &mut Log<'_>) -> bool {
        while self.count > 0 {
            let Some((offset, index)) = self.next_open(log.bytes()) else { break };
            let [low, high] = index.to_le_bytes();
            let header = Header::new(Kind::Result, FIRST | MARKED, [low, high, 0]);
            if log.push(header, &[b"aborted"]).is_err() {
                self.count = 0;
                return false;
            }
            self.answer(log, offset);
        }
        true
    }

    /// The offset and the index of the first open call.
    fn next_open(&self, bytes: &[u8]) -> Option<(usize, u16)> {
        let mut calls = self.indexed(bytes);
        let (record, index) = calls.find(|(record, _)| !record.header.has(ANSWERED))?;
        Some((record.offset, index))
    }

    /// The calls from the first open one on, with their indices.
    fn indexed<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = (Record<'a>, u16)> + use<'a> {
        let start = if self.count == 0 { bytes.len() } else { self.first as usize };
        let records = Records::from(bytes, start).take_while(Record::is_reply);
        records.filter(|record| record.is(Kind::Call)).zip(self.first_index..)
    }
}
