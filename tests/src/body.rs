//! Reads request bodies with a reader that is not ours, and checks what every one must hold.

use serde_json::Value;
use serde_json::value::RawValue;
use zerostack_core::{Config, Session, Storage};

use crate::pairs;

/// Windows through which a body is read: all give the same bytes.
const WINDOWS: [usize; 5] = [1, 2, 3, 7, 64];

/// The body of the request that is due, read through one window.
///
/// # Panics
/// When the step is not `Send`.
pub fn read<C: Config, S: Storage>(session: &Session<C, S>, window: usize) -> Vec<u8> {
    let mut request = session.request().expect("the step is Send");
    let (mut body, mut buffer) = (Vec::new(), vec![0; window]);
    loop {
        match request.read(&mut buffer) {
            0 => return body,
            count => body.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The body, after checking that every window gives the same bytes, as many as promised,
/// that they are JSON, and that each call of a tool has its one result in the right place.
///
/// # Panics
/// When one of that is not so.
pub fn checked<C: Config, S: Storage>(session: &Session<C, S>) -> String {
    let body = valid(session);
    for window in WINDOWS {
        assert_eq!(read(session, window), body.as_bytes(), "through a window of {window}");
    }
    body
}

/// The same, read through one window only.
///
/// # Panics
/// As [`checked`].
pub fn valid<C: Config, S: Storage>(session: &Session<C, S>) -> String {
    let body = read(session, 4096);
    assert_eq!(session.request().expect("Send").body_len(), body.len(), "the promised length");
    let body = String::from_utf8(body).expect("a request is UTF-8");
    let json = serde_json::from_str::<Value>(&body);
    let json = json.unwrap_or_else(|error| panic!("a request is JSON: {error} in {body}"));
    pairs::check(session.config().dialect(), &json);
    body
}

/// The parts of a body that only ever grow at their end: the tools, or the schema that replaces
/// them, the system text, and the messages without their last bracket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "what the keys of the body hold")]
pub struct Lists {
    pub tools: String,
    pub system: String,
    pub messages: String,
}

impl Lists {
    /// Cut out of the text of a body of any dialect.
    ///
    /// # Panics
    /// When it is not a JSON object, or holds no list of messages.
    #[must_use]
    pub fn of(body: &str) -> Self {
        let keys: std::collections::BTreeMap<&str, &RawValue> =
            serde_json::from_str(body).expect("a body is an object");
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| keys.get(name));
            found.map_or(String::new(), |raw| raw.get().to_owned())
        };
        let messages = text(&["messages", "input", "contents"]);
        let messages = messages.strip_suffix(']').expect("messages are a list").to_owned();
        let system = text(&["system", "instructions", "systemInstruction"]);
        Self { tools: text(&["tools", "response_format", "format"]), system, messages }
    }

    /// Checks that the marks of Anthropic's cache are where nothing ever moves: for
    /// a model of Anthropic one at the top, which caches what grows, and one after the last of what
    /// is fixed.
    ///
    /// # Panics
    /// When one is elsewhere, or is missing.
    pub fn check_marks(body: &str) {
        let body: Value = serde_json::from_str(body).expect("JSON");
        let mark = serde_json::json!({ "type": "ephemeral" });
        let last = |key: &str| body[key].as_array().and_then(|list| list.last()).cloned();
        let fixed = last("system").or_else(|| last("tools"));
        let is_claude = body["model"].as_str().is_some_and(|model| model.contains("claude"));
        let top = if is_claude { mark.clone() } else { Value::Null };
        assert_eq!(body["cache_control"], top, "at the top of {body}");
        assert!(fixed.as_ref().is_none_or(|last| last["cache_control"] == mark), "{body}");
        let expected = usize::from(is_claude) + usize::from(fixed.is_some());
        assert_eq!(count_marks(&body), expected, "{body}");
        assert_eq!(count_marks(&body["messages"]), 0, "{body}");
    }

    /// Whether the provider's cache of this one serves `next`.
    #[must_use]
    pub fn is_prefix_of(&self, next: &Self) -> bool {
        let rest = next.messages.strip_prefix(&self.messages);
        // A prefix that ends inside a message would be none of the list.
        let grows = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(','));
        // But for a text of the user without an answer: where two in a row are refused, it goes on.
        let goes_on = self.messages.strip_suffix(r#""}"#).is_some_and(|open| {
            let last = open.rfind(r#"{"role":"user","content":""#);
            let is_user = last.is_some_and(|at| !open[at..].contains(r#""},{"#));
            let rest = next.messages.strip_prefix(open);
            is_user && rest.is_some_and(|rest| rest.starts_with(r"\n\n"))
        });
        // A model called a tool that was not offered to it: without any, Anthropic refuses the rest.
        let tools = self.tools == next.tools || self.tools.is_empty();
        tools && self.system == next.system && (grows || goes_on)
    }
}

fn count_marks(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(count_marks).sum(),
        Value::Object(members) => {
            let mark = usize::from(members.contains_key("cache_control"));
            mark + members.values().map(count_marks).sum::<usize>()
        }
        _ => 0,
    }
}
