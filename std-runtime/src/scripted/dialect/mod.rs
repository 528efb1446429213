//! A reply in the words of a dialect: a stream of events, or one JSON document.
//!
//! Keys stand in the order in which the real servers send them.

mod anthropic;
mod openai_chat;

use serde_json::Value;

use super::request::{Request, Wish};
use super::script::{ErrorBody, Part, Reply, Stop, Usage};
use crate::provider::Api;

/// The body of an answer, in the pieces in which a server would write it.
pub(super) struct Answer {
    pub content_type: &'static str,
    pub pieces: Vec<String>,
}

/// The model's reply to `request`, the `number`th of the script.
pub(super) fn answer(reply: &Reply, request: &Request, number: usize) -> Answer {
    let wish = request.wish();
    let usage = reply.usage.unwrap_or_else(|| counted(reply, request));
    let turn = Turn { reply, wish: &wish, usage, number };
    match (request.api(), wish.stream) {
        (Api::Anthropic, true) => stream(anthropic::events(&turn)),
        (Api::Anthropic, false) => document(anthropic::document(&turn)),
        (_, true) => stream(openai_chat::events(&turn)),
        (_, false) => document(openai_chat::document(&turn)),
    }
}

/// An error body; `error` or what goes with `status`.
pub(super) fn error_answer(api: Api, status: u16, error: Option<&ErrorBody>) -> Answer {
    let (openai, anthropic, message) = match status {
        401 => ("invalid_api_key", "authentication_error", "The key is not valid."),
        403 => ("permission_denied", "permission_error", "The key may not do this."),
        404 => ("model_not_found", "not_found_error", "There is no such model."),
        413 => ("request_too_large", "request_too_large", "The request is too large."),
        429 => ("rate_limit_exceeded", "rate_limit_error", "Too many requests."),
        529 => ("overloaded", "overloaded_error", "Overloaded."),
        400..=499 => ("invalid_request_error", "invalid_request_error", "The request is wrong."),
        _ => ("server_error", "api_error", "The server failed."),
    };
    let code = match api {
        Api::Anthropic => anthropic,
        _ => openai,
    };
    let fallback = ErrorBody { code: code.into(), message: message.into() };
    document(error_object(api, error.unwrap_or(&fallback)))
}

/// The list of models.
pub(super) fn models(names: &[String]) -> Answer {
    let models = names.iter().map(|name| format!(r#"{{"id":{},"object":"model"}}"#, quote(name)));
    let models = models.collect::<Vec<_>>().join(",");
    document(format!(r#"{{"object":"list","data":[{models}]}}"#))
}

struct Turn<'a> {
    reply: &'a Reply,
    wish: &'a Wish,
    usage: Usage,
    number: usize,
}

impl Turn<'_> {
    fn stop(&self) -> Stop {
        let has_call = self.reply.parts.iter().any(|part| matches!(part, Part::Call { .. }));
        self.reply.stop.unwrap_or(if has_call { Stop::ToolCalls } else { Stop::End })
    }

    fn model(&self) -> String {
        quote(&self.wish.model)
    }

    fn call_id(&self, index: usize) -> String {
        format!("call_{}_{index}", self.number)
    }

    fn joined(&self, pick: impl Fn(&Part) -> Option<&str>) -> String {
        self.reply.parts.iter().filter_map(pick).collect()
    }

    fn calls(&self) -> impl Iterator<Item = (usize, &str, String)> {
        let calls = self.reply.parts.iter().filter_map(|part| match part {
            Part::Call { name, arguments } => Some((name.as_str(), argument_text(arguments))),
            _ => None,
        });
        calls.enumerate().map(|(index, (name, arguments))| (index, name, arguments))
    }
}

fn error_object(api: Api, error: &ErrorBody) -> String {
    let (code, message) = (quote(&error.code), quote(&error.message));
    match api {
        Api::Anthropic => {
            format!(r#"{{"type":"error","error":{{"type":{code},"message":{message}}}}}"#)
        }
        _ => format!(
            r#"{{"error":{{"message":{message},"type":{code},"param":null,"code":{code}}}}}"#
        ),
    }
}

fn counted(reply: &Reply, request: &Request) -> Usage {
    let said: usize = reply
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) | Part::Reasoning(text) => text.len(),
            Part::Call { name, arguments } => name.len() + argument_text(arguments).len(),
            Part::Error(_) => 0,
        })
        .sum();
    let tokens = |bytes: usize| u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX);
    Usage { input: tokens(request.body.len()), output: tokens(said), cached: 0 }
}

fn argument_text(arguments: &Value) -> String {
    match arguments {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Arguments arrive in fragments of about this length from the real servers.
fn fragments(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(16).map(|chunk| chunk.iter().collect()).collect()
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

fn stream(pieces: Vec<String>) -> Answer {
    Answer { content_type: "text/event-stream", pieces }
}

fn document(text: String) -> Answer {
    Answer { content_type: "application/json", pieces: vec![text] }
}
