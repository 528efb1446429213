//! Anthropic's messages.

use super::{Turn, argument_text, error_object, fragments, quote};
use crate::script::{Part, Stop, Usage};
use zerostack_core::Dialect;

/// The events of a streamed reply.
pub(super) fn events(turn: &Turn<'_>) -> Vec<String> {
    let mut stream = Stream { events: Vec::new(), open: None, blocks: 0 };
    stream.event(
        "message_start",
        &format!(
            r#","message":{{"id":"msg_{}","type":"message","role":"assistant","model":{},"content":[],"stop_reason":null,"stop_sequence":null,"usage":{}}}"#,
            turn.number,
            turn.model(),
            usage_object(turn.usage, 1)
        ),
    );
    let mut calls = 0;
    for part in &turn.reply.parts {
        match part {
            Part::Text(text) => {
                stream.open("text", r#""text":"""#);
                stream.delta(&format!(r#""type":"text_delta","text":{}"#, quote(text)));
            }
            Part::Reasoning(text) => {
                stream.open("thinking", r#""thinking":"","signature":"""#);
                stream.delta(&format!(r#""type":"thinking_delta","thinking":{}"#, quote(text)));
            }
            Part::Call { name, arguments } => {
                // Each call is a separate block.
                stream.close();
                let (id, name) = (quote(&turn.call_id(calls)), quote(name));
                stream.open("tool_use", &format!(r#""id":{id},"name":{name},"input":{{}}"#));
                for piece in fragments(&argument_text(arguments)) {
                    let piece = quote(&piece);
                    stream.delta(&format!(r#""type":"input_json_delta","partial_json":{piece}"#));
                }
                calls += 1;
            }
            Part::Error(error) => {
                let object = error_object(Dialect::Anthropic, 500, error);
                stream.events.push(format!("event: error\ndata: {object}\n\n"));
                return stream.events;
            }
        }
    }
    stream.close();
    if turn.stop() != Stop::None {
        stream.event(
            "message_delta",
            &format!(
                r#","delta":{{"stop_reason":{},"stop_sequence":null}},"usage":{{"output_tokens":{}}}"#,
                stop_reason(turn.stop()),
                turn.usage.output
            ),
        );
        stream.event("message_stop", "");
    }
    stream.events
}

/// Events so far; `open` is the kind of the last block while it is open.
struct Stream {
    events: Vec<String>,
    open: Option<&'static str>,
    blocks: usize,
}

impl Stream {
    fn event(&mut self, kind: &str, rest: &str) {
        self.events.push(format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{rest}}}\n\n"));
    }

    /// Opens a block, unless one of this kind is open.
    fn open(&mut self, kind: &'static str, content: &str) {
        if self.open == Some(kind) {
            return;
        }
        self.close();
        let index = self.blocks;
        self.event(
            "content_block_start",
            &format!(r#","index":{index},"content_block":{{"type":"{kind}",{content}}}"#),
        );
        self.open = Some(kind);
        self.blocks += 1;
    }

    fn delta(&mut self, delta: &str) {
        let index = self.blocks - 1;
        let rest = format!(r#","index":{index},"delta":{{{delta}}}"#);
        self.event("content_block_delta", &rest);
    }

    fn close(&mut self) {
        let Some(kind) = self.open.take() else { return };
        if kind == "thinking" {
            let signature = quote(SIGNATURE);
            self.delta(&format!(r#""type":"signature_delta","signature":{signature}"#));
        }
        let index = self.blocks - 1;
        self.event("content_block_stop", &format!(r#","index":{index}"#));
    }
}

/// The reply as one document.
pub(super) fn document(turn: &Turn<'_>) -> String {
    let mut calls = 0;
    let content: Vec<String> = turn
        .reply
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(format!(r#"{{"type":"text","text":{}}}"#, quote(text))),
            Part::Reasoning(text) => Some(format!(
                r#"{{"type":"thinking","thinking":{},"signature":{}}}"#,
                quote(text),
                quote(SIGNATURE)
            )),
            Part::Call { name, arguments } => {
                let (id, name) = (quote(&turn.call_id(calls)), quote(name));
                calls += 1;
                let input = argument_text(arguments);
                Some(format!(r#"{{"type":"tool_use","id":{id},"name":{name},"input":{input}}}"#))
            }
            Part::Error(_) => None,
        })
        .collect();
    format!(
        r#"{{"id":"msg_{}","type":"message","role":"assistant","model":{},"content":[{}],"stop_reason":{},"stop_sequence":null,"usage":{}}}"#,
        turn.number,
        turn.model(),
        content.join(","),
        stop_reason(turn.stop()),
        usage_object(turn.usage, turn.usage.output)
    )
}

fn stop_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End => r#""end_turn""#,
        Stop::ToolCalls => r#""tool_use""#,
        Stop::Length => r#""max_tokens""#,
        Stop::Refusal => r#""refusal""#,
        Stop::None => "null",
    }
}

/// Anthropic counts cached tokens separately from the input.
fn usage_object(usage: Usage, output: u32) -> String {
    let Usage { input, cached, .. } = usage;
    let fresh = input.saturating_sub(cached);
    format!(
        r#"{{"input_tokens":{fresh},"cache_creation_input_tokens":0,"cache_read_input_tokens":{cached},"output_tokens":{output}}}"#
    )
}

/// Opaque to the client, which must send it back unchanged.
const SIGNATURE: &str = "c2NyaXB0ZWQ+c2lnbmF0dXJl/w==";
