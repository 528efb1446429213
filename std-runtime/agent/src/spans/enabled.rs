//! The spans: `invoke_agent` for a turn, in it `chat` for each request and `execute_tool` for each call.
//! They have names, counts and ends, and no text of the conversation.

use std::collections::BTreeMap;

use tracing::field::Empty;
use tracing::{Span, info_span};
use zerostack_core::{Dialect, ToolCall};

use crate::event::AgentEvent;
use crate::provider::Endpoint;
use crate::session::OwnedSession;
use crate::{Error, ErrorKind};

/// The spans of one turn that are open.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    turn: Option<Span>,
    chat: Option<Span>,
    tools: BTreeMap<u32, Span>,
}

impl Spans {
    pub fn new() -> Self {
        Self::default()
    }

    /// A request is sent, for the first time or again.
    pub fn sends(&mut self, session: &OwnedSession, endpoint: &Endpoint) {
        let config = session.config();
        let provider = provider_name(config.dialect);
        let (address, port) = server(endpoint);
        let turn = self.turn.get_or_insert_with(|| {
            info_span!(
                target: "zerostack",
                "invoke_agent",
                otel.kind = "internal",
                gen_ai.operation.name = "invoke_agent",
                gen_ai.provider.name = provider,
                gen_ai.request.model = config.model,
                server.address = address,
                server.port = port,
                gen_ai.usage.input_tokens = Empty,
                gen_ai.usage.output_tokens = Empty,
                error.type = Empty,
            )
        });
        if self.chat.is_some() {
            // Another attempt is part of the same request.
            return;
        }
        let options = &config.options;
        let thousandths =
            |number: Option<zerostack_core::Thousandths>| number.map(|it| f64::from(it.0) / 1000.0);
        let span = info_span!(
            target: "zerostack",
            parent: &*turn,
            "chat",
            otel.name = format!("chat {}", config.model),
            otel.kind = "client",
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = provider,
            gen_ai.request.model = config.model,
            gen_ai.request.max_tokens = Some(config.limits.max_output_tokens).filter(|it| *it > 0),
            gen_ai.request.temperature = thousandths(options.temperature),
            gen_ai.request.top_p = thousandths(options.top_p),
            gen_ai.request.top_k = options.top_k,
            gen_ai.request.frequency_penalty = thousandths(options.frequency_penalty),
            gen_ai.request.presence_penalty = thousandths(options.presence_penalty),
            gen_ai.request.seed = options.seed,
            gen_ai.output.type = options.response_schema.as_ref().map(|_| "json"),
            server.address = address,
            server.port = port,
            gen_ai.response.finish_reasons = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            error.type = Empty,
        );
        self.chat = Some(span);
    }

    /// What is shown of the reply.
    pub fn saw(&mut self, event: &AgentEvent) {
        let Some(chat) = &self.chat else { return };
        match event {
            AgentEvent::Usage(usage) => {
                chat.record("gen_ai.usage.input_tokens", usage.input_tokens);
                chat.record("gen_ai.usage.output_tokens", usage.output_tokens);
            }
            AgentEvent::End(reason) => {
                chat.record("gen_ai.response.finish_reasons", reason.name());
                self.chat = None;
            }
            _ => {}
        }
    }

    /// A call runs.
    pub fn started(&mut self, call: &ToolCall<'_>) {
        let number = call.id.number();
        let id = match call.provider_id {
            "" => number.to_string(),
            id => id.to_owned(),
        };
        let span = info_span!(
            target: "zerostack",
            parent: self.turn.as_ref().and_then(Span::id),
            "execute_tool",
            otel.name = format!("execute_tool {}", call.name),
            otel.kind = "internal",
            gen_ai.operation.name = "execute_tool",
            gen_ai.tool.name = call.name,
            gen_ai.tool.call.id = id,
            gen_ai.tool.type = "function",
            error.type = Empty,
        );
        self.tools.insert(number, span);
    }

    /// A call was answered.
    pub fn answered(&mut self, number: u32, is_error: bool) {
        if let Some(span) = self.tools.remove(&number).filter(|_| is_error) {
            span.record("error.type", "tool_error");
        }
    }

    /// The turn is over, well or not.
    pub fn over(&mut self, session: &OwnedSession, error: Option<&Error>) {
        let Some(turn) = self.turn.take() else { return };
        let usage = session.usage();
        turn.record("gen_ai.usage.input_tokens", usage.input_tokens);
        turn.record("gen_ai.usage.output_tokens", usage.output_tokens);
        let tools = std::mem::take(&mut self.tools);
        if let Some(error) = error {
            for span in tools.values().chain(&self.chat.take()).chain([&turn]) {
                span.record("error.type", error_type(error.kind()));
            }
        }
        self.chat = None;
    }
}

/// `gen_ai.provider.name` of the conventions.
const fn provider_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAiChat | Dialect::OpenAiResponses => "openai",
        Dialect::Gemini => "gcp.gemini",
        other => other.name(),
    }
}

/// Host and port.
fn server(endpoint: &Endpoint) -> (String, u16) {
    let url = endpoint.url("");
    let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let standard = if scheme == "http" { 80 } else { 443 };
    let host_only = || (authority.to_owned(), standard);
    match authority.rsplit_once(':') {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host.trim_matches(['[', ']']).to_owned(), port),
            Err(_) => host_only(),
        },
        None => host_only(),
    }
}

/// The kind in the words of the conventions: one word, in lower case.
fn error_type(kind: ErrorKind) -> String {
    let name = format!("{kind:?}");
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}
