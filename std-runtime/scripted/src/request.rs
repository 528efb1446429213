//! A received request, without its key.

use std::io::{self, BufRead, Write};

use serde::Deserialize;
use serde_json::{Value, json};

use zerostack_core::Dialect;

/// A request that the provider got, whole but for the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case, and values, in order; [`Self::KEY_SEEN`] replaces a key.
    pub headers: Vec<(String, String)>,
    /// The exact bytes.
    pub body: Vec<u8>,
}

/// What a request asks for, besides the conversation.
#[derive(Debug)]
pub(super) struct Wish {
    pub model: String,
    pub form: Form,
    includes_usage: bool,
}

/// How an answer arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As one document.
    Whole,
    /// As events or lines.
    Stream,
    /// As one JSON array that grows.
    Array,
}

/// The parts of a body that decide how to answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    model: String,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StreamOptions {
    include_usage: bool,
}

impl Request {
    /// Replaces a key.
    pub const KEY_SEEN: &str = "(key)";

    /// The value of the first header called `name` (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it carried a key, in whichever header.
    pub fn has_key(&self) -> bool {
        KEY_HEADERS.iter().any(|name| self.header(name).is_some())
    }

    /// The body as JSON; `Null` if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Whether the body contains `text`, plain or escaped as in a JSON string.
    pub fn contains(&self, text: &str) -> bool {
        let contains = |needle: &[u8]| {
            needle.is_empty() || self.body.windows(needle.len()).any(|window| window == needle)
        };
        let quoted = Value::from(text).to_string();
        let escaped = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        contains(text.as_bytes()) || contains(escaped.as_bytes())
    }

    /// Writes it as one line of JSON: `method`, `path`, `headers`, and `body` as text, or
    /// `body_hex` where it is not UTF-8.
    pub(super) fn write_line(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut line = json!({
            "method": self.method,
            "path": self.path,
            "headers": self.headers,
        });
        match std::str::from_utf8(&self.body) {
            Ok(text) => line["body"] = text.into(),
            Err(_) => {
                let hex: String = self.body.iter().map(|byte| format!("{byte:02x}")).collect();
                line["body_hex"] = hex.into();
            }
        }
        writeln!(to, "{line}")?;
        to.flush()
    }

    /// The dialect of a request for a reply; `None` if no dialect has its path.
    pub(super) fn api(&self) -> Option<Dialect> {
        let path = self.path.split('?').next().unwrap_or_default();
        let ends = [
            ("/chat/completions", Dialect::OpenAiChat),
            ("/responses", Dialect::OpenAiResponses),
            ("/messages", Dialect::Anthropic),
            ("/api/chat", Dialect::Ollama),
            (":generateContent", Dialect::Gemini),
            (":streamGenerateContent", Dialect::Gemini),
        ];
        let found = ends.iter().find(|(end, _)| path.ends_with(end));
        found.filter(|_| self.method == "POST").map(|(_, api)| *api)
    }

    /// The dialect of a request for the list of models.
    pub(super) fn list_api(&self) -> Option<Dialect> {
        let path = self.path.split('?').next().unwrap_or_default();
        let api = match () {
            () if path.ends_with("/api/tags") => Dialect::Ollama,
            () if !path.ends_with("/models") => return None,
            () if self.header("anthropic-version").is_some() => Dialect::Anthropic,
            () if path.ends_with("/v1beta/models") => Dialect::Gemini,
            () => Dialect::OpenAiChat,
        };
        (self.method == "GET").then_some(api)
    }

    pub(super) fn wish(&self, api: Dialect) -> Wish {
        let asked: Asked = serde_json::from_slice(&self.body).unwrap_or_default();
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let streams = |default: bool| match asked.stream.unwrap_or(default) {
            true => Form::Stream,
            false => Form::Whole,
        };
        let form = match api {
            Dialect::Gemini if path.ends_with(":generateContent") => Form::Whole,
            Dialect::Gemini if query.split('&').any(|parameter| parameter == "alt=sse") => {
                Form::Stream
            }
            Dialect::Gemini => Form::Array,
            Dialect::Ollama => streams(true),
            _ => streams(false),
        };
        let model = match api {
            Dialect::Gemini => {
                let method = path.rsplit('/').next().unwrap_or_default();
                method.split(':').next().unwrap_or_default().to_owned()
            }
            _ => asked.model,
        };
        let includes_usage = asked.stream_options.is_some_and(|options| options.include_usage);
        Wish { model, form, includes_usage }
    }

    /// Reads the next request of a connection; `None` if the client is done.
    pub(super) fn read(
        from: &mut impl BufRead,
        mut to: impl Write,
    ) -> io::Result<Option<(Self, KeepAlive)>> {
        // A TLS handshake, for one, has no lines to wait for.
        if from.fill_buf()?.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
            return Err(bad("this is not HTTP"));
        }
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut line = io::Read::take(&mut *from, (MAX_HEAD_BYTES - head.len()) as u64);
            if line.read_until(b'\n', &mut head)? == 0 {
                return if head.is_empty() { Ok(None) } else { Err(bad("the head is incomplete")) };
            }
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        parsed.parse(&head).map_err(|error| bad(&error.to_string()))?;
        let mut request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: parsed.path.unwrap_or_default().to_owned(),
            headers: parsed
                .headers
                .iter()
                .map(|header| {
                    let name = header.name.to_ascii_lowercase();
                    let value = match KEY_HEADERS.contains(&name.as_str()) {
                        true => Self::KEY_SEEN.to_owned(),
                        false => String::from_utf8_lossy(header.value).into_owned(),
                    };
                    (name, value)
                })
                .collect(),
            body: Vec::new(),
        };
        if request.header("expect").is_some() {
            to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        match (request.header("transfer-encoding"), request.header("content-length")) {
            (Some(_), _) => request.body = read_chunked(from)?,
            (None, Some(length)) => {
                let length: u64 =
                    length.parse().map_err(|_| bad("content-length is not a number"))?;
                let read = io::Read::take(&mut *from, length);
                if io::Read::read_to_end(&mut { read }, &mut request.body)? as u64 != length {
                    return Err(bad("the body is incomplete"));
                }
            }
            (None, None) => {}
        }
        let closes =
            request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let keep_alive =
            if closes || parsed.version == Some(0) { KeepAlive::No } else { KeepAlive::Yes };
        Ok(Some((request, keep_alive)))
    }
}

/// Whether the client wants to use its connection again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeepAlive {
    Yes,
    No,
}

impl Wish {
    pub fn includes_usage(&self) -> bool {
        self.includes_usage
    }
}

fn read_chunked(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad("a chunk has no size"))?;
        if io::Read::read_to_end(&mut io::Read::take(&mut *from, size), &mut body)? as u64 != size {
            return Err(bad("the body is incomplete"));
        }
        // After the last chunk, trailers may precede the empty line.
        loop {
            line.clear();
            if from.read_line(&mut line)? == 0 {
                return Err(bad("the body is incomplete"));
            }
            if size > 0 || line.trim().is_empty() {
                break;
            }
        }
        if size == 0 {
            return Ok(body);
        }
    }
}

fn bad(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}

const KEY_HEADERS: &[&str] = &["authorization", "x-api-key", "api-key", "x-goog-api-key"];
const MAX_HEADERS: usize = 64;
const MAX_HEAD_BYTES: usize = 64 * 1024;
