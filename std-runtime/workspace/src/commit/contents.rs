//! The contents of both sides of the files that a commit changes.
//!
//! Small ones follow each other in one file, which costs one `fsync`. A large one is a separate file,
//! named by its hash. It is linked into a folder that all records share, so another record with the
//! same content links the same file: the link count is the number of records that have it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha1_smol::Sha1;

use super::Side;

/// Contents, to be kept and to be read.
#[derive(Debug)]
pub struct Contents {
    file: File,
    length: u64,
    blobs: Option<Blobs>,
}

#[derive(Debug)]
struct Blobs {
    /// Those of this record.
    own: PathBuf,
    /// Those of all records.
    shared: PathBuf,
}

/// The place of a content.
pub(super) struct Kept {
    pub(super) start: u64,
    pub(super) size: u64,
    pub(super) sha1: String,
    pub(super) is_blob: bool,
}

impl Contents {
    /// Those of `file`, to whose beginning new ones are written.
    pub fn new(file: File) -> Self {
        Self { file, length: 0, blobs: None }
    }

    /// Large contents are files in the folder `own`, which need not be there, and shared with other
    /// records by the folder `shared`.
    #[must_use]
    pub fn with_blobs(self, own: PathBuf, shared: PathBuf) -> Self {
        Self { blobs: Some(Blobs { own, shared }), ..self }
    }

    /// Adds `bytes` as a separate content.
    ///
    /// # Errors
    /// The error of the system.
    pub fn add(&mut self, bytes: &[u8], is_link: bool, mode: u32) -> io::Result<Side> {
        let Kept { start, size, sha1, is_blob } = self.keep(bytes, bytes.len() as u64)?;
        Ok(Side { is_link, mode, start, size, sha1, is_blob })
    }

    /// Makes all of it survive a power failure.
    ///
    /// # Errors
    /// The error of the system.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()?;
        match self.blobs.as_ref().map(|blobs| File::open(&blobs.own)) {
            Some(Ok(folder)) => folder.sync_all(),
            _ => Ok(()),
        }
    }

    /// Stores the bytes of `content`, about `size` of them.
    pub(super) fn keep(&mut self, content: impl Read, size: u64) -> io::Result<Kept> {
        if let Some(blobs) = self.blobs.as_ref().filter(|_| size >= BLOB_BYTES) {
            let (size, sha1) = blobs.keep(content)?;
            return Ok(Kept { start: 0, size, sha1, is_blob: true });
        }
        let start = self.length;
        let (size, sha1) = digest(content, |bytes| {
            self.file.write_all_at(bytes, self.length)?;
            self.length += bytes.len() as u64;
            Ok(())
        })?;
        Ok(Kept { start, size, sha1, is_blob: false })
    }

    /// Passes the content of `side` to `take` piece by piece.
    ///
    /// # Errors
    /// If it is missing or changed.
    pub fn read(&self, side: &Side, take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let (size, sha1) = match (side.is_blob, &self.blobs) {
            (true, Some(blobs)) => {
                // A name from a file that may be damaged must not lead elsewhere.
                let is_hash = side.sha1.bytes().all(|byte| byte.is_ascii_hexdigit());
                let path = is_hash.then(|| blobs.own.join(&side.sha1)).ok_or_else(damaged)?;
                digest(File::open(path)?.take(side.size.saturating_add(1)), take)?
            }
            _ => digest(Range { file: &self.file, at: side.start, left: side.size }, take)?,
        };
        (size == side.size && sha1 == side.sha1).then_some(()).ok_or_else(damaged)
    }
}

impl Blobs {
    fn keep(&self, content: impl Read) -> io::Result<(u64, String)> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.own)?;
        let new = self.own.join(NEW);
        let _ = fs::remove_file(&new);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
        let (size, sha1) = digest(content, |bytes| file.write_all(bytes))?;
        let (own, shared) = (self.own.join(&sha1), self.shared.join(&sha1));
        if is_same(&new, &own)? {
            fs::remove_file(&new)?;
            return Ok((size, sha1));
        }
        // A file that was damaged since, or made to have the same hash, is not shared.
        let is_shared = is_same(&new, &shared)? && fs::hard_link(&shared, &own).is_ok();
        if is_shared {
            fs::remove_file(&new)?;
        } else {
            fs::rename(&new, &own)?;
            // If links are not supported, or another content has the name, it belongs to this record alone.
            let _ = fs::hard_link(&own, &shared);
        }
        // The first writer of the file may not have finished yet.
        File::open(&own)?.sync_all()?;
        Ok((size, sha1))
    }
}

/// Removes contents from the folder `shared` that no record uses any more. Nobody may add to it meanwhile.
///
/// # Errors
/// The error of the system.
pub fn collect(shared: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(shared) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if fs::symlink_metadata(&path).is_ok_and(|it| it.is_file() && it.nlink() == 1) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Whether both files have the same bytes; false if there is no second one.
fn is_same(new: &Path, old: &Path) -> io::Result<bool> {
    let old = match File::open(old) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        old => old?,
    };
    let new = File::open(new)?;
    let mut left = new.metadata()?.len();
    if old.metadata()?.len() != left {
        return Ok(false);
    }
    let (mut new, mut old) = (io::BufReader::new(new), io::BufReader::new(old));
    let mut buffers = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(BUFFER_BYTES);
        let (Some(a), Some(b)) = (buffers.0.get_mut(..count), buffers.1.get_mut(..count)) else {
            break;
        };
        new.read_exact(a)?;
        old.read_exact(b)?;
        if a != b {
            return Ok(false);
        }
        left -= count as u64;
    }
    Ok(true)
}

fn damaged() -> io::Error {
    io::Error::other("the record of the run is damaged")
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
        self.at = self.at.saturating_add(read as u64);
        self.left -= read as u64;
        Ok(read)
    }
}

/// The length and the SHA-1 of the bytes of `from`, which are passed to `take` piece by piece.
pub(super) fn digest(
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
/// From this size on a content is a separate file: each costs an `fsync`.
const BLOB_BYTES: u64 = 64 * 1024;
/// A blob that is not whole yet.
const NEW: &str = "new";

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(root: &Path, record: &str) -> Contents {
        let shared = root.join("shared");
        fs::create_dir_all(&shared).unwrap();
        let file = tempfile::tempfile_in(root).unwrap();
        Contents::new(file).with_blobs(root.join(record), shared)
    }

    fn read(contents: &Contents, side: &Side) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        contents.read(side, |bytes| {
            all.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(all)
    }

    fn links(path: &Path) -> u64 {
        fs::metadata(path).map_or(0, |it| it.nlink())
    }

    #[test]
    fn equal_large_contents_are_one_file_until_no_record_has_it() {
        let root = tempfile::tempdir().unwrap();
        let large = vec![b'x'; 100_000];
        let (mut one, mut two) = (contents(root.path(), "one"), contents(root.path(), "two"));
        let sides = [
            one.add(&large, false, 0o644).unwrap(),
            one.add(&large, false, 0o644).unwrap(),
            two.add(&large, false, 0o755).unwrap(),
        ];
        let small = two.add(b"small", false, 0o644).unwrap();
        assert!(sides.iter().all(|side| side.is_blob) && !small.is_blob);
        let shared = root.path().join("shared").join(&sides[0].sha1);
        assert_eq!(links(&shared), 3, "one file for two records");
        assert_eq!(read(&one, &sides[1]).unwrap(), large);
        assert_eq!(read(&two, &sides[2]).unwrap(), large);
        assert_eq!(read(&two, &small).unwrap(), b"small");
        for (record, is_left) in [("one", true), ("two", false)] {
            fs::remove_dir_all(root.path().join(record)).unwrap();
            collect(&root.path().join("shared")).unwrap();
            assert_eq!(shared.exists(), is_left, "{record}");
        }
        assert!(read(&two, &sides[2]).is_err());
    }

    #[test]
    fn a_shared_file_that_is_damaged_is_not_taken_for_the_content() {
        let root = tempfile::tempdir().unwrap();
        let large = vec![b'x'; 100_000];
        let mut one = contents(root.path(), "one");
        let side = one.add(&large, false, 0o644).unwrap();
        let shared = root.path().join("shared").join(&side.sha1);
        for damage in [&large[..99_999], &[b'y'; 100_000], b""] {
            fs::write(&shared, damage).unwrap();
            assert!(read(&one, &side).is_err(), "told");
            let mut two = contents(root.path(), "two");
            let side = two.add(&large, false, 0o644).unwrap();
            assert_eq!(read(&two, &side).unwrap(), large);
            fs::remove_dir_all(root.path().join("two")).unwrap();
        }
        // A name that leads elsewhere.
        let side = Side { sha1: "../one".to_owned(), ..side };
        assert!(read(&one, &side).is_err());
    }
}
