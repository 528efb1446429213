//! What a chat shows: the answer on stdout; on stderr a line for each tool and, while the user
//! waits, one status line.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zerostack_core::Usage;

use super::diff;
use crate::agent::{AgentEvent, Call};
use crate::ask::{Answer, Question};
use crate::command::color::{Color, is_dumb};
use crate::command::run::Person;
use crate::error::one_line;
use crate::run::front::ConversationId;
use crate::run::front::markdown::Markdown;
use crate::run::{Front, Live, RunEvent, Start, tool_line};
use crate::sandbox::{Layer, Mode};
use crate::visible::{visible, visible_line};
use crate::{Error, Result};

/// The terminal of a chat.
pub(super) struct Screen {
    state: Arc<Mutex<State>>,
    /// Ends the thread that draws the line.
    ticker: Option<Sender<()>>,
    /// The person who is asked during a turn whether a call may run.
    person: Option<Person>,
}

struct State {
    /// stdout, stderr.
    has_colors: (bool, bool),
    /// The line can be drawn and removed.
    is_live: bool,
    /// The line is on the screen.
    is_drawn: bool,
    /// The answer is in the middle of a line.
    is_in_line: bool,
    /// The Markdown state of the answer, on a terminal with colours.
    markdown: Option<Markdown>,
    /// When the turn began.
    began: Option<Instant>,
    /// What the user waits for.
    waits_for: String,
    /// The usage of the turn's finished replies, and of the current one.
    usage: Usage,
    of_reply: Usage,
}

impl Screen {
    pub(super) fn new(color: Color) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let state = State {
            has_colors: (color.is_on(out), color.is_on(err)),
            is_live: err && !is_dumb(),
            is_drawn: false,
            is_in_line: false,
            markdown: color.is_on(out).then(Markdown::default),
            began: None,
            waits_for: String::new(),
            usage: Usage::default(),
            of_reply: Usage::default(),
        };
        Self { state: Arc::new(Mutex::new(state)), ticker: None, person: None }
    }

    /// Prints the session and the model of the chat.
    pub(super) fn begins(&mut self, live: &Live) {
        let session = match live.name() {
            Some(name) if live.is_begun() => format!("continues session {name}"),
            Some(name) => format!("session {name}"),
            None => "not saved".to_owned(),
        };
        self.note(&live.endpoint().to_string());
        self.note(&format!("{session}; /help lists the commands"));
        if !live.patch().is_empty() {
            self.changes(live.patch());
            self.note(NOT_APPLIED);
        }
    }

    /// Begins a turn, whose calls `person` may permit.
    pub(super) fn turn_begins(&mut self, person: Option<Person>) {
        self.person = person;
        let mut state = self.lock();
        state.began = Some(Instant::now());
        (state.usage, state.of_reply) = (Usage::default(), Usage::default());
        "the model".clone_into(&mut state.waits_for);
        let is_live = state.is_live;
        drop(state);
        if is_live {
            let (sender, receiver) = mpsc::channel();
            let state = Arc::clone(&self.state);
            let builder = std::thread::Builder::new().name("status".to_owned());
            let spawned = builder.stack_size(64 * 1024).spawn(move || tick(&receiver, &state));
            self.ticker = spawned.is_ok().then_some(sender);
        }
    }

    /// Ends the turn: prints its time and its tokens.
    pub(super) fn turn_ends(&mut self) {
        (self.ticker, self.person) = (None, None);
        let mut state = self.lock();
        state.end_line();
        let seconds = state.began.take().map_or(0.0, |began| began.elapsed().as_secs_f64());
        let line = format!("{seconds:.1} s{}", tokens(state.usage.plus(state.of_reply)));
        state.dim(&line);
    }

    /// A line of the chat itself.
    pub(super) fn note(&self, line: &str) {
        let mut state = self.lock();
        state.end_line();
        state.dim(line);
    }

    /// Prints an error.
    pub(super) fn error(&mut self, error: &Error) {
        let mut state = self.lock();
        state.end_line();
        state.error(error);
    }

    /// The effect of a patch, a line for each file.
    pub(super) fn changes(&mut self, patch: &[u8]) {
        let files = diff::files(patch);
        for diff::FileChange { path, added, removed } in files.iter().take(FILES) {
            self.note(&format!("  {path} +{added} −{removed}"));
        }
        if files.len() > FILES {
            self.note(&format!("  and {} more", files.len() - FILES));
        }
    }

    /// Prints a requested result on stdout.
    ///
    /// # Errors
    /// `Input` if stdout cannot be written.
    pub(super) fn print(&mut self, text: &str) -> Result<()> {
        self.lock().end_line();
        crate::command::print::print(text.as_bytes())
    }

    /// Prints a patch.
    ///
    /// # Errors
    /// As [`print`](Self::print).
    pub(super) fn diff(&mut self, patch: &[u8]) -> Result<()> {
        let has_colors = self.lock().has_colors.0;
        // A pipe gets the patch byte for byte, for `git apply`.
        match io::stdout().is_terminal() || has_colors {
            true => self.print(&diff::shown(patch, has_colors)),
            false => crate::command::print::print(patch),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Removes the line.
    fn erase(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }

    /// Draws the line again, unless part of an answer is in its place.
    fn draw(&mut self) {
        let Some(began) = self.began.filter(|_| self.is_live && !self.is_in_line) else { return };
        let seconds = began.elapsed().as_secs();
        let line =
            format!("{seconds} s · {}{}", self.waits_for, tokens(self.usage.plus(self.of_reply)));
        let columns = rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| size.ws_col);
        let line: String = line.chars().take(usize::from(columns.max(20)) - 1).collect();
        let (dim, plain) = if self.has_colors.1 { ("\x1b[2m", "\x1b[m") } else { ("", "") };
        let _ = write!(io::stderr(), "\r\x1b[K{dim}{line}{plain}");
        self.is_drawn = true;
    }

    /// Starts a new line.
    fn end_line(&mut self) {
        self.erase();
        let mut rest = String::new();
        if let Some(markdown) = &mut self.markdown {
            markdown.flush(&mut rest);
        }
        // A failure is reported when more of the answer arrives.
        let _ = self.print(&rest);
        if std::mem::take(&mut self.is_in_line) {
            let mut stdout = io::stdout();
            let _ = stdout.write_all(b"\n").and_then(|()| stdout.flush());
        }
    }

    fn dim(&mut self, line: &str) {
        self.colored("2", line);
    }

    fn colored(&mut self, color: &str, line: &str) {
        let line = visible(line);
        let _ = match self.has_colors.1 {
            true => writeln!(io::stderr(), "\x1b[{color}m{line}\x1b[m"),
            false => writeln!(io::stderr(), "{line}"),
        };
    }

    fn error(&mut self, error: &Error) {
        self.colored("31", &format!("zerostack: {error}"));
    }

    fn answer(&mut self, text: &str) -> Result<()> {
        self.erase();
        // A pipe gets the text unchanged; a terminal would interpret control sequences.
        let shown = if io::stdout().is_terminal() { visible(text) } else { text.into() };
        match &mut self.markdown {
            Some(markdown) => {
                let mut rendered = String::new();
                markdown.push(&shown, &mut rendered);
                self.print(&rendered)
            }
            None => self.print(&shown),
        }
    }

    fn print(&mut self, shown: &str) -> Result<()> {
        if shown.is_empty() {
            return Ok(());
        }
        self.is_in_line = !shown.ends_with('\n');
        crate::command::print::print(shown.as_bytes())
    }

    /// Ends a reply, or discards what arrived of it.
    fn ends_answer(&mut self) {
        self.end_line();
        if let Some(markdown) = &mut self.markdown {
            markdown.ends();
        }
    }

    fn tool(&mut self, call: &Call, failure: Option<&str>, indent: &str) {
        self.end_line();
        let line = tool_line(&call.name, &call.arguments);
        match failure {
            None => self.colored("36", &format!("{indent}{line}")),
            Some(why) => {
                let why = why.lines().next().unwrap_or_default();
                let why: String = visible_line(why).chars().take(WHY_CHARACTERS).collect();
                self.colored("33", &format!("{indent}{line}: {why}"));
            }
        }
    }
}

impl Front for Screen {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        for lacks in start.layers.iter().filter_map(Layer::lacks) {
            self.note(&format!("the sandbox is incomplete: {lacks}"));
        }
        if start.sandbox == Mode::Off {
            self.note("sandbox off: tools run with all your rights, on a copy");
        }
        Ok(())
    }

    fn event(&self, event: &RunEvent<'_>) -> Result<()> {
        match event {
            RunEvent::AsksForModels(endpoint) => {
                self.note(&format!("{endpoint}: asking for its models"));
            }
            RunEvent::Recovered(line) | RunEvent::Warned(line) => self.note(line),
            RunEvent::Agent { of: ConversationId { parent: None, .. }, event } => {
                return self.lock().event(event);
            }
            RunEvent::ToolFinished { of, call, is_error, content, .. } => {
                let indent = if of.parent.is_some() { "  " } else { "" };
                self.lock().tool(call, is_error.then_some(*content), indent);
            }
            _ => {}
        }
        Ok(())
    }

    fn ask(&self, question: &Question) -> Answer {
        let Some(person) = &self.person else { return Answer::Nobody };
        // Held while the person decides, so that nothing else is shown meanwhile.
        let mut state = self.lock();
        state.end_line();
        person.ask(question, "chat")
    }
}

impl State {
    fn event(&mut self, event: &AgentEvent) -> Result<()> {
        let state = self;
        match event {
            AgentEvent::Text(text) | AgentEvent::Refusal(text) => state.answer(text)?,
            AgentEvent::Reasoning(_) => "thinking".clone_into(&mut state.waits_for),
            AgentEvent::ToolStarted(call) => {
                state.end_line();
                state.waits_for = tool_line(&call.name, &call.arguments);
                state.draw();
            }
            AgentEvent::ToolResult { .. } => "the model".clone_into(&mut state.waits_for),
            AgentEvent::Usage(usage) => state.of_reply = *usage,
            AgentEvent::Retry { wait_ms, reason } => {
                state.end_line();
                let seconds = f64::from(*wait_ms) / 1000.0;
                state.dim(&format!("{}; trying again in {seconds:.1} s", one_line(reason)));
            }
            AgentEvent::Restart => {
                state.ends_answer();
                state.dim("the reply broke off; its text is discarded");
            }
            AgentEvent::Compacting => {
                state.end_line();
                state.dim("the context is nearly full; asking for a summary");
            }
            AgentEvent::MadeRoom { bytes, .. } => {
                state.end_line();
                state.dim(&format!("the oldest {bytes} bytes are no longer sent"));
            }
            AgentEvent::Truncated { bytes } => {
                state.end_line();
                state.dim(&format!("{bytes} bytes of the reply were not kept"));
            }
            AgentEvent::End(_) => {
                let of_reply = std::mem::take(&mut state.of_reply);
                state.usage = state.usage.plus(of_reply);
                state.ends_answer();
            }
            _ => {}
        }
        Ok(())
    }
}

/// Redraws the line until the turn is over.
fn tick(over: &Receiver<()>, state: &Mutex<State>) {
    while over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        state.lock().unwrap_or_else(PoisonError::into_inner).draw();
    }
}

fn tokens(usage: Usage) -> String {
    let (input, output) = (usage.input_tokens, usage.output_tokens);
    if input == 0 && output == 0 {
        return String::new();
    }
    let cached = match usage.cache_read_tokens {
        0 => String::new(),
        cached => format!(" ({cached} cached)"),
    };
    format!(" · {input} tokens in{cached}, {output} out")
}

/// The interval at which the line is redrawn.
const TICK: Duration = Duration::from_secs(1);
/// The number of files that are listed.
const FILES: usize = 20;
/// The length of the failure's reason that fits in a line.
const WHY_CHARACTERS: usize = 100;
/// What a person can do with changes.
pub(super) const NOT_APPLIED: &str =
    "not applied yet: /diff shows the changes, /apply writes them, /undo takes them back";
