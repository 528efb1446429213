//! The lines of `--events json`: `std-runtime/docs/events.md` documents each, and
//! `std-runtime/docs/events.schema.json` is their schema.

use serde::Serialize;

use super::{ConversationId, ParentCall};
use crate::agent::{AgentEvent, Call};
use crate::plumbing::decode::DecodedUsage;
use crate::run::tool_line;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    Start {
        version: u32,
        provider: &'a str,
        api: &'a str,
        model: &'a str,
        prompt: &'a str,
        output: &'static str,
        folder: String,
        sandbox: Vec<&'static str>,
    },
    Text {
        text: &'a str,
    },
    Reasoning {
        text: &'a str,
    },
    Refusal {
        text: &'a str,
    },
    ToolCall {
        id: &'a str,
        name: &'a str,
        arguments: &'a str,
    },
    ToolCallDelta {
        id: &'a str,
        name: &'a str,
        arguments: &'a str,
    },
    ToolStarted {
        id: &'a str,
        name: &'a str,
        /// For a person: `edit fizzbuzz.sh +2 −1`.
        summary: String,
    },
    ToolFinished {
        id: &'a str,
        name: &'a str,
        is_error: bool,
        duration_ms: u64,
    },
    ToolResult {
        id: &'a str,
        name: &'a str,
        content: &'a str,
        is_error: bool,
        left_out_bytes: u32,
    },
    Usage {
        usage: DecodedUsage,
    },
    Truncated {
        bytes: u32,
    },
    MadeRoom {
        what: &'static str,
        bytes: u32,
    },
    Compacting,
    SummaryFailed {
        reason: &'a str,
    },
    Repeating {
        name: &'a str,
        count: u16,
    },
    Restart,
    Retry {
        wait_ms: u32,
        reason: &'a str,
    },
    Recovered {
        text: &'a str,
    },
    ReplyEnd {
        stop: &'static str,
    },
    Round {
        number: u32,
        duration_ms: u64,
        usage: DecodedUsage,
        /// The input tokens from the provider's cache, and the others.
        cached_tokens: u32,
        fresh_tokens: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        cost_micros: Option<u64>,
    },
    Check {
        command: &'a str,
        passed: bool,
        how: &'a str,
        output: &'a str,
        duration_ms: u64,
    },
    AttemptEnd {
        number: u32,
        count: u32,
        patch_bytes: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
    },
    Result(ResultLine<'a>),
}

#[derive(Default, Serialize)]
pub(super) struct ResultLine<'a> {
    pub(super) ok: bool,
    pub(super) exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patch: Option<&'a str>,
    /// In place of `patch` if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patch_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) files: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) left_out: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) left_out_files: Option<Vec<LeftOutLine<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) notes: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<DecodedUsage>,
    /// From the first request to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration_ms: Option<u64>,
    /// In millionths of the currency of the prices; absent if these are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cost_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sandbox: Option<Vec<&'static str>>,
    /// Layers of the sandbox that are missing, wholly or in part, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) sandbox_lacks: Vec<String>,
    /// The connections of tools, if only some hosts are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) connections: Vec<ConnectionLine<'a>>,
    /// The number of the run's record, if its changes were written to the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct ConnectionLine<'a> {
    pub(super) to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<&'static str>,
    pub(super) sent_bytes: u64,
    pub(super) received_bytes: u64,
}

#[derive(Serialize)]
pub(super) struct LeftOutLine<'a> {
    pub(super) path: &'a str,
    pub(super) reason: &'a str,
}

#[derive(Serialize)]
pub(super) struct ErrorLine<'a> {
    pub(super) kind: &'static str,
    pub(super) message: &'a str,
}

/// The bytes of a line. A line of a conversation ends with the members that identify it.
pub(super) fn bytes(line: &Line<'_>, of: Option<&ConversationId>) -> serde_json::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    if let Some(ConversationId { id, parent }) = of {
        #[derive(Serialize)]
        struct Of<'a> {
            conversation: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            parent: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            parent_call: Option<&'a str>,
        }
        let parent = parent.as_ref();
        let of = Of {
            conversation: id,
            parent: parent.map(|ParentCall { conversation, .. }| conversation.as_str()),
            parent_call: parent.map(|ParentCall { call, .. }| call.as_str()),
        };
        let of = serde_json::to_vec(&of)?;
        // Both are objects with members.
        if let (Some(b'}'), Some(members)) = (text.pop(), of.get(1..)) {
            text.push(b',');
            text.extend_from_slice(members);
        }
    }
    text.push(b'\n');
    Ok(text)
}

/// The line of an event of a conversation.
pub(super) fn line_of(event: &AgentEvent) -> Option<Line<'_>> {
    Some(match event {
        AgentEvent::Text(text) => Line::Text { text },
        AgentEvent::Reasoning(text) => Line::Reasoning { text },
        AgentEvent::Refusal(text) => Line::Refusal { text },
        AgentEvent::ToolCall(Call { id, name, arguments }) => {
            Line::ToolCall { id, name, arguments }
        }
        AgentEvent::ToolCallDelta(Call { id, name, arguments }) => {
            Line::ToolCallDelta { id, name, arguments }
        }
        AgentEvent::ToolStarted(Call { id, name, arguments }) => {
            Line::ToolStarted { id, name, summary: tool_line(name, arguments) }
        }
        AgentEvent::ToolResult { call, content, is_error, left_out_bytes } => {
            let (id, name) = (&call.id, &call.name);
            let (is_error, left_out_bytes) = (*is_error, *left_out_bytes);
            Line::ToolResult { id, name, content, is_error, left_out_bytes }
        }
        AgentEvent::Usage(usage) => Line::Usage { usage: (*usage).into() },
        AgentEvent::Truncated { bytes } => Line::Truncated { bytes: *bytes },
        AgentEvent::MadeRoom { what, bytes } => Line::MadeRoom { what: what.name(), bytes: *bytes },
        AgentEvent::Compacting => Line::Compacting,
        AgentEvent::SummaryFailed { reason } => Line::SummaryFailed { reason },
        AgentEvent::Repeating { name, count } => Line::Repeating { name, count: *count },
        AgentEvent::Restart => Line::Restart,
        AgentEvent::Retry { wait_ms, reason } => Line::Retry { wait_ms: *wait_ms, reason },
        AgentEvent::Recovered { text } => Line::Recovered { text },
        AgentEvent::End(reason) => Line::ReplyEnd { stop: reason.name() },
        // An event that the agent has, but not yet this format.
        _ => return None,
    })
}
