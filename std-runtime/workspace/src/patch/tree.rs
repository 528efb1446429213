//! Reading a folder that someone else may have filled: no link is ever followed.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

/// A folder and its entries, by relative paths of `/`-separated names.
///
/// The empty path is the folder itself.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
    /// Folders that take the place of what is at their paths.
    grafts: Vec<(Vec<u8>, OwnedFd)>,
    ended: Ended,
}

/// Set when the run is ended: further reads are useless.
#[derive(Debug, Clone, Default)]
pub struct Ended(Arc<AtomicBool>);

impl Ended {
    /// Makes all reads fail from here on.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// `Other` after the end.
    pub fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::Error::other("stopped")) } else { Ok(()) }
    }
}

/// Opens a folder for its names.
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Tree {
    /// The folder at `path`.
    ///
    /// # Errors
    /// The error of the system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = rustix::fs::openat(CWD, path, FOLDER, Mode::empty())?;
        Ok(Self { root, grafts: Vec::new(), ended: Ended::default() })
    }

    /// The folder that `mount` shows.
    ///
    /// # Errors
    /// The error of the system.
    pub fn of_mount(mount: BorrowedFd<'_>) -> io::Result<Self> {
        let root = rustix::fs::openat(mount, c".", FOLDER, Mode::empty())?;
        Ok(Self { root, grafts: Vec::new(), ended: Ended::default() })
    }

    /// The same folder, whose files cannot be read after `ended`.
    #[must_use]
    pub fn until(self, ended: &Ended) -> Self {
        Self { ended: ended.clone(), ..self }
    }

    /// The folder at `path` with its entries.
    ///
    /// # Errors
    /// The error of the system.
    pub fn below(&self, path: &[u8]) -> io::Result<Self> {
        Ok(Self { root: self.folder(path)?, grafts: Vec::new(), ended: self.ended.clone() })
    }

    /// The same folder with the folder of `graft` in place of what is at `path`.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn with(mut self, path: &[u8], graft: &Self) -> io::Result<Self> {
        self.grafts.push((path.to_vec(), graft.root.try_clone()?));
        Ok(self)
    }

    /// The folder from which `path` is reached, and the way from there.
    fn start<'a>(&self, path: &'a [u8]) -> (BorrowedFd<'_>, &'a [u8]) {
        let found = self.grafts.iter().find_map(|(at, folder)| {
            let rest = path.strip_prefix(at.as_slice())?;
            let below = rest.strip_prefix(b"/").or_else(|| rest.is_empty().then_some(rest))?;
            Some((folder.as_fd(), below))
        });
        found.unwrap_or((self.root.as_fd(), path))
    }

    /// When reading ends.
    pub fn ended(&self) -> &Ended {
        &self.ended
    }

    /// The same folder again.
    ///
    /// # Errors
    /// The error of the system.
    pub fn try_clone(&self) -> io::Result<Self> {
        let clone = |(at, folder): &(Vec<u8>, OwnedFd)| Ok((at.clone(), folder.try_clone()?));
        let grafts: io::Result<_> = self.grafts.iter().map(clone).collect();
        Ok(Self { root: self.root.try_clone()?, grafts: grafts?, ended: self.ended.clone() })
    }

    /// The status of `path`, or `None` if there is nothing.
    ///
    /// # Errors
    /// The error of the system.
    pub fn stat(&self, path: &[u8]) -> io::Result<Option<Stat>> {
        if let (folder, []) = self.start(path) {
            return Ok(Some(rustix::fs::fstat(folder)?));
        }
        let found = self.in_parent(path, |folder, name| {
            rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        });
        match found {
            Ok(stat) => Ok(Some(stat)),
            // A parent that is a file or a link has nothing below it.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens the regular file at `path`.
    ///
    /// # Errors
    /// The error of the system.
    pub fn file(&self, path: &[u8]) -> io::Result<File> {
        // A FIFO that replaced a file must not block this process.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = self.in_parent(path, |folder, name| {
            rustix::fs::openat(folder, name, flags, Mode::empty())
        })?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
        if kind == FileType::RegularFile { Ok(file.into()) } else { Err(Errno::INVAL.into()) }
    }

    /// The target of the symbolic link at `path`.
    ///
    /// # Errors
    /// The error of the system.
    pub fn link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        let target =
            self.in_parent(path, |folder, name| rustix::fs::readlinkat(folder, name, Vec::new()))?;
        Ok(target.into_bytes())
    }

    /// Opens the folder at `path`.
    ///
    /// # Errors
    /// The error of the system.
    pub fn folder(&self, path: &[u8]) -> io::Result<OwnedFd> {
        if let (folder, []) = self.start(path) {
            return Ok(rustix::fs::openat(folder, ".", FOLDER, Mode::empty())?);
        }
        Ok(self.in_parent(path, |folder, name| {
            rustix::fs::openat(folder, name, FOLDER, Mode::empty())
        })?)
    }

    /// The names in the folder at `path` with the status of each, sorted.
    ///
    /// # Errors
    /// The error of the system.
    pub fn list(&self, path: &[u8]) -> io::Result<Vec<(Vec<u8>, Stat)>> {
        self.ended.check()?;
        let folder = self.folder(path)?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => entries.push((name.to_bytes().to_vec(), stat)),
                // Removed since it was listed.
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    /// Calls `call` with the last name of `path` and the folder that holds it, which is reached
    /// name by name, so that a link in between is an error and not a way out.
    pub fn in_parent<T>(
        &self,
        path: &[u8],
        call: impl FnOnce(BorrowedFd<'_>, &[u8]) -> rustix::io::Result<T>,
    ) -> rustix::io::Result<T> {
        let (root, path) = self.start(path);
        let Some(slash) = path.iter().rposition(|&byte| byte == b'/') else {
            return call(root, path);
        };
        let (parents, name) = (path.get(..slash).unwrap_or(b""), path.get(slash + 1..));
        let mut folder: Option<OwnedFd> = None;
        for parent in parents.split(|&byte| byte == b'/') {
            let from = folder.as_ref().map_or(root, OwnedFd::as_fd);
            folder = Some(rustix::fs::openat(from, parent, FOLDER, Mode::empty())?);
        }
        call(folder.as_ref().map_or(root, OwnedFd::as_fd), name.unwrap_or(b""))
    }
}

/// What kind of thing `stat` is about.
pub fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// `folder/name`, or `name` in the root.
pub fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() {
        return name.to_vec();
    }
    [folder, b"/", name].concat()
}
