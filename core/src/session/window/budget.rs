//! The budgets of a turn.

use crate::Error;
use crate::message::Usage;
use crate::provider::{Budget, Config};
use crate::session::Step;
use crate::session::machine::Machine;
use crate::transcript::log::Log;

impl Machine {
    /// The turn has taken this long.
    pub fn set_turn_elapsed_ms(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        millis: u32,
    ) -> Result<(), Error> {
        let most = config.limits().max_turn_ms;
        if self.step == Step::Idle || most == 0 || millis < most {
            return Ok(());
        }
        self.abort(log, config);
        Err(self.over_budget(log, Budget::Time))
    }

    /// Ends the turn when the reply repeats a call once too often.
    pub fn check_repeats(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Result<(), Error> {
        let most = config.limits().max_repeats;
        let start = self.reply.start as usize;
        let run = self.runs.close(log.bytes(), start);
        if most == 0 || run <= most {
            return Ok(());
        }
        if !self.open.answer_all(log, "aborted") {
            self.cut_off(log, config, start);
        }
        Err(self.over_budget(log, Budget::Repeats))
    }
}

/// The budget that a turn with these counts has used up.
pub(in crate::session) fn used_up(
    config: &dyn Config,
    rounds: u16,
    usage: Usage,
) -> Option<Budget> {
    let limits = config.limits();
    let most_cost = u64::from(limits.max_turn_cost_micros) * 1_000_000;
    if rounds >= limits.max_rounds {
        Some(Budget::Rounds)
    } else if limits.max_turn_tokens > 0 && usage.total() >= limits.max_turn_tokens {
        Some(Budget::Tokens)
    } else if most_cost > 0 && limits.prices.cost(usage) >= most_cost {
        Some(Budget::Cost)
    } else {
        None
    }
}
