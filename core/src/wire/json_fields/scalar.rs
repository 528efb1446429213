//! Numbers and words of JSON, a byte at a time.

/// The part of a number that `byte` is in, after a byte of `part`; 0 is its start.
pub(super) const fn number_part(part: u8, byte: u8) -> Option<u8> {
    Some(match (part, byte) {
        (0, b'-') => MINUS,
        (0 | MINUS, b'0') => ZERO,
        (0 | MINUS, b'1'..=b'9') | (WHOLE, b'0'..=b'9') => WHOLE,
        (ZERO | WHOLE, b'.') => POINT,
        (POINT | FRACTION, b'0'..=b'9') => FRACTION,
        (ZERO | WHOLE | FRACTION, b'e' | b'E') => E,
        (E, b'+' | b'-') => SIGN,
        (E | SIGN | EXPONENT, b'0'..=b'9') => EXPONENT,
        _ => return None,
    })
}

const MINUS: u8 = 1;
const ZERO: u8 = 2;
const WHOLE: u8 = 3;
const POINT: u8 = 4;
const FRACTION: u8 = 5;
const E: u8 = 6;
const SIGN: u8 = 7;
const EXPONENT: u8 = 8;

pub(super) const fn is_whole_number(part: u8) -> bool {
    matches!(part, ZERO | WHOLE | FRACTION | EXPONENT)
}

/// The letters of [`WORDS`] up to and with `byte`, after `letters` of them.
pub(super) fn word_part(letters: u8, byte: u8) -> Option<u8> {
    let at = match (letters, byte) {
        (0, b'f') => TRUE_END,
        (0, b'n') => FALSE_END,
        _ => letters,
    };
    (WORDS.get(usize::from(at)) == Some(&byte)).then_some(at + 1)
}

pub(super) const fn is_whole_word(letters: u8) -> bool {
    matches!(letters, TRUE_END | FALSE_END | NULL_END)
}

/// The words of JSON, one after the other, and where each ends.
const WORDS: &[u8] = b"truefalsenull";
const TRUE_END: u8 = 4;
const FALSE_END: u8 = 9;
const NULL_END: u8 = 13;
