//! The tables of whole words: a perfect hash from the bytes of a token to its index.

use super::format;
use super::vocab::{u32_at, u64_at};

/// A table of words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'v> {
    seed: u64,
    count: u32,
    pilots: &'v [u8],
    slots: &'v [u8],
}

impl<'v> Words<'v> {
    const NONE: Self = Self { seed: 0, count: 0, pilots: &[], slots: &[] };

    /// `None` where the parts do not fit the section.
    pub(super) fn read(section: &'v [u8], slot_bytes: usize) -> Option<Self> {
        let section = section.get(..section.len().checked_sub(8)?)?;
        if section.is_empty() {
            return Some(Self::NONE);
        }
        let (head, rest) = section.split_at_checked(format::WORDS_HEAD_BYTES)?;
        let (count, buckets) = (u32_at(head, 8), u32_at(head, 12));
        let (pilots, slots) = rest.split_at_checked(buckets as usize)?;
        let fits = slots.len() == (count as usize).checked_mul(slot_bytes)?;
        fits.then_some(Self { seed: u64_at(head, 0), count, pilots, slots })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The index of the token with these bytes.
    #[inline(always)]
    pub(super) fn find<const SLOT: usize>(&self, [low, high]: [u64; 2]) -> Option<u32> {
        let mixed = format::mix(format::word_key(low, high) ^ self.seed);
        let pilot = *self.pilots.get(format::bucket_of(mixed, self.pilots.len() as u32) as usize)?;
        let place = format::slot_of(mixed, pilot, self.count) as usize;
        let slot = self.slots.get(place * SLOT..)?.first_chunk::<SLOT>()?;
        let same =
            u64_at(slot, 0) == low && (SLOT < format::LONG_SLOT_BYTES || u64_at(slot, 8) == high);
        same.then(|| u32_at(slot, SLOT - 4))
    }
}
