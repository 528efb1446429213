//! Checking: the changes of a view as a patch that git applies.

use std::collections::BTreeSet;
use std::path::Path;

use super::{keep, kept};
use crate::error::quote;
use crate::patch::Changes;
use crate::view::{Comparison, Verdict, View};
use crate::{Error, ErrorKind, Result};

/// A patch that can be delivered.
#[derive(Debug)]
pub(in crate::run) struct Checked {
    pub(in crate::run) patch: Vec<u8>,
    pub(in crate::run) changes: Changes,
    pub(in crate::run) notes: Vec<String>,
    /// How the patch is to be applied, where that is not as usual.
    pub(in crate::run) how_to_apply: Option<String>,
    /// Files that the user changed meanwhile too.
    pub(in crate::run) moved: Vec<Vec<u8>>,
}

/// The patch of all differences in `view`, which git applies to the folder of the run.
///
/// # Errors
/// `Conflict` if the folder was changed meanwhile so that it does not apply, `Limit` if a file is
/// too large; then the patch, or as much of it as exists, is kept.
pub(in crate::run) fn check(
    view: &View,
    folder: &Path,
    scope: Option<&BTreeSet<String>>,
) -> Result<Checked> {
    view.end_processes();
    let mut comparison = view.compare()?;
    if let Some(scope) = scope {
        let scope = scope.iter().map(|path| view.named(path)).collect();
        comparison.changes.keep_scope(&scope);
    }
    keep_others(&mut comparison, view.base())?;
    let mut patch = Vec::new();
    if let Err(error) = comparison.changes.write_patch(&mut patch).map_err(Error::from) {
        if error.kind() != ErrorKind::Limit {
            return Err(error);
        }
        comparison.changes.drop_large();
        patch.clear();
        comparison.changes.write_patch(&mut patch)?;
        return Err(kept(error, &patch, folder, "the rest of the patch"));
    }
    if !comparison.conflicts.is_empty() {
        let text = format!(
            "{} changed during the run, and its earlier content is not known",
            names(&comparison.conflicts)
        );
        return Err(kept(Error::new(ErrorKind::Conflict, text), &patch, folder, "the patch"));
    }
    let mut how_to_apply = None;
    match view.check(&comparison, &patch) {
        Verdict::Refused(words) => {
            let words = quote(words.trim().trim_start_matches("error: "));
            let text = match comparison.moved.as_slice() {
                [] => format!("git does not apply the patch to {}: {words}", folder.display()),
                moved => format!("{} changed during the run: {words}", names(moved)),
            };
            return Err(kept(Error::new(ErrorKind::Conflict, text), &patch, folder, "the patch"));
        }
        Verdict::FilesOnly if view.is_checkout() => {
            let text = "the patch is for files with changes that are not in git's index: apply it \
                        with `git apply`, without --index";
            how_to_apply = Some(text.to_owned());
        }
        _ => {}
    }
    let Comparison { changes, moved, mut notes, .. } = comparison;
    if !moved.is_empty() {
        let names = names(&moved);
        notes.push(format!("{names} changed during the run; the patch is for the earlier content"));
    }
    Ok(Checked { patch, changes, notes, how_to_apply, moved })
}

/// Keeps the changes in other repositories below the folder: one patch cannot apply to two
/// repositories.
fn keep_others(comparison: &mut Comparison, folder: &Path) -> Result<()> {
    for (name, changes) in std::mem::take(&mut comparison.others) {
        let mut patch = Vec::new();
        changes.write_patch(&mut patch)?;
        if patch.is_empty() {
            continue;
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        comparison.notes.push(match keep(&patch, &folder.join(&name), "patch") {
            Ok(path) => {
                let path = path.display();
                format!("{name} is a repository of its own; the patch for it is kept in {path}")
            }
            Err(error) => {
                format!("{name} is a repository of its own; its patch could not be kept: {error}")
            }
        });
    }
    Ok(())
}

fn names(paths: &[Vec<u8>]) -> String {
    let names = paths.iter().map(|path| String::from_utf8_lossy(path).into_owned());
    names.collect::<Vec<_>>().join(", ")
}
