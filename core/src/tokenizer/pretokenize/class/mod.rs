//! The classes of characters that the pre-tokenizer distinguishes.

#[cfg(feature = "unicode-pages")]
mod pages;
#[cfg(any(not(feature = "unicode-pages"), test))]
mod runs;
mod signs;

#[cfg(feature = "unicode-pages")]
use self::lookup_pages as lookup;
#[cfg(not(feature = "unicode-pages"))]
use self::lookup_runs as lookup;

/// The class of a character, by its general category in Unicode 16.0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Class {
    /// Punctuation, symbols, controls, unassigned.
    Other,
    /// Lu, Lt.
    Upper,
    /// Ll.
    Lower,
    /// Lm, Lo: letters without case.
    Letter,
    /// Mn, Mc, Me.
    Mark,
    /// Nd, Nl, No.
    Number,
    /// White space but for the next two.
    Space,
    /// Carriage return and line feed.
    Newline,
}

/// The number of classes.
pub(crate) const CLASSES: usize = 8;

impl Class {
    /// Lu, Lt, Ll, Lm, Lo.
    pub(crate) const fn is_letter(self) -> bool {
        matches!(self, Self::Upper | Self::Lower | Self::Letter)
    }

    const fn from_number(number: u8) -> Self {
        match number & 7 {
            1 => Self::Upper,
            2 => Self::Lower,
            3 => Self::Letter,
            4 => Self::Mark,
            5 => Self::Number,
            6 => Self::Space,
            7 => Self::Newline,
            _ => Self::Other,
        }
    }
}

/// The class of each ASCII character.
const ASCII: [Class; 128] = {
    let mut classes = [Class::Other; 128];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'A'..=b'Z' => Class::Upper,
            b'a'..=b'z' => Class::Lower,
            b'0'..=b'9' => Class::Number,
            b'\r' | b'\n' => Class::Newline,
            b' ' | b'\t' | 0x0B | 0x0C => Class::Space,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

/// The class of an ASCII character.
#[inline(always)]
pub(crate) fn ascii_class(byte: u8) -> Option<Class> {
    ASCII.get(byte as usize).copied()
}

/// The class of a character.
#[inline]
pub(crate) fn class_of(character: char) -> Class {
    match ASCII.get(character as usize) {
        Some(&class) => class,
        None => lookup(character as u32),
    }
}

/// The class and the length of the character of a valid UTF-8 text that starts at `at`.
#[inline(always)]
pub(crate) fn class_at(text: &[u8], at: usize) -> Option<(Class, usize)> {
    let first = *text.get(at)?;
    match ASCII.get(first as usize) {
        Some(&class) => Some((class, 1)),
        None => {
            let character = decode(first, text.get(at + 1..).unwrap_or_default());
            Some((lookup(character as u32), character.len_utf8()))
        }
    }
}

/// The class of the character above ASCII that valid UTF-8 starts with, and its length, which is right
/// even if the text ends inside of it.
#[inline(always)]
pub(crate) fn foreign_class(text: [u8; 4]) -> (Class, usize) {
    let [first, second, third, fourth] = text.map(u32::from);
    let tail = |byte: u32| byte & 0x3F;
    let (code, length) = match first {
        0x00..=0xDF => ((first & 0x1F) << 6 | tail(second), 2),
        0xE0..=0xEF => ((first & 0x0F) << 12 | tail(second) << 6 | tail(third), 3),
        _ => ((first & 7) << 18 | tail(second) << 12 | tail(third) << 6 | tail(fourth), 4),
    };
    (lookup(code), length)
}

/// The character of a valid UTF-8 text that starts at `at`, and its length.
#[inline]
pub(crate) fn char_at(text: &[u8], at: usize) -> Option<(char, usize)> {
    let first = *text.get(at)?;
    if first.is_ascii() {
        return Some((first as char, 1));
    }
    let character = decode(first, text.get(at + 1..).unwrap_or_default());
    Some((character, character.len_utf8()))
}

/// Whether a character of the class [`Class::Other`] is punctuation or a symbol.
pub(crate) fn is_sign(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_punctuation();
    }
    let code = character as u32;
    signs::CHANGES.partition_point(|&change| change <= code) % 2 == 1
}

/// The character that starts with `first`, a lead byte above ASCII, in valid UTF-8.
#[inline]
fn decode(first: u8, rest: &[u8]) -> char {
    let next = |place: usize| rest.get(place).map_or(0, |&byte| byte as u32 & 0x3F);
    let first = first as u32;
    let code = match first {
        0x80..=0xDF => (first & 0x1F) << 6 | next(0),
        0xE0..=0xEF => (first & 0x0F) << 12 | next(0) << 6 | next(1),
        _ => (first & 0x07) << 18 | next(0) << 12 | next(1) << 6 | next(2),
    };
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Two steps through a table of pages.
#[cfg(feature = "unicode-pages")]
#[inline(always)]
fn lookup_pages(code: u32) -> Class {
    let code = code as usize;
    let page = pages::INDEX.get(code >> 7).copied().unwrap_or_default() as usize;
    let pair = pages::PAGES.get(page << 6 | (code & 127) >> 1).copied().unwrap_or_default();
    Class::from_number(if code & 1 == 0 { pair & 15 } else { pair >> 4 })
}

/// A binary search over runs.
#[cfg(any(not(feature = "unicode-pages"), test))]
fn lookup_runs(code: u32) -> Class {
    if u16::try_from(code).is_ok_and(|code| runs::SPACES.binary_search(&code).is_ok()) {
        return Class::Space;
    }
    let above = runs::RUNS.partition_point(|&run| run >> 3 <= code);
    let run = above.checked_sub(1).and_then(|at| runs::RUNS.get(at)).copied().unwrap_or_default();
    match run & 7 {
        6 if code & 1 == 0 => Class::Upper,
        6 => Class::Lower,
        7 if code & 1 == 0 => Class::Lower,
        7 => Class::Upper,
        class => Class::from_number(class as u8),
    }
}

#[cfg(all(test, feature = "unicode-pages"))]
mod tests {
    #[test]
    fn both_tables_agree_on_every_character() {
        for character in (128..=0x10_FFFF).filter_map(char::from_u32) {
            assert_eq!(
                super::lookup_pages(character as u32),
                super::lookup_runs(character as u32),
                "U+{:04X}",
                character as u32
            );
        }
    }
}
