//! The front of a text, as far as it is at hand: a key, a number, plain characters.

use super::node::{mix, quick_of};
use crate::wire::scan::{plain_length, special_marks};

/// The character of a backslash and `letter`, if that is one of the usual escapes.
#[inline(always)]
pub(super) const fn unescaped(letter: u8) -> Option<&'static [u8]> {
    match letter {
        b'n' => Some(b"\n"),
        b'"' => Some(b"\""),
        b'\\' => Some(b"\\"),
        b't' => Some(b"\t"),
        b'/' => Some(b"/"),
        _ => None,
    }
}

/// The hash of the key that `text` begins with, after its quote, and what follows the quote at its
/// end. `None`: that is not at hand with a whole word, or there is an escape.
#[inline(always)]
pub(super) fn key(text: &[u8]) -> Option<(u32, &[u8])> {
    let (mut mixed, mut length) = (0, 0);
    for word in text.as_chunks().0 {
        let word = u64::from_le_bytes(*word);
        let marks = special_marks(word);
        if marks == 0 {
            mixed = mix(mixed, word);
            length += 8;
            continue;
        }
        // All bits below those of the byte that is marked.
        let inside = (marks ^ marks.wrapping_sub(1)) >> 8;
        length += (marks.trailing_zeros() / 8) as usize;
        let rest = text.get(length..)?.strip_prefix(b"\"")?;
        return Some((quick_of(mix(mixed, word & inside)), rest));
    }
    None
}

#[inline(always)]
pub(super) fn split_plain(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at_checked(plain_length(text)).unwrap_or_default()
}

/// The whole number of a few digits that `text` begins with, and what follows it. `None`: it may be
/// more than that.
#[inline(always)]
pub(super) fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let (mut value, mut rest) = (0_u64, text);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        value = value.wrapping_mul(10).wrapping_add(u64::from(*digit - b'0'));
        rest = after;
    }
    let length = text.len() - rest.len();
    let is_plain = matches!(rest, [b',' | b'}' | b']', ..])
        && (length == 1 || length < 19 && text.first() != Some(&b'0'));
    is_plain.then_some((u32::try_from(value).unwrap_or(u32::MAX), rest))
}
