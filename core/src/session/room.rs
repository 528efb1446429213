//! Making room by hand: the oldest exchange is removed first, and never a part of one.

use super::Step;
use super::machine::Machine;
use crate::provider::{Config, FailedTurn};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{FIRST, HEADER_BYTES, Header, Kind, MARKED};
use crate::{Error, ErrorKind};

impl Machine {
    pub fn drop_oldest(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Result<usize, Error> {
        self.expect_room()?;
        let Some((start, end)) = oldest(log, self.turn as usize, LastResort::Summary) else {
            return Err(self.no_room(log, config));
        };
        self.remove(log, config, start, end);
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
        let mut old = log.records_from(FIRST_RECORD).take_while(|record| record.offset < cut);
        if matches!(self.step, Step::MakeRoom { .. }) && !old.any(|it| is_turn(&it.header)) {
            return Err(Error::new(ErrorKind::Full, 0));
        }
        let freed = cut - FIRST_RECORD;
        let wanted = summary.len().saturating_add(HEADER_BYTES);
        log.reserve(wanted.saturating_sub(freed))?;
        self.remove(log, config, FIRST_RECORD, cut);
        let end = log.used();
        let header = Header::new(Kind::User, FIRST | MARKED, [0; 3]);
        log.push(header, &[summary.as_bytes()])?;
        self.insert(log, config, FIRST_RECORD, end);
        if self.step != Step::Idle {
            self.enter_send(log, config);
        }
        Ok(())
    }

    fn expect_room(&self) -> Result<(), Error> {
        let fits = matches!(self.step, Step::Idle | Step::Send | Step::MakeRoom { .. });
        self.expect(fits && self.summary().is_none())
    }

    /// Nothing more can be removed: in the step `MakeRoom` the turn failed.
    pub fn no_room(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Error {
        let (missing, over) = match self.step {
            Step::MakeRoom { bytes } => (bytes, self.count.excess(config, log.bytes()).context),
            _ => (0, 0),
        };
        let error = match over {
            0 => Error::new(ErrorKind::Full, missing),
            over => Error::new(ErrorKind::WindowTooLong, over),
        };
        if missing > 0 || over > 0 {
            if config.limits().failed_turn == FailedTurn::TakeOut {
                self.cut_off(log, config, self.turn as usize);
            }
            self.error = Some(error);
            self.end_turn(log);
        }
        error
    }

    /// Takes out the records from `start` to `end`.
    pub fn remove(&mut self, log: &mut Log<'_>, config: &dyn Config, start: usize, end: usize) {
        if start == end {
            return;
        }
        self.count.forget(config, log.bytes(), start, end);
        log.remove(start, end);
        self.went(start, end);
    }

    /// The bytes from `start` to `end` were removed.
    pub fn went(&mut self, start: usize, end: usize) {
        self.rewrites = self.rewrites.wrapping_add(1);
        self.forget_failure();
        let turn = self.turn as usize;
        let turn = if turn >= end { turn.saturating_sub(end - start) } else { turn.min(start) };
        self.turn = turn as u32;
    }

    /// Moves the record at `from`, the last one, to `place`.
    pub fn insert(&mut self, log: &mut Log<'_>, config: &dyn Config, place: usize, from: usize) {
        self.rewrites = self.rewrites.wrapping_add(1);
        let length = log.used() - from;
        log.swap_runs(place, from, log.used());
        if self.turn as usize >= place {
            self.turn = self.turn.saturating_add(length as u32);
        }
        if let Some(record) = log.record(place) {
            self.count.insert(config, &record);
        }
    }

    /// Takes out everything from `start` on that may have been saved.
    pub fn cut_off(&mut self, log: &mut Log<'_>, config: &dyn Config, start: usize) {
        self.count.forget(config, log.bytes(), start, log.used());
        self.cuts = self.cuts.wrapping_add(1);
        log.truncate(start);
    }

    /// Where the turns that stay begin.
    fn first_kept(&self, log: &Log<'_>, keep_turns: usize) -> usize {
        let running = self.step != Step::Idle;
        let turns = || log.records_from(FIRST_RECORD).filter(|record| is_turn(&record.header));
        let keep = keep_turns.max(usize::from(running));
        let skip = turns().count().saturating_sub(keep);
        let first = if keep == 0 { None } else { turns().nth(skip) };
        first.map_or(log.used(), |record| record.offset)
    }
}

/// Whether it begins a turn; a summary does not.
pub(super) fn is_turn(header: &Header) -> bool {
    header.kind() == Kind::User && !header.has(MARKED)
}

/// Whether an exchange can be removed; with `LastResort::Summary` also a summary.
pub(super) fn can_drop(log: &Log<'_>, turn: usize, last: LastResort) -> bool {
    oldest(log, turn, last).is_some()
}

/// What is removed if no exchange can be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LastResort {
    Nothing,
    /// The summary of earlier turns: it is worth more than any one exchange.
    Summary,
}

/// What is removed first.
pub(super) fn oldest(log: &Log<'_>, turn: usize, last: LastResort) -> Option<(usize, usize)> {
    exchange(log, turn, FIRST_RECORD).or_else(|| {
        let first = log.record(FIRST_RECORD)?;
        let goes = last == LastResort::Summary && turn > FIRST_RECORD && first.is_summary();
        goes.then(|| (FIRST_RECORD, first.end()))
    })
}

/// The oldest exchange from `at` on: all from one text of the user to the next, or a round of the
/// running turn if another follows it. Summaries stay.
pub(super) fn exchange(log: &Log<'_>, turn: usize, mut at: usize) -> Option<(usize, usize)> {
    while at < turn && log.record(at)?.is_summary() {
        at = log.record(at)?.end();
    }
    let is_old = at < turn;
    let mut first = if is_old { at } else { 0 };
    loop {
        let record = log.record(at)?;
        let begins = if is_old {
            at > first && (record.is(Kind::User) || at >= turn)
        } else {
            record.is_reply() && record.header.has(FIRST)
        };
        if begins && first > 0 {
            return Some((first, at));
        }
        if begins {
            first = at;
        }
        at = record.end();
    }
}
