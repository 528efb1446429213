//! Events of a message.

use serde_json::{Value, json};

use super::{Says, pieces};
use crate::random::Random;

impl Says {
    pub(super) fn anthropic(&self, random: &mut Random) -> Vec<Value> {
        let usage = json!({ "input_tokens": 5, "output_tokens": 1 });
        let mut events = vec![json!({ "type": "message_start", "message": { "usage": usage } })];
        let mut index = 0;
        let mut block = |begin: Value, deltas: Vec<Value>| {
            events.push(
                json!({ "type": "content_block_start", "index": index, "content_block": begin }),
            );
            for delta in deltas {
                events
                    .push(json!({ "type": "content_block_delta", "index": index, "delta": delta }));
            }
            events.push(json!({ "type": "content_block_stop", "index": index }));
            index += 1;
        };
        if !self.thinking.is_empty() {
            let pieces = pieces(&self.thinking, random).into_iter();
            let mut deltas: Vec<Value> = pieces
                .map(|piece| json!({ "type": "thinking_delta", "thinking": piece }))
                .collect();
            deltas.push(json!({ "type": "signature_delta", "signature": "c2ln" }));
            block(json!({ "type": "thinking", "thinking": "" }), deltas);
        }
        if !self.text.is_empty() {
            let pieces = pieces(&self.text, random).into_iter();
            let deltas = pieces.map(|piece| json!({ "type": "text_delta", "text": piece }));
            block(json!({ "type": "text", "text": "" }), deltas.collect());
        }
        for (id, name, arguments) in &self.calls {
            let pieces = pieces(arguments, random).into_iter();
            let deltas =
                pieces.map(|piece| json!({ "type": "input_json_delta", "partial_json": piece }));
            block(
                json!({ "type": "tool_use", "id": id, "name": name, "input": {} }),
                deltas.collect(),
            );
        }
        let reason = if self.calls.is_empty() { "end_turn" } else { "tool_use" };
        let usage = json!({ "output_tokens": 7 });
        events.push(
            json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": usage }),
        );
        events.push(json!({ "type": "message_stop" }));
        events
    }
}
