//! What programs do that read such streams with the usual parts: lines split off a buffer, the
//! `data` of an event checked as UTF-8, and a JSON library into the types of the API. Written to
//! be fast: no async, no copies that can be avoided, only the fields that matter, and flat types,
//! which serde reads in one pass whatever the order of the keys.

mod by_jiter;
mod message;

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::slice::Chunks;
use std::task::{Context, Poll, Waker};

use eventsource_stream::Eventsource as _;
use futures_core::Stream;
use zerostack_core::Dialect;

pub(crate) use message::Reply;
use message::{AnthropicEvent, ChatChunk, GeminiChunk, OllamaLine, ResponsesEvent};

/// What reads the JSON of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Json {
    Serde,
    Sonic,
    Jiter,
}

/// Reads one stream of `dialect`, pushed in pieces.
pub(crate) struct Rival {
    dialect: Dialect,
    json: Json,
    /// Bytes of the line that is not complete.
    line: Vec<u8>,
    /// The data of the event that is not complete.
    data: Vec<u8>,
    pub reply: Reply,
}

/// Reads one stream by `eventsource-stream`, and its events as [`Rival`] does.
pub(crate) fn usual(dialect: Dialect, pieces: Chunks<'_, u8>) -> Reply {
    let mut rival = Rival::new(dialect, Json::Serde);
    let mut events = pin!(Pieces(pieces).eventsource());
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(event))) = events.as_mut().poll_next(&mut context) {
        rival.event(&event.data);
    }
    rival.reply
}

/// A body that is there already.
struct Pieces<'a>(Chunks<'a, u8>);

impl<'a> Stream for Pieces<'a> {
    type Item = Result<&'a [u8], Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

impl Rival {
    pub fn new(dialect: Dialect, json: Json) -> Self {
        Self { dialect, json, line: Vec::new(), data: Vec::new(), reply: Reply::default() }
    }

    /// Takes the next bytes; an event that is no JSON of the API is left out.
    pub fn push(&mut self, mut input: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', input) {
            let (line, rest) = input.split_at(end);
            input = &rest[1..];
            if self.line.is_empty() {
                self.line(line);
            } else {
                self.line.extend_from_slice(line);
                let line = std::mem::take(&mut self.line);
                self.line(&line);
                self.line = line;
                self.line.clear();
            }
        }
        self.line.extend_from_slice(input);
    }

    fn line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.dialect == Dialect::Ollama {
            if let Ok(text) = std::str::from_utf8(line) {
                self.event(text);
            }
        } else if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            if let Ok(text) = std::str::from_utf8(&data) {
                self.event(text);
            }
            self.data = data;
            self.data.clear();
        } else if let Some(value) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
    }

    fn event(&mut self, data: &str) {
        if data.is_empty() || data == "[DONE]" {
            return;
        }
        match self.json {
            Json::Serde => self.by_serde_json(data),
            Json::Sonic => self.by_sonic(data),
            Json::Jiter => self.by_jiter(data),
        }
    }

    fn by_serde_json(&mut self, data: &str) {
        type Raw<'a> = &'a serde_json::value::RawValue;
        let reply = &mut self.reply;
        match self.dialect {
            Dialect::Anthropic => {
                _ = serde_json::from_str(data).map(|it: AnthropicEvent<'_>| it.add_to(reply));
            }
            Dialect::OpenAiResponses => {
                _ = serde_json::from_str(data).map(|it: ResponsesEvent<'_>| it.add_to(reply));
            }
            Dialect::Gemini => {
                _ = serde_json::from_str(data)
                    .map(|it: GeminiChunk<'_, Raw<'_>>| it.add_to(reply, |raw| raw.get()));
            }
            Dialect::Ollama => {
                _ = serde_json::from_str(data)
                    .map(|it: OllamaLine<'_, Raw<'_>>| it.add_to(reply, |raw| raw.get()));
            }
            _ => _ = serde_json::from_str(data).map(|it: ChatChunk<'_>| it.add_to(reply)),
        }
    }

    fn by_sonic(&mut self, data: &str) {
        type Raw<'a> = sonic_rs::LazyValue<'a>;
        let reply = &mut self.reply;
        match self.dialect {
            Dialect::Anthropic => {
                _ = sonic_rs::from_str(data).map(|it: AnthropicEvent<'_>| it.add_to(reply));
            }
            Dialect::OpenAiResponses => {
                _ = sonic_rs::from_str(data).map(|it: ResponsesEvent<'_>| it.add_to(reply));
            }
            Dialect::Gemini => {
                _ = sonic_rs::from_str(data)
                    .map(|it: GeminiChunk<'_, Raw<'_>>| it.add_to(reply, Raw::as_raw_str));
            }
            Dialect::Ollama => {
                _ = sonic_rs::from_str(data)
                    .map(|it: OllamaLine<'_, Raw<'_>>| it.add_to(reply, Raw::as_raw_str));
            }
            _ => _ = sonic_rs::from_str(data).map(|it: ChatChunk<'_>| it.add_to(reply)),
        }
    }

    fn by_jiter(&mut self, data: &str) {
        let reply = &mut self.reply;
        match self.dialect {
            Dialect::Anthropic => _ = by_jiter::anthropic(data).map(|it| it.add_to(reply)),
            Dialect::OpenAiResponses => _ = by_jiter::responses(data).map(|it| it.add_to(reply)),
            Dialect::Gemini => _ = by_jiter::gemini(data).map(|it| it.add_to(reply, |raw| raw)),
            Dialect::Ollama => _ = by_jiter::ollama(data).map(|it| it.add_to(reply, |raw| raw)),
            _ => _ = by_jiter::chat(data).map(|it| it.add_to(reply)),
        }
    }
}
