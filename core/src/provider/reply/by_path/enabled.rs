//! The call that is built, until it is complete.
//!
//! The path of its last value follows the arguments, so that the next one can be compared with it:
//!
//! ```text
//! arguments │ path │ length of path and number: 4 bytes, little endian ║ header │ id │ name │ pieces ║ more │ path │ number
//! ^ the last record                                                      ^ the stage                   ^ written after it
//! ```
//!
//! What is written moves down to the arguments, over all between them.

use super::super::Sink;
use super::super::shape::Shape;
use super::super::spare::{SPARE, spare_bytes, strings};
use crate::transcript::record::{FIRST, HEADER_BYTES};
use crate::wire::steps;
use crate::{Error, ResponseRule};

/// The state of the last call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum ByPath {
    /// It is complete, or did not arrive by path.
    #[default]
    Done,
    /// Its last value is complete.
    AfterValue,
    /// More of its last value, a string, follows.
    InString,
}

/// Arguments received so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    pub arguments: &'a [u8],
    /// The path of the last value; empty before the first.
    pub path: &'a str,
    /// The last value is a string, and more of it follows.
    pub in_string: bool,
}

/// Adds pieces in the form of the dialect to arguments, and completes these unless more follow.
pub(crate) type AddPieces =
    for<'a> fn(Written<'a>, &'a str, bool, &mut Out<'_>) -> Result<Written<'a>, Error>;

/// The free room after a text.
#[derive(Debug)]
pub(crate) struct Out<'a> {
    room: &'a mut [u8],
    length: usize,
}

impl Out<'_> {
    /// Writes `bytes`.
    ///
    /// # Errors
    /// `Full`, with the bytes that are missing.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let end = self.length + bytes.len();
        let place = self.room.get_mut(self.length..end);
        let place = place.ok_or_else(|| Error::full(bytes.len()))?;
        for (place, byte) in place.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.length = end;
        Ok(())
    }

    /// What was written so far.
    pub fn written(&self) -> &[u8] {
        self.room.get(..self.length).unwrap_or_default()
    }

    /// Reverses the bytes from `start` on.
    pub fn reverse_from(&mut self, start: usize) {
        let mut rest = self.room.get_mut(start..self.length).unwrap_or_default();
        // That of the library could panic.
        while let [first, inner @ .., last] = rest {
            core::mem::swap(first, last);
            rest = inner;
        }
    }
}

impl Sink<'_, '_> {
    /// Whether more of the last call follows.
    pub fn is_by_path(&self) -> bool {
        self.reply.by_path != ByPath::Done
    }

    /// The staged strings begin a call, or are a piece of the last one; its arguments are pieces, of which
    /// `add` knows the form. More of it follows if it `goes_on`.
    ///
    /// # Errors
    /// `BadResponse` for a piece of no call, for one of another, and whatever `add` refuses.
    #[inline(never)]
    pub fn commit_by_path(&mut self, goes_on: bool, add: AddPieces) -> Result<(), Error> {
        if self.reply.is_muted() {
            self.drop_stage();
            return Ok(());
        }
        let is_new = !self.is_by_path();
        let stage = core::mem::take(&mut self.reply.stage);
        let start = stage.start_or(self.log.used());
        let [id, name, pieces, _] = stage.lengths.map(|length| length as usize);
        if is_new {
            if name == 0 {
                return Err(BROKEN);
            }
            self.begin_call(None, start, id, name)?;
        } else if !self.continues_last(start, id, name) {
            return Err(BROKEN);
        }
        let call = self.reply.last_call as usize;
        let record = self.log.record(call).ok_or(BROKEN)?;
        let (mut header, end, used) = (record.header, record.end(), self.log.used());
        // The pieces of a new call are at the end of its own record.
        let tail = if is_new { pieces } else { spare_bytes(&record) };
        let arguments_end = end - tail;
        let length = if is_new { 0 } else { strings(&record).2.len() };
        let wanted = pieces.saturating_mul(3).saturating_add(2 * tail + 2 * HEADER_BYTES);
        let (bytes, room) = self.log.with_room(wanted);
        let mut out = Out { room, length: 0 };
        let text = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
        let path = if is_new { &[] } else { text(arguments_end, end - COUNT_BYTES) };
        let texts = (core::str::from_utf8(path), core::str::from_utf8(text(used - pieces, used)));
        let (Ok(path), Ok(pieces)) = texts else { return Err(Error::broken(ResponseRule::Utf8)) };
        let before = Written {
            arguments: text(arguments_end - length, arguments_end),
            path,
            in_string: self.reply.by_path == ByPath::InString,
        };
        let after = add(before, pieces, goes_on, &mut out)?;
        let added = out.length;
        let (mut by_path, mut tail) = (ByPath::Done, 0);
        header.clear(SPARE);
        if goes_on {
            by_path = if after.in_string { ByPath::InString } else { ByPath::AfterValue };
            tail = after.path.len() + COUNT_BYTES;
            out.put(after.path.as_bytes())?;
            out.put(&(tail as u32).to_le_bytes())?;
            header.set(SPARE);
        }
        steps::count(added + tail);
        header.length = (arguments_end + added + tail - call - HEADER_BYTES) as u32;
        self.log.keep(added + tail);
        self.log.remove(arguments_end, used);
        self.log.set_header(call, header);
        self.reply.by_path = by_path;
        self.reply.shape = Shape::default();
        if let Some(pending) = self.reply.pending.as_mut().filter(|_| !is_new) {
            pending.is_stale = true;
        }
        self.note_delta(call, added);
        Ok(())
    }

    /// Whether strings that are staged at `start` may be more of the last call: it is the last record, and its
    /// id and name are theirs, if they have some.
    fn continues_last(&self, start: usize, id: usize, name: usize) -> bool {
        let Some(record) = self.log.record(self.reply.last_call as usize) else { return false };
        let staged = self.log.bytes().get(start + HEADER_BYTES..).unwrap_or_default();
        let (new_id, rest) = staged.split_at_checked(id).unwrap_or_default();
        let new_name = rest.get(..name).unwrap_or_default();
        let (known_id, known_name, _) = record.call_bytes();
        let is_same = |new: &[u8], known: &[u8]| new.is_empty() || new == known;
        record.end() == start && is_same(new_id, known_id) && is_same(new_name, known_name)
    }

    /// Moves what was added after the last call to a place before it, where more of it cannot move it again.
    pub fn put_before_last_call(&mut self) {
        let (call, used) = (self.reply.last_call as usize, self.log.used());
        let Some(record) = self.log.record(call).filter(|record| record.end() < used) else {
            return;
        };
        let (end, length) = (record.end(), used - record.end());
        let is_first = record.header.has(FIRST);
        self.log.swap_runs(call, end, used);
        self.reply.last_call += length as u32;
        if let Some(delta) = self.reply.delta.offset().filter(|delta| **delta as usize == call) {
            *delta += length as u32;
        }
        if let (true, Some(mut header)) = (is_first, self.log.header(call + length)) {
            header.clear(FIRST);
            self.log.set_header(call + length, header);
            self.log.set_flags(call, FIRST);
        }
    }

    /// No more of the last call follows: if it is not complete, it stays so.
    pub fn end_by_path(&mut self) {
        if self.is_by_path() {
            self.drop_spare_of(self.reply.last_call as usize);
            self.reply.by_path = ByPath::Done;
        }
    }
}

/// The pieces do not follow one another.
pub(crate) const BROKEN: Error = Error::broken(ResponseRule::ArgumentPath);

/// The bytes that store the length of the path and of themselves.
const COUNT_BYTES: usize = 4;
