//! Runs of bytes that need no look at each: whole words of them where words are cheap.

/// Bytes at the front that need no escape in a JSON string: no quote, backslash or control.
pub(crate) fn plain_length(text: &[u8]) -> usize {
    run_length(text, mark_special, is_special)
}

/// Copies bytes that need no escape in a JSON string from the front of `from` to that of `to`, as far
/// as both go; returns how many. Bytes of `to` after them may change too.
pub(crate) fn copy_plain(from: &[u8], to: &mut [u8]) -> usize {
    let mut length = 0;
    for (word, place) in words(from).iter().zip(to.as_chunks_mut().0) {
        *place = *word;
        let marks = mark_special(usize::from_le_bytes(*word)) & HIGHS;
        if marks != 0 {
            return length + (marks.trailing_zeros() / 8) as usize;
        }
        length += WORD_BYTES;
    }
    let (from, to) = (from.get(length..).unwrap_or_default(), to.get_mut(length..));
    for (byte, place) in from.iter().zip(to.unwrap_or_default()) {
        if is_special(*byte) {
            break;
        }
        *place = *byte;
        length += 1;
    }
    length
}

/// The highest bit of the first byte of `word` that needs an escape in a JSON string, and perhaps
/// others after it; 0 if there is none.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
pub(crate) const fn special_marks(word: u64) -> u64 {
    (mark_special(word as usize) & HIGHS) as u64
}

/// Bytes that [`special_bits`] looks at together.
#[cfg(target_pointer_width = "64")]
pub(crate) const BLOCK_BYTES: usize = 64;

/// A bit for each byte of `block` that needs an escape in a JSON string, from the lowest on.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
pub(crate) fn special_bits(block: &[u8; BLOCK_BYTES]) -> u64 {
    // The compiler makes vectors of this.
    let mut marks = [0; BLOCK_BYTES];
    for (mark, byte) in marks.iter_mut().zip(block) {
        *mark = u8::from((*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'));
    }
    let words = marks.as_chunks().0.iter().rev();
    // The product has the marks of a word side by side in its highest byte.
    words.fold(0, |bits, word| (bits << 8) | (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56))
}

/// Whether there is nothing to read in `text`: it is of white space alone, as Unicode defines it.
// `str::trim` does the same with a table and loops from both ends.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(crate) fn is_blank(text: &str) -> bool {
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return true,
            [b'\t'..=b'\r' | b' ', rest @ ..]
            | [0xc2, 0x85 | 0xa0, rest @ ..]
            | [0xe1, 0x9a, 0x80, rest @ ..]
            | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, rest @ ..]
            | [0xe2, 0x81, 0x9f, rest @ ..]
            | [0xe3, 0x80, 0x80, rest @ ..] => rest,
            _ => return false,
        };
    }
}

/// Bytes before the next end of line.
pub(crate) fn line_length(text: &[u8]) -> usize {
    run_length(
        text,
        |word| equals(word, b'\n') | equals(word, b'\r'),
        |byte| byte == b'\n' || byte == b'\r',
    )
}

/// Bytes before the next bracket that closes something, or the end of a line.
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(crate) fn unclosed_length(text: &[u8]) -> usize {
    // In lower case, one bracket is the other.
    let brackets = |word| equals(word | (ONES * 0x20), b'}');
    run_length(
        text,
        |word| brackets(word) | equals(word, b'\n') | equals(word, b'\r'),
        |byte| matches!(byte, b'}' | b']' | b'\n' | b'\r'),
    )
}

/// Whether `part` is in `text`, which is a short name: the search of the standard library
/// takes more than a kilobyte of flash, and can panic as far as the linker can see.
#[inline(never)]
pub(crate) fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    (0..text.len()).any(|at| text.get(at..).is_some_and(|rest| rest.starts_with(part)))
}

/// Bytes before the first that ends the run. `marks` sets the highest bit of that byte in a
/// word that holds one, and none below it.
#[inline(always)]
fn run_length(text: &[u8], marks: impl Fn(usize) -> usize, ends: impl Fn(u8) -> bool) -> usize {
    let mut length = 0;
    for word in words(text) {
        let marks = marks(usize::from_le_bytes(*word)) & HIGHS;
        if marks != 0 {
            return length + (marks.trailing_zeros() / 8) as usize;
        }
        length += WORD_BYTES;
    }
    let tail = text.get(length..).unwrap_or_default();
    if !WORDS {
        return length + tail.iter().take_while(|byte| !ends(**byte)).count();
    }
    // The bit after the last byte ends the run in any case.
    let marks = marks(short_word(tail)) & HIGHS | (1 << (8 * tail.len()));
    length + (marks.trailing_zeros() / 8) as usize
}

/// Fewer bytes than a word has, as one; the rest of it is 0.
#[inline(always)]
fn short_word(bytes: &[u8]) -> usize {
    let (mut word, mut shift, mut rest) = (0, 0, bytes);
    if let Some((four, after)) = rest.split_first_chunk() {
        (word, shift, rest) = (u32::from_le_bytes(*four) as usize, 32, after);
    }
    if let Some((two, after)) = rest.split_first_chunk() {
        word |= usize::from(u16::from_le_bytes(*two)) << shift;
        (shift, rest) = (shift + 16, after);
    }
    if let [byte] = rest {
        word |= usize::from(*byte) << shift;
    }
    word
}

/// The whole words of `text`, where they are looked at.
const fn words(text: &[u8]) -> &[[u8; WORD_BYTES]] {
    if WORDS { text.as_chunks().0 } else { &[] }
}

/// Marks the first byte that is `byte`: the classic test for a zero byte, on the differences.
const fn equals(word: usize, byte: u8) -> usize {
    let zero_where_equal = word ^ (ONES * byte as usize);
    zero_where_equal.wrapping_sub(ONES) & !zero_where_equal
}

/// Whether words are used. A small processor assembles an unaligned word from its bytes, and its
/// flash is scarce.
pub(crate) const WORDS: bool = cfg!(target_pointer_width = "64");

/// Bytes that are looked at together.
const WORD_BYTES: usize = size_of::<usize>();

/// Marks the first quote, backslash or control.
const fn mark_special(word: usize) -> usize {
    // With its second bit turned, a quote stands next to the controls, and all of these borrow; a
    // byte from 0x80 on is none.
    let turned = word ^ (ONES * 2);
    let control_or_quote = turned.wrapping_sub(ONES * 0x21) & !turned;
    control_or_quote | equals(word, b'\\')
}

const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(target_pointer_width = "64")]
const GATHER: u64 = 0x0102_0408_1020_4080;
const ONES: usize = usize::MAX / 255;
const HIGHS: usize = ONES * 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_at_each_place_ends_a_run_or_not() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                // Neighbours that a borrow could reach.
                for around in [b'a', b'!', b'#', b']', 0x20, 0x7f, 0x80, 0xff] {
                    let mut text = [around; 20];
                    text[at] = byte;
                    text[19] = b'"';
                    let is_plain = |byte: &&u8| **byte >= 0x20 && **byte != b'"' && **byte != b'\\';
                    let length = text.iter().take_while(is_plain).count();
                    for end in 0..=text.len() {
                        assert_eq!(plain_length(&text[..end]), length.min(end));
                    }
                    for room in 0..20 {
                        let mut copy = [0; 20];
                        let copied = copy_plain(&text, &mut copy[..room]);
                        assert_eq!(copied, length.min(room));
                        assert_eq!(copy[..copied], text[..copied]);
                    }
                    let mut block = [around; BLOCK_BYTES];
                    block[3 * at] = byte;
                    let bits = (0..BLOCK_BYTES).filter(|it| is_special(block[*it]));
                    assert_eq!(special_bits(&block), bits.fold(0, |bits, it| bits | 1 << it));
                    text[19] = b'\n';
                    let is_inside = |byte: &&u8| !matches!(**byte, b'\n' | b'\r');
                    let length = text.iter().take_while(is_inside).count();
                    for end in 0..=text.len() {
                        assert_eq!(line_length(&text[..end]), length.min(end));
                    }
                }
            }
        }
    }

    #[test]
    fn blank_is_what_unicode_calls_white_space() {
        for letter in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let mut text = [0; 12];
            let mut length = 0;
            for letter in [' ', letter, '\u{3000}'] {
                length += letter.encode_utf8(&mut text[length..]).len();
            }
            let text = core::str::from_utf8(&text[..length]).unwrap();
            assert_eq!(is_blank(text), text.trim().is_empty(), "{letter:?}");
        }
        assert!(is_blank(""));
    }
}
