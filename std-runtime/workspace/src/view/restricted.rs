//! What of the system tools must not reach, beside the usual places: sockets that a daemon listens
//! on, and for root's tools what only root may read.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::home::is_private;
use crate::sandbox;

/// Where to look first; other folders at the top come later.
const FIRST: [&str; 8] = ["/etc", "/srv", "/opt", "/var", "/usr/local", "/boot", "/mnt", "/media"];

/// Folders with another look for tools, or without anything that is not for all.
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

/// The sockets, but not those in `reachable`, and if `is_root` the files and folders for root
/// alone, but nothing that holds or is in one of `kept`.
pub(super) fn existing(is_root: bool, kept: &[PathBuf], reachable: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = sandbox::listening_sockets();
    found.retain(|socket| !reachable.iter().any(|folder| socket.starts_with(folder)));
    let top = fs::read_dir("/").into_iter().flatten().flatten().map(|entry| entry.path());
    let top = top.filter(|path| !FIRST.iter().any(|first| path == Path::new(first)));
    let folders: Vec<PathBuf> = FIRST.iter().map(PathBuf::from).chain(top).collect();
    let search = Search { is_root, kept, left: ENTRIES };
    found.extend(search.run(folders).into_iter().filter(|path| is_free(path, kept)));
    found
}

/// Whether `path` neither holds nor is in one of `kept`.
fn is_free(path: &Path, kept: &[PathBuf]) -> bool {
    !kept.iter().any(|kept| kept.starts_with(path) || path.starts_with(kept))
}

struct Search<'a> {
    is_root: bool,
    kept: &'a [PathBuf],
    left: usize,
}

impl Search<'_> {
    /// Looks through `folders`, the outer ones first.
    fn run(mut self, folders: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders: VecDeque<_> = folders.into_iter().map(|folder| (folder, 0)).collect();
        while let Some((folder, depth)) = folders.pop_front() {
            let Ok(metadata) = fs::symlink_metadata(&folder) else { continue };
            let is_not = NOT.iter().any(|not| folder == Path::new(not));
            let is_kept = self.kept.iter().any(|kept| folder.starts_with(kept));
            if !metadata.is_dir() || is_not || is_kept {
                continue;
            }
            if self.is_root && is_private(&metadata) && is_free(&folder, self.kept) {
                found.push(folder);
                continue;
            }
            let hidden = self.look_through(&folder, depth, &mut folders);
            if hidden.len() > FILES && is_free(&folder, self.kept) {
                found.push(folder);
            } else {
                found.extend(hidden);
            }
        }
        found
    }

    /// The files of one folder that are to be hidden; the folders in it go to `folders`.
    fn look_through(
        &mut self,
        folder: &Path,
        depth: usize,
        folders: &mut VecDeque<(PathBuf, usize)>,
    ) -> Vec<PathBuf> {
        let mut hidden = Vec::new();
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries.take(ENTRIES_OF_FOLDER) {
            let Some(left) = self.left.checked_sub(1) else { break };
            self.left = left;
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEPTH {
                folders.push_back((entry.path(), depth + 1));
            } else if kind.is_socket() {
                hidden.push(entry.path());
            } else if self.is_root && kind.is_file() {
                let is_private = entry.metadata().is_ok_and(|it| it.mode() & 0o004 == 0);
                if is_private {
                    hidden.push(entry.path());
                }
            }
        }
        hidden
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn sockets_and_what_is_for_its_owner_alone_are_found() {
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
        let kept = [top.join("project")];
        let run = |is_root| {
            let folders = ["service", "closed", "many", "project"].map(|name| top.join(name));
            let mut found = Search { is_root, kept: &kept, left: 100 }.run(folders.to_vec());
            found.sort();
            found
        };
        assert_eq!(run(false), [top.join("service/socket")]);
        let expected = ["closed", "many", "service/deep/key", "service/socket"];
        assert_eq!(run(true), expected.map(|name| top.join(name)));
    }
}
