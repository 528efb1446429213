//! The ids of a text, written into a slice that may be too short.

use crate::tokenizer::{Error, ErrorKind, saturated};

/// Fills a caller's slice; continues to count when it is full.
pub(in crate::tokenizer) struct IdBuffer<'o> {
    pub(in crate::tokenizer) out: &'o mut [u32],
    pub(in crate::tokenizer) count: usize,
}

impl<'o> IdBuffer<'o> {
    pub(in crate::tokenizer) fn new(out: &'o mut [u32]) -> Self {
        Self { out, count: 0 }
    }

    pub(in crate::tokenizer) fn push(&mut self, id: u32) {
        self.put(self.count, id);
        self.count += 1;
    }

    /// The number of ids, if all of them fit.
    pub(in crate::tokenizer) fn finish(self) -> Result<usize, Error> {
        if self.count > self.out.len() {
            return Err(Error::new(ErrorKind::Full, saturated(self.count)));
        }
        Ok(self.count)
    }

    pub(super) fn put(&mut self, place: usize, id: u32) {
        if let Some(slot) = self.out.get_mut(place) {
            *slot = id;
        }
    }
}
