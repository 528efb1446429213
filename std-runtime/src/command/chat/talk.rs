//! The loop of a chat: read a line, do what it asks for, show the result.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::editor::{Editor, Typed};
use super::interrupt::Interrupt;
use super::screen::{NOT_APPLIED, Screen};
use super::slash::{self, Line};
use crate::command::history;
use crate::command::run::person;
use crate::command::usage::unknown_prompt;
use crate::error::counted;
use crate::run::{Filling, Instructions, Live, PromptFiles};
use crate::{Error, ErrorKind, Result};

/// A running chat.
pub(super) struct Talk {
    pub live: Live,
    pub screen: Screen,
    pub editor: Editor,
    pub interrupt: Arc<Interrupt>,
    pub folder: PathBuf,
    pub prompts: PromptFiles,
    /// Changes are applied after each turn.
    pub writes: bool,
    /// The records of the applied changes, the latest one last.
    pub applied: Vec<u32>,
}

/// What follows a line.
enum Next {
    Goes,
    Quits,
}

impl Talk {
    /// Sends `first`, if it is not empty, and then each line of input, until the input ends. A chat
    /// over a pipe ends with the exit code of the last line that failed.
    ///
    /// # Errors
    /// `Input` if the input cannot be read or the output cannot be written.
    pub(super) fn run(mut self, first: &str) -> Result<ExitCode> {
        let mut failed = None;
        let mut next = Some(first.to_owned()).filter(|first| !first.is_empty());
        loop {
            let line = match next.take() {
                Some(line) => line,
                None => match self.editor.read()? {
                    Typed::Line(line) => line,
                    Typed::Interrupt => {
                        self.screen.note("Ctrl-D ends the chat");
                        continue;
                    }
                    Typed::End => break,
                },
            };
            match self.line(&line) {
                Ok(Next::Goes) => {}
                Ok(Next::Quits) => break,
                Err(error) => {
                    failed = Some(error.kind());
                    self.screen.error(&error);
                }
            }
        }
        self.ends();
        let failed = failed.filter(|_| !self.editor.is_typed());
        Ok(failed.map_or(ExitCode::SUCCESS, |kind| ExitCode::from(kind.exit_code())))
    }

    /// Prints what remains of the chat.
    fn ends(&mut self) {
        if !self.live.patch().is_empty() {
            self.screen
                .note("the changes are not applied; `zerostack chat -c` continues with them");
        }
    }

    fn line(&mut self, line: &str) -> Result<Next> {
        match Line::read(line) {
            Line::Empty => {}
            Line::Say(text) => self.turn(text)?,
            Line::Shell("") => {
                return Err(Error::new(ErrorKind::Usage, "! needs a command, such as !ls"));
            }
            Line::Shell(command) => self.shell(command)?,
            Line::Slash { name: "quit", .. } => return Ok(Next::Quits),
            Line::Slash { name, rest } => self.slash(name, rest)?,
        }
        Ok(Next::Goes)
    }

    fn slash(&mut self, name: &str, rest: &str) -> Result<()> {
        match name {
            "help" => {
                let help = slash::help(&self.prompt_names());
                self.screen.print(&help)
            }
            "diff" if self.live.patch().is_empty() => self.nothing("there are no changes"),
            "diff" => self.screen.diff(self.live.patch()),
            "apply" => self.apply(),
            "undo" => self.undo(),
            "clear" => {
                self.live.clear(&self.screen)?;
                let name = self.live.name().unwrap_or("not saved").to_owned();
                self.nothing(&format!("session {name}"))
            }
            "model" if rest.is_empty() => {
                let endpoint = self.live.endpoint().to_string();
                self.nothing(&endpoint)
            }
            "model" => {
                self.live.set_model(rest, &self.screen)?;
                let endpoint = self.live.endpoint().to_string();
                self.nothing(&endpoint)
            }
            "prompt" if rest.is_empty() => {
                let names = self.prompt_names().join(", ");
                self.nothing(&format!("prompts: {names}"))
            }
            "prompt" => {
                let instructions = self.instructions(rest, "")?;
                let instructions =
                    instructions.ok_or_else(|| unknown_prompt(rest, &self.prompts))?;
                self.live.set_instructions(instructions)?;
                self.nothing(&format!("continues with the prompt {rest}"))
            }
            name => match self.instructions(name, rest)? {
                // The task is part of the prompt's text, or follows it.
                Some(Instructions { text, task, .. }) => {
                    let text = format!("{}\n\n{task}", text.trim());
                    self.turn(text.trim())
                }
                None => {
                    let text = slash::unknown(name, &self.prompt_names());
                    Err(Error::new(ErrorKind::Usage, text))
                }
            },
        }
    }

    /// A line that is not an error.
    fn nothing(&mut self, line: &str) -> Result<()> {
        self.screen.note(line);
        Ok(())
    }

    fn turn(&mut self, text: &str) -> Result<()> {
        let Self { live, screen, interrupt, .. } = self;
        let before = live.patch().to_vec();
        let ended = interrupt.during(|stop| {
            screen.turn_begins(person(stop.cancel()));
            live.turn(text, stop, screen).map_err(|error| match stop.why() {
                Some(ErrorKind::Interrupted) => {
                    Error::new(ErrorKind::Interrupted, "stopped; the chat continues")
                }
                _ => error,
            })
        });
        screen.turn_ends();
        let patch = live.patch();
        if patch != before {
            screen.changes(patch);
        }
        match (!patch.is_empty(), self.writes && ended.is_ok()) {
            (true, true) => self.apply()?,
            (true, false) if before.is_empty() => self.screen.note(NOT_APPLIED),
            _ => {}
        }
        ended
    }

    fn shell(&mut self, command: &str) -> Result<()> {
        let Self { live, screen, interrupt, .. } = self;
        let before = live.patch().to_vec();
        let ran = interrupt.during(|stop| live.run(command, stop, screen))?;
        let end = if ran.output.is_empty() || ran.output.ends_with('\n') { "" } else { "\n" };
        screen.print(&crate::visible::visible(&format!("{}{end}", ran.output)))?;
        if let Some(failed) = ran.failed {
            screen.note(&failed);
        }
        if live.patch() != before {
            screen.changes(live.patch());
        }
        Ok(())
    }

    fn apply(&mut self) -> Result<()> {
        let files = counted(super::diff::files(self.live.patch()).len(), "file");
        match self.live.apply()? {
            Some(id) => {
                self.applied.push(id);
                self.nothing(&format!("{files} written, as run {id}; /undo takes it back"))
            }
            None => self.nothing("there is nothing to apply"),
        }
    }

    fn undo(&mut self) -> Result<()> {
        if self.live.undo()? {
            self.screen.note("the changes of the last turn are taken back");
            self.screen.changes(self.live.patch());
            return Ok(());
        }
        let Some(id) = self.applied.last().copied() else {
            return self.nothing(
                "there is nothing to take back; `zerostack undo` takes back earlier writes",
            );
        };
        history::turn(&self.folder, Some(id), true)?;
        self.applied.pop();
        self.live.was_undone(id);
        Ok(())
    }

    fn instructions(&mut self, name: &str, task: &str) -> Result<Option<Instructions>> {
        self.prompts.find(name, &mut Filling::of(task))
    }

    fn prompt_names(&self) -> Vec<String> {
        self.prompts.list().into_iter().map(|(name, _)| name).collect()
    }
}
