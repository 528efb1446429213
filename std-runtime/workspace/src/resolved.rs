//! Paths without links. Most of those that a run asks for have none, and one call tells that, where
//! [`fs::canonicalize`] asks for each part of a path.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// As [`fs::canonicalize`].
///
/// # Errors
/// The error of the system.
pub(crate) fn path(path: &Path) -> io::Result<PathBuf> {
    match resolve(path, Wanted::Any) {
        Some(found) => found.map(|()| path.to_owned()),
        None => fs::canonicalize(path),
    }
}

/// The same for a folder; `None` if there is none at `path`.
pub(crate) fn folder(path: &Path) -> Option<PathBuf> {
    match resolve(path, Wanted::Folder) {
        Some(found) => found.ok().map(|()| path.to_owned()),
        None => fs::canonicalize(path).ok().filter(|path| path.is_dir()),
    }
}

/// What has to be at a path.
#[derive(Clone, Copy)]
enum Wanted {
    Any,
    Folder,
}

/// Whether something is at `path`; `None` if that has to be asked in another way, such as for a path with
/// links.
#[cfg(target_os = "linux")]
fn resolve(path: &Path, wanted: Wanted) -> Option<io::Result<()>> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
    use rustix::io::Errno;

    let kind = match wanted {
        Wanted::Any => OFlags::empty(),
        Wanted::Folder => OFlags::DIRECTORY,
    };
    let flags = OFlags::PATH | OFlags::CLOEXEC | kind;
    let opened = || {
        rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).map(drop)
    };
    match is_plain(path).then(opened)? {
        // It has links, or this system does not know the call.
        Err(Errno::LOOP | Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => None,
        found => Some(found.map_err(io::Error::from)),
    }
}

/// Only Linux can tell with one call.
#[cfg(not(target_os = "linux"))]
fn resolve(_: &Path, _: Wanted) -> Option<io::Result<()>> {
    None
}

/// Whether no other spelling of the path is shorter.
#[cfg(target_os = "linux")]
fn is_plain(path: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt as _;

    let path = path.as_os_str().as_bytes();
    path.strip_prefix(b"/").is_some_and(|parts| {
        parts.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn it_finds_what_canonicalize_finds() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::write(top.join("a/file"), "").unwrap();
        symlink("a/b", top.join("link")).unwrap();
        symlink("file", top.join("a/to-file")).unwrap();
        symlink("nowhere", top.join("dangling")).unwrap();
        symlink("loop", top.join("loop")).unwrap();
        let names = ["", "a", "a/b", "a/b/", "a//b", "a/./b", "a/../a/b", "a/file", "a/file/x"];
        let links = ["link", "link/..", "a/to-file", "dangling", "loop", "gone", "gone/x", "a/b/."];
        let paths = names.iter().chain(&links).map(|name| top.join(name));
        for at in paths.chain(["/".into(), "..".into(), "relative".into(), PathBuf::new()]) {
            let (expected, found) = (fs::canonicalize(&at), path(&at));
            let kind = |it: &io::Result<PathBuf>| it.as_ref().err().map(io::Error::kind);
            assert_eq!(kind(&found), kind(&expected), "{at:?}");
            let expected = expected.ok();
            assert_eq!(found.ok(), expected, "{at:?}");
            assert_eq!(folder(&at), expected.filter(|path| path.is_dir()), "{at:?}");
        }
    }
}
