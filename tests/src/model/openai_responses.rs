//! Events of a response.

use serde_json::{Value, json};

use super::{Says, pieces};
use crate::random::Random;

impl Says {
    pub(super) fn openai_responses(&self, random: &mut Random) -> Vec<Value> {
        let mut events = vec![json!({
            "type": "response.created", "response": { "status": "in_progress", "output": [] },
        })];
        let mut output = Vec::new();
        let mut item = |begun: Value, deltas: Vec<Value>, done: Value| {
            let index = output.len();
            let event = |kind: &str, item: &Value| json!({ "type": kind, "output_index": index, "item": item });
            events.push(event("response.output_item.added", &begun));
            for mut delta in deltas {
                delta["output_index"] = index.into();
                events.push(delta);
            }
            events.push(event("response.output_item.done", &done));
            output.push(done);
        };
        if !self.thinking.is_empty() {
            let kind = "response.reasoning_summary_text.delta";
            let deltas = pieces(&self.thinking, random)
                .into_iter()
                .map(|piece| json!({ "type": kind, "summary_index": 0, "delta": piece }));
            let summary = json!([{ "type": "summary_text", "text": self.thinking }]);
            item(
                json!({ "type": "reasoning", "summary": [] }),
                deltas.collect(),
                json!({ "type": "reasoning", "summary": summary, "encrypted_content": "c2ln" }),
            );
        }
        if !self.text.is_empty() {
            let kind = "response.output_text.delta";
            let deltas = pieces(&self.text, random)
                .into_iter()
                .map(|piece| json!({ "type": kind, "content_index": 0, "delta": piece }));
            let content = json!([{ "type": "output_text", "text": self.text }]);
            item(
                json!({ "type": "message", "role": "assistant", "content": [] }),
                deltas.collect(),
                json!({ "type": "message", "role": "assistant", "content": content }),
            );
        }
        for (id, name, arguments) in &self.calls {
            let kind = "response.function_call_arguments.delta";
            let deltas = pieces(arguments, random)
                .into_iter()
                .map(|piece| json!({ "type": kind, "delta": piece }));
            let call = |arguments: &str| {
                json!({
                    "type": "function_call", "call_id": id, "name": name, "arguments": arguments,
                })
            };
            item(call(""), deltas.collect(), call(arguments));
        }
        let usage = json!({ "input_tokens": 5, "output_tokens": 7 });
        let response = json!({ "status": "completed", "output": output, "usage": usage });
        events.push(json!({ "type": "response.completed", "response": response }));
        events
    }
}
