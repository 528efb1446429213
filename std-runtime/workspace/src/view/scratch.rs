//! The private folder of a view on disk: made, locked, swept when its owner died, removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::sweep::{self, Effort, Sweeper};
use crate::{Error, ErrorKind, Result, resolved};

/// A folder that only its owner can enter; removed on drop.
///
/// Beside it is a file `NAME.lock`, locked while the owner lives: a folder whose
/// lock is free belongs to a run that was killed.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    lock_path: PathBuf,
    /// Removes the remains of other runs.
    sweeper: Mutex<Option<Sweeper>>,
    /// Holds the lock.
    _lock: File,
}

/// Distinguishes the views of one process.
static NEXT: AtomicU32 = AtomicU32::new(0);

impl Scratch {
    /// A new folder below `wish`, else below the system's places for temporary files, but always
    /// outside `not_below`.
    ///
    /// # Errors
    /// `Sandbox` if there is no place for it.
    pub(super) fn create(wish: Option<&Path>, not_below: &[&Path]) -> Result<Self> {
        let temporary = std::env::temp_dir();
        // On many systems /tmp is memory, and a build in the view may be large.
        let mut usual =
            vec![Path::new("/var/tmp"), &temporary, Path::new("/tmp"), "/dev/shm".as_ref()];
        if std::env::var_os("TMPDIR").is_some_and(|value| !value.is_empty()) {
            usual.insert(0, &temporary);
        } else {
            // Programs built in the view must run.
            usual.sort_by_cached_key(|place| is_noexec(place));
        }
        let places = wish.map_or(usual, |wish| vec![wish]);
        let mut refusals = Vec::new();
        for place in places {
            let made = resolved::path(place).and_then(|place| {
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
        let sweeper = sweep::sweep(&base);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = base.join(format!("{}-{number}", std::process::id()));
            let lock_path = path.with_extension("lock");
            let lock = match OpenOptions::new().write(true).create_new(true).open(&lock_path) {
                // It belongs to another pid namespace, or to a dead process that had this pid.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                // The last other run of this user has just removed the base.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    DirBuilder::new().mode(0o700).recursive(true).create(&base)?;
                    continue;
                }
                lock => lock?,
            };
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                // A concurrent sweep has removed the file.
                Ok(()) if lock.metadata()?.nlink() == 0 => continue,
                Ok(()) => {}
                // A concurrent sweep removes it.
                Err(Errno::AGAIN) => continue,
                // As on NFS without a lock service: a sweep could not distinguish live runs from dead ones.
                Err(errno) => {
                    let _ = fs::remove_file(&lock_path);
                    let _ = fs::remove_dir(&base);
                    let why = format!("files cannot be locked there: {}", io::Error::from(errno));
                    return Err(io::Error::other(why));
                }
            }
            let sweeper = Mutex::new(sweeper);
            let scratch = Self { path, lock_path, sweeper, _lock: lock };
            DirBuilder::new().mode(0o700).create(&scratch.path)?;
            return Ok(scratch);
        }
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a folder in it.
    ///
    /// # Errors
    /// `Sandbox` when the disk refuses.
    pub(super) fn folder(&self, name: &str, mode: u32) -> Result<PathBuf> {
        let path = self.path.join(name);
        // The mode is set independently of the umask.
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

    /// Removes it with its content; does nothing if it is gone.
    pub(super) fn remove(&self) {
        let sweeper = self.sweeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sweeper) = sweeper {
            sweeper.end();
        }
        sweep::remove(&self.path, &mut Effort::Whole);
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

/// Gives `folder` the mode of `model`, and its owner if we can.
pub(super) fn like(folder: &Path, model: &Path) -> Result<()> {
    let result = fs::metadata(model).and_then(|metadata| {
        if rustix::process::geteuid().is_root() {
            chown(folder, Some(metadata.uid()), Some(metadata.gid()))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(metadata.mode() & 0o7777))
    });
    result.map_err(|error| disk(folder, &error))
}

/// Takes away what a mount that is of no use left in its upper folder.
pub(super) fn empty(upper: &Path) -> Result<()> {
    let entries = fs::read_dir(upper).map_err(|error| disk(upper, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|error| disk(&path, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_a_tool_made_hard_to_remove_are_removed() {
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
    fn a_base_folder_of_someone_else_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        let uid = rustix::process::geteuid().as_raw();
        std::os::unix::fs::symlink("/var", place.path().join(format!("zerostack-{uid}"))).unwrap();
        let error = Scratch::create(Some(place.path()), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Sandbox);
        assert!(error.to_string().contains("not private"), "{error}");
    }
}
