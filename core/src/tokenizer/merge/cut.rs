//! Whether two tokens stay separate next to each other.

use crate::tokenizer::vocabulary::Vocabulary;

/// Whether `left` and `right` stay two tokens next to each other: their merges are undone, the last one
/// first, and the two parts at the cut must never have an earlier merge than the one that is undone.
#[inline]
pub(super) fn cut_holds(vocabulary: &Vocabulary<'_>, left: u32, right: u32) -> bool {
    let (mut left, mut inner_right) = vocabulary.node(left);
    let (mut right, mut inner_left) = vocabulary.node_and_left(right);
    let mut before = u32::MAX;
    loop {
        if vocabulary.merge(left, right).is_some_and(|joined| joined.index() < before) {
            return false;
        }
        // Of equal ranks the left one merged first, so the right one is undone first.
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
