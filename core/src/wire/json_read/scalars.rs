//! Goes through the strings and numbers of a document that was read before.

use super::at_hand::key;
use super::step::{JsonScan, JsonState};
use super::{HASHED, JsonReader, NOWHERE};
use crate::wire::taken;

/// A string or a number that is a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar {
    /// Its place and the tag of that; `None` if nobody asks for it.
    pub wanted: Option<(u8, u8)>,
    pub is_text: bool,
}

impl Scalar {
    /// Whether it is a string that is wanted as such, not as the hash of a word.
    pub fn is_wanted_text(self) -> bool {
        self.is_text && self.wanted.is_some_and(|(_, tag)| tag < HASHED)
    }
}

impl JsonReader {
    /// Takes everything before the next string or number that is a value, and the quote of a string. `None`: no
    /// more of them follows, or a value is wanted as written.
    pub(crate) fn find_scalar(&mut self, input: &mut &[u8]) -> Option<Scalar> {
        loop {
            let is_value = matches!(self.state, JsonState::Value | JsonState::ValueOrEnd);
            let (byte, place) = (*input.first()?, self.place);
            if is_value && self.depth > 0 && matches!(byte, b'"' | b'-' | b'0'..=b'9') {
                let is_text = byte == b'"';
                if is_text {
                    self.step(input);
                }
                let tag = || self.node(place).map_or(0, |node| node.tag);
                return Some(Scalar {
                    wanted: (place != NOWHERE).then(|| (place, tag())),
                    is_text,
                });
            }
            if self.lexeme(input) == JsonScan::Wrong || self.raw_place != NOWHERE {
                return None;
            }
        }
    }

    /// Takes the value before which [`find_scalar`](Self::find_scalar) stopped, with the quote at its end; returns
    /// its bytes without that. `None`: it is not whole.
    pub(crate) fn scalar<'i>(&mut self, input: &mut &'i [u8]) -> Option<&'i [u8]> {
        let before = *input;
        loop {
            let (state, rest) = (self.state, *input);
            if self.step(input) == JsonScan::Wrong || rest.is_empty() {
                return None;
            }
            if matches!(state, JsonState::Text | JsonState::Number)
                && self.state == JsonState::CommaOrEnd
            {
                return Some(taken(before, rest));
            }
        }
    }

    /// Takes a key in one go, or a step.
    fn lexeme(&mut self, input: &mut &[u8]) -> JsonScan {
        let (rest, state) = match (self.state, *input) {
            (JsonState::Key | JsonState::KeyOrEnd, [b'"', text @ ..]) => {
                let Some((key, rest)) = key(text) else { return self.step(input) };
                self.place = self.quick_place(self.container(), key);
                (rest, JsonState::Colon)
            }
            (JsonState::Colon, [b':', rest @ ..]) => (rest, JsonState::Value),
            (JsonState::CommaOrEnd, [b',', rest @ ..]) if self.in_object() => {
                (rest, JsonState::Key)
            }
            _ => return self.step(input),
        };
        (*input, self.state) = (rest, state);
        JsonScan::Nothing
    }
}
