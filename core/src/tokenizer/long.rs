//! Merging of a long piece in overlapping windows, each of them all at once.
//!
//! A list of tokens is the encoding of its text exactly if each two neighbours are, by themselves. So
//! the tokens of a window hold if the cut to the next window's first token does: whatever the window
//! did not see cannot matter then. Where no cut near the end of a window holds, the piece is left to
//! the way that appends byte by byte.

use super::short::{MAX_BYTES, Parts};
use super::vocab::Vocabulary;

/// Tokens that end behind this in a window are left to the next one, which sees more of them.
const KEPT_BYTES: usize = MAX_BYTES - 16;

/// Shows the indexes of the tokens of `piece`. False where that could not be done to the end: what
/// was shown is void then.
pub(super) fn tokens(vocabulary: &Vocabulary<'_>, piece: &[u8], mut show: impl FnMut(u32)) -> bool {
    let mut start = 0;
    let Some(mut parts) = window(vocabulary, piece, start) else { return false };
    while start + MAX_BYTES < piece.len() {
        let mut limit = KEPT_BYTES;
        let (cut, next) = loop {
            let Some((cut, last)) = parts.last_within(limit) else { return false };
            let Some(next) = window(vocabulary, piece, start + cut) else { return false };
            let Some(first) = next.indexes().next() else { return false };
            if cut_holds(vocabulary, last, first) {
                break (cut, next);
            }
            limit = cut - 1;
        };
        parts.indexes_within(cut).for_each(&mut show);
        (start, parts) = (start + cut, next);
    }
    parts.indexes().for_each(show);
    true
}

fn window(vocabulary: &Vocabulary<'_>, piece: &[u8], start: usize) -> Option<Parts<MAX_BYTES>> {
    let rest = piece.get(start..)?;
    Parts::of(vocabulary, rest.get(..MAX_BYTES).unwrap_or(rest))
}

/// Whether `left` and `right` stay two tokens when they stand together: time is run backwards, and
/// at no moment may what meets at the cut have merged before what did merge.
#[inline]
pub(super) fn cut_holds(vocabulary: &Vocabulary<'_>, left: u32, right: u32) -> bool {
    let (mut left, mut inner_right) = vocabulary.node(left);
    let (mut right, mut inner_left) = vocabulary.node_and_left(right);
    let mut before = u32::MAX;
    loop {
        if vocabulary.merge(left, right).is_some_and(|joined| joined.index() < before) {
            return false;
        }
        // Of equals the left one merged first, so the right one is taken apart first.
        if left.index() > right.index() {
            let Some(inner) = inner_right else { return true };
            before = left.index();
            (left, inner_right) = vocabulary.node(inner);
        } else {
            let Some(inner) = inner_left else { return true };
            before = right.index() + 1;
            (right, inner_left) = vocabulary.node_and_left(inner);
        }
    }
}
