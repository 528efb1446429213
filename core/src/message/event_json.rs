//! The JSON form of an event: one object, the same bytes in every language and in
//! `zerostack --events json`.
//!
//! ```text
//! {"type":"text","text":"I will"}
//! {"type":"tool_call","id":"call_1","name":"read","arguments":"{\"path\":\"a\"}"}
//! {"type":"usage","usage":{"input_tokens":9,"output_tokens":2,"cache_read_tokens":0,"cache_write_tokens":0,"reasoning_tokens":0}}
//! {"type":"reply_end","stop":"tool_use"}
//! ```

use core::fmt;

use super::{Dropped, Event, Usage};
use crate::error::Decimal;

/// The JSON object of an [`Event`], see [`Event::json`].
#[derive(Clone, Copy, Debug)]
pub struct EventJson<'e>(&'e Event<'e>);

impl<'s> Event<'s> {
    /// The event as one JSON object on one line, without a line feed.
    ///
    /// ```
    /// use zerostack_core::Event;
    ///
    /// let event = Event::TextDelta("a \"word\"\n");
    /// assert_eq!(event.json().to_string(), r#"{"type":"text","text":"a \"word\"\n"}"#);
    /// ```
    #[must_use]
    pub const fn json(&self) -> EventJson<'_> {
        EventJson(self)
    }
}

impl EventJson<'_> {
    /// Gives the object to `out`, in pieces and without `core::fmt`.
    pub fn pieces(&self, out: &mut dyn FnMut(&str)) {
        match self.0 {
            Event::TextDelta(text) => texts(out, "text", &[("text", text)]),
            Event::RefusalDelta(text) => texts(out, "refusal", &[("text", text)]),
            Event::ThinkingDelta(text) => texts(out, "reasoning", &[("text", text)]),
            #[cfg(feature = "call-deltas")]
            Event::ToolCallDelta(call) => {
                let [id, name] = [("id", call.provider_id), ("name", call.name)];
                texts(out, "tool_call_delta", &[id, name, ("arguments", call.arguments)]);
            }
            Event::ToolCall(call) => {
                let [id, name] = [("id", call.provider_id), ("name", call.name)];
                texts(out, "tool_call", &[id, name, ("arguments", call.arguments)]);
            }
            Event::Usage(usage) => {
                texts(out, "usage", &[]);
                counts(out, *usage);
            }
            Event::Truncated { what, bytes } => {
                let what = match what {
                    Dropped::Reply => None,
                    Dropped::ToolResult => Some("shortened"),
                    Dropped::OldResults => Some("results"),
                    Dropped::OldExchanges => Some("exchanges"),
                    Dropped::Summarised => Some("summarised"),
                };
                match what {
                    Some(what) => texts(out, "made_room", &[("what", what)]),
                    None => texts(out, "truncated", &[]),
                }
                count(out, ",\"bytes\":", *bytes);
            }
            Event::Compacting => texts(out, "compacting", &[]),
            Event::SummaryFailed(error) => {
                texts(out, "summary_failed", &[]);
                out(",\"reason\":\"");
                error.pieces(&mut |piece| escaped(out, piece));
                out("\"");
            }
            Event::Repeating { name, count: times } => {
                texts(out, "repeating", &[("name", name)]);
                count(out, ",\"count\":", (*times).into());
            }
            Event::Recovered { calls } => {
                texts(out, "recovered", &[]);
                count(out, ",\"calls\":", (*calls).into());
            }
            Event::End(reason) => texts(out, "reply_end", &[("stop", reason.name())]),
            Event::Restart => texts(out, "restart", &[]),
        }
        out("}");
    }
}

impl fmt::Display for EventJson<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = Ok(());
        self.pieces(&mut |piece| {
            if written.is_ok() {
                written = out.write_str(piece);
            }
        });
        written
    }
}

/// The start of an object: its type and its string members.
fn texts(out: &mut dyn FnMut(&str), kind: &str, members: &[(&str, &str)]) {
    out("{\"type\":\"");
    out(kind);
    out("\"");
    for (name, text) in members {
        out(",\"");
        out(name);
        out("\":\"");
        escaped(out, text);
        out("\"");
    }
}

fn count(out: &mut dyn FnMut(&str), name: &str, number: u32) {
    out(name);
    out(Decimal::new(number).as_str());
}

fn counts(out: &mut dyn FnMut(&str), usage: Usage) {
    let Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        reasoning_tokens,
    } = usage;
    let members = [
        (",\"usage\":{\"input_tokens\":", input_tokens),
        (",\"output_tokens\":", output_tokens),
        (",\"cache_read_tokens\":", cache_read_tokens),
        (",\"cache_write_tokens\":", cache_write_tokens),
        (",\"reasoning_tokens\":", reasoning_tokens),
    ];
    members.into_iter().for_each(|(name, number)| count(out, name, number));
    out("}");
}

/// Escapes text for the inside of a JSON string, and no more than JSON demands.
fn escaped(out: &mut dyn FnMut(&str), mut text: &str) {
    let is_special = |byte: u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    while let Some(at) = text.bytes().position(is_special) {
        out(text.get(..at).unwrap_or_default());
        // One byte, as special characters are ASCII.
        let after = at.saturating_add(1);
        match text.get(at..after).unwrap_or_default() {
            "\n" => out("\\n"),
            "\r" => out("\\r"),
            "\t" => out("\\t"),
            "\x08" => out("\\b"),
            "\x0c" => out("\\f"),
            mark @ ("\"" | "\\") => {
                out("\\");
                out(mark);
            }
            control => {
                let byte = control.bytes().next().unwrap_or_default();
                out(if byte < 0x10 { "\\u000" } else { "\\u001" });
                let digit = usize::from(byte & 0xf);
                out(HEX_DIGITS.get(digit..digit.saturating_add(1)).unwrap_or_default());
            }
        }
        text = text.get(after..).unwrap_or_default();
    }
    out(text);
}

const HEX_DIGITS: &str = "0123456789abcdef";

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;
    use std::string::{String, ToString};

    use super::*;

    #[test]
    fn strings_of_every_character_are_written_as_by_serde_json() {
        let every: String =
            (0..0x300).filter_map(char::from_u32).chain(['\u{2028}', '🦀']).collect();
        for text in ["", "\\", "\"", "a\"\\\n", every.as_str()] {
            let written = Event::TextDelta(text).json().to_string();
            let expected = format!(r#"{{"type":"text","text":{}}}"#, serde_json_string(text));
            assert_eq!(written, expected);
        }
    }

    /// The escapes that JSON demands, character by character.
    fn serde_json_string(text: &str) -> String {
        let mut out = String::from("\"");
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                character if character < ' ' => {
                    out.push_str(&format!("\\u{:04x}", character as u32))
                }
                character => out.push(character),
            }
        }
        out.push('"');
        out
    }
}
