//! Removing folders: those of this run, and the remains of killed runs.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::fs::FlockOperation;

/// A removal that continues during the run; the next run finishes it.
#[derive(Debug)]
pub(super) struct Sweeper {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

/// The remains of a killed run. The lock is held while they are removed.
struct Dead {
    folder: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

/// How much is removed before other work continues.
pub(super) enum Effort {
    /// All.
    Whole,
    /// This many entries.
    Entries(usize),
    /// Until it is stopped.
    Until(Arc<AtomicBool>),
}

/// As much as no one notices.
const AT_ONCE: usize = 2000;

/// Removes what killed runs left in `base`: small remains at once, the rest during the run.
pub(super) fn sweep(base: &Path) -> Option<Sweeper> {
    let mut effort = Effort::Entries(AT_ONCE);
    let mut rest = Vec::new();
    for entry in fs::read_dir(base).ok()?.flatten() {
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
            let dead = Dead { folder, lock_path, _lock: lock };
            if !dead.remove(&mut effort) {
                rest.push(dead);
            }
        }
    }
    if rest.is_empty() {
        return None;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut effort = Effort::Until(Arc::clone(&stop));
    let thread = std::thread::Builder::new().spawn(move || {
        for dead in rest {
            dead.remove(&mut effort);
        }
    });
    Some(Sweeper { thread: thread.ok()?, stop })
}

impl Sweeper {
    /// Leaves the rest to the next run.
    pub(super) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        // A panic in it left something, as the end does.
        let _ = self.thread.join();
    }
}

impl Dead {
    /// Whether no effort was missing.
    fn remove(&self, effort: &mut Effort) -> bool {
        let finished = remove(&self.folder, effort);
        // The next run tries again what cannot be removed now.
        if fs::symlink_metadata(&self.folder).is_err() {
            let _ = fs::remove_file(&self.lock_path);
        }
        finished
    }
}

impl Effort {
    fn is_spent(&mut self) -> bool {
        match self {
            Self::Whole => false,
            Self::Entries(0) => true,
            Self::Entries(left) => {
                *left -= 1;
                false
            }
            Self::Until(stop) => stop.load(Ordering::Relaxed),
        }
    }
}

/// Whether `path` names `file`.
fn is_at(file: &File, path: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (opened, named) = (file.metadata().map(id), fs::symlink_metadata(path).map(id));
    opened.is_ok_and(|opened| named.is_ok_and(|named| opened == named))
}

/// Removes the folder `top`, however deep it is and whatever modes a tool gave its entries; `false`
/// if some are left because the effort was spent.
pub(super) fn remove(top: &Path, effort: &mut Effort) -> bool {
    let mut deep = Vec::new();
    if !empty(top, 0, &mut deep, effort) {
        return false;
    }
    let mut moved = 0_u64;
    while let Some(path) = deep.pop() {
        // Brought up here, so no path gets long. A removal that was interrupted has left names of
        // this kind.
        let up = loop {
            let up = top.join(format!(".removed-{moved}"));
            moved += 1;
            if fs::symlink_metadata(&up).is_err() {
                break up;
            }
        };
        if fs::rename(&path, &up).is_err() {
            path.parent().into_iter().for_each(open_up);
            open_up(&path);
            let _ = fs::rename(&path, &up);
        }
        if !empty(&up, 1, &mut deep, effort) {
            return false;
        }
        let _ = fs::remove_dir(&up);
    }
    // The former parents of the folders that were moved up.
    let mut none = Vec::new();
    let finished = moved == 0 || empty(top, 0, &mut none, effort);
    let _ = fs::remove_dir(top);
    finished
}

/// Removes the content of `folder`, which is `deep` levels down; folders that are too deep are left and returned.
fn empty(folder: &Path, depth: usize, deep: &mut Vec<PathBuf>, effort: &mut Effort) -> bool {
    let entries = fs::read_dir(folder).or_else(|_| {
        open_up(folder);
        fs::read_dir(folder)
    });
    for entry in entries.into_iter().flatten().flatten() {
        if effort.is_spent() {
            return false;
        }
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // Most are empty, and to read them costs more than to try.
        if is_folder && fs::remove_dir(&path).is_ok() {
            continue;
        }
        if is_folder && depth >= DEPTH {
            deep.push(path);
            continue;
        }
        if is_folder && !empty(&path, depth + 1, deep, effort) {
            return false;
        }
        let remove = || if is_folder { fs::remove_dir(&path) } else { fs::remove_file(&path) };
        if remove().is_err() {
            open_up(folder);
            let _ = remove();
        }
    }
    true
}

/// How deep a folder is emptied in its place.
const DEPTH: usize = 16;

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_rest_is_removed_in_parts() {
        let place = tempfile::tempdir().unwrap();
        let dead = place.path().join("1-1");
        for name in ["upper/a", "upper/b/deep", "tmp"] {
            fs::create_dir_all(dead.join(name)).unwrap();
            for number in 0..20 {
                fs::write(dead.join(name).join(number.to_string()), "").unwrap();
            }
        }
        let mut rounds = 1;
        while !remove(&dead, &mut Effort::Entries(10)) {
            rounds += 1;
        }
        assert!(!dead.exists());
        assert!((6..40).contains(&rounds), "{rounds} rounds");
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
}
