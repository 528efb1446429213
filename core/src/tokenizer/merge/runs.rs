//! Merging of a text that is a few long runs of one byte each, such as lines of spaces: a run of equal
//! tokens is merged in one step.
//!
//! That changes nothing: the leftmost of equal merges comes first, what a merge makes only takes part in
//! later ones, and so all pairs of a run merge before anything else does.

use crate::tokenizer::vocabulary::merge_table::{Merge, MergeLookup};
use crate::tokenizer::vocabulary::token_index::TokenIndex;

/// Runs of a text at most, and while it is merged.
const MAX_RUNS: usize = 12;
const MAX_PARTS: usize = 24;

/// The tokens of a text, as runs of equal ones.
pub(super) struct TokenRuns {
    runs: [TokenRun; MAX_PARTS],
    used: usize,
}

/// Equal tokens next to one another.
#[derive(Clone, Copy)]
pub(super) struct TokenRun {
    pub(super) token: TokenIndex,
    /// Bytes of one.
    pub(super) length: u16,
    pub(super) count: u16,
}

impl TokenRuns {
    const EMPTY: Self = Self {
        runs: [TokenRun { token: TokenIndex::byte(0), length: 0, count: 0 }; MAX_PARTS],
        used: 0,
    };

    /// Merges `text`, which is shorter than 2^16 bytes; `None` if it has many runs.
    #[inline(never)]
    pub(super) fn of(pairs: &impl MergeLookup, text: &[u8]) -> Option<Self> {
        let mut runs = Self::EMPTY;
        for &byte in text {
            runs.push(TokenRun { token: TokenIndex::byte(byte), length: 1, count: 1 })?;
            if runs.used > MAX_RUNS {
                return None;
            }
        }
        while let Some((place, is_within, token)) = runs.best(pairs) {
            runs = runs.merged(place, is_within, token)?;
        }
        Some(runs)
    }

    pub(super) fn runs(&self) -> impl Iterator<Item = TokenRun> + '_ {
        self.runs.iter().take(self.used).copied()
    }

    /// Appends tokens; `None` if there is no room.
    fn push(&mut self, run: TokenRun) -> Option<()> {
        if run.count == 0 {
            return Some(());
        }
        if let Some(last) = self.used.checked_sub(1).and_then(|last| self.runs.get_mut(last))
            && last.token == run.token
        {
            last.count = last.count.checked_add(run.count)?;
            return Some(());
        }
        *self.runs.get_mut(self.used)? = run;
        self.used += 1;
        Some(())
    }

    /// The next merge: the run where it is, whether it is within that run or of its last token with the
    /// first one of the next run, and what it makes.
    fn best(&self, pairs: &impl MergeLookup) -> Option<(usize, bool, TokenIndex)> {
        let (mut best, mut found) = (Merge::NONE, None);
        let mut runs = self.runs().enumerate().peekable();
        while let Some((place, run)) = runs.next() {
            let within = (run.count > 1).then_some((true, run.token));
            let with_next = runs.peek().map(|(_, next)| (false, next.token));
            for (is_within, right) in [within, with_next].into_iter().flatten() {
                let merge = merge_of(pairs, run.token, right);
                if merge < best {
                    (best, found) = (merge, Some((place, is_within, merge.node())));
                }
            }
        }
        found
    }

    /// After a merge.
    fn merged(&self, place: usize, is_within: bool, token: TokenIndex) -> Option<Self> {
        let mut after = Self::EMPTY;
        let mut taken = 0u16;
        let mut runs = self.runs().enumerate().peekable();
        while let Some((number, mut run)) = runs.next() {
            run.count = run.count.saturating_sub(taken);
            taken = 0;
            if number != place {
                after.push(run)?;
            } else if is_within {
                after.push(TokenRun {
                    token,
                    length: run.length.checked_mul(2)?,
                    count: run.count / 2,
                })?;
                after.push(TokenRun { count: run.count % 2, ..run })?;
            } else {
                let next = runs.peek().map_or(0, |(_, next)| next.length);
                after.push(TokenRun { count: run.count.saturating_sub(1), ..run })?;
                after.push(TokenRun { token, length: run.length.checked_add(next)?, count: 1 })?;
                taken = 1;
            }
        }
        Some(after)
    }
}

/// What two neighbours make.
fn merge_of(pairs: &impl MergeLookup, left: TokenIndex, right: TokenIndex) -> Merge {
    if left.index() | right.index() < 256 {
        pairs.of_bytes(left.index() as u8, right.index() as u8)
    } else {
        pairs.of(left, right)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;
    use crate::tokenizer::Vocabulary;
    use crate::tokenizer::merge::prefixes::PrefixWindow;

    #[test]
    fn the_same_tokens_as_byte_by_byte() {
        for packed in [zerostack_vocab_o200k::PACKED, zerostack_vocab_cl100k::PACKED] {
            let vocabulary = Vocabulary::open_embedded(packed).expect("a sound file");
            let (mut random, mut merged) = (1u64, 0);
            let mut next = |limit: usize| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (random >> 33) as usize % limit
            };
            for _ in 0..3_000 {
                let mut text = Vec::new();
                for _ in 0..=next(5) {
                    let byte = b" \n\t\r-=a"[next(7)];
                    text.resize(text.len() + 1 + next(60), byte);
                }
                let Some(runs) = TokenRuns::of(&vocabulary, &text) else { continue };
                let found: Vec<u32> = runs
                    .runs()
                    .flat_map(|run| std::iter::repeat_n(run.token.index(), run.count.into()))
                    .collect();
                let mut window = PrefixWindow::new();
                window.fill(&vocabulary, &text);
                let mut wanted: Vec<u32> =
                    window.tokens_to(text.len()).map(|last| last.node().index()).collect();
                wanted.reverse();
                assert_eq!(found, wanted, "{text:?}");
                let bytes: usize = runs.runs().map(|run| usize::from(run.length * run.count)).sum();
                assert_eq!(text.len(), bytes);
                merged += 1;
            }
            assert!(merged > 2_000, "{merged} texts");
        }
    }
}
