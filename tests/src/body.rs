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
    let json: Value = serde_json::from_str(&body).expect("a request is JSON");
    pairs::check(session.config().provider(), &json);
    body
}

/// The parts of a body that only ever grow at their end. The list of messages is without its
/// last bracket.
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
        Self { tools: text(&["tools"]), system, messages }
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
