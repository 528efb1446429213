//! Making room by the policy of the configuration: down to the low mark, and never a part of an exchange.

use super::RoomAttempts;
use crate::Error;
use crate::message::{Dropped, Event};
use crate::provider::{Config, RoomPolicy};
use crate::session::Step;
use crate::session::machine::Machine;
use crate::session::room::{LastResort, exchange, oldest};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{ELIDED, FIRST, HEADER_BYTES, Kind, Record};
use crate::wire::json_write::Digits;

/// What must be removed.
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
        self.count = self.count.up_to(config, log.bytes());
        if self.room_attempts.has(RoomAttempts::REFUSED)
            && !self.room_attempts.has(RoomAttempts::SHORTER)
        {
            return Ok(self.shorten(log, config));
        }
        if policy == RoomPolicy::Summarise && self.ask_for_summary(log, config) {
            return Ok(Event::Compacting);
        }
        let excess = self.count.excess(config, log.bytes());
        let tokens = excess.marks.max(excess.context);
        let needed = Needed { bytes: with_reserve(log, bytes as usize), tokens };
        let elided = match policy {
            RoomPolicy::DropOldest => 0,
            _ => self.elide(log, config, needed),
        };
        // A summary is removed only if it must be.
        let last =
            if bytes > 0 || excess.context > 0 { LastResort::Summary } else { LastResort::Nothing };
        let (what, freed) = match elided {
            0 => (Dropped::OldExchanges, self.drop_until(log, config, needed, last)),
            freed => (Dropped::OldResults, freed),
        };
        let (what, freed) = match freed {
            0 if excess.context > 0 => {
                // Below the high mark: unsent text is only estimated.
                let most = self.count.limits(config).high_water(config.dialect());
                let over = self.count.total().saturating_sub(most).max(excess.context);
                let bytes = self.result_bytes(log, config, over);
                (Dropped::ToolResult, self.shorten_results(log, config, bytes))
            }
            freed => (what, freed),
        };
        if freed == 0 {
            return Err(self.no_room(log, config));
        }
        self.enter_send(log, config);
        Ok(Event::Truncated { what, bytes: freed as u32 })
    }

    /// Drops the oldest exchanges until enough is free, or nothing more can be dropped; returns
    /// their bytes. The rest is moved once.
    pub(super) fn drop_until(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        needed: Needed,
        last: LastResort,
    ) -> usize {
        let turn = self.turn as usize;
        let (mut cut, mut bytes, mut tokens) = (FIRST_RECORD, 0, 0_u32);
        while bytes < needed.bytes.max(1) || self.count.worth(tokens) < needed.tokens {
            let Some((start, end)) = exchange(log, turn, cut) else { break };
            bytes += end - start;
            tokens =
                tokens.saturating_add(self.count.tokens_between(config, log.bytes(), start, end));
            cut = end;
        }
        if bytes > 0 {
            return self.drop_before(log, cut, tokens);
        }
        let Some((start, end)) = oldest(log, turn, last) else { return 0 };
        self.remove(log, config, start, end);
        end - start
    }

    /// Removes everything before `cut` except summaries and the text that began the turn; it has
    /// this many tokens. Returns its bytes.
    fn drop_before(&mut self, log: &mut Log<'_>, cut: usize, tokens: u32) -> usize {
        let turn = self.turn as usize;
        let (mut at, mut end) = (FIRST_RECORD, FIRST_RECORD);
        while let Some(record) = log.record(at).filter(|record| record.offset < cut) {
            let next = record.end();
            // The text that began the turn keeps its attachments.
            if record.is_summary() || at == turn || at > turn && record.is_users_attachment() {
                if at == turn {
                    self.turn = end as u32;
                }
                log.move_down(at, next, end);
                end += next - at;
            }
            at = next;
        }
        if turn >= cut {
            self.turn -= (cut - end) as u32;
        }
        log.remove(end, cut);
        self.count.drop(tokens, cut - end);
        self.rewrites = self.rewrites.wrapping_add(1);
        self.forget_failure();
        cut - end
    }

    /// Replaces old results until enough is free, or none is left; returns the freed bytes. Those
    /// of the last reply stay: the model has not seen them. The rest is moved once.
    pub(super) fn elide(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        needed: Needed,
    ) -> usize {
        let (turn, last) = (self.turn as usize, last_reply(log));
        let mut left_out = 0_usize;
        // All before `end` is done and moved down; what is at `at` is next.
        let (mut at, mut end, mut tokens) = (FIRST_RECORD, FIRST_RECORD, 0_u32);
        let mut names = CallNames { reply: FIRST_RECORD, index: 0, call: FIRST_RECORD };
        while at < last && (at - end < needed.bytes || self.count.worth(tokens) < needed.tokens) {
            let Some(record) = log.record(at) else { break };
            let next = record.end();
            if begins_reply(&record) {
                names = CallNames { reply: end, index: 0, call: end };
            }
            let stub = names.stub(log.bytes(), &record);
            let freed = record.payload.len().saturating_sub(stub.len());
            let goes = record.is(Kind::Result) && !record.header.has(ELIDED);
            if at == turn {
                self.turn = end as u32;
            }
            if goes && freed >= LEAST_FREED_BYTES {
                let before = self.count.tokens_between(config, log.bytes(), at, next);
                let mut header = record.header;
                header.set(ELIDED);
                header.length = stub.len() as u32;
                log.write(end, header, &stub);
                let stub_end = end + HEADER_BYTES + stub.len();
                let after = self.count.tokens_between(config, log.bytes(), end, stub_end);
                tokens = tokens.saturating_add(before.saturating_sub(after));
                end = stub_end;
            } else {
                if let Some(bytes) = old_attachment(&record, turn) {
                    let before = self.count.tokens_between(config, log.bytes(), at, next);
                    log.set_flags(at, ELIDED);
                    let after = self.count.tokens_between(config, log.bytes(), at, next);
                    tokens = tokens.saturating_add(before.saturating_sub(after));
                    left_out = left_out.saturating_add(bytes);
                }
                log.move_down(at, next, end);
                end += next - at;
            }
            at = next;
        }
        if at == end && left_out == 0 {
            return 0;
        }
        if turn >= at {
            self.turn -= (at - end) as u32;
        }
        log.remove(end, at);
        self.count.drop(tokens, at - end);
        self.rewrites = self.rewrites.wrapping_add(1);
        self.forget_failure();
        (at - end).saturating_add(left_out)
    }

    /// Whether [`Self::elide`] would surely find something.
    pub(super) fn can_elide(&self, log: &Log<'_>) -> bool {
        let last = last_reply(log);
        let old = log.records_from(FIRST_RECORD).take_while(|record| record.offset < last);
        let mut old = old.filter(|it| !it.header.has(ELIDED));
        let least = STUB_BYTES + LEAST_FREED_BYTES;
        let turn = self.turn as usize;
        old.any(|it| {
            it.is(Kind::Result) && it.payload.len() >= least || old_attachment(&it, turn).is_some()
        })
    }
}

/// The bytes of an attachment that can be left out: attachments of the text that began the turn stay.
#[cfg(feature = "attachments")]
fn old_attachment(record: &Record<'_>, turn: usize) -> Option<usize> {
    let is_old = record.offset < turn || !record.is_users_attachment();
    let goes = record.is(Kind::Attachment) && !record.header.has(ELIDED) && is_old;
    crate::transcript::attached::read(record).filter(|_| goes).map(|it| it.bytes.max(1) as usize)
}

#[cfg(not(feature = "attachments"))]
const fn old_attachment(_: &Record<'_>, _: usize) -> Option<usize> {
    None
}

/// The names of the calls of a reply, for the text that replaces their results.
struct CallNames {
    /// Where the reply begins.
    reply: usize,
    /// The last looked-up call: results are mostly in the order of their calls.
    index: u32,
    call: usize,
}

impl CallNames {
    /// The text that replaces `result`.
    fn stub(&mut self, bytes: &[u8], result: &Record<'_>) -> heapless::Vec<u8, STUB_BYTES> {
        let mut stub = heapless::Vec::new();
        if !result.is(Kind::Result) {
            return stub;
        }
        let wanted = result.header.call_index();
        if wanted < self.index {
            (self.index, self.call) = (0, self.reply);
        }
        let mut call = Record::find_part(bytes, self.call, self.reply, Kind::Call.bit());
        while self.index < wanted
            && let Some(before) = call
        {
            call = Record::find_part(bytes, before.end(), self.reply, Kind::Call.bit());
            self.index += 1;
        }
        self.call = call.map_or(self.reply, |call| call.offset);
        if call.is_none() {
            self.index = 0;
        }
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
            // Room for the longest name and number.
            let _ = stub.extend_from_slice(piece);
        }
        stub
    }
}

/// The room to free, so that the next time is not soon: a quarter of the storage.
fn with_reserve(log: &mut Log<'_>, missing: usize) -> usize {
    if missing == 0 {
        return 0;
    }
    let quarter = log.limit() / 4;
    missing.max(quarter - log.room(quarter))
}

/// Where the last reply begins.
pub(super) fn last_reply(log: &Log<'_>) -> usize {
    let last = log.records_from(FIRST_RECORD).filter(begins_reply).last();
    last.map_or(FIRST_RECORD, |record| record.offset)
}

pub(super) fn begins_reply(record: &Record<'_>) -> bool {
    record.is_reply() && record.header.has(FIRST)
}

/// The least that eliding one result must free to be worthwhile.
const LEAST_FREED_BYTES: usize = 64;

/// Bytes of a tool's name that a stub repeats.
const NAME_BYTES: usize = 64;

const STUB_BYTES: usize = NAME_BYTES + 96;
