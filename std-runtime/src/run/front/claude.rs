//! `--events claude`: the lines of `claude -p --output-format stream-json`, as the types of the
//! Claude Agent SDKs describe them.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use zerostack_core::prompt::Output;
use zerostack_core::{StopReason, Usage};

use super::partial::Partial;
use super::totals::Totals;
use super::whole_lines::Lines;
use super::{AttemptEnd, CheckEnd, ConversationId, Front, RunEnd, RunEvent, Start};
use crate::agent::{AgentEvent, Call};
use crate::{Error, ErrorKind, Result};

/// Writes them.
pub struct ClaudeWriter<W>(Mutex<Writer<W>>);

struct Writer<W> {
    out: Lines<W>,
    session: String,
    model: String,
    totals: Totals,
    /// The current replies, by conversation.
    replies: BTreeMap<String, Reply>,
    /// The number of complete replies of the run itself.
    rounds: u32,
    last_stop: Option<&'static str>,
    /// How many lines there are so far: the ids are made from their numbers.
    lines: u64,
    /// How many messages have begun.
    messages: u64,
    /// Whether partial messages are reported.
    has_partial: bool,
}

/// A message of the model as it arrives.
#[derive(Default)]
struct Reply {
    blocks: Vec<Value>,
    usage: Usage,
    partial: Partial,
}

impl Reply {
    /// Adds `text` to the last block if that is of the same kind.
    fn add(&mut self, kind: &str, key: &str, text: &str) {
        match self.blocks.last_mut().filter(|block| block["type"] == kind) {
            Some(block) => {
                if let Some(Value::String(known)) = block.get_mut(key) {
                    known.push_str(text);
                }
            }
            None => {
                let mut block = json!({"type": kind, key: text});
                if kind == "thinking" {
                    block["signature"] = "".into();
                }
                self.blocks.push(block);
            }
        }
    }

    fn call(&mut self, call: &Call) {
        let input = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
        self.blocks
            .push(json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input}));
    }
}

impl<W: Write> ClaudeWriter<W> {
    /// Also writes partial messages if it `has_partial`.
    pub(super) fn new(out: W, has_partial: bool) -> Self {
        Self(Mutex::new(Writer {
            out: Lines(out),
            session: String::new(),
            model: String::new(),
            totals: Totals::default(),
            replies: BTreeMap::new(),
            rounds: 0,
            last_stop: None,
            lines: 0,
            messages: 0,
            has_partial,
        }))
    }
}

impl<W: Write + Send> Front for ClaudeWriter<W> {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).start(start)
    }

    fn event(&self, event: &RunEvent<'_>) -> Result<()> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writer.totals.count(event);
        match event {
            RunEvent::Agent { of, event } => writer.agent(of, event),
            RunEvent::Checked(CheckEnd { command, how, output, .. }) => {
                writer.tell(&format!("check `{command}`: {how}\n{output}"))
            }
            RunEvent::Attempt(AttemptEnd { number, count, result }) => {
                // The next attempt has its own conversation.
                writer.replies.clear();
                let how = match result {
                    Ok(bytes) => format!("a patch of {bytes} bytes"),
                    Err(why) => why.clone(),
                };
                writer.tell(&format!("attempt {number} of {count}: {how}"))
            }
            // The others are reported to people, or are in the lines above.
            _ => Ok(()),
        }
    }

    fn end(&self, end: &RunEnd<'_>) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).end(end)
    }
}

impl<W: Write> Writer<W> {
    fn start(&mut self, start: &Start<'_>) -> Result<()> {
        start.session.unwrap_or(UNSAVED).clone_into(&mut self.session);
        self.model.clone_from(&start.endpoint.model);
        self.totals.prices = start.endpoint.prices;
        self.line(json!({
            "type": "system",
            "subtype": "init",
            "apiKeySource": "none",
            "claude_code_version": INTERFACE,
            "cwd": start.folder.display().to_string(),
            "tools": start.tools,
            "mcp_servers": [],
            "model": self.model,
            "permissionMode": "default",
            "slash_commands": [],
            "output_style": "default",
            "skills": [],
            "plugins": [],
            "agents": [],
        }))
    }

    fn agent(&mut self, of: &ConversationId, event: &AgentEvent) -> Result<()> {
        self.partial(of, event)?;
        let reply = self.replies.entry(of.id.clone()).or_default();
        match event {
            AgentEvent::Text(text) | AgentEvent::Refusal(text) => reply.add("text", "text", text),
            AgentEvent::Reasoning(text) => reply.add("thinking", "thinking", text),
            AgentEvent::ToolCall(call) => reply.call(call),
            AgentEvent::Usage(usage) => reply.usage = *usage,
            AgentEvent::Restart => *reply = Reply::default(),
            AgentEvent::Recovered { text } => {
                reply.blocks.retain(|block| block["type"] != "text");
                if !text.is_empty() {
                    reply.add("text", "text", text);
                }
            }
            AgentEvent::End(reason) => return self.end_reply(of, *reason),
            AgentEvent::ToolResult { call, content, is_error, .. } => {
                let block = json!({
                    "type": "tool_result",
                    "tool_use_id": call.id,
                    "content": content,
                    "is_error": is_error,
                });
                return self.line(json!({
                    "type": "user",
                    "message": {"role": "user", "content": [block]},
                    "parent_tool_use_id": parent(of),
                }));
            }
            AgentEvent::Retry { wait_ms, reason } => {
                return self.line(json!({
                    "type": "system",
                    "subtype": "api_retry",
                    "attempt": 1,
                    "max_retries": 1,
                    "retry_delay_ms": wait_ms,
                    "error_status": null,
                    "error": reason,
                }));
            }
            AgentEvent::MadeRoom { .. } => {
                return self.line(json!({
                    "type": "system",
                    "subtype": "compact_boundary",
                    "compact_metadata": {"trigger": "auto", "pre_tokens": 0},
                }));
            }
            _ => {}
        }
        Ok(())
    }

    /// Reports a part of a message at once, if that was requested.
    fn partial(&mut self, of: &ConversationId, event: &AgentEvent) -> Result<()> {
        let Self { replies, messages, session, model, has_partial: true, .. } = self else {
            return Ok(());
        };
        let Reply { partial, usage, .. } = replies.entry(of.id.clone()).or_default();
        let mut begin = |partial: &mut Partial| {
            let is_new = partial.id.is_empty();
            *messages += u64::from(is_new);
            partial.begin(&format!("msg_{session}_{messages}"), model)
        };
        let mut events = Vec::new();
        match event {
            AgentEvent::Text(text) | AgentEvent::Refusal(text) => {
                events.extend(begin(partial));
                events.extend(partial.text("text", text));
            }
            AgentEvent::Reasoning(text) => {
                events.extend(begin(partial));
                events.extend(partial.text("thinking", text));
            }
            AgentEvent::ToolCallDelta(call) => {
                events.extend(begin(partial));
                events.extend(partial.call_piece(call));
            }
            AgentEvent::ToolCall(call) => {
                events.extend(begin(partial));
                events.extend(partial.call(call));
            }
            AgentEvent::End(reason) if !partial.id.is_empty() => {
                events = partial.end(reason.name(), &usage_line(*usage).into());
            }
            _ => {}
        }
        events.into_iter().try_for_each(|event| {
            self.line(json!({
                "type": "stream_event",
                "event": event,
                "parent_tool_use_id": parent(of),
            }))
        })
    }

    /// The reply is complete.
    fn end_reply(&mut self, of: &ConversationId, reason: StopReason) -> Result<()> {
        let Reply { blocks, usage, partial } = self.replies.remove(&of.id).unwrap_or_default();
        let stop = reason.name();
        if of.parent.is_none() {
            self.rounds += 1;
            self.last_stop = Some(stop);
        }
        if blocks.is_empty() {
            return Ok(());
        }
        // The id is the one of its parts.
        self.messages += u64::from(partial.id.is_empty());
        let own = format!("msg_{}_{}", self.session, self.messages);
        let message = json!({
            "id": if partial.id.is_empty() { own } else { partial.id },
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": blocks,
            "stop_reason": stop,
            "stop_sequence": null,
            "usage": usage_line(usage),
        });
        self.line(
            json!({"type": "assistant", "message": message, "parent_tool_use_id": parent(of)}),
        )
    }

    /// A line for a person.
    fn tell(&mut self, text: &str) -> Result<()> {
        self.line(json!({"type": "system", "subtype": "informational", "content": text}))
    }

    /// The last line.
    fn end(&mut self, end: &RunEnd<'_>) -> Result<()> {
        let usage = match end.result {
            Ok(outcome) => outcome.usage,
            Err(_) => self.totals.usage(),
        };
        let prices = self.totals.prices;
        let cost = prices.map_or(0.0, |prices| prices.cost_micros(usage) as f64 / 1e6);
        let millis = u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX);
        let mut line = json!({
            "type": "result",
            "is_error": end.result.is_err(),
            "duration_ms": millis,
            "duration_api_ms": millis,
            "num_turns": self.rounds,
            "stop_reason": self.last_stop,
            "total_cost_usd": cost,
            "usage": usage_line(usage),
            "modelUsage": {},
            "permission_denials": [],
        });
        if !self.model.is_empty() {
            line["modelUsage"][&self.model] = json!({
                "inputTokens": fresh(usage),
                "outputTokens": usage.output_tokens,
                "cacheReadInputTokens": usage.cache_read_tokens,
                "cacheCreationInputTokens": usage.cache_write_tokens,
                "webSearchRequests": 0,
                "costUSD": cost,
            });
        }
        let mut add = |key: &str, value: Value| line[key] = value;
        match end.result {
            Ok(outcome) => {
                add("subtype", "success".into());
                add("result", outcome.text.as_str().into());
                if outcome.output == Output::Json
                    && let Ok(value) = serde_json::from_str(&outcome.text)
                {
                    add("structured_output", value);
                }
                // Events without a place in this format.
                if outcome.output == Output::Patch {
                    add("patch", String::from_utf8_lossy(&outcome.patch).into());
                    add("files", outcome.files.as_slice().into());
                    add("written", outcome.written.into());
                }
            }
            Err(error) => {
                add("subtype", subtype(error).into());
                add("errors", json!([error.message()]));
                add("exit_code", error.kind().exit_code().into());
            }
        }
        self.line(line)
    }

    /// Writes `line` with the fields that all lines have.
    fn line(&mut self, mut line: Value) -> Result<()> {
        self.lines += 1;
        line["session_id"] = self.session.as_str().into();
        line["uuid"] = uuid(&self.session, self.lines).into();
        self.out.write(&line)
    }
}

/// The call that started a conversation, if one did.
fn parent(of: &ConversationId) -> Option<&str> {
    of.parent.as_ref().map(|parent| parent.call.as_str())
}

fn usage_line(usage: Usage) -> Map<String, Value> {
    let pairs = [
        ("input_tokens", fresh(usage)),
        ("output_tokens", usage.output_tokens),
        ("cache_read_input_tokens", usage.cache_read_tokens),
        ("cache_creation_input_tokens", usage.cache_write_tokens),
    ];
    pairs.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect()
}

/// Input tokens as this format counts them: without those read from or written to the cache.
fn fresh(usage: Usage) -> u32 {
    let cached = usage.cache_read_tokens.saturating_add(usage.cache_write_tokens);
    usage.input_tokens.saturating_sub(cached)
}

fn subtype(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Limit if error.message().contains("--max-rounds") => "error_max_turns",
        ErrorKind::Limit if error.message().contains("--max-cost") => "error_max_budget_usd",
        _ => "error_during_execution",
    }
}

/// An id in the form of a UUID: the same line of the same session has the same id.
fn uuid(session: &str, line: u64) -> String {
    let mut sum = sha1_smol::Sha1::new();
    sum.update(format!("{session}\0{}\0{line}", std::process::id()).as_bytes());
    let hex = sum.digest().to_string();
    // Version 8: the digits have no prescribed meaning.
    format!("{}-{}-8{}-8{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
}

/// The session of a run that is not saved.
const UNSAVED: &str = "unsaved";

/// The version of the interface: the oldest that the SDKs accept.
const INTERFACE: &str = "2.0.0";
