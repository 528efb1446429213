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
    /// The kind of the last block, if it is still open and no call.
    open: Option<&'static str>,
    /// The calls of which pieces arrived, and which are not complete.
    calls: Vec<OpenCall>,
    /// A piece arrived before the id of its call: the calls of this message are reported whole.
    hides_pieces: bool,
}

/// A call as it arrives.
#[derive(Debug)]
struct OpenCall {
    id: String,
    /// The number of its block.
    index: usize,
    /// Bytes of its arguments so far.
    length: usize,
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
            events.extend(self.open(&block));
            self.open = Some(kind);
        }
        events.push(self.delta(&json!({"type": format!("{kind}_delta"), kind: text})));
        events
    }

    /// Adds a piece of a call. Blocks of calls whose pieces take turns are open at the same time.
    pub(super) fn call_piece(&mut self, call: &Call) -> Vec<Value> {
        let known = self.calls.iter().position(|open| open.id == call.id);
        self.hides_pieces |= known.is_none() && (call.id.is_empty() || call.name.is_empty());
        if known.is_none() && self.hides_pieces {
            return Vec::new();
        }
        let mut events = Vec::new();
        let place = known.unwrap_or_else(|| {
            events.extend(self.open_call(call));
            self.calls.len() - 1
        });
        if let Some(open) = self.calls.get_mut(place) {
            open.length += call.arguments.len();
            events.push(json_delta(open.index, &call.arguments));
        }
        events
    }

    /// Adds a complete call: the rest of one of which pieces were added, or the whole.
    pub(super) fn call(&mut self, call: &Call) -> Vec<Value> {
        let mut events = Vec::new();
        let known = self.calls.iter().position(|open| open.id == call.id);
        let place = known.unwrap_or_else(|| {
            events.extend(self.open_call(call));
            self.calls.len() - 1
        });
        let OpenCall { index, length, .. } = self.calls.remove(place);
        let rest = call.arguments.get(length..).unwrap_or_default();
        if known.is_none() || !rest.is_empty() {
            events.push(json_delta(index, rest));
        }
        events.push(block_stop(index));
        events
    }

    /// Begins the block of a call.
    fn open_call(&mut self, call: &Call) -> Vec<Value> {
        let block = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}});
        let events = self.open(&block).collect();
        self.calls.push(OpenCall { id: call.id.clone(), index: self.count - 1, length: 0 });
        events
    }

    /// Completes the message.
    pub(super) fn end(&mut self, stop: &str, usage: &Value) -> Vec<Value> {
        let mut events: Vec<Value> = self.close().into_iter().collect();
        events.extend(self.calls.drain(..).map(|call| block_stop(call.index)));
        events.push(json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop, "stop_sequence": null},
            "usage": usage,
        }));
        events.push(json!({"type": "message_stop"}));
        events
    }

    fn open(&mut self, block: &Value) -> impl Iterator<Item = Value> + use<> {
        let closed = self.close();
        let start =
            json!({"type": "content_block_start", "index": self.count, "content_block": block});
        self.count += 1;
        closed.into_iter().chain([start])
    }

    fn delta(&self, delta: &Value) -> Value {
        let index = self.count.saturating_sub(1);
        json!({"type": "content_block_delta", "index": index, "delta": delta})
    }

    fn close(&mut self) -> Option<Value> {
        let index = self.count.saturating_sub(1);
        self.open.take().map(|_| block_stop(index))
    }
}

/// More of the arguments of the call in the block with this number.
fn json_delta(index: usize, text: &str) -> Value {
    let delta = json!({"type": "input_json_delta", "partial_json": text});
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn block_stop(index: usize) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events in short: the block, and what happens to it.
    fn short(events: &[Value]) -> Vec<String> {
        let short = |event: &Value| {
            let kind = event["type"].as_str().unwrap().replace("content_block_", "");
            let text = event["delta"]["partial_json"].as_str().unwrap_or_default();
            format!("{} {kind} {text}", event["index"]).trim_end().to_owned()
        };
        events.iter().map(short).collect()
    }

    fn call(id: &str, arguments: &str) -> Call {
        Call { id: id.into(), name: "read".into(), arguments: arguments.into() }
    }

    #[test]
    fn calls_take_turns_and_are_completed() {
        let mut partial = Partial::default();
        let mut events = partial.text("text", "I look.");
        for (id, piece) in [("a", "{\"x"), ("b", "{"), ("a", "\":1")] {
            events.extend(partial.call_piece(&call(id, piece)));
        }
        events.extend(partial.call(&call("a", "{\"x\":1}")));
        events.extend(partial.call(&call("b", "{}")));
        let wanted = [
            ["0 start", "0 delta", "0 stop"].as_slice(),
            &["1 start", "1 delta {\"x", "2 start", "2 delta {", "1 delta \":1"],
            &["1 delta }", "1 stop", "2 delta }", "2 stop"],
        ];
        assert_eq!(short(&events), wanted.concat());
    }

    #[test]
    fn a_piece_without_an_id_waits_for_its_call() {
        let mut partial = Partial::default();
        assert!(partial.call_piece(&call("", "{")).is_empty());
        assert!(partial.call_piece(&call("a", "}")).is_empty());
        let wanted = ["0 start", "0 delta {}", "0 stop"];
        assert_eq!(short(&partial.call(&call("a", "{}"))), wanted);
        // The message ends within a call.
        let mut partial = Partial::default();
        let _ = partial.call_piece(&call("a", "{"));
        let events = partial.end("end_turn", &Value::Null);
        assert_eq!(short(&events)[0], "0 stop");
    }
}
