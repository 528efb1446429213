//! The tool calls of the last reply that wait for an answer.

use crate::message::{CallId, ToolCall};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{ANSWERED, FIRST, Header, Kind, MARKED, REPEATED, Record, Records};
use crate::wire::hash::hash;
use crate::wire::json_read::is_value;

/// What the model is told of a call that is not handed out.
pub(super) const MALFORMED: &str =
    "not run: the arguments are not one JSON value; make the call again with whole arguments";

/// Which calls are open.
#[derive(Clone, Copy, Debug)]
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
    pub const NONE: Self = Self::new(0, 0, 0);

    /// The calls of the reply that begins at `reply`, none of them answered.
    pub const fn new(reply: u32, before: u32, total: u16) -> Self {
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
        let (mut at, mut seen) = (FIRST_RECORD, Seen::NONE);
        // The marks in the bytes are not trusted: only results count.
        while let Some(record) = log.record(at) {
            let (offset, end, mut header) = (record.offset, record.end(), record.header);
            if record.is(Kind::Call) {
                header.clear(ANSWERED | MARKED | REPEATED);
                let arguments = record.call().2;
                let is_object = crate::wire::json_read::is_object(arguments.as_bytes());
                let malformed = !arguments.is_empty() && !is_object;
                header.set(if malformed { MARKED } else { 0 });
                let is_repeated = seen.add(&record) && is_repeated(log.bytes(), &record);
                header.set(if is_repeated { REPEATED } else { 0 });
                // The slot counts only while the reply comes.
                header.info[2] = 0;
                log.set_header(offset, header);
            } else if record.is(Kind::Result) && offset >= reply as usize {
                let id = CallId(before.saturating_add(header.call_index()));
                if let Some((call, _)) = open.position(log.bytes(), id) {
                    open.answer(log, call);
                }
            }
            at = end;
        }
        open
    }

    /// The open calls, in the order of the model.
    pub fn calls<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = ToolCall<'a>> {
        let open = *self;
        let mut at = Some(open.first());
        core::iter::from_fn(move || {
            let (record, index) = open.next_open(bytes, at?)?;
            at = Some((record.end(), index + 1));
            let (wire_id, name, arguments) = record.call();
            let id = CallId(open.before + u32::from(index));
            Some(ToolCall { id, wire_id, name, arguments })
        })
    }

    /// The offset and the index of the open call `id`.
    pub fn position(&self, bytes: &[u8], id: CallId) -> Option<(usize, u16)> {
        let wanted = id.number().checked_sub(self.before)?;
        let mut at = self.first();
        loop {
            let (record, index) = self.next_open(bytes, at)?;
            if u32::from(index) == wanted {
                return Some((record.offset, index));
            }
            at = (record.end(), index + 1);
        }
    }

    /// The call at `offset` has its answer.
    pub fn answer(&mut self, log: &mut Log<'_>, offset: usize) {
        log.set_flags(offset, ANSWERED);
        self.count -= 1;
        if let Some((call, index)) = self.next_open(log.bytes(), self.first()) {
            (self.first, self.first_index) = (call.offset as u32, index);
        }
    }

    /// Answers all open calls by `reason`; false when there is no room for that, so that the
    /// reply must go.
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

    /// Marks the calls of the reply whose ids came before: servers count them anew in each reply,
    /// and others refuse them.
    pub fn mark_repeated(&self, log: &mut Log<'_>) {
        let mut seen = Seen::NONE;
        let mut at = FIRST_RECORD;
        while let Some(record) = log.record(at) {
            let (offset, end) = (record.offset, record.end());
            let may_repeat = record.is(Kind::Call) && seen.add(&record);
            if may_repeat && offset >= self.reply as usize && is_repeated(log.bytes(), &record) {
                log.set_flags(offset, REPEATED);
            }
            at = end;
        }
    }

    /// Tells the model of each open call whose arguments are not one JSON value that it was not
    /// run; false when there is no room for that.
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
        let has_room = log.push(header, &[reason.as_bytes()]).is_ok();
        if has_room {
            self.answer(log, call);
        }
        has_room
    }

    const fn first(&self) -> (usize, u16) {
        (self.first as usize, self.first_index)
    }

    /// The first open call from `at` on, the place and the index of a call or of what follows
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

/// Whether a call before `call` has the same id.
fn is_repeated(bytes: &[u8], call: &Record<'_>) -> bool {
    let (id, ..) = call.call_bytes();
    let before = Records::from(bytes, FIRST_RECORD).take_while(|it| it.offset < call.offset);
    !id.is_empty() && before.filter(|it| it.is(Kind::Call)).any(|it| it.call_bytes().0 == id)
}

/// The ids of calls that were seen, a bit for many: most calls repeat none, which is known without
/// a look at those before.
struct Seen([u32; SEEN_WORDS]);

impl Seen {
    const NONE: Self = Self([0; SEEN_WORDS]);

    /// One more call. False when none before had its id.
    fn add(&mut self, call: &Record<'_>) -> bool {
        let hash = hash(call.call_bytes().0);
        let Some(bits) = self.0.get_mut((hash >> 5) as usize % SEEN_WORDS) else { return true };
        let bit = 1 << (hash % 32);
        let is_known = *bits & bit != 0;
        *bits |= bit;
        is_known
    }
}

/// Few on a small stack, and enough for long conversations on a large one.
const SEEN_WORDS: usize = if cfg!(target_pointer_width = "64") { 4096 } else { 16 };
