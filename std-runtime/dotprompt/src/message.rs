//! The messages of a template.

use serde_json::Value;

use crate::template::Piece;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// `system`, `user`, `model`, or another role of the template.
    pub role: String,
    /// Its parts.
    pub content: Vec<Part>,
    /// Whether it is an earlier message, inserted by `{{history}}`.
    pub is_history: bool,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// Media.
    Media {
        /// Where it is.
        url: String,
        /// Its media type.
        content_type: Option<String>,
    },
    /// A place for what `{{section}}` names.
    Section(String),
    /// A part of an earlier message, unchanged.
    Other(Value),
}

/// The messages of `pieces`; `history` are the earlier ones.
pub(crate) fn messages(pieces: Vec<Piece>, history: &[Message]) -> Vec<Message> {
    let new =
        |role: &str| Message { role: role.to_owned(), content: Vec::new(), is_history: false };
    let mut all = Vec::new();
    let mut open = new("user");
    for piece in pieces {
        match piece {
            Piece::Role(role) if open.content.iter().any(is_something) => {
                all.push(std::mem::replace(&mut open, new(&role)));
            }
            // Only blanks were before it.
            Piece::Role(role) => open = new(&role),
            Piece::History => {
                all.push(std::mem::replace(&mut open, new("model")));
                let earlier = history.iter().cloned();
                all.extend(earlier.map(|it| Message { is_history: true, ..it }));
            }
            Piece::Text(text) => match open.content.last_mut() {
                Some(Part::Text(last)) => last.push_str(&text),
                _ => open.content.push(Part::Text(text)),
            },
            Piece::Media { url, content_type } => {
                open.content.push(Part::Media { url, content_type })
            }
            Piece::Section(name) => open.content.push(Part::Section(name)),
        }
    }
    all.push(open);
    for message in &mut all {
        message.content.retain(is_something);
    }
    all.retain(|message| !message.content.is_empty());
    if !history.is_empty() && !all.iter().any(|message| message.is_history) {
        let at = match all.last() {
            Some(last) if last.role == "user" => all.len() - 1,
            _ => all.len(),
        };
        all.splice(at..at, history.iter().cloned());
    }
    all
}

fn is_something(part: &Part) -> bool {
    !matches!(part, Part::Text(text) if text.trim().is_empty())
}
