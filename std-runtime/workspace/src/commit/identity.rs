//! Which file has a name, and whether something has changed it.

use rustix::fs::Stat;
use serde::{Deserialize, Serialize};

use crate::patch::tree::kind;

/// What distinguishes a file from others, and from itself after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, i64),
    is_folder: bool,
}

impl Identity {
    #[allow(clippy::unnecessary_cast)] // the types differ between systems
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as i64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            is_folder: kind(stat) == rustix::fs::FileType::Directory,
        }
    }

    pub(super) fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// Whether it is the same file, changed or not.
    pub(super) fn is_file_of(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether nothing changed it. An overlay may give a file another inode when it is renamed.
    pub(super) fn is_unchanged(&self, other: &Self) -> bool {
        // Names that go from a folder change its time.
        self.is_folder == other.is_folder
            && (self.is_folder || (self.size, self.modified) == (other.size, other.modified))
    }
}
