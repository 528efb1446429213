//! Compares the arguments of calls: the same again, twice in one string, or cut.

use super::shape::Shape;
use crate::wire::json_read::is_object;
use crate::wire::steps;

/// The length of the object that `arguments` begin with, when it is followed by itself.
pub(super) fn repeated(arguments: &[u8]) -> Option<usize> {
    let mut shape = Shape::default();
    let mut bytes = arguments.iter();
    bytes.find(|byte| {
        shape.add(core::slice::from_ref(byte));
        shape.is_closed()
    })?;
    let length = arguments.len() - bytes.as_slice().len();
    let (first, mut rest) = arguments.split_at_checked(length)?;
    while let Some(after) = rest.strip_prefix(first).filter(|after| !after.is_empty()) {
        rest = after;
    }
    (is_same(first, rest) && is_object(first)).then_some(length)
}

/// Whether the token limit may have cut these arguments: they are not one object, or are the empty
/// one, the placeholder for missing arguments.
pub(super) fn may_be_cut(arguments: &[u8]) -> bool {
    !is_object(arguments) || is_same(arguments, b"{}")
}

/// Whether two strings are the same JSON, except for white space.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    visible(one).eq(visible(other))
}

/// The bytes of a JSON text without the space between its tokens.
fn visible(text: &[u8]) -> impl Iterator<Item = u8> {
    let (mut in_text, mut is_escaped) = (false, false);
    text.iter().copied().filter(move |byte| {
        steps::count(1);
        in_text ^= *byte == b'"' && !is_escaped;
        is_escaped = in_text && *byte == b'\\' && !is_escaped;
        in_text || !byte.is_ascii_whitespace()
    })
}
