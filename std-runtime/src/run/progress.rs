//! Progress for a person: short lines on stderr.

use std::io::Write;

use zerostack_core::prompt::Output;

use super::{AttemptEnd, CheckEnd, Observer, Outcome, Start};
use crate::Result;
use crate::agent::{AgentEvent, Room};
use crate::error::one_line;
use crate::provider::{Dialect, Endpoint};
use crate::sandbox::{Layer, Mode};
use crate::visible::{visible, visible_line};

/// Writes a line for each thing that a person waits for.
pub struct Progress<W> {
    out: W,
    /// The tokens or the cost are limited.
    limits_tokens: bool,
    /// The provider counted tokens, or it was told that it does not.
    counts_tokens: bool,
}

impl<W: Write> Progress<W> {
    /// Writes to `out`. That it cannot be written to does not stop a run.
    pub fn new(out: W) -> Self {
        Self { out, limits_tokens: false, counts_tokens: false }
    }

    /// What the result is, and what is not in it.
    pub fn end(&mut self, outcome: &Outcome) {
        if outcome.output == Output::Patch {
            for line in outcome.text.trim().lines() {
                self.line(format_args!("| {line}"));
            }
            let (files, left_out) = (outcome.files.len(), outcome.left_out.len());
            let plural = if files == 1 { "" } else { "s" };
            let ignored = if left_out == 0 {
                String::new()
            } else {
                format!(", {left_out} changed and left out:")
            };
            let patch = match outcome.written {
                Some(id) => format!("written, as run {id}; `zerostack undo` takes it back"),
                None => "in the patch".to_owned(),
            };
            self.line(format_args!("{files} file{plural} {patch}{ignored}"));
            for file in outcome.left_out.iter().take(LEFT_OUT_LINES) {
                self.line(format_args!("  {}", brief(&file.to_string())));
            }
            if left_out > LEFT_OUT_LINES {
                self.line(format_args!("  and {} more", left_out - LEFT_OUT_LINES));
            }
        }
        for note in &outcome.notes {
            self.line(format_args!("{}", one_line(note)));
        }
        let usage = outcome.usage;
        let (input, output) = (usage.input_tokens, usage.output_tokens);
        if input > 0 || output > 0 {
            let cached = match usage.cache_read_tokens {
                0 => String::new(),
                tokens => format!(" ({tokens} cached)"),
            };
            self.line(format_args!("{input} tokens in{cached}, {output} out"));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Nothing else can be told where stderr is closed.
        let _ = writeln!(self.out, "zerostack: {}", visible(&line.to_string()));
    }
}

impl<W: Write> Observer for Progress<W> {
    fn asks_for_models(&mut self, endpoint: &Endpoint) -> Result<()> {
        self.line(format_args!("{endpoint}: asking for its models"));
        Ok(())
    }

    fn start(&mut self, start: &Start<'_>) -> Result<()> {
        self.line(format_args!("{}", start.endpoint));
        let limits = &start.limits;
        self.limits_tokens = limits.max_turn_tokens > 0 || limits.max_turn_cost_micros > 0;
        if start.endpoint.api == Dialect::Ollama {
            self.line(format_args!("a context of {} tokens is asked for", limits.context_tokens));
        }
        for lacks in start.layers.iter().filter_map(Layer::lacks) {
            self.line(format_args!("the sandbox is not whole: {lacks}"));
        }
        if start.sandbox == Mode::Off {
            self.line(format_args!("sandbox off: tools run with all your rights, on a copy"));
        }
        Ok(())
    }

    fn child_event(&mut self, _: &str, event: &AgentEvent) -> Result<()> {
        if let AgentEvent::ToolResult { call, is_error, .. } = event {
            let failed = if *is_error { ": failed" } else { "" };
            self.line(format_args!("  {} {}{failed}", call.name, brief(&call.arguments)));
        }
        Ok(())
    }

    fn checked(&mut self, end: &CheckEnd) -> Result<()> {
        let seconds = end.duration.as_secs_f64();
        match end.passed {
            true => self.line(format_args!("the check passed in {seconds:.1} s")),
            false => {
                self.line(format_args!("the check failed in {seconds:.1} s: {}", end.how));
            }
        }
        Ok(())
    }

    fn attempt(&mut self, end: &AttemptEnd) -> Result<()> {
        let AttemptEnd { number, count, result } = end;
        match result {
            Ok(bytes) => {
                self.line(format_args!("attempt {number} of {count}: a patch of {bytes} bytes"));
            }
            Err(why) => self.line(format_args!("attempt {number} of {count}: {}", one_line(why))),
        }
        Ok(())
    }

    fn event(&mut self, event: &AgentEvent) -> Result<()> {
        match event {
            AgentEvent::ToolResult { call, content, is_error, .. } => {
                let arguments = brief(&call.arguments);
                let name = &call.name;
                if *is_error {
                    let reason = content.lines().next().unwrap_or_default();
                    self.line(format_args!("{name} {arguments}: {}", brief(reason)));
                } else {
                    self.line(format_args!("{name} {arguments}"));
                }
            }
            AgentEvent::Retry { wait_ms, reason } => {
                let seconds = f64::from(*wait_ms) / 1000.0;
                self.line(format_args!("{reason}; trying again in {seconds:.1} s"));
            }
            AgentEvent::Compacting => {
                self.line(format_args!("the context is nearly full; asking for a summary"));
            }
            AgentEvent::SummaryFailed { reason } => {
                self.line(format_args!("no summary came: {reason}"));
            }
            AgentEvent::MadeRoom { what, bytes } => match what {
                Room::Results => {
                    self.line(format_args!("{bytes} bytes of old tool results were left out"));
                }
                Room::Shortened => {
                    self.line(format_args!("{bytes} bytes of long tool results were left out"));
                }
                Room::Summarised => {
                    self.line(format_args!(
                        "a summary stands for what was oldest, {bytes} bytes less"
                    ));
                }
                _ => self.line(format_args!("{bytes} bytes of the oldest exchanges were left out")),
            },
            AgentEvent::Repeating { name, count } => {
                self.line(format_args!("{name}: the same call for the {count}th time in a row"));
            }
            AgentEvent::Usage(_) => self.counts_tokens = true,
            AgentEvent::End(_) if self.limits_tokens && !self.counts_tokens => {
                self.counts_tokens = true;
                self.line(format_args!(
                    "the provider counts no tokens; their limit goes by an estimate"
                ));
            }
            AgentEvent::Truncated { bytes } => {
                self.line(format_args!("{bytes} bytes of the reply were not kept"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The text on one line of bounded length.
fn brief(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(BRIEF_CHARACTERS).collect();
    let mut brief = visible_line(&start);
    if characters.next().is_some() {
        brief.push('…');
    }
    brief
}

const BRIEF_CHARACTERS: usize = 100;

/// How many files are named that are not in the patch.
const LEFT_OUT_LINES: usize = 20;
