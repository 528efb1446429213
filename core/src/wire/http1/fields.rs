//! Header fields of a response, matched byte by byte without keeping them.

/// Which bytes a token has: methods and the names of headers.
pub(super) const fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Which bytes the value of a header has: no controls but the tab.
pub(super) const fn is_value(b: u8) -> bool {
    matches!(b, b'\t' | b' '..=b'~' | 0x80..)
}

/// The headers that decide something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    ContentLength,
    TransferEncoding,
    ContentEncoding,
    Connection,
    RetryAfter,
    RetryAfterMs,
    Other,
}

impl Field {
    const ALL: [(&'static str, Self); 6] = [
        ("content-length", Self::ContentLength),
        ("transfer-encoding", Self::TransferEncoding),
        ("content-encoding", Self::ContentEncoding),
        ("connection", Self::Connection),
        ("retry-after", Self::RetryAfter),
        ("retry-after-ms", Self::RetryAfterMs),
    ];
}

/// The words that values of these headers are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    Chunked,
    Identity,
    Close,
    KeepAlive,
    Other,
}

impl Word {
    const ALL: [(&'static str, Self); 4] = [
        ("chunked", Self::Chunked),
        ("identity", Self::Identity),
        ("close", Self::Close),
        ("keep-alive", Self::KeepAlive),
    ];
}

/// Compares what comes byte by byte with a few names at once, in any case of letters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matcher {
    /// A bit for each name that fits so far.
    fits: u8,
    length: u8,
}

impl Matcher {
    pub const fn new() -> Self {
        Self { fits: u8::MAX, length: 0 }
    }

    pub const fn is_empty(self) -> bool {
        self.length == 0
    }

    /// Fits nothing any more.
    pub fn spoil(&mut self) {
        self.fits = 0;
    }

    pub fn field(&mut self, b: u8) {
        self.push(b, &Field::ALL);
    }

    pub fn word(&mut self, b: u8) {
        self.push(b, &Word::ALL);
    }

    pub fn finish_field(self) -> Field {
        self.finish(&Field::ALL).unwrap_or(Field::Other)
    }

    pub fn finish_word(self) -> Word {
        self.finish(&Word::ALL).unwrap_or(Word::Other)
    }

    fn push<T>(&mut self, b: u8, names: &[(&str, T)]) {
        let at = usize::from(self.length);
        let mut bit = 1_u8;
        for (name, _) in names {
            if name.as_bytes().get(at) != Some(&b.to_ascii_lowercase()) {
                self.fits &= !bit;
            }
            bit = bit.wrapping_shl(1);
        }
        self.length = self.length.saturating_add(1);
    }

    fn finish<T: Copy>(self, names: &[(&str, T)]) -> Option<T> {
        let mut bit = 1_u8;
        for (name, found) in names {
            if self.fits & bit != 0 && name.len() == usize::from(self.length) {
                return Some(*found);
            }
            bit = bit.wrapping_shl(1);
        }
        None
    }
}

/// A number of milliseconds or a length, digit by digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    value: u64,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Start,
    Digits,
    /// Behind the point, with the digits that still count.
    Fraction(u8),
    /// Spaces behind it.
    Done,
    Bad,
}

impl Number {
    pub const fn new() -> Self {
        Self { value: 0, stage: Stage::Start }
    }

    /// Takes a byte; of a fraction the first `decimals` digits are kept, as part of a whole number
    /// of the smaller unit.
    pub fn push(&mut self, b: u8, decimals: u8) {
        let digit = b.is_ascii_digit().then(|| u64::from(b.wrapping_sub(b'0')));
        self.stage = match (self.stage, b, digit) {
            (Stage::Start, b' ' | b'\t', _) => Stage::Start,
            (Stage::Digits, b'.', _) => Stage::Fraction(decimals),
            (Stage::Start | Stage::Digits, _, Some(digit)) => self.append(digit, Stage::Digits),
            (Stage::Fraction(0), _, Some(_)) => Stage::Fraction(0),
            (Stage::Fraction(left), _, Some(digit)) => {
                self.append(digit, Stage::Fraction(left.saturating_sub(1)))
            }
            (Stage::Digits, b' ' | b'\t', _) => {
                self.scale(decimals);
                Stage::Done
            }
            (Stage::Fraction(left), b' ' | b'\t', _) => {
                self.scale(left);
                Stage::Done
            }
            (Stage::Done, b' ' | b'\t', _) => Stage::Done,
            _ => Stage::Bad,
        };
    }

    /// The number, in units of its last decimal.
    pub fn finish(mut self, decimals: u8) -> Option<u64> {
        match self.stage {
            Stage::Digits => self.scale(decimals),
            Stage::Fraction(left) => self.scale(left),
            Stage::Done => {}
            Stage::Start | Stage::Bad => return None,
        }
        (self.stage != Stage::Bad).then_some(self.value)
    }

    fn append(&mut self, digit: u64, next: Stage) -> Stage {
        match self.value.checked_mul(10).and_then(|tens| tens.checked_add(digit)) {
            Some(value) => {
                self.value = value;
                next
            }
            None => Stage::Bad,
        }
    }

    fn scale(&mut self, decimals: u8) {
        self.value = (0..decimals).fold(self.value, |value, _| value.saturating_mul(10));
    }
}
