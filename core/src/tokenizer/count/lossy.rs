//! One rule for bytes that are not UTF-8, the same everywhere: each maximal start of a character that
//! is not completed, and each byte that can start none, becomes one U+FFFD. This is what
//! `String::from_utf8_lossy` and the Unicode Standard's recommended practice do.

/// Turns bytes into characters, one byte at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LossyDecoder {
    code: u32,
    missing: u8,
    /// Bounds of the next byte.
    low: u8,
    high: u8,
}

impl LossyDecoder {
    pub(crate) const fn new() -> Self {
        Self { code: 0, missing: 0, low: 0x80, high: 0xBF }
    }

    /// Whether no character is half read.
    pub(crate) const fn is_between(&self) -> bool {
        self.missing == 0
    }

    /// Takes a byte; returns no character, one, or the replacement character and another one.
    #[inline]
    pub(crate) fn push(&mut self, byte: u8, mut sink: impl FnMut(char)) {
        if self.missing > 0 {
            if (self.low..=self.high).contains(&byte) {
                self.code = self.code << 6 | (byte & 0x3F) as u32;
                (self.missing, self.low, self.high) = (self.missing - 1, 0x80, 0xBF);
                if self.missing == 0 {
                    sink(char::from_u32(self.code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                return;
            }
            *self = Self::new();
            sink(char::REPLACEMENT_CHARACTER);
        }
        let (missing, low, high) = match byte {
            ..0x80 => return sink(byte as char),
            0xC2..=0xDF => (1, 0x80, 0xBF),
            0xE0 => (2, 0xA0, 0xBF),
            0xED => (2, 0x80, 0x9F),
            0xE1..=0xEF => (2, 0x80, 0xBF),
            0xF0 => (3, 0x90, 0xBF),
            0xF1..=0xF3 => (3, 0x80, 0xBF),
            0xF4 => (3, 0x80, 0x8F),
            _ => return sink(char::REPLACEMENT_CHARACTER),
        };
        let code = byte as u32 & (0x3F >> missing);
        *self = Self { code, missing, low, high };
    }
}
