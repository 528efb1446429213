//! `undo`: takes the changes of a run back, all or none.

use std::process::ExitCode;

use clap::Command;

use super::entry::{Entry, Group, Invocation};
use super::{flag, history, run};
use crate::Result;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "undo",
    group: Group::History,
    about: "Take back the changes of a run, all or none",
    usage: "[-C DIR] [RUN]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(history::number()).arg(run::folder())
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let folder = history::folder(&matches)?;
    history::turn(&folder, flag::value(&matches, "run"), true)?;
    Ok(ExitCode::SUCCESS)
}
