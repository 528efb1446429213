//! `help`: the help of the program or of a command.

use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation, Length, find};
use super::flag::value;
use super::page;
use super::print::print;
use super::usage::{nearest, usage};
use crate::Result;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "help",
    group: Group::Inspect,
    about: "Print the help of zerostack or of a command",
    usage: "[COMMAND]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(Arg::new("command").value_name("COMMAND").help("The command"))
}

fn run(Invocation { matches, table, .. }: Invocation<'_>) -> Result<ExitCode> {
    let name: Option<String> = value(&matches, "command");
    let text = match name.as_deref() {
        None => page::of_program(table, Length::Long),
        Some(name) => page::of_command(known(table, name)?, Length::Long),
    };
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The command `name`.
///
/// # Errors
/// `Usage` if there is none.
pub(super) fn known<'a>(table: &'a [Entry], name: &str) -> Result<&'a Entry> {
    find(table, name).ok_or_else(|| {
        let names = table.iter().filter(|entry| entry.group != Group::Hidden);
        let advice = match nearest(name, names.map(|entry| entry.name)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "`zerostack help` lists them".to_owned(),
        };
        usage(format!("unknown command {name:?}; {advice}"))
    })
}

/// Prints the help that a flag asks for, of a command or of the program.
///
/// # Errors
/// `Input` if stdout cannot be written.
pub(crate) fn print_help(table: &[Entry], entry: Option<&Entry>, length: Length) -> Result<()> {
    let text = match entry {
        None => page::of_program(table, length),
        Some(entry) => page::of_command(entry, length),
    };
    print(text.as_bytes())
}
