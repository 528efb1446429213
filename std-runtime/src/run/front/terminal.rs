//! A run on a terminal: a line for each call when it starts, the words of the model between calls,
//! and while the user waits, one status line.

use std::io::{self, Write as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zerostack_core::StopReason;
use zerostack_core::prompt::Output;

use super::markdown::rendered;
use super::notices::{self, TokenCounts, brief};
use super::totals::{Totals, money};
use super::{Front, RunEnd, RunEvent, Start};
use crate::Result;
use crate::agent::AgentEvent;
use crate::run::tool_line;
use crate::visible::visible;

/// The terminal that stderr is.
pub struct Terminal {
    state: Arc<Mutex<State>>,
    /// Ends the thread that draws the line.
    ticker: Mutex<Option<Sender<()>>>,
}

struct State {
    has_colors: bool,
    /// The status line is on the screen.
    is_drawn: bool,
    /// Somebody else writes to the terminal.
    is_paused: bool,
    began: Option<Instant>,
    /// The text of the current reply.
    words: String,
    /// The running calls: conversation, id, summary.
    running: Vec<(String, String, String)>,
    counts: TokenCounts,
    totals: Totals,
}

impl Terminal {
    /// On stderr, which is a terminal with escape sequences.
    pub fn new(has_colors: bool) -> Self {
        let state = State {
            has_colors,
            is_drawn: false,
            is_paused: false,
            began: None,
            words: String::new(),
            running: Vec::new(),
            counts: TokenCounts::default(),
            totals: Totals::default(),
        };
        Self { state: Arc::new(Mutex::new(state)), ticker: Mutex::default() }
    }

    /// Calls `write`, which writes to the terminal itself; the status line is hidden meanwhile.
    pub fn paused<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut state = self.lock();
        state.erase();
        state.is_paused = true;
        drop(state);
        let written = write();
        self.lock().is_paused = false;
        written
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_ticking(&self) {
        let mut ticker = self.ticker.lock().unwrap_or_else(PoisonError::into_inner);
        if ticker.is_none() {
            let (sender, receiver) = mpsc::channel();
            let state = Arc::clone(&self.state);
            let builder = std::thread::Builder::new().name("status".to_owned());
            let spawned = builder.stack_size(64 * 1024).spawn(move || tick(&receiver, &state));
            *ticker = spawned.is_ok().then_some(sender);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut state = self.lock();
        state.erase();
        state.began = None;
    }
}

impl State {
    /// Removes the status line.
    fn erase(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }

    fn draw(&mut self) {
        if self.is_paused {
            return;
        }
        let Some(began) = self.began else { return };
        let columns = rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| size.ws_col);
        let line = self.status(began.elapsed(), usize::from(columns.max(20)) - 1);
        let (dim, plain) = if self.has_colors { (DIM, PLAIN) } else { ("", "") };
        let _ = write!(io::stderr(), "\r\x1b[K{dim}{line}{plain}");
        self.is_drawn = true;
    }

    /// What the run waits for, for how long, and what it has used, within this many columns.
    fn status(&self, elapsed: Duration, columns: usize) -> String {
        let what = match self.running.as_slice() {
            [] => "the model",
            [(_, _, line)] => line,
            many => &format!("{} calls", many.len()),
        };
        let begin = format!("{} s · ", elapsed.as_secs());
        let mut end = String::new();
        let usage = self.totals.usage();
        let (input, output) = (u64::from(usage.input_tokens), u64::from(usage.output_tokens));
        if input + output > 0 {
            end.push_str(&format!(" · {} tokens", input + output));
        }
        if let Some(cost) = self.totals.cost_micros().filter(|cost| *cost > 0) {
            end.push_str(&format!(" · {}", money(cost)));
        }
        if let Some(share) = (u64::from(usage.cache_read_tokens) * 100).checked_div(input) {
            end.push_str(&format!(" · {share} % cached"));
        }
        let room = columns.saturating_sub(begin.chars().count() + end.chars().count());
        let what = match what.chars().count() > room {
            true => what.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
            false => what.to_owned(),
        };
        format!("{begin}{what}{end}").chars().take(columns).collect()
    }

    fn line(&mut self, color: &str, line: &str) {
        self.erase();
        let line = visible(line);
        let _ = match self.has_colors && !color.is_empty() {
            true => writeln!(io::stderr(), "{color}{line}{PLAIN}"),
            false => writeln!(io::stderr(), "{line}"),
        };
    }

    /// The words of a reply that calls tools; the last one is the result.
    fn say(&mut self) {
        let words = std::mem::take(&mut self.words);
        self.words(words.trim());
    }

    fn words(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        self.erase();
        let words = visible(words);
        let _ = match self.has_colors {
            true => writeln!(io::stderr(), "{}", rendered(&words)),
            false => writeln!(io::stderr(), "{words}"),
        };
    }

    fn take(&mut self, event: &RunEvent<'_>) {
        match event {
            RunEvent::Agent { of, event } => {
                let is_own = of.parent.is_none();
                match event {
                    AgentEvent::Text(text) if is_own => self.words.push_str(text),
                    AgentEvent::Recovered { text } if is_own => self.words.clone_from(text),
                    AgentEvent::Restart if is_own => self.words.clear(),
                    AgentEvent::End(StopReason::ToolUse) if is_own => self.say(),
                    AgentEvent::End(_) if is_own => self.words.clear(),
                    AgentEvent::ToolStarted(call) => {
                        let indent = if is_own { "" } else { "  " };
                        let line = tool_line(&call.name, &call.arguments);
                        self.line(CYAN, &format!("{indent}{line}"));
                        self.running.push((of.id.clone(), call.id.clone(), line));
                    }
                    _ => {}
                }
            }
            RunEvent::ToolFinished { of, call, is_error, content, .. } => {
                let is_it = |(conversation, id, _): &(String, String, String)| {
                    *conversation == of.id && *id == call.id
                };
                let running = self.running.iter().position(is_it);
                running.map(|at| self.running.remove(at));
                if *is_error {
                    let indent = if of.parent.is_none() { "" } else { "  " };
                    let line = tool_line(&call.name, &call.arguments);
                    let why = brief(content.lines().next().unwrap_or_default());
                    self.line(YELLOW, &format!("{indent}{line}: {why}"));
                }
            }
            _ => {}
        }
    }
}

impl Front for Terminal {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        let mut state = self.lock();
        state.totals.prices = start.endpoint.prices;
        state.counts.start(start);
        notices::of_start(start).iter().for_each(|line| state.line(DIM, line));
        state.began.get_or_insert_with(Instant::now);
        drop(state);
        self.begin_ticking();
        Ok(())
    }

    fn event(&self, event: &RunEvent<'_>) -> Result<()> {
        let mut state = self.lock();
        state.totals.count(event);
        state.take(event);
        let more = state.counts.event(event);
        notices::of_event(event).into_iter().chain(more).for_each(|line| state.line(DIM, &line));
        let is_seldom = !matches!(
            event,
            RunEvent::Agent { event: AgentEvent::Text(_) | AgentEvent::Reasoning(_), .. }
        );
        if is_seldom {
            state.draw();
        }
        Ok(())
    }

    fn end(&self, end: &RunEnd<'_>) -> Result<()> {
        self.ticker.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut state = self.lock();
        state.erase();
        state.began = None;
        if let Ok(outcome) = end.result {
            let prices = state.totals.prices;
            let cost = prices.map(|prices| prices.cost_micros(outcome.usage));
            if outcome.output == Output::Patch {
                state.words(outcome.text.trim());
            }
            notices::of_outcome(outcome, cost).iter().for_each(|line| state.line(DIM, line));
        }
        Ok(())
    }
}

/// Redraws the line until the run is over.
fn tick(over: &Receiver<()>, state: &Mutex<State>) {
    while over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        state.lock().unwrap_or_else(PoisonError::into_inner).draw();
    }
}

/// The interval at which the line is redrawn.
const TICK: Duration = Duration::from_secs(1);

const DIM: &str = "\x1b[2m";
const CYAN: &str = "\x1b[36m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[m";
