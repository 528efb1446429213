//! Tool calls of a reply.
//!
//! The strings of a call come in any order, in pieces, and pieces of several calls take
//! turns. Each piece is read to the end of the transcript first (the stage), and goes to
//! its call when it is known which that is.

use super::{Reply, Sink};
use crate::transcript::record::{HEADER_BYTES, Kind, MARKED, REPLY_CALLS_MAX, Record};
use crate::wire::json_read::is_object;
use crate::{Error, ErrorKind};

/// A string of a call, in the order of the record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Slot {
    Id = 0,
    Name = 1,
    Arguments = 2,
}

/// The strings that lie at the end of the transcript, in the order of the record, behind room for
/// its header.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    /// Where that room begins, or 0: there are none.
    pub start: u32,
    /// Bytes of each, by [`Slot`].
    pub lengths: [u32; 3],
    /// The slot that came last.
    last: u8,
    /// The part that was open before them, or 0: they may turn out to be more of it.
    pub before: u32,
}

impl Stage {
    /// Where the strings begin, or `used` when there are none.
    pub const fn start_or(&self, used: usize) -> usize {
        if self.start == 0 { used } else { self.start as usize }
    }
}

impl Sink<'_, '_> {
    /// More of a string of the call that is read.
    pub fn stage(&mut self, slot: Slot, bytes: &[u8]) -> Result<(), Error> {
        if self.reply.is_muted() || bytes.is_empty() {
            return Ok(());
        }
        if self.reply.stage.start == 0 {
            self.reply.stage.before = if self.reply.keep_end == 0 { self.reply.open } else { 0 };
            self.end_part();
            let start = self.log.used();
            self.log.append(&[0; HEADER_BYTES])?;
            self.reply.stage.start = start as u32;
        }
        let stage = &mut self.reply.stage;
        let Some(length) = stage.lengths.get_mut(slot as usize) else { return Ok(()) };
        // A key that stands twice: the first counts.
        if *length > 0 && stage.last != slot as u8 {
            return Ok(());
        }
        let used = self.log.used();
        self.log.append(bytes)?;
        *length += bytes.len() as u32;
        stage.last = slot as u8;
        // Those of higher slots may have come before: it goes in front of them.
        let before = stage.lengths.iter().take(slot as usize + 1).sum::<u32>() as usize;
        let place = stage.start as usize + HEADER_BYTES + before - bytes.len();
        if place < used {
            self.log.swap_runs(place, used, used + bytes.len());
        }
        Ok(())
    }

    /// Forgets the strings that were read.
    pub fn drop_stage(&mut self) {
        let stage = core::mem::take(&mut self.reply.stage);
        if stage.start != 0 {
            self.log.truncate(stage.start as usize);
        }
    }

    /// The element is complete: its strings begin a call or go on with one.
    ///
    /// Which call that is: the one with the same `index`; without an index, the one with the
    /// same id, or the last. A whole call of another id under a used index is a new call:
    /// some servers give all calls the index 0.
    // Not inlined, as a few others of this type: the stack of the rare would be that of each token.
    #[inline(never)]
    pub fn commit_call(&mut self, may_begin: bool) -> Result<(), Error> {
        if self.reply.is_muted() || self.reply.stage.start == 0 {
            self.drop_stage();
            return Ok(());
        }
        let index = self.reply.index;
        let stage = core::mem::take(&mut self.reply.stage);
        let start = stage.start as usize;
        let [id, name, _] = stage.lengths.map(|length| length as usize);
        // Arguments are looked at when they are complete: a character may come in two pieces.
        let words = start + HEADER_BYTES;
        let words = self.log.bytes().get(words..words + id + name).unwrap_or_default();
        let words = core::str::from_utf8(words).ok();
        let Some((id_text, name_text)) = words.and_then(|words| words.split_at_checked(id)) else {
            return Err(Error::new(ErrorKind::BadResponse, 0));
        };
        match self.find_call(index, id_text, name_text)? {
            Some(call) => self.extend_call(call, start, start + HEADER_BYTES + id + name),
            None if may_begin => self.begin_call(index, start, id, name)?,
            None => self.log.truncate(start),
        }
        Ok(())
    }

    /// All calls so far are complete.
    pub fn close_calls(&mut self) {
        self.drop_stage();
        self.reply.unclosed = 0;
    }

    /// The block that was read is over; it may have been a call.
    pub fn close_call(&mut self) {
        self.drop_stage();
        if let Ok(Some(_)) = self.find_call(self.reply.index, "", "") {
            self.reply.unclosed = self.reply.unclosed.saturating_sub(1);
        }
    }

    /// Takes out a last call that the token limit cut off; true when there was one.
    pub fn drop_cut_call(&mut self) -> bool {
        let last = self.reply.last_call as usize;
        let Some(record) = self.log.record(last).filter(|_| last != 0) else { return false };
        if is_object(record.call().2.as_bytes()) {
            return false;
        }
        let end = record.end();
        self.log.remove(last, end);
        self.reply.calls -= 1;
        self.reply.last_call = 0;
        let Reply { show, shown, told, .. } = self.reply;
        for offset in [show, shown, told] {
            if *offset as usize >= end {
                *offset -= (end - last) as u32;
            } else if *offset as usize > last {
                *offset = last as u32;
            }
        }
        true
    }

    /// The offset of the call that a piece belongs to.
    fn find_call(&self, index: Option<u32>, id: &str, name: &str) -> Result<Option<usize>, Error> {
        let (bytes, last) = (self.log.bytes(), self.reply.last_call as usize);
        if last == 0 {
            return Ok(None);
        }
        let start = self.reply.start as usize;
        let find_from = |mut at: usize| {
            let mut found = 0;
            while let Some(call) = Record::find_part(bytes, at, start, Kind::Call.bit()) {
                at = call.end();
                let belongs = match index {
                    Some(index) => call.header.info[2] == index as u8,
                    None => id.is_empty() || call.call().0 == id,
                };
                if belongs {
                    found = call.offset;
                }
            }
            found
        };
        // Mostly it is the last.
        let found = match find_from(last) {
            0 => find_from(start),
            found => found,
        };
        let Some(call) = self.log.record(found).filter(|_| found != 0) else { return Ok(None) };
        let (known_id, known_name, arguments) = call.call();
        let is_other = !id.is_empty() && known_id != id && !name.is_empty();
        if is_other && (known_name != name || is_object(arguments.as_bytes())) {
            return Ok(None);
        }
        // Only the low byte of an index is kept, so further back it is ambiguous.
        let is_ambiguous =
            index.is_some_and(|index| index >= SLOTS || u32::from(self.reply.calls) > SLOTS);
        if call.offset != last && is_ambiguous {
            return Err(Error::new(ErrorKind::Limit, SLOTS));
        }
        Ok(Some(call.offset))
    }

    /// The strings that were staged at `start` are a call.
    pub(super) fn begin_call(
        &mut self,
        index: Option<u32>,
        start: usize,
        id: usize,
        name: usize,
    ) -> Result<(), Error> {
        let longest = u8::MAX.into();
        if id > longest || name > longest {
            return Err(Error::new(ErrorKind::TooLong, u8::MAX.into()));
        }
        let calls = self.reply.calls;
        let limit = Error::new(ErrorKind::Limit, REPLY_CALLS_MAX);
        self.reply.calls = calls.checked_add(1).ok_or(limit)?;
        let slot = index.unwrap_or(u32::from(calls)) as u8;
        self.head(start, Kind::Call, [id as u8, name as u8, slot]);
        self.log.close(start);
        self.reply.last_call = start as u32;
        self.reply.unclosed += 1;
        Ok(())
    }

    /// Adds the staged arguments, from `arguments` on, to the call at `call`.
    #[inline(never)]
    fn extend_call(&mut self, call: usize, start: usize, arguments: usize) {
        self.log.remove(start, arguments);
        let more = self.log.used() - start;
        let Some(record) = self.log.record(call).filter(|_| more > 0) else { return };
        // An empty object stands in until the first piece comes.
        let placeholder = if record.call().2 == "{}" { 2 } else { 0 };
        let end = record.end() - placeholder;
        if let Some(held) = &mut self.reply.held {
            held.is_stale = true;
        }
        self.log.remove(end, end + placeholder);
        let start = start - placeholder;
        self.log.swap_runs(end, start, start + more);
        self.log.set_length(call, end + more - (call + HEADER_BYTES));
        // Only records behind the call moved; when it is the last, nothing did.
        if end < start {
            let Reply { show, shown, told, last_call, .. } = self.reply;
            for offset in [show, shown, told, last_call] {
                if *offset as usize >= end + placeholder && *offset as usize > call {
                    *offset = *offset - placeholder as u32 + more as u32;
                }
            }
        }
    }

    /// Marks all calls whose arguments are not one JSON object.
    pub fn check_calls(&mut self) {
        let mut at = self.reply.start as usize;
        while let Some(record) = self.log.record(at) {
            let (is_call, end) = (record.is(Kind::Call), record.end());
            if is_call {
                self.check_call(at);
            }
            at = end;
        }
    }

    /// Marks the call at `offset` when its arguments are not one JSON object.
    pub(super) fn check_call(&mut self, offset: usize) -> bool {
        let Some(record) = self.log.record(offset) else { return true };
        if record.header.has(MARKED) {
            return false;
        }
        let arguments = record.call().2;
        if arguments.is_empty() || is_object(arguments.as_bytes()) {
            return true;
        }
        self.log.set_flags(offset, MARKED);
        false
    }
}

/// Calls of a reply whose pieces may take turns in any order.
const SLOTS: u32 = 256;
