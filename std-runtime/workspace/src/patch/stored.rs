//! Contents that are kept aside: one file for all of them, without a name.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use super::tree::Ended;

/// A file to which contents are added.
#[derive(Debug)]
pub(crate) struct Store {
    file: Arc<File>,
    length: u64,
    ended: Ended,
}

/// Where a content is in its [`Store`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    start: u64,
    size: u64,
}

/// One content of a [`Store`].
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    file: Arc<File>,
    place: Place,
    ended: Ended,
}

impl Store {
    /// An empty store on the disk of `folder`.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn create(folder: &Path, ended: &Ended) -> io::Result<Self> {
        let file = Arc::new(tempfile::tempfile_in(folder)?);
        Ok(Self { file, length: 0, ended: ended.clone() })
    }

    /// How many bytes it holds.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Adds all bytes of `content`.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn add(&mut self, content: &mut impl Read) -> io::Result<Place> {
        let start = self.length;
        self.length += io::copy(content, &mut &*self.file)?;
        Ok(Place { start, size: self.length - start })
    }

    /// The content at `place`.
    pub(crate) fn stored(&self, place: Place) -> Stored {
        Stored { file: Arc::clone(&self.file), place, ended: self.ended.clone() }
    }
}

impl Stored {
    /// Its length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.place.size
    }

    /// Reads it from its start.
    pub(super) fn read(&self) -> StoredReader {
        StoredReader { stored: self.clone(), at: 0 }
    }
}

impl StoredReader {
    /// Fills `buffer` from the byte `at`.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.stored.ended.check()?;
        self.stored.file.read_exact_at(buffer, self.stored.place.start + at)
    }
}

/// Reads a [`Stored`].
pub(super) struct StoredReader {
    stored: Stored,
    at: u64,
}

impl Read for StoredReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stored.ended.check()?;
        let left = usize::try_from(self.stored.place.size - self.at).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        let read = self.stored.file.read_at(buffer, self.stored.place.start + self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
