//! Merging of a short piece all at once: the lookups do not wait for one another as they do when
//! bytes are appended one by one.

use core::hint::select_unpredictable;

use crate::tokenizer::vocabulary::merge_table::{Merge, MergeLookup};
use crate::tokenizer::vocabulary::token_index::TokenIndex;

/// Bytes of a piece at most.
const MAX_BYTES: usize = 64;

/// The tokens of a piece of at most `SIZE` bytes, each at the place of its first byte.
pub(crate) struct Parts<const SIZE: usize> {
    tokens: [TokenIndex; SIZE],
    /// The merge of each part with the next one; the least of them is made next.
    merges: [Merge; SIZE],
    /// A bit for each place where a part starts.
    starts: u64,
    bytes: usize,
}

impl Parts<16> {
    /// Starts with the piece of the bytes of `word`, of which the last one is not zero.
    #[inline(always)]
    pub(crate) fn start(&mut self, pairs: &impl MergeLookup, word: [u64; 2]) {
        let word = (word[1] as u128) << 64 | word[0] as u128;
        self.begin(pairs, &word.to_le_bytes(), 16 - word.leading_zeros() as usize / 8);
    }
}

impl<const SIZE: usize> Parts<SIZE> {
    /// No piece.
    pub(crate) const EMPTY: Self = Self {
        tokens: [TokenIndex::byte(0); SIZE],
        merges: [Merge::NONE; SIZE],
        starts: 0,
        bytes: 0,
    };

    /// Merges `piece`; `None` if it is too long.
    #[inline]
    pub(crate) fn of(pairs: &impl MergeLookup, piece: &[u8]) -> Option<Self> {
        if piece.len() > SIZE || SIZE > MAX_BYTES {
            return None;
        }
        let mut parts = Self::EMPTY;
        parts.begin(pairs, piece, piece.len());
        while parts.merge_next(pairs) {}
        Some(parts)
    }

    /// Starts with the first `bytes` of `piece`.
    #[inline(always)]
    fn begin<P: MergeLookup>(&mut self, pairs: &P, piece: &[u8], bytes: usize) {
        (self.starts, self.bytes) = (below(bytes), bytes);
        self.merges = [Merge::NONE; SIZE];
        for (token, byte) in self.tokens.iter_mut().zip(piece) {
            *token = TokenIndex::byte(*byte);
        }
        let looked_up = if P::AT_ONCE { SIZE } else { bytes.saturating_sub(1) };
        let two = piece.windows(2).take(looked_up);
        for ((place, merge), pair) in self.merges.iter_mut().enumerate().zip(two) {
            if let [left, right] = *pair {
                let found = pairs.of_bytes(left, right).at(place);
                *merge = select_unpredictable(place + 1 < bytes, found, Merge::NONE);
            }
        }
    }

    /// Makes one token of two. False where no two make one.
    #[inline(always)]
    pub(crate) fn merge_next<P: MergeLookup>(&mut self, pairs: &P) -> bool {
        // All parts of a word are compared where lookups are quick: a processor mispredicts the end of a loop.
        let count = if P::AT_ONCE && SIZE <= 16 { SIZE } else { self.bytes };
        // The leftmost of equals.
        let best = Merge::least_of(&self.merges, count);
        if best.is_none() {
            return false;
        }
        self.merge(pairs, best.place(MAX_BYTES), best.node());
        true
    }

    pub(crate) const fn count(&self) -> usize {
        self.starts.count_ones() as usize
    }

    pub(crate) fn indexes(&self) -> impl Iterator<Item = u32> + '_ {
        let mut left = self.starts;
        core::iter::from_fn(move || {
            let token = self.tokens.get(left.trailing_zeros() as usize)?;
            left &= left.wrapping_sub(1);
            Some(token.index())
        })
    }

    /// The index of each token, where it starts, and its length.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = (u32, usize, usize)> + '_ {
        let mut left = self.starts;
        core::iter::from_fn(move || {
            let start = left.trailing_zeros() as usize;
            let token = self.tokens.get(start)?;
            left &= left.wrapping_sub(1);
            let end = self.bytes.min(left.trailing_zeros() as usize);
            Some((token.index(), start, end.wrapping_sub(start)))
        })
    }

    /// Makes `token` of the parts at `place` and after it, and looks up its new neighbours. Where that
    /// is done at once, there is no branch on whether there are any.
    #[inline(always)]
    fn merge<P: MergeLookup>(&mut self, pairs: &P, place: usize, token: TokenIndex) {
        let after = self.starts & !below(place + 1);
        let gone = after.trailing_zeros() as usize;
        let next = (after & after.wrapping_sub(1)).trailing_zeros() as usize;
        let before = self.starts & below(place);
        self.starts ^= after & after.wrapping_neg();
        if P::AT_ONCE || before != 0 {
            // The first part has none before it and is at place 0: this write is overwritten.
            let previous = (before | 1).ilog2() as usize;
            let joined = pairs.of(self.token(previous), token).at(previous);
            set(&mut self.merges, previous, joined);
        }
        let mut joined = Merge::NONE;
        if P::AT_ONCE || next < MAX_BYTES {
            let found = pairs.of(token, self.token(next)).at(place);
            joined = select_unpredictable(next < MAX_BYTES, found, Merge::NONE);
        }
        set(&mut self.merges, place, joined);
        set(&mut self.merges, gone, Merge::NONE);
        set(&mut self.tokens, place, token);
    }

    #[inline(always)]
    fn token(&self, place: usize) -> TokenIndex {
        // The size is a power of two.
        self.tokens.get(place & (SIZE - 1)).copied().unwrap_or(TokenIndex::byte(0))
    }
}

/// Ones in as many of the lowest bits.
#[inline(always)]
const fn below(bits: usize) -> u64 {
    if bits >= 64 { u64::MAX } else { !(u64::MAX << bits) }
}

#[inline(always)]
fn set<T, const SIZE: usize>(list: &mut [T; SIZE], place: usize, value: T) {
    // The size is a power of two.
    if let Some(slot) = list.get_mut(place & (SIZE - 1)) {
        *slot = value;
    }
}
