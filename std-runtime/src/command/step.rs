//! `step`: what a transcript asks the caller to do next.

use std::io;
use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value, values};
use super::usage::usage;
use crate::Result;
use crate::plumbing::step;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "step",
    group: Group::Filters,
    about: "Print what a transcript on stdin asks for next",
    usage: "[--answer | --begin [OPTIONS] INSTRUCTION...]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let system = flag::option("system", "TEXT", "The system prompt").requires("begin");
    let tools = flag::option("tools", "A,B", "The tools").requires("begin").value_delimiter(',');
    let words = Arg::new("words").value_name("INSTRUCTION").num_args(0..).requires("begin");
    command
        .arg(flag::switch("answer", "Print the model's last answer").conflicts_with("begin"))
        .arg(flag::switch("begin", "Print a new transcript with an instruction"))
        .arg(system.allow_hyphen_values(true))
        .arg(tools)
        .arg(words.help("The instruction, with --begin"))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let words: Vec<String> = values(&matches, "words");
    match (matches.get_flag("begin"), matches.get_flag("answer")) {
        (true, _) if words.is_empty() => return Err(usage("--begin: give an instruction")),
        (true, _) => {
            let system: Option<String> = value(&matches, "system");
            let tools: Vec<String> = values(&matches, "tools");
            step::begin(&system.unwrap_or_default(), &tools, &words.join(" "), &mut output)?;
        }
        (false, true) => step::answer(&mut input, &mut output)?,
        (false, false) => step::run(&mut input, &mut output)?,
    }
    Ok(ExitCode::SUCCESS)
}
