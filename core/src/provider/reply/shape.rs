//! Tracks the brackets of a call's arguments, a piece at a time: whether they are a closed object,
//! without reading earlier pieces again.

use crate::wire::scan::plain_length;
use crate::wire::steps;

/// The state of the arguments of the last call. Whether they are JSON is found when
/// they are complete.
#[derive(Clone, Copy, Hash, Debug, Default)]
pub(crate) struct Shape {
    depth: u16,
    state: u8,
}

impl Shape {
    /// More of the arguments.
    pub fn add(&mut self, bytes: &[u8]) {
        steps::count(bytes.len());
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            let is_escaped = self.state & ESCAPE != 0;
            self.state &= !ESCAPE;
            match byte {
                _ if is_escaped => {}
                b'\\' if self.state & TEXT != 0 => self.state |= ESCAPE,
                b'"' if self.depth > 0 => self.state ^= TEXT,
                _ if self.state & TEXT != 0 => {
                    rest = rest.get(plain_length(rest)..).unwrap_or_default();
                }
                b'{' | b'[' if self.depth > 0 => self.depth = self.depth.saturating_add(1),
                b'{' if self.state & BEGUN == 0 => (self.depth, self.state) = (1, BEGUN),
                b'}' | b']' if self.depth > 0 => self.depth -= 1,
                b' ' | b'\t' | b'\n' | b'\r' => {}
                _ if self.depth > 0 => {}
                // There is something besides the object.
                _ => self.state |= BEGUN | SPOILT,
            }
        }
    }

    /// Whether exactly one complete object arrived.
    pub const fn is_closed(self) -> bool {
        self.depth == 0 && self.state & (BEGUN | SPOILT) == BEGUN
    }
}

const BEGUN: u8 = 1;
const TEXT: u8 = 2;
const ESCAPE: u8 = 4;
const SPOILT: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_at_their_last_bracket_in_any_chunking() {
        let texts: [(&[u8], bool); 10] = [
            (b"", false),
            (b"{}", true),
            (br#" {"a":"}\"\\","b":[{}]} "#, true),
            (br#"{"a":"\\"}"#, true),
            (br#"{"a":"x"#, false),
            (br#"{"a":[{}"#, false),
            (b"{}{}", false),
            (b"{} x", false),
            (b"[{}]", false),
            (b"\"{}\"", false),
        ];
        for (text, is_closed) in texts {
            for chunk in 1..text.len().max(2) {
                let mut shape = Shape::default();
                text.chunks(chunk).for_each(|piece| shape.add(piece));
                assert_eq!(shape.is_closed(), is_closed, "{text:?} in pieces of {chunk}");
            }
        }
    }
}
