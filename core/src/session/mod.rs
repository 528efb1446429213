//! The main flow: one conversation with a model, as a state machine that a runtime drives.

mod answer;
#[cfg(feature = "attachments")]
mod attach;
mod checkpoint;
mod failure;
mod machine;
mod open;
mod profile;
mod reply;
mod retry;
mod room;
mod step;
mod window;

pub use checkpoint::Checkpoint;
pub use failure::Failure;
pub use step::Step;
pub(crate) use step::wrong_step;
#[cfg(feature = "window")]
pub use window::WindowTokens;

use crate::Error;
use crate::message::{Event, Fed, ToolCall, ToolResult, Usage};
#[cfg(feature = "profiles")]
use crate::provider::profile::InForce;
use crate::provider::{Config, Request, check};
use crate::transcript::{Frame, Journal, Storage, Transcript};
use crate::wire::scan::WORDS;
use machine::{Machine, Position};
use window::WindowCount;

/// One conversation with a model: the state machine that a runtime drives.
///
/// Ask [`step`](Self::step) what to do, do it, ask again. A call that does not fit the step
/// returns [`WrongStep`](crate::ErrorKind::WrongStep) and changes nothing.
///
/// | step | what the caller does |
/// |---|---|
/// | `Idle` | [`user`](Self::user), or stop |
/// | `Send` | write [`request`](Self::request), then [`begin_response`](Self::begin_response) |
/// | `Receive` | [`feed`](Self::feed) the body, then [`end_response`](Self::end_response) |
/// | `RunTools` | answer each [`pending_call`](Self::pending_call) by [`tool_result`](Self::tool_result) |
/// | `Wait` | sleep, then [`retry`](Self::retry) |
/// | `MakeRoom` | [`make_room`](Self::make_room); or [`compact`](Self::compact), [`drop_oldest`](Self::drop_oldest) |
///
/// ```
/// use zerostack_core::{Event, Dialect, Session, SessionConfig, Step};
///
/// let config = SessionConfig::new(Dialect::OpenAiChat, "some-model");
/// let mut session = Session::new([0_u8; 1024], &config)?;
/// session.user("Say hi")?;
///
/// // Any HTTP client sends this; here the answer is already known.
/// let mut request = [0; 512];
/// let length = session.request()?.read(&mut request);
/// assert_eq!(length, session.request()?.body_len());
/// session.begin_response(200, None)?;
/// let mut rest: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\
///     \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
/// let mut text = String::new();
/// while !rest.is_empty() {
///     let fed = session.feed(rest)?;
///     rest = &rest[fed.used..];
///     if let Some(Event::TextDelta(delta)) = fed.event {
///         text.push_str(delta);
///     }
/// }
/// assert_eq!(text, "hi");
/// session.end_response()?;
/// assert_eq!(session.step(), Step::Idle);
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session<C, S> {
    config: C,
    transcript: Transcript<S>,
    machine: Machine,
}

impl<C: Config, S: Storage> Session<C, S> {
    /// Starts an empty conversation in `storage`.
    ///
    /// # Errors
    /// `BadConfig` if the configuration cannot be used, `Unsupported` if its dialect is not
    /// compiled in, `Full` if the storage is too small to begin.
    pub fn new(storage: S, config: C) -> Result<Self, Error> {
        Self::begin(storage, None, config)
    }

    /// Continues a saved conversation: the first `used` bytes of `storage` are those of
    /// [`snapshot`](Self::snapshot). They are checked, not trusted.
    ///
    /// The step is the one of the saved session: `RunTools` for open calls, `Send` if the model has
    /// to answer, `Idle` after an answer, or after a turn that ended without one.
    ///
    /// # Errors
    /// `BadTranscript`, and those of [`new`](Self::new).
    pub fn resume(storage: S, used: usize, config: C) -> Result<Self, Error> {
        Self::begin(storage, Some(used), config)
    }

    // Once for both, and put together where it stays: a move would take its size twice of the stack.
    #[inline(never)]
    fn begin(storage: S, used: Option<usize>, config: C) -> Result<Self, Error> {
        let codec = check(&config)?;
        let mut transcript = Transcript::open(storage, used)?;
        let mut count = WindowCount::new();
        let place = match used {
            Some(_) => Position::find(&mut transcript.log(), &config, &mut count),
            None => Position::START,
        };
        let machine = Machine::new(codec, config.limits(), place, count);
        Ok(Self { config, transcript, machine })
    }

    /// Notes whether a connection is out, and returns whether one was.
    #[cfg(feature = "drive-async")]
    pub(crate) const fn lend_connection(&mut self, has_connection: bool) -> bool {
        core::mem::replace(&mut self.machine.has_connection, has_connection)
    }

    // Looking.

    /// What to do now. Cheap, and the same until it is done.
    #[must_use]
    pub const fn step(&self) -> Step {
        self.machine.step
    }

    /// The conversation as plain versioned bytes, for [`resume`](Self::resume). A reply that
    /// is coming in is not part of it yet.
    #[must_use]
    pub fn snapshot(&self) -> &[u8] {
        let all = self.transcript.as_bytes();
        all.get(..self.machine.saved_end(all.len())).unwrap_or(all)
    }

    /// The part of the snapshot that the file of `journal` lacks: bytes to append to it. `None`:
    /// the file is complete.
    #[must_use]
    pub fn journal_frame(&self, journal: &Journal) -> Option<Frame<'_>> {
        journal.journal_frame(self.snapshot(), self.machine.rewrites, self.machine.cuts)
    }

    /// All parts, oldest first; in the step `Receive` including the received part of the reply, and
    /// while a summary is requested including that request.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript<S> {
        &self.transcript
    }

    /// The configuration of the session.
    #[must_use]
    pub const fn config(&self) -> &C {
        &self.config
    }

    /// Tokens of the turn, as the provider counted them, all its rounds together.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.machine.usage
    }

    /// The provider's own stop reason; empty until it sends one.
    #[must_use]
    pub fn raw_stop_reason(&self) -> &str {
        core::str::from_utf8(&self.machine.reply.raw_stop_reason).unwrap_or_default()
    }

    /// Whether the reply is complete, so that the rest of the body need not be read.
    #[must_use]
    pub const fn is_reply_complete(&self) -> bool {
        self.machine.reply.ended
    }

    /// Why the last turn failed, or the last attempt of this one; `None` after a good reply.
    #[must_use]
    pub fn failure(&self) -> Option<Failure<'_>> {
        self.machine.failure(&self.transcript)
    }

    /// The profile of the next request: that of the configuration, without the fields that the
    /// server has refused.
    #[cfg(feature = "profiles")]
    #[must_use]
    pub fn profile(&self) -> crate::Profile {
        InForce::new(&self.config, self.machine.switched).profile
    }

    /// The field that the server has refused in the last attempt, after [`Event::Restart`]: the
    /// request is sent again without it, and so are all later ones. After an error it is
    /// `Attachments`: those of the user's text, without which it is not sent. [`failure`](Self::failure)
    /// has the server's message.
    #[cfg(feature = "profiles")]
    #[must_use]
    pub fn switched_off(&self) -> Option<crate::ProfileField> {
        self.machine.switched.last()
    }

    /// The JSON of the answer that the conversation ends with: its last text, without white space
    /// and a fence around it. Empty if there is none. If a [`crate::ResponseSchema`] is checked, it
    /// fits it, unless the turn did not end with [`Event::End`] and [`crate::StopReason::EndTurn`].
    #[must_use]
    pub fn answer_json(&self) -> &str {
        crate::tool::answer::json_in(self.transcript.answer().last().unwrap_or_default())
    }

    /// The first tool call without an answer.
    #[must_use]
    pub fn pending_call(&self) -> Option<ToolCall<'_>> {
        self.pending_calls().next()
    }

    /// All tool calls without an answer, in the order of the model.
    pub fn pending_calls(&self) -> impl Iterator<Item = ToolCall<'_>> {
        self.machine.pending_calls(self.transcript.as_bytes())
    }

    // The turn, in order.

    /// Adds the user's text and starts a turn. `Idle` to `Send`.
    ///
    /// # Errors
    /// `Full`: nothing was added. `WrongStep`.
    pub fn user(&mut self, text: &str) -> Result<(), Error> {
        self.machine.user(&mut self.transcript.log(), &self.config, text)
    }

    /// Adds the user's text, which may be empty, with files, and starts a turn. `Idle` to
    /// `Send`. The bytes stay with the caller: see
    /// [`request_with_attachments`](Self::request_with_attachments).
    ///
    /// # Errors
    /// `BadAttachment`, `UnsupportedAttachment`, `Full`: nothing was added. `WrongStep`.
    #[cfg(feature = "attachments")]
    pub fn user_with(
        &mut self,
        text: &str,
        attachments: &[crate::Attachment<'_>],
    ) -> Result<(), Error> {
        self.machine.user_with(&mut self.transcript.log(), &self.config, text, attachments)
    }

    /// Adds an instruction for the model besides the user's text: another mode, other skills,
    /// another prompt. Earlier messages stay unchanged, so the provider's cache keeps hitting. It
    /// starts no turn, and is removed like any old part when room is made.
    ///
    /// # Errors
    /// `Full`: nothing was added. `WrongStep` outside `Idle`.
    pub fn instruct(&mut self, text: &str) -> Result<(), Error> {
        self.machine.instruct(&mut self.transcript.log(), text)
    }

    /// The request of this step. It borrows the session, so nothing changes meanwhile; another call
    /// returns the same bytes.
    ///
    /// # Errors
    /// `WrongStep`. `MissingAttachment` if it needs the bytes of a file: use
    /// [`request_with_attachments`](Self::request_with_attachments), or continue without them with
    /// [`leave_out_attachments`](Self::leave_out_attachments).
    pub fn request(&self) -> Result<Request<'_>, Error> {
        self.machine.expect(self.machine.step == Step::Send)?;
        #[cfg(feature = "attachments")]
        self.machine.expect_no_files(&self.config, self.transcript.as_bytes())?;
        self.machine.request(&self.config, &self.transcript)
    }

    /// The same, for a caller that has the bytes of all attachments: it supplies them through
    /// [`Request::read_from`], or when [`Request::wanted`] asks for them.
    ///
    /// ```
    /// use zerostack_core::{Attachment, Dialect, Session, SessionConfig};
    ///
    /// let config = SessionConfig::new(Dialect::OpenAiChat, "some-model");
    /// let mut session = Session::new([0_u8; 1024], &config)?;
    /// // The number is the caller's own; here, an index.
    /// let mut files: &[&[u8]] = &[b"not really a picture"];
    /// let picture = Attachment::new(0, "image/png", files[0].len() as u32);
    /// session.user_with("What is this?", &[picture])?;
    ///
    /// let mut request = session.request_with_attachments()?;
    /// let length = request.body_len();
    /// let (mut body, mut buffer) = (Vec::new(), [0; 16]);
    /// loop {
    ///     let count = request.read_from(&mut buffer, &mut files)?;
    ///     if count == 0 {
    ///         break;
    ///     }
    ///     body.extend_from_slice(&buffer[..count]);
    /// }
    /// assert_eq!(body.len(), length);
    /// assert!(String::from_utf8(body).unwrap().contains("data:image/png;base64,bm90IHJlYWxseSBhIHBpY3R1cmU="));
    /// # Ok::<(), zerostack_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `WrongStep`.
    #[cfg(feature = "attachments")]
    pub fn request_with_attachments(&self) -> Result<Request<'_>, Error> {
        self.machine.expect(self.machine.step == Step::Send)?;
        self.machine.request(&self.config, &self.transcript)
    }

    /// The head of the response arrived, with any status. `Send` to `Receive`: the body of a
    /// refusal decides whether to try again. `retry_after_ms` is the wait that the server asks for,
    /// if any.
    ///
    /// # Errors
    /// `WrongStep`.
    pub fn begin_response(
        &mut self,
        status: u16,
        retry_after_ms: Option<u32>,
    ) -> Result<(), Error> {
        self.machine.begin_response(&self.transcript.log(), &self.config, status, retry_after_ms)
    }

    /// Takes bytes of the body, split anywhere, even inside a character. Returns after the
    /// first event; call again with the rest. Bytes after the end of the reply are used and
    /// ignored.
    ///
    /// [`Event::Restart`] ends the step: the reply was interrupted, is removed and will be
    /// requested again.
    ///
    /// # Errors
    /// `BadResponse`, `Full`, `TooLong`, `Limit`: the turn failed, or [`step`](Self::step) is
    /// `MakeRoom` if room can be made. The transcript has no partial message.
    pub fn feed<'a>(&'a mut self, chunk: &'a [u8]) -> Result<Fed<'a>, Error> {
        if WORDS {
            let max_bytes = || self.config.limits().max_response_bytes;
            let passed = self.machine.skim(chunk, max_bytes, || self.transcript.left_bytes());
            let rest = chunk.get(passed..).unwrap_or_default();
            if passed > 0 {
                if rest.is_empty() {
                    return Ok(Fed { used: passed, event: None });
                }
                let fed = self.machine.feed(self.transcript.log(), &self.config, rest)?;
                return Ok(Fed { used: passed + fed.used, ..fed });
            }
        }
        self.machine.feed(self.transcript.log(), &self.config, chunk)
    }

    /// The body ended, or the connection broke, or the caller stops reading after
    /// [`is_reply_complete`](Self::is_reply_complete). Here the reply is judged: `Receive`
    /// leads to `RunTools` or `Idle` with [`Event::End`], or to `Wait` or `MakeRoom` with
    /// [`Event::Restart`]; or to `Send` with [`Event::Restart`], if the answer does not fit its schema. In the step `Send` it means that there was no response.
    ///
    /// [`Event::Recovered`] comes before the end, in the [`crate::ToolMode`]s that read calls in
    /// text: then the step is still `Receive`, and the next call returns the end.
    ///
    /// # Errors
    /// The turn failed, and [`failure`](Self::failure) has the details: `Status`, `Cut`,
    /// `BadResponse`, `Truncated`, `Unreachable`; or `WrongStep`.
    pub fn end_response(&mut self) -> Result<Event<'static>, Error> {
        self.machine.end_response(self.transcript.log(), &self.config)
    }

    /// Answers one call, in any order; returns the bytes that were left out of the middle
    /// because of `max_result_bytes`. After the last one the step is `Send`.
    ///
    /// # Errors
    /// `UnknownCall` for an id that is not pending; `Full`: nothing was added; `Limit` when
    /// the turn has no round left; `WrongStep`.
    pub fn tool_result(&mut self, result: ToolResult<'_>) -> Result<u32, Error> {
        self.machine.tool_result(&mut self.transcript.log(), &self.config, result)
    }

    /// The same, with files attached to the text. In a dialect whose results are only text, they
    /// follow in a user message after all results of the reply.
    ///
    /// # Errors
    /// Those of [`tool_result`](Self::tool_result); `BadAttachment`, `UnsupportedAttachment`: nothing
    /// was added.
    #[cfg(feature = "attachments")]
    pub fn tool_result_with(
        &mut self,
        result: ToolResult<'_>,
        attachments: &[crate::Attachment<'_>],
    ) -> Result<u32, Error> {
        self.machine.tool_result_with(&mut self.transcript.log(), &self.config, result, attachments)
    }

    /// Whether a request of this session can hold `attachment`.
    #[cfg(feature = "attachments")]
    pub fn takes_attachment(&self, attachment: &crate::Attachment<'_>) -> bool {
        self.machine.takes(&self.config, attachment)
    }

    /// Replaces each attachment whose bytes the caller would have to supply by a line that
    /// describes it: for a conversation that is resumed without them. Returns how many there are.
    ///
    /// # Errors
    /// `WrongStep` outside `Idle`, `Send` and `MakeRoom`.
    #[cfg(feature = "attachments")]
    pub fn leave_out_attachments(&mut self) -> Result<usize, Error> {
        self.machine.leave_out_attachments(&mut self.transcript.log(), &self.config)
    }

    /// The wait is over. `Wait` to `Send`.
    ///
    /// # Errors
    /// `WrongStep`.
    pub fn retry(&mut self) -> Result<(), Error> {
        self.machine.expect(matches!(self.machine.step, Step::Wait { .. }))?;
        self.machine.enter_send(&mut self.transcript.log(), &self.config);
        Ok(())
    }

    /// Ends the turn now, in any step. A reply that is coming in is removed, open
    /// calls get the result "aborted". Earlier parts stay; to remove them too, see
    /// [`rollback`](Self::rollback).
    pub fn abort(&mut self) {
        self.machine.abort(&mut self.transcript.log(), &self.config);
    }

    // Rolling back, and forking.

    /// Marks the current end of the conversation, without the reply being received.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.machine.checkpoint(self.transcript.used_bytes())
    }

    /// Removes everything added since `checkpoint` was made, in any step; an open turn ends.
    /// The step is the one in which the conversation ends, or `Idle` if it was `Idle` then.
    /// Checkpoints are a stack: those made after this one become invalid, earlier ones stay valid.
    ///
    /// # Errors
    /// `StaleCheckpoint` if room was made since, or the checkpoint's place no longer exists; nothing
    /// changed.
    pub fn rollback(&mut self, checkpoint: Checkpoint) -> Result<(), Error> {
        self.machine.rollback(&mut self.transcript.log(), &self.config, checkpoint)
    }

    /// The same conversation in another storage, to continue it separately, as a subagent does.
    /// Another model, another provider and other tools are allowed. Open calls are open there too.
    ///
    /// # Errors
    /// `Full` if `storage` is too short, and those of [`new`](Self::new).
    pub fn fork<D: Config, T: Storage>(
        &self,
        storage: T,
        config: D,
    ) -> Result<Session<D, T>, Error> {
        let codec = check(&config)?;
        let mut transcript = Transcript::copy(self.snapshot(), storage)?;
        let mut count = WindowCount::new();
        let place = Position::find(&mut transcript.log(), &config, &mut count);
        let machine = Machine::new(codec, config.limits(), place, count);
        Ok(Session { config, transcript, machine })
    }

    // Room.

    /// Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
    /// `keep_turns` stay, and always the running one.
    ///
    /// # Errors
    /// `Full` if the summary is longer than the turns that it replaces and does not fit, or in the step
    /// `MakeRoom` no turn can be replaced; nothing changed. `WrongStep` outside `Idle`, `Send` and `MakeRoom`.
    pub fn compact(&mut self, summary: &str, keep_turns: usize) -> Result<(), Error> {
        self.machine.compact(&mut self.transcript.log(), &self.config, summary, keep_turns)
    }

    /// Removes the oldest exchange: the oldest turn, or the oldest round of the running
    /// turn. Returns the bytes that this freed.
    ///
    /// All that follows moves down, each time: to free much, [`compact`](Self::compact) and, with
    /// feature `window`, `make_room` move it once.
    ///
    /// # Errors
    /// `Full` or `WindowTooLong` if nothing more can be removed; in the step `MakeRoom` the
    /// turn failed.
    /// `WrongStep` outside `Idle`, `Send` and `MakeRoom`.
    pub fn drop_oldest(&mut self) -> Result<usize, Error> {
        self.machine.drop_oldest(&mut self.transcript.log(), &self.config)
    }

    /// Changes the configuration from the next turn on: other tools, other options, another model.
    /// Returns the previous one. Earlier messages stay unchanged; how much of them the provider's
    /// cache still serves depends on the change. Fields that the server has refused stay off unless
    /// the model or the dialect changes.
    ///
    /// # Errors
    /// `WrongStep` outside `Idle`, and those of [`new`](Self::new); nothing changed.
    pub fn set_config(&mut self, config: C) -> Result<C, Error> {
        self.machine.expect(self.machine.step == Step::Idle)?;
        check(&config)?;
        self.machine.change_config(&self.config, &config);
        Ok(core::mem::replace(&mut self.config, config))
    }

    /// Ends the session and returns its storage.
    pub fn into_storage(self) -> S {
        self.transcript.into_storage()
    }
}
