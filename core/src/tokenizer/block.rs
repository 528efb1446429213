//! The pre-split of plain ASCII, sixty-four bytes at once: a bit for each byte says whether it is in a
//! class, and a few operations on these say where pieces start.
//!
//! What is not plain is left to the general way: everything above ASCII, zeros, what may be a
//! contraction, and the rarer mixtures of spaces and newlines.

use super::split::Pattern;

/// Bytes that are looked at together.
pub(super) const BYTES: usize = 64;

/// Where pieces start in `block`, a bit each, if a piece starts at its front. Each piece but the last
/// one ends where the next one starts; where that one ends is not known.
#[inline(always)]
pub(super) fn piece_starts(pattern: Pattern, block: &[u8; BYTES]) -> u64 {
    let is_cased = pattern == Pattern::O200k;
    let mut classes = [0u8; BYTES];
    for (class, &byte) in classes.iter_mut().zip(block) {
        *class = class_of(byte);
    }
    // What is outside of the block is of no class.
    let mut padded = [0u8; BYTES + 3];
    let around = |distance: usize, padded: &[u8; BYTES + 3]| {
        padded.get(distance..).and_then(|rest| rest.first_chunk().copied()).unwrap_or([0; BYTES])
    };
    for (place, &class) in padded.iter_mut().skip(2).zip(&classes) {
        *place = class;
    }
    let (second, first, next) = (around(0, &padded), around(1, &padded), around(3, &padded));
    let mut marks = [0u8; BYTES];
    for ((((mark, &second), &first), &here), &next) in
        marks.iter_mut().zip(&second).zip(&first).zip(&classes).zip(&next)
    {
        *mark = mark_of(is_cased, [second, first, here, next]);
    }

    let mut starts = gathered(&marks, START);
    let digit = gathered(&marks, IS_DIGIT);
    if digit != 0 {
        if pattern == Pattern::Qwen2 {
            starts |= digit;
        } else {
            let fourth = digit & digit << 1 & digit << 2 & digit << 3;
            let mut third = (digit & !(digit << 1)) << 3 & fourth;
            while third != 0 {
                starts |= third;
                third = third << 3 & fourth;
            }
        }
    }
    let plain = gathered(&marks, HARD).trailing_zeros();
    let Some(unseen) = u32::checked_sub(64, plain).filter(|&unseen| unseen < 64) else { return 1 };
    // What stands behind the plain bytes may be a newline, to which all spaces before it belong.
    let open = (gathered(&marks, IS_SPACE) << unseen).leading_ones().max(1);
    1 | starts & u64::MAX.unbounded_shr(unseen + open - 1)
}

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const NEWLINE: u8 = 8;
const BLANK: u8 = 16;
const OTHER_SPACE: u8 = 32;
const SIGN: u8 = 64;
/// With [`SIGN`] an apostrophe, with [`UPPER`] a slash, which is a sign too; alone, above ASCII, or a
/// zero.
const ODD: u8 = 128;

#[inline(always)]
fn class_of(byte: u8) -> u8 {
    let class = if byte.wrapping_sub(b'a') < 26 { LOWER } else { SIGN };
    let class = if byte.wrapping_sub(b'A') < 26 { UPPER } else { class };
    let class = if byte.wrapping_sub(b'0') < 10 { DIGIT } else { class };
    let class = if byte.wrapping_sub(b'\t') < 4 { OTHER_SPACE } else { class };
    let class = if byte == b'\n' || byte == b'\r' { NEWLINE } else { class };
    let class = if byte == b' ' { BLANK } else { class };
    let class = if byte == b'\'' { SIGN | ODD } else { class };
    let class = if byte == b'/' { SIGN | UPPER | ODD } else { class };
    // A word of the tables cannot end in a zero.
    if byte.wrapping_sub(1) >= 0x7F { ODD } else { class }
}

/// Marks are numbers of bits.
const START: u32 = 0;
const HARD: u32 = 1;
const IS_SPACE: u32 = 2;
const IS_DIGIT: u32 = 3;

/// What is known of a byte by its class and those of the two before and the one behind.
#[inline(always)]
fn mark_of(is_cased: bool, [second, first, here, next]: [u8; 4]) -> u8 {
    let is = |class: u8, kinds: u8| class & kinds != 0;
    let letter = |class| is(class, LOWER | UPPER) & !is(class, SIGN);
    let space = |class| is(class, BLANK | OTHER_SPACE);
    let (sign, digit, newline) = (is(here, SIGN), is(here, DIGIT), is(here, NEWLINE));
    let foreign = here == ODD;
    // A sign alone belongs to the word behind it, unless a space in front of it takes it.
    let lone_sign = is(first, SIGN) & !is(second, SIGN | BLANK);
    let first_letter = letter(here) & !letter(first) & !space(first) & !lone_sign;
    let first_sign = sign & !is(first, SIGN | BLANK);
    let first_newline = newline & !is(first, NEWLINE | SIGN);
    // The last of several spaces stands with what follows.
    let new_space = space(here) & (!space(first) | !space(next));
    let new_case = is_cased & (here == UPPER) & (first == LOWER);
    let start = first_letter
        | first_sign
        | first_newline
        | new_space
        | new_case
        | digit & !is(first, DIGIT);
    let quote = here == SIGN | ODD;
    let slash = here == SIGN | UPPER | ODD;
    let odd = if is_cased { quote & letter(first) | slash & is(first, NEWLINE) } else { quote };
    let hard = foreign | newline & space(first) | sign & is(first, OTHER_SPACE) | odd;
    u8::from(start) << START
        | u8::from(hard) << HARD
        | u8::from(newline | space(here)) << IS_SPACE
        | u8::from(digit) << IS_DIGIT
}

/// Bit `number` of each byte.
#[inline(always)]
fn gathered(bytes: &[u8; BYTES], number: u32) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().rev().fold(0, |all, word| {
        let bits = (u64::from_le_bytes(*word) >> number & ONES).wrapping_mul(GATHER) >> 56;
        all << 8 | bits
    })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::tokenizer::split::piece_end;

    /// Texts of a few letters of each class, so that every neighbourhood occurs.
    #[test]
    fn the_same_pieces_as_the_general_way() {
        const LETTERS: &[u8] = b"aaabBZ  \n\n\t\r01'/!;.s\0t\xC3";
        let mut random = 1u64;
        for pattern in [Pattern::Cl100k, Pattern::O200k, Pattern::Qwen2] {
            let mut certain = 0;
            for _ in 0..40_000 {
                let mut text = [b'a'; BYTES + 2];
                for byte in &mut text {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    *byte = LETTERS[(random >> 33) as usize % LETTERS.len()];
                }
                let text = std::string::String::from_utf8_lossy(&text).into_owned().into_bytes();
                let starts = piece_starts(pattern, text.first_chunk().expect("64 bytes"));
                let (mut at, mut left) = (0, starts & !1);
                while left != 0 {
                    let end = piece_end(pattern, &text, at);
                    assert_eq!(end, left.trailing_zeros() as usize, "{pattern:?} {at} {text:?}");
                    (at, left, certain) = (end, left & (left - 1), certain + 1);
                }
            }
            assert!(certain > 40_000, "{certain} pieces");
        }
    }
}
