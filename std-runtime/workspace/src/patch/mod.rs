//! The changes of a run, as a patch in git's format.
//!
//! The patch is computed from bytes. `git apply --index` of it, in the folder of the run, gives the
//! files of the view byte for byte, with their modes; `git apply -R` reverts it.

mod binary;
mod header;
mod middle;
mod rename;
pub(crate) mod stored;
mod text;
pub mod tree;

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{FileType, Stat};

use crate::{Error, ErrorKind, Result};
use stored::{Stored, StoredReader};
use tree::{Ended, Tree, kind};

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

/// A changed file that is not in the patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The path from the folder of the run, as bytes.
    pub path: Vec<u8>,
    /// Why.
    pub reason: Reason,
}

/// Why a changed file is not in the patch.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An ignore rule excludes it.
    Ignored,
    /// A build made it.
    Built,
    /// It is a socket, a FIFO or a device.
    Special,
    /// It belongs to the repository in this folder of the checkout.
    Nested(Vec<u8>),
    /// It belongs to the submodule in this folder.
    Submodule(Vec<u8>),
    /// git takes no such name.
    Name,
    /// The run may change other files only.
    OutOfScope,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ignored => f.write_str("ignored"),
            Self::Built => f.write_str("made by a build"),
            Self::Special => f.write_str("not a file"),
            Self::Nested(folder) => {
                write!(f, "in the nested repository {}", String::from_utf8_lossy(folder))
            }
            Self::Submodule(folder) => {
                write!(f, "in the submodule {}", String::from_utf8_lossy(folder))
            }
            Self::Name => f.write_str("a name that git refuses"),
            Self::OutOfScope => f.write_str("no finding names it"),
        }
    }
}

/// One file that was made, changed or deleted.
#[derive(Debug, Clone)]
pub struct Change {
    path: Vec<u8>,
    before: Option<Entry>,
    after: Option<Entry>,
}

/// A file on one side of a change.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    mode: Mode,
    size: u64,
    /// Its content, if it differs from the tree's.
    stored: Option<Stored>,
    /// The id that git gives it, if git was asked.
    id: Option<String>,
}

/// What git knows about a file besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
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
    /// What the system says.
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
    /// What the system says.
    pub(crate) fn read_before(&self, change: &Change) -> io::Result<impl Read + use<>> {
        Side { tree: &self.before, path: &change.path, entry: change.before.as_ref() }.open()
    }

    /// The content of a file after the run; empty if it is gone.
    ///
    /// # Errors
    /// What the system says.
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

/// The two sides of one patch of a file.
struct Sides<'a> {
    old: Side<'a>,
    new: Side<'a>,
}

/// An existing file, or an empty one.
struct Side<'a> {
    tree: &'a Tree,
    path: &'a [u8],
    entry: Option<&'a Entry>,
}

impl Sides<'_> {
    fn content_differs(&self) -> io::Result<bool> {
        if self.old.size() != self.new.size() {
            return Ok(true);
        }
        Ok(!same_bytes(self.old.open()?, self.new.open()?)?)
    }
}

impl Side<'_> {
    fn size(&self) -> u64 {
        self.entry.map_or(0, |entry| entry.size)
    }

    fn open(&self) -> io::Result<Content> {
        match self.entry {
            None => Ok(Content::Bytes(io::Cursor::new(Vec::new()))),
            Some(entry) => Content::open(self.tree, self.path, entry),
        }
    }

    fn bytes(&self, range: &Range<u64>) -> io::Result<Vec<u8>> {
        let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.open()?.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes)
    }
}

/// The bytes that git keeps of a file: its own, or the target of a link.
enum Content {
    File(File, Ended),
    Bytes(io::Cursor<Vec<u8>>),
    Stored(StoredReader),
}

impl Content {
    fn open(tree: &Tree, path: &[u8], entry: &Entry) -> io::Result<Self> {
        if let Some(stored) = &entry.stored {
            return Ok(Self::Stored(stored.read()));
        }
        if entry.is_link() {
            return Ok(Self::Bytes(io::Cursor::new(tree.link(path)?)));
        }
        Ok(Self::File(tree.file(path)?, tree.ended().clone()))
    }
}

impl Content {
    /// Fills `buffer` from the byte `at`.
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        match self {
            Self::File(file, ended) => {
                ended.check()?;
                file.read_exact_at(buffer, at)
            }
            Self::Stored(stored) => stored.read_exact_at(buffer, at),
            Self::Bytes(bytes) => {
                let start = usize::try_from(at).unwrap_or(usize::MAX);
                let bytes = bytes.get_ref().get(start..).and_then(|rest| rest.get(..buffer.len()));
                let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
                buffer.copy_from_slice(bytes);
                Ok(())
            }
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file, ended) => {
                ended.check()?;
                file.read(buffer)
            }
            Self::Stored(stored) => stored.read(buffer),
            Self::Bytes(bytes) => bytes.read(buffer),
        }
    }
}

/// The ids of both sides as blobs of git; `None` for a missing side.
///
/// # Errors
/// What the system says.
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

/// Whether `path` is the same on both sides: the same mode and the same bytes.
///
/// # Errors
/// What the system says.
pub(crate) fn is_same(
    (before, old): (&Tree, &Entry),
    (after, new): (&Tree, &Entry),
    path: &[u8],
) -> io::Result<bool> {
    Ok((old.mode, old.size) == (new.mode, new.size)
        && same_bytes(Content::open(before, path, old)?, Content::open(after, path, new)?)?)
}

fn same_bytes(mut a: Content, mut b: Content) -> io::Result<bool> {
    let (mut of_a, mut of_b) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    loop {
        let (of_a, of_b) = (fill(&mut a, &mut of_a)?, fill(&mut b, &mut of_b)?);
        if of_a != of_b {
            return Ok(false);
        }
        if of_a.len() < CHUNK_BYTES {
            return Ok(true);
        }
    }
}

/// The most that a patch carries of one file. git itself refuses patches of a gigabyte.
const FILE_LIMIT_BYTES: u64 = 128 * 1024 * 1024;

/// How much of a file is in memory where it is read in order.
const CHUNK_BYTES: usize = 16 * 1024;

/// Reads until `buffer` is full or the end is there.
fn fill<'a>(from: &mut impl Read, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(buffer.get(..filled).unwrap_or(buffer))
}
