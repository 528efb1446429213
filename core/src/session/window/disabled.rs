//! Nothing is counted, and only the rounds of a turn are limited.

use super::Excess;
use crate::Error;
use crate::message::{Event, Usage};
#[cfg(feature = "profiles")]
use crate::provider::profile::Switched;
use crate::provider::{Budget, Config};
use crate::session::machine::Machine;
use crate::transcript::log::Log;
use crate::transcript::record::Record;

#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct WindowCount;

#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Runs;

impl Runs {
    pub const fn new() -> Self {
        Self
    }

    pub const fn begin(&mut self) {}

    pub const fn emit_call(&mut self, _: &[u8], _: u32) -> bool {
        false
    }

    pub const fn is_due(&self) -> bool {
        false
    }

    pub const fn event<'a>(&mut self, _: &'a [u8]) -> Option<Event<'a>> {
        None
    }
}

impl WindowCount {
    pub const fn new() -> Self {
        Self
    }

    pub const fn anew(&self) -> Self {
        Self
    }

    #[cfg(feature = "profiles")]
    pub const fn switch(&mut self, _: &dyn Config, _: &[u8], _: Switched) {}

    pub const fn up_to(self, _: &dyn Config, _: &[u8]) -> Self {
        self
    }

    /// Without a count of its own, the session believes the provider's.
    pub const fn may_be(&self, _: u32) -> bool {
        true
    }

    pub const fn excess(&mut self, _: &dyn Config, _: &[u8]) -> Excess {
        Excess::NONE
    }

    pub const fn measure(&mut self, _: &dyn Config, _: Usage, _: &[u8], _: usize) {}

    pub const fn guess(&mut self, _: &dyn Config, _: &[u8], _: usize) -> Usage {
        Usage {
            input_tokens: 0,
            output_tokens: 0,
            cache_read_tokens: 0,
            cache_write_tokens: 0,
            reasoning_tokens: 0,
        }
    }

    pub const fn forget(&mut self, _: &dyn Config, _: &[u8], _: usize, _: usize) {}

    pub const fn insert(&mut self, _: &dyn Config, _: &Record<'_>) {}
}

impl Machine {
    pub const fn asked_at(&self, end: usize) -> usize {
        end
    }

    pub fn reply_tokens(&self, config: &dyn Config) -> u32 {
        config.limits().reply_tokens(config.dialect())
    }

    pub const fn makes_room_for(&mut self, _: &Log<'_>, _: &dyn Config, _: Error) -> bool {
        false
    }

    pub const fn check_repeats(&mut self, _: &mut Log<'_>, _: &dyn Config) -> Result<(), Error> {
        Ok(())
    }
}

pub(in crate::session) fn used_up(config: &dyn Config, rounds: u16, _: Usage) -> Option<Budget> {
    (rounds >= config.limits().max_rounds).then_some(Budget::Rounds)
}
