//! The changes of a run to files that were changed since: both are kept if they concern different lines.

use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::FileType;

use crate::commit::{Contents, Plan, PlannedFile, Side};
use crate::merge::merge;
use crate::patch::tree::{Tree, kind};

/// A plan that fits the current state of a folder.
pub(super) struct Merged {
    pub(super) plan: Plan,
    pub(super) contents: Contents,
    /// The files that differ from both the run's start and its end.
    pub(super) files: Vec<String>,
}

/// `plan` merged with the changes made to `folder` since; `None` if both change the same lines.
///
/// # Errors
/// The error of the system.
pub(super) fn merged(
    folder: &Path,
    plan: &Plan,
    contents: &Contents,
) -> io::Result<Option<Merged>> {
    let tree = Tree::open(folder)?;
    let mut all = Merged {
        plan: Plan { files: Vec::new(), made: plan.made.clone(), gone: plan.gone.clone() },
        contents: Contents::new(tempfile::tempfile()?),
        files: Vec::new(),
    };
    for file in &plan.files {
        let path = &file.path.0;
        let is_at = |side: &Option<Side>| match side {
            Some(side) => side.is_at(&tree, path),
            None => Ok(tree.stat(path)?.is_none_or(|stat| kind(&stat).is_dir())),
        };
        // Somebody made the same change.
        if is_at(&file.after)? {
            continue;
        }
        let mut keep = |side: &Side, bytes: &[u8]| all.contents.add(bytes, side.is_link, side.mode);
        let planned = if is_at(&file.before)? {
            let after = file.after.as_ref().map(|side| keep(side, &bytes_of(side, contents)?));
            PlannedFile { after: after.transpose()?, ..file.clone() }
        } else {
            let (Some(before), Some(after)) = (&file.before, &file.after) else { return Ok(None) };
            let Some(now) = text(&tree, path, before)? else { return Ok(None) };
            let (base, theirs) = (bytes_of(before, contents)?, bytes_of(after, contents)?);
            let Some(both) = merge(&base, &now, &theirs) else { return Ok(None) };
            all.files.push(file.path.to_string());
            let before = Some(keep(before, &now)?);
            let after = Some(keep(after, &both)?);
            PlannedFile { path: file.path.clone(), before, after }
        };
        all.plan.files.push(planned);
    }
    Ok(Some(all))
}

/// The text of a file of the kind that `side` is of.
fn text(tree: &Tree, path: &[u8], side: &Side) -> io::Result<Option<Vec<u8>>> {
    let Some(stat) = tree.stat(path)? else { return Ok(None) };
    if side.is_link || kind(&stat) != FileType::RegularFile {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    tree.file(path)?.take(TEXT_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= TEXT_BYTES).then_some(bytes))
}

fn bytes_of(side: &Side, contents: &Contents) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    contents.read(side, |bytes| {
        all.extend_from_slice(bytes);
        Ok(())
    })?;
    Ok(all)
}

/// The longest text that is merged.
const TEXT_BYTES: u64 = 16 * 1024 * 1024;
