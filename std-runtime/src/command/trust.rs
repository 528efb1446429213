//! `trust`: the files of the folder that may widen what a model may do.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::print::{print, tell};
use super::run;
use crate::provider;
use crate::run::PromptFiles;
use crate::trust::{self, Answer, Wish};
use crate::visible::visible;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "trust",
    group: Group::Inspect,
    about: "List or trust the files of a folder that may widen what the model may do",
    usage: "[FILE...] [--forget]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let files = Arg::new("files").value_name("FILE").num_args(0..).value_parser(flag::paths());
    command
        .arg(files.action(ArgAction::Append).help(
            "Configuration or prompts of the folder to trust as they are now; without any, those \
             that want more than they have are listed",
        ))
        .arg(flag::switch("forget", "Stop trusting the files"))
        .arg(run::folder())
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let folder = run::usable_folder(value(&matches, "folder"))?;
    let mut wishes: Vec<Wish> = provider::wish(&folder)?.into_iter().collect();
    wishes.extend(PromptFiles::load(&folder, &[]).wishes());
    let named = matches.get_many::<PathBuf>("files").into_iter().flatten();
    let named: Vec<&PathBuf> = named.collect();
    if named.is_empty() {
        return list(&wishes);
    }
    for file in named {
        let input = |text: String| Error::new(ErrorKind::Input, text);
        // Relative to the folder, or to the current folder of the command.
        let path =
            [folder.join(file), file.clone()].into_iter().find_map(|it| it.canonicalize().ok());
        let path = path.ok_or_else(|| input(format!("there is no file {}", file.display())))?;
        let wish = wishes.iter().find(|it| it.path.canonicalize().is_ok_and(|it| it == path)).ok_or_else(|| {
            let path = path.display();
            let text = format!(
                "{path} widens nothing: only the configuration and the prompts of the folder {} \
                 can, and need trust for it; `zerostack trust` lists them",
                folder.display()
            );
            input(text)
        })?;
        let refused = |error| input(format!("the answer cannot be stored: {error}"));
        if matches.get_flag("forget") {
            trust::forget(&wish.path, &wish.bytes).map_err(refused)?;
            tell(&format_args!("no longer trusted: {}", path.display()));
        } else {
            trust::keep(&wish.path, &wish.bytes, Answer::Trusted).map_err(refused)?;
            let wants = wish.wants.join(", ");
            tell(&format_args!("trusted with its current content: {}: {wants}", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line for each file: whether it is trusted, and what it asks for.
fn list(wishes: &[Wish]) -> Result<ExitCode> {
    let lines = wishes.iter().map(|wish| {
        let state = match trust::answer(&wish.path, &wish.bytes) {
            Some(Answer::Trusted) => "trusted",
            Some(Answer::Refused) => "refused",
            None => "not trusted",
        };
        format!("{state}: {}: {}\n", wish.path.display(), wish.wants.join(", "))
    });
    print(visible(&lines.collect::<String>()).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the person at the terminal about each of `wishes` that has no answer yet. If there is
/// nobody to ask, the run reports that they do not apply.
pub(super) fn ask(wishes: &[Wish], confirm: impl Fn(&str) -> Option<bool>) {
    for Wish { path, bytes, wants } in wishes {
        if trust::answer(path, bytes).is_some() {
            continue;
        }
        let mut text = format!("\n{} widens what the model may do:\n", path.display());
        wants.iter().for_each(|want| text.push_str(&format!("    {want}\n")));
        text.push_str("Do you trust the current content of this file? [y]es, [n]o: ");
        let answer = match confirm(&visible(&text)) {
            Some(true) => Answer::Trusted,
            Some(false) => Answer::Refused,
            None => continue,
        };
        if let Err(error) = trust::keep(path, bytes, answer) {
            tell(&format_args!("the answer about {} cannot be stored: {error}", path.display()));
        }
    }
}

/// What the configuration of `folder` and its prompt `name` ask for beyond the rights of a
/// project's files.
///
/// # Errors
/// `Configuration` when the file cannot be read or understood.
pub(super) fn wishes(folder: &Path, prompts: &PromptFiles, name: &str) -> Result<Vec<Wish>> {
    let configured = provider::wish(folder)?;
    Ok(configured.into_iter().chain(prompts.wish(name)).collect())
}
