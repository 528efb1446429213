//! Tool calls of a reply.
//!
//! The strings of a call come in any order, in pieces, and pieces of several calls take
//! turns. Each piece is read to the end of the transcript first (the stage), and goes to
//! its call when it is known which that is.

use super::Sink;
use crate::transcript::record::{HEADER_BYTES, Header, Kind, MARKED, REPLY_CALLS_MAX, Record};
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

/// The strings that lie at the end of the transcript.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    pub start: u32,
    /// Bytes of each, by [`Slot`].
    pub lengths: [u32; 3],
    /// The order in which they came, and how many there are.
    pub order: [u8; 3],
    pub count: u8,
    /// The part that was open before them, or 0: they may turn out to be more of it.
    pub before: u32,
}

impl Stage {
    /// Where the strings begin, or `used` when there are none.
    pub fn start_or(&self, used: usize) -> usize {
        if self.count == 0 { used } else { self.start as usize }
    }
}

impl Sink<'_, '_> {
    /// More of a string of the call that is read.
    pub fn stage(&mut self, slot: Slot, bytes: &[u8]) -> Result<(), Error> {
        if self.reply.is_muted() || bytes.is_empty() {
            return Ok(());
        }
        if self.reply.stage.count == 0 {
            self.reply.stage.before = if self.reply.keep_end == 0 { self.reply.open } else { 0 };
            self.end_part();
            self.reply.stage.start = self.log.used() as u32;
        }
        let stage = &mut self.reply.stage;
        let came = stage.order.get(..usize::from(stage.count)).unwrap_or_default();
        match came.iter().position(|came| *came == slot as u8) {
            Some(at) if at + 1 == came.len() => {}
            // A key that stands twice: the first counts.
            Some(_) => return Ok(()),
            None => {}
        }
        self.log.append(bytes)?;
        let is_new = came.last() != Some(&(slot as u8));
        if let (true, Some(place)) = (is_new, stage.order.get_mut(usize::from(stage.count))) {
            *place = slot as u8;
            stage.count += 1;
        }
        if let Some(length) = stage.lengths.get_mut(slot as usize) {
            *length = length.saturating_add(bytes.len() as u32);
        }
        Ok(())
    }

    /// Forgets the strings that were read.
    pub fn drop_stage(&mut self) {
        let stage = core::mem::take(&mut self.reply.stage);
        if stage.count > 0 {
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
        if self.reply.is_muted() || self.reply.stage.count == 0 {
            self.drop_stage();
            return Ok(());
        }
        let index = self.reply.index;
        let start = self.reply.stage.start as usize;
        self.sort_stage();
        let stage = core::mem::take(&mut self.reply.stage);
        let [id, name, _] = stage.lengths.map(|length| length as usize);
        let staged = self.log.bytes().get(start..).unwrap_or_default();
        let (id_bytes, rest) = staged.split_at_checked(id).unwrap_or_default();
        let name_bytes = rest.get(..name).unwrap_or_default();
        // Arguments are looked at when they are complete: a character may come in two pieces.
        if core::str::from_utf8(id_bytes).and(core::str::from_utf8(name_bytes)).is_err() {
            return Err(Error::new(ErrorKind::BadResponse, 0));
        }
        match self.find_call(index, id_bytes, name_bytes)? {
            Some(call) => self.extend_call(call, start, start + id + name),
            None if may_begin => self.begin_call(index, start, id, name),
            None => {
                self.log.truncate(start);
                Ok(())
            }
        }
    }

    /// All calls so far are complete.
    pub fn close_calls(&mut self) {
        self.drop_stage();
        self.reply.unclosed = 0;
    }

    /// The block that was read is over; it may have been a call.
    pub fn close_call(&mut self) {
        self.drop_stage();
        if let Ok(Some(_)) = self.find_call(self.reply.index, &[], &[]) {
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
        self.reply.calls = self.reply.calls.saturating_sub(1);
        self.reply.last_call = 0;
        let moved = |offset: &mut u32| {
            if *offset as usize >= end {
                *offset = offset.saturating_sub((end - last) as u32);
            } else if *offset as usize > last {
                *offset = last as u32;
            }
        };
        moved(&mut self.reply.show);
        moved(&mut self.reply.shown);
        moved(&mut self.reply.told);
        true
    }

    /// Brings the strings into the order of the record.
    pub(super) fn sort_stage(&mut self) {
        let mut order = self.reply.stage.order;
        let count = usize::from(self.reply.stage.count);
        for _ in 1..count {
            let mut offset = self.reply.stage.start as usize;
            for at in 1..count {
                let Some([left, right]) = order.get_mut(at - 1..=at) else { return };
                let length = |slot: u8| {
                    self.reply.stage.lengths.get(usize::from(slot)).map_or(0, |n| *n as usize)
                };
                let (first, second) = (length(*left), length(*right));
                if left > right {
                    self.log.swap_runs(offset, offset + first, offset + first + second);
                    core::mem::swap(left, right);
                    offset += second;
                } else {
                    offset += first;
                }
            }
        }
    }

    /// The offset of the call that a piece belongs to.
    fn find_call(
        &self,
        index: Option<u32>,
        id: &[u8],
        name: &[u8],
    ) -> Result<Option<usize>, Error> {
        let (bytes, start) = (self.log.bytes(), self.reply.start as usize);
        let last = self.log.record(self.reply.last_call as usize);
        let Some(last) = last.filter(|_| self.reply.last_call != 0) else { return Ok(None) };
        let belongs = |call: &Record<'_>| match index {
            Some(index) => call.header.info[2] == index as u8,
            None => id.is_empty() || call.call().0.as_bytes() == id,
        };
        let mut found = Some(last).filter(belongs);
        let mut at = if found.is_some() { last.offset } else { start };
        while let Some(call) = Record::find_part(bytes, at, start, Kind::Call.bit()) {
            at = call.end();
            if belongs(&call) {
                found = Some(call);
            }
        }
        let Some(call) = found else { return Ok(None) };
        let (known_id, known_name, arguments) = call.call();
        let is_other = !id.is_empty() && known_id.as_bytes() != id && !name.is_empty();
        if is_other && (known_name.as_bytes() != name || is_object(arguments.as_bytes())) {
            return Ok(None);
        }
        // Only the low byte of an index is kept, so further back it is ambiguous.
        let is_ambiguous =
            index.is_some_and(|index| index >= SLOTS || u32::from(self.reply.calls) > SLOTS);
        if call.offset != last.offset && is_ambiguous {
            return Err(Error::new(ErrorKind::Limit, SLOTS));
        }
        Ok(Some(call.offset))
    }

    pub(super) fn begin_call(
        &mut self,
        index: Option<u32>,
        start: usize,
        id: usize,
        name: usize,
    ) -> Result<(), Error> {
        let too_long = Error::new(ErrorKind::TooLong, u8::MAX.into());
        let id = u8::try_from(id).map_err(|_| too_long)?;
        let name = u8::try_from(name).map_err(|_| too_long)?;
        let calls = self.reply.calls;
        let limit = Error::new(ErrorKind::Limit, REPLY_CALLS_MAX);
        self.reply.calls = calls.checked_add(1).ok_or(limit)?;
        let slot = index.unwrap_or(u32::from(calls)) as u8;
        let mut header = Header::new(Kind::Call, self.first_flag(start), [id, name, slot]);
        let end = self.log.used();
        header.length = end.saturating_sub(start) as u32;
        self.log.append(&header.to_bytes())?;
        self.log.swap_runs(start, end, end + HEADER_BYTES);
        self.reply.last_call = start as u32;
        self.reply.unclosed = self.reply.unclosed.saturating_add(1);
        Ok(())
    }

    /// Adds the staged arguments, from `arguments` on, to the call at `call`.
    fn extend_call(&mut self, call: usize, start: usize, arguments: usize) -> Result<(), Error> {
        self.log.remove(start, arguments);
        let more = self.log.used().saturating_sub(start);
        let Some(record) = self.log.record(call).filter(|_| more > 0) else { return Ok(()) };
        if let Some(held) = &mut self.reply.held {
            held.is_stale = true;
        }
        // An empty object stands in until the first piece comes.
        let placeholder = if record.call().2 == "{}" { 2 } else { 0 };
        let (end, length) = (record.end() - placeholder, record.payload.len() - placeholder + more);
        self.log.remove(end, end + placeholder);
        let start = start - placeholder;
        self.log.swap_runs(end, start, start + more);
        self.log.set_length(call, length);
        let moved = |offset: &mut u32| {
            if *offset as usize >= end + placeholder && *offset as usize > call {
                *offset = offset.saturating_sub(placeholder as u32).saturating_add(more as u32);
            }
        };
        // Only records behind the call moved; when it is the last, nothing did.
        if end < start {
            moved(&mut self.reply.show);
            moved(&mut self.reply.shown);
            moved(&mut self.reply.told);
            moved(&mut self.reply.last_call);
        }
        Ok(())
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
