//! The tool calls of the last reply that wait for an answer.

use crate::message::{CallId, ToolCall};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::places::{FEW, call_behind};
use crate::transcript::record::{
    ANSWERED, FIRST, Header, Kind, MARKED, REPEATED, Record, Records, text,
};
use crate::wire::hash::hash;
use crate::wire::json_read::is_value;
use crate::wire::json_write::CallIdRule;

/// The result of a call that is not handed out.
pub(super) const MALFORMED: &str =
    "not run: the arguments are not one JSON value; make the call again with whole arguments";

/// Which calls are open.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenCalls {
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

impl OpenCalls {
    pub const NONE: Self = Self::new(0, 0, 0);

    /// The calls of the reply that begins at `reply`; all of them are open.
    pub const fn new(reply: u32, before: u32, total: u16) -> Self {
        Self { reply, before, count: total, first: reply, first_index: 0 }
    }

    /// No call yet of a reply that begins at the end of `log`.
    pub fn before(log: &Log<'_>) -> Self {
        let records = log.records_from(FIRST_RECORD);
        let calls = records.filter(|record| record.is(Kind::Call)).count();
        Self::new(log.used() as u32, calls as u32, 0)
    }

    /// Finds the open calls of a saved conversation, and marks the others as answered. Also returns
    /// whether a reply has more than a few calls.
    pub fn find(log: &mut Log<'_>) -> (Self, bool) {
        let (mut reply, mut before, mut total) = (0, 0_u32, 0_u16);
        let mut has_long = false;
        for record in log.records_from(FIRST_RECORD) {
            if record.is_reply() && record.header.has(FIRST) {
                before = before.saturating_add(total.into());
                (reply, total) = (record.offset as u32, 0);
            }
            total = total.saturating_add(record.is(Kind::Call).into());
            has_long |= u32::from(total) > FEW;
        }
        let mut open = Self::new(reply, before, total);
        let mut at = FIRST_RECORD;
        // The marks in the bytes are not trusted: only results count.
        while let Some(record) = log.record(at) {
            let (offset, end, mut header) = (record.offset, record.end(), record.header);
            if record.is(Kind::Call) {
                header.clear(ANSWERED | MARKED | REPEATED);
                let arguments = record.call().2;
                let is_object = crate::wire::json_read::is_object(arguments.as_bytes());
                let malformed = !arguments.is_empty() && !is_object;
                header.set(if malformed { MARKED } else { 0 });
                log.set_header(offset, header);
            }
            at = end;
        }
        mark_repeated(log, FIRST_RECORD);
        at = reply as usize;
        while let Some(record) = log.record(at).filter(|_| reply > 0) {
            let (offset, end, index) = (record.offset, record.end(), record.header.call_index());
            if record.is(Kind::Result)
                && let Some((call, _)) = open.position(log, CallId(before.saturating_add(index)))
            {
                open.answer(log, call, offset);
            }
            at = end;
        }
        (open, has_long)
    }

    /// The open calls, in the order of the model.
    pub fn calls<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = ToolCall<'a>> {
        let open = *self;
        let mut at = Some(open.first());
        core::iter::from_fn(move || {
            let (record, index) = open.next_open(bytes, at?)?;
            at = Some((record.end(), index + 1));
            let (provider_id, name, arguments) = record.call();
            let id = CallId(open.before + u32::from(index));
            Some(ToolCall { id, provider_id, name, arguments })
        })
    }

    /// The offset and the index of the open call `id`.
    pub fn position(&self, log: &mut Log<'_>, id: CallId) -> Option<(usize, u16)> {
        let wanted = id.number().checked_sub(self.before)?;
        let (at, first) = self.first();
        let steps = wanted.checked_sub(first.into())?;
        let reply = self.reply as usize;
        let noted = if steps > FEW { log.noted_call(reply, wanted) } else { None };
        let (at, steps) = noted.map_or((at, steps), |call| (call, 0));
        let call = call_behind(log.bytes(), reply, at, steps)?;
        let is_open = self.count > 0 && !call.header.has(ANSWERED);
        Some((call.offset, u16::try_from(wanted).ok()?)).filter(|_| is_open)
    }

    /// The call at `offset` has its answer, which is the record at `result`.
    pub fn answer(&mut self, log: &mut Log<'_>, offset: usize, result: usize) {
        log.set_flags(offset, ANSWERED);
        log.note_result(offset, result);
        self.count -= 1;
        if let Some((call, index)) = self.next_open(log.bytes(), self.first()) {
            (self.first, self.first_index) = (call.offset as u32, index);
        }
    }

    /// Answers all open calls with `reason`; false if there is no room for that, so that the reply
    /// must be removed.
    pub fn answer_all(&mut self, log: &mut Log<'_>, reason: &str) -> bool {
        while let Some((call, index)) = self.next_open(log.bytes(), self.first()) {
            let offset = call.offset;
            if !self.refuse(log, (offset, index), reason) {
                self.count = 0;
                return false;
            }
        }
        true
    }

    /// Marks the calls of the reply whose ids are repeated: servers count them from the start in
    /// each reply, and others refuse them.
    pub fn mark_repeated(&self, log: &mut Log<'_>) {
        mark_repeated(log, self.reply as usize);
    }

    /// Records who made the calls of the reply whose ids not all providers accept.
    pub fn mark_maker(&self, log: &mut Log<'_>, maker: u8) {
        let (mut at, reply) = (self.reply as usize, self.reply as usize);
        while let Some(call) = Record::find_part(log.bytes(), at, reply, Kind::Call.bit()) {
            let (offset, mut header) = (call.offset, call.header);
            at = call.end();
            let is_plain = CallIdRule::all_take(text(call.call_bytes().0));
            let [id, name, _] = header.info;
            header.info = [id, name, if is_plain { 0 } else { maker }];
            log.set_header(offset, header);
        }
    }

    /// Answers each open call whose arguments are not one JSON value with an error; false if there
    /// is no room for that.
    pub fn refuse_malformed(&mut self, log: &mut Log<'_>) -> bool {
        let mut at = self.first();
        while let Some((call, index)) = self.next_open(log.bytes(), at) {
            let offset = call.offset;
            at = (call.end(), index + 1);
            let is_value = !call.header.has(MARKED) || is_value(call.call().2.as_bytes());
            if !is_value && !self.refuse(log, (offset, index), MALFORMED) {
                return false;
            }
        }
        true
    }

    /// Answers the call at this offset and of this index by an error.
    fn refuse(&mut self, log: &mut Log<'_>, (call, index): (usize, u16), reason: &str) -> bool {
        let [low, high] = index.to_le_bytes();
        let header = Header::new(Kind::Result, FIRST | MARKED, [low, high, 0]);
        let pushed = log.push(header, &[reason.as_bytes()]);
        if let Ok(result) = pushed {
            self.answer(log, call, result);
        }
        pushed.is_ok()
    }

    const fn first(&self) -> (usize, u16) {
        (self.first as usize, self.first_index)
    }

    /// The first open call from `at` on, the place and the index of a call or of the record after
    /// one, and its index.
    #[inline(never)]
    fn next_open<'a>(
        &self,
        bytes: &'a [u8],
        (mut at, mut index): (usize, u16),
    ) -> Option<(Record<'a>, u16)> {
        if self.count == 0 {
            return None;
        }
        loop {
            let call = Record::find_part(bytes, at, self.reply as usize, Kind::Call.bit())?;
            if !call.header.has(ANSWERED) {
                return Some((call, index));
            }
            at = call.end();
            index += 1;
        }
    }
}

/// Marks the calls from `from` on whose ids are repeated.
fn mark_repeated(log: &mut Log<'_>, from: usize) {
    // If many ids may be repeated, they are sorted.
    if cfg!(target_pointer_width = "64") {
        if !log.records_from(from).any(|record| record.is(Kind::Call)) {
            return;
        }
        let calls = || log.records_from(FIRST_RECORD).filter(|record| record.is(Kind::Call));
        // A large table is cleared only for many.
        if calls().take(FEW_IDS + 1).count() > FEW_IDS {
            let mut seen = SeenIds::<MANY_WORDS>::NONE;
            let mut known = 0_usize;
            for call in calls() {
                known += usize::from(seen.add(&call) && call.offset >= from);
            }
            if known > 0 && !(known > FEW_IDS && log.mark_all_repeated(from)) {
                mark_one_by_one::<MANY_WORDS>(log, from);
            }
            return;
        }
    }
    mark_one_by_one::<FEW_WORDS>(log, from);
}

/// Searches for each id that may be repeated.
fn mark_one_by_one<const WORDS: usize>(log: &mut Log<'_>, from: usize) {
    let mut seen = SeenIds::<WORDS>::NONE;
    let mut at = FIRST_RECORD;
    while let Some(record) = log.record(at) {
        let (offset, end) = (record.offset, record.end());
        let may_repeat = record.is(Kind::Call) && seen.add(&record);
        if may_repeat && offset >= from && is_repeated(log.bytes(), &record) {
            log.set_flags(offset, REPEATED);
        }
        at = end;
    }
}

/// Up to this many ids are searched one by one.
const FEW_IDS: usize = 8;

/// Whether a call before `call` has the same id.
fn is_repeated(bytes: &[u8], call: &Record<'_>) -> bool {
    let (id, ..) = call.call_bytes();
    let before = Records::from(bytes, FIRST_RECORD).take_while(|it| it.offset < call.offset);
    !id.is_empty() && before.filter(|it| it.is(Kind::Call)).any(|it| it.call_bytes().0 == id)
}

/// The ids of calls that were seen, a bit for many: most calls repeat none, which is known without
/// comparing earlier ones.
struct SeenIds<const WORDS: usize>([u32; WORDS]);

impl<const WORDS: usize> SeenIds<WORDS> {
    const NONE: Self = Self([0; WORDS]);

    /// One more call. False if no earlier one had its id.
    fn add(&mut self, call: &Record<'_>) -> bool {
        let hash = hash(call.call_bytes().0);
        let Some(bits) = self.0.get_mut((hash >> 5) as usize % WORDS) else { return true };
        let bit = 1 << (hash % 32);
        let is_known = *bits & bit != 0;
        *bits |= bit;
        is_known
    }
}

/// The size of the table for few calls, which a small stack has room for, and of that for a long conversation.
const FEW_WORDS: usize = 16;
const MANY_WORDS: usize = 4096;

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::transcript::Growing;
    use crate::transcript::places::Extent;

    #[test]
    fn repeated_ids_are_marked_among_few_calls_and_among_many() {
        for (calls, ids) in [(1, 1), (5, 3), (9, 8), (9, 9), (40, 38), (40, 20)] {
            let (mut storage, mut extent) = (Growing::new(1 << 16), Extent::new(0));
            let mut log = Log::new(&mut storage, &mut extent);
            log.start().unwrap();
            for call in 0..calls {
                let id = [b'a' + (call % ids) as u8; 3];
                log.push(Header::new(Kind::Call, 0, [3, 1, call as u8]), &[&id, b"f{}"]).unwrap();
            }
            mark_repeated(&mut log, FIRST_RECORD);
            for (number, call) in log.records_from(FIRST_RECORD).enumerate() {
                assert_eq!(call.header.has(REPEATED), number >= ids, "{number}: {calls}, {ids}");
            }
        }
    }
}
