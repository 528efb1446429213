//! The state beside the transcript, and the calls of a turn in their order.

use super::feed::Decoder;
use super::open::Open;
use super::window::{Count, ENABLED, Finish, Tried, used_up};
use super::{Failure, Step, unknown_call, wrong_step};
use crate::message::{ToolCall, ToolResult, Usage};
use crate::provider::{Budget, Config, Dialect, Limits, Reply, dialect_of};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{FIRST, Header, INSTRUCTION, Kind, MARKED};
use crate::transcript::{Storage, Transcript};
use crate::wire::json_write::digits;
use crate::{Error, ErrorKind};

/// The state of a session, without its type parameters.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub step: Step,
    pub reply: Reply,
    pub decoder: Decoder,
    /// The calls of the last reply.
    pub open: Open,
    /// The user's text that began the turn.
    pub turn: u32,
    /// Requests of the turn that were answered.
    pub rounds: u16,
    /// Times that the request was sent.
    pub attempt: u8,
    /// The state of the jitter.
    pub random: u32,
    /// Tokens of the turn.
    pub usage: Usage,
    /// Tokens of the window.
    pub count: Count,
    /// How often records were rewritten, and how often their end was cut off: what was saved
    /// of them is not what they are now.
    pub rewrites: u16,
    pub cuts: u16,
    /// The call that was told last repeats the ones before it, which is not told yet.
    pub repeats: bool,
    pub tried: Tried,
    /// What becomes of a summary that is being asked for. A pointer, so that an image that never
    /// asks does not hold the code.
    pub summary: Option<Finish>,
    /// The status of the response, 0 when there is none.
    pub status: u16,
    /// What the server wishes for, or `u32::MAX`: an `Option` takes twice the room.
    pub retry_after_ms: u32,
    /// A byte at the end of the last chunk was read but is not counted as used yet.
    pub owes_byte: bool,
    /// Why the last attempt failed. The message stands behind the transcript.
    pub error: Option<Error>,
}

impl Machine {
    // Inlined, so that it is put together where it stays.
    #[inline(always)]
    pub fn new(dialect: &Dialect, limits: &Limits) -> Self {
        Self {
            step: Step::Idle,
            reply: Reply::new(0),
            decoder: Decoder::new(dialect),
            open: Open::default(),
            turn: FIRST_RECORD as u32,
            rounds: 0,
            attempt: 0,
            random: limits.seed,
            usage: Usage::default(),
            count: Count::new(),
            rewrites: 0,
            cuts: 0,
            repeats: false,
            tried: Tried::NOTHING,
            summary: None,
            status: 0,
            retry_after_ms: u32::MAX,
            owes_byte: false,
            error: None,
        }
    }

    /// Finds the step that a saved conversation ends with.
    pub fn resume(&mut self, log: &mut Log<'_>, config: &dyn Config) {
        self.open = Open::find(log);
        let mut asks = false;
        let mut turn = self.turn;
        for record in log.records_from(FIRST_RECORD) {
            if record.is(Kind::User) && !record.header.has(MARKED) {
                turn = record.offset as u32;
            }
            // A summary alone asks for nothing.
            asks = match record.header.kind {
                Kind::User if record.is_instruction() => asks,
                Kind::User => !record.header.has(MARKED),
                kind => kind == Kind::Result,
            };
        }
        self.turn = turn;
        if self.open.count > 0 {
            self.step = Step::RunTools;
        } else if asks {
            self.enter_send(log, config);
        }
    }

    pub fn expect(&self, fits: bool) -> Result<(), Error> {
        if fits { Ok(()) } else { Err(wrong_step(self.step)) }
    }

    pub fn user(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        text: &str,
    ) -> Result<(), Error> {
        self.expect(self.step == Step::Idle)?;
        let header = Header::new(Kind::User, FIRST, [0; 3]);
        self.turn = log.push(header, &[text.as_bytes()])? as u32;
        (self.rounds, self.attempt, self.usage) = (0, 0, Usage::default());
        self.tried = Tried::NOTHING;
        self.forget_failure();
        self.enter_send(log, config);
        Ok(())
    }

    pub fn instruct(&mut self, log: &mut Log<'_>, text: &str) -> Result<(), Error> {
        self.expect(self.step == Step::Idle)?;
        let header = Header::new(Kind::User, FIRST | MARKED, [INSTRUCTION, 0, 0]);
        log.push(header, &[text.as_bytes()])?;
        self.forget_failure();
        Ok(())
    }

    /// The request for a summary that is on.
    pub fn summary(&self) -> Option<Finish> {
        self.summary.filter(|_| ENABLED)
    }

    /// The next thing is to send, when there is room for a reply and the window is below its
    /// mark, or no room can be made and it may be sent all the same.
    pub fn enter_send(&mut self, log: &mut Log<'_>, config: &dyn Config) {
        // What asks for room needs none made for it.
        self.step = Step::Send;
        if self.summary().is_some() {
            return;
        }
        let wanted = config.limits().reply_bytes as usize;
        let bytes = wanted.saturating_sub(log.room(wanted)) as u32;
        let excess = self.count.excess(config, log.bytes());
        let is_short = bytes > 0 || excess.marks > 0;
        if excess.context > 0 || (is_short && super::room::can_drop(log, self.turn as usize)) {
            self.step = Step::MakeRoom { bytes };
        }
    }

    pub fn begin_response(
        &mut self,
        log: &Log<'_>,
        config: &dyn Config,
        status: u16,
        retry_after_ms: Option<u32>,
    ) -> Result<(), Error> {
        self.expect(self.step == Step::Send)?;
        self.decoder = Decoder::new(dialect_of(config.provider())?);
        self.reply = Reply::new(log.used());
        self.open = Open::before(log);
        self.reply.refused = !(200..300).contains(&status);
        let asked_ms = retry_after_ms.map_or(u32::MAX, |millis| millis.min(u32::MAX - 1));
        (self.status, self.retry_after_ms) = (status, asked_ms);
        self.owes_byte = false;
        self.attempt = self.attempt.saturating_add(1);
        self.forget_failure();
        self.step = Step::Receive;
        Ok(())
    }

    pub fn pending_calls<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = ToolCall<'a>> {
        self.open.calls(bytes)
    }

    pub fn tool_result(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        result: ToolResult<'_>,
    ) -> Result<u32, Error> {
        self.expect(self.step == Step::RunTools)?;
        let unknown = unknown_call(result.id);
        let (call, index) = self.open.position(log, result.id).ok_or(unknown)?;
        let cut = Cut::of(result.content, config.limits().max_result_bytes as usize);
        let flags = FIRST | if result.is_error { MARKED } else { 0 };
        let [low, high] = index.to_le_bytes();
        let header = Header::new(Kind::Result, flags, [low, high, 0]);
        let (digits, count) = digits(cut.left_out as usize);
        let number = digits.get(digits.len().saturating_sub(count)..).unwrap_or_default();
        let (before, after) = (cut.before.as_bytes(), cut.after.as_bytes());
        if cut.left_out > 0 {
            log.push(header, &[before, b"\n[", number, b" bytes left out]\n", after])?;
        } else {
            log.push(header, &[before])?;
        }
        self.open.answer(log, call);
        if self.open.count > 0 {
            return Ok(cut.left_out);
        }
        self.next_round(log, config)?;
        Ok(cut.left_out)
    }

    /// The model is to go on, unless the turn has no round left.
    pub fn next_round(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Result<(), Error> {
        if let Some(budget) = used_up(config, self.rounds, self.usage) {
            return Err(self.over_budget(budget));
        }
        self.enter_send(log, config);
        Ok(())
    }

    pub fn over_budget(&mut self, budget: Budget) -> Error {
        let error = Error::new(ErrorKind::Limit, budget as u32);
        self.step = Step::Idle;
        self.error = Some(error);
        error
    }

    pub fn abort(&mut self, log: &mut Log<'_>, config: &dyn Config) {
        match self.step {
            Step::Receive => log.truncate(self.reply.start as usize),
            Step::RunTools if !self.open.abort(log) => {
                self.cut_off(log, config, self.open.reply as usize);
            }
            _ => {}
        }
        if self.summary().is_some() {
            self.summary = None;
            log.truncate(super::window::request_start(log.used()));
        }
        self.forget_failure();
        self.step = Step::Idle;
    }

    pub fn failure<'s, S: Storage>(&'s self, transcript: &'s Transcript<S>) -> Option<Failure<'s>> {
        let text = |bytes: &'s [u8]| match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => bytes
                .get(..error.valid_up_to())
                .and_then(|whole| core::str::from_utf8(whole).ok())
                .unwrap_or_default(),
        };
        Some(Failure {
            error: self.error?,
            code: text(&self.reply.failure.code),
            message: text(transcript.bytes_behind(self.reply.failure.length as usize)),
            status: self.status,
        })
    }

    pub fn forget_failure(&mut self) {
        self.error = None;
        self.reply.failure.length = 0;
    }
}

/// A result that is cut in its middle to fit a limit.
struct Cut<'a> {
    before: &'a str,
    after: &'a str,
    left_out: u32,
}

impl<'a> Cut<'a> {
    fn of(text: &'a str, limit: usize) -> Self {
        if text.len() <= limit {
            return Self { before: text, after: "", left_out: 0 };
        }
        let before = text.floor_char_boundary(limit / 2);
        let after = text.ceil_char_boundary(text.len() - (limit - limit / 2));
        Self {
            before: text.get(..before).unwrap_or_default(),
            after: text.get(after..).unwrap_or_default(),
            left_out: (after - before) as u32,
        }
    }
}
