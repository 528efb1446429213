//! `tool`: one call of a tool, in its own process.

use std::io;
use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::usage::usage;
use crate::plumbing::step;
use crate::{Result, tool};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "tool",
    group: Group::Filters,
    about: "Run a tool with the arguments on stdin",
    usage: "NAME | --call",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let name = Arg::new("name").value_name("NAME").help("The tool; its arguments are JSON");
    let call = flag::switch("call", "Run the call that stdin holds as a transcript line");
    command.arg(name).arg(call.conflicts_with("name"))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    if matches.get_flag("call") {
        step::call(&mut io::stdin().lock(), &mut io::stdout().lock())?;
        return Ok(ExitCode::SUCCESS);
    }
    let name: String = value(&matches, "name").ok_or_else(|| {
        let names: Vec<&str> = tool::specs().iter().map(|spec| spec.name).collect();
        usage(format!("the name of a tool is missing; use one of {}", names.join(", ")))
    })?;
    Ok(call(&name))
}

/// Runs the tool `name` with the arguments on stdin.
pub(crate) fn call(name: &str) -> ExitCode {
    // If memory is short, the kernel ends the tool's processes before the run. Set this before the
    // program hides its memory: afterwards only root may set it.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    tool::main(name, io::stdin().lock(), io::stdout().lock())
}
