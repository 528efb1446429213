//! `prompts`: the prompts that a run may name.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, Command};
use zerostack_core::prompt::{Prompt, skill};

use super::entry::{Entry, Group, Invocation};
use super::flag::values;
use super::print::{print, tell};
use super::usage::{unknown_prompt, unknown_subcommand, usage};
use crate::run::PromptFiles;
use crate::visible::visible;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "prompts",
    group: Group::Inspect,
    about: "List, show, create and check prompts",
    usage: "[list | show NAME | new NAME | check [NAME|FILE]... | path]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let what = Arg::new("what").value_name("WHAT").num_args(0..);
    command.arg(what.help("list (the default), show, new, check or path, with names").long_help(
        "list: name and description of each (the default). show NAME: its text. new NAME: make a \
         prompt in .zerostack/prompts. check: what is wrong with all prompts, with some, or with \
         files, one SKILL.md among them. path: the folders they are looked for in",
    ))
}

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    let words: Vec<String> = values(&invocation.matches, "what");
    let folder = std::env::current_dir().unwrap_or_default();
    let load = || PromptFiles::load(&folder, &invocation.names());
    let (what, names) = match words.split_first() {
        None => ("list", &[][..]),
        Some((what, names)) => (what.as_str(), names),
    };
    match (what, names) {
        ("list", []) => {
            let files = load();
            files.warnings().iter().for_each(|warning| tell(warning));
            let lines = files.list();
            let lines = lines.iter().map(|(name, what)| format!("{name:<12} {what}\n"));
            // A project chooses the names and descriptions of its prompts.
            print(visible(&lines.collect::<String>()).as_bytes())?;
        }
        ("show", [name]) => {
            let files = load();
            let (text, _) = files.text(name).ok_or_else(|| unknown_prompt(name, &files))?;
            print(text.as_bytes())?;
        }
        ("new", [name]) => {
            let path = make(&folder, name)?;
            print(format!("{}\n", path.display()).as_bytes())?;
        }
        ("check", names) => return check(names, &mut load()),
        ("path", []) => {
            let places = PromptFiles::places(&folder);
            let lines = places.iter().map(|place| format!("{}\n", place.display()));
            print(lines.collect::<String>().as_bytes())?;
        }
        (other, _) => {
            let words = ["list", "show", "new", "check", "path"];
            return Err(unknown_subcommand(ENTRY.name, Some(other), &words));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Creates a prompt with this name in the project.
fn make(folder: &Path, name: &str) -> Result<PathBuf> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(usage(format!(
            "{name:?} is not a valid name: use letters, digits, `-` and `_`"
        )));
    }
    let path = folder.join(".zerostack/prompts").join(format!("{name}.md"));
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Input, format!("cannot create {}: {error}", path.display()))
    };
    std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
    let mut file = match std::fs::File::create_new(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let text =
                format!("there is {} already; edit it, or choose another name", path.display());
            return Err(Error::new(ErrorKind::Input, text));
        }
        file => file.map_err(failed)?,
    };
    let text = TEMPLATE.replace("NAME", name);
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    Ok(path)
}

/// Prints the faults, and exits with the code of a wrong configuration if there are any.
fn check(names: &[String], files: &mut PromptFiles) -> Result<ExitCode> {
    let names = match names {
        [] => files.list().into_iter().map(|(name, _)| name).collect(),
        names => names.to_vec(),
    };
    let mut faults = Vec::new();
    for name in &names {
        let path = Path::new(name);
        if path.file_name().is_some_and(|file| file == "SKILL.md") {
            faults.extend(skill_faults(path)?);
        } else if !files.has(name) && path.is_file() {
            let name = files.open(path)?;
            faults.extend(files.fault(&name));
        } else if files.has(name) {
            faults.extend(files.fault(name));
        } else {
            return Err(unknown_prompt(name, files));
        }
    }
    let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    print(visible(&lines).as_bytes())?;
    let wrong = ErrorKind::Configuration.exit_code();
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(wrong) })
}

fn skill_faults(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot read {}: {error}", path.display()))
    })?;
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = whole.parent().and_then(Path::file_name).unwrap_or_default();
    let place = path.display();
    Ok(match Prompt::parse("SKILL", &text) {
        Ok(prompt) => skill::problems(&prompt, &folder.to_string_lossy())
            .map(|problem| format!("{place}:1:1: error: {}", problem.message()))
            .collect(),
        Err(error) => vec![format!("{place}:1:1: error: {error}")],
    })
}

const TEMPLATE: &str = "\
---
name: NAME
description: What it is for, in one line
output: text
tools: [read, bash, grep, find, list]
---
What the model is told to do.
";
