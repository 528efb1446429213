//! One changed file, and what it was and is.

use rustix::fs::{FileType, Stat};

use super::stored::Stored;
use super::tree::kind;

/// One file that was made, changed or deleted.
#[derive(Debug, Clone)]
pub struct Change {
    pub(super) path: Vec<u8>,
    pub(super) before: Option<Entry>,
    pub(super) after: Option<Entry>,
}

/// A file on one side of a change.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(super) mode: Mode,
    pub(super) size: u64,
    /// Its content, if it differs from the tree's.
    pub(super) stored: Option<Stored>,
    /// The id that git gives it, if git was asked.
    id: Option<String>,
}

/// What git knows about a file besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Regular,
    Executable,
    Link,
}

/// The change of a file.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// Its bytes, its mode or its type differ.
    Modified,
    /// It is not there any more.
    Deleted,
}

impl Change {
    /// A change of `path` from `before` to `after`.
    pub(crate) fn new(path: Vec<u8>, before: Option<Entry>, after: Option<Entry>) -> Self {
        Self { path, before, after }
    }

    /// The same change of the path that `name` makes of its own.
    #[must_use]
    pub(crate) fn renamed(self, name: impl Fn(Vec<u8>) -> Vec<u8>) -> Self {
        Self { path: name(self.path), ..self }
    }

    /// The path from the folder of the run, as bytes.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The sides, to be changed.
    pub(crate) fn sides_mut(&mut self) -> (&mut Option<Entry>, &mut Option<Entry>) {
        (&mut self.before, &mut self.after)
    }

    /// The file before and after.
    pub(crate) fn sides(&self) -> (Option<&Entry>, Option<&Entry>) {
        (self.before.as_ref(), self.after.as_ref())
    }

    /// The kind of change.
    pub fn kind(&self) -> ChangeKind {
        match (&self.before, &self.after) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        }
    }
}

impl Entry {
    /// The entry of a file or a link; nothing else has one.
    pub(crate) fn of(stat: &Stat) -> Option<Self> {
        let mode = match kind(stat) {
            FileType::RegularFile if stat.st_mode & 0o100 != 0 => Mode::Executable,
            FileType::RegularFile => Mode::Regular,
            FileType::Symlink => Mode::Link,
            _ => return None,
        };
        Some(Self { mode, size: u64::try_from(stat.st_size).unwrap_or(0), stored: None, id: None })
    }

    /// A file of the mode that git has for it.
    pub(crate) fn tracked(mode: u32) -> Self {
        let mode = match mode {
            0o120_000 => Mode::Link,
            0o100_755 => Mode::Executable,
            _ => Mode::Regular,
        };
        Self { mode, size: 0, stored: None, id: None }
    }

    /// The same file with the content `stored`.
    #[must_use]
    pub(crate) fn with_content(self, stored: Stored) -> Self {
        Self { size: stored.size(), stored: Some(stored), ..self }
    }

    /// The same file, which has the id `id` in git.
    #[must_use]
    pub(crate) fn with_id(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }

    /// The id that git gives it, if git was asked.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn is_link(&self) -> bool {
        self.mode == Mode::Link
    }
}
