//! Most pieces of most texts are a plain ASCII word that is one token. These are cut eight bytes at a
//! time and looked up as a whole; everything else takes the general way.

use super::class::{Class, ascii_class};
use super::{Pattern, piece_end};

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;

/// The end of the piece at `at`, and its bytes as a word of the tables unless they are too many.
#[inline(always)]
pub(crate) fn next_piece(pattern: Pattern, text: &[u8], at: usize) -> (usize, Option<[u64; 2]>) {
    if let Some(window) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let window = u64::from_le_bytes(*window);
        let mut length = short_word(pattern, window);
        if length == 0 && stands_alone(pattern, window as u8, (window >> 8) as u8) {
            length = 1;
        }
        if length > 0 {
            return (at + length, Some([window & mask(length), 0]));
        }
    }
    let end =
        ascii_word(pattern, text, at).unwrap_or_else(|| piece_end(pattern, text, at).max(at + 1));
    (end, words_of(text, at, end))
}

/// Whether a sign, a newline or a space is a piece by itself because of what follows it.
#[inline(always)]
fn stands_alone(pattern: Pattern, first: u8, next: u8) -> bool {
    match (ascii_class(first), ascii_class(next)) {
        (Some(Class::Other), Some(Class::Space | Class::Number)) => first != 0,
        (Some(Class::Newline), Some(next)) => !matches!(next, Class::Space | Class::Newline),
        (Some(Class::Space), Some(Class::Number)) => !pattern.is_gpt2(),
        _ => false,
    }
}

/// The length of the word that the eight bytes of `window` start with, if it is of the simplest kind
/// and ends, for certain, before the last of them; else 0.
#[inline(always)]
fn short_word(pattern: Pattern, window: u64) -> usize {
    let first = window as u8;
    let lead = !(first | 0x20).is_ascii_lowercase();
    if lead && first != b' ' {
        return 0;
    }
    let (mut start, mut small) = (lead as u32, lower(window));
    if matches!(pattern, Pattern::O200k) {
        // One capital, and what follows is lower case, or no letter.
        let capitals = upper(window) >> (8 * start);
        if capitals & 0x8080 == 0x8080 {
            return 0;
        }
        start += (capitals >> 7) as u32 & 1;
    } else {
        small |= upper(window);
    }
    let end = start + (!(small >> (8 * start)) & TOPS).trailing_zeros() / 8;
    let next = (window >> (8 * end.min(7))) as u8;
    let holds = end < 8 && end > lead as u32 && next < 0x80 && next != b'\'';
    if holds { end as usize } else { 0 }
}

/// Where the piece at `at` ends if it is a word of ASCII letters, perhaps with a sign or a space
/// before it, and so plain that nothing around it can matter.
#[inline]
fn ascii_word(pattern: Pattern, text: &[u8], at: usize) -> Option<usize> {
    let first = *text.get(at)?;
    let folded = first | 0x20;
    let start = if folded.is_ascii_lowercase() {
        at
    } else {
        match first {
            b' ' => at + 1,
            b'\n' | b'\r' | b'0'..=b'9' | 0x80.. => return None,
            _ if pattern.is_gpt2() || first == b'\'' => return None,
            _ => at + 1,
        }
    };
    let end = if matches!(pattern, Pattern::O200k) {
        let capitals = run(text, start, upper)?;
        if capitals == 8 {
            return None;
        }
        let lower_start = start + capitals;
        match run(text, lower_start, lower)? {
            0 if capitals == 0 => return None,
            8 => run_on(text, lower_start + 8, lower)?,
            small => lower_start + small,
        }
    } else {
        match run(text, start, letter)? {
            0 => return None,
            8 => run_on(text, start + 8, letter)?,
            letters => start + letters,
        }
    };
    // A character above ASCII may be a letter or a mark, and an apostrophe may start a contraction.
    let next = *text.get(end)?;
    (next < 0x80 && (next != b'\'' || !matches!(pattern, Pattern::O200k))).then_some(end)
}

/// The bytes of `text` from `at` to `end` as numbers with zeros after them, unless they are too many
/// or end in a zero themselves.
#[inline(always)]
pub(crate) fn words_of<const WORDS: usize>(
    text: &[u8],
    at: usize,
    end: usize,
) -> Option<[u64; WORDS]> {
    let length = end.wrapping_sub(at);
    if length > 8 * WORDS || *text.get(end.wrapping_sub(1))? == 0 {
        return None;
    }
    let mut words = [0; WORDS];
    let rest = text.get(at..)?;
    let (whole, _) = rest.as_chunks::<8>();
    if whole.len() >= WORDS {
        for (place, (word, bytes)) in words.iter_mut().zip(whole).enumerate() {
            *word = u64::from_le_bytes(*bytes) & mask(length.saturating_sub(8 * place));
        }
    } else {
        let piece = rest.get(..length)?;
        for (place, &byte) in piece.iter().enumerate() {
            if let Some(word) = words.get_mut(place / 8) {
                *word |= (byte as u64) << (place % 8 * 8);
            }
        }
    }
    Some(words)
}

/// Ones in the lowest `bytes` bytes.
#[inline(always)]
pub(crate) const fn mask(bytes: usize) -> u64 {
    if bytes >= 8 { u64::MAX } else { !(u64::MAX << (8 * bytes)) }
}

/// How many of the eight bytes at `at` are in a class, from the first on.
#[inline(always)]
fn run(text: &[u8], at: usize, class: fn(u64) -> u64) -> Option<usize> {
    let window = u64::from_le_bytes(*text.get(at..)?.first_chunk()?);
    let outside = !class(window) & TOPS;
    Some(outside.trailing_zeros() as usize / 8)
}

/// Where the run that goes on at `at` ends.
#[inline]
fn run_on(text: &[u8], mut at: usize, class: fn(u64) -> u64) -> Option<usize> {
    loop {
        let length = run(text, at, class)?;
        at += length;
        if length < 8 {
            return Some(at);
        }
    }
}

/// The top bit of each byte between two ASCII characters, both included.
#[inline(always)]
const fn between(window: u64, first: u8, last: u8) -> u64 {
    let low = window & !TOPS;
    let from_first = low + ONES * (0x80 - first as u64);
    let after_last = low + ONES * (0x7F - last as u64);
    from_first & !after_last & !window & TOPS
}

#[inline(always)]
fn lower(window: u64) -> u64 {
    between(window, b'a', b'z')
}

#[inline(always)]
fn upper(window: u64) -> u64 {
    between(window, b'A', b'Z')
}

#[inline(always)]
fn letter(window: u64) -> u64 {
    between(window | (ONES * 0x20), b'a', b'z') & !window & TOPS
}
