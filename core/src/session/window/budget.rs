//! Budgets that are not counted by the provider: time, and calls that repeat.

use crate::Error;
use crate::message::{Event, Usage};
use crate::provider::{Budget, Config};
use crate::session::Step;
use crate::session::machine::Machine;
use crate::transcript::log::Log;
use crate::transcript::record::{Kind, Records};

impl Machine {
    /// The turn has taken so long.
    pub fn elapsed(
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
        let mut runs = Runs::of(log.bytes(), self.turn as usize);
        let start = self.reply.start as usize;
        if most == 0 || !runs.any(|(end, _, count)| end > start && count > most) {
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

/// The event for the call that ends at `end`, when it is one of several that are the same.
pub(in crate::session) fn repeating(bytes: &[u8], turn: u32, end: u32) -> Option<Event<'_>> {
    let (_, name, count) = Runs::of(bytes, turn as usize).find(|(at, ..)| *at == end as usize)?;
    let name = core::str::from_utf8(name).ok()?;
    (count >= REPEATING).then_some(Event::Repeating { name, count })
}

/// The calls of a turn: where each ends, its name, and how many in a row up to it are the same.
struct Runs<'a> {
    records: Records<'a>,
    last: Option<(&'a [u8], &'a [u8])>,
    count: u16,
}

impl<'a> Runs<'a> {
    const fn of(bytes: &'a [u8], turn: usize) -> Self {
        Self { records: Records::from(bytes, turn), last: None, count: 0 }
    }
}

impl<'a> Iterator for Runs<'a> {
    type Item = (usize, &'a [u8], u16);

    fn next(&mut self) -> Option<Self::Item> {
        let call = self.records.find(|record| record.is(Kind::Call))?;
        let (_, name, arguments) = call.call_bytes();
        let this = Some((name, arguments));
        self.count = if self.last == this { self.count.saturating_add(1) } else { 1 };
        self.last = this;
        Some((call.end(), name, self.count))
    }
}

/// The same call so many times in a row is told.
const REPEATING: u16 = 3;
