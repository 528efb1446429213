//! The tool calls of the last reply that wait for an answer.

use crate::message::{CallId, ToolCall};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{ANSWERED, FIRST, HEADER_BYTES, Header, Kind, MARKED, Record};

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
        let (mut calls, mut at) = (0, FIRST_RECORD);
        while let Some(call) = Record::find(log.bytes(), at, Kind::Call.bit()) {
            (calls, at) = (calls + 1, call.end());
        }
        Self::new(log.used() as u32, calls, 0)
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
    pub fn calls<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = ToolCall<'a>> + use<'a> {
        let (base, mut at) = (self.before, Some((self.first as usize, self.first_index)));
        at = at.filter(|_| self.count > 0);
        core::iter::from_fn(move || {
            let (from, index) = at?;
            let Some((record, index)) = open_call(bytes, from, index) else {
                at = None;
                return None;
            };
            at = Some((record.end(), index.saturating_add(1)));
            let (wire_id, name, arguments) = record.call();
            let id = CallId(base.saturating_add(index.into()));
            Some(ToolCall { id, wire_id, name, arguments })
        })
    }

    /// The offset and the index of the open call `id`.
    pub fn position(&self, log: &Log<'_>, id: CallId) -> Option<(usize, u16)> {
        let wanted = u16::try_from(id.number().checked_sub(self.before)?).ok()?;
        let (mut offset, mut index) = (self.first as usize, self.first_index);
        while self.count > 0 {
            let (record, found) = open_call(log.bytes(), offset, index)?;
            if found == wanted {
                return Some((record.offset, wanted));
            }
            (offset, index) = (record.end(), found.saturating_add(1));
        }
        None
    }

    /// The call at `offset` has its answer.
    pub fn answer(&mut self, log: &mut Log<'_>, offset: usize) {
        if let Some(mut header) = log.header(offset) {
            header.flags |= ANSWERED;
            log.set_header(offset, header);
            self.count = self.count.saturating_sub(1);
        }
        if let Some((call, index)) = open_call(log.bytes(), self.first as usize, self.first_index) {
            (self.first, self.first_index) = (call.offset as u32, index);
        }
    }

    /// Bytes that [`abort`](Self::abort) writes.
    pub fn abort_bytes(&self) -> usize {
        usize::from(self.count).saturating_mul(HEADER_BYTES + ABORTED.len())
    }

    /// Answers all open calls by "aborted"; when there is no room for that, the reply is
    /// taken out.
    pub fn abort(&mut self, log: &mut Log<'_>) {
        while self.count > 0 {
            let first = open_call(log.bytes(), self.first as usize, self.first_index);
            let Some((offset, index)) = first.map(|(call, index)| (call.offset, index)) else {
                break;
            };
            let [low, high] = index.to_le_bytes();
            let header = Header::new(Kind::Result, FIRST | MARKED, [low, high, 0]);
            if log.push(header, &[ABORTED]).is_err() {
                log.truncate(self.reply as usize);
                self.count = 0;
                return;
            }
            self.answer(log, offset);
        }
    }
}

/// The first call at `offset` or behind it, in its reply, that has no answer. `index` is that of
/// the call that stands first there, and then that of the one that is found.
fn open_call(bytes: &[u8], offset: usize, mut index: u16) -> Option<(Record<'_>, u16)> {
    let mut call = Record::find_part(bytes, offset, offset, Kind::Call.bit())?;
    while call.header.has(ANSWERED) {
        index = index.saturating_add(1);
        call = Record::find_part(bytes, call.end(), offset, Kind::Call.bit())?;
    }
    Some((call, index))
}

/// What a call is answered that nobody runs any more.
const ABORTED: &[u8] = b"aborted";
