//! `Session`: the state machine of one conversation.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use zerostack_core as core;
use zerostack_core::Step;

use crate::attachments::{Hashed, Hashes};
use crate::bytes::bytes_of;
use crate::config::{Limits, ToolSpec};
use crate::error::not_pickled;
use crate::held::{Held, OwnedSession};
use crate::message::{self, Checkpoint, Entry, Failure, Request, ToolCall, Usage, WindowTokens};
use crate::{
    attachments, enums, feed, json_lines, number, open, options, profile, request, request_options,
};

/// One conversation with a model: the state machine that a runtime drives.
///
/// Ask `step` what to do, do it, ask again. A call that does not fit the step raises `WrongStep`
/// and changes nothing. The session does no I/O, and any HTTP client will do:
///
/// | step | what the caller does |
/// |---|---|
/// | `IDLE` | `user()`, or stop |
/// | `SEND` | send `request()`, then `begin_response()` |
/// | `RECEIVE` | `feed()` the body, then `end_response()` |
/// | `RUN_TOOLS` | answer each of `pending_calls()` by `tool_result()` |
/// | `WAIT` | sleep for `wait_ms`, then `retry()` |
/// | `MAKE_ROOM` | `make_room()`; or `compact()`, `drop_oldest()` |
///
/// A session may go from thread to thread, but a second thread that uses it at the same time gets
/// `Busy`. `dialect` is a `Dialect` or its name, `model` the model's name, `system` the system
/// prompt, `tools` are functions or `ToolSpec`s, `limits` bounds a turn and what is sent.
/// `tool_mode` is how the model calls tools, `output_limit_key` the name under which OpenAI chat
/// receives the limit of a reply; `profile` is what the server refuses or demands beyond its dialect: a
/// mapping of fields, or a text such as `"mistral,stream=false"`; `call_deltas=True` shows the arguments of
/// calls while they come in (`ToolCallDelta`); `counting` is what counts tokens until the provider has:
/// `"estimate"`, `"o200k"`, `"cl100k"` or `"rough"` (four bytes a token); `capacity_bytes` is the
/// most that the transcript may take.
///
/// `temperature` to `extra` are the options of requests: numbers, strings, a list of strings for
/// `stop`, `True` or `False` for `parallel_tool_calls`, JSON as a string or a mapping for
/// `response_schema` and `extra`. `UnsupportedOption` names one that the dialect has no field for,
/// `BadOption` one that is out of range.
#[pyclass(frozen, module = "zerostack", weakref)]
pub struct Session {
    pub(crate) held: Held,
}

#[pymethods]
impl Session {
    #[new]
    #[pyo3(
        signature = (dialect, model, **options),
        text_signature = "(dialect, model, *, system=None, tools=None, limits=None, tool_mode=None, output_limit_key=None, profile=None, call_deltas=None, counting=None, temperature=None, top_p=None, top_k=None, frequency_penalty=None, presence_penalty=None, seed=None, stop=None, reasoning_effort=None, tool_choice=None, parallel_tool_calls=None, service_tier=None, user=None, cache_ttl=None, response_schema=None, extra=None, capacity_bytes=None)"
    )]
    fn new(
        dialect: &Bound<'_, PyAny>,
        model: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Ok(Self { held: open::new(dialect, model, options)? })
    }

    /// Continues a conversation from the bytes of `snapshot()`. They are checked, not trusted:
    /// `BadTranscript` has the place of a fault. The step is the one of the saved session.
    /// The other arguments are those of `Session`.
    #[staticmethod]
    #[pyo3(
        signature = (snapshot, dialect, model, **options),
        text_signature = "(snapshot, dialect, model, *, system=None, tools=None, limits=None, tool_mode=None, output_limit_key=None, profile=None, call_deltas=None, counting=None, temperature=None, top_p=None, top_k=None, frequency_penalty=None, presence_penalty=None, seed=None, stop=None, reasoning_effort=None, tool_choice=None, parallel_tool_calls=None, service_tier=None, user=None, cache_ttl=None, response_schema=None, extra=None, capacity_bytes=None)"
    )]
    fn resume(
        snapshot: &Bound<'_, PyAny>,
        dialect: &Bound<'_, PyAny>,
        model: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Ok(Self { held: open::resume(snapshot, dialect, model, options)? })
    }

    /// Continues a conversation from the JSON Lines of `json_lines()`, or written by hand: text, or
    /// bytes in UTF-8. `BadLine` names the wrong line and the reason.
    #[staticmethod]
    #[pyo3(
        signature = (lines, dialect, model, **options),
        text_signature = "(lines, dialect, model, *, system=None, tools=None, limits=None, tool_mode=None, output_limit_key=None, profile=None, call_deltas=None, counting=None, temperature=None, top_p=None, top_k=None, frequency_penalty=None, presence_penalty=None, seed=None, stop=None, reasoning_effort=None, tool_choice=None, parallel_tool_calls=None, service_tier=None, user=None, cache_ttl=None, response_schema=None, extra=None, capacity_bytes=None)"
    )]
    fn from_json_lines(
        lines: &Bound<'_, PyAny>,
        dialect: &Bound<'_, PyAny>,
        model: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Ok(Self { held: open::read_lines(lines, dialect, model, options)? })
    }

    // Looking.

    /// What to do now. Cheap, and the same until it is done.
    #[getter]
    fn step(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        enums::step(py, self.held.look(py, OwnedSession::step)?)
    }

    /// How long to wait in the step `WAIT`, in milliseconds; else 0.
    #[getter]
    fn wait_ms(&self, py: Python<'_>) -> PyResult<u32> {
        self.held.look(py, |session| match session.step() {
            Step::Wait { millis } => millis,
            _ => 0,
        })
    }

    /// Bytes of the transcript's storage that are missing in the step `MAKE_ROOM`; else 0.
    #[getter]
    fn missing_bytes(&self, py: Python<'_>) -> PyResult<u32> {
        self.held.look(py, |session| match session.step() {
            Step::MakeRoom { bytes, .. } => bytes,
            _ => 0,
        })
    }

    /// All parts, oldest first; in the step `RECEIVE` also the part of the reply received so far.
    #[getter]
    fn transcript(&self, py: Python<'_>) -> PyResult<Vec<Py<Entry>>> {
        self.held.look(py, |session| {
            let entries = session.transcript().entries();
            entries.filter_map(|entry| message::entry(py, entry).transpose()).collect()
        })?
    }

    /// The model's last answer: the text of the reply at the end of the conversation.
    #[getter]
    fn answer(&self, py: Python<'_>) -> PyResult<String> {
        self.held.look(py, |session| session.transcript().answer().collect())
    }

    /// Its JSON, without white space and a fence around it, for `response_schema`.
    #[getter]
    fn answer_json(&self, py: Python<'_>) -> PyResult<String> {
        self.held.look(py, |session| session.answer_json().to_owned())
    }

    /// Tokens of the turn, as the provider counted them, all its rounds together.
    #[getter]
    fn usage(&self, py: Python<'_>) -> PyResult<Usage> {
        self.held.look(py, |session| session.usage().into())
    }

    /// Tokens of the next request: the provider's count, and the session's count of the rest.
    #[getter]
    fn window_tokens(&self, py: Python<'_>) -> PyResult<WindowTokens> {
        self.held.look(py, |session| session.window_tokens().into())
    }

    /// Whether the current request is the session's own: it asks for a summary, and its reply is
    /// not shown.
    #[getter]
    fn is_compacting(&self, py: Python<'_>) -> PyResult<bool> {
        self.held.look(py, OwnedSession::is_compacting)
    }

    /// The provider's own stop reason; empty until it sends one.
    #[getter]
    fn raw_stop_reason(&self, py: Python<'_>) -> PyResult<String> {
        self.held.look(py, |session| session.raw_stop_reason().to_owned())
    }

    /// Whether the reply is complete, so that the rest of the body need not be read.
    #[getter]
    fn is_reply_complete(&self, py: Python<'_>) -> PyResult<bool> {
        self.held.look(py, OwnedSession::is_reply_complete)
    }

    /// Why the last turn failed, or the last attempt of this one; `None` after a good reply.
    #[getter]
    fn failure(&self, py: Python<'_>) -> PyResult<Option<Failure>> {
        message::failure(py, &self.held)
    }

    /// The dialect that is spoken.
    #[getter]
    fn dialect(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        enums::dialect(py, self.held.look(py, |session| session.config().dialect)?)
    }

    /// The model, as the provider names it.
    #[getter]
    fn model(&self, py: Python<'_>) -> PyResult<String> {
        self.held.look(py, |session| session.config().model.clone())
    }

    /// The system prompt.
    #[getter]
    fn system(&self, py: Python<'_>) -> PyResult<String> {
        self.held.look(py, |session| session.config().system.clone())
    }

    /// The tools that the model may call.
    #[getter]
    fn tools(&self, py: Python<'_>) -> PyResult<Vec<ToolSpec>> {
        self.held.look(py, |session| {
            session.config().tools.iter().map(|tool| ToolSpec::of(py, tool)).collect()
        })
    }

    /// How the tools are described to the model, and how it calls them.
    #[getter]
    fn tool_mode(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        enums::tool_mode(py, self.held.look(py, |session| session.config().tool_mode)?)
    }

    /// The options of requests that are set: a new `dict` of the keyword arguments.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.held.look(py, |session| request_options::dict(py, &session.config().options))?
    }

    /// The key under which OpenAI chat receives `max_output_tokens`.
    #[getter]
    fn output_limit_key(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let key = self.held.look(py, |session| session.config().output_limit_key)?;
        enums::output_limit_key(py, key)
    }

    /// The profile of the next request: a new `dict` of the fields that are set.
    #[getter]
    fn profile<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.held.look(py, |session| profile::dict(py, &session.profile()))?
    }

    /// The field of the profile that the server has refused in the last attempt, after `Restart`, or
    /// `None`: later requests omit it.
    #[getter]
    fn switched_off(&self, py: Python<'_>) -> PyResult<Option<&'static str>> {
        self.held.look(py, |session| session.switched_off().map(|field| field.name()))
    }

    /// The numbers.
    #[getter]
    fn limits(&self, py: Python<'_>) -> PyResult<Limits> {
        self.held.look(py, |session| Limits { core: session.config().limits })
    }

    /// All tool calls without an answer, in the order of the model.
    fn pending_calls(&self, py: Python<'_>) -> PyResult<Vec<ToolCall>> {
        self.held.look(py, |session| {
            session.pending_calls().map(|call| message::tool_call(py, call)).collect()
        })
    }

    /// The conversation as plain versioned bytes, for `resume()`. It does not include the reply
    /// being received.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.held.look(py, |session| PyBytes::new(py, session.snapshot()))
    }

    /// The conversation as JSON Lines, one part a line, for people, `grep` and scripts.
    /// `from_json_lines()` reads them again.
    fn json_lines(&self, py: Python<'_>) -> PyResult<String> {
        self.held.look(py, json_lines::write)
    }

    // The turn, in order.

    /// Adds the user's text and starts a turn. `IDLE` to `SEND`. With `Full` nothing was added.
    ///
    /// `attachments` are `Attachment`s; `BadAttachment` and `UnsupportedAttachment` name the first
    /// that cannot be sent.
    #[pyo3(signature = (text, attachments=None))]
    fn user(
        &self,
        py: Python<'_>,
        text: &Bound<'_, PyAny>,
        attachments: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let text = enums::text("text", text)?;
        let given = attachments::Given::of(attachments)?;
        self.held.act(py, "user", |session| session.user_with(&text, &given.core()))
    }

    /// Adds an instruction for the model besides the user's text: another mode, other skills,
    /// another prompt. Earlier messages stay unchanged, so the provider's cache keeps hitting. It
    /// starts no turn. With `Full` nothing was added.
    fn instruct(&self, py: Python<'_>, text: &Bound<'_, PyAny>) -> PyResult<()> {
        let text = enums::text("text", text)?;
        self.held.act(py, "instruct", |session| session.instruct(&text))
    }

    /// Sets the form of the answers from the next turn on: JSON Schema as the keyword
    /// `response_schema` takes it, or `None` for plain text. `WrongStep` while a turn is open.
    fn set_response_schema(&self, py: Python<'_>, schema: &Bound<'_, PyAny>) -> PyResult<()> {
        let schema = request_options::response_schema(schema)?;
        self.held.configure(py, "set_response_schema", |it| it.options.response_schema = schema)
    }

    /// The tools that the model may call from the next turn on, as the keyword `tools` takes them.
    /// `WrongStep` while a turn is open.
    fn set_tools(&self, py: Python<'_>, tools: &Bound<'_, PyAny>) -> PyResult<()> {
        let tools = options::tools(tools)?;
        self.held.configure(py, "set_tools", |config| config.tools = tools)
    }

    /// The request of this step; another call returns the same bytes.
    ///
    /// `read` supplies the bytes of attachments: it is called with number, offset and size, and
    /// returns exactly that many bytes. `MissingAttachment` if one is needed and there is no
    /// `read`.
    #[pyo3(signature = (read=None))]
    fn request(&self, py: Python<'_>, read: Option<&Bound<'_, PyAny>>) -> PyResult<Request> {
        self.held.look(py, |session| request::of(py, session, read))?
    }

    /// The length of the request's body, and the body as a tape has it: `sha1:` and a hash, which `hashes`
    /// has for each attachment's number, in place of the bytes of a file. It reads no file.
    fn body_with_hashes(&self, py: Python<'_>, hashes: Hashes) -> PyResult<Hashed> {
        self.held.look(py, |session| attachments::hashed(py, session, &hashes))?
    }

    /// Replaces each attachment whose bytes `request` would need by a line that describes it: for a
    /// conversation that continues without them. Returns how many there are.
    fn leave_out_attachments(&self, py: Python<'_>) -> PyResult<usize> {
        self.held.act(py, "leave_out_attachments", OwnedSession::leave_out_attachments)
    }

    /// The head of the response arrived, with any status. `SEND` to `RECEIVE`: the body of a
    /// refusal decides about another attempt. `retry_after_ms` is the wait that the server asks
    /// for, if any.
    #[pyo3(signature = (status, retry_after_ms=None))]
    fn begin_response(
        &self,
        py: Python<'_>,
        status: &Bound<'_, PyAny>,
        retry_after_ms: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let status = number::number("status", status, 999)?;
        let wish = number::saturated("retry_after_ms", retry_after_ms)?;
        self.held.act(py, "begin_response", |session| session.begin_response(status, wish))
    }

    /// Takes all bytes of a chunk of the body, split anywhere, even inside a character, and returns
    /// their events. Bytes after the end of the reply are used and ignored.
    ///
    /// The last event is `Restart` if the reply was interrupted: it is removed, the step is no
    /// longer `RECEIVE`, and it will be requested again.
    ///
    /// If the reply cannot be used, `BadResponse`, `Full`, `TooLong` or `Limit` is raised, and its
    /// `events` are those before the fault. Then the turn failed, or `step` is `MAKE_ROOM` if room
    /// can be made.
    fn feed<'py>(
        &self,
        py: Python<'py>,
        chunk: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        feed::events(py, &self.held, &bytes_of("chunk", chunk)?)
    }

    /// The body ended, or the connection broke, or the caller stops reading after
    /// `is_reply_complete`. Here the reply is judged: `RECEIVE` leads to `RUN_TOOLS` or `IDLE` with
    /// `End`, or with `Restart` to `WAIT`, or to `MAKE_ROOM` when the provider refused the request
    /// as too long. In the step `SEND` it means that there was no response.
    ///
    /// After `Recovered` the step is still `RECEIVE`, and the next call returns the end.
    ///
    /// Raises why the turn failed: `ProviderStatus`, `Cut`, `BadResponse`, `ReplyTruncated`,
    /// `Unreachable`.
    fn end_response(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        message::event(py, self.held.act(py, "end_response", OwnedSession::end_response)?)
    }

    /// Answers one call, in any order; returns the number of bytes left out of the middle because
    /// of `max_result_bytes`. After the last one the step is `SEND`.
    ///
    /// Raises `UnknownCall` for an id that is not pending, `Limit` when the turn has no round left,
    /// `BadAttachment` and `UnsupportedAttachment` for `attachments` that cannot be sent.
    #[pyo3(signature = (id, content, is_error=false, attachments=None))]
    fn tool_result(
        &self,
        py: Python<'_>,
        id: &Bound<'_, PyAny>,
        content: &Bound<'_, PyAny>,
        is_error: bool,
        attachments: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u32> {
        let id = core::CallId::from_number(number::number("id", id, u32::MAX.into())?);
        let content = enums::text("content", content)?;
        let given = attachments::Given::of(attachments)?;
        let result = core::ToolResult { id, content: &content, is_error };
        self.held.act(py, "tool_result", |it| it.tool_result_with(result, &given.core()))
    }

    /// The wait is over. `WAIT` to `SEND`.
    fn retry(&self, py: Python<'_>) -> PyResult<()> {
        self.held.act(py, "retry", OwnedSession::retry)
    }

    /// Ends the turn now, in any step. The current reply is removed, and open calls get the result
    /// "aborted".
    fn abort(&self, py: Python<'_>) -> PyResult<()> {
        self.held.act(py, "abort", |session| {
            session.abort();
            Ok(())
        })
    }

    /// Sets how long the turn has taken so far, by the caller's clock. Raises `Limit` if that
    /// reaches `max_turn_ms`: the turn was ended, as by `abort()`.
    fn set_turn_elapsed_ms(&self, py: Python<'_>, turn_ms: &Bound<'_, PyAny>) -> PyResult<()> {
        let turn_ms = number::saturated("turn_ms", Some(turn_ms))?.unwrap_or_default();
        self.held.act(py, "set_turn_elapsed_ms", |session| session.set_turn_elapsed_ms(turn_ms))
    }

    // Rolling back, and forking.

    /// Marks the current end of the conversation, without the reply being received.
    fn checkpoint(&self, py: Python<'_>) -> PyResult<Checkpoint> {
        self.held.look(py, |session| Checkpoint { core: session.checkpoint() })
    }

    /// Removes everything added since `checkpoint` was made, in any step; an open turn ends.
    /// Raises `StaleCheckpoint` when room was made since, or its place no longer exists.
    fn rollback(&self, py: Python<'_>, checkpoint: &Bound<'_, Checkpoint>) -> PyResult<()> {
        let checkpoint = checkpoint.get().core;
        self.held.act(py, "rollback", |session| session.rollback(checkpoint))
    }

    /// The same conversation in a separate session, to continue it independently, as a subagent
    /// does. Arguments that are not given stay the same; another model, provider and other tools
    /// are allowed. Open calls are open there too.
    #[pyo3(
        signature = (*, dialect=None, model=None, **options),
        text_signature = "($self, *, dialect=None, model=None, system=None, tools=None, limits=None, tool_mode=None, output_limit_key=None, profile=None, call_deltas=None, counting=None, temperature=None, top_p=None, top_k=None, frequency_penalty=None, presence_penalty=None, seed=None, stop=None, reasoning_effort=None, tool_choice=None, parallel_tool_calls=None, service_tier=None, user=None, cache_ttl=None, response_schema=None, extra=None, capacity_bytes=None)"
    )]
    fn fork(
        &self,
        py: Python<'_>,
        dialect: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Ok(Self { held: open::fork(py, &self.held, dialect, model, options)? })
    }

    // Room.

    /// Makes room by the policy `Limits.room`, down to the low mark, and returns the result:
    /// `Truncated`, or `Compacting` if the model is asked for a summary first. Afterwards ask for
    /// the step again. Raises `Full` or `WindowTooLong` if nothing more can be removed: the turn
    /// failed.
    fn make_room(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        message::event(py, self.held.act(py, "make_room", OwnedSession::make_room)?)
    }

    /// Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
    /// `keep_turns` stay, and always the running one.
    #[pyo3(signature = (summary, keep_turns))]
    fn compact(
        &self,
        py: Python<'_>,
        summary: &Bound<'_, PyAny>,
        keep_turns: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let summary = enums::text("summary", summary)?;
        let keep_turns = number::number("keep_turns", keep_turns, u32::MAX.into())?;
        self.held.act(py, "compact", |session| session.compact(&summary, keep_turns))
    }

    /// Removes the oldest exchange: the oldest turn, or the oldest round of the running turn.
    /// Returns the bytes that this freed.
    fn drop_oldest(&self, py: Python<'_>) -> PyResult<usize> {
        self.held.act(py, "drop_oldest", OwnedSession::drop_oldest)
    }

    // The end.

    /// Frees the conversation. Any other call then raises `Closed`.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        *self.held.lock(py)? = None;
        Ok(())
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        self.close(py)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled())
    }

    fn __repr__(&self) -> String {
        self.held.to_string()
    }
}
