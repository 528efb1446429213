//! What tools may see of /run: on some systems it has programs, next to sockets of daemons and keys
//! of services, which tools must not reach.

use std::ffi::OsStr;
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, Stat};

use crate::resolved;

/// The entries that may be shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Harmless {
    /// A folder without sockets and keys, with all that is in it.
    Folder(PathBuf),
    /// A link, made again.
    Link { at: PathBuf, to: PathBuf },
}

/// Names of places for keys, wherever they are and whatever their modes.
const KEYS: &[&str] =
    &["agenix", "credentials", "keys", "keyring", "secret", "secrets", "sops", "sshd", "user"];

/// How many entries are examined in total; the others are not shown.
const ENTRIES: usize = 4000;

/// How many folders are shown at most.
const FOLDERS: usize = 32;

/// How much of a list is read at once.
const BUFFER_BYTES: usize = 8 * 1024;

/// The links and folders directly in `run` that hold nothing dangerous, and the folders of PATH
/// below it, wherever they are.
pub(super) fn harmless(run: &Path) -> Vec<Harmless> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    harmless_with(run, std::env::split_paths(&path))
}

fn harmless_with(run: &Path, programs: impl Iterator<Item = PathBuf>) -> Vec<Harmless> {
    let mut found = Vec::new();
    let (mut left, mut buffer) = (ENTRIES, vec![MaybeUninit::uninit(); BUFFER_BYTES]);
    let mut is_of_use = |folder: &Path| is_of_use(folder, (&mut left, &mut buffer));
    for entry in fs::read_dir(run).into_iter().flatten().flatten() {
        let (at, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        if kind.is_symlink() {
            if let Ok(to) = fs::read_link(&at) {
                found.push(Harmless::Link { at, to });
            }
        } else if kind.is_dir() && found.len() < FOLDERS && is_of_use(&at) {
            found.push(Harmless::Folder(at));
        }
    }
    for program in programs {
        // PATH may name a link to it; the folder itself is the target.
        let Some(folder) = resolved::folder(&program) else { continue };
        let shown = |place: &Harmless| match place {
            Harmless::Folder(at) => folder.starts_with(at),
            Harmless::Link { .. } => false,
        };
        let below = folder.starts_with(run) && folder != run && !found.iter().any(shown);
        if below && found.len() < FOLDERS && is_of_use(&folder) {
            found.push(Harmless::Folder(folder.clone()));
            relink(run, &program, &folder, &mut found);
        }
    }
    found
}

/// If the path of `program` has a link below a hidden folder, creates the link again.
fn relink(run: &Path, program: &Path, folder: &Path, found: &mut Vec<Harmless>) {
    if program == folder || !program.starts_with(run) {
        return;
    }
    let place = |at: &Harmless| match at {
        Harmless::Folder(at) | Harmless::Link { at, .. } => program.starts_with(at),
    };
    if !found.iter().any(place) {
        found.push(Harmless::Link { at: program.to_owned(), to: folder.to_owned() });
    }
}

/// Whether `folder` holds files or links, but no socket, no FIFO, no device, and nothing private.
/// Most folders of daemons are empty, and each that is shown costs a mount.
fn is_of_use(folder: &Path, (left, buffer): (&mut usize, &mut [MaybeUninit<u8>])) -> bool {
    let mut holds_files = false;
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        let name = at.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if KEYS.iter().any(|key| name.split(['-', '.', '_']).any(|part| part == *key)) {
            return false;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(opened) = rustix::fs::open(&at, flags, Mode::empty()) else { return false };
        let for_all = |stat: &Stat, bits: u32| stat.st_mode & bits == bits;
        let Ok(stat) = rustix::fs::fstat(&opened) else { return false };
        if !for_all(&stat, 0o005) && !is_own(&stat) {
            return false;
        }
        let mut entries = RawDir::new(&opened, &mut *buffer);
        while let Some(Ok(entry)) = entries.next() {
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Some(rest) = left.checked_sub(1) else { return false };
            *left = rest;
            let stat = || rustix::fs::statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW);
            let kind = match entry.file_type() {
                // Some file systems do not list the kind of an entry.
                FileType::Unknown => stat().map(|stat| FileType::from_raw_mode(stat.st_mode)),
                kind => Ok(kind),
            };
            let Ok(kind) = kind else { return false };
            holds_files |= kind != FileType::Directory;
            match kind {
                FileType::Directory => folders.push(at.join(OsStr::from_bytes(name.to_bytes()))),
                FileType::RegularFile if stat().is_ok_and(|stat| for_all(&stat, 0o004)) => {}
                FileType::Symlink => {}
                _ => return false,
            }
        }
    }
    holds_files
}

/// Whether a folder of programs is this user's own, as those of version managers are.
fn is_own(folder: &Stat) -> bool {
    let uid = rustix::process::geteuid();
    !uid.is_root() && folder.st_uid == uid.as_raw()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn programs_and_links_are_shown_and_sockets_and_keys_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().canonicalize().unwrap();
        for name in
            ["system/sw/bin/tool", "daemon/deep/file", "secrets/x", "agenix.d/x", "closed/x"]
                .into_iter()
                .chain(["user/1/bin/tool", "empty/deep/x"])
        {
            fs::create_dir_all(run.join(name).parent().unwrap()).unwrap();
            fs::write(run.join(name), "x").unwrap();
        }
        fs::remove_file(run.join("empty/deep/x")).unwrap();
        let _socket = UnixListener::bind(run.join("daemon/deep/socket")).unwrap();
        fs::write(run.join("closed/key"), "x").unwrap();
        fs::set_permissions(run.join("closed/key"), fs::Permissions::from_mode(0o600)).unwrap();
        symlink("/nix/store/x", run.join("current-system")).unwrap();
        symlink(run.join("user/1/bin"), run.join("user/1/link")).unwrap();
        let programs = [run.join("user/1/link"), "/usr/bin".into(), run.join("daemon/deep")];
        let mut found = harmless_with(&run, programs.into_iter());
        found.sort_by_key(|it| format!("{it:?}"));
        let link = |at: &str, to: PathBuf| Harmless::Link { at: run.join(at), to };
        assert_eq!(
            found,
            [
                Harmless::Folder(run.join("system")),
                Harmless::Folder(run.join("user/1/bin")),
                link("current-system", "/nix/store/x".into()),
                link("user/1/link", run.join("user/1/bin")),
            ]
        );
    }
}
