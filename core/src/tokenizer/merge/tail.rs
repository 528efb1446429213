//! Byte pair encoding one byte at a time, exact after every byte, in constant memory.
//!
//! Merging by rank is local: until a merge crosses a boundary, both sides go on as if alone. So when
//! a byte is appended to a text that is already encoded, it can only merge with the tokens at the
//! right edge of that text at some time: the *spine* of its last token (the token, its right part,
//! that one's right part, down to a byte). A spine element lives from its own rank until the rank of
//! the element above it; the lowest one with which a merge of a rank within its lifetime exists, is
//! taken. The result is a new right edge that starts earlier; the same question is asked about the
//! text before it, until nothing merges. What is kept of each prefix is its last token; the tokens of
//! the whole are found by walking back from the end. A token has at most [`MAX_TOKEN_BYTES`] bytes,
//! so this many of the last prefixes are enough.

use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::format::MAX_TOKEN_BYTES;
use crate::tokenizer::vocabulary::pruning::Count;
use crate::tokenizer::vocabulary::token_index::{LastToken, TokenIndex};

/// The last token of a text with `byte` appended.
///
/// `last_of(n)` is the last token of the text without its last `n - 1` bytes, `None` if that is
/// empty: the prefix that ends `n` bytes before the new end.
#[inline]
pub(crate) fn append(
    vocabulary: &Vocabulary<'_>,
    byte: u8,
    last_of: impl Fn(usize) -> Option<LastToken>,
) -> LastToken {
    let (mut node, mut length) = (TokenIndex::byte(byte), 1);
    while node.joins_left() {
        let Some(edge) = last_of(length) else { break };
        let Some((joined, taken)) = join(vocabulary, edge, node) else { break };
        if taken == 0 || length + taken > MAX_TOKEN_BYTES {
            break;
        }
        (node, length) = (joined, length + taken);
    }
    node.packed(length)
}

/// What `node` merges with at the right edge of a text whose last token is `edge`: the token made,
/// and the bytes it takes from that text.
#[inline]
fn join(
    vocabulary: &Vocabulary<'_>,
    edge: LastToken,
    node: TokenIndex,
) -> Option<(TokenIndex, usize)> {
    let mut current = edge.node();
    let mut right = None;
    let mut dies_at = u32::MAX;
    let mut found = None;
    loop {
        if let Some(joined) = vocabulary.merge(current, node)
            && joined.index() < dies_at
        {
            found = Some((joined, current));
        }
        // Deeper elements end before the lifetime of `node` begins.
        if current.index() <= node.index() {
            break;
        }
        if right.is_none() {
            right = vocabulary.node(current.index()).1;
        }
        let Some(deeper) = right else { break };
        dies_at = current.index();
        (current, right) = vocabulary.node(deeper);
    }
    let (joined, with) = found?;
    let taken = if with == edge.node() { edge.length() } else { vocabulary.length(with.index()) };
    Some((joined, taken))
}

/// The encoding of a piece of text that grows at its end, reduced to what its future needs.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    /// Of each prefix, at its length modulo the size: the last token.
    last: [LastToken; MAX_TOKEN_BYTES],
    /// Of each prefix: the number of tokens, modulo 2^16.
    counts: [u16; MAX_TOKEN_BYTES],
    bytes: u64,
    tokens: u64,
    /// Bytes in front of the first character that is outside of a vocabulary that was pruned.
    inside: u64,
}

impl Tail {
    pub(crate) const fn new() -> Self {
        let last = [LastToken::NONE; MAX_TOKEN_BYTES];
        Self { last, counts: [0; MAX_TOKEN_BYTES], bytes: 0, tokens: 0, inside: u64::MAX }
    }

    pub(crate) fn clear(&mut self) {
        (self.bytes, self.tokens, self.inside) = (0, 0, u64::MAX);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Tokens of the text so far.
    pub(crate) const fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Tokens of the text so far, or of all but its last `without` bytes, and whether that is exact.
    pub(crate) fn count(&self, vocabulary: &Vocabulary<'_>, without: usize) -> Count {
        let tokens = self.tokens_without(without);
        let bytes = self.bytes.saturating_sub(without as u64);
        vocabulary.pruning().map_or(Count::Exact(tokens), |pruning| {
            pruning.bound(tokens, bytes, bytes > self.inside)
        })
    }

    /// Tokens of the text without its last `bytes` bytes, fewer than [`MAX_TOKEN_BYTES`].
    fn tokens_without(&self, bytes: usize) -> u64 {
        let Some(prefix) = self.bytes.checked_sub(bytes as u64).filter(|&prefix| prefix > 0) else {
            return 0;
        };
        let kept = self.counts.get(place(prefix)).copied().unwrap_or_default();
        // The counts of prefixes this close differ by far less than 2^15.
        let difference = kept.wrapping_sub(self.tokens as u16) as i16;
        self.tokens.wrapping_add_signed(difference as i64)
    }

    /// No continuation has fewer tokens than this: it has a cut at one of the last prefixes.
    pub(crate) fn fewest_tokens(&self) -> u64 {
        if self.bytes < MAX_TOKEN_BYTES as u64 {
            return 0;
        }
        (0..MAX_TOKEN_BYTES).map(|back| self.tokens_without(back)).min().unwrap_or_default()
    }

    fn push(&mut self, vocabulary: &Vocabulary<'_>, byte: u8) {
        let end = self.bytes + 1;
        let last = append(vocabulary, byte, |back| {
            let prefix = end.checked_sub(back as u64).filter(|&prefix| prefix > 0)?;
            self.last.get(place(prefix)).copied()
        });
        self.tokens = {
            let back = last.length() - 1;
            self.tokens_without(back) + 1
        };
        self.bytes = end;
        if let Some(slot) = self.last.get_mut(place(end)) {
            *slot = last;
        }
        if let Some(slot) = self.counts.get_mut(place(end)) {
            *slot = self.tokens as u16;
        }
    }

    pub(crate) fn push_char(&mut self, vocabulary: &Vocabulary<'_>, character: char) {
        if vocabulary.pruning().is_some_and(|pruning| pruning.is_outside(character)) {
            self.inside = self.inside.min(self.bytes);
        }
        self.extend(vocabulary, character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    pub(crate) fn extend(&mut self, vocabulary: &Vocabulary<'_>, bytes: &[u8]) {
        for &byte in bytes {
            self.push(vocabulary, byte);
        }
    }
}

fn place(prefix: u64) -> usize {
    prefix as usize % MAX_TOKEN_BYTES
}
