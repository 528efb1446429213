//! A tokenizer with memory, and the consumers of tokens that are found in batches.

mod batch;
pub(super) mod piece_cache;
mod spelled;

use self::batch::TokenSink;
use self::piece_cache::Cache;
use super::merge::{self, IdBuffer};
use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::packed_ids::PackedIds;
use crate::tokenizer::{Bpe, Error, Specials, Tokenizer as _};

/// [`Bpe`] with lent memory in which it remembers pieces of text and their tokens.
///
/// The results are the same; only the time differs. 1 MB is enough for a long text of any kind;
/// less helps too.
#[derive(Debug)]
pub struct CachedBpe<'v, 'm> {
    bpe: Bpe<'v>,
    cache: Cache<'m>,
}

impl<'v> Bpe<'v> {
    /// This tokenizer with `memory` to remember pieces in, which is cleared first: for long texts.
    pub fn cached<'m>(&self, memory: &'m mut [u64]) -> CachedBpe<'v, 'm> {
        CachedBpe { bpe: *self, cache: Cache::new(&self.vocabulary, memory) }
    }

    /// Words of memory for a text of this many bytes: half as many, up to 1 MB of them.
    pub const fn cache_words(text_bytes: usize) -> usize {
        let (words, most) = (text_bytes / 2, (1 << 20) / size_of::<u64>());
        if words < most { words } else { most }
    }
}

impl CachedBpe<'_, '_> {
    /// As [`Tokenizer::count`](super::Tokenizer::count).
    pub fn count(&mut self, text: &str) -> usize {
        if self.cache.is_empty() || self.bpe.vocabulary.pruning().is_some() {
            return self.bpe.count(text);
        }
        count(&self.bpe, &mut self.cache, text.as_bytes())
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

    pub(crate) fn encode_in_batches(
        &mut self,
        text: &str,
        allowed: Specials<'_>,
        out: &mut [u32],
    ) -> Result<usize, Error> {
        let Self { bpe, cache } = self;
        bpe.encode_by(text, allowed, out, |text, ids| encode(bpe, cache, text, ids))
    }
}

/// Tokens of `text`.
pub(crate) fn count(bpe: &Bpe<'_>, cache: &mut Cache<'_>, text: &[u8]) -> usize {
    let mut total = TokenTotal { vocabulary: &bpe.vocabulary, tokens: 0 };
    batch::visit(&bpe.vocabulary, bpe.classes_of(), cache, text, &mut total);
    usize::try_from(total.tokens).unwrap_or(usize::MAX)
}

/// Writes the ids of `text`.
fn encode(bpe: &Bpe<'_>, cache: &mut Cache<'_>, text: &[u8], ids: &mut IdBuffer<'_>) {
    let vocabulary = &bpe.vocabulary;
    let mut found = IdWriter { vocabulary, count: ids.count, out: &mut *ids.out };
    batch::visit(vocabulary, bpe.classes_of(), cache, text, &mut found);
    ids.count = found.count;
}

/// Counts the tokens.
struct TokenTotal<'a, 'v> {
    vocabulary: &'a Vocabulary<'v>,
    tokens: u64,
}

impl TokenSink for TokenTotal<'_, '_> {
    #[inline(always)]
    fn packed<const WORDS: usize>(&mut self, packed: &PackedIds<WORDS>) {
        self.tokens += packed.count() as u64;
    }

    fn piece(&mut self, piece: &[u8]) {
        self.tokens += merge::count(self.vocabulary, piece);
    }
}

/// Writes the tokens.
struct IdWriter<'a, 'v> {
    vocabulary: &'a Vocabulary<'v>,
    out: &'a mut [u32],
    count: usize,
}

impl TokenSink for IdWriter<'_, '_> {
    #[inline(always)]
    fn packed<const WORDS: usize>(&mut self, packed: &PackedIds<WORDS>) {
        let first = packed.first_ids();
        match self.out.get_mut(self.count..).and_then(|rest| rest.first_chunk_mut()) {
            // Ids after the last one are overwritten, or are not part of the result.
            Some(place) if packed.count() <= first.len() => {
                *place = first;
                self.count += packed.count();
            }
            _ => {
                // A copy, so that its count stays in a register.
                let mut ids = IdBuffer { out: &mut *self.out, count: self.count };
                packed.ids().for_each(|id| ids.push(id));
                self.count = ids.count;
            }
        }
    }

    fn piece(&mut self, piece: &[u8]) {
        let mut ids = IdBuffer { out: &mut *self.out, count: self.count };
        merge::encode(self.vocabulary, piece, &mut ids);
        self.count = ids.count;
    }
}
