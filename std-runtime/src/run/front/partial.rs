//! The parts of a model's message as it arrives, as the events of Anthropic's stream: partial
//! messages in the SDKs.

use serde_json::{Value, json};

use crate::agent::Call;

/// A message as it arrives.
#[derive(Debug, Default)]
pub(super) struct Partial {
    /// Its id; empty until it begins.
    pub(super) id: String,
    /// How many blocks have begun.
    count: usize,
    /// The kind of the last block, if it is still open.
    open: Option<&'static str>,
}

impl Partial {
    /// Begins the message `id` of `model`, unless it has begun.
    pub(super) fn begin(&mut self, id: &str, model: &str) -> Vec<Value> {
        if !self.id.is_empty() {
            return Vec::new();
        }
        id.clone_into(&mut self.id);
        let message = json!({
            "id": id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        });
        vec![json!({"type": "message_start", "message": message})]
    }

    /// Adds `text` to the block of the kind `text` or `thinking`.
    pub(super) fn text(&mut self, kind: &'static str, text: &str) -> Vec<Value> {
        let mut events = Vec::new();
        if self.open != Some(kind) {
            let mut block = json!({"type": kind, kind: ""});
            if kind == "thinking" {
                block["signature"] = "".into();
            }
            events.extend(self.open(kind, &block));
        }
        events.push(self.delta(&json!({"type": format!("{kind}_delta"), kind: text})));
        events
    }

    /// Adds a complete call.
    pub(super) fn call(&mut self, call: &Call) -> Vec<Value> {
        let block = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}});
        let mut events: Vec<Value> = self.open("tool_use", &block).collect();
        let delta = json!({"type": "input_json_delta", "partial_json": call.arguments});
        events.push(self.delta(&delta));
        events.extend(self.close());
        events
    }

    /// Completes the message.
    pub(super) fn end(&mut self, stop: &str, usage: &Value) -> Vec<Value> {
        let mut events: Vec<Value> = self.close().into_iter().collect();
        events.push(json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop, "stop_sequence": null},
            "usage": usage,
        }));
        events.push(json!({"type": "message_stop"}));
        events
    }

    fn open(&mut self, kind: &'static str, block: &Value) -> impl Iterator<Item = Value> + use<> {
        let closed = self.close();
        let start =
            json!({"type": "content_block_start", "index": self.count, "content_block": block});
        self.open = Some(kind);
        self.count += 1;
        closed.into_iter().chain([start])
    }

    fn delta(&self, delta: &Value) -> Value {
        let index = self.count.saturating_sub(1);
        json!({"type": "content_block_delta", "index": index, "delta": delta})
    }

    fn close(&mut self) -> Option<Value> {
        let index = self.count.saturating_sub(1);
        self.open.take().map(|_| json!({"type": "content_block_stop", "index": index}))
    }
}
