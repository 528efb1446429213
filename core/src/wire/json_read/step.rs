//! The grammar: one byte, or one run of bytes, at a time.

use super::{JsonReader, NO_HALF, NOWHERE, OLD};
use crate::wire::{hash, with_digit};

/// The part that comes next. White space is allowed before it in those up to `Done`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub(super) enum JsonState {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
    Done,
    Text,
    Escape,
    Hex,
    Number,
    Word,
}

/// The outcome of one step, without a borrow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonScan {
    Nothing,
    /// The bytes that the step took, unchanged.
    Run,
    Decoded,
    TextEnd,
    Begin,
    End,
    Number,
    True,
    False,
    Null,
    /// A byte that does not fit.
    Wrong,
}

impl JsonReader {
    /// Takes bytes from `input`, or changes the state.
    pub(super) fn step(&mut self, input: &mut &[u8]) -> JsonScan {
        let Some((&byte, rest)) = input.split_first() else { return JsonScan::Nothing };
        let is_space = matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let found = match self.state {
            JsonState::Text => return self.text(byte, input),
            JsonState::Escape if self.high != 0 && byte != b'u' => return self.lone(),
            JsonState::Escape => self.escape(byte),
            JsonState::Hex => match self.hex(byte) {
                Some(found) => found,
                None => return self.lone(),
            },
            JsonState::Number => match self.number(byte) {
                // The byte belongs to what follows.
                JsonScan::Number => return JsonScan::Number,
                found => found,
            },
            JsonState::Word => self.word(byte),
            _ if is_space => JsonScan::Nothing,
            JsonState::CommaOrEnd => {
                let in_object = self.in_object();
                match byte {
                    b',' if in_object => self.go(JsonState::Key),
                    b',' => {
                        self.place = self.container();
                        self.go(JsonState::Value)
                    }
                    _ => self.close(byte, in_object),
                }
            }
            JsonState::KeyOrEnd | JsonState::Key if byte == b'"' => {
                self.in_key = true;
                self.key = hash::START;
                self.go(JsonState::Text)
            }
            JsonState::KeyOrEnd => self.close(byte, true),
            JsonState::ValueOrEnd if byte == b']' => self.close(byte, false),
            JsonState::Colon if byte == b':' => self.go(JsonState::Value),
            JsonState::Value | JsonState::ValueOrEnd => match byte {
                b'{' | b'[' if self.begins_raw() => return JsonScan::Nothing,
                b'{' | b'[' => self.open(byte == b'{'),
                b'"' => {
                    if self.half > NO_HALF && self.place == self.half_place {
                        self.high = core::mem::replace(&mut self.half, NO_HALF) & !OLD;
                    }
                    self.begin_text();
                    self.go(JsonState::Text)
                }
                b't' | b'f' | b'n' => {
                    self.count = 0;
                    self.go(JsonState::Word);
                    self.word(byte)
                }
                _ => {
                    (self.value, self.count) = (0, 0);
                    self.is_negative = byte == b'-';
                    self.go(JsonState::Number);
                    if self.is_negative { JsonScan::Nothing } else { self.number(byte) }
                }
            },
            JsonState::Key | JsonState::Colon | JsonState::Done => JsonScan::Wrong,
        };
        if found != JsonScan::Wrong {
            *input = rest;
        }
        found
    }

    /// A byte of a number, or the one after it.
    fn number(&mut self, byte: u8) -> JsonScan {
        let class = match byte {
            b'0' => 0,
            b'1'..=b'9' => 3,
            b'.' => 6,
            b'e' | b'E' => 9,
            b'+' | b'-' => 12,
            _ => 15,
        };
        let numbers = NUMBERS.get(usize::from(self.count)).copied().unwrap_or_default();
        let next = ((numbers >> class) & 7) as u8;
        if next == 0 {
            return self.end_number();
        }
        self.count = next;
        // A negative number stays 0: no count on the wire is one.
        if next == WHOLE && !self.is_negative {
            self.value = with_digit(self.value, byte);
        }
        JsonScan::Nothing
    }

    /// The byte after a number arrived: the number is complete, or broken off.
    pub(super) fn end_number(&mut self) -> JsonScan {
        if (WHOLE_NUMBERS >> self.count) & 1 == 0 {
            return JsonScan::Wrong;
        }
        self.after_value();
        JsonScan::Number
    }

    /// A letter of a word.
    fn word(&mut self, byte: u8) -> JsonScan {
        if self.count == 0 {
            self.count = match byte {
                b't' => 0,
                b'f' => TRUE_END,
                _ => FALSE_END,
            };
        }
        if WORDS.get(usize::from(self.count)) != Some(&byte) {
            return JsonScan::Wrong;
        }
        self.count += 1;
        let found = match self.count {
            TRUE_END => JsonScan::True,
            FALSE_END => JsonScan::False,
            NULL_END => JsonScan::Null,
            _ => return JsonScan::Nothing,
        };
        self.after_value();
        found
    }

    pub(super) fn go(&mut self, state: JsonState) -> JsonScan {
        self.state = state;
        JsonScan::Nothing
    }

    pub(super) fn after_value(&mut self) {
        self.state = if self.depth == 0 { JsonState::Done } else { JsonState::CommaOrEnd };
    }

    pub(super) fn open(&mut self, is_object: bool) -> JsonScan {
        let level = usize::from(self.depth);
        let bit = 1_u32 << (level % 32);
        let Some(word) = self.objects.get_mut(level / 32) else { return JsonScan::Wrong };
        *word = if is_object { *word | bit } else { *word & !bit };
        if let Some(place) = self.places.get_mut(level) {
            *place = self.place;
        }
        self.depth += 1;
        self.state = if is_object { JsonState::KeyOrEnd } else { JsonState::ValueOrEnd };
        if is_object { JsonScan::Begin } else { JsonScan::Nothing }
    }

    /// The innermost object or array ends, if `byte` is its bracket.
    fn close(&mut self, byte: u8, is_object: bool) -> JsonScan {
        if byte != if is_object { b'}' } else { b']' } {
            return JsonScan::Wrong;
        }
        self.place = self.container();
        self.depth -= 1;
        self.after_value();
        if is_object { JsonScan::End } else { JsonScan::Nothing }
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

    /// Whether an array or object that is wanted as text begins.
    fn begins_raw(&mut self) -> bool {
        if self.raw_place != NOWHERE || !self.node(self.place).is_some_and(|node| node.is_raw) {
            return false;
        }
        (self.raw_place, self.raw_depth) = (self.place, self.depth);
        self.place = NOWHERE;
        true
    }
}

/// The words of JSON, one after the other, and where each ends.
const WORDS: &[u8] = b"truefalsenull";
const TRUE_END: u8 = 4;
const FALSE_END: u8 = 9;
const NULL_END: u8 = 13;

/// The next part of a number: a row for each part, and in the row an octal digit, from the right,
/// for `0`, another digit, a point, an `e`, and a sign. The digit is the part that follows; 0 is
/// none.
const NUMBERS: [u16; 8] = [
    0o0_0021, // the start, after a minus
    0o0_5300, // 1: a zero
    0o0_5322, // 2: the whole part
    0o0_0044, // 3: the point
    0o0_5044, // 4: the fraction
    0o6_0077, // 5: the e
    0o0_0077, // 6: its sign
    0o0_0077, // 7: the exponent
];
pub(super) const WHOLE: u8 = 2;
/// A bit for each part that a number may end with.
const WHOLE_NUMBERS: u8 = 0b1001_0110;
