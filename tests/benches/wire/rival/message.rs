//! What an event of each API may hold, as far as it matters, and what it adds to a reply.

use std::borrow::Cow;

use serde::Deserialize;

/// What a reply said.
#[derive(Default)]
pub(crate) struct Reply {
    pub text: String,
    pub reasoning: String,
    pub calls: Vec<Call>,
    pub stop: Option<String>,
    pub output_tokens: u32,
}

#[derive(Default)]
pub(crate) struct Call {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

/// Text that is borrowed where it has no escapes.
#[derive(Deserialize, Default)]
pub(super) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

#[derive(Deserialize, Default)]
pub(super) struct ChatChunk<'a> {
    #[serde(borrow, default)]
    pub choices: Option<Vec<Choice<'a>>>,
    pub usage: Option<ChatUsage>,
}

#[derive(Deserialize, Default)]
pub(super) struct Choice<'a> {
    #[serde(borrow, default)]
    pub delta: ChatDelta<'a>,
    #[serde(borrow)]
    pub finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct ChatDelta<'a> {
    #[serde(borrow)]
    pub content: Option<Text<'a>>,
    #[serde(borrow)]
    pub reasoning: Option<Text<'a>>,
    #[serde(borrow)]
    pub reasoning_content: Option<Text<'a>>,
    #[serde(borrow)]
    pub tool_calls: Option<Vec<ChatCall<'a>>>,
}

#[derive(Deserialize, Default)]
pub(super) struct ChatCall<'a> {
    #[serde(default)]
    pub index: usize,
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(borrow)]
    pub function: Option<Function<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    #[serde(borrow)]
    pub arguments: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct ChatUsage {
    #[serde(default)]
    pub completion_tokens: u32,
}

#[derive(Deserialize, Default)]
pub(super) struct AnthropicEvent<'a> {
    #[serde(default)]
    pub index: usize,
    #[serde(borrow)]
    pub content_block: Option<Block<'a>>,
    #[serde(borrow)]
    pub delta: Option<BlockDelta<'a>>,
    pub usage: Option<OutputTokens>,
}

#[derive(Deserialize, Default)]
pub(super) struct Block<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct BlockDelta<'a> {
    #[serde(borrow)]
    pub text: Option<Text<'a>>,
    #[serde(borrow)]
    pub thinking: Option<Text<'a>>,
    #[serde(borrow)]
    pub partial_json: Option<Text<'a>>,
    #[serde(borrow)]
    pub stop_reason: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct OutputTokens {
    #[serde(default)]
    pub output_tokens: u32,
}

#[derive(Deserialize, Default)]
pub(super) struct ResponsesEvent<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    #[serde(default)]
    pub output_index: usize,
    #[serde(borrow)]
    pub delta: Option<Text<'a>>,
    #[serde(borrow)]
    pub item: Option<Item<'a>>,
    #[serde(borrow)]
    pub response: Option<Response<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    pub call_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub status: Option<Text<'a>>,
    pub usage: Option<OutputTokens>,
}

#[derive(Deserialize)]
pub(super) struct GeminiChunk<'a, R> {
    #[serde(borrow, default = "Vec::new")]
    pub candidates: Vec<Candidate<'a, R>>,
    #[serde(rename = "usageMetadata")]
    pub usage: Option<GeminiUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a, R> {
    #[serde(borrow)]
    pub content: Option<Content<'a, R>>,
    #[serde(borrow)]
    pub finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Content<'a, R> {
    #[serde(borrow, default = "Vec::new")]
    pub parts: Vec<Part<'a, R>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a, R> {
    #[serde(borrow)]
    pub text: Option<Text<'a>>,
    #[serde(default)]
    pub thought: bool,
    #[serde(borrow)]
    pub function_call: Option<WholeCall<'a, R>>,
}

#[derive(Deserialize)]
pub(super) struct WholeCall<'a, R> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    #[serde(alias = "arguments")]
    pub args: Option<R>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct GeminiUsage {
    #[serde(default)]
    pub candidates_token_count: u32,
}

#[derive(Deserialize)]
pub(super) struct OllamaLine<'a, R> {
    #[serde(borrow)]
    pub message: Option<OllamaMessage<'a, R>>,
    #[serde(borrow)]
    pub done_reason: Option<Text<'a>>,
    #[serde(default)]
    pub eval_count: u32,
}

#[derive(Deserialize)]
pub(super) struct OllamaMessage<'a, R> {
    #[serde(borrow)]
    pub content: Option<Text<'a>>,
    #[serde(borrow)]
    pub thinking: Option<Text<'a>>,
    #[serde(borrow, default = "Vec::new")]
    pub tool_calls: Vec<OllamaCall<'a, R>>,
}

#[derive(Deserialize)]
pub(super) struct OllamaCall<'a, R> {
    #[serde(borrow)]
    pub function: Option<WholeCall<'a, R>>,
}

impl ChatChunk<'_> {
    pub fn add_to(self, reply: &mut Reply) {
        if let Some(usage) = self.usage {
            reply.output_tokens = usage.completion_tokens;
        }
        for Choice { delta, finish_reason } in self.choices.unwrap_or_default() {
            push(&mut reply.text, delta.content);
            push(&mut reply.reasoning, delta.reasoning.or(delta.reasoning_content));
            for call in delta.tool_calls.unwrap_or_default() {
                let open = reply.call(call.index);
                if let Some(Text(id)) = call.id {
                    open.id = id.into_owned();
                }
                let Some(function) = call.function else { continue };
                push(&mut open.name, function.name);
                push(&mut open.arguments, function.arguments);
            }
            if let Some(Text(reason)) = finish_reason {
                reply.stop = Some(reason.into_owned());
            }
        }
    }
}

impl AnthropicEvent<'_> {
    pub fn add_to(self, reply: &mut Reply) {
        if let Some(Block { id: Some(id), name: Some(name) }) = self.content_block {
            let call = reply.call(self.index);
            (call.id, call.name) = (id.0.into_owned(), name.0.into_owned());
        }
        if let Some(delta) = self.delta {
            push(&mut reply.text, delta.text);
            push(&mut reply.reasoning, delta.thinking);
            if delta.partial_json.is_some() {
                push(&mut reply.call(self.index).arguments, delta.partial_json);
            }
            if let Some(reason) = delta.stop_reason {
                reply.stop = Some(reason.0.into_owned());
            }
        }
        if let Some(usage) = self.usage {
            reply.output_tokens = usage.output_tokens;
        }
    }
}

impl ResponsesEvent<'_> {
    pub fn add_to(self, reply: &mut Reply) {
        match &*self.kind.0 {
            "response.output_text.delta" => push(&mut reply.text, self.delta),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                push(&mut reply.reasoning, self.delta);
            }
            "response.function_call_arguments.delta" => {
                push(&mut reply.call(self.output_index).arguments, self.delta);
            }
            "response.output_item.added" => {
                if let Some(Item { call_id: Some(id), name: Some(name) }) = self.item {
                    let call = reply.call(self.output_index);
                    (call.id, call.name) = (id.0.into_owned(), name.0.into_owned());
                }
            }
            "response.completed" | "response.incomplete" => {
                let Some(response) = self.response else { return };
                reply.stop = response.status.map(|status| status.0.into_owned());
                reply.output_tokens = response.usage.map_or(0, |usage| usage.output_tokens);
            }
            _ => {}
        }
    }
}

impl<R> GeminiChunk<'_, R> {
    pub fn add_to(self, reply: &mut Reply, raw: impl Fn(&R) -> &str) {
        for Candidate { content, finish_reason } in self.candidates {
            for part in content.map(|content| content.parts).unwrap_or_default() {
                let to = if part.thought { &mut reply.reasoning } else { &mut reply.text };
                push(to, part.text);
                if let Some(call) = part.function_call {
                    reply.whole_call(call, &raw);
                }
            }
            if let Some(Text(reason)) = finish_reason {
                reply.stop = Some(reason.into_owned());
            }
        }
        if let Some(usage) = self.usage {
            reply.output_tokens = usage.candidates_token_count;
        }
    }
}

impl<R> OllamaLine<'_, R> {
    pub fn add_to(self, reply: &mut Reply, raw: impl Fn(&R) -> &str) {
        if let Some(message) = self.message {
            push(&mut reply.text, message.content);
            push(&mut reply.reasoning, message.thinking);
            for call in message.tool_calls {
                if let Some(function) = call.function {
                    reply.whole_call(function, &raw);
                }
            }
        }
        if let Some(Text(reason)) = self.done_reason {
            reply.stop = Some(reason.into_owned());
            reply.output_tokens = self.eval_count;
        }
    }
}

impl Reply {
    fn call(&mut self, index: usize) -> &mut Call {
        while self.calls.len() <= index {
            self.calls.push(Call::default());
        }
        &mut self.calls[index]
    }

    fn whole_call<R>(&mut self, call: WholeCall<'_, R>, raw: impl Fn(&R) -> &str) {
        let name = call.name.unwrap_or_default().0.into_owned();
        let arguments = call.args.as_ref().map(raw).unwrap_or_default().to_owned();
        self.calls.push(Call { id: String::new(), name, arguments });
    }

    /// Bytes of all that it said.
    pub fn bytes(&self) -> usize {
        let calls = self.calls.iter().map(|call| call.name.len() + call.arguments.len());
        self.text.len() + self.reasoning.len() + calls.sum::<usize>()
    }
}

fn push(to: &mut String, text: Option<Text<'_>>) {
    if let Some(Text(text)) = text {
        to.push_str(&text);
    }
}
