//! `zerostack decode`: a response body in, the model's reply out.

use std::io::{Read, Write};

use serde::Serialize;
use zerostack_core::{
    Dialect, Error as CoreError, ErrorKind as CoreErrorKind, Event, FailedTurn, Growing, Limits,
    Session, SessionConfig, StopReason, Usage,
};

use super::{io_error, line};
use crate::{Error, ErrorKind, Result};

/// How the body is split before it is decoded. The result is always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunks {
    /// As it is read.
    AsRead,
    /// This many bytes each, 1 or more.
    Of(usize),
    /// 1 to 64 bytes each, from this seed.
    Random(u64),
}

/// The content of a body, as `zerostack decode` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Decoded {
    /// The answer.
    pub text: String,
    /// A refusal, if the provider distinguishes it from an answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub refusal: String,
    /// The model's reasoning, if the provider shows it.
    pub reasoning: String,
    /// The complete calls.
    pub tool_calls: Vec<DecodedCall>,
    /// The provider's own stop reason.
    pub stop: Option<String>,
    /// Counts, if the provider sent any.
    pub usage: Option<DecodedUsage>,
    /// Why there is no usable reply.
    pub error: Option<DecodedError>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecodedCall {
    /// The provider's id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// JSON text as the model sent it.
    pub arguments: String,
}

/// Tokens, as the provider counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names explain them; see zerostack_core::Usage")]
pub struct DecodedUsage {
    pub input_tokens: u32,
    pub output_tokens: u32,
    pub cache_read_tokens: u32,
    pub cache_write_tokens: u32,
    pub reasoning_tokens: u32,
}

/// Why there is no usable reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecodedError {
    /// The name of the error kind of the core, such as `status`, `cut` or `truncated`.
    pub kind: &'static str,
    /// The provider's message, or the fault in the bytes.
    pub message: String,
    /// The provider's code or type of the error.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub code: String,
}

/// One event as a JSON line.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum EventLine<'a> {
    Text { text: &'a str },
    Refusal { text: &'a str },
    Reasoning { text: &'a str },
    ToolCall { id: &'a str, name: &'a str, arguments: &'a str },
    Usage { usage: DecodedUsage },
    Truncated { bytes: u32 },
}

/// Decodes the whole `body`, split into `chunks`. Each event is passed to `show` as it occurs.
pub fn decode(
    dialect: Dialect,
    body: &[u8],
    chunks: Chunks,
    show: impl FnMut(&Event<'_>),
) -> Result<Decoded> {
    let mut decoder = Decoder::new(dialect, show)?;
    let mut cutter = Cutter::new(chunks);
    cutter.cut(body, |chunk| decoder.push(chunk));
    cutter.end(|chunk| decoder.push(chunk));
    Ok(decoder.finish().0)
}

/// What [`run`] prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object.
    Object,
    /// One JSON object for each event as it occurs, and [`Form::Object`] last.
    Events,
    /// Lines for a transcript, see [`super::transcript`]; nothing if the reply cannot be used.
    Transcript,
}

/// The filter: `input` is a body.
///
/// # Errors
/// `Input` if the body cannot be read or the output cannot be written; `Limit` after the object if
/// the body exceeds a limit of the session; with [`Form::Transcript`], `Provider` if the reply
/// cannot be used, and `Limit` or `NoResult` after the lines of a reply that was cut off, refused
/// or filtered.
pub fn run(
    dialect: Dialect,
    chunks: Chunks,
    form: Form,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<()> {
    let mut written = Ok(());
    let mut show = |event: &Event<'_>| {
        if let (Form::Events, true, Some(event)) =
            (form, written.is_ok(), event_line(event, dialect))
        {
            written = line(output, &event);
        }
    };
    let mut decoder = Decoder::new(dialect, &mut show)?;
    let (mut cutter, mut buffer) = (Cutter::new(chunks), vec![0; READ_BYTES]);
    // After an error the rest is read too, so that its writer sees no broken pipe; not without end.
    let mut left = u64::from(Limits::DEFAULT.max_response_bytes);
    while decoder.failed.is_none() || left > 0 {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                left = left.saturating_sub(count as u64);
                cutter.cut(&buffer[..count], |chunk| decoder.push(chunk));
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error("stdin", &error)),
        }
    }
    cutter.end(|chunk| decoder.push(chunk));
    let is_over_limit = decoder.is_over_limit();
    let (decoded, session, stop) = decoder.finish();
    written?;
    match (form, &decoded.error) {
        (Form::Object | Form::Events, _) => line(output, &decoded)?,
        (Form::Transcript, None) => {
            // The first entry is the placeholder question of this session.
            let mut entries = session.transcript().entries();
            entries.next();
            let mut lines = session.transcript().json_lines_from(entries.place());
            let mut buffer = vec![0; READ_BYTES];
            loop {
                match lines.read(&mut buffer) {
                    0 => break,
                    count => output
                        .write_all(&buffer[..count])
                        .map_err(|error| io_error("stdout", &error))?,
                }
            }
        }
        (Form::Transcript, Some(error)) => {
            return Err(Error::new(ErrorKind::Provider, error.message.clone()));
        }
    }
    output.flush().map_err(|error| io_error("stdout", &error))?;
    match (form, stop, &decoded.error) {
        (Form::Transcript, Some(stop), _) => whole(stop),
        (_, _, Some(error)) if is_over_limit => {
            Err(Error::new(ErrorKind::Limit, error.message.clone()))
        }
        _ => Ok(()),
    }
}

/// Refuses an incomplete answer, as a run does.
fn whole(stop: StopReason) -> Result<()> {
    let (kind, text) = match stop {
        StopReason::MaxTokens => (ErrorKind::Limit, "the reply reached its token limit"),
        StopReason::Refusal => (ErrorKind::NoResult, "the model refused"),
        StopReason::ContentFilter => {
            (ErrorKind::NoResult, "the provider's filter stopped the reply")
        }
        StopReason::Other => {
            (ErrorKind::NoResult, "the provider does not report that the reply is complete")
        }
        _ => return Ok(()),
    };
    Err(Error::new(kind, text))
}

/// Splits a body into chunks as it is read.
struct Cutter {
    chunks: Chunks,
    random: u64,
    /// The bytes of the incomplete chunk.
    begun: Vec<u8>,
    /// How long it will be.
    wanted: usize,
}

impl Cutter {
    fn new(chunks: Chunks) -> Self {
        let random = match chunks {
            Chunks::Random(seed) => seed,
            Chunks::AsRead | Chunks::Of(_) => 0,
        };
        let mut cutter = Self { chunks, random, begun: Vec::new(), wanted: 0 };
        cutter.wanted = cutter.next_length();
        cutter
    }

    /// Emits the chunks that `bytes` complete.
    fn cut(&mut self, bytes: &[u8], mut push: impl FnMut(&[u8])) {
        if self.chunks == Chunks::AsRead {
            return push(bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let (more, tail) = rest.split_at(rest.len().min(self.wanted - self.begun.len()));
            rest = tail;
            if more.len() == self.wanted {
                push(more);
            } else {
                self.begun.extend_from_slice(more);
                if self.begun.len() < self.wanted {
                    return;
                }
                push(&self.begun);
                self.begun.clear();
            }
            self.wanted = self.next_length();
        }
    }

    /// Emits the last chunk, which may be shorter.
    fn end(self, mut push: impl FnMut(&[u8])) {
        push(&self.begun);
    }

    fn next_length(&mut self) -> usize {
        match self.chunks {
            Chunks::AsRead => usize::MAX,
            Chunks::Of(size) => size.max(1),
            Chunks::Random(_) => {
                // The generator of Knuth's MMIX; its high bits are the most random.
                self.random = self
                    .random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                1 + (self.random >> 58) as usize
            }
        }
    }
}

/// A session that reads one body and keeps its content.
struct Decoder<'c, F> {
    session: Session<SessionConfig<'c>, Growing>,
    decoded: Decoded,
    failed: Option<CoreError>,
    show: F,
}

impl<'c, F: FnMut(&Event<'_>)> Decoder<'c, F> {
    fn new(dialect: Dialect, show: F) -> Result<Self> {
        let mut config = SessionConfig::new(dialect, "decode");
        // One attempt: there is only this body.
        config.limits =
            Limits { max_attempts: 1, failed_turn: FailedTurn::Keep, ..Limits::DEFAULT };
        let storage = Growing::new(u32::MAX as usize);
        let started = Session::new(storage, config).and_then(|mut session| {
            session.user("decode")?;
            session.begin_response(200, None)?;
            Ok(session)
        });
        let session = started.map_err(Error::from_core)?;
        Ok(Self { session, decoded: Decoded::default(), failed: None, show })
    }

    fn push(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        let dialect = self.session.config().dialect;
        while !rest.is_empty() && self.failed.is_none() {
            match self.session.feed(rest) {
                Ok(fed) => {
                    rest = &rest[fed.used..];
                    if let Some(event) = &fed.event {
                        (self.show)(event);
                        self.decoded.take(event, dialect);
                    }
                }
                Err(error) => self.failed = Some(error),
            }
        }
    }

    fn is_over_limit(&self) -> bool {
        self.failed.is_some_and(|error| error.kind() == CoreErrorKind::Limit)
    }

    fn finish(mut self) -> (Decoded, Session<SessionConfig<'c>, Growing>, Option<StopReason>) {
        let ended = match self.failed {
            Some(error) => Err(error),
            None => self.session.end_response(),
        };
        let reason = match ended {
            Ok(Event::End(reason)) => Some(reason),
            _ => None,
        };
        let stop = self.session.raw_stop_reason();
        self.decoded.stop = (!stop.is_empty()).then(|| stop.to_owned());
        if let Err(error) = ended {
            let failure = self.session.failure();
            let told = failure.map_or("", |failure| failure.message);
            self.decoded.error = Some(DecodedError {
                kind: error.kind().name(),
                message: if told.is_empty() { error.to_string() } else { told.to_owned() },
                code: failure.map_or(String::new(), |failure| failure.code.to_owned()),
            });
        }
        (self.decoded, self.session, reason)
    }
}

impl Decoded {
    fn take(&mut self, event: &Event<'_>, dialect: Dialect) {
        match event {
            Event::TextDelta(text) => self.text.push_str(text),
            Event::RefusalDelta(text) => self.refusal.push_str(text),
            Event::ThinkingDelta(text) => self.reasoning.push_str(text),
            Event::ToolCall(call) => self.tool_calls.push(DecodedCall {
                id: call.provider_id.to_owned(),
                name: call.name.to_owned(),
                arguments: call.arguments.to_owned(),
            }),
            Event::Usage(usage) => self.usage = Some(DecodedUsage::as_sent(*usage, dialect)),
            _ => {}
        }
    }
}

impl DecodedUsage {
    /// The counts as the provider sent them. Everywhere else the cached tokens are among
    /// `input_tokens`, which Anthropic leaves out.
    fn as_sent(usage: Usage, dialect: Dialect) -> Self {
        let apart = match dialect {
            Dialect::Anthropic => usage.cache_read_tokens.saturating_add(usage.cache_write_tokens),
            _ => 0,
        };
        Self { input_tokens: usage.input_tokens.saturating_sub(apart), ..usage.into() }
    }
}

impl From<Usage> for DecodedUsage {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cache_read_tokens: usage.cache_read_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            reasoning_tokens: usage.reasoning_tokens,
        }
    }
}

fn event_line<'a>(event: &'a Event<'a>, dialect: Dialect) -> Option<EventLine<'a>> {
    Some(match event {
        Event::TextDelta(text) => EventLine::Text { text },
        Event::RefusalDelta(text) => EventLine::Refusal { text },
        Event::ThinkingDelta(text) => EventLine::Reasoning { text },
        Event::ToolCall(call) => {
            EventLine::ToolCall { id: call.provider_id, name: call.name, arguments: call.arguments }
        }
        Event::Usage(usage) => EventLine::Usage { usage: DecodedUsage::as_sent(*usage, dialect) },
        Event::Truncated { bytes, .. } => EventLine::Truncated { bytes: *bytes },
        _ => return None,
    })
}

/// Bytes of one read.
const READ_BYTES: usize = 64 * 1024;
