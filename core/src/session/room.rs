//! Making room: the oldest goes first, and never half an exchange.

use super::Step;
use super::machine::Machine;
use crate::provider::{Config, FailedTurn};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{FIRST, HEADER_BYTES, Header, Kind, MARKED, PARTS, Record};
use crate::{Error, ErrorKind};

impl Machine {
    pub fn drop_oldest(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Result<usize, Error> {
        self.expect_room()?;
        let Some((start, end)) = oldest(log, self.turn as usize) else {
            let missing = match self.step {
                Step::MakeRoom { bytes } => bytes,
                _ => 0,
            };
            let error = Error::new(ErrorKind::Full, missing);
            if self.step != Step::Idle && missing > 0 {
                if config.limits().failed_turn == FailedTurn::TakeOut {
                    log.truncate(self.turn as usize);
                }
                self.error = Some(error);
                self.step = Step::Idle;
            }
            return Err(error);
        };
        self.remove(log, start, end);
        if self.step != Step::Idle {
            self.enter_send(log, config);
        }
        Ok(end - start)
    }

    pub fn compact(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        summary: &str,
        keep_turns: usize,
    ) -> Result<(), Error> {
        self.expect_room()?;
        let cut = self.first_kept(log, keep_turns);
        let freed = cut - FIRST_RECORD;
        let wanted = summary.len().saturating_add(HEADER_BYTES);
        log.expect_room(wanted.saturating_sub(freed))?;
        self.remove(log, FIRST_RECORD, cut);
        let end = log.used();
        let header = Header::new(Kind::User, FIRST | MARKED, [0; 3]);
        log.push(header, &[summary.as_bytes()])?;
        log.swap_runs(FIRST_RECORD, end, log.used());
        self.turn = self.turn.saturating_add(wanted as u32);
        if self.step != Step::Idle {
            self.enter_send(log, config);
        }
        Ok(())
    }

    fn expect_room(&self) -> Result<(), Error> {
        self.expect(matches!(self.step, Step::Idle | Step::Send | Step::MakeRoom { .. }))
    }

    /// Takes out the records from `start` to `end`.
    fn remove(&mut self, log: &mut Log<'_>, start: usize, end: usize) {
        log.remove(start, end);
        self.forget_failure();
        let turn = self.turn as usize;
        let turn = if turn >= end { turn.saturating_sub(end - start) } else { turn.min(start) };
        self.turn = turn as u32;
    }

    /// Where the turns begin that stay.
    fn first_kept(&self, log: &Log<'_>, keep_turns: usize) -> usize {
        let keep = keep_turns.max(usize::from(self.step != Step::Idle));
        let turn = |at| {
            let mut turn = Record::find(log.bytes(), at, Kind::User.bit())?;
            // A summary begins none.
            while turn.header.has(MARKED) {
                turn = Record::find(log.bytes(), turn.end(), Kind::User.bit())?;
            }
            Some(turn)
        };
        // The first turn that stays follows the last one to go by as many as stay.
        let (mut last, mut first, mut count) = (FIRST_RECORD, FIRST_RECORD, 0_usize);
        while let Some(found) = turn(last) {
            count += 1;
            last = found.end();
            if count > keep
                && let Some(kept) = turn(first)
            {
                first = kept.end();
            }
        }
        if keep == 0 {
            return log.used();
        }
        turn(first).map_or(log.used(), |turn| turn.offset)
    }
}

/// Whether [`Machine::drop_oldest`] would find something.
pub(super) fn can_drop(log: &Log<'_>, turn: usize) -> bool {
    oldest(log, turn).is_some()
}

/// The oldest exchange: everything before the second turn, or the first round of the turn
/// that is running when another follows it.
fn oldest(log: &Log<'_>, turn: usize) -> Option<(usize, usize)> {
    let bytes = log.bytes();
    if turn > FIRST_RECORD {
        let first = Record::at(bytes, FIRST_RECORD)?;
        let second = Record::find(bytes, first.end(), Kind::User.bit())?;
        return Some((FIRST_RECORD, second.offset.min(turn)));
    }
    let first = Record::find(bytes, turn, PARTS)?;
    let mut second = Record::find(bytes, first.end(), PARTS)?;
    while !second.header.has(FIRST) {
        second = Record::find(bytes, second.end(), PARTS)?;
    }
    Some((first.offset, second.offset))
}
