//! `sdk`: stands in for the program that the SDK of another agent starts.
//!
//! It takes the SDK's own flags. Each turn is a run, in its own process. A feature that a run does
//! not have is refused, so that nobody relies on it.

mod claude;
mod codex;
mod flags;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::values;
use super::usage::unknown_subcommand;
use crate::run::front::events::EventFormat;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "sdk",
    group: Group::Filters,
    about: "Stand in for the program that the SDK of Claude or Codex starts",
    usage: "claude | codex [FLAGS OF THE SDK]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let words = Arg::new("words").value_name("claude|codex").num_args(0..);
    let words = words.trailing_var_arg(true).allow_hyphen_values(true);
    command.arg(words.help("The program, and the flags of its SDK"))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let words: Vec<String> = values(&matches, "words");
    match words.split_first() {
        Some((name, flags)) if name == "claude" => claude::run(flags),
        Some((name, flags)) if name == "codex" => codex::run(flags),
        other => {
            let first = other.map(|(name, _)| name.as_str());
            Err(unknown_subcommand(ENTRY.name, first, &["claude", "codex"]))
        }
    }
}

/// A run of this program with events in `format`.
fn command(format: EventFormat) -> Result<std::process::Command> {
    let mut command = std::process::Command::new(program()?);
    command.args(["run", "--quiet", "--events", format.name()]);
    Ok(command)
}

fn program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| failed("the program cannot be found", &error))
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("{what}: {error}"))
}
