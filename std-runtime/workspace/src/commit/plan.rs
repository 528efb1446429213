//! What a commit does to a folder.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

use rustix::fs::{FileType, Stat};
use serde::{Deserialize, Serialize};
use sha1_smol::Sha1;

use super::Name;
use crate::patch::tree::{Tree, kind};

/// The files of a folder that change, each with both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The files, ordered by path.
    pub files: Vec<PlannedFile>,
    /// Folders that are there afterwards and not before, the outermost first.
    pub made: Vec<Name>,
    /// Folders that are there before and not afterwards, unless something else is in them.
    pub gone: Vec<Name>,
}

/// One file on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Its path.
    pub path: Name,
    /// What must be there.
    pub before: Option<Side>,
    /// What will be there.
    pub after: Option<Side>,
}

/// A file, or a symbolic link, whose content is its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Whether it is a link.
    pub is_link: bool,
    /// The permissions.
    pub mode: u32,
    /// Where the content begins in the file of contents.
    pub start: u64,
    /// Bytes of it.
    pub size: u64,
    /// Its hash.
    pub sha1: String,
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
    /// What the system says.
    pub fn copy(tree: &Tree, path: &[u8], contents: &mut Contents) -> io::Result<Option<Self>> {
        let Some(found) = Found::open(tree, path)? else { return Ok(None) };
        let start = contents.length;
        let (is_link, mode) = (found.is_link, found.mode());
        let (size, sha1) = digest(found.content, |bytes| contents.add(bytes))?;
        Ok(Some(Self { is_link, mode, start, size, sha1 }))
    }

    /// The content, from the file of contents.
    ///
    /// # Errors
    /// When the file does not hold it.
    pub fn read(
        &self,
        contents: &File,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut from = Range { file: contents, at: self.start, left: self.size };
        let (size, sha1) = digest(&mut from, &mut take)?;
        let whole = size == self.size && sha1 == self.sha1;
        whole.then_some(()).ok_or_else(|| io::Error::other("the record of the run is damaged"))
    }

    /// Whether this is what `tree` has at `path`: kind, content, and whether it can be run.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn is_at(&self, tree: &Tree, path: &[u8]) -> io::Result<bool> {
        let Some(found) = Found::open(tree, path)? else { return Ok(false) };
        if found.is_link != self.is_link || is_program(found.mode()) != is_program(self.mode) {
            return Ok(false);
        }
        let (size, sha1) = digest(found.content, |_| Ok(()))?;
        Ok(size == self.size && sha1 == self.sha1)
    }
}

/// Whether the owner may run the file, which is all that git knows of its mode.
pub(super) fn is_program(mode: u32) -> bool {
    mode & 0o100 != 0
}

/// The file to which contents are written, one after the other.
#[derive(Debug)]
pub struct Contents {
    file: File,
    length: u64,
}

impl Contents {
    /// An empty one.
    pub fn new(file: File) -> Self {
        Self { file, length: 0 }
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.length)?;
        self.length += bytes.len() as u64;
        Ok(())
    }
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

/// A part of a file.
struct Range<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Range<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// The length and the SHA-1 of what `from` gives, which goes to `take` piece by piece.
fn digest(
    mut from: impl Read,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(u64, String)> {
    let (mut buffer, mut size, mut sha1) = (vec![0; BUFFER_BYTES], 0, Sha1::new());
    loop {
        let read = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok((size, sha1.digest().to_string()));
        }
        sha1.update(bytes);
        size += bytes.len() as u64;
        take(bytes)?;
    }
}

const BUFFER_BYTES: usize = 64 * 1024;
