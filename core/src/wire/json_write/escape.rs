//! The inside of a string, escaped: one byte at a time, and many at once where words are wide.

use crate::wire::scan::plain_length;

/// Bytes that `text` takes inside a string, or inside a string in a string.
pub(super) fn escaped_length(text: &[u8], times: u8) -> usize {
    let (mut length, mut rest) = blocks::length(text, times);
    while let Some((byte, after)) = rest.get(plain_length(rest)..).and_then(<[u8]>::split_first) {
        length += usize::from(escape(*byte, times).1) - 1;
        rest = after;
    }
    length
}

pub(super) use blocks::copy;

/// The escaped form of `byte` inside a string, or a string in a string, and its length.
pub(super) const fn escape(byte: u8, times: u8) -> ([u8; 7], u8) {
    let (bytes, length) = match byte {
        b'"' | b'\\' => short(byte),
        b'\n' => short(b'n'),
        b'\r' => short(b'r'),
        b'\t' => short(b't'),
        0..0x20 => ([b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15), 0], 6),
        _ => return ([byte, 0, 0, 0, 0, 0, 0], 1),
    };
    let [a, b, c, d, e, f, _] = bytes;
    match byte {
        _ if times < 2 => (bytes, length),
        // Both bytes need one more.
        b'"' | b'\\' => ([b'\\', b'\\', b'\\', byte, 0, 0, 0], 4),
        _ => ([b'\\', a, b, c, d, e, f], length + 1),
    }
}

const fn short(letter: u8) -> ([u8; 7], u8) {
    ([b'\\', letter, 0, 0, 0, 0, 0], 2)
}

pub(super) const fn hex(half: u8) -> u8 {
    if half < 10 { b'0' + half } else { b'a' + half - 10 }
}

/// Sixty-four bytes of the text at a time.
#[cfg(target_pointer_width = "64")]
mod blocks {
    use super::escape;
    use crate::wire::scan::{BLOCK_BYTES, special_bits};

    /// The bytes of `text` and those that the escapes of its whole blocks add; and what follows these.
    pub(in super::super) fn length(text: &[u8], times: u8) -> (usize, &[u8]) {
        let (blocks, rest) = text.as_chunks();
        let added = blocks.iter().map(|block| usize::from(added(block, u8::from(times == 2))));
        (text.len() + added.sum::<usize>(), rest)
    }

    /// Bytes that the escapes of `block` add; `twice` is 1 inside a string in a string. No branch, so
    /// that the compiler takes vectors of bytes.
    #[inline(always)]
    fn added(block: &[u8; 32], twice: u8) -> u8 {
        block.iter().fold(0, |sum, byte| {
            let is_quote = (*byte == b'"') | (*byte == b'\\');
            let is_control = *byte < 0x20;
            let has_letter = (*byte == b'\n') | (*byte == b'\r') | (*byte == b'\t');
            let is_special = u8::from(is_quote | is_control);
            let first = is_special.wrapping_add(u8::from(is_control & !has_letter) << 2);
            let second = is_special.wrapping_add(u8::from(is_quote));
            sum.wrapping_add(first).wrapping_add(second & twice.wrapping_neg())
        })
    }

    /// Writes the whole blocks at the front of `from` to that of `to`, escaped, while there is room;
    /// returns how many bytes of each are done. Bytes of `to` after them may change too.
    pub(in super::super) fn copy(from: &[u8], to: &mut [u8], times: u8) -> (usize, usize) {
        let table = if times < 2 { &ONCE } else { &TWICE };
        let (mut used, mut written) = (0, 0);
        for block in from.as_chunks::<BLOCK_BYTES>().0 {
            let (mut bits, mut at) = (special_bits(block), 0);
            loop {
                let end = bits.trailing_zeros() as usize;
                let run = end.saturating_sub(at);
                // A whole block, however long the run is: a processor mispredicts a length that varies.
                // Bytes after the run are overwritten.
                let from = from.get(used + at..).and_then(<[u8]>::first_chunk::<BLOCK_BYTES>);
                let room = to.get_mut(written..).and_then(<[u8]>::first_chunk_mut::<BLOCK_BYTES>);
                let (Some(from), Some(room)) = (from, room) else { return (used + at, written) };
                *room = *from;
                written += run;
                let Some(byte) = block.get(end) else { break };
                let escape = table.get(usize::from(*byte)).copied().unwrap_or_default();
                let to = to.get_mut(written..).and_then(<[u8]>::first_chunk_mut::<8>);
                let Some(to) = to else { return (used + end, written) };
                *to = escape;
                let [.., length] = escape;
                (at, written) = (end + 1, written + usize::from(length));
                bits &= bits.wrapping_sub(1);
            }
            used += BLOCK_BYTES;
        }
        (used, written)
    }

    static ONCE: Table = table(1);
    static TWICE: Table = table(2);

    /// The escaped form of each byte up to the last that needs an escape, and its length at the end.
    type Table = [[u8; 8]; b'\\' as usize + 1];

    const fn table(times: u8) -> Table {
        let mut table = [[0; 8]; b'\\' as usize + 1];
        let mut byte = 0;
        while byte < table.len() {
            let ([a, b, c, d, e, f, g], length) = escape(byte as u8, times);
            table[byte] = [a, b, c, d, e, f, g, length];
            byte += 1;
        }
        table
    }
}

/// A small processor, where flash is dear, takes each byte by itself.
#[cfg(not(target_pointer_width = "64"))]
mod blocks {
    pub(in super::super) const fn length(text: &[u8], _: u8) -> (usize, &[u8]) {
        (text.len(), text)
    }

    pub(in super::super) const fn copy(_: &[u8], _: &mut [u8], _: u8) -> (usize, usize) {
        (0, 0)
    }
}
