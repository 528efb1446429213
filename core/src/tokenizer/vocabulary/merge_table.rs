//! What two neighbours make together.

use core::hint::select_unpredictable;

use super::format;
use super::token_index::TokenIndex;
use super::words::WordTable;

/// Says what two neighbours make.
pub(crate) trait MergeLookup {
    /// Whether what two bytes make is found at once: a lookup in vain costs less than a branch.
    const AT_ONCE: bool;

    /// What two bytes make.
    fn of_bytes(&self, left: u8, right: u8) -> Merge;

    /// What two tokens make that are not both bytes.
    fn of(&self, left: TokenIndex, right: TokenIndex) -> Merge;
}

/// A token that two neighbours make, as a number that is less for a better rank; or none, which is more
/// than all of them. There is room for where the two are, which decides between equals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Merge(u64);

impl Merge {
    pub(crate) const NONE: Self = Self(u64::MAX);
    /// Where the token is in the number, and in a slot of [`format::Section::MergeTable`].
    const NODE_AT: u32 = 40;

    #[inline(always)]
    pub(crate) const fn of(node: TokenIndex) -> Self {
        Self((node.0 as u64) << Self::NODE_AT)
    }

    /// That of the two at `place`.
    #[inline(always)]
    pub(crate) const fn at(self, place: usize) -> Self {
        Self(self.0 | place as u64)
    }

    pub(crate) const fn is_none(self) -> bool {
        self.0 == u64::MAX
    }

    /// Where the two are, below `limit`, a power of two.
    #[inline(always)]
    pub(crate) const fn place(self, limit: usize) -> usize {
        self.0 as usize & (limit - 1)
    }

    #[inline(always)]
    pub(crate) const fn node(self) -> TokenIndex {
        TokenIndex((self.0 >> Self::NODE_AT) as u32)
    }

    /// The least of the first `count` merges, and perhaps of a few more, four side by side: so they do not
    /// wait for one another.
    #[inline(always)]
    pub(crate) fn least_of(merges: &[Self], count: usize) -> Self {
        // Numbers of 64 bits stay out of vectors: what was just written would have to reach the memory
        // before it could be read as a part of one.
        let (rows, _) = merges.as_chunks::<4>();
        let rows = rows.iter().take(count.div_ceil(4));
        let [a, b, c, d] = rows.fold([Self::NONE; 4], |least, row| {
            let ([a, b, c, d], &[e, f, g, h]) = (least, row);
            [a.or_less(e), b.or_less(f), c.or_less(g), d.or_less(h)]
        });
        a.or_less(b).or_less(c.or_less(d))
    }

    /// The lesser one, without a branch.
    #[inline(always)]
    fn or_less(self, other: Self) -> Self {
        Self(select_unpredictable(other.0 < self.0, other.0, self.0))
    }
}

/// The table of merges, for speed.
#[derive(Clone, Copy)]
pub(crate) struct MergeTable<'v> {
    bigrams: &'v Bigrams,
    merge_table: WordTable<'v>,
}

/// What each two bytes make.
pub(crate) type Bigrams = [[u8; 4]; 1 << 16];

impl<'v> MergeTable<'v> {
    pub(crate) const fn new(bigrams: &'v Bigrams, merge_table: WordTable<'v>) -> Self {
        Self { bigrams, merge_table }
    }
}

impl MergeLookup for MergeTable<'_> {
    const AT_ONCE: bool = true;

    #[inline(always)]
    fn of_bytes(&self, left: u8, right: u8) -> Merge {
        let place = u16::from_le_bytes([left, right]) as usize;
        let node = self.bigrams.get(place).map_or(0, |node| u32::from_le_bytes(*node));
        select_unpredictable(node != 0, Merge::of(TokenIndex(node)), Merge::NONE)
    }

    /// There is no branch on whether there is one: half of the time it would be foreseen wrongly.
    #[inline(always)]
    fn of(&self, left: TokenIndex, right: TokenIndex) -> Merge {
        // No slot has the key of the bytes 1 and 0.
        let key = format::merge_key(left.index(), right.index());
        let key = select_unpredictable(left.may_join(right), key, 1);
        let slot = self.merge_table.merge_slot(key);
        let node = Merge(slot >> Merge::NODE_AT << Merge::NODE_AT);
        select_unpredictable((slot ^ key) << 24 == 0, node, Merge::NONE)
    }
}
