//! Pieces seen before, in lent memory: texts repeat their words, and a word found here costs one look.

use core::hint::select_unpredictable;

use super::batch::{self, Sink};
use super::bpe::{self, Ids};
use super::few::Few;
use super::short::Parts;
use super::vocab::Vocabulary;
use super::words::FrontWords;
use super::{Bpe, Error, Specials, Tokenizer as _};

/// [`Bpe`] with lent memory in which it remembers pieces of text and their tokens.
///
/// The results are the same; only the time differs. 1 MB serves a long text of any kind; less is of
/// use too.
#[derive(Debug)]
pub struct CachedBpe<'v, 'm> {
    bpe: Bpe<'v>,
    cache: Cache<'m>,
}

impl<'v> Bpe<'v> {
    /// This tokenizer with `memory` to remember pieces in, which is cleared first: for long texts.
    pub fn cached<'m>(&self, memory: &'m mut [u64]) -> CachedBpe<'v, 'm> {
        CachedBpe { bpe: *self, cache: Cache::new(memory) }
    }

    /// Words of memory that serve a text of so many bytes: half as many, up to 1 MB of them.
    pub const fn cache_words(text_bytes: usize) -> usize {
        let (words, most) = (text_bytes / 2, (1 << 20) / size_of::<u64>());
        if words < most { words } else { most }
    }
}

impl CachedBpe<'_, '_> {
    /// As [`Tokenizer::count`](super::Tokenizer::count).
    pub fn count(&mut self, text: &str) -> usize {
        if self.cache.is_empty() || self.bpe.vocabulary.cut().is_some() {
            return self.bpe.count(text);
        }
        self.cache.count(&self.bpe, text.as_bytes())
    }

    /// As [`Tokenizer::encode`](super::Tokenizer::encode).
    ///
    /// # Errors
    /// As there.
    pub fn encode(&mut self, text: &str, out: &mut [u32]) -> Result<usize, Error> {
        self.encode_with(text, Specials::AsText, out)
    }

    /// As [`Bpe::encode_with`].
    ///
    /// # Errors
    /// As there.
    pub fn encode_with(
        &mut self,
        text: &str,
        allowed: Specials<'_>,
        out: &mut [u32],
    ) -> Result<usize, Error> {
        if self.cache.is_empty() {
            return self.bpe.encode_with(text, allowed, out);
        }
        self.encode_in_batches(text, allowed, out)
    }

    pub(super) fn encode_in_batches(
        &mut self,
        text: &str,
        allowed: Specials<'_>,
        out: &mut [u32],
    ) -> Result<usize, Error> {
        let Self { bpe, cache } = self;
        bpe.encode_by(text, allowed, out, |text, ids| cache.encode(bpe, text, ids))
    }
}

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

    pub(super) fn count(&mut self, bpe: &Bpe<'_>, text: &[u8]) -> usize {
        let mut total = Total { vocabulary: &bpe.vocabulary, tokens: 0 };
        batch::visit(&bpe.vocabulary, bpe.classes_of(), self, text, &mut total);
        usize::try_from(total.tokens).unwrap_or(usize::MAX)
    }

    pub(super) fn encode(&mut self, bpe: &Bpe<'_>, text: &[u8], ids: &mut Ids<'_>) {
        let vocabulary = &bpe.vocabulary;
        let mut found = Found { vocabulary, count: ids.count, out: &mut *ids.out };
        batch::visit(vocabulary, bpe.classes_of(), self, text, &mut found);
        ids.count = found.count;
    }
}

/// Counts what is found.
struct Total<'a, 'v> {
    vocabulary: &'a Vocabulary<'v>,
    tokens: u64,
}

impl Sink for Total<'_, '_> {
    #[inline(always)]
    fn few<const WORDS: usize>(&mut self, few: &Few<WORDS>) {
        self.tokens += few.count() as u64;
    }

    fn piece(&mut self, piece: &[u8]) {
        self.tokens += bpe::count(self.vocabulary, piece);
    }
}

/// Writes what is found.
struct Found<'a, 'v> {
    vocabulary: &'a Vocabulary<'v>,
    out: &'a mut [u32],
    count: usize,
}

impl Sink for Found<'_, '_> {
    #[inline(always)]
    fn few<const WORDS: usize>(&mut self, few: &Few<WORDS>) {
        let first = few.first_ids();
        match self.out.get_mut(self.count..).and_then(|rest| rest.first_chunk_mut()) {
            // What is written behind the last one is written over, or is not of the result.
            Some(place) if few.count() <= first.len() => {
                *place = first;
                self.count += few.count();
            }
            _ => {
                // A copy, so that the count of this stays in a register.
                let mut ids = Ids { out: &mut *self.out, count: self.count };
                few.ids().for_each(|id| ids.push(id));
                self.count = ids.count;
            }
        }
    }

    fn piece(&mut self, piece: &[u8]) {
        let mut ids = Ids { out: &mut *self.out, count: self.count };
        bpe::encode(self.vocabulary, piece, &mut ids);
        self.count = ids.count;
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
