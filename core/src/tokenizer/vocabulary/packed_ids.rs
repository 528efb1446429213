//! The ids of a piece of a few tokens, packed.

/// Bits of an id.
const ID_BITS: u32 = 20;
/// Ids of a word; the four bits above those of the first word hold their number.
const IDS: usize = 3;
const COUNT_AT: u32 = IDS as u32 * ID_BITS;
const MASK: u64 = (1 << ID_BITS) - 1;

/// Up to three ids a word, or none: then the tokens are not known, or too many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PackedIds<const WORDS: usize>(pub(crate) [u64; WORDS]);

impl<const WORDS: usize> PackedIds<WORDS> {
    pub(crate) const NONE: Self = Self([0; WORDS]);

    /// `count` ids; none if they are too many.
    #[inline(always)]
    pub(crate) fn of(count: usize, ids: impl Iterator<Item = u32>) -> Self {
        let mut words = [0; WORDS];
        if count > IDS * WORDS {
            return Self::NONE;
        }
        for (place, id) in ids.enumerate() {
            if let Some(word) = words.get_mut(place / IDS) {
                *word |= (id as u64 & MASK) << (place % IDS * ID_BITS as usize);
            }
        }
        if let Some(first) = words.first_mut() {
            *first |= (count as u64) << COUNT_AT;
        }
        Self(words)
    }

    #[inline(always)]
    pub(crate) fn is_none(&self) -> bool {
        self.first() == 0
    }

    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        (self.first() >> COUNT_AT) as usize
    }

    /// The ids of the first word, with zeros after the last one.
    #[inline(always)]
    pub(crate) fn first_ids(&self) -> [u32; IDS] {
        ids(self.first())
    }

    /// All ids.
    #[inline(always)]
    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|&word| ids(word)).take(self.count())
    }

    #[inline(always)]
    fn first(&self) -> u64 {
        self.0.first().copied().unwrap_or_default()
    }
}

impl PackedIds<2> {
    #[inline(always)]
    pub(crate) const fn one(id: u32) -> Self {
        Self([id as u64 & MASK | 1 << COUNT_AT, 0])
    }
}

#[inline(always)]
fn ids(word: u64) -> [u32; IDS] {
    let id = |place: u32| (word >> (place * ID_BITS) & MASK) as u32;
    [id(0), id(1), id(2)]
}
