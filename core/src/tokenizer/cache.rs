//! Pieces seen before, in lent memory: texts repeat their words, and a word found here costs one look.

use core::hint::select_unpredictable;

use super::few::Few;
use super::short::Parts;
use super::vocab::Vocabulary;
use super::words::FrontWords;

/// What is known of pieces without looking far.
pub(super) trait Front {
    /// The tokens of a word of the tables. There is no branch on whether it is known.
    fn find(&self, word: [u64; 2]) -> Few<2>;

    /// Remembers the tokens of a word.
    fn learn(&mut self, word: [u64; 2], few: Few<2>);

    /// The tokens of a piece that is too long for a word, if they are remembered or can be.
    fn long(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        words: [u64; LONG_KEY],
        piece: &[u8],
    ) -> Few<LONG_FEW>;
}

/// Words of memory of a piece that is too long for a word of the tables, and of its tokens.
pub(super) const LONG_KEY: usize = 4;
pub(super) const LONG_FEW: usize = 4;

/// Words of memory of an entry: a piece and its tokens.
const SHORT_ENTRY: usize = 4;
const LONG_ENTRY: usize = LONG_KEY + LONG_FEW;

/// Pieces with their tokens.
#[derive(Debug)]
pub(super) struct Cache<'m> {
    /// Two entries side by side: the older one makes room.
    short: &'m mut [[[u64; SHORT_ENTRY]; 2]],
    long: &'m mut [[[u64; LONG_ENTRY]; 2]],
}

impl<'m> Cache<'m> {
    pub(super) fn new(memory: &'m mut [u64]) -> Self {
        memory.fill(0);
        let (long, short) = memory.split_at_mut(memory.len() / 8);
        Self {
            short: short.as_chunks_mut().0.as_chunks_mut().0,
            long: long.as_chunks_mut().0.as_chunks_mut().0,
        }
    }

    /// Whether nothing can be remembered.
    pub(super) const fn is_empty(&self) -> bool {
        self.short.is_empty()
    }
}

/// Where nothing can be remembered.
impl Front for FrontWords<'_> {
    #[inline(always)]
    fn find(&self, word: [u64; 2]) -> Few<2> {
        self.find(word)
    }

    fn learn(&mut self, _: [u64; 2], _: Few<2>) {}

    fn long(&mut self, _: &Vocabulary<'_>, _: [u64; LONG_KEY], _: &[u8]) -> Few<LONG_FEW> {
        Few::NONE
    }
}

impl Front for Cache<'_> {
    #[inline(always)]
    fn find(&self, word: [u64; 2]) -> Few<2> {
        let place = place_of(&word, self.short.len());
        let Some(&[newer, older]) = self.short.get(place) else { return Few::NONE };
        let ([low, high], [new_low, new_high, new_first, new_second]) = (word, newer);
        let [old_low, old_high, old_first, old_second] = older;
        let is_newer = (new_low ^ low) | (new_high ^ high) == 0;
        let is_older = (old_low ^ low) | (old_high ^ high) == 0;
        let one_of =
            |new, old| select_unpredictable(is_newer, new, select_unpredictable(is_older, old, 0));
        Few([one_of(new_first, old_first), one_of(new_second, old_second)])
    }

    #[inline(always)]
    fn learn(&mut self, word: [u64; 2], few: Few<2>) {
        let place = place_of(&word, self.short.len());
        if let Some([newer, older]) = self.short.get_mut(place)
            && !few.is_none()
        {
            let ([low, high], Few([first, second])) = (word, few);
            // A piece of one token is found again sooner, so it makes room before one that was merged.
            let is_merged = |&[_, _, first, _]: &[u64; SHORT_ENTRY]| Few([first]).count() > 1;
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
    ) -> Few<LONG_FEW> {
        let place = place_of(&words, self.long.len());
        let Some([newer, older]) = self.long.get_mut(place) else { return Few::NONE };
        for entry in [&*newer, &*older] {
            if let Some((key, few)) = entry.split_first_chunk()
                && *key == words
                && let Some(few) = few.first_chunk()
            {
                return Few(*few);
            }
        }
        let parts = match vocabulary.joins() {
            Some(joins) => Parts::<{ 8 * LONG_KEY }>::of(&joins, piece),
            None => Parts::of(vocabulary, piece),
        };
        let Some(parts) = parts else { return Few::NONE };
        let few = Few::of(parts.count(), parts.indexes().map(|index| vocabulary.id_of(index)));
        if !few.is_none() {
            *older = *newer;
            for (slot, word) in newer.iter_mut().zip(words.iter().chain(&few.0)) {
                *slot = *word;
            }
        }
        few
    }
}

#[inline(always)]
fn place_of(key: &[u64], entries: usize) -> usize {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let joined = key.iter().fold(0u64, |joined, word| joined.rotate_left(23) ^ word);
    let mixed = joined.wrapping_mul(MIX);
    (((mixed >> 32) * entries as u64) >> 32) as usize
}
