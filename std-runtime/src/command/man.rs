//! `man`: manual pages for packages and for `man -l`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, Command};
use clap_mangen::Man;

use super::entry::{Entry, Group, Invocation, root};
use super::flag::{self, value};
use super::help::known;
use super::print::print;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "man",
    group: Group::Inspect,
    about: "Print a manual page, or write all of them to a folder",
    usage: "[COMMAND | --dir DIR]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let dir = flag::option("dir", "DIR", "Write zerostack.1 and a page for each command to DIR");
    command
        .arg(Arg::new("command").value_name("COMMAND").help("The command; without it zerostack(1)"))
        .arg(dir.value_parser(flag::paths()).conflicts_with("command"))
}

fn run(Invocation { matches, table, .. }: Invocation<'_>) -> Result<ExitCode> {
    let mut all = root(table);
    if let Some(dir) = value::<PathBuf>(&matches, "dir") {
        clap_mangen::generate_to(all, &dir).map_err(|error| {
            let text = format!("cannot write the manual pages to {}: {error}", dir.display());
            Error::new(ErrorKind::Input, text)
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = match value::<String>(&matches, "command") {
        None => Man::new(all),
        Some(name) => {
            known(table, &name)?;
            all.build();
            Man::new(all.find_subcommand(&name).cloned().unwrap_or(all))
        }
    };
    let mut text = Vec::new();
    page.render(&mut text).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
