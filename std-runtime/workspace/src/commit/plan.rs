//! The changes that a commit makes to a folder.

use std::io::{self, Read};

use rustix::fs::{FileType, Stat};
use serde::{Deserialize, Serialize};

use super::Name;
use super::contents::{Contents, Kept, digest};
use crate::patch::tree::{Tree, kind};

/// The files of a folder that change, each with both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The files, ordered by path.
    pub files: Vec<PlannedFile>,
    /// Folders to create, the outermost first.
    pub made: Vec<Name>,
    /// Folders to remove, unless something else is in them.
    pub gone: Vec<Name>,
}

/// One file on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Its path.
    pub path: Name,
    /// What must exist before.
    pub before: Option<Side>,
    /// What will exist afterwards.
    pub after: Option<Side>,
}

/// A file, or a symbolic link, whose content is its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Whether it is a link.
    pub is_link: bool,
    /// The permissions.
    pub mode: u32,
    /// Where the content begins in the file of contents; 0 if it is a separate file.
    pub start: u64,
    /// Bytes of it.
    pub size: u64,
    /// Its hash.
    pub sha1: String,
    /// Whether it is a separate file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_blob: bool,
}

impl Plan {
    /// The plan that takes this one back.
    pub fn inverse(mut self) -> Self {
        for file in &mut self.files {
            std::mem::swap(&mut file.before, &mut file.after);
        }
        std::mem::swap(&mut self.made, &mut self.gone);
        self
    }
}

impl Side {
    /// Copies what `tree` has at `path` to the end of `contents`; `None` if there is no file.
    ///
    /// # Errors
    /// The error of the system.
    pub fn copy(tree: &Tree, path: &[u8], contents: &mut Contents) -> io::Result<Option<Self>> {
        let Some(found) = Found::open(tree, path)? else { return Ok(None) };
        let (is_link, mode) = (found.is_link, found.mode());
        let about = u64::try_from(found.stat.st_size).unwrap_or_default();
        let Kept { start, size, sha1, is_blob } = contents.keep(found.content, about)?;
        Ok(Some(Self { is_link, mode, start, size, sha1, is_blob }))
    }

    /// Whether this is what `tree` has at `path`: kind, content, and whether it can be run.
    ///
    /// # Errors
    /// The error of the system.
    pub fn is_at(&self, tree: &Tree, path: &[u8]) -> io::Result<bool> {
        let Some(found) = Found::open(tree, path)? else { return Ok(false) };
        if found.is_link != self.is_link || is_program(found.mode()) != is_program(self.mode) {
            return Ok(false);
        }
        let (size, sha1) = digest(found.content, |_| Ok(()))?;
        Ok(size == self.size && sha1 == self.sha1)
    }
}

/// Whether the owner may execute the file, which is all that git stores of its mode.
pub(super) fn is_program(mode: u32) -> bool {
    mode & 0o100 != 0
}

/// What a tree has at a path.
struct Found {
    is_link: bool,
    stat: Stat,
    content: Box<dyn Read>,
}

impl Found {
    fn open(tree: &Tree, path: &[u8]) -> io::Result<Option<Self>> {
        let Some(stat) = tree.stat(path)? else { return Ok(None) };
        let content: Box<dyn Read> = match kind(&stat) {
            FileType::RegularFile => Box::new(tree.file(path)?),
            FileType::Symlink => Box::new(io::Cursor::new(tree.link(path)?)),
            _ => return Ok(None),
        };
        Ok(Some(Self { is_link: kind(&stat) == FileType::Symlink, stat, content }))
    }

    #[allow(clippy::unnecessary_cast)] // the types differ between systems
    fn mode(&self) -> u32 {
        self.stat.st_mode as u32 & 0o777
    }
}
