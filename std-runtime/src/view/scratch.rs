//! The private folder of a view on disk: made, locked, swept when its owner died, removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::{Error, ErrorKind, Result};

/// A folder that only its owner can enter; removed on drop.
///
/// Beside it is a file `NAME.lock`, locked while the owner lives: a folder whose
/// lock is free belongs to a run that was killed.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    lock_path: PathBuf,
    /// Holds the lock.
    _lock: File,
}

/// Tells the views of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

impl Scratch {
    /// A new folder below `wish`, else below the system's places for temporary files, in any
    /// case outside of `not_below`.
    ///
    /// # Errors
    /// `Sandbox` when there is no place for it.
    pub(super) fn create(wish: Option<&Path>, not_below: &[&Path]) -> Result<Self> {
        let temporary = std::env::temp_dir();
        // On many systems /tmp is memory, and a build in the view may be large.
        let mut usual =
            vec![Path::new("/var/tmp"), &temporary, Path::new("/tmp"), "/dev/shm".as_ref()];
        if std::env::var_os("TMPDIR").is_some_and(|value| !value.is_empty()) {
            usual.insert(0, &temporary);
        } else {
            // What is built in the view must run.
            usual.sort_by_key(|place| is_noexec(place));
        }
        let places = wish.map_or(usual, |wish| vec![wish]);
        let mut refusals = Vec::new();
        for place in places {
            let made = fs::canonicalize(place).and_then(|place| {
                if not_below.iter().any(|folder| place.starts_with(folder)) {
                    return Err(io::Error::other("lies inside the project"));
                }
                Self::create_in(&place)
            });
            match made {
                Ok(scratch) => return Ok(scratch),
                Err(error) => refusals.push(format!("{}: {error}", place.display())),
            }
        }
        Err(Error::new(
            ErrorKind::Sandbox,
            format!(
                "no place for the private files of the run ({}); set TMPDIR to a folder on a disk \
                 with free space",
                refusals.join("; ")
            ),
        ))
    }

    fn create_in(place: &Path) -> io::Result<Self> {
        let uid = rustix::process::geteuid().as_raw();
        let base = place.join(format!("zerostack-{uid}"));
        match DirBuilder::new().mode(0o700).create(&base) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let metadata = fs::symlink_metadata(&base)?;
        if !metadata.is_dir() || metadata.uid() != uid || metadata.mode() & 0o077 != 0 {
            return Err(io::Error::other(format!(
                "{} is not private to this user",
                base.display()
            )));
        }
        sweep(&base);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = base.join(format!("{}-{number}", std::process::id()));
            let lock_path = path.with_extension("lock");
            let lock = match OpenOptions::new().write(true).create_new(true).open(&lock_path) {
                // Of another pid namespace, or of a dead process that had our pid.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                // The last other run of this user has just removed the base.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    DirBuilder::new().mode(0o700).recursive(true).create(&base)?;
                    continue;
                }
                lock => lock?,
            };
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                // A sweep that came between has taken the file away.
                Ok(()) if lock.metadata()?.nlink() == 0 => continue,
                Ok(()) => {}
                // A sweep that came between removes it.
                Err(Errno::AGAIN) => continue,
                // As on NFS without a lock service: a sweep could not tell the living from the dead.
                Err(errno) => {
                    let _ = fs::remove_file(&lock_path);
                    let _ = fs::remove_dir(&base);
                    let why = format!("files cannot be locked there: {}", io::Error::from(errno));
                    return Err(io::Error::other(why));
                }
            }
            let scratch = Self { path, lock_path, _lock: lock };
            DirBuilder::new().mode(0o700).create(&scratch.path)?;
            return Ok(scratch);
        }
    }

    /// Makes a folder in it.
    ///
    /// # Errors
    /// `Sandbox` when the disk refuses.
    pub(super) fn folder(&self, name: &str, mode: u32) -> Result<PathBuf> {
        let path = self.path.join(name);
        // The mode is set apart from the umask.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .and_then(|()| match mode {
                0o700 => Ok(()),
                mode => fs::set_permissions(&path, fs::Permissions::from_mode(mode)),
            })
            .map_err(|error| disk(&path, &error))?;
        Ok(path)
    }

    /// Removes it with all that is inside; nothing happens if it is gone.
    pub(super) fn remove(&self) {
        remove(&self.path);
        let _ = fs::remove_file(&self.lock_path);
        // Succeeds for the last one of this user only.
        if let Some(base) = self.path.parent() {
            let _ = fs::remove_dir(base);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Whether no program runs from there.
fn is_noexec(place: &Path) -> bool {
    let flags = rustix::fs::statvfs(place).map(|stat| stat.f_flag);
    flags.is_ok_and(|flags| flags.contains(NOEXEC))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const NOEXEC: rustix::fs::StatVfsMountFlags = rustix::fs::StatVfsMountFlags::NOEXEC;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NOEXEC: rustix::fs::StatVfsMountFlags = rustix::fs::StatVfsMountFlags::empty();

/// The error for a scratch folder that cannot be written.
pub(super) fn disk(path: &Path, error: &io::Error) -> Error {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let advice =
        if full { "; free some space, or set TMPDIR to a folder on another disk" } else { "" };
    Error::new(ErrorKind::Sandbox, format!("cannot write {}: {error}{advice}", path.display()))
}

/// Removes what runs that were killed left in `base`.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let lock_path = entry.path();
        if lock_path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        let options =
            OpenOptions::new().write(true).custom_flags(libc::O_NOFOLLOW).open(&lock_path);
        let Ok(lock) = options else { continue };
        let locked = rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive);
        // Another sweep may have removed the file that was opened here, and another run may have
        // made one of that name: that run lives.
        if locked.is_ok() && is_at(&lock, &lock_path) {
            let folder = lock_path.with_extension("");
            remove(&folder);
            // What cannot be removed today has its turn with the next run.
            if fs::symlink_metadata(&folder).is_err() {
                let _ = fs::remove_file(&lock_path);
            }
        }
    }
}

/// Whether `file` is what `path` names.
fn is_at(file: &File, path: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (opened, named) = (file.metadata().map(id), fs::symlink_metadata(path).map(id));
    opened.is_ok_and(|opened| named.is_ok_and(|named| opened == named))
}

/// Removes the folder `top`, however deep it is and whatever modes a tool gave to what is inside.
fn remove(top: &Path) {
    let mut emptied = vec![top.to_owned()];
    let mut moved = 0_u64;
    while let Some(folder) = emptied.pop() {
        let entries = fs::read_dir(&folder).or_else(|_| {
            open_up(&folder);
            fs::read_dir(&folder)
        });
        let Ok(entries) = entries else { continue };
        let mut below = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                below.push(path);
            } else if fs::remove_file(&path).is_err() {
                open_up(&folder);
                let _ = fs::remove_file(&path);
            }
        }
        if folder == top {
            // Folders further down are brought up here, so no path gets long.
            emptied.extend(below);
            continue;
        }
        for path in below {
            if fs::remove_dir(&path).is_ok() {
                continue;
            }
            // A removal that was interrupted has left names of this kind.
            let up = loop {
                let up = top.join(format!(".removed-{moved}"));
                moved += 1;
                if fs::symlink_metadata(&up).is_err() {
                    break up;
                }
            };
            if fs::rename(&path, &up).is_err() {
                open_up(&folder);
                open_up(&path);
                let _ = fs::rename(&path, &up);
            }
            emptied.push(up);
        }
        let _ = fs::remove_dir(&folder);
    }
    let _ = fs::remove_dir(top);
}

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_a_tool_made_hard_to_remove() {
        let place = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(Some(place.path()), &[]).unwrap();
        let at = scratch.path.join("upper");
        fs::create_dir(&at).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at.join("link")).unwrap();
        let mut deep = File::open(&at).unwrap();
        let (name, mode) = ("a-name-of-twenty-char", rustix::fs::Mode::RWXU);
        for _ in 0..300 {
            rustix::fs::mkdirat(&deep, name, mode).unwrap();
            let flags = rustix::fs::OFlags::RDONLY;
            deep = rustix::fs::openat(&deep, name, flags, mode).unwrap().into();
        }
        let at = at.join("closed");
        fs::create_dir(&at).unwrap();
        fs::create_dir(at.join("below")).unwrap();
        fs::write(at.join("below/file"), "").unwrap();
        fs::set_permissions(at.join("below"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(&at, fs::Permissions::from_mode(0o500)).unwrap();
        drop(scratch);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        assert!(Path::new("/etc/passwd").exists());
    }

    #[test]
    fn the_scratch_of_a_dead_run_is_swept_and_that_of_a_live_one_is_not() {
        let place = tempfile::tempdir().unwrap();
        let live = Scratch::create(Some(place.path()), &[]).unwrap();
        let base = live.path.parent().unwrap();
        fs::create_dir(base.join("1-1")).unwrap();
        fs::write(base.join("1-1/left"), "behind").unwrap();
        fs::write(base.join("1-1.lock"), "").unwrap();
        let other = Scratch::create(Some(place.path()), &[]).unwrap();
        assert!(!base.join("1-1").exists() && !base.join("1-1.lock").exists());
        assert!(live.path.exists() && other.path.exists());
    }

    #[test]
    fn an_interrupted_removal_is_finished() {
        let place = tempfile::tempdir().unwrap();
        let first = Scratch::create(Some(place.path()), &[]).unwrap();
        let dead = first.path.with_file_name("1-1");
        for name in [".removed-0", ".removed-1", ".removed-3", "upper/a", "upper/b", "upper/c"] {
            fs::create_dir_all(dead.join(name).join("deep/deeper")).unwrap();
            fs::write(dead.join(name).join("deep/file"), "").unwrap();
        }
        fs::write(dead.with_extension("lock"), "").unwrap();
        drop(Scratch::create(Some(place.path()), &[]).unwrap());
        assert!(!dead.exists() && !dead.with_extension("lock").exists());
    }

    #[test]
    fn a_lock_that_another_sweep_replaced_is_not_taken_for_that_of_a_dead_run() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("1-0.lock");
        fs::write(&path, "").unwrap();
        let opened = File::open(&path).unwrap();
        assert!(is_at(&opened, &path));
        fs::rename(&path, place.path().join("old")).unwrap();
        assert!(!is_at(&opened, &path));
        fs::write(&path, "").unwrap();
        assert!(!is_at(&opened, &path));
    }

    #[test]
    fn a_base_folder_of_someone_else_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        let uid = rustix::process::geteuid().as_raw();
        std::os::unix::fs::symlink("/var", place.path().join(format!("zerostack-{uid}"))).unwrap();
        let error = Scratch::create(Some(place.path()), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Sandbox);
        assert!(error.to_string().contains("not private"), "{error}");
    }
}
