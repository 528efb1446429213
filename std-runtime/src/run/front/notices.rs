//! The notices of a run for a person, a line each: the same on a terminal and in a pipe.

use zerostack_core::Usage;
use zerostack_core::prompt::Output;

use super::totals::money;
use super::{CheckEnd, Outcome, RunEvent, Start};
use crate::agent::{AgentEvent, Room};
use crate::error::{counted, one_line};
use crate::provider::Dialect;
use crate::sandbox::{Layer, Mode};
use crate::visible::visible_line;

/// The lines of a run that begins.
pub(super) fn of_start(start: &Start<'_>) -> Vec<String> {
    let mut lines = vec![start.endpoint.to_string()];
    if start.endpoint.api == Dialect::Ollama {
        let tokens = start.limits.context_tokens;
        lines.push(format!("requesting a context of {tokens} tokens"));
    }
    let lacks = start.layers.iter().filter_map(Layer::lacks);
    lines.extend(lacks.map(|lacks| format!("the sandbox is incomplete: {lacks}")));
    if start.sandbox == Mode::Off {
        lines.push("sandbox off: tools run with all your rights, on a copy".to_owned());
    }
    lines
}

/// The line for an event other than calls and text, if it has one.
pub(super) fn of_event(event: &RunEvent<'_>) -> Option<String> {
    Some(match event {
        RunEvent::AsksForModels(endpoint) => format!("{endpoint}: asking for its models"),
        RunEvent::Recovered(line) | RunEvent::Warned(line) => (*line).to_owned(),
        RunEvent::Checked(end) => of_check(end),
        RunEvent::Attempt(end) => {
            let (number, count) = (end.number, end.count);
            match &end.result {
                Ok(bytes) => format!("attempt {number} of {count}: a patch of {bytes} bytes"),
                Err(why) => format!("attempt {number} of {count}: {}", one_line(why)),
            }
        }
        RunEvent::Agent { of, event } if of.parent.is_none() => return of_agent(event),
        _ => return None,
    })
}

fn of_check(end: &CheckEnd) -> String {
    let seconds = end.duration.as_secs_f64();
    match end.passed {
        true => format!("the check passed in {seconds:.1} s"),
        false => format!("the check failed in {seconds:.1} s: {}", end.how),
    }
}

fn of_agent(event: &AgentEvent) -> Option<String> {
    Some(match event {
        AgentEvent::Retry { wait_ms, reason } => {
            format!("{reason}; trying again in {:.1} s", f64::from(*wait_ms) / 1000.0)
        }
        AgentEvent::Compacting => "the context is nearly full; asking for a summary".to_owned(),
        AgentEvent::SummaryFailed { reason } => format!("the model wrote no summary: {reason}"),
        AgentEvent::MadeRoom { what, bytes } => match what {
            Room::Results => format!("{bytes} bytes of old tool results were left out"),
            Room::Shortened => format!("{bytes} bytes of long tool results were left out"),
            Room::Summarised => {
                format!("a summary replaces the oldest messages and saves {bytes} bytes")
            }
            _ => format!("{bytes} bytes of the oldest exchanges were left out"),
        },
        AgentEvent::Repeating { name, count } => {
            format!("{name}: the same call for the {count}th time in a row")
        }
        AgentEvent::Truncated { bytes } => format!(
            "{bytes} bytes of the reply were not kept: text that did not fit, or images, sound or other media"
        ),
        _ => return None,
    })
}

/// Reports once that the token limit uses an estimate, if the provider counts no tokens that it is sent.
#[derive(Debug, Default)]
pub(super) struct TokenCounts {
    /// The tokens or the cost are limited.
    is_limited: bool,
    /// The provider counted tokens, or the missing counts were already reported.
    is_told: bool,
}

impl TokenCounts {
    pub(super) fn start(&mut self, start: &Start<'_>) {
        let limits = &start.limits;
        self.is_limited = limits.max_turn_tokens > 0 || limits.max_turn_cost_micros > 0;
    }

    pub(super) fn event(&mut self, event: &RunEvent<'_>) -> Option<String> {
        match event {
            RunEvent::Agent { event: AgentEvent::Usage(usage), .. } => {
                self.is_told |= usage.input_tokens > 0;
            }
            RunEvent::Agent { event: AgentEvent::End(_), .. }
                if self.is_limited && !self.is_told =>
            {
                self.is_told = true;
                let text = "the provider counts no tokens; the token limit uses an estimate";
                return Some(text.to_owned());
            }
            _ => {}
        }
        None
    }
}

/// The files of the result, and what is left out of it.
pub(super) fn of_outcome(outcome: &Outcome, cost_micros: Option<u64>) -> Vec<String> {
    let mut lines = Vec::new();
    if outcome.output == Output::Patch {
        let (files, left_out) = (counted(outcome.files.len(), "file"), outcome.left_out.len());
        let ignored = match left_out {
            0 => String::new(),
            _ => format!(", {left_out} changed and left out:"),
        };
        let patch = match outcome.written {
            Some(id) => format!("written, as run {id}; `zerostack undo` takes it back"),
            None => "in the patch".to_owned(),
        };
        lines.push(format!("{files} {patch}{ignored}"));
        let shown = outcome.left_out.iter().take(LEFT_OUT_LINES);
        lines.extend(shown.map(|file| format!("  {}", brief(&file.to_string()))));
        if left_out > LEFT_OUT_LINES {
            lines.push(format!("  and {} more", left_out - LEFT_OUT_LINES));
        }
    }
    lines.extend(outcome.notes.iter().map(|note| one_line(note)));
    let usage = outcome.usage;
    if usage.input_tokens > 0 || usage.output_tokens > 0 {
        lines.push(tokens_and_cost(usage, cost_micros));
    }
    lines
}

/// `4977 tokens in (3000 cached), 111 out, cost 0.012`.
pub(crate) fn tokens_and_cost(usage: Usage, cost_micros: Option<u64>) -> String {
    let cached = match usage.cache_read_tokens {
        0 => String::new(),
        tokens => format!(" ({tokens} cached)"),
    };
    let cost = cost_micros.map(|cost| format!(", cost {}", money(cost))).unwrap_or_default();
    format!("{} tokens in{cached}, {} out{cost}", usage.input_tokens, usage.output_tokens)
}

/// The text on one line of bounded length.
pub(super) fn brief(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(BRIEF_CHARACTERS).collect();
    let mut brief = visible_line(&start);
    if characters.next().is_some() {
        brief.push('…');
    }
    brief
}

const BRIEF_CHARACTERS: usize = 100;

/// How many of the files that are not in the patch are named.
const LEFT_OUT_LINES: usize = 20;
