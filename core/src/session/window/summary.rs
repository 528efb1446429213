//! Asks the model for a summary, which replaces the oldest messages.

use super::budget::used_up;
use super::count::is_limited;
use super::policy::begins_reply;
use super::written::{has_call, thoughts_bytes};
use super::{RoomAttempts, SummaryOutcome};
use crate::message::{Dialect, Dropped, Event, StopReason};
use crate::provider::{Config, attach};
use crate::session::Step;
use crate::session::machine::Machine;
use crate::session::room::is_turn;
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{FIRST, HEADER_BYTES, Header, Kind, MARKED};
use crate::wire::scan::is_blank;
use crate::{Error, ResponseRule};

/// The part that a summary replaces: everything before `cut`, except the task from `task` to `task_end`.
struct SummarisedSpan {
    task: usize,
    task_end: usize,
    cut: usize,
    bytes: usize,
}

impl Machine {
    /// Begins the request for a summary, which follows the conversation while it lasts; false if a
    /// summary is impossible or would not help.
    pub(super) fn ask_for_summary(&mut self, log: &mut Log<'_>, config: &dyn Config) -> bool {
        let old = self.old(log, config, log.used());
        let mut records = log.records_from(FIRST_RECORD).take_while(|it| it.offset < old.cut);
        // A summary of a summary is useless.
        let is_new = records.any(|it| it.offset != old.task && !it.is_summary());
        let fits = self.count.fits(config, SUMMARY_REQUEST);
        if self.room_attempts.has(RoomAttempts::SUMMARY)
            || !fits
            || !is_new
            || old.bytes < LEAST_OLD_BYTES
        {
            return false;
        }
        self.request_summary(log, config)
    }

    fn request_summary(&mut self, log: &mut Log<'_>, config: &dyn Config) -> bool {
        let wanted = REQUEST_BYTES
            + BRIDGE_BYTES
            + (config.limits().reply_bytes as usize).max(LEAST_SUMMARY_BYTES);
        if log.room(wanted) < wanted {
            return false;
        }
        let asked_at = log.used();
        // A template that requires alternating roles refuses a user's text after another, or after
        // the results of calls.
        let alternates = matches!(config.dialect(), Dialect::OpenAiChat | Dialect::Ollama);
        let last = log.records_from(self.turn as usize).last();
        let continues = last.is_some_and(|record| record.is_reply());
        let bridge = Header::new(Kind::Text, if continues { 0 } else { FIRST }, [0; 3]);
        let request = Header::new(Kind::User, FIRST, [0; 3]);
        self.room_attempts.remove(RoomAttempts::BRIDGED);
        if alternates {
            self.room_attempts.add(RoomAttempts::BRIDGED);
        }
        // There is room for both.
        if alternates && log.push(bridge, &[BRIDGE.as_bytes()]).is_err()
            || log.push(request, &[SUMMARY_REQUEST.as_bytes()]).is_err()
        {
            log.truncate(asked_at);
            return false;
        }
        self.forget_failure();
        self.summary = Some(Self::finish_summary);
        self.attempt = 0;
        self.step = Step::Send;
        true
    }

    /// Where the request for a summary that ends at `end` begins.
    pub fn asked_at(&self, end: usize) -> usize {
        let bridge = if self.room_attempts.has(RoomAttempts::BRIDGED) { BRIDGE_BYTES } else { 0 };
        end.saturating_sub(REQUEST_BYTES + bridge)
    }

    /// Tokens of the requested reply: a summary that was cut off gets twice
    /// as many the second time, if the context has them.
    pub fn reply_tokens(&self, config: &dyn Config) -> u32 {
        let (limits, dialect) = (self.count.limits(config), config.dialect());
        let tokens = limits.reply_tokens(dialect);
        if !self.room_attempts.has(RoomAttempts::AGAIN) {
            return tokens;
        }
        let left = match limits.context_tokens {
            0 => u32::MAX,
            context => context.saturating_sub(self.count.total()).saturating_sub(REQUEST_TOKENS),
        };
        tokens.saturating_mul(2).min(left).max(tokens)
    }

    fn finish_summary(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        outcome: SummaryOutcome,
    ) -> Result<Event<'static>, Error> {
        self.summary = None;
        self.attempt = 0;
        let is_second = self.room_attempts.has(RoomAttempts::AGAIN);
        self.room_attempts.remove(RoomAttempts::AGAIN);
        let asked_at = self.asked_at(self.reply.start as usize);
        let came = outcome.is_ok();
        let outcome = outcome.and_then(|reason| {
            // A reply that was cut off, refused, or continues the work does not summarise anything.
            let is_whole = matches!(reason, StopReason::EndTurn | StopReason::StopSequence)
                && self.reply.calls == 0
                // Nor may the storage have been too short for it.
                && self.reply.dropped == 0;
            let installed = if is_whole { self.install_summary(log, config) } else { None };
            installed.ok_or(Error::broken(ResponseRule::WholeSummary))
        });
        if outcome.is_err() {
            log.truncate(asked_at);
        }
        if let Some(budget) = used_up(config, self.rounds, self.usage) {
            return Err(self.over_budget(log, budget));
        }
        if outcome.is_err() && came && !is_second && self.request_summary(log, config) {
            self.room_attempts.add(RoomAttempts::AGAIN);
            return Ok(Event::Compacting);
        }
        let event = match outcome {
            Ok(bytes) => Event::Truncated { what: Dropped::Summarised, bytes: bytes as u32 },
            Err(error) => {
                self.room_attempts.add(RoomAttempts::SUMMARY);
                self.error = Some(error);
                Event::SummaryFailed(error)
            }
        };
        self.enter_send(log, config);
        Ok(event)
    }

    /// Replaces the oldest messages by the text of the last reply; returns the freed bytes, or
    /// `None` if it has no summary, or it is not shorter.
    fn install_summary(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Option<usize> {
        let start = self.asked_at(self.reply.start as usize);
        let old = self.old(log, config, start);
        self.gather_text(log, start);
        let summary = log.record(start)?;
        let thoughts = thoughts_bytes(summary.text())?;
        log.remove(start + HEADER_BYTES, start + HEADER_BYTES + thoughts);
        log.close(start);
        let summary = log.record(start)?;
        let (text, length) = (summary.text(), summary.end() - start);
        if is_blank(text) || has_call(text) || length >= old.bytes {
            return None;
        }
        self.remove(log, config, old.task_end, old.cut);
        self.remove(log, config, FIRST_RECORD, old.task);
        self.insert(log, config, FIRST_RECORD + (old.task_end - old.task), start - old.bytes);
        Some(old.bytes - length)
    }

    /// Makes one record of the request at `start` and the texts of its reply: a summary.
    fn gather_text(&self, log: &mut Log<'_>, start: usize) {
        let mut end = start + HEADER_BYTES;
        let mut at = self.reply.start as usize;
        while let Some(record) = log.record(at) {
            let next = record.end();
            if record.is(Kind::Text) {
                log.move_down(at + HEADER_BYTES, next, end);
                end += next - at - HEADER_BYTES;
            }
            at = next;
        }
        log.truncate(end);
        log.set_header(start, Header::new(Kind::User, FIRST | MARKED, [0; 3]));
        log.close(start);
    }

    /// The part that a summary of everything up to `end` replaces. The newest short rounds stay, at
    /// least the last one, and the task of the running turn.
    fn old(&self, log: &Log<'_>, config: &dyn Config, end: usize) -> SummarisedSpan {
        let limits = self.count.limits(config);
        let most = if is_limited(&limits) {
            // Half of the low mark, at four bytes a token.
            limits.low_water(config.dialect()) as usize / 2 * 4
        } else {
            log.limit() / 8
        };
        let records = |from| log.records_from(from).take_while(|record| record.offset < end);
        let turn = self.turn as usize;
        let last = records(turn).filter(begins_reply).last().map_or(turn, |record| record.offset);
        let mut begins = records(FIRST_RECORD)
            .filter(|record| begins_reply(record) || is_turn(&record.header))
            .map(|record| record.offset);
        let cut = begins.find(|at| end - at <= most || *at >= last).unwrap_or(last);
        let task = log.record(turn).filter(|task| task.offset < cut);
        let (task, task_end) =
            task.map_or((cut, cut), |task| (task.offset, attach::end(log.bytes(), task.end())));
        SummarisedSpan { task, task_end, cut, bytes: (task - FIRST_RECORD) + (cut - task_end) }
    }
}

/// The request for a summary.
const SUMMARY_REQUEST: &str = "The context is nearly full: what stands above will be replaced by \
    what you write now. Call no tool. Write down, for yourself, all that is needed to go on: the \
    task and every wish of the user, what was found out (paths, names, numbers, errors, word for \
    word), what was changed and why, what failed, and what is to be done next.";

/// The placeholder text of the model between a user's text or results and that request.
const BRIDGE: &str = "I will go on with this.";

/// The record of the request.
const REQUEST_BYTES: usize = HEADER_BYTES + SUMMARY_REQUEST.len();

const BRIDGE_BYTES: usize = HEADER_BYTES + BRIDGE.len();

/// More than its tokens.
const REQUEST_TOKENS: u32 = 128;

/// Room that a summary needs at least.
const LEAST_SUMMARY_BYTES: usize = 512;

/// The least that a summary must replace to be worth its request.
const LEAST_OLD_BYTES: usize = 256;
