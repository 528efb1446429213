//! The session after a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zerostack_core::{
    CallId, Growing, JsonLinesReader, OwnedConfig, Session as CoreSession, ToolResult,
};

use crate::{
    Config, Entry, Event, Failure, Fed, Step, ToolCall, Usage, ZerostackError, transcript,
};

/// A place in a conversation to go back to.
#[derive(Debug, uniffi::Object)]
pub struct Checkpoint {
    core: zerostack_core::Checkpoint,
}

/// Tokens of the next request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Record)]
pub struct WindowTokens {
    /// The provider's count.
    pub measured: u32,
    /// Counted here in addition: everything since.
    pub estimated: u32,
}

/// One conversation with a model: the state machine that a runtime drives.
///
/// Ask `step` what to do, do it, ask again.
///
/// | step | what the caller does |
/// |---|---|
/// | `Idle` | `user`, or stop |
/// | `Send` | send `request`, then `begin_response` |
/// | `Receive` | `feed` the body, then `end_response` |
/// | `RunTools` | answer each of `pending_calls` by `tool_result` |
/// | `Wait` | sleep, then `retry` |
/// | `MakeRoom` | `make_room`, or `compact` or `drop_oldest` |
///
/// A call that does not fit the step throws `WrongStep` and changes nothing.
#[derive(Debug, uniffi::Object)]
pub struct Session {
    core: Mutex<CoreSession<OwnedConfig, Growing>>,
    /// Counts the calls that may have changed it, under the lock.
    changes: AtomicU64,
}

/// A request to post. It holds no key: the caller adds it.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Request {
    /// The HTTP method.
    pub method: String,
    /// The path under the provider's base URL, `?` and all after it included.
    pub path: String,
    /// Headers beside the key, with names in lower case.
    pub headers: Vec<Header>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A header of a request.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Header {
    /// In lower case.
    pub name: String,
    /// As it is sent.
    pub value: String,
}

#[uniffi::export]
impl Session {
    /// Starts an empty conversation that may grow to `capacity_bytes`.
    ///
    /// # Errors
    /// `BadConfig`, `Unsupported`, or `Full` when there is not even room for a beginning.
    #[uniffi::constructor]
    pub fn new(config: Config, capacity_bytes: u64) -> Result<Arc<Self>, ZerostackError> {
        let storage = Growing::new(size(capacity_bytes));
        let core = CoreSession::new(storage, config.to_core()?)
            .map_err(|error| ZerostackError::of_config(error, &config))?;
        Ok(Self::of(core))
    }

    /// Continues a conversation from the bytes of `snapshot`. They are checked, not trusted.
    ///
    /// # Errors
    /// `BadTranscript`, and those of `new`.
    #[uniffi::constructor]
    pub fn resume(
        snapshot: Vec<u8>,
        config: Config,
        capacity_bytes: u64,
    ) -> Result<Arc<Self>, ZerostackError> {
        let used = snapshot.len();
        let storage = Growing::from_vec(snapshot, size(capacity_bytes));
        let core = CoreSession::resume(storage, used, config.to_core()?)
            .map_err(|error| ZerostackError::of_config(error, &config))?;
        Ok(Self::of(core))
    }

    /// Continues a conversation from JSON Lines, written by `json_lines` or by a person.
    ///
    /// # Errors
    /// `BadLine`: the message has the line and what is wrong with it. `Full`, and those of `new`.
    #[uniffi::constructor]
    pub fn from_json_lines(
        lines: &[u8],
        config: Config,
        capacity_bytes: u64,
    ) -> Result<Arc<Self>, ZerostackError> {
        let mut reader = JsonLinesReader::new(Growing::new(size(capacity_bytes)))?;
        // The line feed that the last line may lack: `finish` could not say why it is refused.
        for part in [lines, b"\n"] {
            reader.push(part).map_err(|error| ZerostackError::of_line(error, reader.fault()))?;
        }
        let (storage, used) = reader.finish()?;
        let core = CoreSession::resume(storage, used, config.to_core()?)
            .map_err(|error| ZerostackError::of_config(error, &config))?;
        Ok(Self::of(core))
    }

    /// What to do now.
    pub fn step(&self) -> Step {
        self.lock().step().into()
    }

    /// The conversation as plain versioned bytes, for `resume`. It does not include the reply being
    /// received.
    pub fn snapshot(&self) -> Vec<u8> {
        self.lock().snapshot().to_vec()
    }

    /// All parts, oldest first.
    pub fn transcript(&self) -> Vec<Entry> {
        self.lock().transcript().entries().map(transcript::Entry::from).collect()
    }

    /// The model's last answer: the text of the reply at the end of the conversation.
    pub fn answer(&self) -> String {
        self.lock().transcript().answer().collect()
    }

    /// Its JSON, without white space and a fence around it, for a response schema.
    pub fn answer_json(&self) -> String {
        self.lock().answer_json().to_owned()
    }

    /// Changes the configuration from the next turn on: other tools, other options, another model.
    ///
    /// # Errors
    /// `WrongStep` outside `Idle`, and those of `new`; nothing changed.
    pub fn set_config(&self, config: Config) -> Result<(), ZerostackError> {
        let core = config.to_core()?;
        self.change()
            .set_config(core)
            .map(drop)
            .map_err(|error| ZerostackError::of_config(error, &config))
    }

    /// The same as JSON Lines, one part a line, for people and for `from_json_lines`.
    pub fn json_lines(&self) -> Vec<u8> {
        let session = self.lock();
        let mut lines = session.transcript().json_lines();
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = lines.read(&mut buffer);
            match buffer.get(..count) {
                Some(read) if count > 0 => bytes.extend_from_slice(read),
                _ => return bytes,
            }
        }
    }

    /// Tokens of the turn, as the provider counted them, all its rounds together.
    pub fn usage(&self) -> Usage {
        self.lock().usage().into()
    }

    /// Tokens of the next request.
    pub fn window_tokens(&self) -> WindowTokens {
        let tokens = self.lock().window_tokens();
        WindowTokens { measured: tokens.measured, estimated: tokens.estimated }
    }

    /// Whether the current request is the session's own, for a summary.
    pub fn is_compacting(&self) -> bool {
        self.lock().is_compacting()
    }

    /// The provider's own stop reason; empty until it sends one.
    pub fn raw_stop_reason(&self) -> String {
        self.lock().raw_stop_reason().to_owned()
    }

    /// Whether the reply is complete, so that the rest of the body need not be read.
    pub fn is_reply_complete(&self) -> bool {
        self.lock().is_reply_complete()
    }

    /// Why the last turn failed, or the last attempt of this one; nothing after a good reply.
    pub fn failure(&self) -> Option<Failure> {
        self.lock().failure().map(Failure::from)
    }

    /// The field of the profile that the server has refused in the last attempt, after `Restart`:
    /// later requests omit it.
    pub fn switched_off(&self) -> Option<String> {
        self.lock().switched_off().map(|field| field.name().to_owned())
    }

    /// All tool calls without an answer, in the order of the model.
    pub fn pending_calls(&self) -> Vec<ToolCall> {
        self.lock().pending_calls().map(ToolCall::from).collect()
    }

    /// Adds the user's text and starts a turn.
    ///
    /// # Errors
    /// `Full`: nothing was added. `WrongStep`.
    pub fn user(&self, text: String) -> Result<(), ZerostackError> {
        Ok(self.change().user(&text)?)
    }

    /// Adds an instruction for the model besides the user's text: another mode, other skills,
    /// another prompt. It starts no turn.
    ///
    /// # Errors
    /// `Full`: nothing was added. `WrongStep` outside `Idle`.
    pub fn instruct(&self, text: String) -> Result<(), ZerostackError> {
        Ok(self.change().instruct(&text)?)
    }

    /// The request of this step. Another call returns the same bytes.
    ///
    /// # Errors
    /// `MissingAttachment` when it needs bytes of attachments, see `begin_request`; `WrongStep`.
    pub fn request(&self) -> Result<Request, ZerostackError> {
        let session = self.lock();
        let mut request = session.request()?;
        let mut body = vec![0; request.body_len()];
        let written = request.read(&mut body);
        debug_assert_eq!(written, body.len());
        Ok(Request { body, ..Request::head(&request) })
    }

    /// The head of the response arrived, with any status. `retry_after_ms` is the wait that the
    /// server asks for, if any.
    ///
    /// # Errors
    /// `WrongStep`.
    pub fn begin_response(
        &self,
        status: u16,
        retry_after_ms: Option<u32>,
    ) -> Result<(), ZerostackError> {
        Ok(self.change().begin_response(status, retry_after_ms)?)
    }

    /// Takes bytes of the body, split anywhere, and returns all events. It stops at an event that
    /// ends the step; the rest of the bytes belongs to a removed reply.
    ///
    /// If the turn fails, `fault` has the reason, after the events before the failure.
    ///
    /// # Errors
    /// `WrongStep`.
    pub fn feed(&self, chunk: &[u8]) -> Result<Fed, ZerostackError> {
        let mut session = self.change();
        let mut events = Vec::new();
        let mut rest = chunk;
        loop {
            match session.feed(rest) {
                Ok(fed) => {
                    events.extend(fed.event.map(Event::from));
                    rest = rest.get(fed.used..).unwrap_or_default();
                }
                Err(error) if error.kind() == zerostack_core::ErrorKind::WrongStep => {
                    return Err(error.into());
                }
                Err(error) => return Ok(Fed { events, fault: Some(error.into()) }),
            }
            if rest.is_empty() || session.step() != zerostack_core::Step::Receive {
                return Ok(Fed { events, fault: None });
            }
        }
    }

    /// The body ended, or the connection broke, or the caller stops reading after
    /// `is_reply_complete`. In the step `Send` it means that there was no response. Returns `End`,
    /// or `Restart` if the request must be sent again, after the step `Wait` or `MakeRoom`;
    /// `Recovered` if calls were found in the text: then the step is still `Receive`, and the next
    /// call returns the end.
    ///
    /// # Errors
    /// The turn failed, and `failure` has the details: `Status`, `Cut`, `BadResponse`, `Truncated`,
    /// `Unreachable`; or `WrongStep`.
    pub fn end_response(&self) -> Result<Event, ZerostackError> {
        Ok(self.change().end_response()?.into())
    }

    /// Answers one call, in any order; returns the bytes that were left out of the middle
    /// because of `max_result_bytes`.
    ///
    /// # Errors
    /// `UnknownCall` for an id that is not pending; `Full`: nothing was added; `Limit` when the
    /// turn has no round left; `WrongStep`.
    pub fn tool_result(
        &self,
        id: u32,
        content: String,
        is_error: bool,
    ) -> Result<u32, ZerostackError> {
        let id = CallId::from_number(id);
        Ok(self.change().tool_result(ToolResult { id, content: &content, is_error })?)
    }

    /// The wait is over.
    ///
    /// # Errors
    /// `WrongStep`.
    pub fn retry(&self) -> Result<(), ZerostackError> {
        Ok(self.change().retry()?)
    }

    /// Ends the turn now, in any step. The current reply is removed, and open calls get the result
    /// "aborted".
    pub fn abort(&self) {
        self.change().abort();
    }

    /// Sets how long the turn has taken so far, by the caller's clock; in any step.
    ///
    /// # Errors
    /// `Limit` if that reaches `max_turn_ms`: the turn was ended, as by `abort`.
    pub fn set_turn_elapsed_ms(&self, turn_ms: u32) -> Result<(), ZerostackError> {
        Ok(self.change().set_turn_elapsed_ms(turn_ms)?)
    }

    /// Marks the current end of the conversation, without the reply being received.
    pub fn checkpoint(&self) -> Arc<Checkpoint> {
        Arc::new(Checkpoint { core: self.lock().checkpoint() })
    }

    /// Removes everything added since `checkpoint` was made, in any step; an open turn ends.
    ///
    /// # Errors
    /// `StaleCheckpoint` when room was made since, or its place no longer exists; nothing changed.
    pub fn rollback(&self, checkpoint: &Checkpoint) -> Result<(), ZerostackError> {
        Ok(self.change().rollback(checkpoint.core)?)
    }

    /// The same conversation in a separate session, to continue it independently. Another model,
    /// another provider and other tools are allowed.
    ///
    /// # Errors
    /// `Full` when `capacity_bytes` is too little, and those of `new`.
    pub fn fork(&self, config: Config, capacity_bytes: u64) -> Result<Arc<Self>, ZerostackError> {
        let storage = Growing::new(size(capacity_bytes));
        let core = config.to_core()?;
        let forked = self.lock().fork(storage, core);
        let core = forked.map_err(|error| ZerostackError::of_config(error, &config))?;
        Ok(Self::of(core))
    }

    /// Makes room by the configuration's `room`, and returns the result: `Truncated`, or
    /// `Compacting` if the model is asked for a summary first.
    ///
    /// # Errors
    /// `Full` or `WindowTooLong` if nothing more can be removed: the turn failed. `WrongStep`
    /// outside `MakeRoom`, and with the policy `Ask`.
    pub fn make_room(&self) -> Result<Event, ZerostackError> {
        Ok(self.change().make_room()?.into())
    }

    /// Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
    /// `keep_turns` stay, and always the running one.
    ///
    /// # Errors
    /// `Full` when the summary does not fit; nothing changed. `WrongStep`.
    pub fn compact(&self, summary: String, keep_turns: u32) -> Result<(), ZerostackError> {
        Ok(self.change().compact(&summary, size(keep_turns.into()))?)
    }

    /// Removes the oldest exchange. Returns the number of freed bytes.
    ///
    /// # Errors
    /// `Full` or `WindowTooLong` if nothing more can be removed; in the step `MakeRoom` the
    /// turn failed. `WrongStep`.
    pub fn drop_oldest(&self) -> Result<u64, ZerostackError> {
        Ok(self.change().drop_oldest()? as u64)
    }
}

impl Request {
    /// All but the body.
    pub(crate) fn head(request: &zerostack_core::Request<'_>) -> Self {
        let headers = request.headers().iter();
        let headers =
            headers.map(|&(name, value)| Header { name: name.into(), value: value.into() });
        let (method, path) = (request.method().to_owned(), request.path_parts().concat());
        Self { method, path, headers: headers.collect(), body: Vec::new() }
    }
}

impl Session {
    fn of(core: CoreSession<OwnedConfig, Growing>) -> Arc<Self> {
        Arc::new(Self { core: Mutex::new(core), changes: AtomicU64::new(0) })
    }

    /// The session, for a call that may change it.
    pub(crate) fn change(&self) -> MutexGuard<'_, CoreSession<OwnedConfig, Growing>> {
        let session = self.lock();
        self.changes.fetch_add(1, Ordering::Relaxed);
        session
    }

    /// The session, and how often it may have changed.
    pub(crate) fn look(&self) -> (MutexGuard<'_, CoreSession<OwnedConfig, Growing>>, u64) {
        let session = self.lock();
        let changes = self.changes.load(Ordering::Relaxed);
        (session, changes)
    }

    /// A call that panicked left only whole records: the core writes after it has reserved.
    pub(crate) fn lock(&self) -> MutexGuard<'_, CoreSession<OwnedConfig, Growing>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number from outside as a size of this machine.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
