//! The public calls about tokens, time and room.

use super::count::{WindowCount, WindowTokens, entry_tokens};
use crate::Error;
use crate::message::Event;
use crate::provider::Config;
use crate::session::Session;
use crate::transcript::{Entry, Storage};

/// Tokens, time, and room by policy, with feature `window`.
impl<C: Config, S: Storage> Session<C, S> {
    /// Tokens of the next request: the provider's count, and the configuration's count of the rest.
    #[must_use]
    pub fn window_tokens(&self) -> WindowTokens {
        WindowCount::up_to(self.machine.count, &self.config, self.snapshot()).window()
    }

    /// Tokens of one entry of the transcript, as the configuration counts.
    #[must_use]
    pub fn entry_tokens(&self, entry: &Entry<'_>) -> u32 {
        entry_tokens(&self.config, self.machine.switched, entry)
    }

    /// Sets how long the turn has taken so far, by the caller's clock; allowed in any
    /// step.
    ///
    /// # Errors
    /// `Limit` if that reaches `max_turn_ms`: the turn was ended, as by [`abort`](Self::abort).
    pub fn set_turn_elapsed_ms(&mut self, turn_ms: u32) -> Result<(), Error> {
        self.machine.set_turn_elapsed_ms(&mut self.transcript.log(), &self.config, turn_ms)
    }

    /// Whether the current request is the session's own: it asks for a summary, and its reply is
    /// not shown.
    #[must_use]
    pub fn is_compacting(&self) -> bool {
        self.machine.summary().is_some()
    }

    /// Makes room by the configuration's [`crate::RoomPolicy`], down to the low mark, and returns
    /// the result: [`Event::Truncated`], or [`Event::Compacting`] if the model is asked for a
    /// summary first. Afterwards ask for the step again.
    ///
    /// # Errors
    /// `Full` or `WindowTooLong` if nothing more can be removed: the turn failed. `WrongStep`
    /// outside `MakeRoom`, and with the policy `Ask`.
    pub fn make_room(&mut self) -> Result<Event<'static>, Error> {
        self.machine.make_room(&mut self.transcript.log(), &self.config)
    }
}
