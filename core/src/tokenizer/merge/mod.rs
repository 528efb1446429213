//! The tokens of one piece, the text between two cuts of the pre-tokenizer.
//!
//! Most pieces are short and are merged all at once ([`short`]). A long one that repeats a few bytes
//! is encoded once for a round ([`repeat`]); any other is merged in overlapping windows ([`long`]),
//! of which some are a few runs of one byte each ([`runs`]).
//! Where no cut between two windows holds, bytes are appended one at a time ([`tail`], [`prefixes`]).

mod cut;
mod ids;
mod long;
mod prefixes;
mod repeat;
mod runs;
pub(super) mod short;
pub(super) mod tail;

use self::prefixes::{PrefixWindow, WINDOW, first_token};
use self::repeat::{RepeatedPiece, period_of};
use self::short::Parts;
use self::tail::Tail;
use super::vocabulary::Vocabulary;
use super::vocabulary::merge_table::MergeLookup;
use super::vocabulary::pruning::{Count, Pruning};

pub(super) use self::ids::IdBuffer;

/// Bytes of most pieces: less work to start with.
const SHORT_BYTES: usize = 16;
const MIDDLE_BYTES: usize = 32;

/// Number of tokens of `piece`.
pub(super) fn count(vocabulary: &Vocabulary<'_>, piece: &[u8]) -> u64 {
    match vocabulary.merge_table() {
        Some(merge_table) => count_by(vocabulary, &merge_table, piece),
        None => count_by(vocabulary, vocabulary, piece),
    }
}

fn count_by(vocabulary: &Vocabulary<'_>, pairs: &impl MergeLookup, piece: &[u8]) -> u64 {
    if let [_] = piece {
        return 1;
    }
    match Parts::<SHORT_BYTES>::of(pairs, piece) {
        Some(parts) => parts.count() as u64,
        None => count_middle(vocabulary, pairs, piece),
    }
}

// Not inlined, nor is the next: every piece would need the stack of this rare case.
#[inline(never)]
fn count_middle(vocabulary: &Vocabulary<'_>, pairs: &impl MergeLookup, piece: &[u8]) -> u64 {
    match Parts::<MIDDLE_BYTES>::of(pairs, piece) {
        Some(parts) => parts.count() as u64,
        None => count_long(vocabulary, pairs, piece),
    }
}

#[inline(never)]
fn count_long(vocabulary: &Vocabulary<'_>, pairs: &impl MergeLookup, piece: &[u8]) -> u64 {
    if let Some(period) = period_of(piece)
        && let Some((repeated, rest)) = count_repeated(vocabulary, piece, period)
    {
        return repeated + count(vocabulary, rest);
    }
    count_in_windows(vocabulary, pairs, piece).unwrap_or_else(|| count_by_bytes(vocabulary, piece))
}

/// The tokens of the repeated part, and the rest.
#[inline(never)]
fn count_repeated<'p>(
    vocabulary: &Vocabulary<'_>,
    piece: &'p [u8],
    period: usize,
) -> Option<(u64, &'p [u8])> {
    let repeat = RepeatedPiece::of(vocabulary, piece, period)?;
    let (head, round) = repeat.counts();
    Some(((head + round * repeat.rounds) as u64, repeat.rest))
}

#[inline(never)]
fn count_in_windows(
    vocabulary: &Vocabulary<'_>,
    pairs: &impl MergeLookup,
    piece: &[u8],
) -> Option<u64> {
    let mut count = 0;
    long::tokens(vocabulary, pairs, piece, |_| count += 1).then_some(count)
}

#[inline(never)]
fn count_by_bytes(vocabulary: &Vocabulary<'_>, piece: &[u8]) -> u64 {
    let mut tail = Tail::new();
    tail.extend(vocabulary, piece);
    tail.tokens()
}

/// Writes the ids of the tokens of `piece`.
pub(super) fn encode(vocabulary: &Vocabulary<'_>, piece: &[u8], out: &mut IdBuffer<'_>) {
    match vocabulary.merge_table() {
        Some(merge_table) => encode_by(vocabulary, &merge_table, piece, out),
        None => encode_by(vocabulary, vocabulary, piece, out),
    }
}

fn encode_by(
    vocabulary: &Vocabulary<'_>,
    pairs: &impl MergeLookup,
    piece: &[u8],
    out: &mut IdBuffer<'_>,
) {
    let mut push = |index| out.push(vocabulary.id_of(index));
    if let [byte] = piece {
        return push(*byte as u32);
    }
    if let Some(parts) = Parts::<SHORT_BYTES>::of(pairs, piece) {
        return parts.indexes().for_each(push);
    }
    if let Some(parts) = Parts::<MIDDLE_BYTES>::of(pairs, piece) {
        return parts.indexes().for_each(push);
    }
    encode_long(vocabulary, pairs, piece, out);
}

fn encode_long(
    vocabulary: &Vocabulary<'_>,
    pairs: &impl MergeLookup,
    piece: &[u8],
    out: &mut IdBuffer<'_>,
) {
    if let Some(period) = period_of(piece)
        && let Some(repeat) = RepeatedPiece::of(vocabulary, piece, period)
    {
        repeat.write(vocabulary, out);
        return encode(vocabulary, repeat.rest, out);
    }
    let mark = out.count;
    if long::tokens(vocabulary, pairs, piece, |index| out.push(vocabulary.id_of(index))) {
        return;
    }
    out.count = mark;
    let mut window = PrefixWindow::new();
    let mut rest = piece;
    loop {
        let (now, later) = rest.split_at(rest.len().min(WINDOW - window.filled));
        window.fill(vocabulary, now);
        rest = later;
        if rest.is_empty() {
            return window.emit(vocabulary, window.filled, out);
        }
        let settled = window.settled();
        if settled > 0 {
            window.emit(vocabulary, settled, out);
            window.forget(settled);
        } else {
            // No cut in sight that every continuation agrees on: look ahead as far as it takes.
            let start = piece.len() - rest.len() - window.filled;
            let Some(unsettled) = piece.get(start..) else { return };
            let first = first_token(vocabulary, unsettled);
            out.push(vocabulary.id_of(first.node().index()));
            rest = unsettled.get(first.length()..).unwrap_or_default();
            window.filled = 0;
        }
    }
}

/// Tokens of a piece of a vocabulary that was pruned.
pub(super) fn count_bound(vocabulary: &Vocabulary<'_>, pruning: Pruning, piece: &[u8]) -> Count {
    let text = core::str::from_utf8(piece).unwrap_or("\u{FFFD}");
    let is_outside = text.chars().any(|character| pruning.is_outside(character));
    let tokens = if is_outside { 0 } else { count(vocabulary, piece) };
    pruning.bound(tokens, piece.len() as u64, is_outside)
}
