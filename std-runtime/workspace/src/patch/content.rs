//! The bytes of both sides of a change.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use super::change::Entry;
use super::stored::StoredReader;
use super::tree::{Ended, Tree};

/// The two sides of one patch of a file.
pub(super) struct Sides<'a> {
    pub old: Side<'a>,
    pub new: Side<'a>,
}

/// An existing file, or an empty one.
pub(super) struct Side<'a> {
    pub tree: &'a Tree,
    pub path: &'a [u8],
    pub entry: Option<&'a Entry>,
}

impl Sides<'_> {
    pub fn content_differs(&self) -> io::Result<bool> {
        if self.old.size() != self.new.size() {
            return Ok(true);
        }
        Ok(!same_bytes(self.old.open()?, self.new.open()?)?)
    }
}

impl Side<'_> {
    pub fn size(&self) -> u64 {
        self.entry.map_or(0, |entry| entry.size)
    }

    pub fn open(&self) -> io::Result<Content> {
        match self.entry {
            None => Ok(Content::Bytes(io::Cursor::new(Vec::new()))),
            Some(entry) => Content::open(self.tree, self.path, entry),
        }
    }

    pub fn bytes(&self, range: &Range<u64>) -> io::Result<Vec<u8>> {
        let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.open()?.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes)
    }
}

/// The bytes that git keeps of a file: its own, or the target of a link.
pub(super) enum Content {
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

    /// Fills `buffer` from the byte `at`.
    pub fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
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

/// Whether `path` is the same on both sides: the same mode and the same bytes.
///
/// # Errors
/// The error of the system.
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

/// How much of a file is in memory where it is read in order.
pub(super) const CHUNK_BYTES: usize = 16 * 1024;

/// Reads until `buffer` is full or the end is there.
pub(super) fn fill<'a>(from: &mut impl Read, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
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
