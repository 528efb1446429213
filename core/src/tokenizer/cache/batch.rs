//! Pieces are cut, looked up and merged a batch at a time, so that the lookups of one do not wait for
//! those of another.

use super::piece_cache::{Cache, PieceLookup, WORD_BYTES};
use crate::tokenizer::merge::short::Parts;
use crate::tokenizer::pretokenize::Pattern;
use crate::tokenizer::pretokenize::block;
use crate::tokenizer::pretokenize::fast::{next_piece, words_of};
use crate::tokenizer::pretokenize::masks::{self, ClassesOf};
use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::merge_table::MergeLookup;
use crate::tokenizer::vocabulary::packed_ids::PackedIds;

/// Pieces of a batch.
const SIZE: usize = 512;
/// Pieces that are merged side by side.
const ROW: usize = 8;

/// Takes the tokens of one piece after the other.
pub(crate) trait TokenSink {
    /// A piece of these tokens.
    fn packed<const WORDS: usize>(&mut self, packed: &PackedIds<WORDS>);

    /// A piece that is still to be merged.
    fn piece(&mut self, piece: &[u8]);
}

/// Shows the tokens of `text`.
pub(crate) fn visit(
    vocabulary: &Vocabulary<'_>,
    classes_of: ClassesOf,
    cache: &mut Cache<'_>,
    text: &[u8],
    sink: &mut impl TokenSink,
) {
    if cache.is_empty() {
        visit_behind(vocabulary, classes_of, &mut vocabulary.front(), text, sink);
    } else {
        visit_behind(vocabulary, classes_of, cache, text, sink);
    }
}

fn visit_behind(
    vocabulary: &Vocabulary<'_>,
    classes_of: ClassesOf,
    front: &mut impl PieceLookup,
    text: &[u8],
    sink: &mut impl TokenSink,
) {
    let mut batch = Batch::new();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        at = batch.cut(vocabulary, classes_of, front, text, start);
        batch.look_further(vocabulary, front, text, start);
        batch.show(vocabulary, front, text, start, sink);
    }
}

/// Pieces that are looked at together.
struct Batch {
    slots: [BatchSlot; SIZE],
    count: usize,
    /// A bit for each piece that was not found at once.
    others: [u64; SIZE / 64],
    row: MergeRow,
}

/// A piece of a batch: its tokens, and where it ends.
#[derive(Clone, Copy)]
struct BatchSlot {
    packed: PackedIds<2>,
    end: usize,
}

impl Batch {
    #[inline(always)]
    const fn new() -> Self {
        let slot = BatchSlot { packed: PackedIds::NONE, end: 0 };
        Self { slots: [slot; SIZE], count: 0, others: [0; SIZE / 64], row: MergeRow::new() }
    }

    /// Fills in the pieces that start at `at`; the end of the last one.
    #[inline(always)]
    fn cut(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        classes_of: ClassesOf,
        front: &impl PieceLookup,
        text: &[u8],
        mut at: usize,
    ) -> usize {
        let pattern = vocabulary.pattern();
        (self.count, self.others) = (0, [0; SIZE / 64]);
        while at < text.len() && self.count + masks::BYTES <= SIZE {
            if pattern.is_for_blocks()
                && let Some(window) = text.get(at..).and_then(|rest| rest.first_chunk())
                && let Some(block) = window.first_chunk()
            {
                let starts = block::piece_starts(pattern, block, &classes_of(block)) & !1;
                if starts != 0 {
                    self.push_block(front, starts, window, at);
                    at += starts.ilog2() as usize;
                    continue;
                }
            }
            let (end, word) = next_piece_apart(pattern, text, at);
            let packed = word.map_or(PackedIds::NONE, |word| front.find(word));
            if let Some(slot) = self.slots.get_mut(self.count) {
                *slot = BatchSlot { packed, end };
                self.mark(u64::from(packed.is_none()), 1);
            }
            at = end;
        }
        at
    }

    /// Fills in the pieces between `starts`, which are relative to `at`.
    #[inline(always)]
    fn push_block(
        &mut self,
        front: &impl PieceLookup,
        starts: u64,
        window: &[u8; masks::BYTES + WORD_BYTES],
        at: usize,
    ) {
        let free = self.slots.get_mut(self.count..).unwrap_or_default();
        let (mut start, mut left, mut others) = (0, starts, 0u64);
        for slot in free {
            let end = left.trailing_zeros() as usize;
            left &= left - 1;
            let mask = MASKS.get(end - start).copied().unwrap_or_default();
            let word = match window.get(start..).and_then(|rest| rest.first_chunk()) {
                Some(bytes) => u128::from_le_bytes(*bytes) & mask,
                None => 0,
            };
            let packed = front.find([word as u64, (word >> 64) as u64]);
            *slot = BatchSlot { packed, end: at + end };
            // Most pieces are found; a processor cannot predict which are not.
            others = others << 1 | u64::from(packed.is_none());
            start = end;
            if left == 0 {
                break;
            }
        }
        let count = starts.count_ones();
        self.mark(others.reverse_bits() >> (64 - count), count);
    }

    /// Notes which of the next `count` pieces were not found.
    #[inline(always)]
    fn mark(&mut self, others: u64, count: u32) {
        let (word, shift) = (self.count / 64, self.count as u32 % 64);
        let both = (others as u128) << shift;
        for (word, bits) in self.others.iter_mut().skip(word).zip([both, both >> 64]) {
            *word |= bits as u64;
        }
        self.count += count as usize;
    }

    /// Looks up and merges the pieces that were not found at once. The first one is at `start`.
    #[inline(never)]
    fn look_further(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        front: &mut impl PieceLookup,
        text: &[u8],
        start: usize,
    ) {
        let mut unknown = self.others;
        if vocabulary.has_words() {
            for place in places(self.others) {
                let Some(word) = self.word(text, start, place) else { continue };
                let packed = vocabulary.word(word);
                if let (Some(slot), Some(unknown)) =
                    (self.slots.get_mut(place), unknown.get_mut(place / 64))
                {
                    slot.packed = packed;
                    *unknown ^= u64::from(!packed.is_none()) << (place % 64);
                }
                front.learn(word, packed);
            }
        }
        for place in places(unknown) {
            let Some(word) = self.word(text, start, place) else { continue };
            // It may have been learned since.
            let mut packed = front.find(word);
            if packed.is_none() {
                let at = self.end(place.wrapping_sub(1), start);
                let length = self.end(place, start).wrapping_sub(at);
                packed =
                    front.find_merged(vocabulary, word, text.get(at..).unwrap_or_default(), length);
                front.learn(word, packed);
            }
            if packed.is_none() {
                self.row.push(place, word);
                if self.row.is_full() {
                    self.row.merge(vocabulary, front, &mut self.slots);
                }
            } else if let Some(slot) = self.slots.get_mut(place) {
                slot.packed = packed;
            }
        }
        self.row.merge(vocabulary, front, &mut self.slots);
    }

    #[inline(always)]
    fn word(&self, text: &[u8], start: usize, place: usize) -> Option<[u64; 2]> {
        words_of(text, self.end(place.wrapping_sub(1), start), self.end(place, start))
    }

    /// Where the piece at `place` ends; the first one starts at `start`.
    #[inline(always)]
    fn end(&self, place: usize, start: usize) -> usize {
        self.slots.get(place).map_or(start, |slot| slot.end)
    }

    /// Shows all pieces. The first one is at `start`.
    #[inline(always)]
    fn show(
        &self,
        vocabulary: &Vocabulary<'_>,
        front: &mut impl PieceLookup,
        text: &[u8],
        mut start: usize,
        sink: &mut impl TokenSink,
    ) {
        for slot in self.slots.iter().take(self.count) {
            if slot.packed.is_none() {
                let words = words_of(text, start, slot.end);
                let rest = text.get(start..).unwrap_or_default();
                let length = slot.end.wrapping_sub(start);
                match words.map(|words| front.long(vocabulary, words, rest, length)) {
                    Some(packed) if !packed.is_none() => sink.packed(&packed),
                    _ => sink.piece(rest.get(..length).unwrap_or_default()),
                }
            } else {
                sink.packed(&slot.packed);
            }
            start = slot.end;
        }
    }
}

/// Not inlined: this rare case would take registers from the loop that cuts most pieces.
#[inline(never)]
fn next_piece_apart(pattern: Pattern, text: &[u8], at: usize) -> (usize, Option<[u64; 2]>) {
    next_piece(pattern, text, at)
}

/// The positions of the one bits.
fn places(bits: [u64; SIZE / 64]) -> impl Iterator<Item = usize> {
    bits.into_iter().zip((0..).step_by(64)).flat_map(|(mut bits, first)| {
        core::iter::from_fn(move || {
            let place = first + bits.trailing_zeros() as usize;
            let found = bits != 0;
            bits &= bits.wrapping_sub(1);
            found.then_some(place)
        })
    })
}

/// By length: ones in as many of the lowest bytes; 0 for a piece that is too long for a word.
const MASKS: [u128; masks::BYTES] = {
    let mut masks = [0; masks::BYTES];
    let mut bytes = 1;
    while bytes <= WORD_BYTES {
        masks[bytes] = u128::MAX >> (128 - 8 * bytes);
        bytes += 1;
    }
    masks
};

/// Pieces that are merged side by side.
struct MergeRow {
    parts: [Parts<WORD_BYTES>; ROW],
    words: [[u64; 2]; ROW],
    places: [usize; ROW],
    count: usize,
}

impl MergeRow {
    #[inline(always)]
    const fn new() -> Self {
        let parts = [const { Parts::EMPTY }; ROW];
        Self { parts, words: [[0; 2]; ROW], places: [0; ROW], count: 0 }
    }

    #[inline(always)]
    fn push(&mut self, place: usize, word: [u64; 2]) {
        if let (Some(words), Some(places)) =
            (self.words.get_mut(self.count), self.places.get_mut(self.count))
        {
            (*words, *places) = (word, place);
            self.count += 1;
        }
    }

    #[inline(always)]
    const fn is_full(&self) -> bool {
        self.count == ROW
    }

    fn merge(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        front: &mut impl PieceLookup,
        slots: &mut [BatchSlot; SIZE],
    ) {
        match vocabulary.merge_table() {
            Some(merge_table) => self.merge_by(&merge_table),
            None => self.merge_by(vocabulary),
        }
        let pieces = self.parts.iter().zip(&self.words).zip(&self.places);
        for ((parts, &word), &place) in pieces.take(self.count) {
            let ids = parts.indexes().map(|index| vocabulary.id_of(index));
            let packed = PackedIds::of(parts.count(), ids);
            if let Some(slot) = slots.get_mut(place) {
                slot.packed = packed;
            }
            front.learn(word, packed);
            front.learn_merged(vocabulary, word, parts);
        }
        self.count = 0;
    }

    #[inline(never)]
    fn merge_by(&mut self, pairs: &impl MergeLookup) {
        for (parts, &word) in self.parts.iter_mut().zip(&self.words).take(self.count) {
            parts.start(pairs, word);
        }
        let mut unfinished = (1u32 << self.count) - 1;
        while unfinished != 0 {
            let mut round = unfinished;
            while round != 0 {
                let bit = round.trailing_zeros();
                round &= round - 1;
                if let Some(parts) = self.parts.get_mut(bit as usize)
                    && !parts.merge_next(pairs)
                {
                    unfinished &= !(1 << bit);
                }
            }
        }
    }
}
