//! How new contents reach the disk before they get their names.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use super::disk::Disk;
#[cfg(target_os = "linux")]
use crate::kernel;

/// When new contents are written to the disk.
pub(super) enum Flush {
    /// Each as soon as it is written to its file.
    Each,
    /// All at once, after the last one.
    Together(Together),
}

impl Flush {
    /// The faster way for `count` new contents in the folder of `disk`. Each `fsync` waits for the
    /// disk; writing the whole file system waits once, but also for what other programs have written.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn of(disk: &Disk<'_>, count: usize) -> io::Result<Self> {
        let folder = disk.tree.folder(b"")?;
        let together = (count >= MANY).then(|| Together::on(folder)).flatten();
        Ok(together.map_or(Self::Each, Self::Together))
    }

    /// Called for each new content when its file is complete.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn written(&self, disk: &Disk<'_>, file: &File) -> io::Result<()> {
        match self {
            // Another file system may be mounted on a folder below.
            Self::Together(together) if together.is_on(file)? => Ok(()),
            _ => {
                disk.faults.before("fsync")?;
                file.sync_all()
            }
        }
    }

    /// Called after the last one: from here on they survive a power failure.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn finish(&self, disk: &Disk<'_>) -> io::Result<()> {
        match self {
            Self::Each => Ok(()),
            Self::Together(together) => {
                disk.faults.before("syncfs")?;
                together.sync()
            }
        }
    }
}

/// A file system that writes all its files at once, and reports if one of them failed.
#[cfg(target_os = "linux")]
pub(super) struct Together {
    /// Opened before the first content was written: later failures are reported to it.
    folder: OwnedFd,
    device: u64,
}

#[cfg(target_os = "linux")]
impl Together {
    /// That of `folder`, if it is known to do so. A file system in user space need not, and before
    /// Linux 5.8 a failure was not reported.
    fn on(folder: OwnedFd) -> Option<Self> {
        let kind = rustix::fs::fstatfs(&folder).ok()?.f_type;
        let is_known = KNOWN.iter().any(|&known| i128::from(known) == i128::from(kind));
        let device = rustix::fs::fstat(&folder).ok()?.st_dev;
        (is_known && kernel::is_linux(5, 8)).then_some(Self { folder, device })
    }

    fn is_on(&self, file: &File) -> io::Result<bool> {
        Ok(rustix::fs::fstat(file)?.st_dev == self.device)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.folder)?)
    }
}

#[cfg(target_os = "linux")]
const KNOWN: [libc::c_long; 5] = [
    libc::EXT4_SUPER_MAGIC,
    libc::XFS_SUPER_MAGIC,
    libc::BTRFS_SUPER_MAGIC,
    libc::F2FS_SUPER_MAGIC,
    libc::TMPFS_MAGIC,
];

/// Elsewhere no file system is known to.
#[cfg(not(target_os = "linux"))]
pub(super) enum Together {}

#[cfg(not(target_os = "linux"))]
impl Together {
    fn on(_: OwnedFd) -> Option<Self> {
        None
    }

    fn is_on(&self, _: &File) -> io::Result<bool> {
        match *self {}
    }

    fn sync(&self) -> io::Result<()> {
        match *self {}
    }
}

/// From this many contents on, they are written together.
const MANY: usize = 32;
