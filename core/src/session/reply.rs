//! Receives a reply, and judges it at its end.

use super::Step;
use super::machine::Machine;
use super::open::{MALFORMED, OpenCalls};
use super::profile::AfterRefusal;
use super::retry::{is_rate_limit, is_transient, wait};
use super::room::{LastResort, can_drop};
use super::window::{ENABLED, used_up};
use crate::message::{Event, Fed, StopReason, Usage};
use crate::provider::delay::asked_in_ms;
use crate::provider::response::{SLACK_BYTES, cut, has_text, judge, read, refusal};
use crate::provider::{Config, EmittedEvent, EmittedKind, FailedTurn, Sink, local, maker};
use crate::transcript::log::Log;
use crate::transcript::places::FEW;
use crate::transcript::record::{HEADER_BYTES, Kind, MARKED};
use crate::{Error, ErrorKind, ResponseRule};

impl Machine {
    /// Takes bytes from the front of `chunk` that belong to an event that is held until it is whole, or that
    /// nobody needs, if neither limit is near; returns their number. For most calls with a few bytes this is enough.
    #[inline(always)]
    pub fn skim(
        &mut self,
        chunk: &[u8],
        max_bytes: impl Fn() -> u32,
        left: impl Fn() -> usize,
    ) -> usize {
        if self.decoder.has_news || !matches!(self.step, Step::Receive) {
            return 0;
        }
        let left_bytes = max_bytes().saturating_sub(self.decoder.offset) as usize;
        if chunk.len() + self.decoder.held_bytes() >= left_bytes {
            return 0;
        }
        let held = self.decoder.hold(chunk);
        if held > 0 || chunk.len() >= LONG_CHUNK_BYTES {
            // With something to read, the last byte waits for the next call.
            let is_all = held == chunk.len() && self.decoder.is_reading_held();
            self.owes_byte |= is_all;
            return held - usize::from(is_all);
        }
        let mut rest = chunk;
        if chunk.len() + SLACK_BYTES < left() {
            self.decoder.skim(&mut rest);
        }
        chunk.len() - rest.len()
    }

    pub fn feed<'a>(
        &'a mut self,
        log: Log<'a>,
        config: &dyn Config,
        chunk: &[u8],
    ) -> Result<Fed<'a>, Error> {
        self.expect(self.step == Step::Receive)?;
        if local::ENABLED && self.reply.recovered.is_some() {
            return Ok(Fed { used: chunk.len(), event: None });
        }
        if ENABLED && self.runs.is_due() {
            return Ok(Fed { used: 0, event: self.runs.event(log.into_bytes()) });
        }
        let mut input = chunk;
        if let (true, Some((_, rest))) = (self.owes_byte, chunk.split_first()) {
            self.owes_byte = false;
            input = rest;
        }
        let limits = config.limits();
        let quiet = self.summary().is_some();
        let mut sink = Sink {
            reply: &mut self.reply,
            log,
            dialect: config.dialect(),
            max_calls: limits.max_calls,
        };
        let limit = limits.max_response_bytes;
        let shown = loop {
            match read(&mut self.decoder, &mut sink, &mut input, limit) {
                Ok(Some(shown)) if quiet && !shown.is_for_all() => {}
                shown => break shown,
            }
        };
        if let Ok(None) = shown {
            return Ok(Fed { used: chunk.len() - input.len(), event: None });
        }
        let repeats = match shown {
            Ok(Some(shown)) if ENABLED && shown.what == EmittedKind::Call => {
                self.runs.emit_call(sink.log.bytes(), shown.start)
            }
            _ => false,
        };
        let is_read = self.decoder.error().is_none() && !self.decoder.is_reading_held();
        let more = sink.may_have_more() || !is_read || repeats;
        let more = more && input.is_empty() && !chunk.is_empty();
        let Sink { mut log, .. } = sink;
        let used = chunk.len() - input.len();
        let error = match shown {
            Ok(None) => return Ok(Fed { used, event: None }),
            Ok(Some(EmittedEvent { what: EmittedKind::Malformed, .. })) => {
                Error::broken(ResponseRule::Utf8).at(self.decoder.offset)
            }
            Ok(Some(shown)) => {
                // With more to show, the last byte waits for the next call.
                self.owes_byte |= more;
                let event = shown.event(log.into_bytes(), &self.reply, self.open.before);
                return Ok(Fed { used: used - usize::from(more), event });
            }
            Err(error) => error,
        };
        // The words of a page or of plain text are a failure only at the end of the body.
        let is_words = !self.reply.refused && (self.decoder.is_page() || self.decoder.is_text());
        let is_failure = error.kind() == ErrorKind::Limit && self.reply.is_failed() && !is_words;
        let error = if is_failure { refusal(&self.reply, self.status) } else { error };
        let event = self.broken(&mut log, config, error)?;
        Ok(Fed { used: chunk.len(), event: Some(event) })
    }

    pub fn end_response(
        &mut self,
        log: Log<'_>,
        config: &dyn Config,
    ) -> Result<Event<'static>, Error> {
        if self.step == Step::Send {
            self.begin_response(&log, config, 0, None)?;
            let mut log = log;
            return self.broken(&mut log, config, Error::new(ErrorKind::Unreachable, 0));
        }
        self.expect(self.step == Step::Receive)?;
        if let (true, Some(reason)) = (local::ENABLED, self.reply.recovered) {
            let mut log = log;
            return self.accept(&mut log, config, reason);
        }
        let limits = (self.reply_tokens(config), self.context_tokens(&log, config));
        let mut sink = Sink {
            reply: &mut self.reply,
            log,
            dialect: config.dialect(),
            max_calls: config.limits().max_calls,
        };
        let ended = self.decoder.end_outline(&mut sink);
        let judged = ended
            .and_then(|()| judge(&self.decoder, &mut sink, self.status, limits))
            .and_then(|reason| Ok((reason, local::recover(&mut sink, config)?)))
            .and_then(|(reason, found)| {
                // A call was announced, and the server lost it.
                let is_lost = reason == StopReason::ToolUse && sink.reply.calls == 0;
                match found {
                    None if is_lost && !has_text(&sink) => Err(cut(&self.decoder)),
                    _ => Ok((reason, found)),
                }
            });
        let Sink { mut log, .. } = sink;
        match judged {
            Ok((reason, Some(calls))) if self.summary().is_none() => {
                let reason = match reason {
                    StopReason::EndTurn if calls > 0 => StopReason::ToolUse,
                    reason => reason,
                };
                self.reply.recovered = Some(reason);
                Ok(Event::Recovered { calls })
            }
            Ok((reason, _)) => self.accept(&mut log, config, reason),
            Err(error) => self.broken(&mut log, config, error),
        }
    }

    /// Tokens of the model's context, which the reply may have used up; 0 if that is not known, or if
    /// the provider's count cannot be true.
    fn context_tokens(&self, log: &Log<'_>, config: &dyn Config) -> u32 {
        let (context, usage) = (config.limits().context_tokens, self.reply.usage());
        if context == 0 || usage.total() < context {
            return context;
        }
        let sent = log.bytes().get(..self.reply.start as usize).unwrap_or_default();
        let may_be = self.count.up_to(config, sent).may_be(usage.input_tokens);
        if may_be { context } else { 0 }
    }

    /// The reply is complete: it stays.
    fn accept(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        reason: StopReason,
    ) -> Result<Event<'static>, Error> {
        self.add_usage(log, config);
        if let Some(finish) = self.summary() {
            return finish(self, log, config, Ok(reason));
        }
        if matches!(reason, StopReason::MaxTokens | StopReason::ContentFilter) {
            let records = log.records_from(self.reply.start as usize);
            let last = records.filter(|record| record.is(Kind::Text)).last();
            // An incomplete reply is distinguished from an answer in a saved conversation, too.
            if let Some(offset) = last.map(|text| text.offset) {
                log.set_flags(offset, MARKED);
            }
        }
        self.open = OpenCalls::new(self.reply.start, self.open.before, self.reply.calls);
        self.has_long |= u32::from(self.reply.calls) > FEW;
        self.rounds = self.rounds.saturating_add(1);
        self.attempt = 0;
        self.room_attempts.end_of_round();
        let start = self.reply.start as usize;
        self.count.measure(config, self.reply.usage(), log.bytes(), start);
        self.open.mark_repeated(log);
        self.open.mark_maker(log, maker(config));
        if !is_success(reason) {
            // Calls next to it may be only a part of what the model meant to do.
            if !self.open.answer_all(log, "not run: the reply did not end well") {
                self.cut_off(log, config, self.open.reply as usize);
            }
            self.end_turn(log);
        } else if self.open.count > 0 {
            self.check_repeats(log, config)?;
            if !self.open.refuse_malformed(log) {
                let missing = Error::full(MALFORMED.len() + HEADER_BYTES);
                return self.broken(log, config, missing);
            }
            if self.open.count > 0 {
                self.step = Step::RunTools;
            } else {
                self.next_round(log, config)?;
            }
        } else if reason == StopReason::Pause {
            self.next_round(log, config)?;
            self.pause(log);
        } else if let Some(again) = self.check_answer(log, config, reason)? {
            return Ok(again);
        } else {
            // The answer may be empty.
            self.end_turn(log);
        }
        Ok(Event::End(reason))
    }

    /// The reply cannot be used: it is removed, and requested again if that may help and an attempt
    /// is left.
    fn broken(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        error: Error,
    ) -> Result<Event<'static>, Error> {
        let start = self.reply.start as usize;
        // An interrupted reply was paid for, too.
        self.add_usage(log, config);
        let may_help = match error.kind() {
            ErrorKind::Cut | ErrorKind::Unreachable => true,
            // A body that is not a reply from its first byte on will not be one the next time.
            ErrorKind::BadResponse => {
                self.reply.documents || log.used() > start && !self.reply.has_failed
            }
            ErrorKind::Status if self.makes_room_for(log, config, error) => {
                self.take_out(log, start);
                self.error = Some(error);
                self.step = Step::MakeRoom { bytes: 0 };
                return Ok(Event::Restart);
            }
            ErrorKind::Status => match self.switch_off(log, config, error) {
                AfterRefusal::Resent => {
                    self.take_out(log, start);
                    // The request is equivalent, and was not refused for its content.
                    self.attempt = self.attempt.saturating_sub(1);
                    self.enter_send(log, config);
                    self.error = Some(error);
                    return Ok(Event::Restart);
                }
                AfterRefusal::Failed => false,
                AfterRefusal::Refused => is_transient(error.detail(), &self.reply.failure.code),
            },
            ErrorKind::Full => {
                self.take_out(log, start);
                if self.summary().is_none()
                    && can_drop(log, self.turn as usize, LastResort::Summary)
                {
                    self.error = Some(error);
                    self.step = Step::MakeRoom { bytes: error.detail() };
                    return Err(error);
                }
                false
            }
            _ => false,
        };
        let limits = config.limits();
        if !may_help || self.attempt >= limits.max_attempts {
            return self.fail(log, config, error);
        }
        // The round itself is not over.
        let rounds = self.rounds.min(limits.max_rounds.saturating_sub(1));
        if let Some(budget) = used_up(config, rounds, self.usage) {
            return self.fail(log, config, Error::new(ErrorKind::Limit, budget as u32));
        }
        self.take_out(log, start);
        let asked_ms = match (self.retry_after_ms, self.reply.failure.delay) {
            (u32::MAX, 0) => asked_in_ms(log.after(self.reply.failure.length as usize)),
            (u32::MAX, tenths) => Some(u32::from(tenths) * 100),
            (millis, _) => Some(millis),
        };
        let is_rate = is_rate_limit(error, &self.reply.failure.code);
        let (millis, random) = wait(limits, self.attempt, asked_ms, is_rate, self.random);
        self.random = random;
        self.error = Some(error);
        self.step = Step::Wait { millis };
        Ok(Event::Restart)
    }

    /// Adds the reply's usage to the turn's. If the provider does not count what it is sent, and the
    /// tokens are limited, the configuration's own count is used.
    fn add_usage(&mut self, log: &Log<'_>, config: &dyn Config) {
        let (counted, limits) = (self.reply.usage(), config.limits());
        let is_limited = limits.max_turn_tokens > 0 || limits.max_turn_cost_micros > 0;
        let was_read = !self.reply.is_failed() && self.status != 0;
        let usage = if counted.input_tokens == 0 && is_limited && was_read {
            let guess = self.count.guess(config, log.bytes(), self.reply.start as usize);
            let output_tokens = guess.output_tokens.max(counted.output_tokens);
            Usage { input_tokens: guess.input_tokens, output_tokens, ..counted }
        } else {
            counted
        };
        self.usage = self.usage.plus(usage);
    }

    /// The turn failed.
    fn fail(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        error: Error,
    ) -> Result<Event<'static>, Error> {
        if let Some(finish) = self.summary() {
            self.take_out(log, self.asked_at(self.reply.start as usize));
            return finish(self, log, config, Err(error));
        }
        let start = match config.limits().failed_turn {
            FailedTurn::TakeOut => self.turn,
            FailedTurn::Keep => self.reply.start,
        };
        if start < self.reply.start {
            self.count.forget(config, log.bytes(), start as usize, self.reply.start as usize);
            self.cuts = self.cuts.wrapping_add(1);
        }
        self.take_out(log, start as usize);
        self.error = Some(error);
        self.end_turn(log);
        Err(error)
    }

    /// Removes everything from `start` on; the provider's message stays after the end.
    fn take_out(&mut self, log: &mut Log<'_>, start: usize) {
        let failure = core::mem::take(&mut self.reply.has_failed);
        if failure {
            let message = self.reply.failure.start as usize;
            log.truncate(message + self.reply.failure.length as usize);
            log.remove(start, message);
        }
        log.truncate(start);
    }
}

/// Whether the model ended normally, or may continue.
const fn is_success(reason: StopReason) -> bool {
    !matches!(reason, StopReason::Refusal | StopReason::ContentFilter | StopReason::Other)
}

/// From this length on, a chunk mostly has something to show.
const LONG_CHUNK_BYTES: usize = 256;
