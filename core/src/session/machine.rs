//! The state beside the transcript, and the calls of a turn in their order.

use super::feed::Decoder;
use super::open::Open;
use super::{Failure, Step, unknown_call, wrong_step};
use crate::message::{ToolCall, ToolResult, Usage};
use crate::provider::{Config, Reply, dialect_of};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{FIRST, HEADER_BYTES, Header, Kind, MARKED};
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
    /// The status of the response, 0 when there is none.
    pub status: u16,
    pub retry_after_ms: Option<u32>,
    /// A byte at the end of the last chunk was read but is not counted as used yet.
    pub owes_byte: bool,
    /// Why the last attempt failed. The message stands behind the transcript.
    pub error: Option<Error>,
    pub message_bytes: u32,
}

impl Machine {
    pub fn new(config: &dyn Config) -> Result<Self, Error> {
        Ok(Self {
            step: Step::Idle,
            reply: Reply::default(),
            decoder: Decoder::new(dialect_of(config.provider())?),
            open: Open::default(),
            turn: FIRST_RECORD as u32,
            rounds: 0,
            attempt: 0,
            random: config.limits().seed,
            usage: Usage::default(),
            status: 0,
            retry_after_ms: None,
            owes_byte: false,
            error: None,
            message_bytes: 0,
        })
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
        self.forget_failure();
        self.enter_send(log, config);
        Ok(())
    }

    /// The next thing is to send, when there is room for a reply, or none can be made.
    pub fn enter_send(&mut self, log: &mut Log<'_>, config: &dyn Config) {
        let wanted = config.limits().reply_bytes as usize;
        let missing = wanted.saturating_sub(log.left());
        self.step = if missing > 0 && super::room::can_drop(log, self.turn as usize) {
            Step::MakeRoom { bytes: missing as u32 }
        } else {
            Step::Send
        };
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
        (self.status, self.retry_after_ms) = (status, retry_after_ms);
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
        let limit = config.limits().max_rounds;
        if self.rounds >= limit {
            let error = Error::new(ErrorKind::Limit, limit.into());
            self.step = Step::Idle;
            self.error = Some(error);
            return Err(error);
        }
        self.enter_send(log, config);
        Ok(())
    }

    pub fn abort(&mut self, log: &mut Log<'_>) {
        match self.step {
            Step::Receive => log.truncate(self.reply.start as usize),
            Step::RunTools => self.open.abort(log),
            Step::Idle | Step::Send | Step::Wait { .. } | Step::MakeRoom { .. } => {}
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
            message: text(transcript.bytes_behind(self.message_bytes as usize)),
            status: self.status,
        })
    }

    pub fn forget_failure(&mut self) {
        self.error = None;
        self.message_bytes = 0;
    }
}

/// Bytes that a record of a result takes beside the result: its header, and what says that some
/// was left out.
pub(super) const CUT_BYTES: usize = HEADER_BYTES + 32;

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
