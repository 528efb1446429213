//! `try`: a run over a small sample project.

use std::process::ExitCode;

use super::entry::{Entry, Group, Invocation};
use super::run::{self, RunArgs, transaction};
use super::sample::Sample;
use crate::Result;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "try",
    group: Group::Runs,
    about: "Fix a small sample project, by a scripted model if none is configured",
    usage: "[OPTIONS] [INSTRUCTION]",
    arguments: run::arguments,
    run,
};

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    if invocation.matches.get_flag("version") {
        return run::version();
    }
    let sample = Sample::create()?;
    Ok(transaction(RunArgs::read(&invocation.matches), &invocation, Some(&sample)))
}
