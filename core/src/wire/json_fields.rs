//! The fields of a JSON document while it arrives: the place of each value, as a JSON Pointer, and
//! its content so far. For arguments and structured answers that are shown as they stream.
//!
//! No heap, no table of keys: the state is [`FieldReader`], which is smaller than 256 bytes. The
//! grammar is RFC 8259, the paths are RFC 6901.

mod path;
mod scalar;
#[cfg(test)]
mod tests;

use self::scalar::{is_whole_number, is_whole_word, number_part, word_part};
use super::scan::plain_length;
use crate::{Error, ErrorKind};

/// Bytes of a path, with `~0` and `~1` in it as they are written.
pub const MAX_PATH_BYTES: usize = 192;

/// Arrays and objects inside one another.
pub const MAX_FIELD_DEPTH: usize = 64;

/// The kind of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8259 has no other value")]
pub enum FieldKind {
    /// `{…}`.
    Object,
    /// `[…]`.
    Array,
    /// A text.
    String,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// An event of the value at [`FieldReader::path`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each event")]
pub enum FieldEvent<'a> {
    /// It begins.
    Begin(FieldKind),
    /// More of it: the text of a string, without escapes; a number or a word as written. Objects
    /// and arrays have none, only the values in them.
    Piece(&'a str),
    /// It is complete.
    End(FieldKind),
}

/// Reads one JSON document in pieces, and returns each value as it arrives.
///
/// ```
/// use zerostack_core::wire::json_fields::{FieldEvent, FieldReader};
///
/// let mut reader = FieldReader::new();
/// let (mut seen, mut text) = (String::new(), String::new());
/// for mut piece in [r#"{"city":"Os"#, r#"lo","days":[{"hi"#, r#"gh":7}]}"#] {
///     while let Some(event) = reader.next(&mut piece)? {
///         match event {
///             FieldEvent::Piece(more) => text.push_str(more),
///             FieldEvent::Begin(_) => text.clear(),
///             FieldEvent::End(_) => seen.push_str(&format!("{}={text} ", reader.path())),
///         }
///     }
/// }
/// reader.finish()?;
/// assert_eq!(seen, "/city=Oslo /days/0/high=7 /days/0=7 /days=7 =7 ");
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FieldReader {
    /// Bit n: level n is an object.
    objects: u64,
    /// The hex digits of an escape so far.
    unit: u16,
    /// First half of a surrogate pair that waits for the second.
    high: u16,
    state: FieldState,
    /// Open arrays and objects.
    depth: u8,
    path_length: u8,
    /// The part of a number, the letters of a word, or the hex digits so far.
    count: u8,
    /// What an escape stands for, as UTF-8.
    decoded: [u8; 4],
    /// A character that follows a half pair which stood alone.
    waiting: Option<char>,
    path: [u8; MAX_PATH_BYTES],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FieldState {
    Value,
    /// After `[`.
    ValueOrEnd,
    /// After `{`.
    KeyOrEnd,
    /// After the comma of an object.
    Key,
    InKey,
    KeyEscape,
    KeyHex,
    Colon,
    Text,
    TextEscape,
    TextHex,
    Number,
    Word,
    CommaOrEnd,
    Done,
}

/// What one step found.
enum FieldStep {
    Nothing,
    Begin(FieldKind),
    /// This many bytes of the input.
    Run(usize),
    /// This many bytes of `decoded`.
    Decoded(usize),
    End(FieldKind),
}

impl FieldReader {
    /// A reader for one document.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            objects: 0,
            unit: 0,
            high: 0,
            state: FieldState::Value,
            depth: 0,
            path_length: 0,
            count: 0,
            decoded: [0; 4],
            waiting: None,
            path: [0; MAX_PATH_BYTES],
        }
    }

    /// The place of the last event's value: a JSON Pointer, empty for the whole document.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.path.get(..usize::from(self.path_length)).unwrap_or_default();
        core::str::from_utf8(path).unwrap_or_default()
    }

    /// Whether the document is complete. A number at the top is when [`finish`](Self::finish) was
    /// called.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, FieldState::Done)
    }

    /// Reads from the front of `input`, which it advances, until the next event. `None`: the
    /// input is used up.
    ///
    /// # Errors
    /// `BadJson`: `input` begins with the byte that does not fit; `detail` is 0. `TooLong` for a path
    /// of more than [`MAX_PATH_BYTES`], `TooDeep` beyond [`MAX_FIELD_DEPTH`]. The reader is then
    /// unusable.
    pub fn next<'t, 'i: 't>(
        &'t mut self,
        input: &mut &'i str,
    ) -> Result<Option<FieldEvent<'t>>, Error> {
        // Most calls are for the text of a string.
        if self.state == FieldState::Text
            && let Some(text) = self.plain_text(input)
        {
            return Ok(Some(FieldEvent::Piece(text)));
        }
        if let Some(character) = self.waiting.take() {
            return Ok(Some(FieldEvent::Piece(character.encode_utf8(&mut self.decoded))));
        }
        if self.state == FieldState::Word && is_whole_word(self.count) {
            self.end(FieldKind::Word);
            return Ok(Some(FieldEvent::End(FieldKind::Word)));
        }
        while let Some(&byte) = input.as_bytes().first() {
            let step = match self.state {
                FieldState::InKey | FieldState::Text => self.text(byte, input)?,
                FieldState::Number | FieldState::Word => self.literal(input)?,
                FieldState::KeyEscape
                | FieldState::KeyHex
                | FieldState::TextEscape
                | FieldState::TextHex => {
                    // A byte that is not ASCII fits nowhere here.
                    let rest = input.get(1..).ok_or(BAD)?;
                    let step = self.escape(byte)?;
                    *input = rest;
                    step
                }
                _ => self.step(byte, input)?,
            };
            return Ok(Some(match step {
                FieldStep::Nothing => continue,
                FieldStep::Begin(kind) => FieldEvent::Begin(kind),
                FieldStep::End(kind) => FieldEvent::End(kind),
                FieldStep::Run(length) => {
                    let (run, rest) = input.split_at_checked(length).ok_or(BAD)?;
                    *input = rest;
                    FieldEvent::Piece(run)
                }
                FieldStep::Decoded(length) => {
                    let text = self.decoded.get(..length).unwrap_or_default();
                    FieldEvent::Piece(core::str::from_utf8(text).map_err(|_| BAD)?)
                }
            }));
        }
        Ok(None)
    }

    /// The input is over. Returns the end of a number at the top, which nothing else ends.
    ///
    /// # Errors
    /// `BadJson` if the document is not complete; `detail` is 0.
    pub fn finish(&mut self) -> Result<Option<FieldEvent<'static>>, Error> {
        if self.state == FieldState::Number && self.depth == 0 && is_whole_number(self.count) {
            self.state = FieldState::Done;
            return Ok(Some(FieldEvent::End(FieldKind::Number)));
        }
        if self.is_done() { Ok(None) } else { Err(BAD) }
    }

    /// Outside of strings, numbers and words.
    fn step(&mut self, byte: u8, input: &mut &str) -> Result<FieldStep, Error> {
        // A byte that is not ASCII fits nowhere here.
        let mut rest = input.get(1..).ok_or(BAD)?;
        let step = match (self.state, byte) {
            (_, b' ' | b'\n' | b'\r' | b'\t') => FieldStep::Nothing,
            (FieldState::ValueOrEnd, b']') | (FieldState::KeyOrEnd, b'}') => self.close(byte)?,
            (FieldState::ValueOrEnd, _) => {
                self.push(b"/0")?;
                self.value(byte)?
            }
            (FieldState::Value, _) => self.value(byte)?,
            (FieldState::KeyOrEnd | FieldState::Key, b'"') => {
                self.push(b"/")?;
                match self.short_key(rest) {
                    Some(length) => {
                        rest = rest.get(length..).ok_or(BAD)?;
                        let is_joined = rest.starts_with(':');
                        rest = rest.get(usize::from(is_joined)..).ok_or(BAD)?;
                        self.go(if is_joined { FieldState::Value } else { FieldState::Colon })
                    }
                    None => self.go(FieldState::InKey),
                }
            }
            (FieldState::Colon, b':') => self.go(FieldState::Value),
            (FieldState::CommaOrEnd, b',') if self.is_in_object() => {
                self.pop();
                self.go(FieldState::Key)
            }
            (FieldState::CommaOrEnd, b',') => {
                self.count_up()?;
                self.go(FieldState::Value)
            }
            (FieldState::CommaOrEnd, b'}' | b']') => {
                self.pop();
                self.close(byte)?
            }
            _ => return Err(BAD),
        };
        // A number or a word is read where it begins.
        if !matches!(self.state, FieldState::Number | FieldState::Word) {
            *input = rest;
        }
        Ok(step)
    }

    /// A value begins.
    fn value(&mut self, byte: u8) -> Result<FieldStep, Error> {
        let (kind, state) = match byte {
            b'{' => (FieldKind::Object, FieldState::KeyOrEnd),
            b'[' => (FieldKind::Array, FieldState::ValueOrEnd),
            b'"' => (FieldKind::String, FieldState::Text),
            b'-' | b'0'..=b'9' => (FieldKind::Number, FieldState::Number),
            b't' | b'f' | b'n' => (FieldKind::Word, FieldState::Word),
            _ => return Err(BAD),
        };
        if let b'{' | b'[' = byte {
            if usize::from(self.depth) >= MAX_FIELD_DEPTH {
                return Err(Error::new(ErrorKind::TooDeep, MAX_FIELD_DEPTH as u32));
            }
            let bit = 1_u64 << self.depth;
            self.objects = if byte == b'{' { self.objects | bit } else { self.objects & !bit };
            self.depth += 1;
        }
        (self.state, self.count) = (state, 0);
        Ok(FieldStep::Begin(kind))
    }

    /// The innermost array or object ends, if `byte` is its bracket.
    fn close(&mut self, byte: u8) -> Result<FieldStep, Error> {
        let is_object = self.is_in_object();
        if byte != if is_object { b'}' } else { b']' } {
            return Err(BAD);
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(self.end(if is_object { FieldKind::Object } else { FieldKind::Array }))
    }

    fn is_in_object(&self) -> bool {
        let level = u32::from(self.depth).wrapping_sub(1);
        self.objects.checked_shr(level).is_some_and(|bits| bits & 1 == 1)
    }

    fn end(&mut self, kind: FieldKind) -> FieldStep {
        self.state = if self.depth == 0 { FieldState::Done } else { FieldState::CommaOrEnd };
        FieldStep::End(kind)
    }

    fn go(&mut self, state: FieldState) -> FieldStep {
        self.state = state;
        FieldStep::Nothing
    }

    /// Text from the front of `input`: all up to an escape or the end, or an escape of one letter.
    #[inline(always)]
    fn plain_text<'i>(&self, input: &mut &'i str) -> Option<&'i str> {
        if self.high != 0 || self.waiting.is_some() {
            return None;
        }
        let length = plain_length(input.as_bytes());
        if length > 0 {
            let run;
            (run, *input) = input.split_at_checked(length)?;
            return Some(run);
        }
        let escaped = short_escape(input.as_bytes())?;
        *input = input.get(2..)?;
        Some(escaped)
    }

    /// Inside a string, where `byte` comes first.
    fn text(&mut self, byte: u8, input: &mut &str) -> Result<FieldStep, Error> {
        let is_key = self.state == FieldState::InKey;
        if self.high != 0 && byte != b'\\' {
            return self.lone(is_key);
        }
        let length = plain_length(input.as_bytes());
        if length > 0 {
            if !is_key {
                return Ok(FieldStep::Run(length));
            }
            let (run, rest) = input.split_at_checked(length).ok_or(BAD)?;
            self.add_to_key(run)?;
            *input = rest;
            return Ok(FieldStep::Nothing);
        }
        let step = match byte {
            b'"' if is_key => self.go(FieldState::Colon),
            b'"' => self.end(FieldKind::String),
            b'\\' if is_key => self.go(FieldState::KeyEscape),
            b'\\' => self.go(FieldState::TextEscape),
            _ => return Err(BAD),
        };
        *input = input.get(1..).ok_or(BAD)?;
        Ok(step)
    }

    /// After a backslash, or among the hex digits of an escape.
    fn escape(&mut self, byte: u8) -> Result<FieldStep, Error> {
        let is_key = matches!(self.state, FieldState::KeyEscape | FieldState::KeyHex);
        if matches!(self.state, FieldState::KeyHex | FieldState::TextHex) {
            return self.hex(byte, is_key);
        }
        let character = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                (self.unit, self.count) = (0, 0);
                let state = if is_key { FieldState::KeyHex } else { FieldState::TextHex };
                return Ok(self.go(state));
            }
            _ => return Err(BAD),
        };
        // A half pair before it stands alone; the escape follows it in the same piece.
        let is_lone = core::mem::take(&mut self.high) != 0;
        self.decode(is_lone.then_some(LONE), character, is_key)
    }

    /// A digit of an escaped unit of UTF-16.
    fn hex(&mut self, byte: u8, is_key: bool) -> Result<FieldStep, Error> {
        let digit = char::from(byte).to_digit(16).ok_or(BAD)?;
        let unit = (u32::from(self.unit) << 4) | digit;
        (self.unit, self.count) = (unit as u16, self.count + 1);
        if self.count < 4 {
            return Ok(FieldStep::Nothing);
        }
        let high = core::mem::take(&mut self.high);
        let lone = (high != 0).then_some(LONE);
        match unit & 0xffff {
            low @ 0xdc00..0xe000 if high != 0 => {
                let character = 0x1_0000 + ((u32::from(high) & 0x3ff) << 10) + (low & 0x3ff);
                self.decode(None, char::from_u32(character).unwrap_or(LONE), is_key)
            }
            half @ 0xd800..0xdc00 => {
                self.high = half as u16;
                match lone {
                    Some(lone) => self.decode(None, lone, is_key),
                    None => {
                        let state = if is_key { FieldState::InKey } else { FieldState::Text };
                        Ok(self.go(state))
                    }
                }
            }
            unit => self.decode(lone, char::from_u32(unit).unwrap_or(LONE), is_key),
        }
    }

    /// A half pair that nothing completes.
    fn lone(&mut self, is_key: bool) -> Result<FieldStep, Error> {
        self.high = 0;
        self.decode(None, LONE, is_key)
    }

    /// What an escape stands for, and a half pair before it that stands alone.
    fn decode(
        &mut self,
        lone: Option<char>,
        character: char,
        is_key: bool,
    ) -> Result<FieldStep, Error> {
        if is_key {
            self.state = FieldState::InKey;
            for character in lone.into_iter().chain([character]) {
                self.add_to_key(character.encode_utf8(&mut [0; 4]))?;
            }
            return Ok(FieldStep::Nothing);
        }
        self.state = FieldState::Text;
        self.waiting = lone.and(Some(character));
        let first = lone.unwrap_or(character);
        Ok(FieldStep::Decoded(first.encode_utf8(&mut self.decoded).len()))
    }

    /// As much of a number or a word as there is, or its end.
    fn literal(&mut self, input: &mut &str) -> Result<FieldStep, Error> {
        let is_number = self.state == FieldState::Number;
        let mut length = 0;
        for byte in input.bytes() {
            let next =
                if is_number { number_part(self.count, byte) } else { word_part(self.count, byte) };
            let Some(next) = next else { break };
            (self.count, length) = (next, length + 1);
            if !is_number && is_whole_word(next) {
                break;
            }
        }
        match length {
            0 if is_number && is_whole_number(self.count) => Ok(self.end(FieldKind::Number)),
            0 => Err(BAD),
            length => Ok(FieldStep::Run(length)),
        }
    }
}

impl Default for FieldReader {
    fn default() -> Self {
        Self::new()
    }
}

/// What an escape of one letter stands for, if `text` begins with one.
fn short_escape(text: &[u8]) -> Option<&'static str> {
    let [b'\\', letter, ..] = text else { return None };
    Some(match letter {
        b'n' => "\n",
        b'"' => "\"",
        b'\\' => "\\",
        b't' => "\t",
        b'r' => "\r",
        b'/' => "/",
        b'b' => "\u{8}",
        b'f' => "\u{c}",
        _ => return None,
    })
}

/// Replaces half a surrogate pair without the other half.
const LONE: char = char::REPLACEMENT_CHARACTER;

const BAD: Error = Error::new(ErrorKind::BadJson, 0);
const TOO_LONG: Error = Error::new(ErrorKind::TooLong, MAX_PATH_BYTES as u32);

const _: () = assert!(size_of::<FieldReader>() <= 256);
