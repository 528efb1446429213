//! What a run and its subagents share: the front, and the budget.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zerostack_core::{Limits, Prices, Usage};

use super::front::{ConversationId, Front, ParentCall, Round, RunEvent};
use crate::agent::{AgentEvent, Call};
use crate::{Error, ErrorKind, Result};

/// What a run and its subagents share.
pub(super) struct Family<'a> {
    front: &'a dyn Front,
    /// The id of the run's own conversation, which begins the ids of subagents.
    first: ConversationId,
    limits: Limits,
    prices: Option<Prices>,
    used: Mutex<BTreeMap<u32, Used>>,
}

/// What one conversation used.
#[derive(Debug, Default, Clone, Copy)]
struct Used {
    usage: Usage,
    rounds: u32,
}

/// One conversation of a family.
pub(super) struct Member<'a> {
    family: &'a Family<'a>,
    number: u32,
    pub(super) id: ConversationId,
}

impl<'a> Family<'a> {
    /// The family of the conversation `first`, which `front` shows.
    pub(super) fn new(
        front: &'a dyn Front,
        first: ConversationId,
        limits: Limits,
        prices: Option<Prices>,
    ) -> Self {
        Self { front, first, limits, prices, used: Mutex::default() }
    }

    pub(super) fn front(&self) -> &'a dyn Front {
        self.front
    }

    /// A new conversation, started by a call of another one; the first is that of the run.
    pub(super) fn join(&'a self, parent: Option<ParentCall>) -> Member<'a> {
        let mut used = lock(&self.used);
        let number = u32::try_from(used.len()).unwrap_or(u32::MAX);
        used.insert(number, Used::default());
        let id = match parent {
            None => self.first.clone(),
            parent => ConversationId { id: format!("{}.{number}", self.first.id), parent },
        };
        Member { family: self, number, id }
    }

    /// Adds the usage of conversation `number`; `Limit` if all together used more than the run may.
    fn report(&self, number: u32, usage: Usage, rounds: u32) -> Result<()> {
        lock(&self.used).insert(number, Used { usage, rounds });
        let all = self.all();
        let (most, cost) = (self.limits.max_turn_tokens, self.limits.max_turn_cost_micros);
        let is_over = |used: u64, most: u64| most > 0 && used > most;
        let tokens = u64::from(all.usage.total());
        let micros = self.limits.prices.cost_micros(all.usage);
        let what = if is_over(tokens, most.into()) {
            format!("{tokens} tokens of {most}; raise --max-total-tokens")
        } else if is_over(micros, cost.into()) {
            let [used, cost] = [micros, cost.into()].map(amount);
            format!("money for {used} of {cost}; raise --max-cost")
        } else if all.rounds > u32::from(self.limits.max_rounds) && self.limits.max_rounds > 0 {
            let (rounds, most) = (all.rounds, self.limits.max_rounds);
            format!("{rounds} requests of {most}; raise --max-rounds")
        } else {
            return Ok(());
        };
        let text = format!("the run and its subagents used {what}");
        Err(Error::new(ErrorKind::Limit, text))
    }

    /// The usage of all conversations.
    fn all(&self) -> Used {
        lock(&self.used).values().fold(Used::default(), |all, one| Used {
            usage: all.usage.plus(one.usage),
            rounds: all.rounds.saturating_add(one.rounds),
        })
    }

    /// The usage of the subagents.
    pub(super) fn usage_of_children(&self) -> Usage {
        let used = lock(&self.used);
        used.values().skip(1).fold(Usage::default(), |all, one| all.plus(one.usage))
    }

    /// The limits of a new conversation: the rest of the run's limits.
    pub(super) fn left(&self) -> Result<Limits> {
        let (mut limits, all) = (self.limits, self.all());
        let nothing = || {
            let text = "nothing is left of the run's limits for a subagent";
            Error::new(ErrorKind::Limit, text)
        };
        if limits.max_turn_tokens > 0 {
            let left = limits.max_turn_tokens.checked_sub(all.usage.total());
            limits.max_turn_tokens = left.filter(|left| *left > 0).ok_or_else(nothing)?;
        }
        if limits.max_turn_cost_micros > 0 {
            let used = limits.prices.cost_micros(all.usage);
            let left = u64::from(limits.max_turn_cost_micros).checked_sub(used);
            let left = left.and_then(|left| u32::try_from(left).ok());
            limits.max_turn_cost_micros = left.filter(|left| *left > 0).ok_or_else(nothing)?;
        }
        if limits.max_rounds > 0 {
            let used = u16::try_from(all.rounds).unwrap_or(u16::MAX);
            let left = limits.max_rounds.checked_sub(used);
            limits.max_rounds = left.filter(|left| *left > 0).ok_or_else(nothing)?;
        }
        Ok(limits)
    }
}

impl Member<'_> {
    /// Shows an event of it.
    ///
    /// # Errors
    /// The error of the front.
    pub(super) fn show(&self, event: &AgentEvent) -> Result<()> {
        self.family.front.event(&RunEvent::Agent { of: &self.id, event })
    }

    /// Shows that a call has ended.
    ///
    /// # Errors
    /// The error of the front.
    pub(super) fn show_finished(
        &self,
        call: &Call,
        is_error: bool,
        content: &str,
        duration: Duration,
    ) -> Result<()> {
        let event = RunEvent::ToolFinished { of: &self.id, call, is_error, content, duration };
        self.family.front.event(&event)
    }

    /// Shows that its reply `number` is complete.
    ///
    /// # Errors
    /// The error of the front.
    pub(super) fn show_round(&self, number: u32, usage: Usage, duration: Duration) -> Result<()> {
        let cost_micros = self.family.prices.map(|prices| prices.cost_micros(usage));
        let round = Round { number, usage, cost_micros, duration };
        self.family.front.event(&RunEvent::Round { of: &self.id, round })
    }

    /// Adds its usage.
    ///
    /// # Errors
    /// `Limit` if all together used more than the run may.
    pub(super) fn report(&self, usage: Usage, rounds: u32) -> Result<()> {
        self.family.report(self.number, usage, rounds)
    }

    /// The call with the provider's id `call` starts a subagent.
    pub(super) fn parent(&self, call: &str) -> ParentCall {
        ParentCall { conversation: self.id.id.clone(), call: call.to_owned() }
    }
}

/// An amount of money in units of the currency of the prices.
pub(super) fn amount(micros: u64) -> f64 {
    micros as f64 / 1e6
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
