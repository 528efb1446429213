//! `fork`: continues from the first rounds of a run with another instruction.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Command;

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::run::RunArgs;
use super::usage::missing;
use super::{history, run};
use crate::record::Record;
use crate::run::Fork;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "fork",
    group: Group::Runs,
    about: "Continue from the first rounds of a run, with the files of that time",
    usage: "RUN --at ROUND [OPTIONS] [INSTRUCTION...]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let at = flag::number("at", "ROUND", 1, "The last round to keep").long_help(
        "The last round to keep: a request, its reply and the results of its calls, counted \
         from 1. `zerostack show RUN --cache` lists the rounds",
    );
    run::arguments(command.arg(history::number().help("The number of the run")).arg(at))
}

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    let matches = &invocation.matches;
    let id: u32 =
        value(matches, "run").ok_or_else(|| missing("the number of a run", ENTRY.name))?;
    let at = value(matches, "at").ok_or_else(|| missing("--at ROUND", ENTRY.name))?;
    let folder = history::folder(matches)?;
    let record = Record::find(id)?;
    if record.about.folder() != folder {
        let of = record.about.folder();
        let text = format!("run {id} was in {0}; use -C {0}", of.display());
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if record.is_written && !record.is_undone {
        let text = format!(
            "run {id} was written to the folder, which differs from its state at the start of the run; \
             `zerostack undo {id}` takes it back"
        );
        return Err(Error::new(ErrorKind::Conflict, text));
    }
    // The tape of the attempt that gave the result, if attempts ran one after the other.
    let tape = record.tapes()?.pop().ok_or_else(|| missing("the tape", ENTRY.name))?;
    let fork = Fork::read(id, record.about.prompt.clone(), tape, at)?;
    let args = RunArgs { fork: Some(Arc::new(fork)), ..RunArgs::read(matches) };
    Ok(run::transaction(args, &invocation, None))
}
