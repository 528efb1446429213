//! One folder of the user in a view, and where what is written to it goes.

use std::fs;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use super::copy::{self, Copy, GitLink};
use super::judges::Judges;
use super::repository::Checkout;
use super::scratch::{self, Scratch};
use super::{Dropped, Storage, private_git};
use crate::patch::tree::{Tree, join};
use crate::sandbox::{self, Folder, Writes};
use crate::{Error, ErrorKind, Result};

/// A folder of the user that is in a view.
#[derive(Debug)]
pub(super) struct Part {
    /// The folder of the user.
    pub(super) origin: Tree,
    pub(super) origin_path: PathBuf,
    /// The folder that tools see, by their name for it.
    pub(super) root: PathBuf,
    /// Its path from the folder that all parts are in; empty if there is one part.
    pub(super) below: Vec<u8>,
    /// What was written.
    pub(super) written: PathBuf,
    pub(super) kept: Dropped,
    pub(super) checkout: Option<Checkout>,
    /// Tells its private folders from those of the other parts.
    pub(super) mark: String,
    /// Where git looks at the result.
    pub(super) judges: Judges,
}

/// A folder that a part is to be made of.
#[derive(Debug)]
pub(super) struct Source {
    /// The folder of the user.
    pub(super) origin: Tree,
    pub(super) path: PathBuf,
    /// As [`Part::below`].
    pub(super) below: Vec<u8>,
}

impl Source {
    /// The folder at `path`, which has no links in it.
    ///
    /// # Errors
    /// `Input` when it cannot be read or is one of the system's own.
    pub(super) fn open(path: PathBuf, shown: &Path) -> Result<Self> {
        let unusable = |error: &dyn std::fmt::Display| {
            let text = format!("cannot use the folder {}: {error}", shown.display());
            Error::new(ErrorKind::Input, text)
        };
        let origin = Tree::open(&path).map_err(|error| unusable(&error))?;
        let system = ["/proc", "/sys", "/dev"].iter().any(|system| path.starts_with(system));
        if path == Path::new("/") || (system && !path.starts_with("/dev/shm")) {
            return Err(unusable(&"it belongs to the system; name the folder of a project"));
        }
        Ok(Self { origin, path, below: Vec::new() })
    }
}

/// A part before its sandbox.
#[derive(Debug)]
pub(super) struct Draft {
    source: Source,
    mark: String,
    upper: PathBuf,
    work: PathBuf,
    checkout: Option<Checkout>,
    /// For the folder of the repository, if that is elsewhere.
    git: Option<(PathBuf, PathBuf)>,
    copied: Option<Copy>,
    mounted: Option<OwnedFd>,
}

impl Draft {
    /// Lays out the private folders of `source`, the part with the number `index`.
    ///
    /// # Errors
    /// `Sandbox` when the disk refuses, `Input` when the folder cannot be read.
    pub(super) fn new(
        source: Source,
        index: usize,
        scratch: &Scratch,
        storage: Storage,
    ) -> Result<Self> {
        let mark = mark(index);
        let (upper, work) = overlay_folders(scratch, &format!("project{mark}"), &source.path)?;
        let checkout = Checkout::around(&source.path);
        let outside = checkout.as_ref().and_then(|checkout| checkout.outside(&source.path));
        let git = match outside {
            Some(common) => Some(overlay_folders(scratch, &format!("git{mark}"), common)?),
            None => None,
        };
        let mut draft =
            Self { source, mark, upper, work, checkout, git, copied: None, mounted: None };
        if storage == Storage::Copy {
            draft.copied = Some(draft.copy()?);
        } else if let Ok(mount) =
            sandbox::mount_with_renames(&draft.source.path, &draft.upper, &draft.work)
        {
            draft.mounted = Some(mount);
        } else if copy::is_small(&draft.source.origin).unwrap_or(false) {
            draft.copied = draft.copy().ok();
            if draft.copied.is_none() {
                scratch::empty(&draft.upper)?;
            }
        }
        Ok(draft)
    }

    fn copy(&self) -> Result<Copy> {
        Copy::make(&self.source.origin, &self.source.path, &self.upper, GitLink::Keep)
    }

    /// The folder of the user.
    pub(super) fn path(&self) -> &Path {
        &self.source.path
    }

    /// The checkout that it is in.
    pub(super) fn checkout(&self) -> Option<&Checkout> {
        self.checkout.as_ref()
    }

    /// The folders of an overlay for its repository, if that is elsewhere.
    pub(super) fn git(&self) -> Option<&(PathBuf, PathBuf)> {
        self.git.as_ref()
    }

    /// Whether folders can be renamed in it.
    pub(super) fn has_renames(&self) -> bool {
        self.copied.is_some() || self.mounted.is_some()
    }

    /// Takes a copy instead of an overlay that does not work; whether it was none already.
    ///
    /// # Errors
    /// As [`Draft::new`].
    pub(super) fn copy_instead(&mut self) -> Result<bool> {
        if self.copied.is_some() {
            return Ok(false);
        }
        self.mounted = None;
        scratch::empty(&self.upper)?;
        self.copied = Some(self.copy()?);
        Ok(true)
    }

    /// The folders of repositories elsewhere become read-only; whether one was not.
    pub(super) fn without_git(drafts: &mut [Self]) -> bool {
        let taken = drafts.iter_mut().filter_map(|draft| draft.git.take());
        taken.count() > 0
    }

    /// How the sandbox shows it.
    pub(super) fn folder(&self) -> Folder<'_> {
        let writes = match (&self.copied, &self.mounted) {
            (Some(_), _) => Writes::Copy { copy: &self.upper },
            (None, Some(mount)) => Writes::Mounted { mount: mount.as_fd() },
            (None, None) => Writes::Over { upper: &self.upper, work: &self.work },
        };
        Folder { at: &self.source.path, writes }
    }

    /// The part, once the sandbox shows it.
    ///
    /// # Errors
    /// `Sandbox` when its mount cannot be opened.
    pub(super) fn finish(self) -> Result<Part> {
        let Self { source: Source { origin, path, below }, upper, checkout, mark, .. } = self;
        let kept = match (self.copied, self.mounted) {
            (Some(copy), _) => Dropped::Copy(copy),
            (None, Some(mount)) => Dropped::Mounted(
                Tree::of_mount(mount.as_fd()).map_err(|error| scratch::disk(&upper, &error))?,
            ),
            (None, None) => Dropped::Overlay,
        };
        let (root, judges) = (path.clone(), Judges::default());
        Ok(Part {
            origin,
            origin_path: path,
            root,
            below,
            written: upper,
            kept,
            checkout,
            mark,
            judges,
        })
    }
}

impl Part {
    /// A copy of `source` at `root`, for tools that nothing mounts anything for.
    ///
    /// # Errors
    /// As [`Draft::new`].
    pub(super) fn copied(source: Source, index: usize, root: PathBuf) -> Result<Self> {
        let Source { origin, path, below } = source;
        fs::create_dir(&root).map_err(|error| scratch::disk(&root, &error))?;
        scratch::like(&root, &path)?;
        let copy = Copy::make(&origin, &path, &root, GitLink::Drop)?;
        let checkout = Checkout::around(&path);
        let part = Self {
            origin,
            origin_path: path,
            written: root.clone(),
            root,
            below,
            kept: Dropped::Copy(copy),
            checkout,
            mark: mark(index),
            judges: Judges::default(),
        };
        if let Some(checkout) = part.linked() {
            let git = part.root.join(".git");
            private_git::make(checkout, &git).map_err(|error| scratch::disk(&git, &error))?;
        }
        Ok(part)
    }

    /// Its checkout, if it is the top of one whose repository is elsewhere.
    pub(super) fn linked(&self) -> Option<&Checkout> {
        let is_linked = |checkout: &&Checkout| {
            checkout.top == self.origin_path && checkout.outside(&self.origin_path).is_some()
        };
        self.checkout.as_ref().filter(is_linked)
    }

    /// Whether it is a private copy.
    pub(super) fn is_copy(&self) -> bool {
        matches!(self.kept, Dropped::Copy(_))
    }

    /// `path`, a path in it, from the folder that all parts are in.
    pub(super) fn named(&self, path: &[u8]) -> Vec<u8> {
        join(&self.below, path)
    }

    /// The path in it of `path`, which is from the folder that all parts are in.
    pub(super) fn strip<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        if self.below.is_empty() {
            return Some(path);
        }
        path.strip_prefix(self.below.as_slice())?.strip_prefix(b"/")
    }
}

/// The two folders that an overlay over `lower` needs.
fn overlay_folders(scratch: &Scratch, name: &str, lower: &Path) -> Result<(PathBuf, PathBuf)> {
    let upper = scratch.folder(name, 0o700)?;
    let work = scratch.folder(&format!("{name}-work"), 0o700)?;
    // It is the upper folder that gives the mounted one its mode and owner.
    scratch::like(&upper, lower)?;
    Ok((upper, work))
}

fn mark(index: usize) -> String {
    if index == 0 { String::new() } else { format!("-{index}") }
}
