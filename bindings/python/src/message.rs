//! Messages and events as Python values.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use zerostack_core as core;

use crate::enums;
use crate::error::{Said, raised, raised_in};
use crate::held::Held;
use crate::value::value_class;

value_class! {
    /// More of the answer. Whole characters only.
    pub struct TextDelta {
        /// The text.
        text: Py<PyString>,
    }
}

value_class! {
    /// More of the model's reasoning. Whole characters only.
    pub struct ThinkingDelta {
        /// The text.
        text: Py<PyString>,
    }
}

value_class! {
    /// More of a refusal, if the provider distinguishes it from an answer. Whole characters only.
    pub struct RefusalDelta {
        /// The text.
        text: Py<PyString>,
    }
}

value_class! {
    /// A call that the model made.
    pub struct ToolCall {
        /// The call that `Session.tool_result` answers.
        id: u32,
        /// The tool's name, as the model wrote it.
        name: Py<PyString>,
        /// JSON text as the model wrote it; may be empty or malformed. `parse()` reads it.
        arguments: Py<PyString>,
        /// The provider's own id of the call; empty if it has none.
        provider_id: Py<PyString>,
    }

    /// The arguments as Python values. Nothing at all counts as no arguments.
    ///
    /// Raises `BadJson` when the model's JSON is malformed, or is no object.
    fn parse(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let read = py.import("zerostack._json")?.getattr("arguments")?;
        read.call1((&self.arguments,)).map(Bound::unbind)
    }
}

value_class! {
    /// More of the arguments of a call, where `call_deltas` asks for it: the name and the provider's id as
    /// far as they are known. The call that is run is that of `ToolCall`.
    pub struct ToolCallDelta {
        /// The id of the call.
        id: u32,
        /// The tool's name.
        name: Py<PyString>,
        /// The new piece. Whole characters only.
        arguments: Py<PyString>,
        /// The provider's own id of the call.
        provider_id: Py<PyString>,
    }
}

value_class! {
    /// Tokens, as the provider counted them.
    ///
    /// `input_tokens` counts cached ones, too, with every provider.
    pub struct Usage {
        /// Tokens of the request.
        input_tokens: u32 = 0,
        /// Tokens of the reply, reasoning included.
        output_tokens: u32 = 0,
        /// Tokens of the request that came from the provider's cache.
        cache_read_tokens: u32 = 0,
        /// Tokens of the request that were put into the provider's cache.
        cache_write_tokens: u32 = 0,
        /// Tokens of the reply that were reasoning, if the provider reports it.
        reasoning_tokens: u32 = 0,
    }

    /// The sum of both.
    fn __add__(&self, other: &Bound<'_, Self>) -> Self {
        Self::from(core::Usage::from(self).plus(other.get().into()))
    }
}

value_class! {
    /// Room is made: the next request is one of the session's own, for a summary of the oldest
    /// messages. Only the usage of its reply is shown; it ends with `Truncated` or
    /// `SummaryFailed`.
    pub struct Compacting {}
}

value_class! {
    /// The model wrote no summary: the oldest messages are removed without one.
    pub struct SummaryFailed {
        /// Why.
        error: Py<PyAny>,
    }
}

value_class! {
    /// The model makes the same call for the third time in a row, or more often; the previous event
    /// reported the call.
    pub struct Repeating {
        /// The tool's name, as the model wrote it.
        name: Py<PyString>,
        /// How many times in a row.
        count: u16,
    }
}

value_class! {
    /// The text of the reply was read as calls, or as JSON that contains the text: the transcript's
    /// text replaces the text shown before. Comes from `Session.end_response`, which is
    /// called once more for the end; see `ToolMode`.
    pub struct Recovered {
        /// How many calls; they are pending when the reply has ended.
        calls: u16,
    }
}

value_class! {
    /// Tokens of the next request.
    pub struct WindowTokens {
        /// Counted by the provider: everything up to its last reply, unless some of it was removed.
        measured: u32,
        /// Counted by the session in addition: everything since.
        estimated: u32,
    }

    /// Both together.
    #[getter]
    fn total(&self) -> u32 {
        self.measured.saturating_add(self.estimated)
    }
}

impl From<core::WindowTokens> for WindowTokens {
    fn from(tokens: core::WindowTokens) -> Self {
        Self { measured: tokens.measured, estimated: tokens.estimated }
    }
}

value_class! {
    /// Something is not in the transcript, or no longer. Of a reply, all of it was shown.
    pub struct Truncated {
        /// What was not kept completely.
        what: Py<PyAny>,
        /// Bytes that are not in the transcript.
        bytes: u32,
    }
}

value_class! {
    /// The reply is complete. The last event of a reply.
    pub struct End {
        /// Why the model stopped.
        reason: Py<PyAny>,
    }
}

value_class! {
    /// The reply was cut off and is requested again: discard everything shown since the request.
    pub struct Restart {}
}

value_class! {
    /// A part of the transcript: plain text.
    pub struct Text {
        /// The text.
        text: Py<PyString>,
    }
}

value_class! {
    /// A part of the transcript: an instruction of the program in addition to the user's text, by
    /// `Session.instruct`.
    pub struct Instruction {
        /// The text.
        text: Py<PyString>,
    }
}

value_class! {
    /// A part of the transcript: the model's reasoning, if the provider returns it.
    pub struct Thinking {
        /// The text.
        text: Py<PyString>,
    }
}

value_class! {
    /// A part of the transcript: the answer to a call.
    pub struct ToolResult {
        /// Which call it answers.
        id: u32,
        /// The tool's output for the model.
        content: Py<PyString>,
        /// Whether the call failed.
        is_error: bool = false,
    }
}

value_class! {
    /// A part of the transcript: text that only its provider understands (signatures, encrypted
    /// reasoning). It is sent back unchanged, and left out for another provider.
    pub struct Opaque {
        /// The dialect that made it.
        dialect: Py<PyAny>,
        /// Its kind among the opaque data of this provider.
        subtype: u8,
        /// The text as received.
        text: Py<PyString>,
    }
}

value_class! {
    /// A file attached to a user's text or a tool's result, without its bytes. Given to
    /// `Session.user` or `Session.tool_result`, and a part of the transcript.
    pub struct Attachment {
        /// Its media type, `image/png`.
        media_type: Py<PyString>,
        /// The number by which whoever sends the request knows its bytes; or a text: the address
        /// (`https://`, `http://`, `gs://`) from which the provider fetches them, or the provider's
        /// id of the file.
        source: Py<PyAny>,
        /// Its length; 0 where the provider has the bytes.
        bytes: u32 = 0,
        /// The name of the file; may be empty.
        name: Option<Py<PyString>> = None,
        /// Its size in tokens; 0: by the rule of the dialect.
        tokens: u32 = 0,
    }
}

value_class! {
    /// One part of the transcript, and its place.
    pub struct Entry {
        /// Its author.
        role: Py<PyAny>,
        /// The content: `Text`, `Instruction`, `Thinking`, `ToolCall`, `ToolResult`, `Attachment`
        /// or `Opaque`.
        part: Py<PyAny>,
        /// Whether it begins a message; else it continues the previous one.
        starts_message: bool = false,
        /// Whether it is kept in part only; of a tool result, that it was left out to make room.
        is_cut: bool = false,
    }
}

value_class! {
    /// Why the last turn failed, or the last attempt of this one.
    pub struct Failure {
        /// The error that the call raised, or would have raised without another attempt.
        error: Py<PyAny>,
        /// The provider's code or type of the error, if it sent one.
        code: Py<PyString>,
        /// The provider's message, if it sent one.
        message: Py<PyString>,
        /// The HTTP status, 0 if there was no response.
        status: u16,
    }
}

/// Why the last turn of `held` failed, if it did.
pub fn failure(py: Python<'_>, held: &Held) -> PyResult<Option<Failure>> {
    let failure = held.look(py, |session| {
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

value_class! {
    /// A request to send. It holds no secret: whoever sends it adds the key.
    pub struct Request {
        /// The HTTP method.
        method: Py<PyString>,
        /// Path under the provider's base URL.
        path: Py<PyString>,
        /// Header names, in lower case, and values; the key is not among them.
        headers: Py<PyDict>,
        /// The body. It is the same each time until the session changes.
        body: Py<PyBytes>,
    }
}

/// A place in a conversation to return to, by `Session.rollback`. Checkpoints are a stack: a
/// rollback makes later ones invalid.
#[pyclass(frozen, module = "zerostack", eq)]
#[derive(PartialEq, Eq)]
pub struct Checkpoint {
    /// The core's own.
    pub core: core::Checkpoint,
}

impl From<core::Usage> for Usage {
    fn from(usage: core::Usage) -> Self {
        let core::Usage {
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_write_tokens,
            reasoning_tokens,
        } = usage;
        Self {
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_write_tokens,
            reasoning_tokens,
        }
    }
}

impl From<&Usage> for core::Usage {
    fn from(usage: &Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cache_read_tokens: usage.cache_read_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            reasoning_tokens: usage.reasoning_tokens,
        }
    }
}

/// The call as a Python value.
pub fn tool_call(py: Python<'_>, call: core::ToolCall<'_>) -> ToolCall {
    let text = |text| PyString::new(py, text).unbind();
    ToolCall {
        id: call.id.number(),
        name: text(call.name),
        arguments: text(call.arguments),
        provider_id: text(call.provider_id),
    }
}

/// The event as a Python value; `None` for one that this version does not know.
pub fn event(py: Python<'_>, event: core::Event<'_>) -> PyResult<Option<Py<PyAny>>> {
    use core::Event as E;
    let text = |text| PyString::new(py, text).unbind();
    Ok(Some(match event {
        E::TextDelta(delta) => Py::new(py, TextDelta { text: text(delta) })?.into_any(),
        E::ThinkingDelta(delta) => Py::new(py, ThinkingDelta { text: text(delta) })?.into_any(),
        E::RefusalDelta(delta) => Py::new(py, RefusalDelta { text: text(delta) })?.into_any(),
        E::ToolCallDelta(call) => {
            let ToolCall { id, name, arguments, provider_id } = tool_call(py, call);
            Py::new(py, ToolCallDelta { id, name, arguments, provider_id })?.into_any()
        }
        E::ToolCall(call) => Py::new(py, tool_call(py, call))?.into_any(),
        E::Usage(usage) => Py::new(py, Usage::from(usage))?.into_any(),
        E::Truncated { what, bytes } => {
            Py::new(py, Truncated { what: enums::dropped(py, what)?, bytes })?.into_any()
        }
        E::End(reason) => Py::new(py, End { reason: enums::stop_reason(py, reason)? })?.into_any(),
        E::Restart => Py::new(py, Restart {})?.into_any(),
        E::Compacting => Py::new(py, Compacting {})?.into_any(),
        E::SummaryFailed(error) => {
            let error = raised(py, error).into_value(py).into_any();
            Py::new(py, SummaryFailed { error })?.into_any()
        }
        E::Repeating { name, count } => {
            Py::new(py, Repeating { name: text(name), count })?.into_any()
        }
        E::Recovered { calls } => Py::new(py, Recovered { calls })?.into_any(),
        _ => return Ok(None),
    }))
}

/// The entry as a Python value; `None` for a part that this version does not know.
pub fn entry(py: Python<'_>, entry: core::Entry<'_>) -> PyResult<Option<Py<Entry>>> {
    use core::Part as P;
    let text = |text| PyString::new(py, text).unbind();
    let part = match entry.part {
        P::Text(said) => Py::new(py, Text { text: text(said) })?.into_any(),
        P::Instruction(said) => Py::new(py, Instruction { text: text(said) })?.into_any(),
        P::Thinking(said) => Py::new(py, Thinking { text: text(said) })?.into_any(),
        P::ToolCall(call) => Py::new(py, tool_call(py, call))?.into_any(),
        P::ToolResult(core::ToolResult { id, content, is_error }) => {
            Py::new(py, ToolResult { id: id.number(), content: text(content), is_error })?
                .into_any()
        }
        P::Attachment(attachment) => self::attachment(py, &attachment)?.into_any(),
        P::Opaque { dialect, subtype, text: said } => {
            let dialect = enums::dialect(py, dialect)?;
            Py::new(py, Opaque { dialect, subtype, text: text(said) })?.into_any()
        }
        _ => return Ok(None),
    };
    let (starts_message, is_cut) = (entry.starts_message, entry.is_cut);
    Py::new(py, Entry { role: enums::role(py, entry.role)?, part, starts_message, is_cut })
        .map(Some)
}

/// The attachment as a Python value.
fn attachment(py: Python<'_>, attachment: &core::Attachment<'_>) -> PyResult<Py<Attachment>> {
    let text = |text| PyString::new(py, text).unbind();
    let source = match attachment.source {
        core::AttachmentSource::Number(number) => number.into_pyobject(py)?.into_any().unbind(),
        core::AttachmentSource::Url(said) | core::AttachmentSource::FileId(said) => {
            text(said).into_any()
        }
    };
    let name = Some(attachment.name).filter(|name| !name.is_empty()).map(text);
    let (media_type, bytes) = (text(attachment.media_type), attachment.bytes);
    Py::new(py, Attachment { media_type, source, bytes, name, tokens: attachment.tokens })
}
