//! What a run and its subagents share: the budget, and what is shown of the subagents.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zerostack_core::{Limits, Usage};

use crate::agent::AgentEvent;
use crate::{Error, ErrorKind, Result};

/// What a run and its subagents share.
#[derive(Debug)]
pub(super) struct Family {
    limits: Limits,
    used: Mutex<BTreeMap<u32, Used>>,
    events: Mutex<Vec<ChildEvent>>,
}

/// What one conversation used.
#[derive(Debug, Default, Clone, Copy)]
struct Used {
    usage: Usage,
    rounds: u32,
}

/// An event of a subagent.
#[derive(Debug)]
pub(super) struct ChildEvent {
    /// The provider's id of the call that started it.
    pub parent: String,
    pub event: AgentEvent,
}

impl Family {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, used: Mutex::default(), events: Mutex::default() }
    }

    /// The number of a new conversation; the first is that of the run itself.
    pub(super) fn join(&self) -> u32 {
        let mut used = lock(&self.used);
        let number = u32::try_from(used.len()).unwrap_or(u32::MAX);
        used.insert(number, Used::default());
        number
    }

    /// Conversation `number` has used so much.
    ///
    /// # Errors
    /// `Limit` when all together used more than the run may.
    pub(super) fn report(&self, number: u32, usage: Usage, rounds: u32) -> Result<()> {
        lock(&self.used).insert(number, Used { usage, rounds });
        let all = self.all();
        let (most, cost) = (self.limits.max_turn_tokens, self.limits.max_turn_cost_micros);
        let is_over = |used: u64, most: u64| most > 0 && used > most;
        let what = if is_over(all.usage.total().into(), most.into()) {
            "tokens; raise --max-total-tokens"
        } else if is_over(self.limits.prices.cost_micros(all.usage), cost.into()) {
            "money; raise --max-cost"
        } else if all.rounds > u32::from(self.limits.max_rounds) && self.limits.max_rounds > 0 {
            "requests; raise --max-rounds"
        } else {
            return Ok(());
        };
        let text = format!("the run and its subagents used all their {what}");
        Err(Error::new(ErrorKind::Limit, text))
    }

    /// What all conversations used.
    fn all(&self) -> Used {
        lock(&self.used).values().fold(Used::default(), |all, one| Used {
            usage: all.usage.plus(one.usage),
            rounds: all.rounds.saturating_add(one.rounds),
        })
    }

    /// What the subagents used.
    pub(super) fn usage_of_children(&self) -> Usage {
        let used = lock(&self.used);
        used.values().skip(1).fold(Usage::default(), |all, one| all.plus(one.usage))
    }

    /// The limits of a new conversation: what is left of those of the run.
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

    pub(super) fn tell(&self, parent: &str, event: AgentEvent) {
        let mut events = lock(&self.events);
        // Results of tools may be long, and are of use to the subagent alone.
        let event = match event {
            AgentEvent::ToolResult { call, is_error, left_out_bytes, .. } => {
                AgentEvent::ToolResult { call, content: String::new(), is_error, left_out_bytes }
            }
            event => event,
        };
        if events.len() < EVENTS {
            events.push(ChildEvent { parent: parent.to_owned(), event });
        }
    }

    /// The events since the last time.
    pub(super) fn take_events(&self) -> Vec<ChildEvent> {
        std::mem::take(&mut *lock(&self.events))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most events of subagents that are kept while they run.
const EVENTS: usize = 100_000;
