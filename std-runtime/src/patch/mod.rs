//! What a run changed, as a patch in git's format.
//!
//! The patch is computed from bytes. `git apply --index` of it, in the folder the
//! run was in, gives the files of the view byte for byte, with their modes; so does
//! `git apply -R` the other way.

mod binary;
mod header;
mod rename;
mod text;
pub(crate) mod tree;

use std::fs::File;
use std::io::{self, Read, Write};

use rustix::fs::{FileType, Stat};

use crate::{Error, ErrorKind, Result};
use rename::Rename;
use tree::{Tree, kind};

/// The files that differ between a folder and its view.
#[derive(Debug)]
pub struct Changes {
    before: Tree,
    after: Tree,
    /// Comes before each path in the patch.
    prefix: Vec<u8>,
    files: Vec<Change>,
    left_out: usize,
}

/// One file that was made, changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    path: Vec<u8>,
    before: Option<Entry>,
    after: Option<Entry>,
}

/// A file on one side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    mode: Mode,
    size: u64,
}

/// What git knows about a file beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Regular,
    Executable,
    Link,
}

/// What happened to a file.
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

    /// The path from the folder of the run, as bytes.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// What happened to it.
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
        Some(Self { mode, size: u64::try_from(stat.st_size).unwrap_or(0) })
    }

    fn is_link(self) -> bool {
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
        left_out: usize,
    ) -> Self {
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Self { before, after, prefix, files, left_out }
    }

    /// Each file that belongs in the patch, ordered by path.
    pub fn files(&self) -> &[Change] {
        &self.files
    }

    /// How many changed files do not belong in the patch: those that ignore files exclude, and
    /// sockets, FIFOs and devices.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Writes the patch; nothing if no file changed.
    ///
    /// The bytes are read from the folder and the view, so these must not change meanwhile.
    ///
    /// # Errors
    /// `Internal` when a file cannot be read or `out` cannot be written.
    pub fn write_patch(&self, out: &mut dyn Write) -> Result<()> {
        let mut out = io::BufWriter::new(out);
        self.write(&mut out).and_then(|()| out.flush()).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("cannot make the patch: {error}"))
        })
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let renames = rename::find(self)?;
        for (index, change) in self.files.iter().enumerate() {
            if renames.iter().any(|rename| rename.from == index) {
                continue;
            }
            let rename = renames.iter().find(|rename| rename.to == index);
            match (change.before, change.after, rename) {
                (None, Some(after), Some(rename)) => self.write_rename(rename, after, out)?,
                // git has no patch that turns a file into a link.
                (Some(before), Some(after), _) if before.is_link() != after.is_link() => {
                    self.write_file(&change.path, Some(before), None, out)?;
                    self.write_file(&change.path, None, Some(after), out)?;
                }
                (before, after, _) => self.write_file(&change.path, before, after, out)?,
            }
        }
        Ok(())
    }

    fn write_rename(&self, rename: &Rename, after: Entry, out: &mut impl Write) -> io::Result<()> {
        let (Some(from), Some(to)) = (self.files.get(rename.from), self.files.get(rename.to))
        else {
            return Ok(());
        };
        let Some(before) = from.before else { return Ok(()) };
        let sides = Sides {
            old: Side { tree: &self.before, path: &from.path, entry: Some(before) },
            new: Side { tree: &self.after, path: &to.path, entry: Some(after) },
        };
        header::write(&sides, &self.prefix, Some(rename.similarity), out)?;
        if rename.similarity == 100 { Ok(()) } else { self.write_content(&sides, out) }
    }

    fn write_file(
        &self,
        path: &[u8],
        before: Option<Entry>,
        after: Option<Entry>,
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

/// A file that is there, or an empty one.
struct Side<'a> {
    tree: &'a Tree,
    path: &'a [u8],
    entry: Option<Entry>,
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

    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size()).unwrap_or(0));
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The bytes that git keeps of a file: its own, or the target of a link.
enum Content {
    File(File),
    Bytes(io::Cursor<Vec<u8>>),
}

impl Content {
    fn open(tree: &Tree, path: &[u8], entry: Entry) -> io::Result<Self> {
        if entry.is_link() {
            return Ok(Self::Bytes(io::Cursor::new(tree.link(path)?)));
        }
        Ok(Self::File(tree.file(path)?))
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Bytes(bytes) => bytes.read(buffer),
        }
    }
}

/// Whether `path` is the same on both sides: the same mode and the same bytes.
///
/// # Errors
/// What the system says.
pub(crate) fn is_same(
    (before, old): (&Tree, Entry),
    (after, new): (&Tree, Entry),
    path: &[u8],
) -> io::Result<bool> {
    Ok(old == new
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
