//! Pieces of several tokens, in a word or two of lent memory each.
//!
//! An entry has no key. It names its tokens by their places in the tables of words, which have their
//! bytes: if these spell a piece, the entry was made from that piece, and its tokens are the right ones.

use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::packed_ids::PackedIds;

/// Bits of a place.
const PLACE_BITS: u32 = 19;
/// Places of a word. Above them, two bits hold their number, and five a part of the hash.
const PLACES: usize = 3;
const COUNT_AT: u32 = PLACES as u32 * PLACE_BITS;
const MARK_AT: u32 = COUNT_AT + 2;
/// Entries among which that of a piece is.
const FEW_WAYS: usize = 4;
const MANY_WAYS: usize = 2;
/// Words of memory that pieces of up to three tokens have of eight; the others have the rest.
const FEW_OF_EIGHT: usize = 5;
/// One of so many pieces that find no free place takes that of another: of a text that is read again and
/// again, a part is found, while the newest ones would always be those that are read last.
const LATE: u32 = 8;

/// Pieces of two to six tokens.
#[derive(Debug)]
pub(super) struct SpelledPieces<'m> {
    /// Up to three tokens.
    few: &'m mut [[u64; FEW_WAYS]],
    /// Up to six.
    many: &'m mut [[[u64; 2]; MANY_WAYS]],
    /// Pieces that found no free place.
    late: u32,
}

impl<'m> SpelledPieces<'m> {
    /// In memory that was cleared.
    pub(super) fn new(memory: &'m mut [u64]) -> Self {
        let (few, many) = memory.split_at_mut(memory.len() / 8 * FEW_OF_EIGHT);
        Self { few: few.as_chunks_mut().0, many: many.as_chunks_mut().0.as_chunks_mut().0, late: 0 }
    }

    /// The tokens of the first `length` bytes of `text`, which have this hash.
    #[inline(always)]
    pub(super) fn find(
        &self,
        vocabulary: &Vocabulary<'_>,
        hash: u64,
        text: &[u8],
        length: usize,
    ) -> PackedIds<2> {
        let few = self.few.get(set_of(hash, self.few.len()));
        for &entry in few.into_iter().flatten() {
            if is_marked(entry, hash)
                && let Some(packed) = spelled(vocabulary, [entry, 0], text, length)
            {
                return packed;
            }
        }
        let many = self.many.get(set_of(hash, self.many.len()));
        for &entry in many.into_iter().flatten() {
            if is_marked(entry[0], hash)
                && let Some(packed) = spelled(vocabulary, entry, text, length)
            {
                return packed;
            }
        }
        PackedIds::NONE
    }

    /// Remembers the tokens of a piece by their bytes and ids. False if there is no place, if they are
    /// too many, or if one is not in the tables.
    #[inline(always)]
    pub(super) fn learn(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        hash: u64,
        count: usize,
        tokens: impl Iterator<Item = ([u64; 2], u32)>,
    ) -> bool {
        if count > 2 * PLACES {
            return false;
        }
        let is_few = count <= PLACES;
        let (few, many) = (set_of(hash, self.few.len()), set_of(hash, self.many.len()));
        let (few, many) = (self.few.get_mut(few), self.many.get_mut(many));
        // Looking for the tokens costs more than looking for a place.
        let late = &mut self.late;
        let place = if is_few {
            few.as_deref().map(|set| place_in(set, |&old| old == 0, late))
        } else {
            many.as_deref().map(|set| place_in(set, |old| old[0] == 0, late))
        };
        let Some(Some(place)) = place else { return false };
        let mut entry = [0; 2];
        for (number, (bytes, id)) in tokens.enumerate() {
            let place = vocabulary.word_place(bytes, id).filter(|&place| place < 1 << PLACE_BITS);
            let (Some(place), Some(word)) = (place, entry.get_mut(number / PLACES)) else {
                return false;
            };
            *word |= (place as u64) << (number % PLACES * PLACE_BITS as usize);
            *word += 1 << COUNT_AT;
        }
        entry[0] |= hash << MARK_AT;
        if is_few {
            if let Some(slot) = few.and_then(|set| set.get_mut(place)) {
                *slot = entry[0];
            }
        } else if let Some(slot) = many.and_then(|set| set.get_mut(place)) {
            *slot = entry;
        }
        true
    }
}

/// A hash of the bytes of a piece, as words.
#[inline(always)]
pub(super) fn hash_of(words: &[u64]) -> u64 {
    const MIX: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9];
    let mixed = words.iter().fold(0u64, |mixed, &word| {
        let mixed = (mixed.rotate_left(23) ^ word).wrapping_mul(MIX[0]);
        mixed ^ mixed >> 32
    });
    mixed.wrapping_mul(MIX[1])
}

/// From the upper half of a hash.
#[inline(always)]
fn set_of(hash: u64, sets: usize) -> usize {
    (((hash >> 32) * sets as u64) >> 32) as usize
}

/// Whether an entry may be that of a piece.
#[inline(always)]
fn is_marked(entry: u64, hash: u64) -> bool {
    (entry ^ hash << MARK_AT) >> MARK_AT == 0
}

/// A free place in a set, or now and then that of another entry.
#[inline(always)]
fn place_in<T, const WAYS: usize>(
    set: &[T; WAYS],
    is_free: impl Fn(&T) -> bool,
    late: &mut u32,
) -> Option<usize> {
    set.iter().position(is_free).or_else(|| {
        *late = late.wrapping_add(1);
        late.is_multiple_of(LATE).then_some((*late / LATE) as usize % WAYS)
    })
}

/// The ids of an entry if its tokens spell the first `length` bytes of `text`.
#[inline(always)]
fn spelled(
    vocabulary: &Vocabulary<'_>,
    entry: [u64; 2],
    text: &[u8],
    length: usize,
) -> Option<PackedIds<2>> {
    let mut ids = [0; 2 * PLACES];
    let (mut at, mut count) = (0, 0);
    for mut word in entry {
        for _ in 0..word >> COUNT_AT & 3 {
            let place = word as u32 & ((1 << PLACE_BITS) - 1);
            word >>= PLACE_BITS;
            let (bytes, id) = vocabulary.word_at(place)?;
            let bytes = (bytes[1] as u128) << 64 | bytes[0] as u128;
            let unused = bytes.leading_zeros() & !7;
            let here = u128::from_le_bytes(*text.get(at..)?.first_chunk()?);
            if (here ^ bytes).unbounded_shl(unused) != 0 {
                return None;
            }
            at += 16 - unused as usize / 8;
            *ids.get_mut(count)? = id;
            count += 1;
        }
    }
    (at == length && count > 0).then(|| PackedIds::of(count, ids.into_iter().take(count)))
}
