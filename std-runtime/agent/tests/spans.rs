//! The spans of a turn: their names, what they have, and which is in which.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use zerostack_agent::provider::Endpoint;
use zerostack_agent::{Agent, Tool};
use zerostack_scripted::{Reply, Script, Scripted};

/// A span as it was made and recorded.
#[derive(Debug, Clone, Default)]
struct Made {
    name: &'static str,
    parent: Option<u64>,
    fields: BTreeMap<String, String>,
    is_closed: bool,
}

impl Visit for Made {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name().to_owned(), value.to_owned());
    }
}

/// Keeps all spans.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Made>>>);

impl Kept {
    fn with<T>(&self, id: &Id, act: impl FnOnce(&mut Made) -> T) -> T {
        let mut spans = self.0.lock().unwrap();
        act(&mut spans[id.into_u64() as usize - 1])
    }
}

impl Subscriber for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "zerostack"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let parent = span.parent().map(Id::into_u64);
        let mut made = Made { name: span.metadata().name(), parent, ..Made::default() };
        span.record(&mut made);
        let mut spans = self.0.lock().unwrap();
        spans.push(made);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.with(span, |made| values.record(made));
    }

    fn try_close(&self, id: Id) -> bool {
        self.with(&id, |made| made.is_closed = true);
        true
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn spans_of(script: Script, expect: impl FnOnce(zerostack_agent::Result<String>)) -> Vec<Made> {
    let provider = Scripted::start(script).unwrap();
    let look = |arguments: serde_json::Value| match arguments["at"].as_str() {
        Some("nowhere") => Err("there is nothing".to_owned()),
        _ => Ok("seen"),
    };
    let schema = r#"{"type":"object","properties":{"at":{"type":"string"}}}"#;
    let endpoint = Endpoint::local(provider.base_url(), "scripted");
    let kept = Kept::default();
    tracing::subscriber::with_default(kept.clone(), || {
        let agent = Agent::builder().endpoint(endpoint);
        let mut agent = agent.tool(Tool::new("look", "Looks.", schema, look)).build().unwrap();
        expect(agent.ask("Go"));
    });
    kept.0.lock().unwrap().clone()
}

#[test]
fn a_turn_has_spans_for_its_requests_and_calls() {
    let script = Script::new()
        .reply(Reply::new().call("look", json!({})).call("look", json!({"at": "nowhere"})))
        .reply(Reply::status(529).header("retry-after-ms", "1"))
        .reply(Reply::new().text("Done."));
    let spans = spans_of(script, |answer| assert_eq!(answer.unwrap(), "Done."));
    let names: Vec<&str> = spans.iter().map(|span| span.name).collect();
    assert_eq!(names, ["invoke_agent", "chat", "execute_tool", "execute_tool", "chat"]);
    assert!(spans.iter().all(|span| span.is_closed), "{spans:?}");
    assert_eq!(spans[0].parent, None);
    assert!(spans[1..].iter().all(|span| span.parent == Some(1)), "{spans:?}");
    let has = |at: usize, name: &str| spans[at].fields.get(name).map(String::as_str);
    for (at, name, value) in [
        (0, "gen_ai.operation.name", "invoke_agent"),
        (0, "gen_ai.request.model", "scripted"),
        (1, "otel.name", "chat scripted"),
        (1, "gen_ai.operation.name", "chat"),
        (1, "gen_ai.provider.name", "openai"),
        (1, "server.address", "127.0.0.1"),
        (1, "gen_ai.response.finish_reasons", "tool_use"),
        (2, "otel.name", "execute_tool look"),
        (2, "gen_ai.tool.name", "look"),
        (2, "gen_ai.tool.type", "function"),
        (3, "error.type", "tool_error"),
        (4, "gen_ai.response.finish_reasons", "end_turn"),
    ] {
        assert_eq!(has(at, name), Some(value), "{at} {name}: {spans:?}");
    }
    assert_eq!(has(2, "error.type"), None);
    let tokens = |at: usize| has(at, "gen_ai.usage.output_tokens").unwrap().parse::<u32>().unwrap();
    assert_eq!(tokens(0), tokens(1) + tokens(4));
    // No text of the conversation.
    assert!(!format!("{spans:?}").contains("Done."));
}

#[test]
fn a_turn_that_fails_says_how() {
    let script = Script::new().reply(Reply::status(401).error("invalid_api_key", "no"));
    let spans = spans_of(script, |answer| assert!(answer.is_err()));
    assert_eq!(spans.len(), 2);
    for span in &spans {
        assert_eq!(span.fields.get("error.type").map(String::as_str), Some("authentication"));
        assert!(span.is_closed);
    }
}
