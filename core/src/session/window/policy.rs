//! Making room as the configuration says: down to the low mark, and never half an exchange.

use super::Tried;
use super::count::is_limited;
use crate::message::{Event, Kept, StopReason};
use crate::provider::{Config, RoomPolicy};
use crate::session::Step;
use crate::session::machine::Machine;
use crate::session::room::{is_turn, oldest};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{
    ELIDED, FIRST, HEADER_BYTES, Header, Kind, MARKED, Record, Records,
};
use crate::wire::json_write::Digits;
use crate::{Error, ErrorKind};

/// What a summary replaces: all before `cut`, but for the task from `task` to `task_end`.
struct Old {
    task: usize,
    task_end: usize,
    cut: usize,
    bytes: usize,
}

/// What must go.
#[derive(Clone, Copy)]
pub(super) struct Needed {
    pub bytes: usize,
    pub tokens: u32,
}

impl Machine {
    pub fn make_room(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
    ) -> Result<Event<'static>, Error> {
        let policy = config.limits().room;
        let Step::MakeRoom { bytes } = self.step else {
            return Err(crate::session::wrong_step(self.step));
        };
        self.expect(policy != RoomPolicy::Ask)?;
        if self.tried.has(Tried::REFUSED) && !self.tried.has(Tried::SHORTER) {
            return Ok(self.shorten(log, config));
        }
        if policy == RoomPolicy::Summarise && self.ask_for_summary(log, config) {
            return Ok(Event::Compacting);
        }
        let tokens = self.count.excess(config, log.bytes());
        let tokens = tokens.marks.max(tokens.context);
        let needed = Needed { bytes: with_reserve(log, bytes as usize), tokens };
        let elided = match policy {
            RoomPolicy::DropOldest => 0,
            _ => self.elide(log, config, needed),
        };
        let (what, freed) = match elided {
            0 => (Kept::OldExchanges, self.drop_until(log, config, needed)),
            freed => (Kept::OldResults, freed),
        };
        if freed == 0 {
            return Err(self.no_room(log, config));
        }
        self.enter_send(log, config);
        Ok(Event::Truncated { what, bytes: freed as u32 })
    }

    /// Drops the oldest exchanges until enough is free, or nothing more can go; the bytes of it.
    pub(super) fn drop_until(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        needed: Needed,
    ) -> usize {
        let before = self.count.total();
        let mut bytes = 0;
        while bytes < needed.bytes.max(1) || self.tokens_since(before) < needed.tokens {
            let Some((start, end)) = oldest(log, self.turn as usize) else { break };
            bytes += end - start;
            self.remove(log, config, start, end);
        }
        bytes
    }

    /// Replaces old results until enough is free, or none is left; the bytes that this freed.
    /// Those of the last reply stay: the model has not seen them.
    pub(super) fn elide(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        needed: Needed,
    ) -> usize {
        let before = self.count.total();
        let (mut at, mut reply, mut bytes) = (FIRST_RECORD, FIRST_RECORD, 0);
        let mut last = last_reply(log);
        while at < last && (bytes < needed.bytes || self.tokens_since(before) < needed.tokens) {
            let Some(record) = log.record(at) else { break };
            let end = record.end();
            if begins_reply(&record) {
                reply = at;
            }
            let stub = Stub::of(log.bytes(), reply, &record);
            let freed = record.payload.len().saturating_sub(stub.len());
            if record.is(Kind::Result) && !record.header.has(ELIDED) && freed >= LEAST_FREED_BYTES {
                self.count.forget(config, log.bytes(), at, end);
                log.shorten(at, ELIDED, &stub);
                if let Some(record) = log.record(at) {
                    self.count.insert(config, &record);
                }
                self.went(end - freed, end);
                (bytes, last) = (bytes + freed, last - freed);
                at = end - freed;
            } else {
                at = end;
            }
        }
        bytes
    }

    /// Whether [`Self::elide`] would surely find something.
    pub(super) fn can_elide(&self, log: &Log<'_>) -> bool {
        let last = last_reply(log);
        let old = log.records_from(FIRST_RECORD).take_while(|record| record.offset < last);
        let mut results = old.filter(|it| it.is(Kind::Result) && !it.header.has(ELIDED));
        results.any(|result| result.payload.len() >= STUB_BYTES + LEAST_FREED_BYTES)
    }

    fn tokens_since(&self, before: u32) -> u32 {
        before.saturating_sub(self.count.total())
    }

    /// Begins the request for a summary, which stands behind the conversation while it lasts;
    /// false when none can be had, or it would not help.
    fn ask_for_summary(&mut self, log: &mut Log<'_>, config: &dyn Config) -> bool {
        let limits = config.limits();
        let old = self.old(log, config, log.used());
        let mut records = log.records_from(FIRST_RECORD).take_while(|it| it.offset < old.cut);
        // A summary of a summary helps nobody.
        let is_new = records.any(|it| it.offset != old.task && !it.is_summary());
        let fits = self.count.fits(config, SUMMARY_REQUEST);
        if self.tried.has(Tried::SUMMARY) || !fits || !is_new || old.bytes < LEAST_OLD_BYTES {
            return false;
        }
        let wanted = REQUEST_BYTES + (limits.reply_bytes as usize).max(LEAST_SUMMARY_BYTES);
        let header = Header::new(Kind::User, FIRST, [0; 3]);
        if log.room(wanted) < wanted || log.push(header, &[SUMMARY_REQUEST.as_bytes()]).is_err() {
            return false;
        }
        self.forget_failure();
        self.summary = Some(Self::finish_summary);
        self.attempt = 0;
        self.step = Step::Send;
        true
    }

    fn finish_summary(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        outcome: Result<StopReason, Error>,
    ) -> Event<'static> {
        self.summary = None;
        let start = request_start(self.reply.start as usize);
        let unusable = Error::new(ErrorKind::BadResponse, 0);
        let outcome = outcome.and_then(|reason| match reason {
            StopReason::Refusal | StopReason::ContentFilter => Err(unusable),
            _ => self.install_summary(log, config, start).ok_or(unusable),
        });
        self.attempt = 0;
        if outcome.is_err() {
            self.tried.add(Tried::SUMMARY);
        }
        let event = match outcome {
            Ok(bytes) => Event::Truncated { what: Kept::Summarised, bytes: bytes as u32 },
            Err(error) => {
                log.truncate(start);
                self.error = Some(error);
                Event::SummaryFailed(error)
            }
        };
        self.enter_send(log, config);
        event
    }

    /// Puts the text of the last reply in the place of what is oldest; the bytes that this
    /// freed, or `None` when there is no text, or it is no shorter.
    fn install_summary(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        start: usize,
    ) -> Option<usize> {
        let old = self.old(log, config, start);
        self.gather_text(log, start);
        let summary = log.record(start)?;
        let length = summary.end() - start;
        if summary.text().trim().is_empty() || length >= old.bytes {
            return None;
        }
        self.remove(log, config, old.task_end, old.cut);
        self.remove(log, config, FIRST_RECORD, old.task);
        self.insert(log, config, FIRST_RECORD + (old.task_end - old.task), start - old.bytes);
        Some(old.bytes - length)
    }

    /// Makes one record of the request at `start` and the texts of its reply: a summary.
    fn gather_text(&self, log: &mut Log<'_>, start: usize) {
        log.remove(start, self.reply.start as usize);
        let mut at = start;
        while let Some(record) = log.record(at) {
            let (is_text, end) = (record.is(Kind::Text), record.end());
            if is_text && at == start {
                at = end;
            } else if is_text {
                log.remove(at, at + HEADER_BYTES);
                at = end - HEADER_BYTES;
                log.close(start);
            } else {
                log.remove(at, end);
            }
        }
        if log.used() > start {
            log.set_header(start, Header::new(Kind::User, FIRST | MARKED, [0; 3]));
            log.close(start);
        }
    }

    /// What a summary of all up to `end` replaces. The newest rounds stay as they are, as many
    /// as are short, but at least the last one; and the task of the running turn.
    fn old(&self, log: &Log<'_>, config: &dyn Config, end: usize) -> Old {
        let limits = config.limits();
        let most = if is_limited(limits) {
            // Half of the low mark, at four bytes a token.
            limits.low_water(config.provider()) as usize / 2 * 4
        } else {
            log.limit() / 8
        };
        let records = |from| log.records_from(from).take_while(|record| record.offset < end);
        let turn = self.turn as usize;
        let last = records(turn).filter(begins_reply).last().map_or(turn, |record| record.offset);
        let mut begins = records(FIRST_RECORD)
            .filter(|record| begins_reply(record) || is_turn(&record.header))
            .map(|record| record.offset);
        let cut = begins.find(|at| end - at <= most || *at >= last).unwrap_or(last);
        let task = log.record(turn).filter(|task| task.offset < cut);
        let (task, task_end) = task.map_or((cut, cut), |task| (task.offset, task.end()));
        Old { task, task_end, cut, bytes: (task - FIRST_RECORD) + (cut - task_end) }
    }
}

/// What stands in the place of a result.
struct Stub;

impl Stub {
    fn of(bytes: &[u8], reply: usize, result: &Record<'_>) -> heapless::Vec<u8, STUB_BYTES> {
        let mut stub = heapless::Vec::new();
        if !result.is(Kind::Result) {
            return stub;
        }
        let calls = Records::from(bytes, reply).take_while(Record::is_reply);
        let call = calls.filter(|it| it.is(Kind::Call)).nth(result.header.call_index() as usize);
        let name = call.map_or("a tool", |call| call.call().1);
        let name = name.get(..name.floor_char_boundary(NAME_BYTES)).unwrap_or_default();
        let number = Digits::of(result.payload.len());
        let pieces: [&[u8]; 5] = [
            b"[what ",
            name.as_bytes(),
            b" said, ",
            number.as_bytes(),
            b" bytes, was left out to make room; call it again if you need it]",
        ];
        for piece in pieces {
            // The room is that of the longest name and number.
            let _ = stub.extend_from_slice(piece);
        }
        stub
    }
}

/// What must be free, so that the next time is not soon: a quarter of the storage.
fn with_reserve(log: &mut Log<'_>, missing: usize) -> usize {
    if missing == 0 {
        return 0;
    }
    let quarter = log.limit() / 4;
    missing.max(quarter - log.room(quarter))
}

/// Where the request for a summary stands whose reply begins at `reply`.
pub(in crate::session) const fn request_start(reply: usize) -> usize {
    reply.saturating_sub(REQUEST_BYTES)
}

/// Where the last reply begins.
fn last_reply(log: &Log<'_>) -> usize {
    let last = log.records_from(FIRST_RECORD).filter(begins_reply).last();
    last.map_or(FIRST_RECORD, |record| record.offset)
}

fn begins_reply(record: &Record<'_>) -> bool {
    record.is_reply() && record.header.has(FIRST)
}

/// What the model is asked for.
const SUMMARY_REQUEST: &str = "The context is nearly full: what stands above will be replaced by \
    what you write now. Call no tool. Write down, for yourself, all that is needed to go on: the \
    task and every wish of the user, what was found out (paths, names, numbers, errors, word for \
    word), what was changed and why, what failed, and what is to be done next.";

/// The record of the request.
const REQUEST_BYTES: usize = HEADER_BYTES + SUMMARY_REQUEST.len();

/// Room that a summary needs at least.
const LEAST_SUMMARY_BYTES: usize = 512;

/// What a summary must replace to be worth its request.
const LEAST_OLD_BYTES: usize = 256;

/// What the elision of one result must free to be worth its while.
const LEAST_FREED_BYTES: usize = 64;

/// Bytes of a tool's name that a stub repeats.
const NAME_BYTES: usize = 64;

const STUB_BYTES: usize = NAME_BYTES + 96;
