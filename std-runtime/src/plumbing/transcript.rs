//! A transcript as JSON Lines: one part per line, for people, `grep` and shell scripts.
//!
//! ```text
//! {"role":"system","text":"You are …"}                                  at most one, first
//! {"role":"tools","tools":[{"name":…,"description":…,"parameters":{…}}]} at most one, before the parts
//! {"role":"user","text":"Fix the test"}
//! {"role":"developer","text":"From now on …"}                            the program, beside the user
//! {"role":"assistant","thinking":"Let me look"}
//! {"role":"assistant","opaque":{"provider":"anthropic","subtype":0,"text":"c2ln"}}
//! {"role":"assistant","text":"I will read it."}
//! {"role":"assistant","call":{"id":"call_1","name":"read","arguments":"{\"path\":\"a\"}"}}
//! {"role":"tool","id":"call_1","text":"1\tint main"}                  "is_error":true for a failure
//! ```
//! The parts are read and written by the core, which documents the rest of the form: [`zerostack_core::JsonLines`].

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zerostack_core::{Growing, JsonLinesReader, LineFault, OwnedConfig, OwnedTool, Session};

use crate::agent::OwnedSession;
use crate::{Error, ErrorKind, Result};

/// One line. Its role determines its fields.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The role.
    pub role: LineRole,
    /// For `tool`: the call's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The text; for `tool`, the result.
    #[serde(alias = "content", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// For `assistant`: reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// For `assistant`: data that only its provider understands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<OpaqueLine>,
    /// For `assistant`: a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallLine>,
    /// For `tools`: in the order in which the model sees them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ToolLine>>,
    /// For `tool`: the call failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// It begins a message, although the line before is also from the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins: bool,
    /// It is kept only in part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// For `user`: a summary that replaces older turns.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub summary: bool,
    /// For `assistant`: the text is a refusal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refusal: bool,
    /// For `assistant`: the wire field of the reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<u8>,
    /// For `tool`: the place of the call in its reply, if the id is not unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u16>,
}

/// The role of a line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the table above documents them")]
pub enum LineRole {
    System,
    Tools,
    #[default]
    User,
    Developer,
    Assistant,
    Tool,
}

/// A tool that the model may call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolLine {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments, as an object.
    pub parameters: Box<RawValue>,
}

/// Data that only its provider understands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpaqueLine {
    /// The provider's dialect.
    pub provider: String,
    /// Its kind among the opaque data of this dialect.
    #[serde(default, alias = "variety")]
    pub subtype: u8,
    /// As received.
    pub text: String,
}

/// A call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallLine {
    /// The provider's id.
    #[serde(default)]
    pub id: String,
    /// The tool.
    pub name: String,
    /// JSON text.
    pub arguments: String,
}

/// Reads lines into a session for `config`'s provider; the system prompt and the tools come from
/// the lines.
///
/// # Errors
/// `Input` with the number of the line that is wrong.
pub fn read(input: impl Read, mut config: OwnedConfig) -> Result<OwnedSession> {
    let storage = Growing::new(TRANSCRIPT_BYTES);
    let mut reader = JsonLinesReader::new(storage).map_err(Error::from_core)?;
    let mut has_parts = false;
    for (index, text) in BufReader::new(input).lines().enumerate() {
        let refused = |why: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Input, format!("the transcript, line {}: {why}", index + 1))
        };
        let text = text.map_err(|error| refused(&error))?;
        if text.trim().is_empty() {
            continue;
        }
        // The core ignores unknown fields; here a misspelt field is reported.
        let line: Line = serde_json::from_str(&whole_pairs(&text)).map_err(|error| {
            let example = r#"a line is one message, such as {"role":"user","text":"hi"}"#;
            refused(&format_args!("{error}; {example}"))
        })?;
        match (line.role, line.text, &line.tools) {
            (LineRole::System | LineRole::Tools, ..) if has_parts => {
                return Err(refused(&LineFault::Order.message()));
            }
            (LineRole::System, Some(system), None) => config.system = system,
            (LineRole::Tools, None, Some(tools)) => {
                config.tools = tools.iter().map(OwnedTool::from).collect();
            }
            _ => {
                has_parts = true;
                let pushed = reader.push(text.as_bytes()).and_then(|()| reader.push(b"\n"));
                pushed.map_err(|error| match (reader.fault(), reader.open_call(), line.id) {
                    (Some(LineFault::OpenCalls), Some(id), _) => {
                        refused(&format_args!("the call {id:?} has no result yet"))
                    }
                    (Some(LineFault::UnknownCall), _, Some(id)) => {
                        refused(&format_args!("no open call has the id {id:?}"))
                    }
                    (Some(fault), ..) => refused(&fault.message()),
                    (None, ..) => refused(&error),
                })?;
            }
        }
    }
    let (storage, used) = reader.finish().map_err(Error::from_core)?;
    Session::resume(storage, used, config).map_err(Error::from_core)
}

/// The line with U+FFFD for each escaped half of a pair without the other, which JavaScript and
/// Python write. The core itself reads them in the same way.
fn whole_pairs(line: &str) -> Cow<'_, str> {
    let unit = |at: usize| {
        let digits = line.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut whole = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = line[at..].find('\\') {
        at += found;
        let is_low = |at| unit(at).is_some_and(|unit| (0xdc00..0xe000).contains(&unit));
        match unit(at) {
            Some(0xd800..0xdc00) if is_low(at + 6) => at += 12,
            Some(0xd800..0xe000) => {
                whole.push_str(&line[copied..at]);
                whole.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            // An escaped backslash does not begin another escape.
            _ => at = line.len().min(at + 2),
        }
        while !line.is_char_boundary(at) {
            at += 1;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(line);
    }
    whole.push_str(&line[copied..]);
    Cow::Owned(whole)
}

impl From<&ToolLine> for OwnedTool {
    fn from(tool: &ToolLine) -> Self {
        Self {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.get().to_owned(),
        }
    }
}

/// The largest transcript, in bytes.
const TRANSCRIPT_BYTES: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::whole_pairs;

    #[test]
    fn halves_of_pairs_become_the_replacement_character() {
        for (line, whole) in [
            (r"a\ud800b", r"a\ufffdb"),
            (r"\uD83E\uDD80", r"\uD83E\uDD80"),
            (r"\udd80\ud83e", r"\ufffd\ufffd"),
            (r"\ud83e\ud83e\udd80", r"\ufffd\ud83e\udd80"),
            (r"\\ud800", r"\\ud800"),
            ("no escape", "no escape"),
            ("\\é\\", "\\é\\"),
        ] {
            assert_eq!(whole_pairs(line), whole);
        }
    }
}
