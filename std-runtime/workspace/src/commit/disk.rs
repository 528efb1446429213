//! The system calls by which a commit changes a folder. No link of the folder is followed.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::identity::Identity;
use crate::patch::tree::Tree;

/// Asked before each call that writes. Tests make it fail there.
pub trait Faults {
    /// # Errors
    /// That of the call.
    fn before(&self, call: &'static str) -> io::Result<()>;
}

impl Faults for () {
    fn before(&self, _: &'static str) -> io::Result<()> {
        Ok(())
    }
}

/// A folder that is written to.
pub struct Disk<'a> {
    pub(super) tree: Tree,
    pub(super) faults: &'a dyn Faults,
}

impl<'a> Disk<'a> {
    /// The folder at `path`.
    ///
    /// # Errors
    /// The error of the system.
    pub fn open(path: &Path, faults: &'a dyn Faults) -> io::Result<Self> {
        Ok(Self { tree: Tree::open(path)?, faults })
    }

    /// What is at `path`.
    pub(super) fn identity(&self, path: &[u8]) -> io::Result<Option<Identity>> {
        Ok(self.tree.stat(path)?.as_ref().map(Identity::of))
    }

    /// Creates a file that nobody else may read; fails if it exists.
    pub(super) fn create(&self, path: &[u8]) -> io::Result<File> {
        self.faults.before("create")?;
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = self.tree.in_parent(path, |folder, name| {
            rustix::fs::openat(folder, name, flags, Mode::RUSR | Mode::WUSR)
        });
        Ok(made?.into())
    }

    /// Makes a symbolic link.
    pub(super) fn symlink(&self, target: &[u8], path: &[u8]) -> io::Result<()> {
        self.faults.before("symlink")?;
        Ok(self.tree.in_parent(path, |folder, name| rustix::fs::symlinkat(target, folder, name))?)
    }

    /// Makes a folder.
    pub(super) fn make_folder(&self, path: &[u8]) -> io::Result<()> {
        self.faults.before("mkdir")?;
        let mode = Mode::RWXU | Mode::RWXG | Mode::RWXO;
        Ok(self.tree.in_parent(path, |folder, name| rustix::fs::mkdirat(folder, name, mode))?)
    }

    /// Removes an empty folder.
    pub(super) fn remove_folder(&self, path: &[u8]) -> io::Result<()> {
        self.faults.before("rmdir")?;
        let flags = AtFlags::REMOVEDIR;
        Ok(self.tree.in_parent(path, |folder, name| rustix::fs::unlinkat(folder, name, flags))?)
    }

    /// Removes a file or a link; a missing one is not an error.
    pub(super) fn remove(&self, path: &[u8]) -> io::Result<()> {
        self.faults.before("unlink")?;
        let none = AtFlags::empty();
        match self.tree.in_parent(path, |folder, name| rustix::fs::unlinkat(folder, name, none)) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Renames `from` to `to`, replacing any file of that name.
    pub(super) fn replace(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        self.rename("rename", from, to, RenameFlags::empty()).map_err(io::Error::from)
    }

    /// Swaps `a` and `b` at once; `None` if the file system cannot.
    pub(super) fn exchange(&self, a: &[u8], b: &[u8]) -> io::Result<Option<()>> {
        supported(self.rename("exchange", a, b, RenameFlags::EXCHANGE))
    }

    /// Renames `from` to `to` if nothing has that name; `AlreadyExists` otherwise.
    pub(super) fn move_to(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        if supported(self.rename("move", from, to, RenameFlags::NOREPLACE))?.is_some() {
            return Ok(());
        }
        match self.link(from, to) {
            Ok(()) => self.remove(from),
            // A folder, or a file system without hard links: nobody else uses this name.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                match self.identity(to)? {
                    None => self.replace(from, to),
                    Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the file `from` the second name `to`.
    pub(super) fn link(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        self.faults.before("link")?;
        Ok(self.tree.in_parent(from, |from_folder, from_name| {
            self.tree.in_parent(to, |to_folder, to_name| {
                let none = AtFlags::empty();
                rustix::fs::linkat(from_folder, from_name, to_folder, to_name, none)
            })
        })?)
    }

    /// Makes the names in the folder `path` survive a power failure.
    pub(super) fn sync(&self, path: &[u8]) -> io::Result<()> {
        self.faults.before("fsync")?;
        match rustix::fs::fsync(self.tree.folder(path)?.as_fd()) {
            // Some file systems have nothing to write for a folder.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn rename(
        &self,
        call: &'static str,
        from: &[u8],
        to: &[u8],
        flags: RenameFlags,
    ) -> Result<(), Errno> {
        let fault = self.faults.before(call);
        fault.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        self.tree.in_parent(from, |from_folder, from_name| {
            self.tree.in_parent(to, |to_folder, to_name| {
                if flags.is_empty() {
                    return rustix::fs::renameat(from_folder, from_name, to_folder, to_name);
                }
                rustix::fs::renameat_with(from_folder, from_name, to_folder, to_name, flags)
            })
        })
    }
}

/// `None` for a call that the file system or the kernel does not know.
fn supported(result: Result<(), Errno>) -> io::Result<Option<()>> {
    match result {
        Ok(()) => Ok(Some(())),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}
