//! Lines of a chat.

use serde_json::{Value, json};

use super::{Says, pieces};
use crate::random::Random;

impl Says {
    pub(super) fn ollama(&self, random: &mut Random) -> Vec<Value> {
        let line = |message: Value| json!({ "message": message, "done": false });
        let mut lines = Vec::new();
        for piece in pieces(&self.thinking, random) {
            lines.push(line(json!({ "content": "", "thinking": piece })));
        }
        for piece in pieces(&self.text, random) {
            lines.push(line(json!({ "role": "assistant", "content": piece })));
        }
        for (id, name, arguments) in self.heard(zerostack_core::Dialect::Ollama) {
            let arguments: Value = serde_json::from_str(&arguments).expect("an object");
            let function = json!({ "name": name, "arguments": arguments });
            let call = json!({ "id": id, "function": function });
            lines.push(line(json!({ "content": "", "tool_calls": [call] })));
        }
        let counts = json!({
            "message": { "content": "" }, "done": true, "done_reason": "stop",
            "prompt_eval_count": 5, "eval_count": 7,
        });
        lines.push(counts);
        lines
    }
}
