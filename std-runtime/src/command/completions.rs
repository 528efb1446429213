//! `completions`: a script that completes the command line in a shell.

use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::value;
use super::print::print;
use super::usage::missing;
use crate::Result;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "completions",
    group: Group::Inspect,
    about: "Print a script that completes command lines: bash, zsh or fish",
    usage: "bash|zsh|fish",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let shell = Arg::new("shell").value_name("SHELL").value_parser(["bash", "zsh", "fish"]);
    command.arg(shell.help("The shell"))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let shell: Option<String> = value(&matches, "shell");
    let script = match shell.as_deref() {
        Some("bash") => include_str!("completions/zerostack.bash"),
        Some("zsh") => include_str!("completions/_zerostack"),
        Some("fish") => include_str!("completions/zerostack.fish"),
        _ => return Err(missing("the shell", ENTRY.name)),
    };
    print(script.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
