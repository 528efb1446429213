//! The grammar: one byte, or one run of bytes, at a time.

use super::{BAD, JsonReader, NOWHERE};
use crate::Error;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
    Text,
    Escape,
    Hex,
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
    True,
    False,
    Null,
    Done,
}

/// What one step met, without a borrow.
#[derive(Clone, Copy)]
pub(super) enum Found {
    Nothing,
    /// The bytes that the step took, as they are.
    Run,
    Decoded,
    TextEnd,
    Begin,
    End,
    Number,
    Bool(bool),
    Null,
}

impl JsonReader {
    /// Takes at least one byte from `input`, or changes the state.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> Result<Found, Error> {
        let Some((&byte, rest)) = input.split_first() else { return Ok(Found::Nothing) };
        let is_space = matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let found = match self.state {
            State::Text => return self.text(byte, input),
            State::Value
            | State::ValueOrEnd
            | State::KeyOrEnd
            | State::Key
            | State::Colon
            | State::CommaOrEnd
            | State::Done
                if is_space =>
            {
                Found::Nothing
            }
            State::ValueOrEnd if byte == b']' => self.close(),
            State::KeyOrEnd if byte == b'}' => self.close(),
            State::CommaOrEnd => match (byte, self.in_object()) {
                (b',', true) => self.go(State::Key),
                (b',', false) => {
                    self.place = self.container();
                    self.go(State::Value)
                }
                (b'}', true) | (b']', false) => self.close(),
                _ => return Err(BAD),
            },
            State::KeyOrEnd | State::Key if byte == b'"' => {
                self.in_key = true;
                self.candidate = self.first_key();
                self.matched = 0;
                self.go(State::Text)
            }
            State::Colon if byte == b':' => self.go(State::Value),
            State::Value | State::ValueOrEnd => match byte {
                b'{' | b'[' if self.is_raw() => {
                    self.raw_place = self.place;
                    self.raw_depth = self.depth;
                    self.place = NOWHERE;
                    return Ok(Found::Nothing);
                }
                b'{' => {
                    self.open(true)?;
                    Found::Begin
                }
                b'[' => {
                    self.open(false)?;
                    Found::Nothing
                }
                b'"' => self.go(State::Text),
                b'-' => self.number(State::Minus, 0),
                b'0' => self.number(State::Zero, 0),
                b'1'..=b'9' => self.number(State::Whole, byte),
                b't' => self.word(State::True),
                b'f' => self.word(State::False),
                b'n' => self.word(State::Null),
                _ => return Err(BAD),
            },
            State::Escape => self.escape(byte)?,
            State::Hex => self.hex(byte)?,
            State::Minus => match byte {
                b'0' => self.go(State::Zero),
                // The value stays 0: no count on the wire is negative.
                b'1'..=b'9' => {
                    self.count = 1;
                    self.go(State::Whole)
                }
                _ => return Err(BAD),
            },
            State::Whole if byte.is_ascii_digit() => {
                if self.count == 0 {
                    let digit = u32::from(byte.wrapping_sub(b'0'));
                    self.value = self.value.saturating_mul(10).saturating_add(digit);
                }
                Found::Nothing
            }
            State::Zero | State::Whole if byte == b'.' => self.go(State::Point),
            State::Point if byte.is_ascii_digit() => self.go(State::Fraction),
            State::Fraction | State::ExponentDigits if byte.is_ascii_digit() => Found::Nothing,
            State::Zero | State::Whole | State::Fraction if matches!(byte, b'e' | b'E') => {
                self.go(State::Exponent)
            }
            State::Exponent if matches!(byte, b'+' | b'-') => self.go(State::ExponentSign),
            State::Exponent | State::ExponentSign if byte.is_ascii_digit() => {
                self.go(State::ExponentDigits)
            }
            State::Zero | State::Whole | State::Fraction | State::ExponentDigits => {
                // The byte belongs to what follows.
                self.after_value();
                return Ok(Found::Number);
            }
            State::True => self.letter(byte, b"true", Found::Bool(true))?,
            State::False => self.letter(byte, b"false", Found::Bool(false))?,
            State::Null => self.letter(byte, b"null", Found::Null)?,
            State::KeyOrEnd
            | State::Key
            | State::Colon
            | State::Point
            | State::Exponent
            | State::ExponentSign
            | State::Done => return Err(BAD),
        };
        *input = rest;
        Ok(found)
    }

    pub(super) fn go(&mut self, state: State) -> Found {
        self.state = state;
        Found::Nothing
    }

    pub(super) fn number(&mut self, state: State, first: u8) -> Found {
        self.value = u32::from(first.saturating_sub(b'0'));
        self.count = 0;
        self.go(state)
    }

    pub(super) fn word(&mut self, state: State) -> Found {
        self.count = 1;
        self.go(state)
    }

    pub(super) fn letter(&mut self, byte: u8, word: &[u8], found: Found) -> Result<Found, Error> {
        if word.get(usize::from(self.count)) != Some(&byte) {
            return Err(BAD);
        }
        self.count = self.count.wrapping_add(1);
        if usize::from(self.count) < word.len() {
            return Ok(Found::Nothing);
        }
        self.after_value();
        Ok(found)
    }

    pub(super) fn after_value(&mut self) {
        self.state = if self.depth == 0 { State::Done } else { State::CommaOrEnd };
    }

    pub(super) fn open(&mut self, is_object: bool) -> Result<(), Error> {
        let level = usize::from(self.depth);
        let bit = 1_u32 << (level % 32);
        let word = self.objects.get_mut(level / 32).ok_or(BAD)?;
        *word = if is_object { *word | bit } else { *word & !bit };
        if let Some(place) = self.places.get_mut(level) {
            *place = self.place;
        }
        self.depth = self.depth.saturating_add(1);
        self.state = if is_object { State::KeyOrEnd } else { State::ValueOrEnd };
        Ok(())
    }

    pub(super) fn close(&mut self) -> Found {
        let was_object = self.in_object();
        self.place = self.container();
        self.depth = self.depth.saturating_sub(1);
        self.after_value();
        if was_object { Found::End } else { Found::Nothing }
    }

    /// The place of the innermost open array or object.
    pub(super) fn container(&self) -> u8 {
        let level = usize::from(self.depth).wrapping_sub(1);
        self.places.get(level).copied().unwrap_or(NOWHERE)
    }

    pub(super) fn in_object(&self) -> bool {
        let level = usize::from(self.depth).wrapping_sub(1);
        self.objects.get(level / 32).is_some_and(|word| (word >> (level % 32)) & 1 == 1)
    }

    pub(super) fn is_raw(&self) -> bool {
        self.raw_place == NOWHERE && self.node(self.place).is_some_and(|node| node.raw)
    }
}
