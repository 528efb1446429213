//! OpenAI's responses.

use super::{Turn, argument_text, fragments, quote};
use crate::script::{Part, Stop};

/// The events of a streamed reply.
pub(super) fn events(turn: &Turn<'_>) -> Vec<String> {
    let mut stream = Stream { events: Vec::new(), items: Vec::new(), text: None };
    let started = response(turn, "in_progress", "null", &[], "null");
    stream.event("response.created", &format!(r#","response":{started}"#));
    stream.event("response.in_progress", &format!(r#","response":{started}"#));
    let mut calls = 0;
    for part in &turn.reply.parts {
        match part {
            Part::Text(text) => stream.text(turn, text),
            Part::Reasoning(text) => stream.reasoning(turn, text),
            Part::Call { name, arguments } => {
                let call_id = turn.call_id(calls);
                stream.call(turn, &call_id, name, &argument_text(arguments));
                calls += 1;
            }
            Part::Error(error) => {
                let (code, message) = (quote(&error.code), quote(&error.message));
                let rest = format!(r#","code":{code},"message":{message},"param":null"#);
                stream.event("error", &rest);
                return stream.events;
            }
        }
    }
    stream.end_text(turn);
    if turn.stop() != Stop::None {
        let (status, details) = ending(turn.stop());
        let whole = response(turn, status, details, &stream.items, &usage_object(turn));
        stream.event(&format!("response.{status}"), &format!(r#","response":{whole}"#));
    }
    stream.events
}

/// The reply as one document.
pub(super) fn document(turn: &Turn<'_>) -> String {
    let (status, details) = ending(turn.stop());
    let mut calls = 0;
    let items: Vec<String> = turn
        .reply
        .parts
        .iter()
        .enumerate()
        .filter_map(|(index, part)| match part {
            Part::Text(text) => Some(message_item(turn, index, "completed", &text_part(text))),
            Part::Reasoning(text) => Some(reasoning_item(turn, index, &summary_part(text))),
            Part::Call { name, arguments } => {
                let call_id = turn.call_id(calls);
                calls += 1;
                let arguments = argument_text(arguments);
                Some(call_item(turn, index, "completed", &call_id, name, &arguments))
            }
            Part::Error(_) => None,
        })
        .collect();
    response(turn, status, details, &items, &usage_object(turn))
}

/// Events and finished items so far.
struct Stream {
    events: Vec<String>,
    items: Vec<String>,
    /// The text of the open message.
    text: Option<String>,
}

impl Stream {
    fn event(&mut self, kind: &str, rest: &str) {
        let number = self.events.len();
        self.events.push(format!(
            "event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":{number}{rest}}}\n\n"
        ));
    }

    fn item_event(&mut self, kind: &str, item: &str) {
        let index = self.items.len();
        self.event(kind, &format!(r#","output_index":{index},"item":{item}"#));
    }

    /// An event inside the open item.
    fn inner(&mut self, kind: &str, id: &str, rest: &str) {
        let index = self.items.len();
        self.event(kind, &format!(r#","item_id":"{id}","output_index":{index}{rest}"#));
    }

    fn text(&mut self, turn: &Turn<'_>, text: &str) {
        let id = item_id("msg", turn, self.items.len());
        if self.text.is_none() {
            let item = message_item(turn, self.items.len(), "in_progress", "");
            self.item_event("response.output_item.added", &item);
            let part = format!(r#","content_index":0,"part":{}"#, text_part(""));
            self.inner("response.content_part.added", &id, &part);
        }
        self.text.get_or_insert_default().push_str(text);
        let delta = format!(r#","content_index":0,"delta":{},"logprobs":[]"#, quote(text));
        self.inner("response.output_text.delta", &id, &delta);
    }

    fn end_text(&mut self, turn: &Turn<'_>) {
        let Some(text) = self.text.take() else { return };
        let id = item_id("msg", turn, self.items.len());
        let whole = format!(r#","content_index":0,"text":{},"logprobs":[]"#, quote(&text));
        self.inner("response.output_text.done", &id, &whole);
        let part = format!(r#","content_index":0,"part":{}"#, text_part(&text));
        self.inner("response.content_part.done", &id, &part);
        let item = message_item(turn, self.items.len(), "completed", &text_part(&text));
        self.done(item);
    }

    fn reasoning(&mut self, turn: &Turn<'_>, text: &str) {
        self.end_text(turn);
        let (index, id) = (self.items.len(), item_id("rs", turn, self.items.len()));
        self.item_event("response.output_item.added", &reasoning_item(turn, index, ""));
        let part = |text| format!(r#","summary_index":0,"part":{}"#, summary_part(text));
        self.inner("response.reasoning_summary_part.added", &id, &part(""));
        let delta = format!(r#","summary_index":0,"delta":{}"#, quote(text));
        self.inner("response.reasoning_summary_text.delta", &id, &delta);
        let whole = format!(r#","summary_index":0,"text":{}"#, quote(text));
        self.inner("response.reasoning_summary_text.done", &id, &whole);
        self.inner("response.reasoning_summary_part.done", &id, &part(text));
        self.done(reasoning_item(turn, index, &summary_part(text)));
    }

    fn call(&mut self, turn: &Turn<'_>, call_id: &str, name: &str, arguments: &str) {
        self.end_text(turn);
        let (index, id) = (self.items.len(), item_id("fc", turn, self.items.len()));
        let item = call_item(turn, index, "in_progress", call_id, name, "");
        self.item_event("response.output_item.added", &item);
        for piece in fragments(arguments) {
            let delta = format!(r#","delta":{}"#, quote(&piece));
            self.inner("response.function_call_arguments.delta", &id, &delta);
        }
        let whole = format!(r#","name":{},"arguments":{}"#, quote(name), quote(arguments));
        self.inner("response.function_call_arguments.done", &id, &whole);
        self.done(call_item(turn, index, "completed", call_id, name, arguments));
    }

    fn done(&mut self, item: String) {
        self.item_event("response.output_item.done", &item);
        self.items.push(item);
    }
}

fn item_id(kind: &str, turn: &Turn<'_>, index: usize) -> String {
    format!("{kind}_{}_{index}", turn.number)
}

fn message_item(turn: &Turn<'_>, index: usize, status: &str, content: &str) -> String {
    let id = item_id("msg", turn, index);
    format!(
        r#"{{"id":"{id}","type":"message","status":"{status}","role":"assistant","content":[{content}]}}"#
    )
}

fn reasoning_item(turn: &Turn<'_>, index: usize, summary: &str) -> String {
    let id = item_id("rs", turn, index);
    format!(r#"{{"id":"{id}","type":"reasoning","summary":[{summary}]}}"#)
}

fn call_item(
    turn: &Turn<'_>,
    index: usize,
    status: &str,
    call_id: &str,
    name: &str,
    arguments: &str,
) -> String {
    let (id, name, arguments) = (item_id("fc", turn, index), quote(name), quote(arguments));
    format!(
        r#"{{"id":"{id}","type":"function_call","status":"{status}","call_id":"{call_id}","name":{name},"arguments":{arguments}}}"#
    )
}

fn text_part(text: &str) -> String {
    format!(r#"{{"type":"output_text","text":{},"annotations":[],"logprobs":[]}}"#, quote(text))
}

fn summary_part(text: &str) -> String {
    format!(r#"{{"type":"summary_text","text":{}}}"#, quote(text))
}

/// The status of a response that ended so, and its details.
fn ending(stop: Stop) -> (&'static str, &'static str) {
    match stop {
        Stop::End | Stop::ToolCalls => ("completed", "null"),
        Stop::Length => ("incomplete", r#"{"reason":"max_output_tokens"}"#),
        Stop::Refusal => ("incomplete", r#"{"reason":"content_filter"}"#),
        Stop::None => ("in_progress", "null"),
    }
}

fn response(turn: &Turn<'_>, status: &str, details: &str, items: &[String], usage: &str) -> String {
    format!(
        r#"{{"id":"resp_{}","object":"response","created_at":0,"status":"{status}","error":null,"incomplete_details":{details},"instructions":null,"metadata":{{}},"model":{},"output":[{}],"parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"usage":{usage}}}"#,
        turn.number,
        turn.model(),
        items.join(",")
    )
}

fn usage_object(turn: &Turn<'_>) -> String {
    let (input, output, cached) = (turn.usage.input, turn.usage.output, turn.usage.cached);
    let total = input + output;
    format!(
        r#"{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":{cached}}},"output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{total}}}"#
    )
}
