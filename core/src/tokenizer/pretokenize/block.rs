//! The pre-tokenizer of sixty-four bytes at once: a bit for each byte says whether it is in a class, and a
//! few operations on these say where pieces start.
//!
//! Rare text is left to the general way: zeros, numbers and spaces above ASCII, and capitals after a
//! letter without case.

use super::masks::{BYTES, Classes, Masks};
use super::{Case, Pattern, contraction};

/// Where pieces start in `block`, a bit each, if a piece starts at its front. Each piece but the last
/// one ends where the next one starts; where that one ends is not known.
#[inline(always)]
pub(crate) fn piece_starts(pattern: Pattern, block: &[u8; BYTES], classes: &Classes) -> u64 {
    let is_cased = pattern == Pattern::O200k;
    let masks = Masks::of(block, classes);
    let Masks { upper, lower, .. } = masks;
    let &Classes { newline, blank, digit, .. } = classes;
    let (mut letters, mut odd) = (upper | lower | masks.letter, masks.odd);
    if is_cased {
        // Marks are letters after letters. Whether a capital after a letter without case belongs to
        // its word depends on what follows.
        let uncased = masks.letter | masks.mark;
        odd |= upper & after(uncased) | masks.mark & !after(letters | masks.mark);
        letters |= masks.mark;
    } else {
        odd |= masks.mark;
    }
    let space = blank | classes.tab;
    let mut sign = !(letters | digit | newline | space | odd);

    // Newlines, and slashes among them, belong to the signs in front of them.
    let goes_on = if is_cased { newline | classes.slash } else { newline };
    let first = newline & after(sign);
    let tail = first | goes_on & !goes_on.wrapping_add(first);
    sign &= !tail;

    // A sign alone belongs to the word after it, unless a blank in front of it takes it; of several
    // spaces the last one belongs to what follows.
    let first_sign = sign & !after(sign | blank);
    let mut starts = first_sign
        | letters & !after(letters | space | whole(first_sign, classes))
        | newline & !tail & !after(newline)
        | space & !(after(space) & space >> 1)
        | digits(pattern, digit);
    if is_cased {
        starts |= upper & after(lower);
    }
    if newline & after(space) != 0 {
        join_lines(&mut starts, space, newline, newline & !tail);
    }
    let quotes = classes.quote & if is_cased { after(letters) } else { starts };
    if quotes != 0 {
        odd |= split_contractions(is_cased, &mut starts, quotes, block);
    }

    let plain = odd.trailing_zeros();
    let Some(unseen) = 64u32.checked_sub(plain).filter(|&unseen| unseen < 64) else { return 1 };
    // The byte after the plain ones may be a newline, to which all spaces before it belong.
    let open = ((space | newline) << unseen).leading_ones().max(1);
    1 | starts & u64::MAX.unbounded_shr(unseen + open - 1)
}

/// All bytes of the characters that start with these.
#[inline(always)]
const fn whole(first: u64, classes: &Classes) -> u64 {
    let further = classes.foreign & !classes.lead;
    let second = after(first) & further;
    let third = after(second) & further;
    first | second | third | after(third) & further
}

/// The bytes after these.
#[inline(always)]
const fn after(bytes: u64) -> u64 {
    bytes << 1
}

/// Where digits are cut.
#[inline(always)]
const fn digits(pattern: Pattern, digit: u64) -> u64 {
    if matches!(pattern, Pattern::Qwen2) {
        return digit;
    }
    let first = digit & !after(digit);
    let mut starts = first;
    let fourth = digit & digit << 1 & digit << 2 & digit << 3;
    let mut next = first << 3 & fourth;
    while next != 0 {
        starts |= next;
        next = next << 3 & fourth;
    }
    starts
}

/// Spaces and newlines up to the last newline are one piece. `alone` are the newlines that belong to no
/// signs.
fn join_lines(starts: &mut u64, space: u64, newline: u64, alone: u64) {
    let mut ends = newline & after(space);
    while ends != 0 {
        let end = ends & ends.wrapping_neg();
        ends ^= end;
        let before = end - 1;
        // The bits from the start of the spaces on.
        let spaces = before & !(u64::MAX.unbounded_shr((!space & before).leading_zeros()));
        let first = spaces & spaces.wrapping_neg();
        let kept = if alone & first >> 1 == 0 { first } else { 0 };
        *starts &= !(spaces | end) | kept;
    }
}

/// Cuts after contractions. Those that may not be all in the block are returned.
fn split_contractions(
    is_cased: bool,
    starts: &mut u64,
    mut quotes: u64,
    block: &[u8; BYTES],
) -> u64 {
    let mut last_end = BYTES;
    while quotes != 0 {
        let at = quotes.trailing_zeros() as usize;
        if at > BYTES - 3 {
            return quotes;
        }
        quotes &= quotes - 1;
        // After a contraction, an apostrophe is a sign like any other.
        let is_taken = is_cased && at == last_end;
        if !is_taken && let Some(end) = contraction(block, at, Case::Any) {
            let rest = u64::MAX << at;
            let after = u64::MAX.unbounded_shl(end as u32);
            let first = if is_cased { 0 } else { rest & rest.wrapping_neg() };
            *starts = *starts & !(rest & !after) | after & after.wrapping_neg() | first;
            last_end = end;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::String;

    use super::*;
    use crate::tokenizer::pretokenize::piece_end;

    const ASCII: &[&str] = &[
        "a", "a", "b", "S", "t", "Z", " ", " ", "\n", "\n", "\t", "\r", "0", "1", "'", "/", "!",
        ";",
    ];
    const CONTRACTIONS: &[&str] = &[
        "a", "B", " ", "\n", "!", "'s", "'S", "'ll", "'Re", "'v", "'ve", "'", "l", "e", "'ſ", "1",
    ];
    const FOREIGN: &[&str] = &[
        "a", "B", " ", "\n", "é", "É", "ж", "Ж", "中", "の", "ʰ", "ǅ", "\u{301}", "'t", ".", "½",
        "\u{3000}", "😀", "…", "«", "ল", "\0", "ſ",
    ];

    /// Texts of a few characters of each class, so that every neighbourhood occurs.
    #[test]
    fn the_same_pieces_as_the_general_way() {
        let mut random = 1u64;
        for pattern in [Pattern::Cl100k, Pattern::O200k, Pattern::Qwen2] {
            for (letters, least) in [(ASCII, 1_000_000), (CONTRACTIONS, 300_000), (FOREIGN, 20_000)]
            {
                let mut certain = 0;
                for _ in 0..40_000 {
                    let mut text = String::new();
                    while text.len() < BYTES + 8 {
                        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        text += letters[(random >> 33) as usize % letters.len()];
                    }
                    let text = text.as_bytes();
                    let block = text.first_chunk().expect("64 bytes");
                    let starts = piece_starts(pattern, block, &Classes::of(block));
                    let (mut at, mut left) = (0, starts & !1);
                    while left != 0 {
                        let end = piece_end(pattern, text, at);
                        let shown = String::from_utf8_lossy(text);
                        assert_eq!(
                            left.trailing_zeros() as usize,
                            end,
                            "{pattern:?} {at} {shown:?}"
                        );
                        (at, left, certain) = (end, left & (left - 1), certain + 1);
                    }
                }
                assert!(certain > least, "{pattern:?} {certain} pieces");
            }
        }
    }
}
