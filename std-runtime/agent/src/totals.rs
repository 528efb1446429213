//! What turns take together: of one conversation, or of all that share a budget.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zerostack_core::Usage;

use crate::session::OwnedSession;
use crate::{Error, ErrorKind, Result};

/// What turns took: of one conversation, or of all that share a [`SharedBudget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Totals {
    /// Turns, those that failed and those that wait for approval among them.
    pub turns: u32,
    /// Requests that were sent, each attempt of them.
    pub requests: u32,
    /// Tokens, as the provider counted them.
    pub usage: Usage,
    /// What they cost by [`Limits::prices`](zerostack_core::Limits), in millionths of their currency; each
    /// reply is rounded up.
    pub cost_micros: u64,
}

/// What several conversations may take together; clones are one budget.
///
/// When it is used up, no further request is sent, and turns end with an error of kind `Limit`; replies
/// that come in then are still taken.
///
/// ```no_run
/// use zerostack_agent::{Agent, SharedBudget};
///
/// let budget = SharedBudget::new().max_tokens(1_000_000);
/// let mut one = Agent::builder().budget(&budget).build()?;
/// let mut other = Agent::builder().budget(&budget).build()?;
/// # Ok::<(), zerostack_agent::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SharedBudget {
    max_tokens: Option<u64>,
    max_cost_micros: Option<u64>,
    taken: Arc<Mutex<Totals>>,
}

impl SharedBudget {
    /// One without a limit: it counts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tokens of requests and replies together.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// What they may cost, in millionths of the currency of the prices.
    #[must_use]
    pub fn max_cost_micros(mut self, micros: u64) -> Self {
        self.max_cost_micros = Some(micros);
        self
    }

    /// What was used of it.
    pub fn totals(&self) -> Totals {
        *locked(&self.taken)
    }

    fn check(&self) -> Result<()> {
        let taken = self.totals();
        let tokens = u64::from(taken.usage.input_tokens) + u64::from(taken.usage.output_tokens);
        let used_up = |what: String, most: u64| {
            let text =
                format!("{what} of a shared budget of {most} are used: raise it, or end here");
            Err(Error::new(ErrorKind::Limit, text))
        };
        match (self.max_tokens, self.max_cost_micros) {
            (Some(most), _) if tokens >= most => used_up(format!("{tokens} tokens"), most),
            (_, Some(most)) if taken.cost_micros >= most => {
                used_up(format!("{} millionths", taken.cost_micros), most)
            }
            _ => Ok(()),
        }
    }
}

/// Counts what the turns of one conversation take; clones are one count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    counts: Arc<Mutex<Counts>>,
    budget: Option<SharedBudget>,
}

#[derive(Debug, Default)]
struct Counts {
    totals: Totals,
    /// Of the running turn, what the totals have.
    counted: Usage,
}

impl Meter {
    pub fn set_budget(&mut self, budget: &SharedBudget) {
        self.budget = Some(budget.clone());
    }

    /// A count of its own, with the same budget.
    pub fn another(&self) -> Self {
        Self { counts: Arc::default(), budget: self.budget.clone() }
    }

    pub fn totals(&self) -> Totals {
        locked(&self.counts).totals
    }

    /// A turn begins, whose usage starts at nothing.
    pub fn begin(&self) {
        locked(&self.counts).counted = Usage::default();
        self.add(Totals { turns: 1, ..Totals::default() });
    }

    /// A request is sent next.
    ///
    /// # Errors
    /// `Limit` when the budget is used up.
    pub fn sends(&self, session: &OwnedSession) -> Result<()> {
        self.count(session);
        self.budget.as_ref().map_or(Ok(()), SharedBudget::check)?;
        self.add(Totals { requests: 1, ..Totals::default() });
        Ok(())
    }

    /// Counts what the turn used since it was last counted.
    pub fn count(&self, session: &OwnedSession) {
        let now = session.usage();
        let before = std::mem::replace(&mut locked(&self.counts).counted, now);
        if now != before {
            let usage = since(now, before);
            let cost_micros = session.config().limits.prices.cost_micros(usage);
            self.add(Totals { usage, cost_micros, ..Totals::default() });
        }
    }

    fn add(&self, more: Totals) {
        plus(&mut locked(&self.counts).totals, more);
        if let Some(budget) = &self.budget {
            plus(&mut locked(&budget.taken), more);
        }
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn plus(totals: &mut Totals, more: Totals) {
    totals.turns = totals.turns.saturating_add(more.turns);
    totals.requests = totals.requests.saturating_add(more.requests);
    totals.usage = totals.usage.plus(more.usage);
    totals.cost_micros = totals.cost_micros.saturating_add(more.cost_micros);
}

fn since(now: Usage, before: Usage) -> Usage {
    Usage {
        input_tokens: now.input_tokens.saturating_sub(before.input_tokens),
        output_tokens: now.output_tokens.saturating_sub(before.output_tokens),
        cache_read_tokens: now.cache_read_tokens.saturating_sub(before.cache_read_tokens),
        cache_write_tokens: now.cache_write_tokens.saturating_sub(before.cache_write_tokens),
        reasoning_tokens: now.reasoning_tokens.saturating_sub(before.reasoning_tokens),
    }
}
