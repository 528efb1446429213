//! The changes of a run, as a patch in git's format.
//!
//! The patch is computed from bytes. `git apply --index` of it, in the folder of the run, gives the
//! files of the view byte for byte, with their modes; `git apply -R` reverts it.

mod binary;
mod change;
mod content;
mod header;
mod left_out;
mod middle;
mod rename;
pub(crate) mod stored;
mod text;
pub mod tree;

use std::io::{self, Read, Write};

pub(crate) use change::Entry;
pub use change::{Change, ChangeKind};
pub(crate) use content::is_same;
use content::{Side, Sides};
pub use left_out::{LeftOut, Reason};
use tree::Tree;

use crate::{Error, ErrorKind, Result};

/// The files that differ between a folder and its view.
#[derive(Debug)]
pub struct Changes {
    before: Tree,
    after: Tree,
    /// Comes before each path in the patch.
    prefix: Vec<u8>,
    files: Vec<Change>,
    left_out: Vec<LeftOut>,
}

impl Changes {
    /// The changes `files`, whose bytes are in `before` and `after`.
    pub(crate) fn new(
        before: Tree,
        after: Tree,
        prefix: Vec<u8>,
        mut files: Vec<Change>,
        mut left_out: Vec<LeftOut>,
    ) -> Self {
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        left_out.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Self { before, after, prefix, files, left_out }
    }

    /// The differences at `paths` between two folders.
    ///
    /// # Errors
    /// The error of the system.
    pub fn between(
        before: Tree,
        after: Tree,
        paths: impl IntoIterator<Item = Vec<u8>>,
    ) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            let entry = |tree: &Tree| Ok(tree.stat(&path)?.as_ref().and_then(Entry::of));
            let sides: io::Result<_> = entry(&before).and_then(|it| Ok((it, entry(&after)?)));
            let (old, new) = sides?;
            if old.is_some() || new.is_some() {
                files.push(Change::new(path, old, new));
            }
        }
        Ok(Self::new(before, after, Vec::new(), files, Vec::new()))
    }

    /// Each file that belongs in the patch, ordered by path.
    pub fn files(&self) -> &[Change] {
        &self.files
    }

    /// The changed files that do not belong in the patch, ordered by path.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// What belongs in the patch, and what does not.
    pub(crate) fn into_lists(self) -> (Vec<Change>, Vec<LeftOut>) {
        (self.files, self.left_out)
    }

    pub(crate) fn files_mut(&mut self) -> &mut [Change] {
        &mut self.files
    }

    /// The folder and its view.
    pub fn trees(&self) -> (&Tree, &Tree) {
        (&self.before, &self.after)
    }

    /// The content of a file before the run; empty if it did not exist.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn read_before(&self, change: &Change) -> io::Result<impl Read + use<>> {
        Side { tree: &self.before, path: &change.path, entry: change.before.as_ref() }.open()
    }

    /// The content of a file after the run; empty if it is gone.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn read_after(&self, change: &Change) -> io::Result<impl Read + use<>> {
        Side { tree: &self.after, path: &change.path, entry: change.after.as_ref() }.open()
    }

    /// Writes the patch; nothing if no file changed.
    ///
    /// The bytes are read from the folder and the view, so these must not change meanwhile.
    ///
    /// # Errors
    /// `Limit` when a file is larger than a patch can carry, `Internal` when a file cannot be read
    /// or `out` cannot be written.
    pub fn write_patch(&self, out: &mut dyn Write) -> Result<()> {
        self.check_sizes()?;
        let mut out = io::BufWriter::new(out);
        self.write(&mut out).and_then(|()| out.flush()).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("cannot make the patch: {error}"))
        })
    }

    /// Refuses what a patch cannot carry.
    ///
    /// # Errors
    /// `Limit`.
    pub(crate) fn check_sizes(&self) -> Result<()> {
        let large = |entry: &&Entry| entry.size > FILE_LIMIT_BYTES;
        for change in &self.files {
            let sides = change.before.iter().chain(&change.after);
            if let Some(entry) = sides.clone().find(large) {
                let (name, size) = (String::from_utf8_lossy(&change.path), entry.size);
                let text = format!(
                    "{name} is too large for a patch: it has {size} bytes, and {FILE_LIMIT_BYTES} \
                     are the most; have it left unchanged, or name it in .gitignore"
                );
                return Err(Error::new(ErrorKind::Limit, text));
            }
        }
        Ok(())
    }

    /// Leaves out the files whose paths are not in `scope`.
    pub fn keep_scope(&mut self, scope: &std::collections::BTreeSet<String>) {
        let is_inside = |path: &[u8]| std::str::from_utf8(path).is_ok_and(|it| scope.contains(it));
        let (inside, outside) =
            std::mem::take(&mut self.files).into_iter().partition(|it| is_inside(&it.path));
        self.files = inside;
        let outside: Vec<Change> = outside;
        let left_out = |it: Change| LeftOut { path: it.path, reason: Reason::OutOfScope };
        self.left_out.extend(outside.into_iter().map(left_out));
        self.left_out.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    }

    /// Takes out the files that a patch cannot carry.
    pub fn drop_large(&mut self) {
        self.files.retain(|change| {
            let sides = change.before.iter().chain(&change.after);
            sides.map(|entry| entry.size).all(|size| size <= FILE_LIMIT_BYTES)
        });
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let renames = rename::find(self)?;
        for (index, change) in self.files.iter().enumerate() {
            if renames.is_source(index) {
                continue;
            }
            match (&change.before, &change.after, renames.to(index)) {
                (None, Some(after), Some((from, similarity))) => {
                    self.write_rename(from, similarity, (&change.path, after), out)?;
                }
                // git has no patch that turns a file into a link.
                (Some(before), Some(after), _) if before.is_link() != after.is_link() => {
                    self.write_file(&change.path, Some(before), None, out)?;
                    self.write_file(&change.path, None, Some(after), out)?;
                }
                (before, after, _) => {
                    self.write_file(&change.path, before.as_ref(), after.as_ref(), out)?;
                }
            }
        }
        Ok(())
    }

    fn write_rename(
        &self,
        from: usize,
        similarity: u8,
        (path, after): (&[u8], &Entry),
        out: &mut impl Write,
    ) -> io::Result<()> {
        let Some(from) = self.files.get(from) else { return Ok(()) };
        let sides = Sides {
            old: Side { tree: &self.before, path: &from.path, entry: from.before.as_ref() },
            new: Side { tree: &self.after, path, entry: Some(after) },
        };
        header::write(&sides, &self.prefix, Some(similarity), out)?;
        if similarity == 100 { Ok(()) } else { self.write_content(&sides, out) }
    }

    fn write_file(
        &self,
        path: &[u8],
        before: Option<&Entry>,
        after: Option<&Entry>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let sides = Sides {
            old: Side { tree: &self.before, path, entry: before },
            new: Side { tree: &self.after, path, entry: after },
        };
        header::write(&sides, &self.prefix, None, out)?;
        self.write_content(&sides, out)
    }

    fn write_content(&self, sides: &Sides<'_>, out: &mut impl Write) -> io::Result<()> {
        if !sides.content_differs()? {
            return Ok(());
        }
        if text::is_text(sides)? {
            header::write_text_names(sides, &self.prefix, out)?;
            text::write(sides, out)
        } else {
            binary::write(sides, out)
        }
    }
}

/// The ids of both sides as blobs of git; `None` for a missing side.
///
/// # Errors
/// The error of the system.
pub(crate) fn ids(changes: &Changes, change: &Change) -> io::Result<[Option<String>; 2]> {
    let path = &change.path;
    let old = Side { tree: &changes.before, path, entry: change.before.as_ref() };
    let new = Side { tree: &changes.after, path, entry: change.after.as_ref() };
    Ok([header::blob_id(&old)?, header::blob_id(&new)?])
}

/// Writes a name as git reads it from a list.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_quoted(name: &[u8], out: &mut impl Write) -> io::Result<()> {
    header::write_name(b"", b"", name, out)
}

/// The most that a patch carries of one file. git itself refuses patches of a gigabyte.
const FILE_LIMIT_BYTES: u64 = 128 * 1024 * 1024;
