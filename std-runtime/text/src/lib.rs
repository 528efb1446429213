//! Untrusted text for a person: nothing in it controls a terminal, and an error quotes a bounded
//! part of it.
//!
//! The errors of all crates of the runtime use it, so there is one rule.

#![forbid(unsafe_code)]

mod visible;

pub use visible::{is_acting, visible, visible_line};

/// The words of `text` on one line, without characters that a terminal would act on.
pub fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    visible(&line).into_owned()
}

/// `text` as the message of an error: on [one line](one_line) if it contains anything that would
/// break the line or control a terminal, else unchanged.
pub fn message(text: impl Into<String>) -> String {
    let text = text.into();
    if text.contains(is_acting) { one_line(&text) } else { text }
}

/// The beginning of `text` on one line, for an error.
pub fn quote(text: &str) -> String {
    let mut line = one_line(text);
    if line.len() > QUOTE_BYTES {
        line.truncate(line.floor_char_boundary(QUOTE_BYTES));
        line.push('…');
    }
    line
}

/// `1 line`, `2 lines`: a number before a noun whose plural takes an `s`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The first of `names`, and how many more there are.
pub fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    text
}

/// The most that an error quotes.
const QUOTE_BYTES: usize = 500;
/// The most names of a list.
const LISTED: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_plural() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "file")), ["0 files", "1 file", "2 files"]);
    }

    #[test]
    fn a_message_is_one_line_and_a_quote_is_bounded() {
        assert_eq!(message("two  blanks stay"), "two  blanks stay");
        assert_eq!(message("a\n\x1b[2Kb"), "a [2Kb");
        assert_eq!(quote(&"ä".repeat(400)), format!("{}…", "ä".repeat(250)));
        let names: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(listed(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
