//! The answers: the script, in Rust or as a file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::request::Request;
use crate::{Error, ErrorKind, Result};

/// The replies of a [`Scripted`](super::Scripted) provider, in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    #[serde(default = "default_models")]
    pub(super) models: Vec<String>,
    #[serde(default)]
    pub(super) replies: Vec<Reply>,
}

/// One answer. A reply without parts, error, body or wire is an empty answer of the model, or, from
/// status 400 on, the default error of the status.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    pub(super) when: When,
    pub(super) repeat: bool,
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) parts: Vec<Part>,
    pub(super) error: Option<ErrorBody>,
    #[serde(deserialize_with = "text_bytes")]
    pub(super) body: Option<Vec<u8>>,
    pub(super) content_type: Option<String>,
    #[serde(deserialize_with = "text_bytes")]
    pub(super) wire: Option<Vec<u8>>,
    pub(super) stop: Option<Stop>,
    pub(super) usage: Option<Usage>,
    pub(super) delay_ms: u64,
    pub(super) pieces: Option<usize>,
    pub(super) random_pieces: Option<u64>,
    pub(super) cut: Option<usize>,
    pub(super) reset: Option<usize>,
    pub(super) stall: Option<usize>,
    pub(super) framing: Framing,
}

/// What a request must hold for a reply to be played.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct When {
    contains: Vec<String>,
    lacks: Vec<String>,
}

/// A piece of the model's reply.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Part {
    Text(String),
    Reasoning(String),
    Call { name: String, arguments: Value },
    Error(ErrorBody),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorBody {
    pub code: String,
    pub message: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Usage {
    pub input: u32,
    pub output: u32,
    #[serde(default)]
    pub cached: u32,
}

/// Why the model stopped, in the words of no dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// The answer is complete.
    End,
    /// It waits for the results of its calls.
    ToolCalls,
    /// It reached the limit of output tokens.
    Length,
    /// It, or a filter, refused.
    Refusal,
    /// The stream ends without a reason.
    None,
}

/// How the end of a body is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// `transfer-encoding: chunked`, a chunk for each write.
    #[default]
    Chunked,
    /// `content-length`.
    Length,
    /// The end of the connection.
    Close,
}

impl Script {
    /// A script without replies that lists one model, `scripted`.
    pub fn new() -> Self {
        Self { models: default_models(), replies: Vec::new() }
    }

    /// Adds a reply.
    #[must_use]
    pub fn reply(mut self, reply: Reply) -> Self {
        self.replies.push(reply);
        self
    }

    /// Adds a reply with only `text`.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.reply(Reply::new().text(text))
    }

    /// Adds a reply with only one tool call.
    #[must_use]
    pub fn call(self, name: &str, arguments: Value) -> Self {
        self.reply(Reply::new().call(name, arguments))
    }

    /// Lists these models in place of `scripted`.
    #[must_use]
    pub fn models(mut self, models: &[&str]) -> Self {
        self.models = models.iter().map(|model| (*model).to_owned()).collect();
        self
    }

    /// Reads a script file.
    ///
    /// # Errors
    /// `Script` if it cannot be read or is not a script: the file, the line and the fault.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(ErrorKind::Script, format!("cannot read {}: {error}", path.display()))
        })?;
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let script = if is_json { Self::from_json(&text) } else { Self::from_toml(&text) };
        script.map_err(|error| error.context(path.display()))
    }

    /// Reads a script from TOML.
    ///
    /// # Errors
    /// `Script` if it is not a script: the line and the fault.
    pub fn from_toml(text: &str) -> Result<Self> {
        toml::from_str::<Self>(text)
            .map_err(|error| {
                let start = error.span().map_or(0, |span| span.start);
                let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
                let reason = error.message().split('\n').collect::<Vec<_>>().join("; ");
                Error::new(ErrorKind::Script, format!("line {line}: {reason}"))
            })?
            .checked()
    }

    /// Reads a script from JSON.
    ///
    /// # Errors
    /// `Script` if it is not a script: the line and the fault.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str::<Self>(text)
            .map_err(|error| Error::new(ErrorKind::Script, error.to_string()))?
            .checked()
    }

    fn checked(self) -> Result<Self> {
        for (index, reply) in self.replies.iter().enumerate() {
            let given = [
                !reply.parts.is_empty(),
                reply.error.is_some(),
                reply.body.is_some(),
                reply.wire.is_some(),
            ];
            if given.into_iter().filter(|given| *given).count() > 1 {
                let message =
                    format!("reply {}: give only one of parts, error, body and wire", index + 1);
                return Err(Error::new(ErrorKind::Script, message));
            }
            if reply.pieces == Some(0) {
                let message = format!("reply {}: pieces must be at least 1", index + 1);
                return Err(Error::new(ErrorKind::Script, message));
            }
        }
        Ok(self)
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Reply {
    /// An empty answer with status 200.
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer with `status`; from 400 on it has the default error body of the status.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Exactly this body.
    pub fn raw(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            content_type: Some(content_type.to_owned()),
            body: Some(body.into()),
            ..Self::default()
        }
    }

    /// Exactly these bytes in place of head and body, then the end of the connection.
    pub fn wire(bytes: impl Into<Vec<u8>>) -> Self {
        Self { wire: Some(bytes.into()), ..Self::default() }
    }

    /// Answers with this status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a piece of text, sent as one delta.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.parts.push(Part::Text(text.to_owned()));
        self
    }

    /// Adds a piece of reasoning, sent as one delta.
    #[must_use]
    pub fn reasoning(mut self, text: &str) -> Self {
        self.parts.push(Part::Reasoning(text.to_owned()));
        self
    }

    /// Adds a tool call. A string as `arguments` is sent unchanged, so that it need not be JSON.
    #[must_use]
    pub fn call(mut self, name: &str, arguments: Value) -> Self {
        self.parts.push(Part::Call { name: name.to_owned(), arguments });
        self
    }

    /// Adds an error in the middle of the stream, which ends there. One document has no place for it.
    #[must_use]
    pub fn error_event(mut self, code: &str, message: &str) -> Self {
        self.parts.push(Part::Error(ErrorBody { code: code.into(), message: message.into() }));
        self
    }

    /// Answers with an error body of this code and message.
    #[must_use]
    pub fn error(mut self, code: &str, message: &str) -> Self {
        self.error = Some(ErrorBody { code: code.into(), message: message.into() });
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// Sets the stop reason. The default is `ToolCalls` after a call and `End` without one.
    #[must_use]
    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Sets the number of used tokens. By default they are counted, 4 bytes per token.
    #[must_use]
    pub fn usage(mut self, input: u32, output: u32, cached: u32) -> Self {
        self.usage = Some(Usage { input, output, cached });
        self
    }

    /// Plays this only for a request whose body contains `text` (plain or as JSON escapes it).
    #[must_use]
    pub fn when(mut self, text: &str) -> Self {
        self.when.contains.push(text.to_owned());
        self
    }

    /// Plays this only for a request whose body does not contain `text`.
    #[must_use]
    pub fn unless(mut self, text: &str) -> Self {
        self.when.lacks.push(text.to_owned());
        self
    }

    /// Plays this again and again, as long as it fits.
    #[must_use]
    pub fn repeat(mut self) -> Self {
        self.repeat = true;
        self
    }

    /// Waits before the head.
    #[must_use]
    pub fn delay_ms(mut self, delay_ms: u64) -> Self {
        self.delay_ms = delay_ms;
        self
    }

    /// Writes the body `bytes` at a time (at least one) in place of one event.
    #[must_use]
    pub fn pieces(mut self, bytes: usize) -> Self {
        self.pieces = Some(bytes.max(1));
        self
    }

    /// Writes the body 1 to 31 bytes at a time, the same for the same seed.
    #[must_use]
    pub fn random_pieces(mut self, seed: u64) -> Self {
        self.random_pieces = Some(seed);
        self
    }

    /// Closes the connection after this many bytes of the body.
    #[must_use]
    pub fn cut(mut self, after_bytes: usize) -> Self {
        self.cut = Some(after_bytes);
        self
    }

    /// Resets the connection after this many bytes of the body.
    #[must_use]
    pub fn reset(mut self, after_bytes: usize) -> Self {
        self.reset = Some(after_bytes);
        self
    }

    /// Stops after this many bytes of the body, until [`Scripted::release`](super::Scripted::release)
    /// or until the client is gone.
    #[must_use]
    pub fn stall(mut self, after_bytes: usize) -> Self {
        self.stall = Some(after_bytes);
        self
    }

    /// Tells the end of the body in this way.
    #[must_use]
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    pub(super) fn fits(&self, request: &Request) -> bool {
        self.when.contains.iter().all(|text| request.contains(text))
            && !self.when.lacks.iter().any(|text| request.contains(text))
    }
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            when: When::default(),
            repeat: false,
            status: 200,
            headers: BTreeMap::new(),
            parts: Vec::new(),
            error: None,
            body: None,
            content_type: None,
            wire: None,
            stop: None,
            usage: None,
            delay_ms: 0,
            pieces: None,
            random_pieces: None,
            cut: None,
            reset: None,
            stall: None,
            framing: Framing::default(),
        }
    }
}

fn default_models() -> Vec<String> {
    vec!["scripted".to_owned()]
}

fn text_bytes<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<Vec<u8>>, D::Error> {
    Ok(Some(String::deserialize(text)?.into_bytes()))
}
