//! Merging of a short piece all at once: the lookups do not wait for one another as they do when
//! bytes are appended one by one.

use super::node::Node;
use super::vocab::Vocabulary;

/// Longer pieces are merged byte by byte, in linear time.
pub(super) const MAX_BYTES: usize = 64;

/// No merge: more than any rank.
const NEVER: i32 = i32::MAX;
/// Bits of a place.
const PLACE_BITS: u32 = MAX_BYTES.trailing_zeros();
/// Ranks that are compared together.
const LANES: usize = 16;

/// The tokens of a piece of at most [`MAX_BYTES`] bytes, each at the place of its first byte.
pub(super) struct Parts {
    tokens: [Node; MAX_BYTES],
    /// What each part makes with the next one.
    joined: [Node; MAX_BYTES],
    /// The rank of that, and below it the place, so that the least of them says where.
    ranks: [i32; MAX_BYTES],
    /// The part before and the part behind.
    before: [u8; MAX_BYTES],
    behind: [u8; MAX_BYTES],
    bytes: usize,
    count: usize,
}

impl Parts {
    /// Merges `piece`; `None` if it is too long.
    #[inline]
    pub(super) fn of(vocabulary: &Vocabulary<'_>, piece: &[u8]) -> Option<Self> {
        if piece.len() > MAX_BYTES {
            return None;
        }
        let mut parts = Self {
            tokens: [vocabulary.byte(0); MAX_BYTES],
            joined: [vocabulary.byte(0); MAX_BYTES],
            ranks: [NEVER; MAX_BYTES],
            before: [0; MAX_BYTES],
            behind: [0; MAX_BYTES],
            bytes: piece.len(),
            count: piece.len(),
        };
        for (token, byte) in parts.tokens.iter_mut().zip(piece) {
            *token = vocabulary.byte(*byte);
        }
        for (slot, place) in parts.behind.iter_mut().zip(1u8..) {
            *slot = place;
        }
        for (slot, place) in parts.before.iter_mut().skip(1).zip(0u8..) {
            *slot = place;
        }
        for (place, pair) in piece.windows(2).enumerate() {
            if let [left, right] = *pair {
                parts.look(vocabulary, place, vocabulary.byte(left), vocabulary.byte(right));
            }
        }
        while let Some((place, token)) = parts.best() {
            parts.merge(vocabulary, place, token);
        }
        Some(parts)
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = u32> + '_ {
        self.indexes_within(self.bytes)
    }

    /// The tokens that start in front of `end`.
    pub(super) fn indexes_within(&self, end: usize) -> impl Iterator<Item = u32> + '_ {
        let mut place = 0;
        core::iter::from_fn(move || {
            let index = self.tokens.get(..end)?.get(place)?.index();
            place = *self.behind.get(place)? as usize;
            Some(index)
        })
    }

    /// The end and the index of the last token that ends at `limit` or before.
    pub(super) fn last_within(&self, limit: usize) -> Option<(usize, u32)> {
        let (mut place, mut last) = (0usize, None);
        loop {
            let end = *self.behind.get(place)? as usize;
            if end > limit {
                return last;
            }
            last = Some((end, self.tokens.get(place)?.index()));
            place = end;
        }
    }

    /// The place and the token of the least rank, the leftmost of equals.
    #[inline]
    fn best(&self) -> Option<(usize, Node)> {
        let (blocks, _) = self.ranks.as_chunks::<LANES>();
        let mut least = [NEVER; LANES];
        for block in blocks.iter().take(self.bytes.div_ceil(LANES)) {
            for (least, rank) in least.iter_mut().zip(block) {
                *least = (*rank).min(*least);
            }
        }
        let least = least.iter().fold(NEVER, |least, &rank| least.min(rank));
        let place = least as usize % MAX_BYTES;
        if least == NEVER { None } else { Some((place, *self.joined.get(place)?)) }
    }

    /// Makes `token` of the parts at `place` and behind it, and looks up its new neighbours.
    #[inline]
    fn merge(&mut self, vocabulary: &Vocabulary<'_>, place: usize, token: Node) {
        let gone = self.behind.get(place).map_or(MAX_BYTES, |&place| place as usize);
        let next = self.behind.get(gone).map_or(MAX_BYTES, |&place| place as usize);
        set(&mut self.tokens, place, token);
        set(&mut self.behind, place, next as u8);
        set(&mut self.ranks, gone, NEVER);
        self.count = self.count.saturating_sub(1);
        set(&mut self.ranks, place, NEVER);
        if next < self.bytes
            && let Some(&neighbour) = self.tokens.get(next)
        {
            set(&mut self.before, next, place as u8);
            self.look(vocabulary, place, token, neighbour);
        }
        if place > 0
            && let Some(previous) = self.before.get(place).map(|&place| place as usize)
            && let Some(&neighbour) = self.tokens.get(previous)
        {
            self.look(vocabulary, previous, neighbour, token);
        }
    }

    /// Looks up what the part at `place`, `left`, makes with `right`.
    #[inline]
    fn look(&mut self, vocabulary: &Vocabulary<'_>, place: usize, left: Node, right: Node) {
        let rank = match vocabulary.merge(left, right) {
            Some(joined) => {
                set(&mut self.joined, place, joined);
                (joined.index() << PLACE_BITS | place as u32) as i32
            }
            None => NEVER,
        };
        set(&mut self.ranks, place, rank);
    }
}

#[inline(always)]
fn set<T>(list: &mut [T], place: usize, value: T) {
    if let Some(slot) = list.get_mut(place) {
        *slot = value;
    }
}
