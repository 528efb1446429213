//! Progress in a pipe or a file: short lines.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zerostack_core::prompt::Output;

use super::notices::{self, TokenCounts, brief};
use super::totals::Totals;
use super::{Front, RunEnd, RunEvent, Start};
use crate::Result;
use crate::run::tool_line;
use crate::visible::visible;

/// Writes a line for each step that a person waits for.
pub struct Plain<W>(Mutex<Lines<W>>);

struct Lines<W> {
    out: W,
    counts: TokenCounts,
    totals: Totals,
}

impl<W: Write> Plain<W> {
    /// Writes to `out`. A failed write does not stop a run.
    pub fn new(out: W) -> Self {
        let (counts, totals) = (TokenCounts::default(), Totals::default());
        Self(Mutex::new(Lines { out, counts, totals }))
    }

    fn lock(&self) -> MutexGuard<'_, Lines<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> Lines<W> {
    fn line(&mut self, line: &str) {
        // If stderr is closed, nothing else can be reported.
        let _ = writeln!(self.out, "zerostack: {}", visible(line));
    }
}

impl<W: Write + Send> Front for Plain<W> {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        let mut lines = self.lock();
        lines.totals.prices = start.endpoint.prices;
        lines.counts.start(start);
        notices::of_start(start).iter().for_each(|line| lines.line(line));
        Ok(())
    }

    fn event(&self, event: &RunEvent<'_>) -> Result<()> {
        let mut lines = self.lock();
        lines.totals.count(event);
        if let RunEvent::ToolFinished { of, call, is_error, content, .. } = event {
            let indent = if of.parent.is_some() { "  " } else { "" };
            let line = tool_line(&call.name, &call.arguments);
            match is_error {
                false => lines.line(&format!("{indent}{line}")),
                true => {
                    let why = brief(content.lines().next().unwrap_or_default());
                    lines.line(&format!("{indent}{line}: {why}"));
                }
            }
        }
        let more = lines.counts.event(event);
        notices::of_event(event).into_iter().chain(more).for_each(|line| lines.line(&line));
        Ok(())
    }

    fn end(&self, end: &RunEnd<'_>) -> Result<()> {
        let mut lines = self.lock();
        if let Ok(outcome) = end.result {
            let prices = lines.totals.prices;
            let cost = prices.map(|prices| prices.cost_micros(outcome.usage));
            if outcome.output == Output::Patch {
                let words = outcome.text.trim().lines();
                words.for_each(|line| lines.line(&format!("| {line}")));
            }
            notices::of_outcome(outcome, cost).iter().for_each(|line| lines.line(line));
        }
        Ok(())
    }
}
