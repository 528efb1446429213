//! Merging of a long piece in overlapping windows, each of them all at once.
//!
//! A list of tokens is the encoding of its text exactly if each two neighbours are, by themselves. So
//! the tokens of a window are right if the cut before the next window's first token holds: text that
//! the window did not see cannot change them. Where no cut near the end of a window holds, the piece is
//! encoded byte by byte.

use super::cut::cut_holds;
use super::runs::TokenRuns;
use crate::tokenizer::vocabulary::Vocabulary;
use crate::tokenizer::vocabulary::merge_table::{Merge, MergeLookup};
use crate::tokenizer::vocabulary::token_index::TokenIndex;

/// Bytes of a window. Its places fit a byte; where there is room, the longest token fits twice.
const BYTES: usize = if cfg!(feature = "unicode-pages") { 256 } else { 64 };
/// Tokens that end after this in a window are left to the next one, which sees more of them.
const KEPT_BYTES: usize = BYTES - 24;
/// Merges of a group, of which the least is kept: the group of a change is searched again.
const LANES: usize = 8;

/// Shows the indexes of the tokens of `piece`. False if that was not possible to the end:
/// then the shown ones do not count.
pub(super) fn tokens(
    vocabulary: &Vocabulary<'_>,
    pairs: &impl MergeLookup,
    piece: &[u8],
    mut show: impl FnMut(u32),
) -> bool {
    let mut window = MergeWindow::new();
    let mut line = TokenEnds { tokens: [(0, 0); BYTES], count: 0 };
    let mut rest = piece;
    window.merge_all(pairs, rest);
    loop {
        line.set(&window);
        let tokens = line.tokens();
        if rest.len() <= BYTES {
            tokens.iter().for_each(|&(index, _)| show(index));
            return true;
        }
        let mut kept = tokens.partition_point(|&(_, end)| end as usize <= KEPT_BYTES);
        // Within a run of one byte a cut seldom holds: what is before it is tried first.
        let within_run = |&&(_, end): &&(u32, u16)| {
            let around = rest.get((end as usize).wrapping_sub(1)..);
            matches!(around, Some([before, after, ..]) if before == after)
        };
        let run = tokens.iter().take(kept).rev().take_while(within_run).count();
        if run < kept {
            kept -= run;
        }
        rest = loop {
            let Some(&(last, end)) = kept.checked_sub(1).and_then(|at| tokens.get(at)) else {
                return false;
            };
            let next = rest.get(end as usize..).unwrap_or_default();
            window.merge_all(pairs, next);
            if cut_holds(vocabulary, last, window.first().index()) {
                break next;
            }
            kept -= 1;
        };
        tokens.iter().take(kept).for_each(|&(index, _)| show(index));
    }
}

/// The tokens of a window: the index of each, and where it ends.
struct TokenEnds {
    tokens: [(u32, u16); BYTES],
    count: usize,
}

impl TokenEnds {
    fn set(&mut self, window: &MergeWindow) {
        self.count = 0;
        for (slot, token) in self.tokens.iter_mut().zip(window.tokens()) {
            *slot = token;
            self.count += 1;
        }
    }

    fn tokens(&self) -> &[(u32, u16)] {
        self.tokens.get(..self.count).unwrap_or_default()
    }
}

/// A text that is merged: its parts, each at the place of its first byte.
struct MergeWindow {
    tokens: [TokenIndex; BYTES],
    /// The merge of each part with the next one.
    merges: [Merge; BYTES],
    /// The least of each group of these.
    least: [Merge; BYTES / LANES],
    /// Where the next part starts, and the one before; zero if there is none.
    next: [u8; BYTES],
    previous: [u8; BYTES],
    bytes: usize,
}

impl MergeWindow {
    const fn new() -> Self {
        Self {
            tokens: [TokenIndex::byte(0); BYTES],
            merges: [Merge::NONE; BYTES],
            least: [Merge::NONE; BYTES / LANES],
            next: [0; BYTES],
            previous: [0; BYTES],
            bytes: 0,
        }
    }

    /// Merges the front of `text`.
    fn merge_all(&mut self, pairs: &impl MergeLookup, text: &[u8]) {
        let text = text.get(..BYTES).unwrap_or(text);
        // Small processors do not carry the code for it.
        if cfg!(feature = "unicode-pages")
            && let Some(runs) = TokenRuns::of(pairs, text)
        {
            return self.set(&runs, text.len());
        }
        self.begin(pairs, text);
        loop {
            let best = Merge::least_of(&self.least, self.bytes.div_ceil(LANES));
            if best.is_none() {
                return;
            }
            self.merge(pairs, best.place(BYTES), best.node());
        }
    }

    /// Takes the tokens of a text that is merged.
    fn set(&mut self, runs: &TokenRuns, bytes: usize) {
        self.bytes = bytes;
        let mut place = 0;
        for run in runs.runs() {
            for _ in 0..run.count {
                let end = place + run.length as usize;
                set(&mut self.tokens, place, run.token);
                set(&mut self.next, place, if end < bytes { end as u8 } else { 0 });
                place = end;
            }
        }
    }

    fn begin(&mut self, pairs: &impl MergeLookup, text: &[u8]) {
        self.bytes = text.len();
        let used = self.bytes.next_multiple_of(LANES);
        self.merges.iter_mut().take(used).for_each(|merge| *merge = Merge::NONE);
        self.least = [Merge::NONE; BYTES / LANES];
        for (place, byte) in text.iter().enumerate() {
            set(&mut self.tokens, place, TokenIndex::byte(*byte));
            set(&mut self.next, place, (place as u8).wrapping_add(1));
            set(&mut self.previous, place, (place as u8).saturating_sub(1));
        }
        if let Some(last) = text.len().checked_sub(1) {
            set(&mut self.next, last, 0);
        }
        for (place, pair) in text.windows(2).enumerate() {
            if let [left, right] = *pair {
                set(&mut self.merges, place, pairs.of_bytes(left, right).at(place));
            }
        }
        for block in 0..self.bytes.div_ceil(LANES) {
            self.compare(block);
        }
    }

    /// Makes `token` of the parts at `place` and after it, and looks up its new neighbours.
    fn merge(&mut self, pairs: &impl MergeLookup, place: usize, token: TokenIndex) {
        let gone = at(&self.next, place);
        let next = at(&self.next, gone);
        set(&mut self.tokens, place, token);
        set(&mut self.next, place, next as u8);
        set(&mut self.merges, gone, Merge::NONE);
        let mut with_next = Merge::NONE;
        if next > 0 {
            set(&mut self.previous, next, place as u8);
            with_next = pairs.of(token, self.token(next)).at(place);
        }
        set(&mut self.merges, place, with_next);
        let mut changed = place;
        if place > 0 {
            changed = at(&self.previous, place);
            let with_previous = pairs.of(self.token(changed), token).at(changed);
            set(&mut self.merges, changed, with_previous);
        }
        let (first, middle, last) = (changed / LANES, place / LANES, gone / LANES);
        self.compare(middle);
        if first != middle {
            self.compare(first);
        }
        if last != middle {
            self.compare(last);
        }
    }

    /// Finds the least merge of a group again.
    fn compare(&mut self, block: usize) {
        let (blocks, _) = self.merges.as_chunks::<LANES>();
        if let (Some(merges), Some(least)) = (blocks.get(block), self.least.get_mut(block)) {
            *least = Merge::least_of(merges, LANES);
        }
    }

    fn token(&self, place: usize) -> TokenIndex {
        self.tokens.get(place).copied().unwrap_or(TokenIndex::byte(0))
    }

    fn first(&self) -> TokenIndex {
        self.token(0)
    }

    /// The index of each token, and where it ends.
    fn tokens(&self) -> impl Iterator<Item = (u32, u16)> + '_ {
        let mut place = (self.bytes > 0).then_some(0);
        core::iter::from_fn(move || {
            let start = place?;
            let next = at(&self.next, start);
            place = (next > 0).then_some(next);
            let end = if next > 0 { next } else { self.bytes };
            Some((self.token(start).index(), end as u16))
        })
    }
}

fn at(list: &[u8; BYTES], place: usize) -> usize {
    list.get(place).copied().unwrap_or_default() as usize
}

fn set<T>(list: &mut [T], place: usize, value: T) {
    if let Some(slot) = list.get_mut(place) {
        *slot = value;
    }
}
