//! What was written to an overlay: a walk over its upper folder.

use std::collections::BTreeMap;
use std::io;

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

use super::{Presence, Touched};
use crate::patch::tree::{Tree, join, kind};

/// The marks of overlayfs for what hides the lower folder (`userxattr`).
const OPAQUE: &std::ffi::CStr = c"user.overlay.opaque";

/// All paths that are in `upper`, or hidden by it from `lower`.
///
/// # Errors
/// What the system says.
pub(super) fn touched(lower: &Tree, upper: &Tree) -> io::Result<Touched> {
    let mut touched = Touched::default();
    let mut folders = vec![Vec::new()];
    while let Some(folder) = folders.pop() {
        for (name, stat) in upper.list(&folder)? {
            if name == b".git" {
                continue;
            }
            let path = join(&folder, &name);
            match kind(&stat) {
                FileType::Directory => {
                    let below = lower.stat(&path)?;
                    let merged =
                        below.as_ref().is_some_and(|stat| kind(stat) == FileType::Directory);
                    if !merged || is_opaque(upper, &path)? {
                        hide(&mut touched.paths, lower, &path, below)?;
                    }
                    folders.push(path);
                }
                FileType::RegularFile | FileType::Symlink => {
                    hide(&mut touched.paths, lower, &path, lower.stat(&path)?)?;
                    touched.paths.insert(path, Presence::There);
                }
                other => {
                    hide(&mut touched.paths, lower, &path, lower.stat(&path)?)?;
                    if !(other == FileType::CharacterDevice && stat.st_rdev == 0) {
                        touched.special += 1;
                    }
                }
            }
        }
    }
    Ok(touched)
}

/// Notes that nothing of what is at `path` in `lower` can be seen any more.
fn hide(
    paths: &mut BTreeMap<Vec<u8>, Presence>,
    lower: &Tree,
    path: &[u8],
    below: Option<Stat>,
) -> io::Result<()> {
    let mut hidden: Vec<_> = below.map(|stat| (path.to_vec(), stat)).into_iter().collect();
    while let Some((path, stat)) = hidden.pop() {
        if kind(&stat) == FileType::Directory {
            for (name, stat) in lower.list(&path)? {
                if name != b".git" {
                    hidden.push((join(&path, &name), stat));
                }
            }
        } else {
            // What the upper folder has there was found already, or will be.
            paths.entry(path).or_insert(Presence::Gone);
        }
    }
    Ok(())
}

fn is_opaque(upper: &Tree, path: &[u8]) -> io::Result<bool> {
    let mut value = [0_u8; 1];
    match rustix::fs::fgetxattr(upper.folder(path)?, OPAQUE, &mut value[..]) {
        Ok(length) => Ok(length == 1 && value == *b"y"),
        Err(Errno::NODATA | Errno::RANGE) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
