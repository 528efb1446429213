//! What programs do that read such streams with the usual parts: lines split off a buffer, the
//! `data` of an event checked as UTF-8, and `serde_json` into the types of the API. Written to
//! be fast: no async, no copies that can be avoided, only the fields that matter.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::slice::Chunks;
use std::task::{Context, Poll, Waker};

use eventsource_stream::Eventsource as _;
use futures_core::Stream;
use serde::Deserialize;
use zerostack_core::Dialect;

/// Reads one stream of `dialect`, pushed in pieces.
pub(super) struct Rival {
    dialect: Dialect,
    /// Bytes of the line that is not complete.
    line: Vec<u8>,
    /// The data of the event that is not complete.
    data: Vec<u8>,
    pub reply: Reply,
}

/// What a reply said.
#[derive(Default)]
pub(super) struct Reply {
    pub text: String,
    pub reasoning: String,
    pub calls: Vec<Call>,
    pub stop: Option<String>,
    pub output_tokens: u32,
}

#[derive(Default)]
pub(super) struct Call {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

/// Reads one stream by `eventsource-stream`, and its events as [`Rival`] does.
pub(super) fn usual(dialect: Dialect, pieces: Chunks<'_, u8>) -> Reply {
    let mut rival = Rival::new(dialect);
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
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, line: Vec::new(), data: Vec::new(), reply: Reply::default() }
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
        if line.is_empty() {
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
        match self.dialect {
            Dialect::Anthropic => {
                if let Ok(event) = serde_json::from_str(data) {
                    self.reply.anthropic(event);
                }
            }
            _ => {
                if let Ok(chunk) = serde_json::from_str(data) {
                    self.reply.openai(chunk);
                }
            }
        }
    }
}

/// Text that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<ChunkUsage>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Delta<'a>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<CallDelta<'a>>>,
}

#[derive(Deserialize)]
struct CallDelta<'a> {
    #[serde(default)]
    index: usize,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    function: Option<FunctionDelta<'a>>,
}

#[derive(Deserialize)]
struct FunctionDelta<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    arguments: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ChunkUsage {
    #[serde(default)]
    completion_tokens: u32,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum MessageEvent<'a> {
    MessageStart,
    ContentBlockStart {
        index: usize,
        #[serde(borrow)]
        content_block: Block<'a>,
    },
    ContentBlockDelta {
        index: usize,
        #[serde(borrow)]
        delta: BlockDelta<'a>,
    },
    ContentBlockStop,
    MessageDelta {
        #[serde(borrow)]
        delta: StopDelta<'a>,
        usage: MessageUsage,
    },
    MessageStop,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    ToolUse {
        #[serde(borrow)]
        id: Text<'a>,
        #[serde(borrow)]
        name: Text<'a>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum BlockDelta<'a> {
    TextDelta {
        #[serde(borrow)]
        text: Text<'a>,
    },
    ThinkingDelta {
        #[serde(borrow)]
        thinking: Text<'a>,
    },
    InputJsonDelta {
        #[serde(borrow)]
        partial_json: Text<'a>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct StopDelta<'a> {
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct MessageUsage {
    output_tokens: u32,
}

impl Reply {
    fn openai(&mut self, chunk: Chunk<'_>) {
        if let Some(usage) = chunk.usage {
            self.output_tokens = usage.completion_tokens;
        }
        for Choice { delta, finish_reason } in chunk.choices.unwrap_or_default() {
            if let Some(Text(text)) = delta.content {
                self.text.push_str(&text);
            }
            if let Some(Text(text)) = delta.reasoning.or(delta.reasoning_content) {
                self.reasoning.push_str(&text);
            }
            for call in delta.tool_calls.unwrap_or_default() {
                let open = self.call(call.index);
                if let Some(Text(id)) = call.id {
                    open.id = id.into_owned();
                }
                let Some(function) = call.function else { continue };
                if let Some(Text(name)) = function.name {
                    open.name.push_str(&name);
                }
                if let Some(Text(arguments)) = function.arguments {
                    open.arguments.push_str(&arguments);
                }
            }
            if let Some(Text(reason)) = finish_reason {
                self.stop = Some(reason.into_owned());
            }
        }
    }

    fn anthropic(&mut self, event: MessageEvent<'_>) {
        match event {
            MessageEvent::ContentBlockStart {
                index,
                content_block: Block::ToolUse { id, name },
            } => {
                let call = self.call(index);
                (call.id, call.name) = (id.0.into_owned(), name.0.into_owned());
            }
            MessageEvent::ContentBlockDelta { index, delta } => match delta {
                BlockDelta::TextDelta { text } => self.text.push_str(&text.0),
                BlockDelta::ThinkingDelta { thinking } => self.reasoning.push_str(&thinking.0),
                BlockDelta::InputJsonDelta { partial_json } => {
                    self.call(index).arguments.push_str(&partial_json.0);
                }
                BlockDelta::Other => {}
            },
            MessageEvent::MessageDelta { delta, usage } => {
                self.output_tokens = usage.output_tokens;
                self.stop = delta.stop_reason.map(|reason| reason.0.into_owned());
            }
            _ => {}
        }
    }

    fn call(&mut self, index: usize) -> &mut Call {
        while self.calls.len() <= index {
            self.calls.push(Call::default());
        }
        &mut self.calls[index]
    }
}
