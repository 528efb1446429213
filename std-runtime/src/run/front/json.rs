//! `--events json`: one JSON object a line on stdout, the result last.
//!
//! The format is version 2; `std-runtime/docs/events.md` documents each line.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zerostack_core::prompt::Output;
use zerostack_core::{Prices, Usage};

use super::line::{ConnectionLine, ErrorLine, LeftOutLine, Line, ResultLine, bytes, line_of};
use super::totals::Totals;
use super::{AttemptEnd, CheckEnd, ConversationId, Front, Round, RunEnd, RunEvent, Start};
use crate::Result;
use crate::agent::AgentEvent;
use crate::error::unwritable;
use crate::run::hex::hex;
use crate::sandbox::{Layer, State};

/// The version of the format; it increases when a line changes its meaning or is removed.
pub const VERSION: u32 = 2;

/// Writes the events of a run.
pub struct EventWriter<W>(Mutex<Writer<W>>);

struct Writer<W> {
    out: W,
    /// Fields of `start` that the end repeats.
    layers: Option<Vec<Layer>>,
    totals: Totals,
}

impl<W: Write> EventWriter<W> {
    /// Writes to `out`, a line at a time.
    pub fn new(out: W) -> Self {
        let totals = Totals::default();
        Self(Mutex::new(Writer { out, layers: None, totals }))
    }

    /// The tokens of the replies that it has seen.
    pub fn usage(&self) -> Usage {
        self.lock().totals.usage()
    }

    /// The prices of the model, if they are known.
    pub fn prices(&self) -> Option<Prices> {
        self.lock().totals.prices
    }

    /// Its output.
    pub fn into_inner(self) -> W {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).out
    }

    fn lock(&self) -> MutexGuard<'_, Writer<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> Writer<W> {
    fn end(&mut self, end: &RunEnd<'_>) -> Result<()> {
        let mut line = ResultLine {
            sandbox: self.layers.as_deref().map(in_force),
            sandbox_lacks: self.layers.iter().flatten().filter_map(Layer::lacks).collect(),
            duration_ms: self.layers.as_ref().map(|_| millis(end.duration)),
            ..ResultLine::default()
        };
        match end.result {
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
                let prices = self.totals.prices;
                line.cost_micros = prices.map(|prices| prices.cost_micros(outcome.usage));
            }
            Err(error) => {
                let usage = self.totals.usage();
                if usage != Usage::default() {
                    line.usage = Some(usage.into());
                    line.cost_micros = self.totals.cost_micros();
                }
                line.exit_code = error.kind().exit_code();
                line.error =
                    Some(ErrorLine { kind: error.kind().name(), message: error.message() });
            }
        }
        self.write(&Line::Result(line), None)
    }

    fn write(&mut self, line: &Line<'_>, of: Option<&ConversationId>) -> Result<()> {
        let text = bytes(line, of).map_err(|error| unwritable(&error))?;
        let written = self.out.write_all(&text).and_then(|()| self.out.flush());
        written.map_err(|error| unwritable(&error))
    }
}

/// The names of the layers that are in force.
fn in_force(layers: &[Layer]) -> Vec<&'static str> {
    let there = layers
        .iter()
        .filter(|layer| !matches!(layer.state, State::Missing(_) | State::Replaced(_)));
    there.map(|layer| layer.name).collect()
}

impl<W: Write + Send> Front for EventWriter<W> {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        let mut writer = self.lock();
        writer.layers = Some(start.layers.to_vec());
        writer.totals.prices = start.endpoint.prices;
        let line = Line::Start {
            version: VERSION,
            provider: &start.endpoint.name,
            api: start.endpoint.api.name(),
            model: &start.endpoint.model,
            prompt: start.prompt,
            output: output_name(start.output),
            folder: start.folder.display().to_string(),
            sandbox: in_force(start.layers),
        };
        writer.write(&line, None)
    }

    fn event(&self, event: &RunEvent<'_>) -> Result<()> {
        let mut writer = self.lock();
        writer.totals.count(event);
        let (line, of) = match event {
            // These are reported to people.
            RunEvent::AsksForModels(_) | RunEvent::Recovered(_) | RunEvent::Warned(_) => {
                return Ok(());
            }
            RunEvent::Agent { of, event } => match line_of(event) {
                Some(line) => (line, Some(*of)),
                None => return Ok(()),
            },
            RunEvent::ToolFinished { of, call, is_error, duration, .. } => {
                let (id, name, duration_ms) = (&call.id, &call.name, millis(*duration));
                (Line::ToolFinished { id, name, is_error: *is_error, duration_ms }, Some(*of))
            }
            RunEvent::Round { of, round } => {
                let Round { number, usage, cost_micros, duration } = *round;
                let line = Line::Round {
                    number,
                    duration_ms: millis(duration),
                    usage: usage.into(),
                    cached_tokens: usage.cache_read_tokens,
                    fresh_tokens: usage.input_tokens.saturating_sub(usage.cache_read_tokens),
                    cost_micros,
                };
                (line, Some(*of))
            }
            RunEvent::Checked(CheckEnd { command, passed, how, output, duration }) => {
                let (passed, duration_ms) = (*passed, millis(*duration));
                (Line::Check { command, passed, how, output, duration_ms }, None)
            }
            RunEvent::Attempt(AttemptEnd { number, count, result }) => {
                let line = Line::AttemptEnd {
                    number: *number,
                    count: *count,
                    patch_bytes: result.as_ref().ok().copied(),
                    error: result.as_ref().err().map(String::as_str),
                };
                (line, None)
            }
        };
        writer.write(&line, of)
    }

    /// The last line: how the run ended, either way.
    fn end(&self, end: &RunEnd<'_>) -> Result<()> {
        self.lock().end(end)
    }
}

impl<W: Write + Send> EventWriter<W> {
    /// Writes an event of a conversation, as a tape replays it.
    ///
    /// # Errors
    /// `Input` if it cannot be written.
    pub fn show(&self, of: &ConversationId, event: &AgentEvent) -> Result<()> {
        self.event(&RunEvent::Agent { of, event })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The conversation of a line that is an event of its session, which a tape replays.
pub(crate) fn session_of(line: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Kind<'a> {
        #[serde(rename = "type", borrow)]
        kind: std::borrow::Cow<'a, str>,
        #[serde(borrow)]
        conversation: Option<std::borrow::Cow<'a, str>>,
    }
    let Ok(Kind { kind, conversation }) = serde_json::from_slice(line) else { return None };
    let others = ["retry", "tool_started", "tool_finished", "round", "withheld"];
    let conversation = conversation.filter(|_| !others.contains(&kind.as_ref()))?;
    Some(conversation.into_owned())
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
