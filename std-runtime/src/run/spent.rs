//! What a run has spent of its budgets, over all its turns and attempts.

use zerostack_core::{Limits, Usage};

use super::family::amount;
use crate::error::counted;
use crate::{Error, ErrorKind, Result};

/// The spent budgets, and the best patch so far.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// Tokens of the turns that have ended.
    pub(super) usage: Usage,
    /// Tokens of the subagents of the attempt so far.
    pub(super) children: Usage,
    /// Replies.
    pub(super) rounds: u16,
    /// The smallest patch that is not the result.
    pub(super) patch: Option<Vec<u8>>,
}

impl Spent {
    /// Adds the tokens of a turn.
    pub(super) fn add(&mut self, usage: Usage) {
        self.usage = self.usage.plus(usage);
    }

    /// All tokens.
    pub(super) fn total(&self) -> Usage {
        self.usage.plus(self.children)
    }

    /// An attempt has ended, and its subagents with it.
    pub(super) fn end_attempt(&mut self) {
        let children = std::mem::take(&mut self.children);
        self.add(children);
    }

    /// Records a patch that does not pass.
    pub(super) fn offer(&mut self, patch: &[u8]) {
        let is_better = self.patch.as_ref().is_none_or(|best| patch.len() <= best.len());
        if is_better && !patch.is_empty() {
            self.patch = Some(patch.to_vec());
        }
    }

    /// The rest of `limits`, the limits of the run.
    ///
    /// # Errors
    /// `Limit` if one of them is used up.
    pub(super) fn left(&self, limits: &Limits) -> Result<Limits> {
        let used_up = |what: String, option: &str| {
            let text = format!("the run has used up its {what}; raise {option}");
            Error::new(ErrorKind::Limit, text)
        };
        let mut left = *limits;
        left.max_rounds = limits.max_rounds.saturating_sub(self.rounds);
        if left.max_rounds == 0 {
            return Err(used_up(counted(limits.max_rounds.into(), "request"), "--max-rounds"));
        }
        if limits.max_turn_tokens > 0 {
            left.max_turn_tokens = limits.max_turn_tokens.saturating_sub(self.total().total());
            if left.max_turn_tokens == 0 {
                return Err(used_up(
                    format!("{} tokens", limits.max_turn_tokens),
                    "--max-total-tokens",
                ));
            }
        }
        if limits.max_turn_cost_micros > 0 {
            let cost = u32::try_from(limits.prices.cost_micros(self.total())).unwrap_or(u32::MAX);
            left.max_turn_cost_micros = limits.max_turn_cost_micros.saturating_sub(cost);
            if left.max_turn_cost_micros == 0 {
                return Err(used_up(
                    format!("money, {}", amount(limits.max_turn_cost_micros.into())),
                    "--max-cost",
                ));
            }
        }
        Ok(left)
    }

    /// A part of `limits` for one of `count` attempts that run at the same time.
    pub(super) fn share(limits: &Limits, count: u32) -> Limits {
        let part = |whole: u32| if whole == 0 { 0 } else { (whole / count).max(1) };
        let mut share = *limits;
        share.max_rounds = (u32::from(limits.max_rounds) / count).max(1).try_into().unwrap_or(1);
        share.max_turn_tokens = part(limits.max_turn_tokens);
        share.max_turn_cost_micros = part(limits.max_turn_cost_micros);
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_turns_share_one_budget() {
        let limits = Limits { max_rounds: 3, max_turn_tokens: 100, ..Limits::default() };
        let mut spent = Spent { rounds: 1, ..Spent::default() };
        spent.add(Usage { input_tokens: 50, output_tokens: 20, ..Usage::default() });
        let left = spent.left(&limits).unwrap();
        assert_eq!((left.max_rounds, left.max_turn_tokens), (2, 30));
        spent.add(Usage { input_tokens: 30, ..Usage::default() });
        let error = spent.left(&limits).unwrap_err();
        assert!(error.kind() == ErrorKind::Limit && error.message().contains("--max-total-tokens"));
        let share = Spent::share(&limits, 4);
        assert_eq!(
            (share.max_rounds, share.max_turn_tokens, share.max_turn_cost_micros),
            (1, 25, 0)
        );
    }

    #[test]
    fn the_smallest_patch_is_kept() {
        let mut spent = Spent::default();
        for patch in [&b"long"[..], b"one", b"", b"longer"] {
            spent.offer(patch);
        }
        assert_eq!(spent.patch.as_deref(), Some(&b"one"[..]));
    }
}
