//! A vector in flash: its entries are read from it, and the output is compared with it byte
//! for byte.

use crate::console::{self, Decimal};

/// The most texts of an entry.
const TEXTS: usize = 3;

/// A vector and how much of it was played.
pub struct Script {
    name: &'static str,
    bytes: &'static [u8],
    at: usize,
    /// What is said of the pieces when something differs.
    piece_bytes: usize,
    /// A text that came in part, and as yet expected bytes of it.
    open: Option<(&'static str, usize)>,
}

/// A line of words, and the texts that it announces.
pub struct Entry {
    line: &'static [u8],
    texts: [&'static [u8]; TEXTS],
}

impl Entry {
    /// The whole line.
    pub fn line(&self) -> &'static [u8] {
        self.line
    }

    /// Word `index` of those that are no lengths; empty after the last.
    pub fn word(&self, index: usize) -> &'static [u8] {
        words(self.line).filter(|word| !word.starts_with(b"+")).nth(index).unwrap_or_default()
    }

    /// Text `index` as bytes; empty after the last.
    pub fn bytes(&self, index: usize) -> &'static [u8] {
        self.texts.get(index).copied().unwrap_or_default()
    }
}

impl Script {
    /// A vector that is played with bodies in pieces of this many bytes.
    pub fn new(name: &'static str, bytes: &'static [u8], piece_bytes: usize) -> Self {
        Self { name, bytes, at: 0, piece_bytes, open: None }
    }

    /// Whether all of it was played.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    // Reading. `None` was said on the console, here and below.

    /// The next entry, whatever it is.
    pub fn entry(&mut self) -> Option<Entry> {
        let line = self.rest().split(|byte| *byte == b'\n').next().unwrap_or_default();
        let mut entry = Entry { line, texts: [&[]; TEXTS] };
        let mut at = self.at + line.len() + 1;
        let mut texts = entry.texts.iter_mut();
        for length in words(line).filter_map(|word| word.strip_prefix(b"+")) {
            let text = number(length).and_then(|bytes| {
                let text = self.bytes.get(at..)?.get(..bytes as usize)?;
                *texts.next()? = text;
                at += text.len() + 1;
                (self.bytes.get(at - 1) == Some(&b'\n')).then_some(())
            });
            if text.is_none() {
                return self.refuse("has texts that are not as long as it says");
            }
        }
        if at > self.bytes.len() {
            return self.refuse("has a line without a line feed");
        }
        self.at = at;
        Some(entry)
    }

    /// Word `index` of `entry` as a number.
    pub fn number(&self, entry: &Entry, index: usize) -> Option<u32> {
        number(entry.word(index)).or_else(|| self.refuse_entry(entry, "lacks a number"))
    }

    /// Text `index` of `entry`.
    pub fn text(&self, entry: &Entry, index: usize) -> Option<&'static str> {
        let text = core::str::from_utf8(entry.bytes(index)).ok();
        text.or_else(|| self.refuse_entry(entry, "has a text that is not UTF-8"))
    }

    // Comparing.

    /// An entry of the output: the words, the numbers after them, the texts.
    pub fn output(&mut self, words: &[&str], numbers: &[u32], texts: &[&[u8]]) -> Option<()> {
        self.close()?;
        words.iter().try_for_each(|word| self.same(word.as_bytes()))?;
        for number in numbers {
            self.same(b" ")?;
            self.same(Decimal::new(*number).text().as_bytes())?;
        }
        texts.iter().try_for_each(|text| self.length(text.len()))?;
        self.same(b"\n")?;
        for text in texts {
            self.same(text)?;
            self.same(b"\n")?;
        }
        Some(())
    }

    /// A piece of a text of which the rest may follow: adjacent pieces of a kind are one text.
    pub fn delta(&mut self, word: &'static str, piece: &str) -> Option<()> {
        let open_bytes = match self.open {
            Some((open, bytes)) if open == word => bytes,
            _ => {
                self.close()?;
                self.same(word.as_bytes())?;
                self.same(b" +")?;
                let length = self.rest().split(|byte| *byte == b'\n').next().unwrap_or_default();
                let Some(bytes) = number(length) else { return self.refuse("lacks a length") };
                self.at += length.len() + 1;
                bytes as usize
            }
        };
        let Some(open_bytes) = open_bytes.checked_sub(piece.len()) else {
            return self.refuse("expects a shorter text");
        };
        self.open = Some((word, open_bytes));
        self.same(piece.as_bytes())
    }

    /// No more of a text comes: all of it must have come.
    pub fn close(&mut self) -> Option<()> {
        match self.open.take() {
            None => Some(()),
            Some((_, 0)) => self.same(b"\n"),
            Some(_) => self.refuse("expects more of a text"),
        }
    }

    /// The length of a text.
    pub fn length(&mut self, bytes: usize) -> Option<()> {
        self.same(b" +")?;
        self.same(Decimal::new(bytes as u32).text().as_bytes())
    }

    /// Bytes that came out.
    pub fn same(&mut self, came: &[u8]) -> Option<()> {
        let expected = self.rest();
        let same = came.iter().zip(expected).take_while(|(came, expected)| came == expected);
        let same_bytes = same.count();
        self.at += same_bytes;
        if same_bytes == came.len() {
            return Some(());
        }
        self.say(self.at, "differs");
        // Not from the middle of a character.
        let is_start = |index: &usize| expected.get(*index).is_none_or(|byte| byte & 0xc0 != 0x80);
        let from = (0..=same_bytes).rev().find(is_start).unwrap_or(same_bytes);
        console::line(&["expected ", shown(expected.get(from..).unwrap_or_default())]);
        console::line(&["came ", shown(came.get(from..).unwrap_or_default())]);
        None
    }

    // Saying what is wrong.

    /// Says what is wrong at this place.
    pub fn refuse<T>(&self, what: &str) -> Option<T> {
        self.say(self.at, what);
        console::line(&["at ", shown(self.rest())]);
        None
    }

    /// Says what is wrong with an entry that was read.
    pub fn refuse_entry<T>(&self, entry: &Entry, what: &str) -> Option<T> {
        // A line is a part of the vector.
        self.say((entry.line.as_ptr() as usize).wrapping_sub(self.bytes.as_ptr() as usize), what);
        console::line(&["at ", shown(entry.line)]);
        None
    }

    fn say(&self, at: usize, what: &str) {
        let before = self.bytes.get(..at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u32;
        let piece_bytes = Decimal::new(self.piece_bytes as u32);
        let pieces = match self.piece_bytes {
            usize::MAX => "all",
            _ => piece_bytes.text(),
        };
        let line = Decimal::new(line);
        console::line(&[self.name, ":", line.text(), ", ", pieces, " bytes at once: ", what]);
    }

    fn rest(&self) -> &'static [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}

/// The beginning of `bytes`, as far as it is text.
fn shown(bytes: &[u8]) -> &str {
    let bytes = bytes.get(..SHOWN_BYTES).unwrap_or(bytes);
    let end = core::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    bytes.get(..end).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or("")
}

/// Bytes of a difference that are shown.
const SHOWN_BYTES: usize = 160;

fn words(line: &'static [u8]) -> impl Iterator<Item = &'static [u8]> {
    line.split(|byte| *byte == b' ')
}

fn number(digits: &[u8]) -> Option<u32> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}
