//! Chunks of generated content.

use serde_json::{Value, json};

use super::{Says, pieces};
use crate::random::Random;

impl Says {
    pub(super) fn gemini(&self, random: &mut Random) -> Vec<Value> {
        let chunk = |part: Value| json!({ "candidates": [{ "content": { "parts": [part] } }] });
        let mut chunks = Vec::new();
        for piece in pieces(&self.thinking, random) {
            chunks.push(chunk(json!({ "text": piece, "thought": true })));
        }
        for piece in pieces(&self.text, random) {
            chunks.push(chunk(json!({ "text": piece })));
        }
        for (index, (id, name, arguments)) in
            self.heard(zerostack_core::Dialect::Gemini).into_iter().enumerate()
        {
            let arguments: Value = serde_json::from_str(&arguments).expect("an object");
            let call = json!({ "id": id, "name": name, "args": arguments });
            let part = match index {
                0 => json!({ "functionCall": call, "thoughtSignature": "c2ln" }),
                _ => json!({ "functionCall": call }),
            };
            chunks.push(chunk(part));
        }
        let usage = json!({ "promptTokenCount": 5, "candidatesTokenCount": 7 });
        let end = json!({ "content": { "parts": [] }, "finishReason": "STOP" });
        chunks.push(json!({ "candidates": [end], "usageMetadata": usage }));
        chunks
    }
}
