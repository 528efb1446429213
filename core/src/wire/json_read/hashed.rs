//! Strings of which only the hash is wanted, where words are cheap.

use super::{HASHED, JsonReader, Token};
use crate::wire::hash;

impl JsonReader {
    /// A string whose hash is wanted, up to its end if that is at hand.
    pub(super) fn hashed_text<'i>(&mut self, input: &mut &'i [u8]) -> Option<Token<'i>> {
        self.string(input);
        *input = input.strip_prefix(b"\"")?;
        self.after_value();
        Some(self.text_end(self.place))
    }

    /// A string that is a value begins.
    pub(super) fn begin_text(&mut self) {
        self.line.hashes = self.node(self.place).is_some_and(|node| node.tag >= HASHED);
        if self.line.hashes {
            self.key = hash::START;
        }
    }

    /// The token for the end of the string at `place`.
    #[inline(always)]
    pub(super) fn text_end<'t>(&mut self, place: u8) -> Token<'t> {
        match core::mem::take(&mut self.line.hashes) {
            true => Token::Word(place, self.key),
            false => Token::PieceEnd(place),
        }
    }

    /// Whether only the hash of the string that is read is wanted.
    #[inline(always)]
    pub(super) const fn is_hashed(&self) -> bool {
        self.in_key || self.line.hashes
    }
}
