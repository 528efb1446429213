//! The last token of each prefix of a piece, found by appending bytes: from these, the tokens of the
//! whole are read backwards.

use super::IdBuffer;
use super::tail::append;
use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::format::MAX_TOKEN_BYTES;
use crate::tokenizer::vocabulary::token_index::LastToken;

/// Prefixes that are looked at together; what is left over at the end of a window is moved along.
pub(super) const WINDOW: usize = 4 * MAX_TOKEN_BYTES;

/// The last tokens of the first prefixes of a text that starts at a token.
pub(super) struct PrefixWindow {
    last: [LastToken; WINDOW],
    pub(super) filled: usize,
}

impl PrefixWindow {
    pub(super) fn new() -> Self {
        Self { last: [LastToken::NONE; WINDOW], filled: 0 }
    }

    pub(super) fn fill(&mut self, vocabulary: &Vocabulary<'_>, bytes: &[u8]) {
        for &byte in bytes {
            let end = self.filled + 1;
            let token = append(vocabulary, byte, |back| {
                let prefix = end.checked_sub(back)?;
                self.last.get(prefix.checked_sub(1)?).copied()
            });
            if let Some(place) = self.last.get_mut(self.filled) {
                *place = token;
            }
            self.filled = end;
        }
    }

    /// Tokens of the prefix of `end` bytes, the last one first.
    pub(super) fn tokens_to(&self, end: usize) -> impl Iterator<Item = LastToken> + '_ {
        let mut end = end;
        core::iter::from_fn(move || {
            let last = *self.last.get(end.checked_sub(1)?)?;
            end = end.saturating_sub(last.length());
            Some(last)
        })
    }

    fn before(&self, end: usize) -> usize {
        let length = end.checked_sub(1).and_then(|at| self.last.get(at)).map_or(1, |l| l.length());
        end.saturating_sub(length)
    }

    /// The furthest cut that lies in the encoding of the text whatever follows: the one through which
    /// the tokens of all the last prefixes pass, for the text has a cut among those.
    pub(super) fn settled(&self) -> usize {
        let mut settled = self.filled;
        for other in (self.filled.saturating_sub(MAX_TOKEN_BYTES - 1)..self.filled).rev() {
            let mut other = other;
            while other != settled {
                if other > settled {
                    other = self.before(other);
                } else {
                    settled = self.before(settled);
                }
            }
        }
        settled
    }

    pub(super) fn emit(&self, vocabulary: &Vocabulary<'_>, end: usize, out: &mut IdBuffer<'_>) {
        let count = self.tokens_to(end).count();
        let mut place = out.count + count;
        out.count = place;
        for last in self.tokens_to(end) {
            place = place.saturating_sub(1);
            out.put(place, vocabulary.id_of(last.node().index()));
        }
    }

    /// Drops the first `bytes` prefixes.
    pub(super) fn forget(&mut self, bytes: usize) {
        self.last.rotate_left(bytes.min(WINDOW));
        self.filled = self.filled.saturating_sub(bytes);
    }
}

/// The first token of `piece`, in constant memory. It may have to look at all of the piece, so that a
/// vocabulary made for it costs quadratic time to encode; counting stays linear.
pub(super) fn first_token(vocabulary: &Vocabulary<'_>, piece: &[u8]) -> LastToken {
    let mut last = [LastToken::NONE; MAX_TOKEN_BYTES];
    let mut first = [LastToken::NONE; MAX_TOKEN_BYTES];
    let mut newest = LastToken::NONE;
    for (at, &byte) in piece.iter().enumerate() {
        let end = at + 1;
        let token = append(vocabulary, byte, |back| {
            let prefix = end.checked_sub(back).filter(|&prefix| prefix > 0)?;
            last.get(prefix % MAX_TOKEN_BYTES).copied()
        });
        let before = end.saturating_sub(token.length());
        newest = match first.get(before % MAX_TOKEN_BYTES) {
            Some(&known) if before > 0 => known,
            _ => token,
        };
        for (table, entry) in [(&mut last, token), (&mut first, newest)] {
            if let Some(place) = table.get_mut(end % MAX_TOKEN_BYTES) {
                *place = entry;
            }
        }
        if end >= MAX_TOKEN_BYTES
            && end % MAX_TOKEN_BYTES == 0
            && first.iter().all(|&other| other == newest)
        {
            break;
        }
    }
    newest
}
