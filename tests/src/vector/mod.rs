//! Runs as inputs and expected outputs, which every language plays: see `tests/vectors/README.md`.

mod play;

pub use play::play;

use std::fmt::Write as _;

/// One entry: words, and the texts that they announce.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Entry {
    /// The words of the line before the lengths.
    pub words: Vec<String>,
    /// The texts after it, one for each length.
    pub texts: Vec<Vec<u8>>,
}

impl Entry {
    /// An entry of words alone, given with spaces between them.
    #[must_use]
    pub fn new(words: impl AsRef<str>) -> Self {
        let words = words.as_ref().split(' ').map(String::from).collect();
        Self { words, texts: Vec::new() }
    }

    /// The same with one more text.
    #[must_use]
    pub fn with(mut self, text: impl AsRef<[u8]>) -> Self {
        self.texts.push(text.as_ref().to_vec());
        self
    }

    /// Whether it is expected and not said.
    #[must_use]
    pub fn is_output(&self) -> bool {
        self.words.first().is_some_and(|word| word.starts_with('='))
    }

    /// Word `index`; empty after the last.
    #[must_use]
    pub fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// Word `index` as a number.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn number(&self, index: usize) -> u32 {
        self.word(index).parse().unwrap_or_else(|_| panic!("a number at {index} of {self:?}"))
    }

    /// Text `index`.
    ///
    /// # Panics
    /// When there is none or it is not UTF-8.
    #[must_use]
    pub fn text(&self, index: usize) -> &str {
        std::str::from_utf8(&self.texts[index]).expect("UTF-8")
    }
}

/// Reads a vector.
///
/// # Panics
/// When it is malformed: it is part of this repository.
#[must_use]
pub fn read(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let line = take(&mut bytes, |bytes| bytes.iter().position(|byte| *byte == b'\n'));
        let line = std::str::from_utf8(line).expect("words are UTF-8");
        let mut entry = Entry::default();
        for word in line.split(' ') {
            match word.strip_prefix('+') {
                Some(length) => {
                    let length = length.parse().expect("a length");
                    entry.texts.push(vec![0; length]);
                }
                None => entry.words.push(word.into()),
            }
        }
        for text in &mut entry.texts {
            let length = text.len();
            text.copy_from_slice(take(&mut bytes, |_| Some(length)));
        }
        entries.push(entry);
    }
    entries
}

/// Takes as many bytes as `length` says, and the line feed after them.
fn take<'b>(bytes: &mut &'b [u8], length: impl Fn(&[u8]) -> Option<usize>) -> &'b [u8] {
    let length = length(bytes).expect("a line ends with a line feed");
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest.strip_prefix(b"\n").expect("a line feed after a text");
    taken
}

/// Writes a vector.
#[must_use]
pub fn write(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let mut line = entry.words.join(" ");
        for text in &entry.texts {
            write!(line, " +{}", text.len()).expect("a String takes it");
        }
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        for text in &entry.texts {
            bytes.extend_from_slice(text);
            bytes.push(b'\n');
        }
    }
    bytes
}
