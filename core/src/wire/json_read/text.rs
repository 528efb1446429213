//! Strings: escapes, surrogate pairs, and which key a key is.

use super::node::place_of;
use super::step::{Found, State};
use super::{BAD, JsonReader, Node, ROOT};
use crate::Error;
use crate::wire::scan::plain_length;

impl JsonReader {
    /// Inside a string, where `byte` comes first.
    pub(super) fn text(&mut self, byte: u8, input: &mut &[u8]) -> Result<Found, Error> {
        if self.high != 0 && byte != b'\\' {
            self.high = 0;
            return Ok(self.decode(&[LONE]));
        }
        let (run, rest) = input.split_at_checked(plain_length(input)).unwrap_or_default();
        if !run.is_empty() {
            *input = rest;
            if self.in_key {
                self.key_bytes(run);
                return Ok(Found::Nothing);
            }
            return Ok(Found::Run);
        }
        if !matches!(byte, b'"' | b'\\') {
            return Err(BAD);
        }
        *input = input.get(1..).unwrap_or_default();
        match byte {
            b'"' if self.in_key => {
                self.in_key = false;
                self.place = self.key_place();
                Ok(self.go(State::Colon))
            }
            b'"' => {
                self.after_value();
                Ok(Found::TextEnd)
            }
            _ => Ok(self.go(State::Escape)),
        }
    }

    pub(super) fn escape(&mut self, byte: u8) -> Result<Found, Error> {
        let character = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.value = 0;
                self.count = 0;
                return Ok(self.go(State::Hex));
            }
            _ => return Err(BAD),
        };
        self.state = State::Text;
        if core::mem::take(&mut self.high) != 0 {
            return Ok(self.decode(&[LONE, character]));
        }
        Ok(self.decode(&[character]))
    }

    pub(super) fn hex(&mut self, byte: u8) -> Result<Found, Error> {
        let digit = char::from(byte).to_digit(16).ok_or(BAD)?;
        self.value = (self.value << 4) | digit;
        self.count = self.count.wrapping_add(1);
        if self.count < 4 {
            return Ok(Found::Nothing);
        }
        self.state = State::Text;
        let unit = self.value;
        let high = u32::from(core::mem::take(&mut self.high));
        let character = char::from_u32(unit);
        let is_low = (0xdc00..0xe000).contains(&unit);
        Ok(match (high, character) {
            (0, Some(character)) => self.decode(&[character]),
            (0, None) if is_low => self.decode(&[LONE]),
            (0, None) => {
                self.high = unit as u16;
                Found::Nothing
            }
            (_, None) if is_low => {
                let pair = 0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00);
                self.decode(&[char::from_u32(pair).unwrap_or(LONE)])
            }
            (_, Some(character)) => self.decode(&[LONE, character]),
            (_, None) => {
                self.high = unit as u16;
                self.decode(&[LONE])
            }
        })
    }

    /// Gives out `characters`, or goes on with the key.
    pub(super) fn decode(&mut self, characters: &[char]) -> Found {
        self.decoded_length = 0;
        for character in characters {
            let mut utf8 = [0; 4];
            for byte in character.encode_utf8(&mut utf8).bytes() {
                if let Some(place) = self.decoded.get_mut(usize::from(self.decoded_length)) {
                    *place = byte;
                    self.decoded_length += 1;
                }
            }
        }
        let length = self.decoded_length;
        if self.in_key {
            let decoded = self.decoded;
            self.key_bytes(decoded.get(..usize::from(length)).unwrap_or_default());
            return Found::Nothing;
        }
        Found::Decoded
    }

    /// More of a key: keeps a node whose key begins with all that came so far.
    pub(super) fn key_bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let matched = usize::from(self.matched);
            let prefix = self.prefix();
            let mut nodes = self.nodes_from(self.candidate);
            let next = nodes.find(|(_, node)| {
                let key = node.key.as_bytes();
                key.get(matched) == Some(byte) && key.get(..matched) == Some(prefix)
            });
            let Some((number, _)) = next else {
                self.candidate = 0;
                return;
            };
            self.candidate = number;
            self.matched = self.matched.saturating_add(1);
        }
    }

    /// The place that the complete key leads to.
    pub(super) fn key_place(&self) -> u8 {
        place_of(self.prefix(), self.nodes_from(self.candidate))
    }

    /// The place that `key` leads to.
    pub(super) fn find(&self, key: &[u8]) -> u8 {
        place_of(key, self.nodes_from(self.first_key()))
    }

    /// The part of the key that matched.
    pub(super) fn prefix(&self) -> &'static [u8] {
        let node = self.node(self.candidate);
        node.and_then(|node| node.key.as_bytes().get(..self.matched.into())).unwrap_or_default()
    }

    /// The first node under the container.
    pub(super) fn first_key(&self) -> u8 {
        match self.container() {
            ROOT => u8::from(!self.nodes.is_empty()),
            place => self.node(place).map_or(0, |node| node.child),
        }
    }

    /// The node `number` and those behind it that have the same parent.
    pub(super) fn nodes_from(
        &self,
        number: u8,
    ) -> impl Iterator<Item = (u8, &'static Node)> + use<> {
        let nodes = self.nodes;
        let numbered =
            move |number: u8| Some((number, nodes.get(usize::from(number).wrapping_sub(1))?));
        core::iter::successors(numbered(number), move |(_, node)| numbered(node.next))
    }

    pub(super) fn node(&self, number: u8) -> Option<&'static Node> {
        self.nodes.get(usize::from(number).wrapping_sub(1))
    }
}

/// What stands in for half a surrogate pair.
const LONE: char = char::REPLACEMENT_CHARACTER;
