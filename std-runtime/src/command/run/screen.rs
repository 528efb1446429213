//! The outputs of a run: events on stdout, progress on stderr, its record; and the person who is
//! asked.

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::flags::RunArgs;
use super::keep::Keeper;
use super::terminal::{Person, person};
use crate::Result;
use crate::ask::{Answer, Question};
use crate::command::color::is_dumb;
use crate::command::print::tell;
use crate::run::front::plain::Plain;
use crate::run::front::terminal::Terminal;
use crate::run::{Front, RunEnd, RunEvent, Start};
use crate::transport::Cancel;

/// All fronts of a run as one.
pub(super) struct Screen {
    /// Held for each event, so that all fronts show events in one order, and while the person is asked.
    order: Mutex<()>,
    events: Option<Box<dyn Front + Send>>,
    plain: Option<Plain<io::Stderr>>,
    terminal: Option<Terminal>,
    pub(super) keeper: Option<Keeper>,
    person: Option<Person>,
}

impl Screen {
    pub(super) fn new(args: &RunArgs, cancel: &Cancel) -> Self {
        let is_terminal = io::stderr().is_terminal() && !is_dumb();
        let terminal = || Terminal::new(args.color.is_on(is_terminal));
        Self {
            order: Mutex::default(),
            events: args.events.map(|format| format.front(io::stdout())),
            plain: (!args.quiet && !is_terminal).then(|| Plain::new(io::stderr())),
            terminal: (!args.quiet && is_terminal).then(terminal),
            keeper: None,
            person: person(cancel),
        }
    }

    /// Whether stdout gets the events, and the result among them.
    pub(super) fn has_events(&self) -> bool {
        self.events.is_some()
    }

    fn each(&self, show: impl Fn(&dyn Front) -> Result<()>) -> Result<()> {
        let _order = self.order();
        let Self { events, plain, terminal, keeper, .. } = self;
        keeper.as_ref().map_or(Ok(()), |it| show(it))?;
        plain.as_ref().map_or(Ok(()), |it| show(it))?;
        terminal.as_ref().map_or(Ok(()), |it| show(it))?;
        events.as_ref().map_or(Ok(()), |it| show(it.as_ref()))
    }

    fn order(&self) -> MutexGuard<'_, ()> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Front for Screen {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        self.each(|front| front.start(start))
    }

    fn event(&self, event: &RunEvent<'_>) -> Result<()> {
        let is_quiet = self.plain.is_none() && self.terminal.is_none();
        if let (RunEvent::Recovered(line) | RunEvent::Warned(line), true) = (event, is_quiet) {
            // These are shown even with `--quiet`.
            tell(line);
        }
        self.each(|front| front.event(event))
    }

    fn ask(&self, question: &Question) -> Answer {
        let Some(person) = &self.person else { return Answer::Nobody };
        let _order = self.order();
        match &self.terminal {
            Some(terminal) => terminal.paused(|| person.ask(question, "run")),
            None => person.ask(question, "run"),
        }
    }

    /// The record ends after the result is delivered.
    fn end(&self, end: &RunEnd<'_>) -> Result<()> {
        let Self { events, plain, terminal, .. } = self;
        plain.as_ref().map_or(Ok(()), |it| it.end(end))?;
        terminal.as_ref().map_or(Ok(()), |it| it.end(end))?;
        events.as_ref().map_or(Ok(()), |it| it.end(end))
    }
}
