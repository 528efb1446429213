//! The disk space that the files of a view may use.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The default disk space of a view: more than any ordinary build needs.
const USUAL_BYTES: u64 = 32 << 30;

/// The bound on the files of a view, and how much was free when it was opened.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    most: u64,
    free_at_first: Free,
}

/// Watches the disk during a call.
#[derive(Debug)]
pub struct DiskWatch<'v> {
    disk: &'v Disk,
    free_at_first: Free,
}

/// What a file system has left.
#[derive(Debug, Clone, Copy)]
struct Free {
    bytes: u64,
    files: u64,
}

impl Disk {
    /// That of the private folder of a view, which is made.
    pub(super) fn of(folder: &Path, most: Option<u64>) -> Self {
        let folder = folder.to_owned();
        Self { most: most.unwrap_or(USUAL_BYTES), free_at_first: Free::of(&folder), folder }
    }

    pub(super) fn watch(&self) -> DiskWatch<'_> {
        DiskWatch { disk: self, free_at_first: Free::of(&self.folder) }
    }
}

impl DiskWatch<'_> {
    /// The bound in bytes, if the files of the view take more, and the watched call wrote some of it: a
    /// call that removes files may continue. The files are counted only if the disk has lost as much.
    pub fn exceeded(&self) -> Option<u64> {
        let Disk { folder, most, free_at_first } = self.disk;
        let free = Free::of(folder);
        let is_growing = self.free_at_first.lost(free) > most / 8;
        let may_be = is_growing && free_at_first.lost(free) > *most;
        (may_be && taken(folder, *most) > *most).then_some(*most)
    }
}

impl Free {
    /// What the file system of `folder` has left for us; so much that nothing is ever over the bound if it
    /// does not tell.
    fn of(folder: &Path) -> Self {
        match rustix::fs::statvfs(folder) {
            Ok(it) => Self { bytes: it.f_bavail.saturating_mul(it.f_frsize), files: it.f_favail },
            Err(_) => Self { bytes: u64::MAX, files: u64::MAX },
        }
    }

    /// Bytes that are gone since; a file counts for [`FILE_BYTES`] at least.
    fn lost(self, now: Self) -> u64 {
        let files = self.files.saturating_sub(now.files).saturating_mul(FILE_BYTES);
        self.bytes.saturating_sub(now.bytes).max(files)
    }
}

/// What a file counts for at least, so that millions of empty ones are bounded too: a disk has a certain number
/// of places for files.
const FILE_BYTES: u64 = 8 * 1024;

/// What the files below `folder` take of the disk, as far as a little over `enough`.
fn taken(folder: &Path, enough: u64) -> u64 {
    let (mut bytes, mut folders) = (0_u64, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let own = metadata.blocks().saturating_mul(BLOCK_BYTES).max(FILE_BYTES);
            bytes = bytes.saturating_add(own);
            if bytes > enough {
                return bytes;
            }
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    bytes
}

/// The unit of `st_blocks`.
const BLOCK_BYTES: u64 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_that_writes_is_over_the_bound() {
        let place = tempfile::tempdir().unwrap();
        let disk = Disk::of(place.path(), Some(1 << 20));
        let first = disk.watch();
        assert_eq!(first.exceeded(), None);
        fs::create_dir(place.path().join("deep")).unwrap();
        let file = fs::File::create(place.path().join("deep/file")).unwrap();
        // Unwritten parts of a file take no space.
        file.set_len(64 << 20).unwrap();
        assert_eq!(taken(place.path(), u64::MAX).min(1 << 20), taken(place.path(), u64::MAX));
        fs::write(place.path().join("deep/more"), vec![1; 8 << 20]).unwrap();
        file.sync_all().unwrap();
        fs::File::open(place.path().join("deep/more")).unwrap().sync_all().unwrap();
        assert!(taken(place.path(), u64::MAX) >= 8 << 20);
        let all = Free { bytes: u64::MAX, files: 0 };
        let is_over = Disk { free_at_first: all, ..disk };
        let watch = DiskWatch { disk: &is_over, free_at_first: all };
        assert_eq!(watch.exceeded(), Some(1 << 20));
        let next = is_over.watch();
        assert_eq!(next.exceeded(), None, "it wrote nothing of it");
        fs::remove_file(place.path().join("deep/more")).unwrap();
        let watch = DiskWatch { disk: &is_over, free_at_first: all };
        assert_eq!(watch.exceeded(), None, "it is gone");
    }

    #[test]
    fn empty_files_are_bounded_too() {
        let place = tempfile::tempdir().unwrap();
        let disk = Disk::of(place.path(), Some(100 * FILE_BYTES));
        let all = Free { bytes: 0, files: u64::MAX };
        let is_over = Disk { free_at_first: all, ..disk };
        let watch = DiskWatch { disk: &is_over, free_at_first: all };
        for number in 0..100 {
            fs::write(place.path().join(number.to_string()), "").unwrap();
        }
        assert_eq!(watch.exceeded(), None);
        fs::create_dir(place.path().join("one more")).unwrap();
        assert_eq!(watch.exceeded(), Some(100 * FILE_BYTES));
        assert_eq!(all.lost(Free { bytes: 0, files: u64::MAX - 3 }), 3 * FILE_BYTES);
    }
}
