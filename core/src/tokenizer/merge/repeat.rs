//! Long pieces that repeat a few bytes, such as a megabyte of spaces: the tokens repeat too, and are
//! found once.
//!
//! A list of tokens is the encoding of its text exactly if each two neighbours are, by themselves. So
//! the tokens of one round can be repeated as often as the text repeats, if the cut between the last
//! and the first of them holds.

use super::IdBuffer;
use super::cut::cut_holds;
use super::prefixes::{PrefixWindow, WINDOW, first_token};
use crate::tokenizer::vocabulary::Vocabulary;

/// Bytes that may repeat.
const MAX_PERIOD: usize = 64;
/// Bytes that are left after the last round, so that it has the same text after it as the first.
const REST: usize = WINDOW / 2;

/// A piece whose tokens repeat.
pub(super) struct RepeatedPiece<'p> {
    window: PrefixWindow,
    /// The bytes in front of the first round, and up to its end.
    head: usize,
    round_end: usize,
    /// How many rounds there are.
    pub(super) rounds: usize,
    /// The bytes after the last one: short.
    pub(super) rest: &'p [u8],
}

impl<'p> RepeatedPiece<'p> {
    /// The tokens of a piece that repeats after [`period_of`] bytes, where they do so too.
    pub(super) fn of(vocabulary: &Vocabulary<'_>, piece: &'p [u8], period: usize) -> Option<Self> {
        let first = piece.get(..WINDOW)?;
        let mut window = PrefixWindow::new();
        window.fill(vocabulary, first);
        let (head, round_end) = window.round(period)?;
        let round = round_end.checked_sub(head)?;
        let rounds = piece.len().checked_sub(head + REST)?.checked_div(round)?;
        let rest = piece.get(head + rounds * round..)?;
        // The last token of a round, and what it is followed by: the next round, or the rest.
        let last = window.last(round_end)?;
        let holds = |next: u32| cut_holds(vocabulary, last, next);
        let fits = holds(window.first_behind(head, round_end)?)
            && holds(first_token(vocabulary, rest).node().index());
        fits.then_some(Self { window, head, round_end, rounds, rest })
    }

    /// Tokens in front of the first round, and of a round.
    pub(super) fn counts(&self) -> (usize, usize) {
        let head = self.window.tokens_to(self.head).count();
        (head, self.window.tokens_to(self.round_end).count() - head)
    }

    /// Writes the tokens in front of the rest.
    pub(super) fn write(&self, vocabulary: &Vocabulary<'_>, out: &mut IdBuffer<'_>) {
        let (head, round) = self.counts();
        let start = out.count;
        let mut place = start + head + round;
        for index in self.tokens_back() {
            place = place.saturating_sub(1);
            out.put(place, vocabulary.id_of(index));
        }
        out.count = start + head + round * self.rounds;
        let written = out.out.len().min(out.count);
        for place in start + head + round..written {
            if let Some(&id) = out.out.get(place - round) {
                out.put(place, id);
            }
        }
    }

    /// The tokens up to the end of the first round, the last one first.
    fn tokens_back(&self) -> impl Iterator<Item = u32> + '_ {
        self.window.tokens_to(self.round_end).map(|last| last.node().index())
    }
}

/// The number of bytes after which `piece` repeats; `None` for most, and for short ones.
pub(super) fn period_of(piece: &[u8]) -> Option<usize> {
    if piece.len() < 4 * WINDOW {
        return None;
    }
    let start = piece.get(..MAX_PERIOD)?;
    (1..=MAX_PERIOD).find(|&period| {
        let shifted = piece.get(period..).unwrap_or_default();
        shifted.starts_with(start) && piece.starts_with(shifted)
    })
}

impl PrefixWindow {
    /// Where in the encoding of the window a round of whole periods starts and ends.
    fn round(&self, period: usize) -> Option<(usize, usize)> {
        let mut seen = [None; MAX_PERIOD];
        let mut end = WINDOW;
        // Tokens next to the end of the window may be others than those further on.
        loop {
            if let Some(place) = seen.get_mut(end.checked_rem(period)?) {
                match *place {
                    Some(later) => return Some((end, later)),
                    None if end + REST / 2 < WINDOW => *place = Some(end),
                    None => {}
                }
            }
            end = end.checked_sub(self.last_length(end)?).filter(|&end| end > 0)?;
        }
    }

    fn last(&self, end: usize) -> Option<u32> {
        self.tokens_to(end).next().map(|last| last.node().index())
    }

    /// The first token after `start`, which is where one starts, in front of `end`.
    fn first_behind(&self, start: usize, end: usize) -> Option<u32> {
        let (mut at, mut first) = (end, None);
        while at > start {
            first = self.last(at);
            at = at.checked_sub(self.last_length(at)?)?;
        }
        first
    }

    fn last_length(&self, end: usize) -> Option<usize> {
        self.tokens_to(end).next().map(|last| last.length())
    }
}
