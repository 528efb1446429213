//! A transcript as JSON Lines: one part a line, for people, `grep` and shell scripts.
//!
//! ```text
//! {"role":"system","text":"You are …"}                                  at most one, first
//! {"role":"tools","tools":[{"name":…,"description":…,"parameters":{…}}]} at most one, before the parts
//! {"role":"user","text":"Fix the test"}
//! {"role":"developer","text":"From now on …"}                            the program, beside the user
//! {"role":"assistant","thinking":"Let me look"}
//! {"role":"assistant","opaque":{"provider":"anthropic","variety":0,"text":"c2ln"}}
//! {"role":"assistant","text":"I will read it."}
//! {"role":"assistant","call":{"id":"call_1","name":"read","arguments":"{\"path\":\"a\"}"}}
//! {"role":"tool","id":"call_1","text":"1\tint main"}                  "is_error":true for a failure
//! ```
//! `content` is read as `text`. Lines of the model that follow one another are one message, until one has `"begins":true`.

use std::io::{BufRead, BufReader, Read};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zerostack_core::{
    Entry, Growing, OwnedConfig, OwnedTool, Part, Provider, Role, Session, ToolCall, ToolResult,
    TranscriptBuilder,
};

use crate::agent::OwnedSession;
use crate::{Error, ErrorKind, Result};

/// One line. Which fields it has, the role says.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Who speaks.
    pub role: LineRole,
    /// For `tool`: the call's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is said; for `tool`, the result.
    #[serde(alias = "content", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// For `assistant`: reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// For `assistant`: what only its provider understands.
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
    /// It begins a message, though the line before is of the model too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins: bool,
    /// It is kept in part only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// Who speaks in a line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the table above says what each is")]
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

/// What only its provider understands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpaqueLine {
    /// The provider's dialect.
    pub provider: String,
    /// What it is among the opaque texts of this dialect.
    #[serde(default)]
    pub variety: u8,
    /// As it came.
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

/// Reads lines into a session for `config`'s provider; system prompt and tools come from the
/// lines.
///
/// # Errors
/// `Input` with the number of the line that is wrong.
pub fn read(input: impl Read, mut config: OwnedConfig) -> Result<OwnedSession> {
    let storage = Growing::new(TRANSCRIPT_BYTES);
    let mut builder = TranscriptBuilder::new(storage).map_err(Error::from_core)?;
    // Ids of the calls of the last reply that have no result yet, with their numbers.
    let mut open = Vec::new();
    let mut has_parts = false;
    for (index, line) in BufReader::new(input).lines().enumerate() {
        let refused = |why: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Input, format!("the transcript, line {}: {why}", index + 1))
        };
        let line = line.map_err(|error| refused(&error))?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line).map_err(|error| refused(&error))?;
        match (line.role, &line.text, &line.tools) {
            (LineRole::System | LineRole::Tools, ..) if has_parts => {
                return Err(refused(&"system and tools stand before everything else"));
            }
            (LineRole::System, Some(text), None) => config.system.clone_from(text),
            (LineRole::Tools, None, Some(tools)) => {
                config.tools = tools.iter().map(OwnedTool::from).collect();
            }
            _ => {
                has_parts = true;
                let begins =
                    matches!(line.role, LineRole::User | LineRole::Developer) || line.begins;
                if let Some((id, _)) = open.first().filter(|_| begins) {
                    return Err(refused(&format_args!("the call {id:?} has no result yet")));
                }
                let entry = entry(&line, &mut open, &builder).map_err(|why| refused(&why))?;
                builder.push(entry).map_err(|error| refused(&error))?;
            }
        }
    }
    let (storage, used) = builder.finish();
    Session::resume(storage, used, config).map_err(Error::from_core)
}

/// The entry that a line says.
fn entry<'l>(
    line: &'l Line,
    open: &mut Vec<(String, zerostack_core::CallId)>,
    builder: &TranscriptBuilder<Growing>,
) -> std::result::Result<Entry<'l>, String> {
    let Line { role, id, text, thinking, opaque, call, tools, is_error, begins, cut } = line;
    Ok(match (role, id, text, thinking, opaque, call, tools) {
        (LineRole::User, None, Some(text), None, None, None, None) => {
            Entry::new(Role::User, Part::Text(text))
        }
        (LineRole::Developer, None, Some(text), None, None, None, None) => {
            Entry::new(Role::User, Part::Instruction(text))
        }
        (LineRole::Assistant, None, text, thinking, opaque, call, None) => {
            let part = match (text, thinking, opaque, call) {
                (Some(text), None, None, None) => Part::Text(text),
                (None, Some(text), None, None) => Part::Thinking(text),
                (None, None, Some(OpaqueLine { provider, variety, text }), None) => {
                    let known = Provider::from_name(provider);
                    let known = known.ok_or_else(|| format!("the API {provider:?} is unknown"))?;
                    Part::Opaque { provider: known, variety: *variety, text }
                }
                (None, None, None, Some(CallLine { id, name, arguments })) => {
                    let number = builder.next_call();
                    open.push((id.clone(), number));
                    Part::ToolCall(ToolCall { id: number, wire_id: id, name, arguments })
                }
                _ => return Err("it needs one of text, thinking, opaque and call".to_owned()),
            };
            Entry { starts_message: *begins, is_cut: *cut, ..Entry::new(Role::Assistant, part) }
        }
        (LineRole::Tool, Some(id), Some(content), None, None, None, None) => {
            let at = open.iter().position(|(known, _)| known == id);
            let at = at.ok_or_else(|| format!("no open call has the id {id:?}"))?;
            let (_, number) = open.remove(at);
            let result = ToolResult { id: number, content, is_error: *is_error };
            Entry::new(Role::Tool, Part::ToolResult(result))
        }
        _ => return Err("it has fields that do not go with its role, or lacks one".to_owned()),
    })
}

/// The line of an entry of the model, or `None` for another role.
pub fn assistant_line(entry: &Entry<'_>) -> Option<Line> {
    let (mut text, mut thinking, mut opaque, mut call) = (None, None, None, None);
    match entry.part {
        _ if entry.role != Role::Assistant => return None,
        Part::Text(part) => text = Some(part.to_owned()),
        Part::Thinking(part) => thinking = Some(part.to_owned()),
        Part::Opaque { provider, variety, text } => {
            let (provider, text) = (provider.name().to_owned(), text.to_owned());
            opaque = Some(OpaqueLine { provider, variety, text });
        }
        Part::ToolCall(ToolCall { wire_id, name, arguments, .. }) => {
            let own = str::to_owned;
            call = Some(CallLine { id: own(wire_id), name: own(name), arguments: own(arguments) });
        }
        _ => return None,
    }
    let (role, cut) = (LineRole::Assistant, entry.is_cut);
    Some(Line { role, text, thinking, opaque, call, cut, ..Line::default() })
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

/// The most that a transcript may take.
const TRANSCRIPT_BYTES: usize = 1 << 30;
