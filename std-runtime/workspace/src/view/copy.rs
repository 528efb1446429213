//! A private copy of a folder, the changes since, and the original content.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Gid, Stat, Timespec, Timestamps, Uid};

use super::baseline::Start;
use super::scratch::disk;
use super::{Presence, Touched};
use crate::patch::Entry;
use crate::patch::stored::{Place, Store};
use crate::patch::tree::{Ended, Tree, join, kind};
use crate::{Error, ErrorKind, Result};

/// A copy, with what is needed to find changes later.
#[derive(Debug)]
pub(super) struct Copy {
    /// The copied files and links.
    files: HashMap<Vec<u8>, Copied>,
    /// Content that tools overwrite; the copy itself does not keep it.
    contents: Store,
    /// The clock of the file system when the copy was complete.
    complete: (i64, i64),
}

/// A copied file.
#[derive(Debug)]
struct Copied {
    /// As it was in the folder.
    stat: Stat,
    /// As the copy made it.
    copy: Stamp,
    content: Option<Place>,
}

/// How many bytes of the original are kept, for the patch of files that the user also changes; in
/// total and for one file.
const CONTENTS_BYTES: u64 = 256 * 1024 * 1024;
const CONTENT_BYTES: u64 = 4 * 1024 * 1024;

/// Differs when a file was written, replaced or renamed: no program can set the
/// time of the last change.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    changed: (i64, i64),
}

/// Whether the `.git` file of a linked worktree is copied, which would let tools
/// write to the repository it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GitLink {
    Keep,
    Drop,
}

impl Copy {
    /// Copies `from`, found at `origin`, to the empty folder `to`.
    ///
    /// Sockets, FIFOs, devices and folders that cannot be read are not in the copy, nor is what
    /// vanishes meanwhile.
    ///
    /// # Errors
    /// `Sandbox` when the copy cannot be written, `Input` when a folder cannot be listed.
    pub(super) fn make(from: &Tree, origin: &Path, to: &Path, git: GitLink) -> Result<Self> {
        let beside = to.parent().unwrap_or(to);
        let mut contents =
            Store::create(beside, &Ended::default()).map_err(|error| disk(beside, &error))?;
        let mut paths = Vec::new();
        let mut linked = HashMap::new();
        let mut folders = vec![(Vec::new(), None)];
        let mut finished: Vec<(PathBuf, Stat)> = Vec::new();
        while let Some((folder, stat)) = folders.pop() {
            let entries = match from.list(&folder) {
                // A folder of someone else, such as the data of a database.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && stat.is_some() => {
                    continue;
                }
                Err(error) if is_gone(&error) && stat.is_some() => continue,
                entries => entries.map_err(|error| unreadable(origin, &folder, &error))?,
            };
            if let Some(stat) = stat {
                let path = to.join(os(&folder));
                fs::create_dir(&path).map_err(|error| disk(&path, &error))?;
                finished.push((path, stat));
            }
            for (name, stat) in entries {
                let path = join(&folder, &name);
                let at = to.join(os(&path));
                match kind(&stat) {
                    FileType::Directory => folders.push((path, Some(stat))),
                    FileType::RegularFile if path == b".git" && git == GitLink::Drop => {}
                    FileType::RegularFile => {
                        if let Some(first) = linked.get(&(stat.st_dev, stat.st_ino)) {
                            fs::hard_link(first, &at).map_err(|error| disk(&at, &error))?;
                        } else if copy_file(from, origin, &path, &at, &stat)? {
                            if stat.st_nlink > 1 {
                                linked.insert((stat.st_dev, stat.st_ino), at.clone());
                            }
                        } else {
                            continue;
                        }
                        // git has the content of its folder.
                        let content =
                            if is_git(&path) { None } else { keep(&mut contents, &at, &stat) };
                        paths.push((path, stat, content));
                    }
                    FileType::Symlink => {
                        let target = match from.link(&path) {
                            Err(error) if is_gone(&error) => continue,
                            target => target.map_err(|error| unreadable(origin, &path, &error))?,
                        };
                        symlink(os(&target), &at).map_err(|error| disk(&at, &error))?;
                        set_times(&at, &stat).map_err(|error| disk(&at, &error))?;
                        let content = contents.add(&mut target.as_slice()).ok();
                        paths.push((path, stat, content));
                    }
                    _ => {}
                }
            }
        }
        // Last, because nothing can be made in a folder that is not writable.
        for (path, stat) in finished.iter().rev() {
            own(path, stat)
                .and_then(|()| fs::set_permissions(path, mode(stat)))
                .and_then(|()| set_times(path, stat))
                .map_err(|error| disk(path, &error))?;
        }
        Self::complete(paths, contents, to).map_err(|error| disk(to, &error))
    }

    fn complete(
        paths: Vec<(Vec<u8>, Stat, Option<Place>)>,
        contents: Store,
        to: &Path,
    ) -> io::Result<Self> {
        let tree = Tree::open(to)?;
        let mut files = HashMap::with_capacity(paths.len());
        for (path, stat, content) in paths {
            if let Some(made) = tree.stat(&path)? {
                files.insert(path, Copied { stat, copy: Stamp::of(&made), content });
            }
        }
        let clock = to.with_extension("complete");
        let metadata = File::create(&clock)?.metadata()?;
        fs::remove_file(&clock)?;
        Ok(Self { files, contents, complete: (metadata.ctime(), metadata.ctime_nsec()) })
    }

    /// All paths in the copy that may differ from the original, and those that are gone.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn touched(&self, copy: &Tree) -> io::Result<Touched> {
        let mut touched = Touched::default();
        let mut seen = 0_usize;
        let mut folders = vec![Vec::new()];
        while let Some(folder) = folders.pop() {
            for (name, stat) in copy.list(&folder)? {
                let path = join(&folder, &name);
                match kind(&stat) {
                    FileType::Directory => folders.push(path),
                    FileType::RegularFile | FileType::Symlink => {
                        let before = self.files.get(&path).map(|file| &file.copy);
                        seen += usize::from(before.is_some());
                        let now = Stamp::of(&stat);
                        // The place of a file that could not be read.
                        let closed = stat.st_size == 0 && stat.st_mode & 0o777 == 0;
                        let unread = self.files.get(&path).is_some_and(|it| it.content.is_none());
                        if closed && unread {
                            continue;
                        }
                        // In the last tick of the clock a change leaves no trace in the stamp.
                        if before == Some(&now) && now.changed < self.complete {
                            continue;
                        }
                        touched.paths.insert(path, Presence::There);
                    }
                    _ => touched.special.push(path),
                }
            }
        }
        if seen < self.files.len() {
            for path in self.files.keys() {
                if !touched.paths.contains_key(path) && !is_there(copy, path)? {
                    touched.paths.insert(path.clone(), Presence::Gone);
                }
            }
        }
        touched.paths.retain(|path, _| !is_git(path));
        Ok(touched)
    }

    /// The state of `path` in `folder` when it was copied.
    ///
    /// # Errors
    /// The error of the system.
    pub(super) fn start(&self, folder: &Tree, path: &[u8]) -> io::Result<Start> {
        let now = folder.stat(path)?;
        let Some(copied) = self.files.get(path) else {
            // The current entry was created since, or could not be copied.
            return Ok(match now.as_ref().and_then(Entry::of) {
                None => Start::Live(None),
                Some(_) => Start::Known(None),
            });
        };
        if now.is_some_and(|now| Stamp::of(&now) == Stamp::of(&copied.stat)) {
            return Ok(Start::Live(Entry::of(&copied.stat)));
        }
        let content = copied.content.map(|place| self.contents.stored(place));
        let start = Entry::of(&copied.stat).zip(content);
        Ok(start.map_or(Start::Unknown, |(entry, content)| {
            Start::Known(Some(entry.with_content(content)))
        }))
    }
}

impl Stamp {
    #[allow(clippy::unnecessary_cast)] // the types differ between systems
    fn of(stat: &Stat) -> Self {
        Self {
            inode: stat.st_ino as u64,
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }
}

fn is_there(copy: &Tree, path: &[u8]) -> io::Result<bool> {
    let stat = copy.stat(path)?;
    Ok(stat.is_some_and(|stat| matches!(kind(&stat), FileType::RegularFile | FileType::Symlink)))
}

/// Whether it is in the folder of a repository.
fn is_git(path: &[u8]) -> bool {
    path.split(|&byte| byte == b'/').any(|name| name == b".git")
}

/// Whether `folder` is quick to copy: it has few files and bytes.
///
/// # Errors
/// The error of the system.
pub(super) fn is_small(folder: &Tree) -> io::Result<bool> {
    let (mut files, mut bytes) = (0_usize, 0_u64);
    let mut folders = vec![Vec::new()];
    while let Some(at) = folders.pop() {
        let entries = match folder.list(&at) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !at.is_empty() => {
                continue;
            }
            Err(error) if is_gone(&error) && !at.is_empty() => continue,
            entries => entries?,
        };
        for (name, stat) in entries {
            files += 1;
            match kind(&stat) {
                FileType::Directory => folders.push(join(&at, &name)),
                FileType::RegularFile => bytes += u64::try_from(stat.st_size).unwrap_or(0),
                _ => {}
            }
            if files > SMALL_FILES || bytes > SMALL_BYTES {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

const SMALL_FILES: usize = 20_000;
const SMALL_BYTES: u64 = 256 * 1024 * 1024;

/// Keeps the content of the file at `at`, if there is room.
fn keep(contents: &mut Store, at: &Path, stat: &Stat) -> Option<Place> {
    let size = u64::try_from(stat.st_size).ok()?;
    if size > CONTENT_BYTES || contents.len() + size > CONTENTS_BYTES {
        return None;
    }
    // Without it the run ends with a conflict where it would be needed.
    contents.add(&mut File::open(at).ok()?).ok()
}

/// Copies one file; `false` if it is not there any more.
fn copy_file(from: &Tree, origin: &Path, path: &[u8], at: &Path, stat: &Stat) -> Result<bool> {
    let mut source = match from.file(path) {
        Ok(source) => source,
        Err(error) if is_gone(&error) => return Ok(false),
        // It is there, and cannot be read there either.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let mut options = OpenOptions::new();
            let closed = options.write(true).create_new(true).mode(0o000).open(at);
            closed.and_then(|_| set_times(at, stat)).map_err(|error| disk(at, &error))?;
            return Ok(true);
        }
        Err(error) => return Err(unreadable(origin, path, &error)),
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut target = options.open(at).map_err(|error| disk(at, &error))?;
    // Shares the blocks where the file system can.
    io::copy(&mut source, &mut target)
        .and_then(|_| own(at, stat))
        .and_then(|()| target.set_permissions(mode(stat)))
        .and_then(|()| set_times(at, stat))
        .map_err(|error| disk(at, &error))?;
    Ok(true)
}

/// Whether what was there when its folder was listed is not any more, or is something else: files
/// come and go while a folder is read. A link that took the place of a file or folder is not
/// followed, and one in the place of which a file is, is no link (`EINVAL`).
pub(super) fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    let kinds = [E::NotFound, E::NotADirectory, E::IsADirectory, E::InvalidInput];
    kinds.contains(&error.kind()) || error.raw_os_error() == Some(ELOOP)
}

const ELOOP: i32 = rustix::io::Errno::LOOP.raw_os_error();

/// Root's copies belong to whom the originals belong to; others can only own their own.
fn own(at: &Path, stat: &Stat) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    Ok(rustix::fs::chownat(CWD, at, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
}

#[allow(clippy::useless_conversion)] // the type differs between systems
fn mode(stat: &Stat) -> Permissions {
    Permissions::from_mode(u32::from(stat.st_mode) & 0o7777)
}

/// Build tools compare times.
fn set_times(at: &Path, stat: &Stat) -> io::Result<()> {
    let time = |seconds, nanoseconds| Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps {
        last_access: time(stat.st_atime as _, stat.st_atime_nsec as _),
        last_modification: time(stat.st_mtime as _, stat.st_mtime_nsec as _),
    };
    Ok(rustix::fs::utimensat(CWD, at, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

fn unreadable(origin: &Path, path: &[u8], error: &io::Error) -> Error {
    let path = origin.join(os(path));
    Error::new(ErrorKind::Input, format!("cannot read {}: {error}", path.display()))
}

fn os(path: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn what_vanishes_while_it_is_copied_is_not_in_the_copy() {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("from");
        fs::create_dir_all(from.join("stays")).unwrap();
        fs::write(from.join("stays/file"), "text").unwrap();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            // A build beside it: folders with files and links, made and removed.
            let churn = |thread: usize| {
                let from = &from;
                let is_over = &is_over;
                move || {
                    while !is_over.load(Ordering::Relaxed) {
                        for number in 0..8 {
                            let folder = from.join(format!("gone-{thread}-{number}"));
                            fs::create_dir_all(folder.join("deep/er")).unwrap();
                            symlink("x", folder.join("link")).unwrap();
                            fs::write(folder.join("deep/file"), "x").unwrap();
                        }
                        for number in 0..8 {
                            let folder = from.join(format!("gone-{thread}-{number}"));
                            fs::remove_dir_all(folder).unwrap();
                        }
                    }
                }
            };
            let threads = [scope.spawn(churn(0)), scope.spawn(churn(1))];
            let mut made = Vec::new();
            for round in 0..25 {
                let beside = place.path().join(format!("copy-{round}"));
                let to = beside.join("files");
                fs::create_dir_all(&to).unwrap();
                let tree = Tree::open(&from).unwrap();
                made.push(is_small(&tree).map(drop).map_err(|error| error.to_string()));
                let copy = Copy::make(&tree, &from, &to, GitLink::Keep);
                made.push(copy.map(drop).map_err(|error| error.to_string()));
                assert_eq!(fs::read_to_string(to.join("stays/file")).unwrap(), "text");
                fs::remove_dir_all(&beside).unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(made.iter().find(|made| made.is_err()), None);
        });
    }
}
