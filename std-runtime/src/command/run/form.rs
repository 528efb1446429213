//! Whether what is asked of a result goes with the prompt, and which files it may touch.

use std::collections::BTreeSet;
use std::path::Path;

use zerostack_core::prompt::Output;

use crate::command::print::tell;
use crate::error::listed;
use crate::run::Instructions;
use crate::run::contract::{Form, Format, findings};
use crate::{Error, ErrorKind, Result};

/// Whether the options for some results go with the prompt's.
pub(super) fn check_form(
    (format, yes, dry_run): (Option<Format>, bool, bool),
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
        let text = format!("--json and --sarif are for findings, which {name} does not give");
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if (yes || dry_run) && !is_plan {
        let text = format!("--yes and --dry-run are for commands, which {name} does not give");
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if yes && dry_run {
        let text = "--yes and --dry-run do not go together";
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
            "no file that the findings on stdin name exists: {}; run it in their folder",
            listed(&names)
        );
        return Err(Error::new(ErrorKind::Input, text));
    }
    if !names.is_empty() {
        tell(&format_args!("findings for files that do not exist: {}", listed(&names)));
    }
    Ok(files)
}
