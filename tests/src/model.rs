//! A model that says random things: replies as the providers would stream them.

use crate::random::Random;
use serde_json::{Value, json};
use zerostack_core::Provider;

/// What the model says in one reply.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Says {
    /// Its reasoning, may be empty.
    pub thinking: String,
    /// Its answer, may be empty.
    pub text: String,
    /// Calls: id, name, arguments.
    pub calls: Vec<(String, String, String)>,
}

impl Says {
    /// Something; about half of the replies have calls.
    pub fn random(random: &mut Random) -> Self {
        let calls = if random.once_in(2) { 0 } else { 1 + random.below(4) };
        let call = |at: usize, random: &mut Random| {
            let id = format!("call_{:08x}_{at}", random.any() as u32);
            let arguments = match random.below(6) {
                0 => String::new(),
                // No empty object in front: that is read as a placeholder.
                1 => format!("[{}", random.text(4)),
                _ => json!({ "path": random.text(3), "n": random.json(2) }).to_string(),
            };
            (id, (*random.one_of(&["read", "write", "grep"])).to_owned(), arguments)
        };
        Self {
            thinking: if random.once_in(3) { random.text(8) } else { String::new() },
            text: if random.once_in(4) { String::new() } else { random.text(20) },
            calls: (0..calls).map(|at| call(at, random)).collect(),
        }
    }

    /// The body that says it, in random pieces.
    pub fn body(&self, provider: Provider, random: &mut Random) -> Vec<u8> {
        let events = match provider {
            Provider::OpenAiChat => self.openai_chat(random),
            _ => self.anthropic(random),
        };
        let line_end = *random.one_of(&["\n", "\r\n", "\r"]);
        let mut body = String::new();
        for event in events {
            if random.once_in(8) {
                body += &format!(": ping{line_end}{line_end}");
            }
            // The pretty form has line feeds, which begin further `data` lines.
            let text = if random.once_in(6) {
                serde_json::to_string_pretty(&event)
            } else {
                serde_json::to_string(&event)
            };
            for line in text.expect("a value has a text").lines() {
                body += &format!("data: {line}{line_end}");
            }
            body += line_end;
        }
        if provider == Provider::OpenAiChat && !random.once_in(4) {
            body += "data: [DONE]";
        }
        body.into_bytes()
    }

    fn openai_chat(&self, random: &mut Random) -> Vec<Value> {
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

    fn anthropic(&self, random: &mut Random) -> Vec<Value> {
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

/// Cuts `text` at random characters.
fn pieces<'t>(text: &'t str, random: &mut Random) -> Vec<&'t str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.ceil_char_boundary(1 + random.below(12));
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces
}

/// Cuts `body` at random bytes.
pub fn chunks<'b>(body: &'b [u8], random: &mut Random) -> Vec<&'b [u8]> {
    let longest = *random.one_of(&[1, 7, 64, 4096]);
    let mut chunks = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at((1 + random.below(longest)).min(rest.len()));
        chunks.push(chunk);
        rest = tail;
    }
    chunks
}
