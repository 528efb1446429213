//! A model that says random things: replies as the providers would stream them.

mod anthropic;
mod gemini;
mod ollama;
mod openai_chat;
mod openai_responses;

use serde_json::{Value, json};
use zerostack_core::{Dialect, ToolMode};

use crate::random::Random;

/// What the model says in one reply.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Says {
    /// Its reasoning, may be empty.
    pub thinking: String,
    /// Its answer, may be empty.
    pub text: String,
    /// Calls: id, name, arguments.
    pub calls: Vec<(String, String, String)>,
}

impl Says {
    /// Something; about half of the replies have calls.
    pub fn random(random: &mut Random) -> Self {
        let calls = if random.once_in(2) { 0 } else { 1 + random.below(4) };
        let call = |at: usize, random: &mut Random| {
            let id = format!("call_{:08x}_{at}", random.any() as u32);
            let arguments = match random.below(6) {
                0 => String::new(),
                // No empty object in front: that is read as a placeholder.
                1 => format!("[{}", random.text(4)),
                _ => json!({ "path": random.text(3), "n": random.json(2) }).to_string(),
            };
            (id, (*random.one_of(&["read", "write", "grep"])).to_owned(), arguments)
        };
        Self {
            thinking: if random.once_in(3) { random.text(8) } else { String::new() },
            text: if random.once_in(4) { String::new() } else { random.text(20) },
            calls: (0..calls).map(|at| call(at, random)).collect(),
        }
    }

    /// The same as `dialect` can say it: some have calls whose arguments are objects only, and
    /// some no ids of calls.
    #[must_use]
    pub fn heard(&self, dialect: Dialect) -> Vec<(&str, &str, String)> {
        let heard = |arguments: &str| {
            let is_object = serde_json::from_str::<Value>(arguments).is_ok_and(|it| it.is_object());
            let heard = match dialect {
                Dialect::Gemini | Dialect::Ollama if !is_object => "{}",
                Dialect::Anthropic if arguments.is_empty() => "{}",
                _ => arguments,
            };
            heard.to_owned()
        };
        let calls = self.calls.iter();
        calls.map(|(id, name, arguments)| (&**id, &**name, heard(arguments))).collect()
    }

    /// What the model writes when it has no calls but words: all of it is text.
    #[must_use]
    pub fn in_words(&self, mode: ToolMode) -> Self {
        let calls = self.calls.iter().map(|(_, name, arguments)| {
            let arguments = if arguments.starts_with('{') { arguments } else { "{}" };
            format!(r#"{{"name":"{name}","arguments":{arguments}}}"#)
        });
        let text = match mode {
            ToolMode::Schema if self.calls.is_empty() => json!({ "say": self.text }).to_string(),
            ToolMode::Schema => {
                let calls = calls.collect::<Vec<_>>().join(",");
                format!(r#"{{"say":{},"calls":[{calls}]}}"#, json!(self.text))
            }
            _ => {
                let calls = calls.map(|call| format!("\n<tool_call>{call}</tool_call>"));
                self.text.clone() + &calls.collect::<String>()
            }
        };
        Self { thinking: self.thinking.clone(), text, calls: Vec::new() }
    }

    /// The body that says it, in random pieces.
    pub fn body(&self, dialect: Dialect, random: &mut Random) -> Vec<u8> {
        let events = match dialect {
            Dialect::OpenAiChat => self.openai_chat(random),
            Dialect::Anthropic => self.anthropic(random),
            Dialect::OpenAiResponses => self.openai_responses(random),
            Dialect::Gemini => self.gemini(random),
            _ => self.ollama(random),
        };
        match dialect {
            Dialect::Ollama => lines(&events, random),
            Dialect::Gemini if random.once_in(3) => array(&events, random),
            _ => server_sent_events(dialect, &events, random),
        }
    }
}

fn server_sent_events(dialect: Dialect, events: &[Value], random: &mut Random) -> Vec<u8> {
    let line_end = *random.one_of(&["\n", "\r\n", "\r"]);
    let mut body = String::new();
    for event in events {
        if random.once_in(8) {
            body += &format!(": ping{line_end}{line_end}");
        }
        // The pretty form has line feeds, which begin further `data` lines.
        let text = if random.once_in(6) {
            serde_json::to_string_pretty(event)
        } else {
            serde_json::to_string(event)
        };
        for line in text.expect("a value has a text").lines() {
            body += &format!("data: {line}{line_end}");
        }
        body += line_end;
    }
    if dialect == Dialect::OpenAiChat && !random.once_in(4) {
        body += "data: [DONE]";
    }
    body.into_bytes()
}

fn lines(events: &[Value], random: &mut Random) -> Vec<u8> {
    let ends = ["\n", "\r\n", "\n\n"];
    events.iter().map(|event| format!("{event}{}", random.one_of(&ends))).collect::<String>().into()
}

fn array(events: &[Value], random: &mut Random) -> Vec<u8> {
    let comma = *random.one_of(&[",", ",\r\n", "\n,\n"]);
    let events: Vec<String> = events.iter().map(Value::to_string).collect();
    format!("[{}]", events.join(comma)).into_bytes()
}

/// Cuts `text` at random characters.
fn pieces<'t>(text: &'t str, random: &mut Random) -> Vec<&'t str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.ceil_char_boundary(1 + random.below(12));
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces
}

/// Cuts `body` at random bytes.
pub fn chunks<'b>(body: &'b [u8], random: &mut Random) -> Vec<&'b [u8]> {
    let longest = *random.one_of(&[1, 7, 64, 4096]);
    let mut chunks = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at((1 + random.below(longest)).min(rest.len()));
        chunks.push(chunk);
        rest = tail;
    }
    chunks
}
