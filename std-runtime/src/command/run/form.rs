//! Whether the options for the result fit the prompt, and which files it may change.

use std::collections::BTreeSet;
use std::path::Path;

use zerostack_core::prompt::Output;

use super::flags::RunArgs;
use crate::command::print::tell;
use crate::command::usage::{unknown_prompt, usage};
use crate::error::listed;
use crate::run::contract::{Form, Format, findings};
use crate::run::{Filling, Instructions, PromptFiles, SessionChoice};
use crate::{Error, ErrorKind, Result};

/// Whether the options for certain results fit the prompt's result.
pub(super) fn check_form(
    (format, yes): (Option<Format>, bool),
    instructions: &Instructions,
) -> Result<()> {
    let is_plan = instructions.output == Output::Text && instructions.form == Form::Commands;
    let fits = match format {
        None | Some(Format::Lines) => true,
        Some(Format::Json) => is_plan || instructions.output == Output::Findings,
        Some(Format::Sarif) => instructions.output == Output::Findings,
    };
    let name = &instructions.name;
    if !fits {
        let text = format!(
            "--json and --sarif print findings, and the prompt {name} returns none; use a prompt \
             such as review"
        );
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if yes && !is_plan {
        let text = format!(
            "--yes runs a plan of commands, and the prompt {name} returns none; use a prompt such \
             as deploy"
        );
        return Err(Error::new(ErrorKind::Usage, text));
    }
    Ok(())
}

/// The files that findings name, of which one at least exists.
pub(super) fn scope_of(found: &[findings::Finding], folder: &Path) -> Result<BTreeSet<String>> {
    let (files, missing) = findings::files_of(found, folder);
    let names: Vec<String> = missing.into_iter().collect();
    if files.is_empty() {
        let text = format!(
            "none of the files in the findings on stdin exists: {}; run it in their folder",
            listed(&names)
        );
        return Err(Error::new(ErrorKind::Input, text));
    }
    if !names.is_empty() {
        tell(&format_args!("findings for files that do not exist: {}", listed(&names)));
    }
    Ok(files)
}

/// Whether checks and attempts can be combined with the other options.
pub(super) fn check_attempts(
    args: &RunArgs,
    session: &SessionChoice,
    instructions: &Instructions,
) -> Result<()> {
    let name = &instructions.name;
    if args.check.is_some() && instructions.output != Output::Patch {
        return Err(usage(format!(
            "--check tests a patch, and the prompt {name} returns none; use a prompt such as code"
        )));
    }
    if args.best_of > 1 && session.is_asked() {
        return Err(usage(
            "--best-of and --session cannot be combined: a session has one conversation",
        ));
    }
    Ok(())
}

/// The texts of the strategy prompts.
pub(super) fn strategies(files: &mut PromptFiles, names: &[String]) -> Result<Vec<String>> {
    let text = |name: &String| match files.find(name, &mut Filling::default())? {
        Some(instructions) => Ok(instructions.text),
        None => Err(unknown_prompt(name, files).context("--strategy")),
    };
    names.iter().map(text).collect()
}
