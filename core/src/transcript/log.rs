//! Writing to a transcript: every change of its bytes is here.
//!
//! A failed call changes nothing: room is made first, then bytes are written.

use super::Storage;
use super::places::Extent;
use super::record::{HEADER_BYTES, Header, LENGTH_OFFSET, Record, Records};
use crate::Error;
use crate::wire::steps;

/// The bytes that every transcript begins with: a name and a version.
pub(crate) const MAGIC: [u8; 4] = *b"zst1";

/// The offset of the first record of every transcript.
pub(crate) const FIRST_RECORD: usize = MAGIC.len();

/// The writing end of a transcript, without its type parameter.
pub(crate) struct Log<'t> {
    pub(super) storage: &'t mut dyn Storage,
    pub(super) extent: &'t mut Extent,
}

impl<'t> Log<'t> {
    pub fn new(storage: &'t mut dyn Storage, extent: &'t mut Extent) -> Self {
        Self { storage, extent }
    }

    /// Writes the first bytes of an empty transcript.
    pub fn start(&mut self) -> Result<(), Error> {
        *self.extent = Extent::new(0);
        self.append(&MAGIC)
    }

    pub fn used(&self) -> usize {
        self.extent.used as usize
    }

    /// Bytes that can ever be written.
    pub fn limit(&self) -> usize {
        self.storage.limit()
    }

    /// Bytes that can still be written: 0 if the storage already holds more.
    pub fn left(&self) -> usize {
        self.limit().saturating_sub(self.used())
    }

    /// Everything written.
    pub fn bytes(&self) -> &[u8] {
        self.storage.bytes().get(..self.used()).unwrap_or_default()
    }

    /// All that is written, as long as the log itself was lent.
    pub fn into_bytes(self) -> &'t [u8] {
        let used = self.used();
        self.storage.bytes().get(..used).unwrap_or_default()
    }

    pub fn record(&self, offset: usize) -> Option<Record<'_>> {
        Record::at(self.bytes(), offset)
    }

    pub fn records_from(&self, offset: usize) -> Records<'_> {
        Records::from(self.bytes(), offset)
    }

    /// The `length` bytes after the end, where a message may lie that is not kept.
    pub fn after(&self, length: usize) -> &[u8] {
        let used = self.used();
        self.storage.bytes().get(used..used.saturating_add(length)).unwrap_or_default()
    }

    /// Makes room for `more` bytes.
    pub fn reserve(&mut self, more: usize) -> Result<(), Error> {
        let wanted = self.used().saturating_add(more);
        // Lengths and offsets are 32 bits wide.
        if u32::try_from(wanted).is_ok() && self.storage.reserve(wanted) {
            self.extent.places.reach(wanted);
            return Ok(());
        }
        Err(Error::full(wanted.saturating_sub(self.storage.limit())))
    }

    /// Bytes that can still be written, at most `wanted`.
    pub fn room(&mut self, wanted: usize) -> usize {
        if self.reserve(wanted).is_ok() {
            return wanted;
        }
        let left = self.left().min(wanted);
        if self.reserve(left).is_ok() { left } else { 0 }
    }

    /// Writes raw bytes after the end.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.reserve(bytes.len())?;
        let at = self.used();
        if let Some(free) = self.storage.bytes_mut().get_mut(at..) {
            fill(free, bytes);
        }
        self.extent.used += bytes.len() as u32;
        Ok(())
    }

    /// The bytes so far, and up to `wanted` free ones after them, of which [`keep`](Self::keep) keeps the first.
    #[cfg(all(feature = "call-deltas", feature = "gemini"))]
    pub fn with_room(&mut self, wanted: usize) -> (&[u8], &mut [u8]) {
        let (room, used) = (self.room(wanted), self.used());
        let halves = self.storage.bytes_mut().split_at_mut_checked(used);
        let (bytes, free) = halves.unwrap_or_default();
        (bytes, free.get_mut(..room).unwrap_or_default())
    }

    /// The next `length` bytes were written.
    #[cfg(all(feature = "call-deltas", feature = "gemini"))]
    pub fn keep(&mut self, length: usize) {
        self.extent.used += length as u32;
    }

    /// Writes bytes at `place`; what follows moves up.
    pub fn insert(&mut self, place: usize, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        let used = self.used();
        self.append(bytes)?;
        self.swap_runs(place, used, used + bytes.len());
        Ok(())
    }

    /// Adds a record whose payload is `pieces` in their order; returns its offset.
    pub fn push(&mut self, mut header: Header, pieces: &[&[u8]]) -> Result<usize, Error> {
        let length = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        self.reserve(length + HEADER_BYTES)?;
        let offset = self.used();
        header.length = length as u32;
        self.append(&header.to_bytes())?;
        for piece in pieces {
            self.append(piece)?;
        }
        Ok(offset)
    }

    /// Rewrites the header at `offset`.
    pub fn set_header(&mut self, offset: usize, header: Header) {
        if let Some(place) = self.storage.bytes_mut().get_mut(offset..) {
            fill(place, &header.to_bytes());
        }
    }

    /// Adds flags to the record at `offset`.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn set_flags(&mut self, offset: usize, flags: u8) {
        if let Some(tag) = self.storage.bytes_mut().get_mut(offset) {
            *tag |= flags;
        }
    }

    /// Sets the length of the payload of the record at `offset`.
    pub fn set_length(&mut self, offset: usize, length: usize) {
        if let Some(place) = self.storage.bytes_mut().get_mut(offset + LENGTH_OFFSET..) {
            fill(place, &(length as u32).to_le_bytes());
        }
    }

    /// Extends the record at `offset` to the end.
    pub fn close(&mut self, offset: usize) {
        self.set_length(offset, self.used() - offset - HEADER_BYTES);
    }

    /// Writes a record over the bytes at `offset`.
    #[cfg_attr(not(feature = "window"), allow(dead_code, reason = "for room by policy"))]
    pub fn write(&mut self, offset: usize, header: Header, payload: &[u8]) {
        self.set_header(offset, header);
        self.overwrite(offset + HEADER_BYTES, payload);
    }

    /// Writes bytes over those at `offset`.
    pub fn overwrite(&mut self, offset: usize, bytes: &[u8]) {
        if let Some(place) = self.storage.bytes_mut().get_mut(offset..) {
            fill(place, bytes);
        }
    }

    /// The header at `offset`, whatever its length says.
    pub fn header(&self, offset: usize) -> Option<Header> {
        let (head, _) = self.bytes().get(offset..)?.split_first_chunk::<HEADER_BYTES>()?;
        Header::from_bytes(*head)
    }

    /// Removes everything from `offset` on.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn truncate(&mut self, offset: usize) {
        if offset < self.used() {
            self.extent.used = offset as u32;
            self.extent.places.forget();
        }
    }

    /// Removes the bytes from `start` to `end`; the rest moves down.
    pub fn remove(&mut self, start: usize, end: usize) {
        let used = self.used();
        let Some(gap) = end.checked_sub(start).filter(|gap| *gap > 0 && end <= used) else {
            return;
        };
        self.move_down(end, used, start);
        self.extent.used = (used - gap) as u32;
    }

    /// Copies the bytes from `start` to `end` down to `place`.
    pub fn move_down(&mut self, start: usize, end: usize, place: usize) {
        let Some(gap) = start.checked_sub(place).filter(|gap| *gap > 0) else { return };
        self.extent.places.forget();
        let Some(mut rest) = self.storage.bytes_mut().get_mut(place..end) else { return };
        // Pieces as long as the gap never overlap.
        while let Some((gap_bytes, tail)) = rest.split_at_mut_checked(gap) {
            if tail.is_empty() {
                break;
            }
            fill(gap_bytes, tail);
            rest = rest.get_mut(gap..).unwrap_or_default();
        }
    }

    /// Makes a gap of `gap` bytes at `place`; what follows moves up.
    pub fn widen(&mut self, place: usize, gap: usize) -> Result<(), Error> {
        self.reserve(gap)?;
        self.extent.places.forget();
        let end = self.used() + gap;
        let mut rest = self.storage.bytes_mut().get_mut(place..end).unwrap_or_default();
        self.extent.used = end as u32;
        // Pieces as long as the gap never overlap; the last goes first.
        while let Some(length) = rest.len().checked_sub(gap).filter(|length| *length > 0) {
            let Some((body, gap_bytes)) = rest.split_at_mut_checked(length) else { break };
            let count = length.min(gap);
            let from = body.get(length - count..).unwrap_or_default();
            fill(gap_bytes.get_mut(gap - count..).unwrap_or_default(), from);
            rest = body;
        }
        Ok(())
    }

    /// Swaps the neighbouring runs `start..middle` and `middle..end`.
    pub fn swap_runs(&mut self, start: usize, middle: usize, end: usize) {
        let Some(length) = middle.checked_sub(start) else { return };
        self.extent.places.forget();
        let Some(runs) = self.storage.bytes_mut().get_mut(start..end) else { return };
        // Moves many bytes at once where the code of it takes no flash.
        if cfg!(target_pointer_width = "64") && length <= runs.len() {
            return runs.rotate_left(length);
        }
        let Some((first, second)) = runs.split_at_mut_checked(length) else { return };
        reverse(first);
        reverse(second);
        reverse(runs);
    }
}

/// The same as the slice's own method, without a panic path.
fn reverse(bytes: &mut [u8]) {
    steps::count(bytes.len());
    let Some((front, back)) = bytes.split_at_mut_checked(bytes.len() / 2) else { return };
    for (left, right) in front.iter_mut().zip(back.iter_mut().rev()) {
        core::mem::swap(left, right);
    }
}

/// Copies as much as both have room for, without a panic path.
fn fill(to: &mut [u8], from: &[u8]) {
    steps::count(to.len().min(from.len()));
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
