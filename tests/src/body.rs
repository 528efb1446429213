//! Reads request bodies with a reader that is not ours, and checks what every one must hold.

use serde_json::Value;
use serde_json::value::RawValue;
use zerostack_core::{Config, Provider, Session, Storage};

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
    let json: Value = serde_json::from_str(&body).expect("a request is JSON");
    check_messages(session.config().provider(), &json);
    body
}

/// The parts of a body that only ever grow at their end, each without its last bracket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the keys of the body")]
pub struct Lists {
    pub tools: String,
    pub system: String,
    pub messages: String,
}

impl Lists {
    /// Cut out of the text of a body.
    ///
    /// # Panics
    /// When it is not a JSON object.
    #[must_use]
    pub fn of(body: &str) -> Self {
        let keys: std::collections::BTreeMap<&str, &RawValue> =
            serde_json::from_str(body).expect("a body is an object");
        let text = |key: &str| keys.get(key).map_or(String::new(), |raw| raw.get().to_owned());
        let messages = text("messages");
        let messages = messages.strip_suffix(']').expect("messages are a list").to_owned();
        Self { tools: text("tools"), system: text("system"), messages }
    }

    /// Whether the provider's cache of this one serves `next`.
    #[must_use]
    pub fn is_prefix_of(&self, next: &Self) -> bool {
        let rest = next.messages.strip_prefix(&self.messages);
        // A prefix that ends inside a message would be none of the list.
        let grows = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(','));
        self.tools == next.tools && self.system == next.system && grows
    }
}

fn check_messages(provider: Provider, body: &Value) {
    let messages = body["messages"].as_array().expect("messages are a list");
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        let role = message["role"].as_str().expect("a role");
        let results: Vec<&str> = match provider {
            Provider::OpenAiChat => message["tool_call_id"].as_str().into_iter().collect(),
            _ => blocks(message, "tool_result", "tool_use_id"),
        };
        for id in &results {
            let at = open.iter().position(|open| open == id);
            open.remove(at.unwrap_or_else(|| panic!("result {id:?} without a call in {body}")));
        }
        assert!(open.is_empty() || !results.is_empty(), "open calls {open:?} in {body}");
        if role == "assistant" {
            open = match provider {
                Provider::OpenAiChat => {
                    let calls = message["tool_calls"].as_array().into_iter().flatten();
                    calls.map(|call| call["id"].as_str().expect("an id")).collect()
                }
                _ => blocks(message, "tool_use", "id"),
            };
            assert!(open.iter().all(|id| !id.is_empty()), "a call without an id in {body}");
        }
    }
    assert!(open.is_empty(), "open calls {open:?} in {body}");
}

fn blocks<'v>(message: &'v Value, kind: &str, id: &str) -> Vec<&'v str> {
    let blocks = message["content"].as_array().into_iter().flatten();
    let of_kind = blocks.filter(|block| block["type"] == kind);
    of_kind.map(|block| block[id].as_str().expect("an id")).collect()
}
