//! The public calls about tokens and time.

use super::count::{Count, entry_tokens};
use crate::Error;
use crate::provider::Config;
use crate::session::Session;
use crate::transcript::{Entry, Storage};

/// Tokens of what would be sent now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WindowTokens {
    /// What the provider counted: everything up to its last reply, unless some of it went since.
    pub measured: u32,
    /// What the configuration counts on top: everything since.
    pub estimated: u32,
}

impl WindowTokens {
    /// Both together.
    #[must_use]
    pub const fn total(self) -> u32 {
        self.measured.saturating_add(self.estimated)
    }
}

/// Tokens and time, with feature `window`.
impl<C: Config, S: Storage> Session<C, S> {
    /// Tokens of what would be sent now: what the provider counted, and what the configuration
    /// counts on top of it.
    #[must_use]
    pub fn window_tokens(&self) -> WindowTokens {
        Count::up_to(self.machine.count, &self.config, self.snapshot()).window()
    }

    /// Tokens of one entry of the transcript, as the configuration counts.
    #[must_use]
    pub fn entry_tokens(&self, entry: &Entry<'_>) -> u32 {
        entry_tokens(&self.config, entry)
    }

    /// Says that the turn has taken `turn_ms` so far, by the caller's clock; may be said in any
    /// step.
    ///
    /// # Errors
    /// `Limit` when that is all of `max_turn_ms`: the turn was ended, as by
    /// [`abort`](Self::abort).
    pub fn elapsed(&mut self, turn_ms: u32) -> Result<(), Error> {
        self.machine.elapsed(&mut self.transcript.log(), &self.config, turn_ms)
    }
}
