//! Pieces are cut, looked up and merged a batch at a time, so that the lookups of one do not wait for
//! those of another.

use core::hint::select_unpredictable;

use super::block;
use super::cache::{Cache, Entry};
use super::fast::{next_piece, words_of};
use super::short::Parts;
use super::split::Pattern;
use super::vocab::Vocabulary;

/// Pieces of a batch.
const SIZE: usize = 64;
/// Pieces that are merged side by side.
const ROW: usize = 8;
/// Bytes of a piece that is a word of the tables.
pub(super) const WORD_BYTES: usize = 16;

/// What a piece is made of.
pub(super) enum Tokens<'a> {
    /// It is a token.
    One(u32),
    /// It was remembered.
    Few(Entry<'a>),
    /// It was merged.
    Merged(&'a Parts<WORD_BYTES>),
    /// It is too long for any of this.
    Piece(&'a [u8]),
}

/// Visits the tokens of each piece of `text`.
#[inline(always)]
pub(super) fn visit(
    vocabulary: &Vocabulary<'_>,
    cache: &mut Cache<'_>,
    text: &[u8],
    mut visit: impl FnMut(Tokens<'_>),
) {
    let mut batch = Batch::new();
    let mut at = 0;
    while at < text.len() {
        batch.cut(vocabulary.pattern(), text, at);
        batch.look_up(vocabulary);
        if vocabulary.has_words() {
            batch.find_unknown(cache);
        } else {
            // Nearly all of them are remembered: to ask first would cost more than it saves.
            batch.other_count = 0;
        }
        let mut row = Row::new();
        for place in 0..batch.pieces {
            let piece = batch.piece(place);
            if piece.token != NONE {
                visit(Tokens::One(piece.token));
            } else if piece.word != [0; 2] {
                match cache.short(piece.word) {
                    Some(entry) => visit(Tokens::Few(entry)),
                    None => {
                        let parts = row.parts(vocabulary, &batch, place);
                        cache.learn_short(piece.word, parts);
                        visit(Tokens::Merged(parts));
                    }
                }
            } else {
                let bytes = text.get(at..piece.end).unwrap_or_default();
                match words_of::<4>(text, at, piece.end)
                    .and_then(|words| cache.long(vocabulary, words, bytes))
                {
                    Some(entry) => visit(Tokens::Few(entry)),
                    None => visit(Tokens::Piece(bytes)),
                }
            }
            at = piece.end;
        }
    }
}

/// A row of pieces.
struct Batch {
    pieces: usize,
    ends: [usize; SIZE],
    words: [[u64; 2]; SIZE],
    tokens: [u32; SIZE],
    /// The places of the first pieces that are no tokens, in order.
    others: [u8; SIZE],
    other_count: usize,
}

/// A piece of a batch: where it ends, what it is as a word, and its token.
#[derive(Clone, Copy)]
struct Piece {
    end: usize,
    word: [u64; 2],
    token: u32,
}

/// No token.
const NONE: u32 = u32::MAX;

impl Batch {
    const fn new() -> Self {
        Self {
            pieces: 0,
            ends: [0; SIZE],
            words: [[0; 2]; SIZE],
            tokens: [NONE; SIZE],
            others: [0; SIZE],
            other_count: 0,
        }
    }

    #[inline(always)]
    fn piece(&self, place: usize) -> Piece {
        Piece {
            end: self.ends.get(place).copied().unwrap_or(usize::MAX),
            word: self.words.get(place).copied().unwrap_or_default(),
            token: self.tokens.get(place).copied().unwrap_or(NONE),
        }
    }

    /// Fills in the pieces that start at `at`.
    #[inline(always)]
    fn cut(&mut self, pattern: Pattern, text: &[u8], mut at: usize) {
        self.pieces = 0;
        while at < text.len() && self.pieces < SIZE {
            if pattern.is_for_blocks()
                && let Some(window) = text.get(at..).and_then(|rest| rest.first_chunk())
                && let Some(block) = window.first_chunk()
            {
                let end = self.cut_block(block::piece_starts(pattern, block), window, at);
                if end > at {
                    at = end;
                    continue;
                }
            }
            let (end, word) = next_piece(pattern, text, at);
            self.push(end, word.unwrap_or_default());
            at = end;
        }
    }

    /// Fills in the pieces between `starts`, which are relative to `at`; the end of the last one.
    #[inline(always)]
    fn cut_block(
        &mut self,
        starts: u64,
        window: &[u8; block::BYTES + WORD_BYTES],
        at: usize,
    ) -> usize {
        let (mut start, mut left) = (0, starts & !1);
        while left != 0 && self.pieces < SIZE {
            let end = left.trailing_zeros() as usize;
            left &= left - 1;
            let mask = MASKS.get(end - start).copied().unwrap_or_default();
            let word = match window.get(start..).and_then(|rest| rest.first_chunk()) {
                Some(bytes) => u128::from_le_bytes(*bytes) & mask,
                None => 0,
            };
            self.push(at + end, [word as u64, (word >> 64) as u64]);
            start = end;
        }
        at + start
    }

    #[inline(always)]
    fn push(&mut self, end: usize, word: [u64; 2]) {
        if let (Some(ends), Some(words)) =
            (self.ends.get_mut(self.pieces), self.words.get_mut(self.pieces))
        {
            (*ends, *words) = (end, word);
        }
        self.pieces += 1;
    }

    /// Looks all pieces up, first where most of them are, then the others.
    #[inline(always)]
    fn look_up(&mut self, vocabulary: &Vocabulary<'_>) {
        let has_words = vocabulary.has_words();
        let mut count = 0;
        let words = self.words.iter().zip(&mut self.tokens).take(self.pieces);
        for ((word, token), place) in words.zip(0u8..) {
            *token = if has_words { vocabulary.frequent_word(*word) } else { NONE };
            if let Some(other) = self.others.get_mut(count) {
                *other = place;
            }
            count += select_unpredictable(*token == NONE, 1, 0);
        }
        self.other_count = count;
        if has_words {
            for &place in self.others.iter().take(count) {
                if let (Some(word), Some(token)) =
                    (self.words.get(place as usize), self.tokens.get_mut(place as usize))
                {
                    *token = vocabulary.rare_word(*word);
                }
            }
        }
    }

    /// Keeps those words among the others that are no tokens and not remembered.
    #[inline(always)]
    fn find_unknown(&mut self, cache: &Cache<'_>) {
        let others = self.others;
        let mut count = 0;
        for &place in others.iter().take(self.other_count) {
            let piece = self.piece(place as usize);
            let unknown = (piece.token == NONE) & (piece.word != [0; 2]) & !cache.knows(piece.word);
            if let Some(other) = self.others.get_mut(count) {
                *other = place;
            }
            count += usize::from(unknown);
        }
        self.other_count = count;
    }
}

/// Ones in as many bytes as the place says; nothing for what is too long for a word.
const MASKS: [u128; block::BYTES] = {
    let mut masks = [0; block::BYTES];
    let mut bytes = 1;
    while bytes <= WORD_BYTES {
        masks[bytes] = u128::MAX >> (128 - 8 * bytes);
        bytes += 1;
    }
    masks
};

/// Some of the other pieces of a batch, merged.
struct Row {
    parts: [Parts<WORD_BYTES>; ROW],
    /// Where among the other pieces it starts, and how many of them it holds.
    from: usize,
    count: usize,
    /// Where among the other pieces the next one is.
    next: usize,
}

impl Row {
    #[inline(always)]
    const fn new() -> Self {
        Self { parts: [const { Parts::EMPTY }; ROW], from: 0, count: 0, next: 0 }
    }

    /// The parts of the piece at `place`, which is behind those asked for before.
    #[inline(always)]
    fn parts(
        &mut self,
        vocabulary: &Vocabulary<'_>,
        batch: &Batch,
        place: usize,
    ) -> &Parts<WORD_BYTES> {
        let others = batch.others.get(..batch.other_count).unwrap_or_default();
        while others.get(self.next).is_some_and(|&other| (other as usize) < place) {
            self.next += 1;
        }
        if others.get(self.next).is_none_or(|&other| other as usize != place) {
            // It was remembered when the batch was looked up, and made room for another one since.
            (self.from, self.count) = (self.next, 0);
            self.fill(vocabulary, batch, &[place as u8]);
            return &self.parts[0];
        }
        if self.next >= self.from + self.count {
            self.from = self.next;
            let row = others.get(self.next..).unwrap_or_default();
            self.count = row.len().min(ROW);
            self.fill(vocabulary, batch, row);
        }
        self.parts.get(self.next - self.from).unwrap_or(&Parts::EMPTY)
    }

    #[inline(never)]
    fn fill(&mut self, vocabulary: &Vocabulary<'_>, batch: &Batch, places: &[u8]) {
        let mut unfinished = 0u32;
        for ((parts, &place), bit) in self.parts.iter_mut().zip(places).zip(0u32..) {
            parts.start(vocabulary, batch.piece(place as usize).word);
            unfinished |= 1 << bit;
        }
        while unfinished != 0 {
            let mut round = unfinished;
            while round != 0 {
                let bit = round.trailing_zeros();
                round &= round - 1;
                if let Some(parts) = self.parts.get_mut(bit as usize)
                    && !parts.merge_next(vocabulary)
                {
                    unfinished &= !(1 << bit);
                }
            }
        }
    }
}
