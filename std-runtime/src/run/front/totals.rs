//! What a run has used so far, counted from its events.

use zerostack_core::{Prices, Usage};

use super::RunEvent;
use crate::agent::AgentEvent;

/// Tokens of all conversations.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) prices: Option<Prices>,
    /// The usage of the complete replies.
    all: Usage,
    /// The usage of the run's own current reply.
    open: Usage,
}

impl Totals {
    /// Counts an event.
    pub(super) fn count(&mut self, event: &RunEvent<'_>) {
        match event {
            RunEvent::Agent { of, event: AgentEvent::Usage(usage) } if of.parent.is_none() => {
                self.open = *usage;
            }
            RunEvent::Round { of, round } => {
                self.all = self.all.plus(round.usage);
                if of.parent.is_none() {
                    self.open = Usage::default();
                }
            }
            _ => {}
        }
    }

    /// All tokens so far.
    pub(super) fn usage(&self) -> Usage {
        self.all.plus(self.open)
    }

    /// Their cost, if the prices are known.
    pub(super) fn cost_micros(&self) -> Option<u64> {
        self.prices.map(|prices| prices.cost_micros(self.usage()))
    }
}

/// Millionths of a currency, for a person.
pub(super) fn money(micros: u64) -> String {
    format!("{}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100)
}
