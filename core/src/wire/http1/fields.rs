//! Header fields of a response, matched byte by byte without keeping them.

use crate::wire::hash::{START, add, hash};
use crate::wire::with_digit;

/// Which bytes a token has: methods and the names of headers.
pub(super) fn is_token_byte(b: u8) -> bool {
    is_part_of_word(b, SEPARATORS)
}

pub(super) fn is_token(text: &str) -> bool {
    is_word(text, SEPARATORS)
}

/// Whether `text` has only visible characters, and none from `refused`.
#[inline(never)]
pub(super) fn is_word(text: &str, refused: &[u8]) -> bool {
    !text.is_empty() && text.bytes().all(|b| is_part_of_word(b, refused))
}

#[inline(never)]
fn is_part_of_word(b: u8, refused: &[u8]) -> bool {
    // `contains` would bring a search by words, which is ten times as long.
    b.is_ascii_graphic() && refused.iter().all(|refused| *refused != b)
}

const SEPARATORS: &[u8] = b"\"(),/:;<=>?@[\\]{}";

/// Which bytes the value of a header has: no controls but the tab.
pub(super) const fn is_value(b: u8) -> bool {
    matches!(b, b'\t' | b' '..=b'~' | 0x80..)
}

/// The headers that matter or may occur only once, and the words in their values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Name {
    ContentLength,
    TransferEncoding,
    ContentEncoding,
    Connection,
    RetryAfter,
    RetryAfterMs,
    Chunked,
    Identity,
    Close,
    KeepAlive,
    Host,
    Other,
}

static NAMES: [(u32, Name); 11] = [
    (hash(b"content-length"), Name::ContentLength),
    (hash(b"transfer-encoding"), Name::TransferEncoding),
    (hash(b"content-encoding"), Name::ContentEncoding),
    (hash(b"connection"), Name::Connection),
    (hash(b"retry-after"), Name::RetryAfter),
    (hash(b"retry-after-ms"), Name::RetryAfterMs),
    (hash(b"chunked"), Name::Chunked),
    (hash(b"identity"), Name::Identity),
    (hash(b"close"), Name::Close),
    (hash(b"keep-alive"), Name::KeepAlive),
    (hash(b"host"), Name::Host),
];

/// A name or word that arrives byte by byte, in any case of letters, as its hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct NameMatcher(u32);

impl NameMatcher {
    pub const fn new() -> Self {
        Self(START)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == START
    }

    pub const fn push(&mut self, b: u8) {
        self.0 = add(self.0, b.to_ascii_lowercase());
    }

    pub fn finish(self) -> Name {
        let found = NAMES.iter().find(|(hash, _)| *hash == self.0);
        found.map_or(Name::Other, |(_, name)| *name)
    }
}

/// A number of milliseconds or a length, digit by digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct DecimalReader {
    /// Saturating.
    value: u32,
    /// Digits after the point that were kept.
    decimals: u8,
    stage: NumberStage,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum NumberStage {
    Start,
    Digits,
    /// After the point.
    Fraction,
    /// Spaces after it.
    Done,
    Bad,
}

impl DecimalReader {
    pub const fn new() -> Self {
        Self { value: 0, decimals: 0, stage: NumberStage::Start }
    }

    /// Takes a byte; of a fraction the first `decimals` digits are kept, as part of a whole number
    /// of the smaller unit.
    pub fn push(&mut self, b: u8, decimals: u8) {
        let stage = self.stage;
        let is_digit = b.is_ascii_digit();
        self.stage = match b {
            b' ' | b'\t' if matches!(stage, NumberStage::Digits | NumberStage::Fraction) => {
                NumberStage::Done
            }
            b' ' | b'\t' => stage,
            b'.' if stage == NumberStage::Digits => NumberStage::Fraction,
            _ if !is_digit || stage >= NumberStage::Done => NumberStage::Bad,
            _ if stage == NumberStage::Fraction && self.decimals >= decimals => stage,
            // It stays the largest number, however many digits follow.
            _ => {
                self.value = with_digit(self.value, b);
                self.decimals += u8::from(stage == NumberStage::Fraction);
                stage.max(NumberStage::Digits)
            }
        };
    }

    /// The number, in units of its last decimal; `u32::MAX` is that or more.
    pub fn finish(self, decimals: u8) -> Option<u32> {
        if matches!(self.stage, NumberStage::Start | NumberStage::Bad) {
            return None;
        }
        let missing = self.decimals..decimals;
        Some(missing.fold(self.value, |value, _| with_digit(value, b'0')))
    }
}
