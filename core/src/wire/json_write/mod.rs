//! JSON out, a piece at a time, into buffers of any size.

mod call_ids;
mod digits;
mod escape;
pub(crate) mod pieces;

pub(crate) use call_ids::{CallIdRule, IdUse};
pub(crate) use digits::Digits;
pub(crate) use pieces::{Pieces, pieces};

use super::scan::{WORDS, copy_plain};
use escape::{copy, escape, escaped_length, hex};

/// A run of output that is not written yet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'a> {
    /// A number in decimal digits.
    Number(u32),
    /// An id that is made from a number: nine letters and digits, as every provider takes it.
    Id(u32),
    /// The name of a tool that does not exist, in the letters that providers take.
    Name(&'a str),
    /// As it is.
    Plain(&'a str),
    /// The inside of a string: escaped where JSON requires it.
    Escaped(&'a str),
    /// The same inside of a string that is inside of a string.
    EscapedTwice(&'a str),
    /// Base64 of the caller's file with this number and length.
    #[cfg(feature = "attachments")]
    Base64 { number: u32, bytes: u32 },
}

impl<'a> Piece<'a> {
    /// Bytes that it takes in the output.
    pub fn length(&self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Id(_) => ID_LENGTH,
            Self::Name(name) => name.len().clamp(1, NAME_BYTES),
            Self::Escaped(text) | Self::EscapedTwice(text) => {
                escaped_length(text.as_bytes(), self.escapes())
            }
            Self::Number(number) => Digits::of(*number as usize).as_bytes().len(),
            #[cfg(feature = "attachments")]
            Self::Base64 { bytes, .. } => super::base64::length(*bytes as usize),
        }
    }

    /// In how many strings it is.
    const fn escapes(&self) -> u8 {
        match self {
            Self::Number(_) | Self::Id(_) | Self::Name(_) | Self::Plain(_) => 0,
            Self::Escaped(_) => 1,
            Self::EscapedTwice(_) => 2,
            #[cfg(feature = "attachments")]
            Self::Base64 { .. } => 0,
        }
    }
}

impl<'a> From<&'a str> for Piece<'a> {
    fn from(text: &'a str) -> Self {
        Self::Plain(text)
    }
}

/// The place in a piece that is partly written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PieceOffset {
    /// Bytes of the source that are written.
    source: usize,
    /// Bytes of the escape that are written.
    escape: usize,
}

impl PieceOffset {
    pub const START: Self = Self { source: 0, escape: 0 };

    /// Writes more of `piece` to the front of `out`, which it advances: a run of bytes, or an
    /// escape. True: all is written.
    pub fn write(&mut self, piece: &Piece<'_>, out: &mut &mut [u8]) -> bool {
        let (number, id, name);
        let text = match piece {
            Piece::Plain(text) | Piece::Escaped(text) | Piece::EscapedTwice(text) => {
                text.as_bytes()
            }
            Piece::Number(value) => {
                number = Digits::of(*value as usize);
                number.as_bytes()
            }
            Piece::Id(value) => {
                id = made_id(*value);
                id.as_slice()
            }
            Piece::Name(text) => {
                name = accepted_name(text);
                name.get(..piece.length()).unwrap_or_default()
            }
            // Its bytes come by `write_base64`.
            #[cfg(feature = "attachments")]
            Piece::Base64 { .. } => return false,
        };
        let times = piece.escapes();
        if WORDS && times > 0 && self.escape == 0 {
            let rest = text.get(self.source..).unwrap_or_default();
            let (used, written) = copy(rest, out, times);
            self.source += used;
            *out = core::mem::take(out).get_mut(written..).unwrap_or_default();
        }
        let rest = text.get(self.source..).unwrap_or_default();
        if times > 0 {
            let plain = copy_plain(rest, out);
            self.source += plain;
            *out = core::mem::take(out).get_mut(plain..).unwrap_or_default();
            if let (false, Some(byte)) = (out.is_empty(), rest.get(plain)) {
                let (bytes, length) = escape(*byte, times);
                let escape = bytes.get(self.escape..usize::from(length)).unwrap_or_default();
                self.escape += put(out, escape);
                if self.escape == usize::from(length) {
                    self.escape = 0;
                    self.source += 1;
                }
            }
        } else {
            self.source += put(out, rest);
        }
        self.source == text.len()
    }
}

/// The part of a piece that is written from the caller's bytes.
#[cfg(feature = "attachments")]
impl PieceOffset {
    /// The first byte of a file of which something is not written yet.
    pub const fn wanted(&self) -> usize {
        self.source / super::base64::CHARS * super::base64::BYTES
    }

    /// Writes base64 of `from` to the front of `out`: the bytes of a file of `total` bytes from
    /// [`wanted`](Self::wanted) on. Returns how much was written.
    pub fn write_base64(&mut self, total: usize, from: &[u8], out: &mut [u8]) -> usize {
        let left = total.saturating_sub(self.wanted());
        let from = from.get(..left).unwrap_or(from);
        let skip = self.source % super::base64::CHARS;
        let written = super::base64::encode(from, from.len() == left, skip, out);
        self.source += written;
        written
    }

    /// `letters` more letters of a file of `total` bytes are written. True: all are.
    pub const fn advance(&mut self, letters: usize, total: usize) -> bool {
        self.source += letters;
        self.source >= super::base64::length(total)
    }

    /// Whether a group of letters is written in part.
    pub const fn is_within_group(&self) -> bool {
        !self.source.is_multiple_of(super::base64::CHARS)
    }
}

/// Copies what fits to the front of `out` and advances it; returns the bytes copied.
fn put(out: &mut &mut [u8], from: &[u8]) -> usize {
    let length = out.len().min(from.len());
    let whole = core::mem::take(out);
    let Some((to, rest)) = whole.split_at_mut_checked(length) else { return 0 };
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    *out = rest;
    length
}

/// The id that is made from `number`: a letter, and the digits in hexadecimal.
fn made_id(number: u32) -> [u8; ID_LENGTH] {
    let mut id = [b'c'; ID_LENGTH];
    for (at, place) in id.iter_mut().rev().take(8).enumerate() {
        *place = hex((number >> (4 * at)) as u8 & 15);
    }
    id
}

const ID_LENGTH: usize = 9;

/// `name` with `_` in place of each byte that a provider refuses in the name of a tool.
fn accepted_name(name: &str) -> [u8; NAME_BYTES] {
    let mut accepted = [b'_'; NAME_BYTES];
    for (to, from) in accepted.iter_mut().zip(name.bytes()) {
        if is_name_byte(from) {
            *to = from;
        }
    }
    accepted
}

/// Whether every provider takes `byte` in the name of a tool.
pub(crate) const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The most bytes of a tool's name that every provider takes.
pub(crate) const NAME_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn written(piece: Piece<'_>, window: usize) -> String {
        String::from_utf8(written_bytes(piece, window)).expect("whole output is UTF-8")
    }

    fn written_bytes(piece: Piece<'_>, window: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let mut place = PieceOffset::default();
        loop {
            let mut buffer = std::vec![0; window];
            let mut out = buffer.as_mut_slice();
            let done = place.write(&piece, &mut out);
            let count = window - out.len();
            all.extend_from_slice(&buffer[..count]);
            if done {
                return all;
            }
        }
    }

    #[test]
    fn every_window_writes_the_same_and_as_much_as_promised() {
        let text = "plain \"quoted\" back\\slash\n\r\t\u{0}\u{1f}\u{7f} grüße 東京 🦀 and a long plain tail";
        for piece in [
            Piece::Plain(text),
            Piece::Escaped(text),
            Piece::EscapedTwice(text),
            Piece::Number(4_294_967_295),
            Piece::Id(0x12ab),
            Piece::Name(text),
            Piece::Name(""),
        ] {
            let whole = written(piece, 1024);
            assert_eq!(whole.len(), piece.length());
            for window in 1..20 {
                assert_eq!(written(piece, window), whole);
            }
        }
        let quoted = std::format!("\"{}\"", written(Piece::Escaped(text), 7));
        assert_eq!(serde_json::from_str::<String>(&quoted).expect("valid JSON"), text);
        let twice = std::format!("\"{}\"", written(Piece::EscapedTwice(text), 7));
        let once = serde_json::from_str::<String>(&twice).expect("valid JSON");
        assert_eq!(once, written(Piece::Escaped(text), 7));
        assert_eq!(written(Piece::Number(0), 3), "0");
        assert_eq!(written(Piece::Id(0x12ab), 3), "c000012ab");
        assert_eq!(written(Piece::Name("a.b-c_d é"), 3), "a_b-c_d___");
        assert_eq!(written(Piece::Name(""), 3), "_");
    }

    #[test]
    fn blocks_are_written_as_byte_for_byte_at_every_place_and_window() {
        let mut random = 7_u32;
        for special_in in [3, 20, 90, 4000] {
            let mut text = String::new();
            while text.len() < 500 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let number = random >> 8;
                text.push(match number % special_in {
                    0 => char::from(number as u8 / 8),
                    1 => ['"', '\\', '\n', 'é', '東', '🦀'][number as usize / 5 % 6],
                    _ => char::from(b'a' + (number / 7 % 26) as u8),
                });
            }
            for start in (0..70).filter(|start| text.is_char_boundary(*start)) {
                let text = &text[start..];
                for (times, piece) in [(1, Piece::Escaped(text)), (2, Piece::EscapedTwice(text))] {
                    let by_byte = text.bytes().flat_map(|byte| {
                        let (bytes, length) = escape(byte, times);
                        bytes.into_iter().take(length.into())
                    });
                    let by_byte = String::from_utf8(by_byte.collect()).expect("UTF-8");
                    assert_eq!(piece.length(), by_byte.len());
                    for window in [1, 5, 15, 16, 17, 23, 64, 65, 100, 257, 4096] {
                        assert_eq!(written_bytes(piece, window), by_byte.as_bytes());
                    }
                }
            }
        }
    }
}
