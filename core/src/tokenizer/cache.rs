//! Pieces seen before, in lent memory: texts repeat their words, and a word found here costs one look.

use super::batch::{self, Tokens};
use super::bpe::{self, Ids};
use super::short::Parts;
use super::vocab::Vocabulary;
use super::{Bpe, Error, Tokenizer as _};

/// Words of memory of an entry for a piece of at most 16 bytes.
const SHORT_ENTRY: usize = 4;
/// Words of memory of an entry for a piece of at most 32 bytes.
const LONG_ENTRY: usize = 8;
/// Bits of an index.
const INDEX_BITS: u32 = 20;
/// Indexes of a word of memory; the four bits above them in an entry's first one hold their number.
const INDEXES: usize = 3;

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
    /// This tokenizer with `memory` to remember pieces in, which is cleared first.
    pub fn cached<'m>(&self, memory: &'m mut [u64]) -> CachedBpe<'v, 'm> {
        CachedBpe { bpe: *self, cache: Cache::new(memory) }
    }
}

impl CachedBpe<'_, '_> {
    /// As [`Tokenizer::count`](super::Tokenizer::count).
    pub fn count(&mut self, text: &str) -> usize {
        if self.bpe.vocabulary().cut().is_some() {
            return self.bpe.count(text);
        }
        self.cache.count(self.bpe.vocabulary(), text.as_bytes())
    }

    /// As [`Tokenizer::encode`](super::Tokenizer::encode).
    ///
    /// # Errors
    /// As there.
    pub fn encode(&mut self, text: &str, out: &mut [u32]) -> Result<usize, Error> {
        self.bpe.vocabulary().makes_ids()?;
        let mut ids = Ids::new(out);
        self.cache.encode(self.bpe.vocabulary(), text.as_bytes(), &mut ids);
        ids.finish()
    }
}

/// Pieces with their tokens.
#[derive(Debug)]
pub(super) struct Cache<'m> {
    /// Two entries side by side: the older one makes room.
    short: &'m mut [[[u64; SHORT_ENTRY]; 2]],
    long: &'m mut [[[u64; LONG_ENTRY]; 2]],
}

/// The tokens of a piece that was remembered, packed.
#[derive(Clone, Copy)]
pub(super) struct Entry<'m>(&'m [u64]);

impl<'m> Cache<'m> {
    pub(super) fn new(memory: &'m mut [u64]) -> Self {
        memory.fill(0);
        let (long, short) = memory.split_at_mut(memory.len() / 4);
        Self {
            short: short.as_chunks_mut().0.as_chunks_mut().0,
            long: long.as_chunks_mut().0.as_chunks_mut().0,
        }
    }

    #[inline(always)]
    pub(super) fn count(&mut self, vocabulary: &Vocabulary<'_>, text: &[u8]) -> usize {
        let mut count = 0;
        batch::visit(vocabulary, self, text, |tokens| {
            count += match tokens {
                Tokens::One(_) => 1,
                Tokens::Few(entry) => entry.count() as u64,
                Tokens::Merged(parts) => parts.count() as u64,
                Tokens::Piece(piece) => bpe::count(vocabulary, piece),
            }
        });
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    #[inline(always)]
    pub(super) fn encode(&mut self, vocabulary: &Vocabulary<'_>, text: &[u8], ids: &mut Ids<'_>) {
        batch::visit(vocabulary, self, text, |tokens| match tokens {
            Tokens::One(index) => ids.push(vocabulary.id_of(index)),
            Tokens::Few(entry) => {
                entry.indexes().for_each(|index| ids.push(vocabulary.id_of(index)));
            }
            Tokens::Merged(parts) => {
                parts.indexes().for_each(|index| ids.push(vocabulary.id_of(index)));
            }
            Tokens::Piece(piece) => bpe::encode(vocabulary, piece, ids),
        });
    }

    /// Whether a piece is remembered. There is no branch on what is found.
    #[inline(always)]
    pub(super) fn knows(&self, word: [u64; 2]) -> bool {
        match self.short.get(place_of(&word, self.short.len())) {
            Some([newer, older]) => {
                let differs =
                    |entry: &[u64; SHORT_ENTRY]| (entry[0] ^ word[0]) | (entry[1] ^ word[1]);
                (differs(newer) == 0) | (differs(older) == 0)
            }
            None => false,
        }
    }

    /// What is remembered of a piece.
    #[inline(always)]
    pub(super) fn short(&self, word: [u64; 2]) -> Option<Entry<'_>> {
        let pair = self.short.get(place_of(&word, self.short.len()))?;
        pair.iter()
            .find(|entry| entry.starts_with(&word))
            .and_then(|entry| Some(Entry(entry.get(2..)?)))
    }

    /// Remembers a piece, if its tokens are not too many.
    #[inline(never)]
    pub(super) fn learn_short(&mut self, word: [u64; 2], parts: &Parts<{ batch::WORD_BYTES }>) {
        let place = place_of(&word, self.short.len());
        if let Some(pair) = self.short.get_mut(place) {
            learn(pair, &word, parts.count(), parts.indexes());
        }
    }

    /// What is remembered of a longer piece, which is remembered from now on if its tokens are not too
    /// many.
    #[inline(always)]
    pub(super) fn long(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        words: [u64; 4],
        piece: &[u8],
    ) -> Option<Entry<'_>> {
        let place = place_of(&words, self.long.len());
        let pair = self.long.get_mut(place)?;
        if !pair.iter().any(|entry| entry.starts_with(&words)) {
            let parts = Parts::<{ 8 * LONG_ENTRY / 2 }>::of(vocabulary, piece)?;
            if !learn(pair, &words, parts.count(), parts.indexes()) {
                return None;
            }
        }
        pair.iter()
            .find(|entry| entry.starts_with(&words))
            .and_then(|entry| Some(Entry(entry.get(4..)?)))
    }
}

impl Entry<'_> {
    #[inline(always)]
    pub(super) fn count(self) -> usize {
        self.0.first().map_or(0, |word| (word >> (INDEXES as u32 * INDEX_BITS)) as usize)
    }

    #[inline(always)]
    pub(super) fn indexes(self) -> impl Iterator<Item = u32> {
        self.0
            .iter()
            .flat_map(|word| {
                (0..INDEXES as u32)
                    .map(move |place| (word >> (place * INDEX_BITS)) as u32 & 0xF_FFFF)
            })
            .take(self.count())
    }
}

/// Fills the newer entry of a pair, after it became the older one. False, and the entries as they
/// were, where there are too many tokens.
#[inline(always)]
fn learn<const ENTRY: usize>(
    [newer, older]: &mut [[u64; ENTRY]; 2],
    key: &[u64],
    count: usize,
    indexes: impl Iterator<Item = u32>,
) -> bool {
    if count > INDEXES * (ENTRY - key.len()) {
        return false;
    }
    *older = *newer;
    *newer = [0; ENTRY];
    let (slots, packed) = newer.split_at_mut(key.len());
    slots.iter_mut().zip(key).for_each(|(slot, word)| *slot = *word);
    for (place, index) in indexes.enumerate() {
        if let Some(word) = packed.get_mut(place / INDEXES) {
            *word |= (index as u64) << ((place % INDEXES) as u32 * INDEX_BITS);
        }
    }
    if let Some(first) = packed.first_mut() {
        *first |= (count as u64) << (INDEXES as u32 * INDEX_BITS);
    }
    true
}

#[inline(always)]
fn place_of(key: &[u64], entries: usize) -> usize {
    let mut mixed = 0u64;
    for word in key {
        mixed = (mixed.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    (((mixed >> 32) * entries as u64) >> 32) as usize
}
