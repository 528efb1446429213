//! Bodies of responses of any size, as servers stream them.

use serde_json::{Value, json};
use zerostack_core::Dialect;

/// A reply that is being written.
#[derive(Debug)]
pub(super) struct Body {
    dialect: Dialect,
    text: String,
    /// What the last event of the Responses dialect lists.
    output: Vec<Value>,
    has_calls: bool,
    /// The number in the id of the first call.
    first_id: usize,
}

/// One call: its index, and its arguments so far.
#[derive(Debug)]
pub(super) struct Call {
    index: usize,
    arguments: String,
}

impl Body {
    /// Nothing yet.
    pub fn new(dialect: Dialect) -> Self {
        let mut body = Self {
            dialect,
            text: String::new(),
            output: Vec::new(),
            has_calls: false,
            first_id: 0,
        };
        match dialect {
            Dialect::Anthropic => body.event(&json!({
                "type": "message_start",
                "message": { "usage": { "input_tokens": 5, "output_tokens": 1 } },
            })),
            Dialect::OpenAiResponses => body.event(&json!({
                "type": "response.created", "response": { "status": "in_progress", "output": [] },
            })),
            _ => {}
        }
        body
    }

    /// Ids of calls begin at this number.
    pub fn ids_from(self, first_id: usize) -> Self {
        Self { first_id, ..self }
    }

    fn event(&mut self, event: &Value) {
        let (before, after) =
            if self.dialect == Dialect::Ollama { ("", "\n") } else { ("data: ", "\n\n") };
        self.text.extend([before, &event.to_string(), after]);
    }

    fn block(&mut self, index: usize, begin: &Value, deltas: impl Iterator<Item = Value>) {
        self.event(
            &json!({ "type": "content_block_start", "index": index, "content_block": begin }),
        );
        for delta in deltas {
            self.event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }));
        }
        self.event(&json!({ "type": "content_block_stop", "index": index }));
    }

    /// Text in pieces.
    pub fn text(mut self, text: &str) -> Self {
        let pieces = pieces(text);
        match self.dialect {
            Dialect::Anthropic => self.block(
                0,
                &json!({ "type": "text", "text": "" }),
                pieces.map(|piece| json!({ "type": "text_delta", "text": piece })),
            ),
            Dialect::OpenAiResponses => {
                for piece in pieces {
                    self.event(&json!({
                        "type": "response.output_text.delta", "output_index": 0, "content_index": 0,
                        "delta": piece,
                    }));
                }
                self.output.push(json!({
                    "type": "message", "role": "assistant",
                    "content": [{ "type": "output_text", "text": text }],
                }));
            }
            _ => pieces.for_each(|piece| self.message(&json!({ "content": piece }), piece)),
        }
        self
    }

    /// A message of one of the dialects that have one in each event.
    fn message(&mut self, delta: &Value, text: &str) {
        match self.dialect {
            Dialect::OpenAiChat => {
                self.event(&json!({ "choices": [{ "index": 0, "delta": delta }] }));
            }
            Dialect::Gemini => self.part(&json!({ "text": text })),
            _ => self.event(&json!({ "message": delta, "done": false })),
        }
    }

    fn part(&mut self, part: &Value) {
        self.event(&json!({ "candidates": [{ "content": { "parts": [part] } }] }));
    }

    /// Reasoning with a signature, or its encrypted form, in pieces where the dialect has such.
    pub fn signature(mut self, signature: &str) -> Self {
        match self.dialect {
            Dialect::Anthropic => self.block(
                0,
                &json!({ "type": "thinking", "thinking": "" }),
                pieces(signature)
                    .map(|piece| json!({ "type": "signature_delta", "signature": piece })),
            ),
            Dialect::Gemini => self.part(&json!({ "text": "so", "thoughtSignature": signature })),
            _ => {
                let item = json!({
                    "type": "reasoning", "summary": [], "encrypted_content": signature,
                });
                self.event(&json!({
                    "type": "response.output_item.done", "output_index": 0, "item": item,
                }));
                self.output.push(item);
            }
        }
        self
    }

    /// Begins a call.
    pub fn begin(&mut self, index: usize) -> Call {
        self.has_calls = true;
        let id = format!("call_{}", self.first_id + index);
        match self.dialect {
            Dialect::Anthropic => {
                let block = json!({ "type": "tool_use", "id": id, "name": "write", "input": {} });
                self.event(&json!({
                    "type": "content_block_start", "index": index, "content_block": block,
                }));
            }
            Dialect::OpenAiResponses => {
                let item = json!({
                    "type": "function_call", "call_id": id, "name": "write", "arguments": "",
                });
                self.event(&json!({
                    "type": "response.output_item.added", "output_index": index, "item": item,
                }));
            }
            Dialect::OpenAiChat => {
                let function = json!({ "name": "write", "arguments": "" });
                let call = json!({
                    "index": index, "id": id, "type": "function", "function": function,
                });
                self.message(&json!({ "tool_calls": [call] }), "");
            }
            _ => {}
        }
        Call { index, arguments: String::new() }
    }

    /// A piece of the arguments of a call.
    pub fn more(&mut self, call: &mut Call, piece: &str) {
        call.arguments.push_str(piece);
        let index = call.index;
        match self.dialect {
            Dialect::Anthropic => {
                let delta = json!({ "type": "input_json_delta", "partial_json": piece });
                self.event(
                    &json!({ "type": "content_block_delta", "index": index, "delta": delta }),
                );
            }
            Dialect::OpenAiResponses => self.event(&json!({
                "type": "response.function_call_arguments.delta", "output_index": index,
                "delta": piece,
            })),
            Dialect::OpenAiChat => {
                let call = json!({ "index": index, "function": { "arguments": piece } });
                self.message(&json!({ "tool_calls": [call] }), "");
            }
            _ => {}
        }
    }

    /// The call is complete.
    pub fn done(&mut self, call: Call) {
        let Call { index, arguments } = call;
        let id = format!("call_{}", self.first_id + index);
        let object = || serde_json::from_str::<Value>(&arguments).expect("arguments are JSON");
        match self.dialect {
            Dialect::Anthropic => {
                self.event(&json!({ "type": "content_block_stop", "index": index }));
            }
            Dialect::OpenAiResponses => {
                let item = json!({
                    "type": "function_call", "call_id": id, "name": "write", "arguments": arguments,
                });
                self.event(&json!({
                    "type": "response.output_item.done", "output_index": index, "item": item,
                }));
                self.output.push(item);
            }
            Dialect::OpenAiChat => {}
            Dialect::Gemini => {
                let call = json!({ "id": id, "name": "write", "args": object() });
                self.part(&json!({ "functionCall": call }));
            }
            _ => {
                let function = json!({ "name": "write", "arguments": object() });
                let call = json!({ "id": id, "function": function });
                self.message(&json!({ "content": "", "tool_calls": [call] }), "");
            }
        }
    }

    /// A whole call.
    pub fn call(mut self, index: usize, arguments: &str) -> Self {
        let mut call = self.begin(index);
        pieces(arguments).for_each(|piece| self.more(&mut call, piece));
        self.done(call);
        self
    }

    /// The reply ends; its bytes.
    pub fn end(mut self) -> Vec<u8> {
        let by_calls = |with: &'static str, without| if self.has_calls { with } else { without };
        match self.dialect {
            Dialect::Anthropic => {
                let reason = by_calls("tool_use", "end_turn");
                let delta = json!({ "stop_reason": reason });
                let usage = json!({ "output_tokens": 7 });
                self.event(&json!({ "type": "message_delta", "delta": delta, "usage": usage }));
                self.event(&json!({ "type": "message_stop" }));
            }
            Dialect::OpenAiResponses => {
                let output = std::mem::take(&mut self.output);
                let response = json!({ "status": "completed", "output": output });
                self.event(&json!({ "type": "response.completed", "response": response }));
            }
            Dialect::OpenAiChat => {
                let reason = by_calls("tool_calls", "stop");
                let choice = json!({ "index": 0, "delta": {}, "finish_reason": reason });
                self.event(&json!({ "choices": [choice] }));
                self.text.push_str("data: [DONE]\n\n");
            }
            Dialect::Gemini => {
                let end = json!({ "content": { "parts": [] }, "finishReason": "STOP" });
                self.event(&json!({ "candidates": [end] }));
            }
            _ => self.event(&json!({
                "message": { "content": "" }, "done": true, "done_reason": "stop",
            })),
        }
        self.text.into_bytes()
    }
}

/// `text` as models stream it: some characters at a time.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, tail) = rest.split_at(rest.ceil_char_boundary(PIECE_BYTES.min(rest.len())));
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

const PIECE_BYTES: usize = 8;
