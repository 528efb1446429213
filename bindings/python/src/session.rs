//! `Session`: the state machine of one conversation.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use zerostack_core as core;
use zerostack_core::Step;

use crate::bytes::bytes_of;
use crate::config::{Limits, ToolSpec};
use crate::error::{Said, closed, raised_in};
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
/// A session may go from thread to thread, but two threads that use it at once are told so by
/// `Busy`. `dialect` is a `Dialect` or its name, `model` the model's name, `system` the system
/// prompt, `tools` are functions or `ToolSpec`s, `limits` bounds a turn and what is sent.
/// `tool_mode` is how the model calls tools, `output_limit_key` the name under which OpenAI chat is
/// told the limit of a reply; `profile` is what the server refuses or demands beyond its dialect: a
/// mapping of fields, or a text such as `"mistral,stream=false"`; `call_deltas=True` shows the arguments of
/// calls while they come in (`ToolCallDelta`); `counting` is what counts tokens until the provider has:
/// `"estimate"`, `"o200k"`, `"cl100k"` or `"rough"` (four bytes a token); `capacity_bytes` is the
/// most that the transcript may take.
///
/// `temperature` to `extra` are what requests say beside the conversation: numbers, texts, a list of
/// texts for `stop`, `True` or `False` for `parallel_tool_calls`, JSON as a text or a mapping for
/// `response_schema` and `extra`. `UnsupportedOption` names one that the dialect has no field for,
/// `BadOption` one that is out of range.
#[pyclass(frozen, module = "zerostack", weakref)]
pub struct Session {
    held: Held,
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
        open::new(dialect, model, options).map(Self::holding)
    }

    /// Goes on with a conversation from the bytes that `snapshot()` gave. They are checked, not
    /// trusted: `BadTranscript` says where they are wrong. The step is the one that the saved session
    /// was in. The other arguments are those of `Session`.
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
        open::resume(snapshot, dialect, model, options).map(Self::holding)
    }

    /// Goes on with a conversation from the JSON Lines that `json_lines()` gave, or that somebody
    /// wrote: text, or bytes in UTF-8. `BadLine` says which line is wrong, and why.
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
        open::read_lines(lines, dialect, model, options).map(Self::holding)
    }

    // Looking.

    /// What to do now. Cheap, and the same until something is done.
    #[getter]
    fn step(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let step = self.held.look(py, OwnedSession::step)?;
        enums::step(py, step)
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

    /// All that was said, oldest first; in the step `RECEIVE` also the part of the reply received so far.
    #[getter]
    fn transcript(&self, py: Python<'_>) -> PyResult<Vec<Py<Entry>>> {
        self.held.look(py, |session| {
            let entries = session.transcript().entries();
            entries.filter_map(|entry| message::entry(py, entry).transpose()).collect()
        })?
    }

    /// What the model said last: the text of the reply that the conversation ends with.
    #[getter]
    fn answer(&self, py: Python<'_>) -> PyResult<String> {
        self.held.look(py, |session| session.transcript().answer().collect())
    }

    /// The JSON of that, without white space and a fence around it; what `response_schema` asks for.
    #[getter]
    fn answer_json(&self, py: Python<'_>) -> PyResult<String> {
        self.held.look(py, |session| session.answer_json().to_owned())
    }

    /// Tokens of the turn, as the provider counted them, all its rounds together.
    #[getter]
    fn usage(&self, py: Python<'_>) -> PyResult<Usage> {
        self.held.look(py, |session| session.usage().into())
    }

    /// Tokens of what would be sent now: what the provider counted, and what the session counts on
    /// top of it.
    #[getter]
    fn window_tokens(&self, py: Python<'_>) -> PyResult<WindowTokens> {
        let tokens = self.held.look(py, OwnedSession::window_tokens)?;
        Ok(WindowTokens { measured: tokens.measured, estimated: tokens.estimated })
    }

    /// Whether what goes on now is the session's own: it asks for a summary, and what comes is not
    /// shown.
    #[getter]
    fn is_compacting(&self, py: Python<'_>) -> PyResult<bool> {
        self.held.look(py, OwnedSession::is_compacting)
    }

    /// The provider's own word for why it stopped; empty until it gives one.
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
        let failure = self.held.look(py, |session| {
            session.failure().map(|failure| (failure.error, Said::from(failure), session.step()))
        })?;
        Ok(failure.map(|(error, said, step)| {
            let exception = raised_in(py, error, "end_response", step, &said, None);
            Failure {
                error: exception.into_value(py).into_any(),
                code: PyString::new(py, &said.code).unbind(),
                message: PyString::new(py, &said.message).unbind(),
                status: said.status,
            }
        }))
    }

    /// The dialect that is spoken.
    #[getter]
    fn dialect(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let dialect = self.held.look(py, |session| session.config().dialect)?;
        enums::dialect(py, dialect)
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
        let text = |text: &str| PyString::new(py, text).unbind();
        self.held.look(py, |session| {
            let tools = session.config().tools.iter();
            tools
                .map(|tool| ToolSpec {
                    name: text(&tool.name),
                    description: text(&tool.description),
                    parameters: text(&tool.parameters),
                })
                .collect()
        })
    }

    /// How the tools are described to the model, and how it calls them.
    #[getter]
    fn tool_mode(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mode = self.held.look(py, |session| session.config().tool_mode)?;
        enums::tool_mode(py, mode)
    }

    /// What requests say beside the conversation, as far as it is set: a new `dict` of the keyword
    /// arguments.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let options = self.held.look(py, |session| session.config().options.clone())?;
        request_options::dict(py, &options)
    }

    /// The key under which OpenAI chat receives `max_output_tokens`.
    #[getter]
    fn output_limit_key(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let key = self.held.look(py, |session| session.config().output_limit_key)?;
        enums::output_limit_key(py, key)
    }

    /// What the server refuses or demands beyond its dialect, as the next request takes it: a new
    /// `dict` of the fields that are set.
    #[getter]
    fn profile<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let profile = self.held.look(py, |session| session.profile())?;
        profile::dict(py, &profile)
    }

    /// The field of the profile that the server has refused in the last attempt, after `Restart`, or
    /// `None`: what follows goes without it.
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

    /// The conversation as plain versioned bytes, for `resume()`. A reply that is coming in is not
    /// part of it yet.
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

    /// Says something to the model beside the user: another mode, other skills, another prompt.
    /// What was sent stays as it is, so the provider's cache goes on to serve. It starts no turn.
    /// With `Full` nothing was added.
    fn instruct(&self, py: Python<'_>, text: &Bound<'_, PyAny>) -> PyResult<()> {
        let text = enums::text("text", text)?;
        self.held.act(py, "instruct", |session| session.instruct(&text))
    }

    /// What the answers must be from the next turn on: JSON Schema as the keyword `response_schema`
    /// takes it, or `None` for plain text. `WrongStep` while a turn is open.
    fn set_response_schema(&self, py: Python<'_>, schema: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut options = self.held.look(py, |session| session.config().options.clone())?;
        options.response_schema = None;
        if !schema.is_none() {
            request_options::set(&mut options, "response_schema", schema)?;
        }
        self.held.act(py, "set_response_schema", |session| {
            let config = core::OwnedConfig { options, ..session.config().clone() };
            session.set_config(config).map(drop)
        })
    }

    /// The tools that the model may call from the next turn on, as the keyword `tools` takes them.
    /// `WrongStep` while a turn is open.
    fn set_tools(&self, py: Python<'_>, tools: &Bound<'_, PyAny>) -> PyResult<()> {
        let tools = options::tools(tools)?;
        self.held.act(py, "set_tools", |session| {
            let config = core::OwnedConfig { tools, ..session.config().clone() };
            session.set_config(config).map(drop)
        })
    }

    /// What to send in this step; asking again gives the same bytes.
    ///
    /// `read` gives the bytes of attachments: it is called with number, offset and size, and returns
    /// exactly so many bytes. `MissingAttachment` when one is needed and there is no `read`.
    #[pyo3(signature = (read=None))]
    fn request(&self, py: Python<'_>, read: Option<&Bound<'_, PyAny>>) -> PyResult<Request> {
        self.held.look(py, |session| request::of(py, session, read))?
    }

    /// From now on, a line of text says what each attachment was whose bytes `request` would need:
    /// for a conversation that goes on without them. Returns how many there are.
    fn leave_out_attachments(&self, py: Python<'_>) -> PyResult<usize> {
        let mut count = 0;
        self.held.act(py, "leave_out_attachments", |session| {
            count = session.leave_out_attachments()?;
            Ok(())
        })?;
        Ok(count)
    }

    /// The head of the response came, whatever its status. `SEND` to `RECEIVE`: the body of a
    /// refusal says whether it is worth another attempt. `retry_after_ms` is the server's wish, if
    /// it gave one.
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

    /// Takes bytes of the body, cut anywhere, even inside a character, all of them, and gives what
    /// came of it. Bytes after the end of the reply are used and ignored.
    ///
    /// The last event is `Restart` when the reply was broken: it is taken out, the step is not
    /// `RECEIVE` any more, and it will be asked for again.
    ///
    /// When the reply cannot be used, `BadResponse`, `Full`, `TooLong` or `Limit` is raised, and
    /// its `events` are those that came before. The turn failed then, or `step` is `MAKE_ROOM` when
    /// room can be made.
    fn feed<'py>(
        &self,
        py: Python<'py>,
        chunk: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let chunk = bytes_of("chunk", chunk)?;
        let mut held = self.held.lock(py)?;
        let session = held.as_mut().ok_or_else(|| closed(py))?;
        let events = PyList::empty(py);
        match feed::feed_all(session, &chunk, &events)? {
            Ok(()) => Ok(events),
            Err(error) => {
                let said = session.failure().map(Said::from).unwrap_or_default();
                Err(raised_in(py, error, "feed", session.step(), &said, Some(events)))
            }
        }
    }

    /// The body ended, or the connection broke, or the caller stops reading after
    /// `is_reply_complete`. Here the reply is judged: `RECEIVE` leads to `RUN_TOOLS` or `IDLE` with
    /// `End`, or with `Restart` to `WAIT`, or to `MAKE_ROOM` when the provider refused the request
    /// as too long. In the step `SEND` it says that no response came at all.
    ///
    /// After `Recovered` the step is still `RECEIVE`, and the next call gives the end.
    ///
    /// Raises why the turn failed: `ProviderStatus`, `Cut`, `BadResponse`, `ReplyTruncated`,
    /// `Unreachable`.
    fn end_response(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let mut event = None;
        self.held.act(py, "end_response", |session| {
            event = Some(session.end_response()?);
            Ok(())
        })?;
        event.map_or(Ok(None), |event| message::event(py, event))
    }

    /// Answers one call, in any order; gives the bytes that were left out of the middle because of
    /// `max_result_bytes`. After the last one the step is `SEND`.
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
        let mut left_out = 0;
        self.held.act(py, "tool_result", |session| {
            let result = core::ToolResult { id, content: &content, is_error };
            left_out = session.tool_result_with(result, &given.core())?;
            Ok(())
        })?;
        Ok(left_out)
    }

    /// The wait is over. `WAIT` to `SEND`.
    fn retry(&self, py: Python<'_>) -> PyResult<()> {
        self.held.act(py, "retry", OwnedSession::retry)
    }

    /// Ends the turn now, whatever the step. A reply that is coming in is taken out, open calls get
    /// the result "aborted".
    fn abort(&self, py: Python<'_>) -> PyResult<()> {
        self.held.act(py, "abort", |session| {
            session.abort();
            Ok(())
        })
    }

    /// Says that the turn has taken `turn_ms` so far, by the caller's clock. Raises `Limit` when
    /// that is all of `max_turn_ms`: the turn was ended, as by `abort()`.
    fn set_turn_elapsed_ms(&self, py: Python<'_>, turn_ms: &Bound<'_, PyAny>) -> PyResult<()> {
        let turn_ms = number::saturated("turn_ms", Some(turn_ms))?.unwrap_or_default();
        self.held.act(py, "set_turn_elapsed_ms", |session| session.set_turn_elapsed_ms(turn_ms))
    }

    // Going back, and apart.

    /// Marks the end of the conversation as it is now, without a reply that is coming in.
    fn checkpoint(&self, py: Python<'_>) -> PyResult<Checkpoint> {
        self.held.look(py, |session| Checkpoint { core: session.checkpoint() })
    }

    /// Removes everything added since `checkpoint` was made, in any step; an open turn ends.
    /// Raises `StaleCheckpoint` when room was made since, or its place is no longer there.
    fn rollback(&self, py: Python<'_>, checkpoint: &Bound<'_, Checkpoint>) -> PyResult<()> {
        let checkpoint = checkpoint.get().core;
        self.held.act(py, "rollback", |session| session.rollback(checkpoint))
    }

    /// The same conversation in a session of its own, to go on with it apart, as a subagent does.
    /// What is not given is as here; another model, provider and other tools are fine. Open calls
    /// are open there too.
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
        open::fork(py, &self.held, dialect, model, options).map(Self::holding)
    }

    // Room.

    /// Makes room as `Limits.room` says, down to the low mark, and says what it did: `Truncated`,
    /// or `Compacting` when the model is asked for a summary first. Ask for the step again
    /// afterwards. Raises `Full` or `WindowTooLong` when only what is needed is left: the turn
    /// failed.
    fn make_room(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let mut event = None;
        self.held.act(py, "make_room", |session| {
            event = Some(session.make_room()?);
            Ok(())
        })?;
        event.map_or(Ok(None), |event| message::event(py, event))
    }

    /// Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
    /// `keep_turns` stay, the running one always.
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

    /// Takes out the oldest exchange: the oldest turn, or the oldest round of the running turn.
    /// Gives the bytes that this freed.
    fn drop_oldest(&self, py: Python<'_>) -> PyResult<usize> {
        let mut freed = 0;
        self.held.act(py, "drop_oldest", |session| {
            freed = session.drop_oldest()?;
            Ok(())
        })?;
        Ok(freed)
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
        Err(PyTypeError::new_err(
            "a Session is not pickled or copied: keep its snapshot(), and resume() it where it is \
             needed",
        ))
    }

    fn __repr__(&self) -> String {
        self.held.to_string()
    }
}

impl Session {
    fn holding(session: OwnedSession) -> Self {
        Self { held: Held::new(session) }
    }
}
