//! The JSON form of an event: one object, the same bytes in every language and in
//! `zerostack --events json`.
//!
//! ```text
//! {"type":"text","text":"I will"}
//! {"type":"tool_call","id":"call_1","name":"read","arguments":"{\"path\":\"a\"}"}
//! {"type":"usage","usage":{"input_tokens":9,"output_tokens":2,"cache_read_tokens":0,"cache_write_tokens":0,"reasoning_tokens":0}}
//! {"type":"reply_end","stop":"tool_use"}
//! ```

use core::fmt::{self, Write};

use super::{Dropped, Event, Usage};

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

impl fmt::Display for EventJson<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Event::TextDelta(text) => texts(out, "text", &[("text", text)])?,
            Event::RefusalDelta(text) => texts(out, "refusal", &[("text", text)])?,
            Event::ThinkingDelta(text) => texts(out, "reasoning", &[("text", text)])?,
            #[cfg(feature = "call-deltas")]
            Event::ToolCallDelta(call) => {
                let [id, name] = [("id", call.provider_id), ("name", call.name)];
                texts(out, "tool_call_delta", &[id, name, ("arguments", call.arguments)])?;
            }
            Event::ToolCall(call) => {
                let [id, name] = [("id", call.provider_id), ("name", call.name)];
                texts(out, "tool_call", &[id, name, ("arguments", call.arguments)])?;
            }
            Event::Usage(usage) => {
                out.write_str("{\"type\":\"usage\",\"usage\":")?;
                counts(out, *usage)?;
            }
            Event::Truncated { what, bytes } => {
                let what = match what {
                    Dropped::Reply => {
                        return write!(out, "{{\"type\":\"truncated\",\"bytes\":{bytes}}}");
                    }
                    Dropped::ToolResult => "shortened",
                    Dropped::OldResults => "results",
                    Dropped::OldExchanges => "exchanges",
                    Dropped::Summarised => "summarised",
                };
                write!(out, "{{\"type\":\"made_room\",\"what\":\"{what}\",\"bytes\":{bytes}")?;
            }
            Event::Compacting => texts(out, "compacting", &[])?,
            Event::SummaryFailed(error) => {
                out.write_str("{\"type\":\"summary_failed\",\"reason\":\"")?;
                write!(Escaped(out), "{error}")?;
                out.write_str("\"")?;
            }
            Event::Repeating { name, count } => {
                texts(out, "repeating", &[("name", name)])?;
                write!(out, ",\"count\":{count}")?;
            }
            Event::Recovered { calls } => {
                write!(out, "{{\"type\":\"recovered\",\"calls\":{calls}")?;
            }
            Event::End(reason) => texts(out, "reply_end", &[("stop", reason.name())])?,
            Event::Restart => texts(out, "restart", &[])?,
        }
        out.write_str("}")
    }
}

/// The start of an object: its type and its string members.
fn texts(out: &mut fmt::Formatter<'_>, kind: &str, members: &[(&str, &str)]) -> fmt::Result {
    write!(out, "{{\"type\":\"{kind}\"")?;
    for (name, text) in members {
        write!(out, ",\"{name}\":\"")?;
        Escaped(out).write_str(text)?;
        out.write_str("\"")?;
    }
    Ok(())
}

fn counts(out: &mut fmt::Formatter<'_>, usage: Usage) -> fmt::Result {
    let Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        reasoning_tokens,
    } = usage;
    let members = [
        ("{\"input_tokens\":", input_tokens),
        (",\"output_tokens\":", output_tokens),
        (",\"cache_read_tokens\":", cache_read_tokens),
        (",\"cache_write_tokens\":", cache_write_tokens),
        (",\"reasoning_tokens\":", reasoning_tokens),
    ];
    members.into_iter().try_for_each(|(name, count)| write!(out, "{name}{count}"))?;
    out.write_str("}")
}

/// Escapes text for the inside of a JSON string, and no more than JSON demands.
struct Escaped<'o, 'f>(&'o mut fmt::Formatter<'f>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_special = |character: char| matches!(character, '"' | '\\' | '\0'..='\x1f');
        for part in text.split_inclusive(is_special) {
            let special = part.chars().next_back().filter(|it| is_special(*it));
            self.0.write_str(part.strip_suffix(is_special).unwrap_or(part))?;
            match special {
                None => {}
                Some('\n') => self.0.write_str("\\n")?,
                Some('\r') => self.0.write_str("\\r")?,
                Some('\t') => self.0.write_str("\\t")?,
                Some('\x08') => self.0.write_str("\\b")?,
                Some('\x0c') => self.0.write_str("\\f")?,
                Some(control @ '\0'..='\x1f') => write!(self.0, "\\u{:04x}", u32::from(control))?,
                Some(other) => {
                    self.0.write_str("\\")?;
                    self.0.write_char(other)?;
                }
            }
        }
        Ok(())
    }
}

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
