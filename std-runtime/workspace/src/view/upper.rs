//! The writes to an overlay: a walk over its upper folder.

use std::collections::BTreeMap;
use std::io;

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

use super::copy::is_gone;
use super::{Presence, Touched};
use crate::patch::tree::{Tree, join, kind};

/// The marks of overlayfs for a folder that hides the lower one, and for one that has moved.
const OPAQUE: [&std::ffi::CStr; 2] = [c"user.overlay.opaque", c"trusted.overlay.opaque"];
const MOVED: &std::ffi::CStr = c"trusted.overlay.redirect";

/// All paths that are in `upper`, or hidden by it from `lower`; `merged` is the view of the tools.
///
/// # Errors
/// The error of the system.
pub(super) fn touched(lower: &Tree, upper: &Tree, merged: &Tree) -> io::Result<Touched> {
    let mut touched = Touched::default();
    let mut folders = vec![Vec::new()];
    while let Some(folder) = folders.pop() {
        for (name, stat) in upper.list(&folder)? {
            if name == b".git" {
                touched.repositories.push(folder.clone());
                continue;
            }
            let path = join(&folder, &name);
            match kind(&stat) {
                FileType::Directory => {
                    let below = lower.stat(&path)?;
                    let merges =
                        below.as_ref().is_some_and(|stat| kind(stat) == FileType::Directory);
                    let marks = Marks::of(upper, &path)?;
                    if merges && !marks.any() {
                        folders.push(path);
                        continue;
                    }
                    hide(&mut touched.paths, lower, &path, below)?;
                    if marks.moved {
                        show(&mut touched, merged, path)?;
                    } else {
                        folders.push(path);
                    }
                }
                FileType::RegularFile | FileType::Symlink => {
                    hide(&mut touched.paths, lower, &path, lower.stat(&path)?)?;
                    touched.paths.insert(path, Presence::There);
                }
                other => {
                    hide(&mut touched.paths, lower, &path, lower.stat(&path)?)?;
                    if !(other == FileType::CharacterDevice && stat.st_rdev == 0) {
                        touched.special.push(path);
                    }
                }
            }
        }
    }
    Ok(touched)
}

/// Records that the content of `path` in `lower` is no longer visible.
fn hide(
    paths: &mut BTreeMap<Vec<u8>, Presence>,
    lower: &Tree,
    path: &[u8],
    below: Option<Stat>,
) -> io::Result<()> {
    let mut hidden: Vec<_> = below.map(|stat| (path.to_vec(), stat)).into_iter().collect();
    while let Some((path, stat)) = hidden.pop() {
        if kind(&stat) == FileType::Directory {
            let entries = match lower.list(&path) {
                // The user removed it, too.
                Err(error) if is_gone(&error) => continue,
                entries => entries?,
            };
            for (name, stat) in entries {
                if name != b".git" {
                    hidden.push((join(&path, &name), stat));
                }
            }
        } else {
            // The entries of the upper folder there were already found, or will be.
            paths.entry(path).or_insert(Presence::Gone);
        }
    }
    Ok(())
}

/// Records all visible entries of a folder that was moved here.
fn show(touched: &mut Touched, merged: &Tree, folder: Vec<u8>) -> io::Result<()> {
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for (name, stat) in merged.list(&folder)? {
            if name == b".git" {
                touched.repositories.push(folder.clone());
                continue;
            }
            let path = join(&folder, &name);
            match kind(&stat) {
                FileType::Directory => folders.push(path),
                FileType::RegularFile | FileType::Symlink => {
                    touched.paths.insert(path, Presence::There);
                }
                _ => touched.special.push(path),
            }
        }
    }
    Ok(())
}

struct Marks {
    opaque: bool,
    moved: bool,
}

impl Marks {
    fn of(upper: &Tree, path: &[u8]) -> io::Result<Self> {
        let folder = upper.folder(path)?;
        let mut value = [0_u8; 1];
        let mut opaque = false;
        for name in OPAQUE {
            match rustix::fs::fgetxattr(&folder, name, &mut value[..]) {
                Ok(length) => opaque |= length == 1 && value == *b"y",
                Err(Errno::NODATA | Errno::RANGE) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        let moved = match rustix::fs::fgetxattr(&folder, MOVED, &mut value[..]) {
            Ok(_) | Err(Errno::RANGE) => true,
            Err(Errno::NODATA) => false,
            Err(errno) => return Err(errno.into()),
        };
        Ok(Self { opaque, moved })
    }

    fn any(&self) -> bool {
        self.opaque || self.moved
    }
}
