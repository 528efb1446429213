//! `--events json`: one JSON object a line on stdout, the result last.
//!
//! The format is version 1; `std-runtime/docs/events.md` documents each line.

use std::io::Write;

use serde::Serialize;
use zerostack_core::prompt::Output;
use zerostack_core::{Prices, Usage};

use super::hex::hex;
use super::{AttemptEnd, CheckEnd, Observer, Outcome, Start};
use crate::Result;
use crate::agent::{AgentEvent, Call};
use crate::error::unwritable;
use crate::plumbing::decode::DecodedUsage;
use crate::sandbox::{Layer, State};

/// The version of the format; it grows when a line changes its meaning or goes.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
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

/// A line of a subagent.
#[derive(Serialize)]
struct ChildLine<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    parent: &'a str,
}

#[derive(Default, Serialize)]
struct ResultLine<'a> {
    ok: bool,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<&'a str>,
    /// In place of `patch` where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out_files: Option<Vec<LeftOutLine<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<DecodedUsage>,
    /// In millionths of the currency of the prices; absent where these are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<Vec<&'static str>>,
    /// Layers of the sandbox that are missing, wholly or in part, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sandbox_lacks: Vec<String>,
    /// The connections of tools, where only some hosts are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    connections: Vec<ConnectionLine<'a>>,
    /// The number of the run's record, if its changes were written to the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<u32>,
}

#[derive(Serialize)]
struct ConnectionLine<'a> {
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'static str>,
    sent_bytes: u64,
    received_bytes: u64,
}

#[derive(Serialize)]
struct LeftOutLine<'a> {
    path: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    kind: &'static str,
    message: &'a str,
}

/// Writes the events of a run.
pub struct EventWriter<W> {
    out: W,
    /// What the start said, for the end to say it again.
    layers: Option<Vec<Layer>>,
    prices: Option<Prices>,
    /// Of the replies so far, and of the one that is coming.
    usage: [Usage; 2],
}

impl<W: Write> EventWriter<W> {
    /// Writes to `out`, a line at a time.
    pub fn new(out: W) -> Self {
        Self { out, layers: None, prices: None, usage: Default::default() }
    }

    /// The tokens of the replies that it has seen.
    pub fn usage(&self) -> Usage {
        let [all, open] = self.usage;
        all.plus(open)
    }

    /// The prices of the model, if they are known.
    pub fn prices(&self) -> Option<Prices> {
        self.prices
    }

    /// Where it wrote to.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// The last line: how the run ended, either way.
    ///
    /// # Errors
    /// `Input` when it cannot be written.
    pub fn result(&mut self, result: &Result<Outcome>) -> Result<()> {
        let mut line = ResultLine {
            sandbox: self.layers.as_deref().map(in_force),
            sandbox_lacks: self.layers.iter().flatten().filter_map(Layer::lacks).collect(),
            ..ResultLine::default()
        };
        match result {
            Ok(outcome) => {
                line.ok = true;
                line.written = outcome.written;
                let connections = outcome.connections.iter();
                let connections = connections.map(|it| ConnectionLine {
                    to: &it.to,
                    refused: it.refused,
                    sent_bytes: it.sent_bytes,
                    received_bytes: it.received_bytes,
                });
                line.connections = connections.collect();
                line.output = Some(output_name(outcome.output));
                if outcome.output == Output::Patch {
                    match std::str::from_utf8(&outcome.patch) {
                        Ok(patch) => line.patch = Some(patch),
                        Err(_) => line.patch_hex = Some(hex(&outcome.patch)),
                    }
                    line.files = Some(&outcome.files);
                    line.left_out = Some(outcome.left_out.len());
                    let left_out = outcome.left_out.iter();
                    let left_out =
                        left_out.map(|it| LeftOutLine { path: &it.path, reason: &it.reason });
                    line.left_out_files = Some(left_out.collect());
                }
                line.notes = Some(&outcome.notes).filter(|it| !it.is_empty()).map(Vec::as_slice);
                line.text = Some(&outcome.text);
                line.usage = Some(outcome.usage.into());
                line.cost_micros = self.prices.map(|prices| prices.cost_micros(outcome.usage));
            }
            Err(error) => {
                let usage = self.usage();
                if usage != Usage::default() {
                    line.usage = Some(usage.into());
                    line.cost_micros = self.prices.map(|prices| prices.cost_micros(usage));
                }
                line.exit_code = error.kind().exit_code();
                line.error =
                    Some(ErrorLine { kind: error.kind().name(), message: error.message() });
            }
        }
        let line = serde_json::to_vec(&Line::Result(line));
        self.write(line)
    }

    fn line(&mut self, line: &Line<'_>) -> Result<()> {
        self.write(serde_json::to_vec(line))
    }

    fn child_line(&mut self, parent: &str, line: Line<'_>) -> Result<()> {
        self.write(serde_json::to_vec(&ChildLine { line, parent }))
    }

    fn write(&mut self, line: serde_json::Result<Vec<u8>>) -> Result<()> {
        let mut text = line.map_err(|error| unwritable(&error))?;
        text.push(b'\n');
        self.out
            .write_all(&text)
            .and_then(|()| self.out.flush())
            .map_err(|error| unwritable(&error))
    }
}

/// The names of the layers that are in force.
fn in_force(layers: &[Layer]) -> Vec<&'static str> {
    let there = layers.iter().filter(|layer| !matches!(layer.state, State::Missing(_)));
    there.map(|layer| layer.name).collect()
}

impl<W: Write> Observer for EventWriter<W> {
    fn start(&mut self, start: &Start<'_>) -> Result<()> {
        self.layers = Some(start.layers.to_vec());
        self.prices = start.endpoint.prices;
        self.line(&Line::Start {
            version: VERSION,
            provider: &start.endpoint.name,
            api: start.endpoint.api.name(),
            model: &start.endpoint.model,
            prompt: start.prompt,
            output: output_name(start.output),
            folder: start.folder.display().to_string(),
            sandbox: in_force(start.layers),
        })
    }

    fn checked(&mut self, end: &CheckEnd) -> Result<()> {
        let CheckEnd { command, passed, how, output, duration } = end;
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.line(&Line::Check { command, passed: *passed, how, output, duration_ms })
    }

    fn attempt(&mut self, end: &AttemptEnd) -> Result<()> {
        self.line(&Line::AttemptEnd {
            number: end.number,
            count: end.count,
            patch_bytes: end.result.as_ref().ok().copied(),
            error: end.result.as_ref().err().map(String::as_str),
        })
    }

    fn event(&mut self, event: &AgentEvent) -> Result<()> {
        let [all, open] = &mut self.usage;
        match event {
            AgentEvent::Usage(usage) => *open = *usage,
            AgentEvent::End(_) => *all = all.plus(std::mem::take(open)),
            _ => {}
        }
        line_of(event).map_or(Ok(()), |line| self.line(&line))
    }

    fn child_event(&mut self, parent: &str, event: &AgentEvent) -> Result<()> {
        line_of(event).map_or(Ok(()), |line| self.child_line(parent, line))
    }
}

fn line_of(event: &AgentEvent) -> Option<Line<'_>> {
    Some(match event {
        AgentEvent::Text(text) => Line::Text { text },
        AgentEvent::Reasoning(text) => Line::Reasoning { text },
        AgentEvent::Refusal(text) => Line::Refusal { text },
        AgentEvent::ToolCall(Call { id, name, arguments }) => {
            Line::ToolCall { id, name, arguments }
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
        // One that the agent has and the format of events does not yet.
        _ => return None,
    })
}

/// Whether a line is an event of the session of the run itself: what a tape gives again.
pub(crate) fn is_of_session(line: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Kind<'a> {
        #[serde(rename = "type", borrow)]
        kind: std::borrow::Cow<'a, str>,
        #[serde(default)]
        parent: Option<serde::de::IgnoredAny>,
    }
    let Ok(Kind { kind, parent: None }) = serde_json::from_slice(line) else { return false };
    let others = ["start", "check", "attempt_end", "retry", "result", "withheld"];
    !others.contains(&kind.as_ref())
}

/// The name of a kind of result in prompts, flags and events.
pub fn output_name(output: Output) -> &'static str {
    match output {
        Output::Text => "text",
        Output::Patch => "patch",
        Output::Findings => "findings",
        Output::Json => "json",
        _ => "other",
    }
}
