//! Merging of a short piece all at once: the lookups do not wait for one another as they do when
//! bytes are appended one by one.

use core::hint::select_unpredictable;

use super::node::Node;
use super::vocab::Vocabulary;

/// Longer pieces are merged byte by byte, in linear time.
pub(super) const MAX_BYTES: usize = 64;

/// No merge: more than any other.
const NEVER: u64 = u64::MAX;
/// Merges that are compared side by side.
const LANES: usize = 8;

/// The tokens of a piece of at most `SIZE` bytes, each at the place of its first byte.
pub(super) struct Parts<const SIZE: usize> {
    tokens: [Node; SIZE],
    /// What each part makes with the next one, as [`ranked`]: the least of them is the next merge.
    merges: [u64; SIZE],
    /// A bit for each place where a part starts.
    starts: u64,
    bytes: usize,
}

impl Parts<16> {
    /// Starts with the piece of the bytes of `word`, of which the last one is not zero.
    #[inline(always)]
    pub(super) fn start(&mut self, vocabulary: &Vocabulary<'_>, word: [u64; 2]) {
        let word = (word[1] as u128) << 64 | word[0] as u128;
        self.begin(vocabulary, &word.to_le_bytes(), 16 - word.leading_zeros() as usize / 8);
    }
}

impl<const SIZE: usize> Parts<SIZE> {
    /// No piece.
    pub(super) const EMPTY: Self =
        Self { tokens: [Node(0); SIZE], merges: [NEVER; SIZE], starts: 0, bytes: 0 };

    /// Merges `piece`; `None` if it is too long.
    #[inline]
    pub(super) fn of(vocabulary: &Vocabulary<'_>, piece: &[u8]) -> Option<Self> {
        if piece.len() > SIZE || SIZE > MAX_BYTES {
            return None;
        }
        let mut parts = Self::EMPTY;
        parts.begin(vocabulary, piece, piece.len());
        while parts.merge_next(vocabulary) {}
        Some(parts)
    }

    /// Starts with the first `bytes` of `piece`.
    #[inline(always)]
    fn begin(&mut self, vocabulary: &Vocabulary<'_>, piece: &[u8], bytes: usize) {
        (self.starts, self.bytes) = (below(bytes), bytes);
        self.merges = [NEVER; SIZE];
        for (token, byte) in self.tokens.iter_mut().zip(piece) {
            *token = vocabulary.byte(*byte);
        }
        for (place, pair) in piece.windows(2).take(bytes.saturating_sub(1)).enumerate() {
            if let [left, right] = *pair {
                self.look(vocabulary, place, vocabulary.byte(left), vocabulary.byte(right));
            }
        }
    }

    /// Makes one token of two. False where no two make one.
    #[inline(always)]
    pub(super) fn merge_next(&mut self, vocabulary: &Vocabulary<'_>) -> bool {
        let Some((place, token)) = self.best() else { return false };
        self.merge(vocabulary, place, token);
        true
    }

    pub(super) const fn count(&self) -> usize {
        self.starts.count_ones() as usize
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = u32> + '_ {
        self.indexes_within(self.bytes)
    }

    /// The tokens that start in front of `end`.
    pub(super) fn indexes_within(&self, end: usize) -> impl Iterator<Item = u32> + '_ {
        let mut left = self.starts & below(end);
        core::iter::from_fn(move || {
            let token = self.tokens.get(left.trailing_zeros() as usize)?;
            left &= left.wrapping_sub(1);
            Some(token.index())
        })
    }

    /// The end and the index of the last token that ends at `limit` or before.
    pub(super) fn last_within(&self, limit: usize) -> Option<(usize, u32)> {
        let end = if limit >= self.bytes {
            self.bytes
        } else {
            (self.starts & below(limit + 1)).checked_ilog2()? as usize
        };
        let place = (self.starts & below(end)).checked_ilog2()? as usize;
        Some((end, self.tokens.get(place)?.index()))
    }

    /// The place and the token of the least rank, the leftmost of equals.
    #[inline(always)]
    fn best(&self) -> Option<(usize, Node)> {
        // Numbers of 64 bits, so that they stay out of vectors: what was just written would have to
        // reach the memory before it could be read as a part of one.
        let (blocks, _) = self.merges.as_chunks::<LANES>();
        let mut least = [NEVER; LANES];
        for block in blocks.iter().take(self.bytes.div_ceil(LANES)) {
            for (least, merge) in least.iter_mut().zip(block) {
                *least = (*merge).min(*least);
            }
        }
        let least = least.iter().fold(NEVER, |least, &merge| least.min(merge));
        let token = Node((least >> 32) as u32 | (least as u32) << 8 & 0xC000_0000);
        (least != NEVER).then_some((least as usize % MAX_BYTES, token))
    }

    /// Makes `token` of the parts at `place` and behind it, and looks up its new neighbours.
    #[inline]
    fn merge(&mut self, vocabulary: &Vocabulary<'_>, place: usize, token: Node) {
        let behind = self.starts & !below(place + 1);
        let gone = behind.trailing_zeros() as usize;
        let next = (behind & behind.wrapping_sub(1)).trailing_zeros() as usize;
        self.starts ^= behind & behind.wrapping_neg();
        set(&mut self.tokens, place, token);
        set(&mut self.merges, gone, NEVER);
        set(&mut self.merges, place, NEVER);
        if let Some(&neighbour) = self.tokens.get(next) {
            self.look(vocabulary, place, token, neighbour);
        }
        if let Some(previous) = (self.starts & below(place)).checked_ilog2()
            && let Some(&neighbour) = self.tokens.get(previous as usize)
        {
            self.look(vocabulary, previous as usize, neighbour, token);
        }
    }

    /// Looks up what the part at `place`, `left`, makes with `right`.
    #[inline]
    fn look(&mut self, vocabulary: &Vocabulary<'_>, place: usize, left: Node, right: Node) {
        let joined = vocabulary.merge_or_zero(left, right);
        let merge = select_unpredictable(joined != 0, ranked(Node(joined), place), NEVER);
        set(&mut self.merges, place, merge);
    }
}

/// A token and a place as a number that is less for a better rank, and then for a place further left.
#[inline(always)]
fn ranked(token: Node, place: usize) -> u64 {
    (token.index() as u64) << 32 | (token.0 >> 8) as u64 & 0xC0_0000 | place as u64
}

/// Ones in as many of the lowest bits.
#[inline(always)]
const fn below(bits: usize) -> u64 {
    if bits >= 64 { u64::MAX } else { !(u64::MAX << bits) }
}

#[inline(always)]
fn set<T>(list: &mut [T], place: usize, value: T) {
    if let Some(slot) = list.get_mut(place) {
        *slot = value;
    }
}
