//! The tokens of one piece: what the pre-tokenizer leaves between its cuts.

use super::format::MAX_TOKEN_BYTES;
use super::long;
use super::node::LastToken;
use super::pairs::MergeLookup;
use super::repeat::{RepeatedPiece, period_of};
use super::short::Parts;
use super::tail::{Tail, append};
use super::vocab::Vocabulary;
use super::{Error, ErrorKind, saturated};

/// Prefixes that are looked at together; what is left over at the end of a window is moved along.
pub(super) const WINDOW: usize = 4 * MAX_TOKEN_BYTES;

/// Bytes of most pieces: less work to start with.
const SHORT_BYTES: usize = 16;
const MIDDLE_BYTES: usize = 32;

/// Number of tokens of `piece`.
pub(super) fn count(vocabulary: &Vocabulary<'_>, piece: &[u8]) -> u64 {
    match vocabulary.merge_table() {
        Some(merge_table) => count_by(vocabulary, &merge_table, piece),
        None => count_by(vocabulary, vocabulary, piece),
    }
}

fn count_by(vocabulary: &Vocabulary<'_>, pairs: &impl MergeLookup, piece: &[u8]) -> u64 {
    if let [_] = piece {
        return 1;
    }
    match Parts::<SHORT_BYTES>::of(pairs, piece) {
        Some(parts) => parts.count() as u64,
        None => count_middle(vocabulary, pairs, piece),
    }
}

// Not inlined, and the next neither: the stack of what is rare would be that of every piece.
#[inline(never)]
fn count_middle(vocabulary: &Vocabulary<'_>, pairs: &impl MergeLookup, piece: &[u8]) -> u64 {
    match Parts::<MIDDLE_BYTES>::of(pairs, piece) {
        Some(parts) => parts.count() as u64,
        None => count_long(vocabulary, pairs, piece),
    }
}

#[inline(never)]
fn count_long(vocabulary: &Vocabulary<'_>, pairs: &impl MergeLookup, piece: &[u8]) -> u64 {
    if let Some(period) = period_of(piece)
        && let Some((repeated, rest)) = count_repeated(vocabulary, piece, period)
    {
        return repeated + count(vocabulary, rest);
    }
    count_in_windows(vocabulary, pairs, piece).unwrap_or_else(|| count_by_bytes(vocabulary, piece))
}

/// The tokens of what repeats, and the rest.
#[inline(never)]
fn count_repeated<'p>(
    vocabulary: &Vocabulary<'_>,
    piece: &'p [u8],
    period: usize,
) -> Option<(u64, &'p [u8])> {
    let repeat = RepeatedPiece::of(vocabulary, piece, period)?;
    let (head, round) = repeat.counts();
    Some(((head + round * repeat.rounds) as u64, repeat.rest))
}

#[inline(never)]
fn count_in_windows(
    vocabulary: &Vocabulary<'_>,
    pairs: &impl MergeLookup,
    piece: &[u8],
) -> Option<u64> {
    let mut count = 0;
    long::tokens(vocabulary, pairs, piece, |_| count += 1).then_some(count)
}

#[inline(never)]
fn count_by_bytes(vocabulary: &Vocabulary<'_>, piece: &[u8]) -> u64 {
    let mut tail = Tail::new();
    tail.extend(vocabulary, piece);
    tail.tokens()
}

/// Writes the ids of the tokens of `piece`.
pub(super) fn encode(vocabulary: &Vocabulary<'_>, piece: &[u8], out: &mut IdBuffer<'_>) {
    match vocabulary.merge_table() {
        Some(merge_table) => encode_by(vocabulary, &merge_table, piece, out),
        None => encode_by(vocabulary, vocabulary, piece, out),
    }
}

fn encode_by(
    vocabulary: &Vocabulary<'_>,
    pairs: &impl MergeLookup,
    piece: &[u8],
    out: &mut IdBuffer<'_>,
) {
    let mut push = |index| out.push(vocabulary.id_of(index));
    if let [byte] = piece {
        return push(*byte as u32);
    }
    if let Some(parts) = Parts::<SHORT_BYTES>::of(pairs, piece) {
        return parts.indexes().for_each(push);
    }
    if let Some(parts) = Parts::<MIDDLE_BYTES>::of(pairs, piece) {
        return parts.indexes().for_each(push);
    }
    encode_long(vocabulary, pairs, piece, out);
}

fn encode_long(
    vocabulary: &Vocabulary<'_>,
    pairs: &impl MergeLookup,
    piece: &[u8],
    out: &mut IdBuffer<'_>,
) {
    if let Some(period) = period_of(piece)
        && let Some(repeat) = RepeatedPiece::of(vocabulary, piece, period)
    {
        out.push_repeat(vocabulary, &repeat);
        return encode(vocabulary, repeat.rest, out);
    }
    let mark = out.count;
    if long::tokens(vocabulary, pairs, piece, |index| out.push(vocabulary.id_of(index))) {
        return;
    }
    out.count = mark;
    let mut window = PrefixWindow::new();
    let mut rest = piece;
    loop {
        let (now, later) = rest.split_at(rest.len().min(WINDOW - window.filled));
        window.fill(vocabulary, now);
        rest = later;
        if rest.is_empty() {
            return window.emit(vocabulary, window.filled, out);
        }
        let settled = window.settled();
        if settled > 0 {
            window.emit(vocabulary, settled, out);
            window.forget(settled);
        } else {
            // No cut in sight that every continuation agrees on: look ahead as far as it takes.
            let start = piece.len() - rest.len() - window.filled;
            let Some(unsettled) = piece.get(start..) else { return };
            let first = first_token(vocabulary, unsettled);
            out.push(vocabulary.id_of(first.node().index()));
            rest = unsettled.get(first.length()..).unwrap_or_default();
            window.filled = 0;
        }
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

/// A caller's slice that is filled; counts on when it is full.
pub(super) struct IdBuffer<'o> {
    pub(super) out: &'o mut [u32],
    pub(super) count: usize,
}

impl<'o> IdBuffer<'o> {
    pub(super) fn new(out: &'o mut [u32]) -> Self {
        Self { out, count: 0 }
    }

    pub(super) fn push(&mut self, id: u32) {
        self.put(self.count, id);
        self.count += 1;
    }

    /// Writes the tokens in front of the rest of `repeat`.
    fn push_repeat(&mut self, vocabulary: &Vocabulary<'_>, repeat: &RepeatedPiece<'_>) {
        let (head, round) = repeat.counts();
        let start = self.count;
        let mut place = start + head + round;
        for index in repeat.tokens_back() {
            place = place.saturating_sub(1);
            self.put(place, vocabulary.id_of(index));
        }
        self.count = start + head + round * repeat.rounds;
        let written = self.out.len().min(self.count);
        for place in start + head + round..written {
            if let Some(&id) = self.out.get(place - round) {
                self.put(place, id);
            }
        }
    }

    /// How many there are, if all of them found room.
    pub(super) fn finish(self) -> Result<usize, Error> {
        if self.count > self.out.len() {
            return Err(Error::new(ErrorKind::Full, saturated(self.count)));
        }
        Ok(self.count)
    }

    fn put(&mut self, place: usize, id: u32) {
        if let Some(slot) = self.out.get_mut(place) {
            *slot = id;
        }
    }
}

/// The last tokens of the first prefixes of a text that starts at a token.
pub(super) struct PrefixWindow {
    last: [LastToken; WINDOW],
    filled: usize,
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
    fn settled(&self) -> usize {
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

    fn emit(&self, vocabulary: &Vocabulary<'_>, end: usize, out: &mut IdBuffer<'_>) {
        let count = self.tokens_to(end).count();
        let mut place = out.count + count;
        out.count = place;
        for last in self.tokens_to(end) {
            place = place.saturating_sub(1);
            out.put(place, vocabulary.id_of(last.node().index()));
        }
    }

    /// Drops the first `bytes` prefixes.
    fn forget(&mut self, bytes: usize) {
        self.last.rotate_left(bytes.min(WINDOW));
        self.filled = self.filled.saturating_sub(bytes);
    }
}
