//! Chunks of a chat completion.

use serde_json::{Value, json};

use super::{Says, pieces};
use crate::random::Random;

impl Says {
    pub(super) fn openai_chat(&self, random: &mut Random) -> Vec<Value> {
        // Keys of a `Value` are sorted, so the index of the choice comes last.
        let chunk = |delta: Value| json!({ "choices": [{ "index": 0, "delta": delta }] });
        let mut events = Vec::new();
        for piece in pieces(&self.thinking, random) {
            events.push(chunk(json!({ "reasoning_content": piece })));
        }
        for piece in pieces(&self.text, random) {
            events.push(chunk(json!({ "content": piece })));
        }
        let mut rest: Vec<Vec<&str>> = Vec::new();
        for (at, (id, name, arguments)) in self.calls.iter().enumerate() {
            let function = json!({ "name": name, "arguments": "" });
            let call = json!({ "index": at, "id": id, "type": "function", "function": function });
            events.push(chunk(json!({ "tool_calls": [call] })));
            rest.push(pieces(arguments, random).into_iter().rev().collect());
        }
        while rest.iter().any(|pieces| !pieces.is_empty()) {
            let at = random.below(rest.len());
            if let Some(piece) = rest[at].pop() {
                let call = json!({ "index": at, "function": { "arguments": piece } });
                events.push(chunk(json!({ "tool_calls": [call] })));
            }
        }
        let reason = if self.calls.is_empty() { "stop" } else { "tool_calls" };
        let choice = json!({ "index": 0, "delta": {}, "finish_reason": reason });
        events.push(json!({ "choices": [choice] }));
        events.push(
            json!({ "choices": [], "usage": { "prompt_tokens": 5, "completion_tokens": 7 } }),
        );
        events
    }
}
