//! Writes a patch that no run made to a folder, like the patch of a run: all files or none, with a record.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::FileType;
use sha1_smol::Sha1;

use super::{About, Draft, plan, unreadable};
use crate::commit::{self, Plan};
use crate::patch::Changes;
use crate::patch::tree::{Tree, kind};
use crate::tool::patch::FileChange;
use crate::{Error, ErrorKind, Result};

/// The content of the file `path` of a folder; `None` if there is none.
///
/// # Errors
/// Why it cannot be patched.
pub(crate) fn content(tree: &Tree, path: &str) -> Result<Option<Vec<u8>>, String> {
    let failed = |error: io::Error| format!("it cannot be read: {error}");
    let Some(stat) = tree.stat(path.as_bytes()).map_err(failed)? else { return Ok(None) };
    match kind(&stat) {
        FileType::RegularFile => {}
        FileType::Directory => return Err("it is a folder, not a file".to_owned()),
        FileType::Symlink => return Err("it is a symbolic link; use `git apply`".to_owned()),
        _ => return Err("it is not a regular file".to_owned()),
    }
    if u64::try_from(stat.st_size).unwrap_or(0) > FILE_BYTES {
        return Err(format!("it has more than {FILE_BYTES} bytes; use `git apply`"));
    }
    let mut bytes = Vec::new();
    let file = tree.file(path.as_bytes()).map_err(failed)?;
    io::Read::read_to_end(&mut io::Read::take(file, FILE_BYTES), &mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

/// Writes `changes` to `folder` and returns the number of the record, which `about` describes.
///
/// # Errors
/// `Conflict` if a file has changed since the changes were made, `Input` if the disk refuses; then
/// nothing is changed.
pub(crate) fn apply(folder: &Path, changes: &[FileChange], about: About) -> Result<u32> {
    let draft = Draft::begin()?;
    written(&draft, folder, changes, about).inspect_err(|_| draft.discard())
}

fn written(draft: &Draft, folder: &Path, changes: &[FileChange], mut about: About) -> Result<u32> {
    let unusable = |error: io::Error| Error::from(commit::unusable(&error));
    let scratch = draft.scratch().map_err(unusable)?;
    for change in changes {
        lay_out(folder, &scratch, change).map_err(unusable)?;
    }
    let open = |path: &Path| Tree::open(path).map_err(unreadable);
    let paths = changes.iter().map(|change| change.path.clone().into_bytes());
    let between = Changes::between(open(folder)?, open(&scratch)?, paths);
    let between = between.map_err(unreadable)?;
    let mut patch = Vec::new();
    between.write_patch(&mut patch)?;
    about.files = changes.iter().map(|change| change.path.clone()).collect();
    draft.write(folder, &about, &patch, |contents| {
        let plan = plan(&between, contents)?;
        check(&plan, changes)?;
        Ok(plan)
    })
}

/// The new file, below `scratch`.
fn lay_out(folder: &Path, scratch: &Path, change: &FileChange) -> io::Result<()> {
    let Some(after) = &change.after else { return Ok(()) };
    let target = scratch.join(&change.path);
    if let Some(above) = target.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(above)?;
    }
    fs::write(&target, after)?;
    let like = change.from.as_ref().filter(|_| change.before.is_none()).unwrap_or(&change.path);
    let mode = fs::symlink_metadata(folder.join(like)).ok().map(|it| it.permissions().mode());
    let mode =
        mode.or(change.is_executable.map(|_| 0o644)).map(|mode| match change.is_executable {
            Some(true) => mode | 0o111,
            Some(false) => mode & !0o111,
            None => mode,
        });
    match mode {
        Some(mode) => fs::set_permissions(&target, fs::Permissions::from_mode(mode & 0o777)),
        None => Ok(()),
    }
}

/// Whether the plan begins with the files that the changes were made from.
fn check(plan: &Plan, changes: &[FileChange]) -> Result<()> {
    for file in &plan.files {
        let change = changes.iter().find(|change| change.path.as_bytes() == file.path.0);
        let before = change.and_then(|change| change.before.as_deref());
        let before = before.map(|bytes| Sha1::from(bytes).digest().to_string());
        if file.before.as_ref().map(|side| &side.sha1) != before.as_ref() {
            let text = format!("changed meanwhile: {}; nothing was written", file.path);
            return Err(Error::new(ErrorKind::Conflict, text));
        }
    }
    Ok(())
}

/// The largest file of a patch, in bytes.
const FILE_BYTES: u64 = 128 * 1024 * 1024;
