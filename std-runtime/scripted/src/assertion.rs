//! Assertions on the requests, for tests: each panics at its caller and prints the requests.

use std::fmt::Write as _;

use serde_json::Value;
use zerostack_core::Dialect;

use super::request::Request;
use super::server::Scripted;

impl Request {
    /// The model that was asked for.
    pub fn model(&self) -> String {
        self.api().map(|api| self.wish(api).model).unwrap_or_default()
    }

    /// The messages of the request, in the form of its dialect; empty if it does not ask for a reply.
    pub fn messages(&self) -> Vec<Value> {
        let key = match self.api() {
            None => return Vec::new(),
            Some(Dialect::OpenAiResponses) => "input",
            Some(Dialect::Gemini) => "contents",
            Some(_) => "messages",
        };
        self.json()[key].as_array().cloned().unwrap_or_default()
    }

    /// The names of the tools in the request, in order.
    pub fn tools(&self) -> Vec<String> {
        let json = self.json();
        let tools = json["tools"].as_array().into_iter().flatten();
        let declared = tools.flat_map(|tool| match tool["functionDeclarations"].as_array() {
            Some(several) => several.iter().collect(),
            None => vec![tool],
        });
        let name = |tool: &Value| {
            let name = tool["name"].as_str().or(tool["function"]["name"].as_str());
            name.map(str::to_owned)
        };
        declared.filter_map(name).collect()
    }

    /// Panics if the body does not [contain](Self::contains) `text`.
    #[track_caller]
    pub fn assert_contains(&self, text: &str) {
        assert!(self.contains(text), "the request does not contain {text:?}: {}", self.shown());
    }

    /// Panics if the body [contains](Self::contains) `text`.
    #[track_caller]
    pub fn assert_lacks(&self, text: &str) {
        assert!(!self.contains(text), "the request contains {text:?}: {}", self.shown());
    }

    fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {} {body}", self.method, self.path)
    }
}

impl Scripted {
    /// Panics if not every reply of the script was played. One that repeats counts as played.
    #[track_caller]
    pub fn assert_played(&self) {
        let left = self.replies_left();
        assert!(left == 0, "{left} replies of the script were not played; {}", self.shown());
    }

    /// Panics if not exactly `count` requests for a reply arrived.
    #[track_caller]
    pub fn assert_requests(&self, count: usize) {
        let found = self.requests().iter().filter(|request| request.api().is_some()).count();
        assert!(found == count, "{found} requests, not {count}; {}", self.shown());
    }

    /// Panics if a request does not begin with the previous one: with the same tools and messages.
    /// A provider's prompt cache serves only such a prefix.
    #[track_caller]
    pub fn assert_grows(&self) {
        let requests = self.requests();
        let requests = requests.iter().filter(|request| request.api().is_some());
        let lists: Vec<_> =
            requests.map(|it| (it.json()["tools"].clone(), it.messages())).collect();
        for (number, pair) in lists.windows(2).enumerate() {
            let [(tools, messages), (next_tools, next_messages)] = pair else { continue };
            let next = number + 2;
            assert!(tools == next_tools, "request {next} has other tools; {}", self.shown());
            assert!(
                next_messages.starts_with(messages),
                "request {next} does not begin with the messages of the one before; {}",
                self.shown()
            );
        }
    }

    fn shown(&self) -> String {
        let mut text = "the requests:".to_owned();
        for (index, request) in self.requests().iter().enumerate() {
            let _ = write!(text, "\n{}: {}", index + 1, request.shown());
        }
        text
    }
}
