//! `--events json`: one JSON object a line on stdout, the result last.
//!
//! The format is version 1; `std-runtime/README.md` documents each line.

use std::io::Write;

use serde::Serialize;
use zerostack_core::prompt::Output;

use super::{Observer, Outcome, Start};
use crate::agent::{AgentEvent, Call};
use crate::plumbing::decode::DecodedUsage;
use crate::{Error, ErrorKind, Result};

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
        sandbox: &'a [&'static str],
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
    Restart,
    Retry {
        wait_ms: u32,
        reason: &'a str,
    },
    ReplyEnd {
        stop: &'static str,
    },
    Result(ResultLine<'a>),
}

#[derive(Serialize)]
struct ResultLine<'a> {
    ok: bool,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<DecodedUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<&'a [&'static str]>,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    kind: &'static str,
    message: &'a str,
}

/// Writes the events of a run.
pub struct EventWriter<W> {
    out: W,
}

impl<W: Write> EventWriter<W> {
    /// Writes to `out`, a line at a time.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// The last line: how the run ended, either way.
    ///
    /// # Errors
    /// `Internal` when it cannot be written.
    pub fn result(&mut self, result: &Result<Outcome>) -> Result<()> {
        let line = match result {
            Ok(outcome) => ResultLine {
                ok: true,
                exit_code: 0,
                error: None,
                output: Some(output_name(outcome.output)),
                patch: (outcome.output == Output::Patch)
                    .then(|| String::from_utf8_lossy(&outcome.patch)),
                files: Some(&outcome.files),
                left_out: Some(outcome.left_out),
                text: Some(&outcome.text),
                usage: Some(outcome.usage.into()),
                sandbox: Some(&outcome.layers),
            },
            Err(error) => ResultLine {
                ok: false,
                exit_code: error.kind().exit_code(),
                error: Some(ErrorLine { kind: error.kind().name(), message: error.message() }),
                output: None,
                patch: None,
                files: None,
                left_out: None,
                text: None,
                usage: None,
                sandbox: None,
            },
        };
        self.line(&Line::Result(line))
    }

    fn line(&mut self, line: &Line<'_>) -> Result<()> {
        let failed = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Internal, format!("cannot write to stdout: {error}"))
        };
        let mut text = serde_json::to_vec(line).map_err(|error| failed(&error))?;
        text.push(b'\n');
        self.out.write_all(&text).and_then(|()| self.out.flush()).map_err(|error| failed(&error))
    }
}

impl<W: Write> Observer for EventWriter<W> {
    fn start(&mut self, start: &Start<'_>) -> Result<()> {
        self.line(&Line::Start {
            version: VERSION,
            provider: &start.endpoint.name,
            api: start.endpoint.api.name(),
            model: &start.endpoint.model,
            prompt: start.prompt,
            output: output_name(start.output),
            folder: start.folder.display().to_string(),
            sandbox: start.layers,
        })
    }

    fn event(&mut self, event: &AgentEvent) -> Result<()> {
        self.line(&match event {
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
            AgentEvent::Restart => Line::Restart,
            AgentEvent::Retry { wait_ms, reason } => Line::Retry { wait_ms: *wait_ms, reason },
            AgentEvent::End(reason) => Line::ReplyEnd { stop: reason.name() },
        })
    }
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
