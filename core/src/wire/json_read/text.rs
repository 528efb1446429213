//! Strings: escapes, surrogate pairs, and which key a key is.

use super::step::{JsonScan, JsonState};
use super::{JsonReader, NOWHERE, Node, OPEN, ROOT};
use crate::wire::hash::add;
use crate::wire::scan::plain_length;

impl JsonReader {
    /// Inside a string, where `byte` comes first.
    pub(super) fn text(&mut self, byte: u8, input: &mut &[u8]) -> JsonScan {
        let waits = byte == b'"' && !self.in_key && self.place != NOWHERE;
        if self.high != 0 && self.half != 0 && waits {
            // The other half may begin the next string at this place.
            self.half = core::mem::take(&mut self.high);
            self.half_place = self.place;
        }
        if self.high != 0 && byte != b'\\' {
            return self.lone();
        }
        let (run, rest) = input.split_at_checked(plain_length(input)).unwrap_or_default();
        if !run.is_empty() {
            *input = rest;
            return if self.is_hashed() { self.key_bytes(run) } else { JsonScan::Run };
        }
        if byte < b' ' {
            return JsonScan::Wrong;
        }
        *input = input.get(1..).unwrap_or_default();
        match byte {
            b'"' if self.in_key => {
                self.in_key = false;
                self.place = self.place_of(self.key);
                self.go(JsonState::Colon)
            }
            b'"' => {
                self.after_value();
                JsonScan::TextEnd
            }
            _ => self.go(JsonState::Escape),
        }
    }

    /// After a backslash.
    pub(super) fn escape(&mut self, byte: u8) -> JsonScan {
        let character = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                (self.value, self.count) = (0, 0);
                return self.go(JsonState::Hex);
            }
            _ => return JsonScan::Wrong,
        };
        self.decode(char::from(character))
    }

    /// A digit of an escaped unit of UTF-16. `None`: it comes again, for the half pair before
    /// it stands alone.
    pub(super) fn hex(&mut self, byte: u8) -> Option<JsonScan> {
        let Some(digit) = char::from(byte).to_digit(16) else { return Some(JsonScan::Wrong) };
        let unit = (self.value << 4) | digit;
        if self.count < 3 {
            (self.value, self.count) = (unit, self.count + 1);
            return Some(JsonScan::Nothing);
        }
        let high = u32::from(self.high);
        let character = match unit {
            0xdc00..0xe000 if high != 0 => 0x1_0000 + ((high & 0x3ff) << 10) + (unit & 0x3ff),
            _ if high != 0 => return None,
            0xd800..0xdc00 => {
                self.high = unit as u16;
                return Some(self.go(JsonState::Text));
            }
            unit => unit,
        };
        self.high = 0;
        Some(self.decode(char::from_u32(character).unwrap_or(LONE)))
    }

    /// Returns the replacement of half a surrogate pair.
    pub(super) fn lone(&mut self) -> JsonScan {
        self.high = 0;
        let state = self.state;
        let found = self.decode(LONE);
        self.state = state;
        found
    }

    /// Returns `character`, or continues the key.
    fn decode(&mut self, character: char) -> JsonScan {
        self.state = JsonState::Text;
        let length = character.encode_utf8(&mut self.decoded).len();
        self.decoded_length = length as u8;
        if self.is_hashed() {
            let decoded = self.decoded;
            return self.key_bytes(decoded.get(..length).unwrap_or_default());
        }
        JsonScan::Decoded
    }

    fn key_bytes(&mut self, bytes: &[u8]) -> JsonScan {
        self.key = bytes.iter().fold(self.key, |key, byte| add(key, *byte));
        JsonScan::Nothing
    }

    /// The place that a key with this hash leads to.
    pub(super) fn place_of(&self, key: u32) -> u8 {
        let mut number = self.first_key();
        while let Some(node) = self.node(number) {
            if node.key == key {
                return number;
            }
            number = node.next;
        }
        self.place_of_others(self.container())
    }

    /// The place of the members of `container` that have no node.
    pub(super) fn place_of_others(&self, container: u8) -> u8 {
        match self.node(container) {
            Some(node) if node.tag & OPEN != 0 => container,
            _ => NOWHERE,
        }
    }

    /// The number of the first node under the container.
    pub(super) fn first_key(&self) -> u8 {
        match self.container() {
            ROOT => 1,
            place => self.node(place).map_or(0, |node| node.child),
        }
    }

    pub(super) fn node(&self, number: u8) -> Option<&'static Node> {
        self.nodes.get(usize::from(number).wrapping_sub(1))
    }
}

/// The replacement of half a surrogate pair.
pub(super) const LONE: char = char::REPLACEMENT_CHARACTER;
