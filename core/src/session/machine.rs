//! The state besides the transcript, and the calls of a turn in order.

use core::slice;

use super::answer::{TimesAsked, told};
use super::open::OpenCalls;
use super::room::{LastResort, can_drop};
use super::window::{ENABLED, FinishSummary, RoomAttempts, Runs, WindowCount, used_up};
use super::{Step, wrong_step};
use crate::message::{ToolCall, ToolResult, Usage};
use crate::provider::profile::{InForce, Switched};
use crate::provider::response::Decoder;
use crate::provider::{Budget, Codec, Config, Context, Limits, Reply, Request, codec_of};
use crate::transcript::log::{FIRST_RECORD, Log};
use crate::transcript::record::{ENDED, FIRST, Header, INSTRUCTION, Kind, MARKED};
use crate::transcript::{Storage, Transcript};
use crate::wire::json_write::Digits;
use crate::{Error, ErrorKind};

/// The state of a session, without its type parameters.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub step: Step,
    pub reply: Reply,
    pub decoder: Decoder,
    /// The calls of the last reply.
    pub open: OpenCalls,
    /// A reply has so many calls that their places are recorded.
    pub has_long: bool,
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
    pub count: WindowCount,
    /// How often records were rewritten, and how often their end was removed: saved bytes of them
    /// are outdated.
    pub rewrites: u16,
    pub cuts: u16,
    /// Calls that repeat.
    pub runs: Runs,
    /// How often the answer of the turn was asked for again.
    pub times_asked: TimesAsked,
    pub room_attempts: RoomAttempts,
    /// The handler of a requested summary. A pointer, so that an image that never asks does not
    /// contain the code.
    pub summary: Option<FinishSummary>,
    /// The status of the response, 0 when there is none.
    pub status: u16,
    /// The wait that the server asks for, or `u32::MAX`: an `Option` takes twice the room.
    pub retry_after_ms: u32,
    /// The fields of the profile that the server has refused.
    pub switched: Switched,
    /// A byte at the end of the last chunk was read but is not counted as used yet.
    pub owes_byte: bool,
    /// A driver has a connection out.
    #[cfg(feature = "drive-async")]
    pub has_connection: bool,
    /// Why the last attempt failed. The message is after the transcript.
    pub error: Option<Error>,
}

impl Machine {
    // Inlined, so that it is put together where it stays.
    #[inline(always)]
    pub fn new(
        codec: &'static Codec,
        limits: &Limits,
        place: Position,
        count: WindowCount,
    ) -> Self {
        Self {
            step: place.step,
            reply: Reply::default(),
            decoder: Decoder::new(codec),
            open: place.open,
            has_long: place.has_long,
            turn: place.turn,
            rounds: place.rounds,
            attempt: 0,
            random: limits.seed,
            usage: Usage::default(),
            count,
            rewrites: 0,
            cuts: 0,
            runs: Runs::new(),
            times_asked: TimesAsked::NONE,
            room_attempts: RoomAttempts::NOTHING,
            summary: None,
            status: 0,
            retry_after_ms: u32::MAX,
            switched: Switched::NONE,
            owes_byte: false,
            #[cfg(feature = "drive-async")]
            has_connection: false,
            error: None,
        }
    }

    /// The step is the one in which the conversation ends.
    pub fn resume(&mut self, log: &mut Log<'_>, config: &dyn Config) {
        let place = Position::find(log, config, &mut self.count);
        (self.step, self.open, self.has_long) = (place.step, place.open, place.has_long);
        (self.turn, self.rounds) = (place.turn, place.rounds);
        self.runs = Runs::new();
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
        let [words, schema] = told(config);
        let turn = log.push(header, &[text.as_bytes(), words, schema])?;
        self.begin_turn(log, config, turn);
        Ok(())
    }

    /// The user's text is at `turn`.
    pub fn begin_turn(&mut self, log: &mut Log<'_>, config: &dyn Config, turn: usize) {
        self.turn = turn as u32;
        (self.rounds, self.attempt, self.usage) = (0, 0, Usage::default());
        self.times_asked = TimesAsked::NONE;
        self.room_attempts = RoomAttempts::NOTHING;
        self.runs = Runs::new();
        self.forget_failure();
        self.enter_send(log, config);
    }

    pub fn instruct(&mut self, log: &mut Log<'_>, text: &str) -> Result<(), Error> {
        self.expect(self.step == Step::Idle)?;
        let header = Header::new(Kind::User, FIRST | MARKED, [INSTRUCTION, 0, 0]);
        log.push(header, &[text.as_bytes()])?;
        self.forget_failure();
        Ok(())
    }

    /// The current request for a summary.
    pub fn summary(&self) -> Option<FinishSummary> {
        self.summary.filter(|_| ENABLED)
    }

    /// The next thing is to send, when there is room for a reply and the window is below its
    /// mark, or no room can be made and it may be sent all the same.
    pub fn enter_send(&mut self, log: &mut Log<'_>, config: &dyn Config) {
        // A request for room needs no room itself.
        self.step = match self.summary() {
            Some(_) => Step::Send,
            None => sending(log, config, &mut self.count, self.turn),
        };
        if self.has_long {
            log.note_places();
        }
    }

    pub fn request<'s, S: Storage>(
        &self,
        config: &'s dyn Config,
        transcript: &'s Transcript<S>,
    ) -> Result<Request<'s>, Error> {
        let context = Context {
            config,
            bytes: transcript.as_bytes(),
            reply_tokens: self.reply_tokens(config),
            profile: InForce::new(config, self.switched),
            places: transcript.places(),
            #[cfg(feature = "options")]
            is_summary: self.summary().is_some(),
        };
        Ok(Request::new(codec_of(config.dialect())?, context))
    }

    pub fn begin_response(
        &mut self,
        log: &Log<'_>,
        config: &dyn Config,
        status: u16,
        retry_after_ms: Option<u32>,
    ) -> Result<(), Error> {
        self.expect(self.step == Step::Send)?;
        self.decoder = Decoder::new(codec_of(config.dialect())?);
        self.reply.begin(log.used());
        self.reply.delta.want(config);
        self.open = OpenCalls::before(log);
        self.reply.refused = !(200..300).contains(&status);
        let asked_ms = retry_after_ms.map_or(u32::MAX, |millis| millis.min(u32::MAX - 1));
        (self.status, self.retry_after_ms) = (status, asked_ms);
        self.owes_byte = false;
        self.runs.begin();
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
        let (left_out, call, result) = self.push_result(log, config, result)?;
        self.answer(log, config, call, result)?;
        Ok(left_out)
    }

    /// Adds a result; returns the bytes that were left out, its call and its place.
    pub fn push_result(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        result: ToolResult<'_>,
    ) -> Result<(u32, usize, usize), Error> {
        self.expect(self.step == Step::RunTools)?;
        let unknown = Error::new(ErrorKind::UnknownCall, result.id.number());
        let (call, index) = self.open.position(log, result.id).ok_or(unknown)?;
        let cut = ShortenedResult::of(result.content, config.limits().max_result_bytes as usize);
        let number = Digits::of(cut.left_out as usize);
        let flags = FIRST | if result.is_error { MARKED } else { 0 };
        let [low, high] = index.to_le_bytes();
        let header = Header::new(Kind::Result, flags, [low, high, 0]);
        let pieces: [&[u8]; 5] =
            [cut.before, b"\n[", number.as_bytes(), b" bytes left out]\n", cut.after];
        let [whole, ..] = &pieces;
        let pieces = if cut.left_out > 0 { &pieces } else { slice::from_ref(whole) };
        let result = log.push(header, pieces)?;
        Ok((cut.left_out, call, result))
    }

    /// The call at `call` is answered by the result at `result`.
    pub fn answer(
        &mut self,
        log: &mut Log<'_>,
        config: &dyn Config,
        call: usize,
        result: usize,
    ) -> Result<(), Error> {
        self.open.answer(log, call, result);
        if self.open.count > 0 {
            return Ok(());
        }
        self.next_round(log, config)
    }

    /// The model continues, unless the turn has no round left.
    pub fn next_round(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Result<(), Error> {
        if let Some(budget) = used_up(config, self.rounds, self.usage) {
            return Err(self.over_budget(log, budget));
        }
        self.enter_send(log, config);
        Ok(())
    }

    pub fn over_budget(&mut self, log: &mut Log<'_>, budget: Budget) -> Error {
        let error = Error::new(ErrorKind::Limit, budget as u32);
        self.end_turn(log);
        self.error = Some(error);
        error
    }

    /// The turn ends without an answer, and the transcript records this: a session made from it is
    /// in the same step.
    pub fn end_turn(&mut self, log: &mut Log<'_>) {
        let end = End::find(log);
        if end.asks {
            end.turn_over(log);
        }
        self.step = Step::Idle;
    }

    /// The reply paused, and the model will continue it.
    pub fn pause(&mut self, log: &mut Log<'_>) {
        let end = End::find(log);
        // A reply of nothing leaves a text or a result at the end, which asks by itself.
        if !end.asks {
            end.turn_over(log);
        }
    }

    pub fn abort(&mut self, log: &mut Log<'_>, config: &dyn Config) {
        match self.step {
            Step::Receive => log.truncate(self.reply.start as usize),
            Step::RunTools if !self.open.answer_all(log, "aborted") => {
                self.cut_off(log, config, self.open.reply as usize);
            }
            _ => {}
        }
        if self.summary().is_some() {
            self.summary = None;
            log.truncate(self.asked_at(log.used()));
        }
        self.forget_failure();
        self.end_turn(log);
    }

    /// What was learned from the server stays, unless another model follows.
    pub fn change_config(&mut self, before: &dyn Config, after: &dyn Config) {
        self.count = self.count.anew();
        if before.dialect() != after.dialect() || before.model() != after.model() {
            (self.count, self.switched) = (WindowCount::new(), Switched::NONE);
        }
    }

    pub fn forget_failure(&mut self) {
        self.error = None;
        self.switched.forget_last();
        self.reply.failure.length = 0;
    }
}

/// The state of a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub step: Step,
    open: OpenCalls,
    has_long: bool,
    turn: u32,
    rounds: u16,
}

impl Position {
    /// It is empty.
    pub const START: Self = Self {
        step: Step::Idle,
        open: OpenCalls::NONE,
        has_long: false,
        turn: FIRST_RECORD as u32,
        rounds: 0,
    };

    /// The state at the end of a saved conversation.
    pub fn find(log: &mut Log<'_>, config: &dyn Config, count: &mut WindowCount) -> Self {
        let (open, has_long) = OpenCalls::find(log);
        let End { turn, asks, rounds, .. } = End::find(log);
        let step = match asks {
            _ if open.count > 0 => Step::RunTools,
            true => sending(log, config, count, turn),
            false => Step::Idle,
        };
        if has_long {
            log.note_places();
        }
        Self { step, open, has_long, turn, rounds }
    }
}

/// The end of a conversation.
pub(super) struct End {
    /// The user's text that began the last turn.
    turn: u32,
    /// The last record; 0, where no record can be, if there is none.
    last: usize,
    /// Whether the model is to answer.
    asks: bool,
    /// Requests of that turn that were answered.
    rounds: u16,
}

impl End {
    pub fn find(log: &Log<'_>) -> Self {
        let mut end = Self { turn: FIRST_RECORD as u32, last: 0, asks: false, rounds: 0 };
        for record in log.records_from(FIRST_RECORD) {
            let is_flagged = record.header.has(ENDED);
            end.last = record.offset;
            if record.is_reply() && record.header.has(FIRST) {
                end.rounds = end.rounds.saturating_add(1);
            }
            end.asks = if record.is_reply() {
                is_flagged
            } else if super::room::is_turn(&record.header) {
                (end.turn, end.rounds) = (record.offset as u32, 0);
                !is_flagged
            } else {
                // A summary or an instruction alone asks for nothing.
                let asks = record.is(Kind::Result)
                    || end.asks && (record.is_instruction() || record.is(Kind::Attachment));
                !is_flagged && asks
            };
        }
        end
    }

    /// Toggles whether the turn ends here.
    pub fn turn_over(&self, log: &mut Log<'_>) {
        if let Some(mut header) = log.header(self.last) {
            header.toggle(ENDED);
            log.set_header(self.last, header);
        }
    }
}

/// `Send`, if there is room for a reply and the window is below its mark, or no room can be made
/// and it may still be sent; else `MakeRoom`.
fn sending(log: &mut Log<'_>, config: &dyn Config, count: &mut WindowCount, turn: u32) -> Step {
    let wanted = config.limits().reply_bytes as usize;
    let bytes = wanted.saturating_sub(log.room(wanted)) as u32;
    let excess = count.excess(config, log.bytes());
    let is_short = bytes > 0 || excess.marks > 0;
    // Only for the high mark, no summary is removed.
    let last = if bytes > 0 { LastResort::Summary } else { LastResort::Nothing };
    if excess.context > 0 || (is_short && can_drop(log, turn as usize, last)) {
        Step::MakeRoom { bytes }
    } else {
        Step::Send
    }
}

/// A result that is cut in its middle to fit a limit, at characters.
pub(super) struct ShortenedResult<'a> {
    pub before: &'a [u8],
    pub after: &'a [u8],
    pub left_out: u32,
}

impl<'a> ShortenedResult<'a> {
    pub fn of(text: &'a str, limit: usize) -> Self {
        let bytes = text.as_bytes();
        let (mut before, mut after) = (bytes.len(), bytes.len());
        if before > limit {
            before = limit / 2;
            after -= limit - before;
            while !text.is_char_boundary(before) {
                before -= 1;
            }
            while !text.is_char_boundary(after) {
                after += 1;
            }
        }
        Self {
            before: bytes.get(..before).unwrap_or_default(),
            after: bytes.get(after..).unwrap_or_default(),
            left_out: (after - before) as u32,
        }
    }
}
