//! `patch apply`: applies a patch that a model or a person wrote, all files or none.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Arg, ArgMatches, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::print::tell;
use super::usage::unknown_subcommand;
use super::{history, run};
use crate::patch::tree::Tree;
use crate::record::{self, About};
use crate::tool::patch::{FileChange, Patch, Refusal};
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "patch",
    group: Group::History,
    about: "Apply a patch in a form that models write, all files or none",
    usage: "apply [-C DIR] [--check] [FILE]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let what = Arg::new("what").value_name("SUBCOMMAND").value_parser(["apply"]);
    let file = Arg::new("file").value_name("FILE").value_parser(flag::paths());
    command
        .arg(what.help("What to do"))
        .arg(file.help("The patch; stdin if it is left out or -").long_help(
            "The patch, an envelope of `apply_patch` or a unified diff; stdin if it is left out \
             or -. Wrong line numbers and counts are accepted if the place is clear. The content \
             must be that of the files",
        ))
        .arg(flag::switch("check", "Print what would change, and change nothing"))
        .arg(run::folder())
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let what: Option<String> = value(&matches, "what");
    if what.as_deref() != Some("apply") {
        return Err(unknown_subcommand(ENTRY.name, what.as_deref(), &["apply"]));
    }
    let bytes = read(&matches)?;
    let folder = history::folder(&matches)?;
    let patch = Patch::parse(&bytes).map_err(|refusal| refused(ErrorKind::Input, refusal))?;
    let tree = Tree::open(&folder).map_err(record::unreadable)?;
    let changes = patch.apply(&mut |path| record::content(&tree, path));
    let changes = changes.map_err(|refusal| refused(ErrorKind::Conflict, refusal))?;
    if changes.is_empty() {
        tell(&"the files already have these changes; nothing was changed");
        return Ok(ExitCode::SUCCESS);
    }
    let is_check = matches.get_flag("check");
    for change in &changes {
        tell(&format_args!("{} {}", what_happens(change), change.path));
    }
    if !is_check {
        let id = record::apply(&folder, &changes, about(&folder))?;
        tell(&format_args!("written as run {id}; `zerostack undo {id}` takes it back"));
    }
    Ok(ExitCode::SUCCESS)
}

fn what_happens(change: &FileChange) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "added:  ",
        (_, None) => "deleted:",
        _ => "changed:",
    }
}

/// The error of a patch, after the lines to use instead of those in it.
fn refused(kind: ErrorKind, Refusal { message, exact }: Refusal) -> Error {
    if !exact.is_empty() {
        tell(&"the file has these lines there:");
        exact.lines().for_each(|line| tell(&format_args!("| {line}")));
    }
    Error::new(kind, format!("{message}; nothing was changed"))
}

fn about(folder: &Path) -> About {
    let mut about = About::new(folder);
    about.time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    about.prompt = "patch".to_owned();
    about
}

fn read(matches: &ArgMatches) -> Result<Vec<u8>> {
    let path: Option<PathBuf> = value(matches, "file").filter(|path: &PathBuf| *path != *"-");
    let cannot = |error: io::Error| {
        let from = path.as_ref().map_or("stdin".to_owned(), |path| path.display().to_string());
        Error::new(ErrorKind::Input, format!("cannot read the patch from {from}: {error}"))
    };
    let from: Box<dyn Read> = match &path {
        Some(path) => Box::new(File::open(path).map_err(cannot)?),
        None => {
            if io::stdin().is_terminal() {
                tell(&"type the patch, and end it with Ctrl-D");
            }
            Box::new(io::stdin().lock())
        }
    };
    let mut bytes = Vec::new();
    from.take(PATCH_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() as u64 > PATCH_BYTES {
        true => {
            let text = format!("the patch has more than {PATCH_BYTES} bytes; apply it in parts");
            Err(Error::new(ErrorKind::Input, text))
        }
        false => Ok(bytes),
    }
}

/// The longest patch that is read.
const PATCH_BYTES: u64 = 64 * 1024 * 1024;
