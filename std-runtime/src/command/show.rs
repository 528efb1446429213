//! `show`: what a run was, or its patch.

use std::process::ExitCode;

use clap::Command;

use super::entry::{Entry, Group, Invocation};
use super::print::print;
use super::usage::missing;
use super::{flag, history, run};
use crate::Result;
use crate::record::Record;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "show",
    group: Group::History,
    about: "Show a run: what was asked and what came of it, or its patch",
    usage: "RUN [--patch]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(history::number()).arg(flag::switch("patch", "Print the patch")).arg(run::folder())
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let run: Option<u32> = flag::value(&matches, "run");
    let run = run.ok_or_else(|| missing("the number of the run", ENTRY.name))?;
    history::folder(&matches)?;
    let record = Record::find(run)?;
    if matches.get_flag("patch") {
        print(&record.patch()?)?;
    } else {
        let mut text = serde_json::to_string_pretty(&record.about).unwrap_or_default();
        text.push('\n');
        print(text.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}
