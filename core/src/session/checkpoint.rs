//! Going back to an earlier state of the conversation.

use super::Step;
use super::machine::{End, Machine};
use super::window::RoomAttempts;
use crate::provider::Config;
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::{Error, ErrorKind};

/// A place in a conversation to go back to, see [`crate::Session::rollback`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    used: u32,
    rewrites: u16,
    is_idle: bool,
}

impl Checkpoint {
    /// The checkpoint as a number, for a border that has no types.
    #[must_use]
    pub const fn number(self) -> u64 {
        (self.is_idle as u64) << 48 | (self.rewrites as u64) << 32 | self.used as u64
    }

    /// The checkpoint with this number; one that was never made is refused when it is used.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        let is_idle = number >> 48 & 1 == 1;
        Self { used: number as u32, rewrites: (number >> 32) as u16, is_idle }
    }
}

impl Machine {
    pub fn checkpoint(&self, used: usize) -> Checkpoint {
        let is_idle = self.step == Step::Idle;
        Checkpoint { used: self.saved_end(used) as u32, rewrites: self.rewrites, is_idle }
    }

    pub fn rollback(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        checkpoint: Checkpoint,
    ) -> Result<(), Error> {
        let used = checkpoint.used as usize;
        let stale = Error::new(ErrorKind::StaleCheckpoint, 0);
        let mut records = log.records_from(FIRST_RECORD);
        // Parts that were removed and added again may have other records.
        let is_border = used == FIRST_RECORD || records.any(|record| record.end() == used);
        if checkpoint.rewrites != self.rewrites || used > self.saved_end(log.used()) || !is_border {
            return Err(stale);
        }
        self.summary = None;
        self.forget_failure();
        self.cut_off(log, config, used);
        (self.step, self.attempt, self.turn) = (Step::Idle, 0, FIRST_RECORD as u32);
        self.room_attempts = RoomAttempts::NOTHING;
        self.resume(log, config);
        // The turn may have ended since, with the same record.
        if self.open.count == 0 && checkpoint.is_idle != (self.step == Step::Idle) {
            End::find(log).turn_over(log);
            self.resume(log, config);
        }
        Ok(())
    }

    /// Where the saved part of `used` bytes ends: it does not include the current reply, nor the
    /// session's own request for a summary.
    pub fn saved_end(&self, used: usize) -> usize {
        let end = match self.step {
            Step::Receive => self.reply.start as usize,
            _ => used,
        };
        if self.summary().is_some() { self.asked_at(end) } else { end }
    }
}
