//! The plan of a commit, from the changes between two folders.

use std::collections::BTreeSet;
use std::io;

use crate::commit::{Contents, Name, Plan, PlannedFile, Side};
use crate::patch::Changes;
use crate::patch::tree::{Tree, kind};
use crate::{Error, ErrorKind, Result};

/// The changes to make, with the contents of both sides, byte for byte as in the two folders: a
/// patch has them in git's form.
///
/// # Errors
/// `Input` when a side cannot be read or kept.
pub(crate) fn plan(changes: &Changes, contents: &mut Contents) -> Result<Plan> {
    let (before, after) = changes.trees();
    let mut plan = Plan::default();
    let (mut made, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for change in changes.files() {
        let path = Name(change.path().to_vec());
        let mut copy = |tree| Side::copy(tree, &path.0, contents).map_err(unreadable);
        let file = PlannedFile { before: copy(before)?, after: copy(after)?, path };
        for above in file.path.folders() {
            if file.before.is_some() && !is_folder(after, above).map_err(unreadable)? {
                gone.insert(above.to_vec());
            }
            if file.after.is_some() && !is_folder(before, above).map_err(unreadable)? {
                made.insert(above.to_vec());
            }
        }
        plan.files.push(file);
    }
    (plan.made, plan.gone) =
        (made.into_iter().map(Name).collect(), gone.into_iter().map(Name).collect());
    Ok(plan)
}

/// The error of a side that cannot be read or kept.
pub(crate) fn unreadable(error: io::Error) -> Error {
    let text = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "cannot keep the contents of the files for `zerostack undo`"
        }
        _ => "cannot read the files to write",
    };
    Error::new(ErrorKind::Input, format!("{text}: {error}"))
}

fn is_folder(tree: &Tree, path: &[u8]) -> io::Result<bool> {
    Ok(tree.stat(path)?.is_some_and(|stat| kind(&stat).is_dir()))
}
