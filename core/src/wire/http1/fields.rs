//! Header fields of a response, matched byte by byte without keeping them.

/// Which bytes a token has: methods and the names of headers.
pub(super) fn is_token_byte(b: u8) -> bool {
    is_part_of_word(b, SEPARATORS)
}

pub(super) fn is_token(text: &str) -> bool {
    is_word(text, SEPARATORS)
}

/// Whether `text` is of visible characters, and none of `refused`.
#[inline(never)]
pub(super) fn is_word(text: &str, refused: &[u8]) -> bool {
    !text.is_empty() && text.bytes().all(|b| is_part_of_word(b, refused))
}

fn is_part_of_word(b: u8, refused: &[u8]) -> bool {
    b.is_ascii_graphic() && !refused.contains(&b)
}

const SEPARATORS: &[u8] = b"\"(),/:;<=>?@[\\]{}";

/// Which bytes the value of a header has: no controls but the tab.
pub(super) const fn is_value(b: u8) -> bool {
    matches!(b, b'\t' | b' '..=b'~' | 0x80..)
}

/// The headers that decide something, and the words that their values are made of.
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
    Other,
}

static NAMES: [(&str, Name); 10] = [
    ("content-length", Name::ContentLength),
    ("transfer-encoding", Name::TransferEncoding),
    ("content-encoding", Name::ContentEncoding),
    ("connection", Name::Connection),
    ("retry-after", Name::RetryAfter),
    ("retry-after-ms", Name::RetryAfterMs),
    ("chunked", Name::Chunked),
    ("identity", Name::Identity),
    ("close", Name::Close),
    ("keep-alive", Name::KeepAlive),
];
/// How many of them are headers.
const FIELDS: u16 = 6;

/// Compares what comes byte by byte with a few names at once, in any case of letters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matcher {
    /// A bit for each name that fits so far.
    fits: u16,
    length: u8,
}

impl Matcher {
    pub const fn fields() -> Self {
        Self { fits: (1 << FIELDS) - 1, length: 0 }
    }

    pub const fn words() -> Self {
        Self { fits: !Self::fields().fits, length: 0 }
    }

    pub const fn is_empty(self) -> bool {
        self.length == 0
    }

    /// Fits nothing any more.
    pub fn spoil(&mut self) {
        self.fits = 0;
    }

    pub fn push(&mut self, b: u8) {
        let mut bit = 1;
        for (name, _) in &NAMES {
            if name.as_bytes().get(usize::from(self.length)) != Some(&b.to_ascii_lowercase()) {
                self.fits &= !bit;
            }
            bit <<= 1;
        }
        self.length = self.length.saturating_add(1);
    }

    pub fn finish(self) -> Name {
        let mut fits = self.fits;
        for (name, found) in &NAMES {
            if fits & 1 == 1 && name.len() == usize::from(self.length) {
                return *found;
            }
            fits >>= 1;
        }
        Name::Other
    }
}

/// A number of milliseconds or a length, digit by digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    value: u64,
    /// Digits behind the point that were kept.
    decimals: u8,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
enum Stage {
    Start,
    Digits,
    /// Behind the point.
    Fraction,
    /// Spaces behind it.
    Done,
    Bad,
}

impl Number {
    pub const fn new() -> Self {
        Self { value: 0, decimals: 0, stage: Stage::Start }
    }

    /// Takes a byte; of a fraction the first `decimals` digits are kept, as part of a whole number
    /// of the smaller unit.
    pub fn push(&mut self, b: u8, decimals: u8) {
        self.stage = match (self.stage, b) {
            (stage @ (Stage::Start | Stage::Done), b' ' | b'\t') => stage,
            (Stage::Digits | Stage::Fraction, b' ' | b'\t') => Stage::Done,
            (Stage::Digits, b'.') => Stage::Fraction,
            (Stage::Fraction, b'0'..=b'9') if self.decimals >= decimals => Stage::Fraction,
            (stage, b'0'..=b'9') if stage < Stage::Done && self.value < MAX_NUMBER => {
                self.value = self.value * 10 + u64::from(b - b'0');
                self.decimals += u8::from(stage == Stage::Fraction);
                if stage == Stage::Start { Stage::Digits } else { stage }
            }
            _ => Stage::Bad,
        };
    }

    /// The number, in units of its last decimal.
    pub fn finish(self, decimals: u8) -> Option<u64> {
        if matches!(self.stage, Stage::Start | Stage::Bad) {
            return None;
        }
        let missing = self.decimals..decimals;
        Some(missing.fold(self.value, |value, _| value * 10))
    }
}

/// No larger number is read on; another digit, and the decimals of a second, always fit.
const MAX_NUMBER: u64 = 1 << 50;
