//! Spare room after the arguments of calls whose pieces take turns.
//!
//! A piece of a call that is not the last goes in the middle of the transcript, and what follows
//! would move for each. So such a call gets room for as much again as it has, and everything after it
//! moves once; if little is left, it gets a part of that, and all spare room is shared out
//! again when it is used up. While the reply is received, a call with [`SPARE`] ends like this:
//!
//! ```text
//! arguments | spare bytes | how many: 4 bytes, little endian, these included
//! ```
//!
//! The room is removed before anyone reads the calls, and before anything else is dropped for room:
//! it never shows in the output.

use super::parts::PendingStart;
use super::stage::Stage;
use super::{Reply, Sink};
use crate::transcript::record::{ANSWERED, HEADER_BYTES, Kind, Record};

/// Whether calls get any: in the arena of a small processor little moves, and its flash is dear.
const IS_GIVEN: bool = cfg!(target_pointer_width = "64");

/// Whether the arguments of a call may end before its record does: the path of a value follows them, too.
const HAS_TAIL: bool = IS_GIVEN || cfg!(all(feature = "call-deltas", feature = "gemini"));

/// The call has spare room. No call has an answer while its reply is received.
pub(super) const SPARE: u8 = ANSWERED;

/// The bytes that store its size.
const COUNT_BYTES: usize = 4;

/// The least that a call gets: about the bytes of a few pieces.
const MIN_SPARE_BYTES: usize = 64;

/// The room that stays free for other content before the next check.
const KEPT_FREE_BYTES: usize = 4096;

/// Bytes of spare room after the arguments of `call`.
pub(super) fn spare_bytes(call: &Record<'_>) -> usize {
    match call.payload.last_chunk::<COUNT_BYTES>() {
        Some(count) if HAS_TAIL && call.header.has(SPARE) => u32::from_le_bytes(*count) as usize,
        _ => 0,
    }
}

/// The id, the name and the arguments of a call of a reply that comes.
pub(super) fn strings<'t>(call: &Record<'t>) -> (&'t [u8], &'t [u8], &'t [u8]) {
    let (id, name, arguments) = call.call_bytes();
    let length = arguments.len().saturating_sub(spare_bytes(call));
    (id, name, arguments.get(..length).unwrap_or_default())
}

impl Sink<'_, '_> {
    /// Puts the bytes from `start` to the end of the transcript after the arguments of the call at
    /// `call`, which is not the last. False: there is no spare room, and none can be made.
    pub(super) fn add_to_spare(&mut self, call: usize, start: usize) -> bool {
        if !IS_GIVEN {
            return false;
        }
        let length = self.log.used() - start;
        let Some(record) = self.log.record(call) else { return false };
        let (end, spare, known) = (record.end(), spare_bytes(&record), strings(&record).2.len());
        let needed = length + COUNT_BYTES;
        // If little is left, a part of that: other calls need some, too.
        let free = self.log.left().saturating_sub(KEPT_FREE_BYTES);
        let part = free / (2 * usize::from(self.reply.calls).max(1));
        let wanted = known.max(MIN_SPARE_BYTES).min(part).max(needed);
        let more = if spare < needed { wanted } else { 0 };
        if more > 0 && !self.make_spare(call, end, more) {
            return false;
        }
        let (end, spare) = (end + more, spare + more);
        self.log.move_down(start + more, start + more + length, end - spare);
        self.log.truncate(start + more);
        let left = (spare - length) as u32;
        self.log.overwrite(end - COUNT_BYTES, &left.to_le_bytes());
        true
    }

    /// Takes out all spare room, where bytes from `start` on are about to go to the call at `call`.
    /// Both may move.
    #[cfg_attr(target_pointer_width = "64", inline(never))]
    pub(super) fn share_spare(&mut self, call: usize, start: usize) -> (usize, usize) {
        if !IS_GIVEN {
            return (call, start);
        }
        let staged = Stage { start: start as u32, before: call as u32, ..Stage::default() };
        self.reply.stage = staged;
        self.drop_spare();
        let Stage { start, before, .. } = core::mem::take(&mut self.reply.stage);
        (before as usize, start as usize)
    }

    /// Gives the call at `call`, which ends at `end`, `more` bytes of spare room.
    fn make_spare(&mut self, call: usize, end: usize, more: usize) -> bool {
        let is_tight = self.log.left() < more.saturating_add(KEPT_FREE_BYTES);
        if is_tight || self.log.widen(end, more).is_err() {
            return false;
        }
        self.log.set_length(call, end + more - call - HEADER_BYTES);
        self.log.set_flags(call, SPARE);
        self.reply.has_spare = true;
        self.moved(end, 0, more);
        true
    }

    /// Takes out all spare room.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn drop_spare(&mut self) {
        if !IS_GIVEN || self.reply.is_failed() || !core::mem::take(&mut self.reply.has_spare) {
            return;
        }
        let records_end = self.reply.stage.start_or(self.log.used());
        // Each record moves down by the bytes removed before it.
        let (mut at, mut place) = (self.reply.start as usize, self.reply.start as usize);
        while let Some(record) = self.log.record(at).filter(|_| at < records_end) {
            let (end, mut header) = (record.end(), record.header);
            let spare = if record.is(Kind::Call) { spare_bytes(&record) } else { 0 };
            let kept_end = end - spare;
            if spare > 0 {
                header.length -= spare as u32;
                header.clear(SPARE);
                self.log.set_header(at, header);
            }
            self.log.move_down(at, kept_end, place);
            place += kept_end - at;
            self.moved(place + spare, spare, 0);
            at = end;
        }
        self.log.remove(place, at);
    }

    /// Takes out the spare room of the call at `call`; returns how many bytes it was.
    pub(super) fn drop_spare_of(&mut self, call: usize) -> usize {
        let Some(record) = self.log.record(call) else { return 0 };
        let (spare, end, mut header) = (spare_bytes(&record), record.end(), record.header);
        if spare > 0 {
            header.length -= spare as u32;
            header.clear(SPARE);
            self.log.set_header(call, header);
            self.log.remove(end - spare, end);
            self.moved(end, spare, 0);
        }
        spare
    }

    /// The bytes from `from` on have moved: `old` bytes before it became `new` ones.
    pub(super) fn moved(&mut self, from: usize, old: usize, new: usize) {
        let Reply {
            show, shown, emitted_to, last_call, open, keep_end, stage, pending, delta, ..
        } = &mut *self.reply;
        let all = [
            show,
            shown,
            emitted_to,
            last_call,
            open,
            keep_end,
            &mut stage.start,
            &mut stage.before,
        ];
        let pending = pending.iter_mut().flat_map(PendingStart::offsets);
        for offset in all.into_iter().chain(pending).chain(delta.offset()) {
            if *offset as usize >= from {
                *offset = *offset - old as u32 + new as u32;
            }
        }
    }
}
