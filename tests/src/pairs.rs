//! Whether each call of a tool in a request has its one result, in the right place.

use serde_json::Value;
use zerostack_core::Dialect;

/// A call or a result: what names it.
type Id<'v> = &'v str;

/// Checks the messages of `body`.
///
/// # Panics
/// When a call has no result, a result has no call, or something comes between them.
pub fn check(dialect: Dialect, body: &Value) {
    match dialect {
        Dialect::OpenAiChat => by_id(body, &body["messages"], chat),
        Dialect::Anthropic => by_id(body, &body["messages"], anthropic),
        Dialect::OpenAiResponses => by_id(body, &body["input"], responses),
        Dialect::Gemini => by_place(body, &body["contents"], gemini),
        Dialect::Ollama => by_place(body, &body["messages"], ollama),
        other => panic!("{other:?} is not known here"),
    }
}

/// What a message holds of calls and results.
struct Pairs<'v> {
    calls: Vec<Id<'v>>,
    results: Vec<Id<'v>>,
    /// It is part of what the model said.
    is_reply: bool,
}

/// Results name their calls, and come in any order.
fn by_id<'v>(body: &Value, messages: &'v Value, read: fn(&'v Value) -> Pairs<'v>) {
    let mut open: Vec<Id<'_>> = Vec::new();
    for message in list(messages) {
        let Pairs { calls, results, is_reply } = read(message);
        assert!(calls.iter().all(|id| !id.is_empty()), "a call without an id in {body}");
        for id in &results {
            let at = open.iter().position(|open| open == id);
            open.remove(at.unwrap_or_else(|| panic!("result {id:?} without a call in {body}")));
        }
        let may_be_open = is_reply || !results.is_empty();
        assert!(open.is_empty() || may_be_open, "open calls {open:?} in {body}");
        open.extend(calls);
    }
    assert!(open.is_empty(), "open calls {open:?} in {body}");
}

/// Results are known by their place: they come in the order of the calls.
fn by_place<'v>(body: &Value, messages: &'v Value, read: fn(&'v Value) -> Pairs<'v>) {
    let mut open: std::collections::VecDeque<Id<'_>> = std::collections::VecDeque::new();
    for message in list(messages) {
        let Pairs { calls, results, .. } = read(message);
        assert!(open.is_empty() || !results.is_empty(), "open calls {open:?} in {body}");
        for id in results {
            assert_eq!(open.pop_front(), Some(id), "in {body}");
        }
        open.extend(calls);
    }
    assert!(open.is_empty(), "open calls {open:?} in {body}");
}

fn chat(message: &Value) -> Pairs<'_> {
    Pairs {
        calls: list(&message["tool_calls"]).map(|call| text(&call["id"])).collect(),
        results: message["tool_call_id"].as_str().into_iter().collect(),
        is_reply: false,
    }
}

fn anthropic(message: &Value) -> Pairs<'_> {
    let blocks = |kind: &'static str, id: &'static str| {
        let blocks = list(&message["content"]).filter(move |block| block["type"] == kind);
        blocks.map(|block| text(&block[id])).collect()
    };
    let (calls, results) = (blocks("tool_use", "id"), blocks("tool_result", "tool_use_id"));
    Pairs { calls, results, is_reply: false }
}

fn responses(item: &Value) -> Pairs<'_> {
    let of = |kind: &str| -> Vec<Id<'_>> {
        (item["type"] == kind).then(|| text(&item["call_id"])).into_iter().collect()
    };
    let calls = of("function_call");
    let is_reply = !calls.is_empty() || item["role"] == "assistant" || item["type"] == "reasoning";
    Pairs { calls, results: of("function_call_output"), is_reply }
}

fn gemini(message: &Value) -> Pairs<'_> {
    let of = |kind: &'static str| {
        let parts = list(&message["parts"]).map(move |part| &part[kind]);
        parts.filter(|part| part.is_object()).map(|part| text(&part["name"])).collect()
    };
    Pairs { calls: of("functionCall"), results: of("functionResponse"), is_reply: false }
}

fn ollama(message: &Value) -> Pairs<'_> {
    Pairs {
        calls: list(&message["tool_calls"]).map(|call| text(&call["function"]["name"])).collect(),
        results: message["tool_name"].as_str().into_iter().collect(),
        is_reply: false,
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
