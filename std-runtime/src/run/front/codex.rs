//! `--events codex`: the lines of `codex exec --json`, as the types of the Codex SDK describe them.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::whole_lines::Lines;
use super::{AttemptEnd, CheckEnd, Front, RunEnd, RunEvent, Start};
use crate::Result;
use crate::agent::{AgentEvent, Call};

/// Writes them.
pub struct CodexWriter<W>(Mutex<Writer<W>>);

struct Writer<W> {
    out: Lines<W>,
    /// The current reply of the run's own conversation. The format has no place for those of
    /// subagents.
    text: String,
    reasoning: String,
    calls: Vec<Call>,
    /// Calls that run, each with the number of its item.
    running: Vec<(String, u64)>,
    items: u64,
    has_begun: bool,
}

impl<W: Write> CodexWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self(Mutex::new(Writer {
            out: Lines(out),
            text: String::new(),
            reasoning: String::new(),
            calls: Vec::new(),
            running: Vec::new(),
            items: 0,
            has_begun: false,
        }))
    }
}

impl<W: Write + Send> Front for CodexWriter<W> {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).start(start)
    }

    fn event(&self, event: &RunEvent<'_>) -> Result<()> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            RunEvent::Agent { of, event } if of.parent.is_none() => writer.agent(event),
            RunEvent::Checked(CheckEnd { command, passed, output, .. }) => writer.item(json!({
                "type": "command_execution",
                "command": command,
                "aggregated_output": output,
                "exit_code": i32::from(!passed),
                "status": if *passed { "completed" } else { "failed" },
            })),
            RunEvent::Attempt(AttemptEnd { number, count, result }) => {
                writer.discard();
                match result {
                    Ok(_) => Ok(()),
                    Err(why) => writer.error(&format!("attempt {number} of {count}: {why}")),
                }
            }
            _ => Ok(()),
        }
    }

    fn end(&self, end: &RunEnd<'_>) -> Result<()> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writer.out.write(&match end.result {
            Ok(outcome) => json!({"type": "turn.completed", "usage": {
                "input_tokens": outcome.usage.input_tokens,
                "cached_input_tokens": outcome.usage.cache_read_tokens,
                "cache_write_input_tokens": outcome.usage.cache_write_tokens,
                "output_tokens": outcome.usage.output_tokens,
                "reasoning_output_tokens": outcome.usage.reasoning_tokens,
            }}),
            Err(error) => json!({"type": "turn.failed", "error": {"message": error.message()}}),
        })
    }
}

impl<W: Write> Writer<W> {
    fn start(&mut self, start: &Start<'_>) -> Result<()> {
        // Another attempt continues in the same turn.
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        let thread = start.session.unwrap_or("unsaved");
        self.out.write(&json!({"type": "thread.started", "thread_id": thread}))?;
        self.out.write(&json!({"type": "turn.started"}))
    }

    fn agent(&mut self, event: &AgentEvent) -> Result<()> {
        match event {
            AgentEvent::Text(text) | AgentEvent::Refusal(text) => self.text.push_str(text),
            AgentEvent::Reasoning(text) => self.reasoning.push_str(text),
            AgentEvent::ToolCall(call) => self.calls.push(call.clone()),
            AgentEvent::Restart => self.discard(),
            AgentEvent::Recovered { text } => self.text.clone_from(text),
            AgentEvent::End(_) => return self.end_reply(),
            AgentEvent::ToolResult { call, content, is_error, .. } => {
                return self.tool_result(call, content, *is_error);
            }
            AgentEvent::Retry { reason, .. } => return self.error(reason),
            _ => {}
        }
        Ok(())
    }

    /// An item that is complete at once.
    fn item(&mut self, mut item: Value) -> Result<()> {
        item["id"] = self.next_id();
        self.out.write(&json!({"type": "item.completed", "item": item}))
    }

    fn error(&mut self, message: &str) -> Result<()> {
        self.item(json!({"type": "error", "message": message}))
    }

    fn next_id(&mut self) -> Value {
        let id = format!("item_{}", self.items);
        self.items += 1;
        id.into()
    }

    fn discard(&mut self) {
        self.text.clear();
        self.reasoning.clear();
        self.calls.clear();
    }

    fn end_reply(&mut self) -> Result<()> {
        let (text, reasoning) =
            (std::mem::take(&mut self.text), std::mem::take(&mut self.reasoning));
        if !reasoning.is_empty() {
            self.item(json!({"type": "reasoning", "text": reasoning}))?;
        }
        if !text.is_empty() {
            self.item(json!({"type": "agent_message", "text": text}))?;
        }
        for call in std::mem::take(&mut self.calls) {
            let number = self.items;
            self.items += 1;
            let item = item_of(&call, number, None);
            self.running.push((call.id, number));
            self.out.write(&json!({"type": "item.started", "item": item}))?;
        }
        Ok(())
    }

    fn tool_result(&mut self, call: &Call, content: &str, is_error: bool) -> Result<()> {
        let known = self.running.iter().position(|(id, _)| *id == call.id);
        let number = known.map_or(self.items, |place| self.running.remove(place).1);
        self.items = self.items.max(number + 1);
        let item = item_of(call, number, Some((content, is_error)));
        self.out.write(&json!({"type": "item.completed", "item": item}))
    }
}

/// The item of a call: while it runs, or with its result.
fn item_of(call: &Call, number: u64, result: Option<(&str, bool)>) -> Value {
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let status = match result {
        None => "in_progress",
        Some((_, true)) => "failed",
        Some((_, false)) => "completed",
    };
    let content = result.map_or("", |(content, _)| content);
    let mut item = match call.name.as_str() {
        "bash" => {
            let mut item = json!({
                "type": "command_execution",
                "command": arguments["command"].as_str().unwrap_or_default(),
                "aggregated_output": content,
            });
            if let Some(code) = result.and_then(|_| exit_code(content)) {
                item["exit_code"] = code.into();
            }
            item
        }
        "write" | "edit" => {
            let kind = if content.starts_with("created ") { "add" } else { "update" };
            let path = arguments["path"].as_str().unwrap_or_default();
            json!({"type": "file_change", "changes": [{"path": path, "kind": kind}]})
        }
        name => {
            let mut item = json!({
                "type": "mcp_tool_call",
                "server": "zerostack",
                "tool": name,
                "arguments": arguments,
            });
            match result {
                None => {}
                Some((content, true)) => item["error"] = json!({"message": content}),
                Some((content, false)) => {
                    item["result"] = json!({
                        "content": [{"type": "text", "text": content}],
                        "structured_content": null,
                    });
                }
            }
            item
        }
    };
    item["id"] = format!("item_{number}").into();
    item["status"] = status.into();
    item
}

/// The exit code that the result of `bash` ends with.
fn exit_code(content: &str) -> Option<i32> {
    let last = content.trim_end().lines().next_back()?;
    last.strip_prefix("[exit ")?.strip_suffix(']')?.parse().ok()
}
