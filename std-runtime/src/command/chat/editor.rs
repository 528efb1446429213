//! Where lines come from: a line editor on a terminal, else a pipe.

use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor as LineEditor};

use super::complete::Completion;
use crate::command::color::is_dumb;
use crate::{Error, ErrorKind, Result, own_process, state_folder};

/// Reads the user's input.
pub(super) enum Editor {
    /// On a terminal.
    Lines { editor: Box<LineEditor<Completion, FileHistory>>, history: Option<PathBuf> },
    /// A terminal without escape sequences, or a pipe.
    Plain { has_prompt: bool },
}

/// What the user did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, or the end of the pipe.
    End,
}

impl Editor {
    /// For a terminal if `is_typed`.
    ///
    /// # Errors
    /// `Input` when the terminal cannot be used.
    pub(super) fn new(is_typed: bool, folder: &Path, prompts: &[String]) -> Result<Self> {
        if !is_typed || is_dumb() {
            return Ok(Self::Plain { has_prompt: is_typed });
        }
        let unusable = |error: ReadlineError| unreadable(&error);
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(unusable)?
            .history_ignore_space(true)
            .completion_type(rustyline::CompletionType::List)
            .bracketed_paste(true)
            .build();
        let mut editor = LineEditor::with_config(config).map_err(unusable)?;
        editor.set_helper(Some(Completion::new(folder, prompts)));
        // A chat works without a history.
        let history = state_folder::folder("chat").ok().map(|place| place.join("history"));
        if let Some(path) = &history {
            let _ = editor.load_history(path);
        }
        Ok(Self::Lines { editor: Box::new(editor), history })
    }

    /// Whether a person types.
    pub(super) fn is_typed(&self) -> bool {
        !matches!(self, Self::Plain { has_prompt: false })
    }

    /// Reads a line, which may contain line ends, from a paste or after a `\`.
    ///
    /// # Errors
    /// `Input` when the terminal or the pipe cannot be read.
    pub(super) fn read(&mut self) -> Result<Typed> {
        own_process::release_code();
        match self {
            Self::Lines { editor, history } => match editor.readline(PROMPT) {
                Ok(line) => {
                    if !line.trim().is_empty()
                        && editor.add_history_entry(line.trim_end()).unwrap_or(false)
                    {
                        let _ = history.as_ref().map(|path| editor.append_history(path));
                    }
                    Ok(Typed::Line(line.replace("\\\n", "\n")))
                }
                Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
                Err(ReadlineError::Eof) => Ok(Typed::End),
                Err(error) => Err(unreadable(&error)),
            },
            Self::Plain { has_prompt } => {
                if *has_prompt {
                    eprint!("{PROMPT}");
                    let _ = io::stderr().flush();
                }
                plain()
            }
        }
    }
}

fn plain() -> Result<Typed> {
    let mut text = String::new();
    loop {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_until(b'\n', &mut bytes);
        if read.map_err(|error| unreadable(&error))? == 0 {
            let is_over = text.is_empty();
            return Ok(if is_over { Typed::End } else { Typed::Line(text) });
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.strip_suffix('\n').unwrap_or(&line);
        match line.strip_suffix('\\') {
            Some(line) => {
                text.push_str(line);
                text.push('\n');
            }
            None => {
                text.push_str(line);
                return Ok(Typed::Line(text));
            }
        }
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Input, format!("cannot read the input: {error}"))
}

const PROMPT: &str = "> ";
const HISTORY_LINES: usize = 1000;
