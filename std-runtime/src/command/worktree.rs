//! `worktree`: worktrees of the repository for runs at the same time.

use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value, values};
use super::print::{print, tell};
use super::run;
use super::usage::unknown_subcommand;
use crate::error::counted;
use crate::visible::visible;
use crate::worktree::Repository;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "worktree",
    group: Group::History,
    about: "Create, list, merge and remove worktrees for runs",
    usage: "new NAME | list | merge NAME | remove NAME [--force]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let what = Arg::new("what").value_name("WHAT").num_args(0..);
    command
        .arg(what.help("new, list, merge or remove, with a name"))
        .arg(flag::switch("force", "Remove a worktree whose changes are not merged"))
        .arg(run::folder())
}

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    let matches = &invocation.matches;
    let words: Vec<String> = values(matches, "what");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let folder = value(matches, "folder").map_or_else(std::env::current_dir, Ok);
    let folder = folder.map_err(|error| {
        Error::new(ErrorKind::Input, format!("the current folder cannot be used: {error}"))
    })?;
    let wrong = || {
        let first = words.first().copied();
        unknown_subcommand(ENTRY.name, first, &["new", "list", "merge", "remove"])
    };
    if !matches!(words[..], ["list"] | ["new" | "merge" | "remove", _]) {
        return Err(wrong());
    }
    let repository = Repository::of(&folder)?;
    match words[..] {
        ["new", name] => {
            let worktree = repository.add(name)?;
            print(format!("{}\n", worktree.path.display()).as_bytes())?;
        }
        ["list"] => {
            let lines = repository.all()?.into_iter().map(|worktree| {
                let gone = if worktree.path.is_dir() { "" } else { " (the folder is gone)" };
                format!("{:<12} {}{gone}\n", worktree.name, worktree.path.display())
            });
            print(visible(&lines.collect::<String>()).as_bytes())?;
        }
        ["merge", name] => {
            let files = repository.merge(&repository.find(name)?)?;
            tell(&format_args!("{name}: {} merged", counted(files, "file")));
        }
        ["remove", name] => repository.remove(name, matches.get_flag("force"))?,
        _ => return Err(wrong()),
    }
    Ok(ExitCode::SUCCESS)
}
