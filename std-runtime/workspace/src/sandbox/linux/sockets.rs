//! Sockets of the file system on which a process outside listens: no namespace separates them, so
//! each is hidden by its path.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use super::layout;
use super::step::Hide;
use crate::sandbox::Layout;

/// Which sockets a process inside could reach.
#[derive(Debug)]
pub(super) struct Reach {
    /// Paths that are covered by something else.
    covered: Vec<PathBuf>,
    /// Paths that are still shown.
    shown: Vec<PathBuf>,
    /// Paths where the user permits sockets, and where they are already hidden.
    not: Vec<PathBuf>,
}

impl Reach {
    /// The sockets that `layout` leaves within reach.
    pub(super) fn of(layout: &Layout<'_>) -> Self {
        let covered = layout::covered(layout).map(Path::to_owned).collect();
        let beside = layout.beside.iter().map(|folder| folder.at);
        let projects = layout.projects().map(|folder| folder.at);
        let shown = projects.chain(beside).map(Path::to_owned).collect();
        let not = layout.reachable.iter().chain(layout.masked).cloned().collect();
        Self { covered, shown, not }
    }

    /// Sockets that appeared since the sandbox was made.
    pub(super) fn new_sockets(&self) -> Vec<Hide> {
        let is_below = |path: &Path, folders: &[PathBuf]| {
            folders.iter().any(|folder| path.starts_with(folder))
        };
        let mut paths = listening();
        paths.retain(|path| {
            let there = !is_below(path, &self.covered) || is_below(path, &self.shown);
            there && !is_below(path, &self.not)
        });
        layout::hides(&paths)
    }
}

/// The sockets that someone has bound to a path, as the kernel lists them.
pub(in crate::sandbox) fn listening() -> Vec<PathBuf> {
    let mut list = Vec::with_capacity(USUAL_LIST_BYTES);
    let read = fs::File::open("/proc/net/unix")
        .and_then(|file| file.take(LIST_BYTES).read_to_end(&mut list));
    if read.is_err() {
        return Vec::new();
    }
    let list = String::from_utf8_lossy(&list);
    let mut paths: Vec<_> = list.lines().filter_map(bound_path).collect();
    paths.sort_unstable();
    paths.dedup();
    let is_socket = |path: &&PathBuf| {
        fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
    };
    let there = paths.iter().filter(is_socket);
    there.filter_map(|path| fs::canonicalize(path).ok()).collect()
}

/// The path in a line of the kernel's list.
fn bound_path(line: &str) -> Option<PathBuf> {
    // Seven fields and the path, which may hold blanks.
    let (fields, path) = line.split_once(" /")?;
    (fields.split_whitespace().count() == 7).then(|| Path::new("/").join(path))
}

const LIST_BYTES: u64 = 4 << 20;
const USUAL_LIST_BYTES: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_list_of_sockets_are_read() {
        let line = "00000000d17f4753: 00000002 00000000 00010000 0001 01  1128 /run/a b.sock";
        assert_eq!(bound_path(line), Some("/run/a b.sock".into()));
        for line in [
            "Num       RefCount Protocol Flags    Type St Inode Path",
            "00000000d17f4753: 00000003 00000000 00000000 0001 03  1128",
            "00000000d17f4753: 00000002 00000000 00010000 0001 01  1128 @/tmp/.X11-unix/X0",
            "00000000d17f4753: 00000002 00000000 00010000 0001 01  1128 @a /b",
            "00000000d17f4753: 00000002 00000000 00010000 0001 01  1128 relative",
            "",
        ] {
            assert_eq!(bound_path(line), None, "{line}");
        }
    }

    #[test]
    fn a_bound_socket_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("a socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(listening().contains(&path));
    }
}
