//! `prompts`: the prompts that a run may name.

use std::process::ExitCode;

use super::entry::{Entry, Group, Invocation};
use super::print::{print, tell};
use crate::Result;
use crate::run::PromptFiles;
use crate::visible::visible;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "prompts",
    group: Group::Inspect,
    about: "List the prompts: built in, of the user, of the project",
    usage: "",
    arguments: |command| command,
    run,
};

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    let folder = std::env::current_dir().unwrap_or_default();
    let files = PromptFiles::load(&folder, &invocation.names());
    files.warnings().iter().for_each(|warning| tell(warning));
    let lines = files.list();
    let lines = lines.iter().map(|(name, what)| format!("{name:<12} {what}\n"));
    // A project names and describes prompts as it likes.
    print(visible(&lines.collect::<String>()).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
