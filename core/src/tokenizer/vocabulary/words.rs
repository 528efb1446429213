//! The tables for speed: perfect hashes from the bytes of a token, and from a pair, to an index.

use core::hint::select_unpredictable;

use super::format;
use super::format::{u32_at, u64_at};
use super::packed_ids::PackedIds;

/// A table of words, or of pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WordTable<'v> {
    seed: u64,
    count: u32,
    pilots: &'v [u8],
    /// With the eight bytes after them.
    slots: &'v [u8],
    slot_bytes: usize,
    /// Ones where the second word of a slot belongs to its key.
    high_mask: u64,
}

impl<'v> WordTable<'v> {
    const NONE: Self =
        Self { seed: 0, count: 0, pilots: &[], slots: &[], slot_bytes: 0, high_mask: 0 };

    /// The table at the front of a section, and the bytes after it; `None` if its parts do not fit.
    /// At least eight bytes must follow each table.
    pub(crate) fn read(section: &'v [u8], slot_bytes: usize) -> Option<(Self, &'v [u8])> {
        if section.len() <= 8 {
            return Some((Self::NONE, section));
        }
        let (head, rest) = section.split_at_checked(format::WORDS_HEAD_BYTES)?;
        let (count, buckets) = (u32_at(head, 8), u32_at(head, 12));
        let (pilots, rest) = rest.split_at_checked(buckets as usize)?;
        let bytes = (count as usize).checked_mul(slot_bytes)?;
        let slots = rest.get(..bytes.checked_add(8)?)?;
        let high_mask = if slot_bytes == format::LONG_SLOT_BYTES { u64::MAX } else { 0 };
        let table = Self { seed: u64_at(head, 0), count, pilots, slots, slot_bytes, high_mask };
        Some((table, rest.get(bytes..)?))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The token with these bytes. There is no branch on what is found: half of the time it would be
    /// foreseen wrongly, and it would wait for the memory.
    #[inline(always)]
    pub(crate) fn find(&self, [low, high]: [u64; 2]) -> PackedIds<2> {
        let place = self.place(format::word_key(low, high)) as usize;
        let slot = self.slots.get(place * self.slot_bytes..).and_then(|rest| rest.first_chunk());
        // A shorter slot has its id in the place of the second word.
        let Some([slot_low, slot_high, last]) = slot.map(words_of_slot) else {
            return PackedIds::NONE;
        };
        let differs = slot_low ^ low | (slot_high ^ high) & self.high_mask;
        let id = select_unpredictable(self.high_mask == 0, slot_high, last) as u32;
        found(slot_low, differs, id)
    }

    #[inline(always)]
    fn place(&self, key: u64) -> u32 {
        let mixed = format::mix_word(key ^ self.seed);
        let bucket = format::bucket_of(mixed, self.pilots.len() as u32) as usize;
        let pilot = self.pilots.get(bucket).copied().unwrap_or_default();
        format::word_slot(mixed, pilot, self.count)
    }

    /// The number of slots.
    pub(crate) const fn len(&self) -> u32 {
        self.count
    }

    /// The slot of the token with these bytes if there is one.
    #[inline(always)]
    pub(crate) fn place_of(&self, [low, high]: [u64; 2]) -> u32 {
        self.place(format::word_key(low, high))
    }

    /// The bytes and the id in a slot.
    #[inline(always)]
    pub(crate) fn slot(&self, place: u32) -> Option<([u64; 2], u32)> {
        let start = (place as usize).checked_mul(self.slot_bytes)?;
        let [low, high, last] = words_of_slot(self.slots.get(start..)?.first_chunk()?);
        let is_short = self.high_mask == 0;
        Some(([low, high & self.high_mask], if is_short { high as u32 } else { last as u32 }))
    }

    /// The slot where the pair with this key is if there is one.
    #[inline(always)]
    pub(crate) fn merge_slot(&self, key: u64) -> u64 {
        let (slots, _) = self.slots.as_chunks();
        slots.get(self.place(key) as usize).map_or(0, |slot| u64::from_le_bytes(*slot))
    }
}

/// Words of up to eight bytes that are found at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CachedWords<'v>(
    Option<&'v [[u8; format::SHORT_SLOT_BYTES]; format::FRONT_SLOTS]>,
);

impl<'v> CachedWords<'v> {
    /// The slots at the front of a section, and the bytes after them.
    pub(crate) fn read(section: &'v [u8]) -> Option<(Self, &'v [u8])> {
        if section.len() <= 8 {
            return Some((Self(None), section));
        }
        let bytes = format::FRONT_SLOTS * format::SHORT_SLOT_BYTES;
        let (slots, rest) = section.split_at_checked(bytes)?;
        let slots = slots.as_chunks().0.first_chunk();
        (rest.len() > 8 && slots.is_some()).then_some((Self(slots), rest))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The bytes and the id in a slot.
    #[inline(always)]
    pub(crate) fn slot(&self, place: u32) -> Option<([u64; 2], u32)> {
        let &[a, b, c, d, e, f, g, h, i, j, k, l] = self.0?.get(place as usize)?;
        Some(([u64::from_le_bytes([a, b, c, d, e, f, g, h]), 0], u32::from_le_bytes([i, j, k, l])))
    }

    /// The token with these bytes if it is here.
    #[inline(always)]
    pub(crate) fn find(&self, [low, high]: [u64; 2]) -> PackedIds<2> {
        let slot = self.0.and_then(|slots| slots.get(format::front_slot(low)));
        let Some(&[a, b, c, d, e, f, g, h, i, j, k, l]) = slot else { return PackedIds::NONE };
        let slot = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        found(slot, slot ^ low | high, u32::from_le_bytes([i, j, k, l]))
    }
}

/// One token, unless the slot is free or another one's.
#[inline(always)]
fn found(slot: u64, differs: u64, id: u32) -> PackedIds<2> {
    select_unpredictable((differs == 0) & (slot != 0), PackedIds::one(id), PackedIds::NONE)
}

/// The words of a slot of [`format::LONG_SLOT_BYTES`]; the last one has four bytes.
#[inline(always)]
fn words_of_slot(slot: &[u8; format::LONG_SLOT_BYTES]) -> [u64; 3] {
    let (words, rest) = slot.as_chunks::<8>();
    match (words, rest) {
        (&[low, high], &[a, b, c, d]) => [
            u64::from_le_bytes(low),
            u64::from_le_bytes(high),
            u32::from_le_bytes([a, b, c, d]) as u64,
        ],
        _ => [0; 3],
    }
}
