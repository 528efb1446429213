//! `redo`: makes the changes of a run again, all or none.

use std::process::ExitCode;

use clap::Command;

use super::entry::{Entry, Group, Invocation};
use super::{flag, history, run};
use crate::Result;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "redo",
    group: Group::History,
    about: "Make the changes of an undone run again",
    usage: "[-C DIR] [RUN]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(history::number()).arg(run::folder())
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let folder = history::folder(&matches)?;
    history::turn(&folder, flag::value(&matches, "run"), false)?;
    Ok(ExitCode::SUCCESS)
}
