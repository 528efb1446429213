//! Files that only root may read, and sockets that are not listed anywhere. Searching the whole
//! system for them takes longer than the rest of a run, so it is done only when a call could reach them.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};

use super::below::is_below;

/// The folders to search first; other top-level folders follow.
const FIRST: [&str; 8] = ["/etc", "/srv", "/opt", "/var", "/usr/local", "/boot", "/mnt", "/media"];

/// Folders that tools see differently, or that have nothing private.
const NOT: [&str; 19] = [
    "/bin",
    "/dev",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/var/cache",
    "/var/lib/apt",
    "/var/lib/dpkg",
    "/var/tmp",
];

/// How many entries are looked at, all together, and in one folder.
const ENTRIES: usize = 8000;
const ENTRIES_OF_FOLDER: usize = 1000;

/// How deep.
const DEPTH: usize = 5;

/// As many hidden files in one folder as are hidden one by one, rather than with the folder.
const FILES: usize = 24;

/// The places that tools must not reach besides the usual ones: sockets, and if they are root's
/// the files and folders for root alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Restricted {
    is_root: bool,
    /// Shown paths: nothing that contains or is in one of these is hidden.
    kept: Vec<PathBuf>,
    found: OnceLock<Vec<PathBuf>>,
}

impl Restricted {
    /// The places, except those that contain or are in one of `kept`.
    pub(super) fn beside(kept: Vec<PathBuf>) -> Self {
        let is_root = rustix::process::geteuid().is_root();
        // One spelling of each, for they are compared by their bytes.
        let kept = kept.iter().map(|path| path.components().collect()).collect();
        Self { is_root, kept, found: OnceLock::new() }
    }

    /// The places found so far.
    pub(super) fn as_found(&self) -> Self {
        let found = OnceLock::from(self.found.get().cloned().unwrap_or_default());
        Self { found, ..self.clone() }
    }

    /// Looks for them, once.
    pub(super) fn find(&self) -> &[PathBuf] {
        self.found.get_or_init(|| {
            let is_first = |path: &PathBuf| FIRST.iter().any(|first| path.as_os_str() == *first);
            let top = fs::read_dir("/").into_iter().flatten().flatten().map(|entry| entry.path());
            let top = top.filter(|path| !is_first(path));
            let folders = FIRST.iter().map(PathBuf::from).chain(top).collect();
            let mut found = self.search(ENTRIES).run(folders);
            // A folder precedes its content, which is hidden with it.
            found.sort_unstable();
            found.dedup_by(|path, outer| is_below(path, outer));
            found
        })
    }

    fn search(&self, left: usize) -> Search<'_> {
        let buffer = vec![MaybeUninit::uninit(); BUFFER_BYTES];
        Search { is_root: self.is_root, kept: &self.kept, left, buffer }
    }
}

struct Search<'a> {
    is_root: bool,
    kept: &'a [PathBuf],
    left: usize,
    buffer: Vec<MaybeUninit<u8>>,
}

impl Search<'_> {
    /// Looks through `folders`, the outer ones first.
    fn run(mut self, folders: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders: VecDeque<_> = folders.into_iter().map(|folder| (folder, 0)).collect();
        while let Some((path, depth)) = folders.pop_front() {
            let is_not = NOT.iter().any(|not| path.as_os_str() == *not);
            if is_not || self.kept.iter().any(|kept| is_below(&path, kept)) {
                continue;
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let Ok(folder) = rustix::fs::open(&path, flags, Mode::empty()) else { continue };
            if self.is_root
                && rustix::fs::fstat(&folder).is_ok_and(|it| is_private(it.st_mode))
                && self.is_free(&path)
            {
                found.push(path);
                continue;
            }
            let hidden = self.look_through(&folder, &path, depth, &mut folders);
            if hidden.len() > FILES && self.is_free(&path) {
                found.push(path);
            } else {
                found.extend(hidden.into_iter().filter(|path| self.is_free(path)));
            }
        }
        found
    }

    /// The files of one folder that are to be hidden; the folders in it go to `folders`.
    fn look_through(
        &mut self,
        folder: &OwnedFd,
        path: &Path,
        depth: usize,
        folders: &mut VecDeque<(PathBuf, usize)>,
    ) -> Vec<PathBuf> {
        let mut hidden = Vec::new();
        let mut left_here = ENTRIES_OF_FOLDER;
        let mut entries = RawDir::new(folder, &mut self.buffer);
        while let Some(Ok(entry)) = entries.next() {
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let rest = self.left.checked_sub(1).zip(left_here.checked_sub(1));
            let Some(rest) = rest else { break };
            (self.left, left_here) = rest;
            // Some file systems do not list the kind of an entry.
            let stat = || rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok();
            let (kind, mode) = match entry.file_type() {
                FileType::RegularFile if !self.is_root => continue,
                FileType::RegularFile | FileType::Unknown => match stat() {
                    Some(stat) => (FileType::from_raw_mode(stat.st_mode), stat.st_mode),
                    None => continue,
                },
                kind => (kind, 0),
            };
            let at = || path.join(OsStr::from_bytes(name.to_bytes()));
            match kind {
                FileType::Directory if depth < DEPTH => folders.push_back((at(), depth + 1)),
                FileType::Socket => hidden.push(at()),
                FileType::RegularFile if self.is_root && mode & 0o004 == 0 => hidden.push(at()),
                _ => {}
            }
        }
        hidden
    }

    /// Whether `path` neither holds nor is in one of the kept places.
    fn is_free(&self, path: &Path) -> bool {
        !self.kept.iter().any(|kept| is_below(kept, path) || is_below(path, kept))
    }
}

/// Whether a folder of this mode is for its owner and group alone.
fn is_private(mode: u32) -> bool {
    mode & 0o005 == 0
}

/// Entries that fit are listed by one call.
const BUFFER_BYTES: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn for_git_alone_nothing_is_looked_for() {
        let restricted = Restricted::beside(Vec::new());
        assert!(restricted.as_found().find().is_empty());
        assert!(restricted.found.get().is_none(), "the system was looked through");
        let found = vec![PathBuf::from("/srv/secret")];
        let restricted = Restricted { found: OnceLock::from(found.clone()), ..restricted };
        assert_eq!(restricted.as_found().find(), found);
    }

    #[test]
    fn sockets_and_private_files_are_found() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        for name in ["service/deep/key", "service/open", "closed/open", "many/x", "project/key"] {
            fs::create_dir_all(top.join(name).parent().unwrap()).unwrap();
            fs::write(top.join(name), "").unwrap();
        }
        let mode = |name: &str, mode| {
            fs::set_permissions(top.join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        for number in 0..=FILES {
            let name = format!("many/{number}");
            fs::write(top.join(&name), "").unwrap();
            mode(&name, 0o600);
        }
        for name in ["service/deep/key", "project/key"] {
            mode(name, 0o640);
        }
        mode("closed", 0o700);
        let _socket = UnixListener::bind(top.join("service/socket")).unwrap();
        let kept = vec![top.join("project")];
        let run = |is_root| {
            let folders = ["service", "closed", "many", "project"].map(|name| top.join(name));
            let restricted = Restricted { is_root, ..Restricted::beside(kept.clone()) };
            let mut found = restricted.search(100).run(folders.to_vec());
            found.sort();
            found
        };
        assert_eq!(run(false), [top.join("service/socket")]);
        let expected = ["closed", "many", "service/deep/key", "service/socket"];
        assert_eq!(run(true), expected.map(|name| top.join(name)));
    }
}
