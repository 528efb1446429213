//! Pieces seen before, in lent memory: texts repeat their words, and a word found here costs one look.

use core::hint::select_unpredictable;

use crate::tokenizer::merge::short::Parts;
use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::packed_ids::PackedIds;
use crate::tokenizer::vocabulary::words::CachedWords;

/// The tokens of pieces that are found quickly.
pub(crate) trait PieceLookup {
    /// The tokens of a word of the tables. There is no branch on whether it is known.
    fn find(&self, word: [u64; 2]) -> PackedIds<2>;

    /// Remembers the tokens of a word.
    fn learn(&mut self, word: [u64; 2], packed: PackedIds<2>);

    /// The tokens of a piece that is too long for a word, if they are remembered or can be.
    fn long(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        words: [u64; LONG_KEY],
        piece: &[u8],
    ) -> PackedIds<LONG_PACKED>;
}

/// Words of memory of a piece that is too long for a word of the tables, and of its tokens.
pub(crate) const LONG_KEY: usize = 4;
pub(crate) const LONG_PACKED: usize = 4;

/// Words of memory of an entry: a piece and its tokens.
const SHORT_ENTRY: usize = 4;
const LONG_ENTRY: usize = LONG_KEY + LONG_PACKED;

/// Pieces with their tokens.
#[derive(Debug)]
pub(crate) struct Cache<'m> {
    /// Two entries side by side: the older one is replaced.
    short: &'m mut [[[u64; SHORT_ENTRY]; 2]],
    long: &'m mut [[[u64; LONG_ENTRY]; 2]],
}

impl<'m> Cache<'m> {
    pub(crate) fn new(memory: &'m mut [u64]) -> Self {
        memory.fill(0);
        let (long, short) = memory.split_at_mut(memory.len() / 8);
        Self {
            short: short.as_chunks_mut().0.as_chunks_mut().0,
            long: long.as_chunks_mut().0.as_chunks_mut().0,
        }
    }

    /// Whether nothing can be remembered.
    pub(crate) const fn is_empty(&self) -> bool {
        self.short.is_empty()
    }
}

/// A cache that remembers nothing.
impl PieceLookup for CachedWords<'_> {
    #[inline(always)]
    fn find(&self, word: [u64; 2]) -> PackedIds<2> {
        self.find(word)
    }

    fn learn(&mut self, _: [u64; 2], _: PackedIds<2>) {}

    fn long(&mut self, _: &Vocabulary<'_>, _: [u64; LONG_KEY], _: &[u8]) -> PackedIds<LONG_PACKED> {
        PackedIds::NONE
    }
}

impl PieceLookup for Cache<'_> {
    #[inline(always)]
    fn find(&self, word: [u64; 2]) -> PackedIds<2> {
        let place = place_of(&word, self.short.len());
        let Some(&[newer, older]) = self.short.get(place) else { return PackedIds::NONE };
        let ([low, high], [new_low, new_high, new_first, new_second]) = (word, newer);
        let [old_low, old_high, old_first, old_second] = older;
        let is_newer = (new_low ^ low) | (new_high ^ high) == 0;
        let is_older = (old_low ^ low) | (old_high ^ high) == 0;
        let one_of =
            |new, old| select_unpredictable(is_newer, new, select_unpredictable(is_older, old, 0));
        PackedIds([one_of(new_first, old_first), one_of(new_second, old_second)])
    }

    #[inline(always)]
    fn learn(&mut self, word: [u64; 2], packed: PackedIds<2>) {
        let place = place_of(&word, self.short.len());
        if let Some([newer, older]) = self.short.get_mut(place)
            && !packed.is_none()
        {
            let ([low, high], PackedIds([first, second])) = (word, packed);
            // A piece of one token is cheaper to find again, so it is replaced before one that was merged.
            let is_merged = |&[_, _, first, _]: &[u64; SHORT_ENTRY]| PackedIds([first]).count() > 1;
            if is_merged(newer) || !is_merged(older) {
                *older = *newer;
            }
            *newer = [low, high, first, second];
        }
    }

    fn long(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        words: [u64; LONG_KEY],
        piece: &[u8],
    ) -> PackedIds<LONG_PACKED> {
        let place = place_of(&words, self.long.len());
        let Some([newer, older]) = self.long.get_mut(place) else { return PackedIds::NONE };
        for entry in [&*newer, &*older] {
            if let Some((key, packed)) = entry.split_first_chunk()
                && *key == words
                && let Some(packed) = packed.first_chunk()
            {
                return PackedIds(*packed);
            }
        }
        let parts = match vocabulary.merge_table() {
            Some(merge_table) => Parts::<{ 8 * LONG_KEY }>::of(&merge_table, piece),
            None => Parts::of(vocabulary, piece),
        };
        let Some(parts) = parts else { return PackedIds::NONE };
        let packed =
            PackedIds::of(parts.count(), parts.indexes().map(|index| vocabulary.id_of(index)));
        if !packed.is_none() {
            *older = *newer;
            for (slot, word) in newer.iter_mut().zip(words.iter().chain(&packed.0)) {
                *slot = *word;
            }
        }
        packed
    }
}

#[inline(always)]
fn place_of(key: &[u64], entries: usize) -> usize {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let joined = key.iter().fold(0u64, |joined, word| joined.rotate_left(23) ^ word);
    let mixed = joined.wrapping_mul(MIX);
    (((mixed >> 32) * entries as u64) >> 32) as usize
}
