//! Writing to a transcript: every change of its bytes is here.
//!
//! A failed call changes nothing: room is made first, then bytes are written.

use super::Storage;
use super::record::{HEADER_BYTES, Header, Record, Records};
use crate::Error;

/// The bytes that every transcript begins with: a name and a version.
pub(crate) const MAGIC: [u8; 4] = *b"zst1";

/// Where the first record of every transcript stands.
pub(crate) const FIRST_RECORD: usize = MAGIC.len();

/// The writing end of a transcript, without its type parameter.
pub(crate) struct Log<'t> {
    bytes: &'t mut [u8],
    used: &'t mut u32,
    /// How many bytes there can ever be.
    limit: usize,
}

impl<'t> Log<'t> {
    /// Where the storage can grow, makes room for `more` bytes, or for all that there can be.
    pub fn new(storage: &'t mut impl Storage, used: &'t mut u32, more: usize) -> Self {
        // Lengths and offsets are 32 bits wide.
        let limit = storage.limit().min(u32::MAX as usize);
        storage.reserve((*used as usize).saturating_add(more).min(limit));
        Self { bytes: storage.bytes_mut(), used, limit }
    }

    /// Writes the first bytes of an empty transcript.
    pub fn start(&mut self) -> Result<(), Error> {
        *self.used = 0;
        self.append(&MAGIC)
    }

    pub fn used(&self) -> usize {
        *self.used as usize
    }

    /// How many bytes there can ever be.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that can still ever be written.
    pub fn left(&self) -> usize {
        self.limit.saturating_sub(self.used())
    }

    /// All that is written.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.used()).unwrap_or_default()
    }

    /// All that is written, as long as the log itself was lent.
    pub fn into_bytes(self) -> &'t [u8] {
        self.bytes.get(..*self.used as usize).unwrap_or_default()
    }

    pub fn record(&self, offset: usize) -> Option<Record<'_>> {
        Record::at(self.bytes(), offset)
    }

    pub fn records_from(&self, offset: usize) -> Records<'_> {
        Records::from(self.bytes(), offset)
    }

    /// Fails when there is no room for `more` bytes.
    pub fn expect_room(&self, more: usize) -> Result<(), Error> {
        match more.checked_sub(self.room()) {
            None | Some(0) => Ok(()),
            Some(missing) => Err(Error::full(missing)),
        }
    }

    /// Bytes that can be written.
    pub fn room(&self) -> usize {
        self.bytes.len().saturating_sub(self.used())
    }

    /// Writes raw bytes behind the end.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.expect_room(bytes.len())?;
        fill(self.bytes.get_mut(*self.used as usize..).unwrap_or_default(), bytes);
        *self.used += bytes.len() as u32;
        Ok(())
    }

    /// Adds a record whose payload is `pieces` in their order; returns its offset.
    pub fn push(&mut self, mut header: Header, pieces: &[&[u8]]) -> Result<usize, Error> {
        let length = pieces.iter().fold(0_usize, |sum, piece| sum.saturating_add(piece.len()));
        self.expect_room(length.saturating_add(HEADER_BYTES))?;
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
        if let Some(place) = self.bytes.get_mut(offset..) {
            fill(place, &header.to_bytes());
        }
    }

    /// Says that the record at `offset` now reaches to the end.
    pub fn close(&mut self, offset: usize) {
        if let Some(mut header) = self.header(offset) {
            let payload = offset.saturating_add(HEADER_BYTES);
            header.length = self.used().saturating_sub(payload) as u32;
            self.set_header(offset, header);
        }
    }

    /// The header at `offset`, whatever its length says.
    pub fn header(&self, offset: usize) -> Option<Header> {
        let (head, _) = self.bytes().get(offset..)?.split_first_chunk::<HEADER_BYTES>()?;
        Header::from_bytes(*head)
    }

    /// Takes out everything from `offset` on.
    pub fn truncate(&mut self, offset: usize) {
        if offset < self.used() {
            *self.used = offset as u32;
        }
    }

    /// Takes out the bytes from `start` to `end`; what follows moves down.
    pub fn remove(&mut self, start: usize, end: usize) {
        let used = self.used();
        let Some(gap) = end.checked_sub(start).filter(|gap| *gap > 0 && end <= used) else {
            return;
        };
        let Some(mut rest) = self.bytes.get_mut(start..used) else { return };
        // Pieces as long as the gap never overlap.
        while let Some((hole, tail)) = rest.split_at_mut_checked(gap) {
            if tail.is_empty() {
                break;
            }
            fill(hole, tail);
            rest = rest.get_mut(gap..).unwrap_or_default();
        }
        *self.used = used.saturating_sub(gap) as u32;
    }

    /// Swaps the neighbouring runs `start..middle` and `middle..end`.
    pub fn swap_runs(&mut self, start: usize, middle: usize, end: usize) {
        let Some(length) = middle.checked_sub(start) else { return };
        let Some(runs) = self.bytes.get_mut(start..end) else { return };
        let Some((first, second)) = runs.split_at_mut_checked(length) else { return };
        reverse(first);
        reverse(second);
        reverse(runs);
    }
}

/// The same as the slice's own method, without a panic path.
fn reverse(bytes: &mut [u8]) {
    let Some((front, back)) = bytes.split_at_mut_checked(bytes.len() / 2) else { return };
    for (left, right) in front.iter_mut().zip(back.iter_mut().rev()) {
        core::mem::swap(left, right);
    }
}

/// Copies as much as both have room for, without a panic path.
fn fill(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
