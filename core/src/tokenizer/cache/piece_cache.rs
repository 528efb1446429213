//! Pieces seen before, in lent memory: texts repeat their words, and a word found here costs one look.

use core::hint::select_unpredictable;

use super::spelled::{SpelledPieces, hash_of};
use crate::tokenizer::merge::short::Parts;
use crate::tokenizer::pretokenize::fast::mask;
use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::packed_ids::PackedIds;
use crate::tokenizer::vocabulary::words::CachedWords;

/// The tokens of pieces that are found quickly.
pub(crate) trait PieceLookup {
    /// The tokens of a word of the tables. There is no branch on whether it is known.
    fn find(&self, word: [u64; 2]) -> PackedIds<2>;

    /// Remembers the tokens of a word.
    fn learn(&mut self, word: [u64; 2], packed: PackedIds<2>);

    /// The tokens of a word that was merged, which is the first `length` bytes of `text`.
    fn find_merged(
        &self,
        vocabulary: &Vocabulary<'_>,
        word: [u64; 2],
        text: &[u8],
        length: usize,
    ) -> PackedIds<2>;

    /// Remembers the tokens of a word that was merged.
    fn learn_merged(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        word: [u64; 2],
        parts: &Parts<WORD_BYTES>,
    );

    /// The tokens of a piece that is too long for a word, if they are remembered or can be. It is the
    /// first `length` bytes of `text`.
    fn long(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        words: [u64; LONG_KEY],
        text: &[u8],
        length: usize,
    ) -> PackedIds<LONG_PACKED>;
}

/// Bytes of a piece that is a word of the tables.
pub(crate) const WORD_BYTES: usize = 16;
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
    /// Where the vocabulary has tables of words.
    spelled: SpelledPieces<'m>,
}

impl<'m> Cache<'m> {
    pub(crate) fn new(vocabulary: &Vocabulary<'_>, memory: &'m mut [u64]) -> Self {
        memory.fill(0);
        let sixteenth = memory.len() / 16;
        // The hot pieces are found at once only among the short ones; those that are merged are many.
        let (long, spelled) = if vocabulary.has_words() { (1, 6) } else { (2, 0) };
        let (long, rest) = memory.split_at_mut(sixteenth * long);
        let (spelled, short) = rest.split_at_mut(sixteenth * spelled);
        Self {
            short: short.as_chunks_mut().0.as_chunks_mut().0,
            long: long.as_chunks_mut().0.as_chunks_mut().0,
            spelled: SpelledPieces::new(spelled),
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

    fn find_merged(&self, _: &Vocabulary<'_>, _: [u64; 2], _: &[u8], _: usize) -> PackedIds<2> {
        PackedIds::NONE
    }

    fn learn_merged(&mut self, _: &Vocabulary<'_>, _: [u64; 2], _: &Parts<WORD_BYTES>) {}

    fn long(
        &mut self,
        _: &Vocabulary<'_>,
        _: [u64; LONG_KEY],
        _: &[u8],
        _: usize,
    ) -> PackedIds<LONG_PACKED> {
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

    #[inline(always)]
    fn find_merged(
        &self,
        vocabulary: &Vocabulary<'_>,
        word: [u64; 2],
        text: &[u8],
        length: usize,
    ) -> PackedIds<2> {
        self.spelled.find(vocabulary, hash_of(&word), text, length)
    }

    #[inline(always)]
    fn learn_merged(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        word: [u64; 2],
        parts: &Parts<WORD_BYTES>,
    ) {
        let tokens = tokens_of(vocabulary, parts, word);
        self.spelled.learn(vocabulary, hash_of(&word), parts.count(), tokens);
    }

    fn long(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        words: [u64; LONG_KEY],
        text: &[u8],
        length: usize,
    ) -> PackedIds<LONG_PACKED> {
        let hash = hash_of(&words);
        let PackedIds([first, second]) = self.spelled.find(vocabulary, hash, text, length);
        if first != 0 {
            return PackedIds([first, second, 0, 0]);
        }
        let Some(piece) = text.get(..length) else { return PackedIds::NONE };
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
        let learned = self.spelled.learn(
            vocabulary,
            hash,
            parts.count(),
            tokens_of(vocabulary, &parts, words),
        );
        if !packed.is_none() && !learned {
            *older = *newer;
            for (slot, word) in newer.iter_mut().zip(words.iter().chain(&packed.0)) {
                *slot = *word;
            }
        }
        packed
    }
}

/// The bytes and ids of the tokens of a piece. Those that are too long for a word have other bytes.
#[inline(always)]
fn tokens_of<const SIZE: usize, const WORDS: usize>(
    vocabulary: &Vocabulary<'_>,
    parts: &Parts<SIZE>,
    words: [u64; WORDS],
) -> impl Iterator<Item = ([u64; 2], u32)> {
    let word = move |number: usize| words.get(number).copied().unwrap_or_default();
    parts.tokens().map(move |(index, start, length)| {
        let (first, shift) = (start / 8, (start % 8 * 8) as u32);
        let shifted = |number| word(number) >> shift | word(number + 1).unbounded_shl(64 - shift);
        let bytes =
            [shifted(first) & mask(length), shifted(first + 1) & mask(length.saturating_sub(8))];
        (if length <= WORD_BYTES { bytes } else { [0; 2] }, vocabulary.id_of(index))
    })
}

#[inline(always)]
fn place_of(key: &[u64], entries: usize) -> usize {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let joined = key.iter().fold(0u64, |joined, word| joined.rotate_left(23) ^ word);
    let mixed = joined.wrapping_mul(MIX);
    (((mixed >> 32) * entries as u64) >> 32) as usize
}
