//! A reply in a dialect: a stream of events, lines or values, or one JSON document.
//!
//! Keys are in the order in which real servers send them.

mod anthropic;
mod gemini;
mod ollama;
mod openai_chat;
mod openai_responses;

use serde_json::Value;

use super::request::{Form, Request, Wish};
use super::script::{ErrorBody, Part, Reply, Stop, Usage};
use zerostack_core::Dialect;

/// The body of an answer, in the pieces in which a server would write it.
pub(super) struct Answer {
    pub content_type: &'static str,
    pub pieces: Vec<String>,
}

/// The model's reply to `request`, which is in the words of `api`; the `number`th of the script.
pub(super) fn answer(reply: &Reply, request: &Request, api: Dialect, number: usize) -> Answer {
    let wish = request.wish(api);
    let usage = reply.usage.unwrap_or_else(|| counted(reply, request));
    let turn = Turn { reply, wish: &wish, usage, number };
    match (api, wish.form) {
        (Dialect::Anthropic, Form::Whole) => document(anthropic::document(&turn)),
        (Dialect::Anthropic, _) => stream(anthropic::events(&turn)),
        (Dialect::OpenAiResponses, Form::Whole) => document(openai_responses::document(&turn)),
        (Dialect::OpenAiResponses, _) => stream(openai_responses::events(&turn)),
        (Dialect::Gemini, Form::Whole) => document(gemini::document(&turn)),
        (Dialect::Gemini, Form::Array) => array(&gemini::responses(&turn)),
        (Dialect::Gemini, Form::Stream) => {
            let responses = gemini::responses(&turn).into_iter();
            stream(responses.map(|response| format!("data: {response}\r\n\r\n")).collect())
        }
        (Dialect::Ollama, Form::Whole) => document(ollama::document(&turn)),
        (Dialect::Ollama, _) => {
            Answer { content_type: "application/x-ndjson", pieces: ollama::lines(&turn) }
        }
        (_, Form::Whole) => document(openai_chat::document(&turn)),
        (_, _) => stream(openai_chat::events(&turn)),
    }
}

/// An error body: `error`, or the default for `status`.
pub(super) fn error_answer(api: Dialect, status: u16, error: Option<&ErrorBody>) -> Answer {
    let (openai, anthropic, gemini, message) = match status {
        401 => {
            ("invalid_api_key", "authentication_error", "UNAUTHENTICATED", "The key is not valid.")
        }
        403 => (
            "permission_denied",
            "permission_error",
            "PERMISSION_DENIED",
            "The key may not do this.",
        ),
        404 => ("model_not_found", "not_found_error", "NOT_FOUND", "There is no such model."),
        413 => (
            "request_too_large",
            "request_too_large",
            "INVALID_ARGUMENT",
            "The request is too large.",
        ),
        429 => {
            ("rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED", "Too many requests.")
        }
        503 => ("server_error", "api_error", "UNAVAILABLE", "The server failed."),
        529 => ("overloaded", "overloaded_error", "UNAVAILABLE", "Overloaded."),
        400..=499 => (
            "invalid_request_error",
            "invalid_request_error",
            "INVALID_ARGUMENT",
            "The request is wrong.",
        ),
        _ => ("server_error", "api_error", "INTERNAL", "The server failed."),
    };
    let code = match api {
        Dialect::Anthropic => anthropic,
        Dialect::Gemini => gemini,
        _ => openai,
    };
    let fallback = ErrorBody { code: code.into(), message: message.into() };
    document(error_object(api, status, error.unwrap_or(&fallback)))
}

/// The list of models, in the words of `api`.
pub(super) fn models(api: Dialect, names: &[String]) -> Answer {
    let each = |form: fn(&str) -> String| {
        names.iter().map(|name| form(name)).collect::<Vec<_>>().join(",")
    };
    document(match api {
        Dialect::Anthropic => {
            let models = each(|name| {
                let name = quote(name);
                format!(
                    r#"{{"type":"model","id":{name},"display_name":{name},"created_at":"1970-01-01T00:00:00Z"}}"#
                )
            });
            let id = |name: Option<&String>| name.map_or("null".to_owned(), |name| quote(name));
            let (first, last) = (id(names.first()), id(names.last()));
            format!(r#"{{"data":[{models}],"has_more":false,"first_id":{first},"last_id":{last}}}"#)
        }
        Dialect::Gemini => {
            let models = each(|name| {
                let full = quote(&format!("models/{name}"));
                format!(
                    r#"{{"name":{full},"version":"1","displayName":{},"supportedGenerationMethods":["generateContent"]}}"#,
                    quote(name)
                )
            });
            format!(r#"{{"models":[{models}]}}"#)
        }
        Dialect::Ollama => {
            let models = each(|name| {
                let name = quote(name);
                format!(
                    r#"{{"name":{name},"model":{name},"modified_at":"1970-01-01T00:00:00Z","size":0,"digest":"","details":{{"family":"scripted"}}}}"#
                )
            });
            format!(r#"{{"models":[{models}]}}"#)
        }
        _ => {
            let models = each(|name| {
                let name = quote(name);
                format!(r#"{{"id":{name},"object":"model","created":0,"owned_by":"scripted"}}"#)
            });
            format!(r#"{{"object":"list","data":[{models}]}}"#)
        }
    })
}

/// The answer to a path that no dialect has.
pub(super) fn not_found(request: &Request) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    let message = format!("There is no {} {path} here.", request.method);
    let error = ErrorBody { code: "not_found".into(), message };
    document(error_object(Dialect::OpenAiChat, 404, &error))
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

    fn text(&self) -> String {
        self.joined(|part| match part {
            Part::Text(text) => Some(text),
            _ => None,
        })
    }

    fn reasoning(&self) -> String {
        self.joined(|part| match part {
            Part::Reasoning(text) => Some(text),
            _ => None,
        })
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

fn error_object(api: Dialect, status: u16, error: &ErrorBody) -> String {
    let (code, message) = (quote(&error.code), quote(&error.message));
    match api {
        Dialect::Anthropic => {
            format!(r#"{{"type":"error","error":{{"type":{code},"message":{message}}}}}"#)
        }
        Dialect::Gemini => {
            format!(r#"{{"error":{{"code":{status},"message":{message},"status":{code}}}}}"#)
        }
        Dialect::Ollama => format!(r#"{{"error":{message}}}"#),
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

/// One JSON array that arrives value by value.
fn array(values: &[String]) -> Answer {
    let mut pieces: Vec<String> = Vec::new();
    for value in values {
        let before = if pieces.is_empty() { "[" } else { ",\r\n" };
        pieces.push(format!("{before}{value}"));
    }
    pieces.push(if pieces.is_empty() { "[]".to_owned() } else { "]".to_owned() });
    Answer { content_type: "application/json", pieces }
}

fn document(text: String) -> Answer {
    Answer { content_type: "application/json", pieces: vec![text] }
}
