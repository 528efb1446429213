//! Whether two tokens stay two when they stand together.

use crate::tokenizer::vocabulary::Vocabulary;

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
