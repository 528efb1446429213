//! The classes of sixty-four bytes at once: a bit a byte.

use super::class::{CLASSES, foreign_class};

/// Bytes that are looked at together.
pub(crate) const BYTES: usize = 64;

/// A bit for each byte of a block that is in a class: the first byte is the lowest bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Classes {
    /// A to Z.
    pub upper: u64,
    /// a to z.
    pub lower: u64,
    /// 0 to 9.
    pub digit: u64,
    /// Carriage return and line feed.
    pub newline: u64,
    /// The space.
    pub blank: u64,
    /// Tabulators and form feed.
    pub tab: u64,
    /// The apostrophe.
    pub quote: u64,
    /// The slash.
    pub slash: u64,
    /// Zero.
    pub zero: u64,
    /// Not ASCII.
    pub foreign: u64,
    /// The first bytes of characters that are not ASCII: 0xC0 and above.
    pub lead: u64,
}

/// A function that finds the classes of a block, as [`Classes::of`] does.
pub type ClassesOf = fn(&[u8; BYTES]) -> Classes;

impl Classes {
    /// Finds the classes of a block on any processor.
    pub fn of(block: &[u8; BYTES]) -> Self {
        let mut classes = [0u8; BYTES];
        for (class, &byte) in classes.iter_mut().zip(block) {
            *class = class_of(byte);
        }
        let [upper, lower, digit, newline, blank, tab, sign, foreign] = transposed(&classes);
        Self {
            upper: upper & !(sign | foreign),
            lower: lower & !sign,
            digit: digit & !sign,
            newline,
            blank,
            tab,
            quote: upper & sign,
            slash: lower & sign,
            zero: digit & sign,
            foreign,
            lead: upper & foreign,
        }
    }
}

/// Classes of a byte, a bit each. With `SIGN` and `FOREIGN` the others have another meaning.
const UPPER: u8 = 1;
const LOWER: u8 = 1 << 1;
const DIGIT: u8 = 1 << 2;
const NEWLINE: u8 = 1 << 3;
const BLANK: u8 = 1 << 4;
const TAB: u8 = 1 << 5;
const SIGN: u8 = 1 << 6;
const FOREIGN: u8 = 1 << 7;
const QUOTE: u8 = SIGN | UPPER;
const SLASH: u8 = SIGN | LOWER;
const ZERO: u8 = SIGN | DIGIT;
const LEAD: u8 = FOREIGN | UPPER;

#[inline(always)]
const fn class_of(byte: u8) -> u8 {
    let class = if byte.wrapping_sub(b'a') < 26 { LOWER } else { 0 };
    let class = if byte.wrapping_sub(b'A') < 26 { UPPER } else { class };
    let class = if byte.wrapping_sub(b'0') < 10 { DIGIT } else { class };
    let class = if byte.wrapping_sub(b'\t') < 4 { TAB } else { class };
    let class = if byte == b'\n' || byte == b'\r' { NEWLINE } else { class };
    let class = if byte == b' ' { BLANK } else { class };
    let class = if byte == b'\'' { QUOTE } else { class };
    let class = if byte == b'/' { SLASH } else { class };
    let class = if byte == 0 { ZERO } else { class };
    let class = if byte >= 0x80 { FOREIGN } else { class };
    if byte >= 0xC0 { LEAD } else { class }
}

/// A bit for each byte of a block that is in a class. A byte of a longer character is in the class of
/// that character.
pub(crate) struct Masks {
    pub(crate) upper: u64,
    pub(crate) lower: u64,
    /// Letters without case.
    pub(crate) letter: u64,
    pub(crate) mark: u64,
    /// Left to the general way: zeros, and characters above ASCII that are numbers or spaces, or
    /// that end outside of the block.
    pub(crate) odd: u64,
}

impl Masks {
    #[inline(always)]
    pub(crate) fn of(block: &[u8; BYTES], classes: &Classes) -> Self {
        let &Classes { upper, lower, zero, foreign, lead, .. } = classes;
        let mut masks = Self { upper, lower, letter: 0, mark: 0, odd: zero };
        if foreign != 0 {
            masks.add_foreign(block, lead);
        }
        masks
    }

    /// Finds the classes of the characters above ASCII.
    #[inline(never)]
    fn add_foreign(&mut self, block: &[u8; BYTES], mut lead: u64) {
        // A bit for each byte that is in the class of that number: no branch on what is next.
        let (mut found, mut cut) = ([0u64; CLASSES], 0);
        while lead != 0 {
            let at = lead.trailing_zeros() as usize;
            lead &= lead - 1;
            let window = block.get(at..).and_then(|rest| rest.first_chunk()).copied();
            let (class, length) = foreign_class(window.unwrap_or_else(|| {
                core::array::from_fn(|place| block.get(at + place).copied().unwrap_or_default())
            }));
            if at + length > BYTES {
                // A character that the end of the block cuts off is the last one.
                cut = u64::MAX << at;
                break;
            }
            if let Some(mask) = found.get_mut(class as usize) {
                *mask |= !(u64::MAX << length) << at;
            }
        }
        let [_, upper, lower, letter, mark, number, space, newline] = found;
        self.upper |= upper;
        self.lower |= lower;
        self.letter |= letter;
        self.mark |= mark;
        self.odd |= cut | number | space | newline;
    }
}

/// Of each bit of a byte, that bit of all bytes: a matrix turned over its diagonal, first eight by eight
/// bits, then eight by eight bytes.
#[inline(always)]
fn transposed(bytes: &[u8; BYTES]) -> [u64; 8] {
    let mut words = [0u64; 8];
    let (chunks, _) = bytes.as_chunks::<8>();
    for (word, chunk) in words.iter_mut().zip(chunks) {
        let mut bits = u64::from_le_bytes(*chunk);
        for (distance, mask) in
            [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0)]
        {
            let swapped = (bits ^ bits >> distance) & mask;
            bits ^= swapped ^ swapped << distance;
        }
        *word = bits;
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = words;
    const HALVES: u64 = 0x0000_0000_FFFF_FFFF;
    const QUARTERS: u64 = 0x0000_FFFF_0000_FFFF;
    const EIGHTHS: u64 = 0x00FF_00FF_00FF_00FF;
    for (low, high) in [(&mut a, &mut e), (&mut b, &mut f), (&mut c, &mut g), (&mut d, &mut h)] {
        swap(low, high, 32, HALVES);
    }
    for (low, high) in [(&mut a, &mut c), (&mut b, &mut d), (&mut e, &mut g), (&mut f, &mut h)] {
        swap(low, high, 16, QUARTERS);
    }
    for (low, high) in [(&mut a, &mut b), (&mut c, &mut d), (&mut e, &mut f), (&mut g, &mut h)] {
        swap(low, high, 8, EIGHTHS);
    }
    [a, b, c, d, e, f, g, h]
}

/// Swaps the upper bits of `low` with the lower ones of `high`.
#[inline(always)]
const fn swap(low: &mut u64, high: &mut u64, distance: u32, mask: u64) {
    let swapped = (*low >> distance ^ *high) & mask;
    *high ^= swapped;
    *low ^= swapped << distance;
}
