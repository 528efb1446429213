//! Pieces seen before, in lent memory: texts repeat their words, and a word found here costs one look.

use super::bpe::{self, Ids};
use super::fast::{next_piece, words_of};
use super::{Bpe, Error};

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
    short: &'m mut [[u64; SHORT_ENTRY]],
    long: &'m mut [[u64; LONG_ENTRY]],
}

impl<'v> Bpe<'v> {
    /// This tokenizer with `memory` to remember pieces in, which is cleared first.
    pub fn cached<'m>(&self, memory: &'m mut [u64]) -> CachedBpe<'v, 'm> {
        memory.fill(0);
        let (long, short) = memory.split_at_mut(memory.len() / 4);
        CachedBpe { bpe: *self, short: short.as_chunks_mut().0, long: long.as_chunks_mut().0 }
    }
}

impl CachedBpe<'_, '_> {
    /// As [`Tokenizer::count`](super::Tokenizer::count).
    pub fn count(&mut self, text: &str) -> usize {
        let mut count = 0;
        self.pieces(text.as_bytes(), |tokens| match tokens {
            Tokens::One(_) => count += 1,
            Tokens::Few(_, few) => count += few as u64,
            Tokens::Piece(bpe, piece) => count += bpe::count(bpe.vocabulary(), piece),
        });
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// As [`Tokenizer::encode`](super::Tokenizer::encode).
    ///
    /// # Errors
    /// `Full` when `out` is short; `detail` is the count needed. What `out` holds then is not defined.
    pub fn encode(&mut self, text: &str, out: &mut [u32]) -> Result<usize, Error> {
        let mut ids = Ids::new(out);
        let vocabulary = *self.bpe.vocabulary();
        self.pieces(text.as_bytes(), |tokens| match tokens {
            Tokens::One(index) => ids.push(vocabulary.id_of(index)),
            Tokens::Few(packed, few) => {
                for index in unpacked(packed).take(few) {
                    ids.push(vocabulary.id_of(index));
                }
            }
            Tokens::Piece(bpe, piece) => bpe::encode(bpe.vocabulary(), piece, &mut ids),
        });
        ids.finish()
    }

    #[inline(always)]
    fn pieces(&mut self, text: &[u8], mut visit: impl FnMut(Tokens<'_>)) {
        let pattern = self.bpe.vocabulary().pattern();
        let mut at = 0;
        while at < text.len() {
            let (end, word) = next_piece(pattern, text, at);
            let piece = text.get(at..end).unwrap_or_default();
            match (word, end - at) {
                (Some(key), _) => match self.bpe.vocabulary.word(key) {
                    Some(index) => visit(Tokens::One(index)),
                    None => remembered(&self.bpe, self.short, key, piece, &mut visit),
                },
                (None, 17..=32) => match words_of::<4>(text, at, end) {
                    Some(key) => remembered(&self.bpe, self.long, key, piece, &mut visit),
                    None => visit(Tokens::Piece(&self.bpe, piece)),
                },
                _ => visit(Tokens::Piece(&self.bpe, piece)),
            }
            at = end;
        }
    }
}

/// What is known of a piece.
enum Tokens<'a> {
    /// It is a token.
    One(u32),
    /// Packed indexes and their number.
    Few(&'a [u64], usize),
    /// Nothing yet.
    Piece(&'a Bpe<'a>, &'a [u8]),
}

/// Visits the tokens of a piece from its entry, which is made first if it is another piece's.
#[inline(always)]
fn remembered<const ENTRY: usize, const KEY: usize>(
    bpe: &Bpe<'_>,
    entries: &mut [[u64; ENTRY]],
    key: [u64; KEY],
    piece: &[u8],
    visit: &mut impl FnMut(Tokens<'_>),
) {
    // Two entries side by side: the older one makes room.
    let (pairs, _) = entries.as_chunks_mut::<2>();
    let place = place_of(&key, pairs.len());
    let Some([newer, older]) = pairs.get_mut(place) else {
        return visit(Tokens::Piece(bpe, piece));
    };
    let is = |entry: &[u64; ENTRY]| entry.iter().zip(&key).all(|(known, wanted)| known == wanted);
    let entry = if is(newer) {
        newer
    } else if is(older) {
        older
    } else {
        core::mem::swap(newer, older);
        if !learn(bpe, newer, &key, piece) {
            return visit(Tokens::Piece(bpe, piece));
        }
        newer
    };
    let packed = entry.get(KEY..).unwrap_or_default();
    let count = packed.first().map_or(0, |word| word >> (INDEXES as u32 * INDEX_BITS));
    match packed {
        &[first, ..] if count == 1 => visit(Tokens::One(first as u32 & 0xF_FFFF)),
        _ => visit(Tokens::Few(packed, count as usize)),
    }
}

/// Fills an entry. False, and the entry as it was, where the piece has too many tokens.
#[inline(never)]
fn learn<const ENTRY: usize>(
    bpe: &Bpe<'_>,
    entry: &mut [u64; ENTRY],
    key: &[u64],
    piece: &[u8],
) -> bool {
    let mut packed = [0u64; LONG_ENTRY / 2];
    let room = INDEXES * (ENTRY - key.len());
    let Some(count) = bpe::indexes(bpe.vocabulary(), piece, |place, index| {
        if let Some(word) = packed.get_mut(place / INDEXES) {
            *word |= (index as u64) << ((place % INDEXES) as u32 * INDEX_BITS);
        }
    }) else {
        return false;
    };
    if count > room {
        return false;
    }
    if let Some(first) = packed.first_mut() {
        *first |= (count as u64) << (INDEXES as u32 * INDEX_BITS);
    }
    for (slot, word) in entry.iter_mut().zip(key.iter().chain(&packed)) {
        *slot = *word;
    }
    true
}

fn unpacked(packed: &[u64]) -> impl Iterator<Item = u32> + '_ {
    packed.iter().flat_map(|word| {
        (0..INDEXES as u32).map(move |place| (word >> (place * INDEX_BITS)) as u32 & 0xF_FFFF)
    })
}

#[inline(always)]
fn place_of(key: &[u64], entries: usize) -> usize {
    let mut mixed = 0u64;
    for word in key {
        mixed = (mixed.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    (((mixed >> 32) * entries as u64) >> 32) as usize
}
