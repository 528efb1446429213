//! What tools may see of /run: on some systems it has programs, next to sockets of daemons and keys
//! of services, which tools must not reach.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

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

/// The links and folders directly in `run` that hold nothing dangerous, and the folders of PATH
/// below it, wherever they are.
pub(super) fn harmless(run: &Path) -> Vec<Harmless> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    harmless_with(run, std::env::split_paths(&path))
}

fn harmless_with(run: &Path, programs: impl Iterator<Item = PathBuf>) -> Vec<Harmless> {
    let mut found = Vec::new();
    let mut left = ENTRIES;
    for entry in fs::read_dir(run).into_iter().flatten().flatten() {
        let (at, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        if kind.is_symlink() {
            if let Ok(to) = fs::read_link(&at) {
                found.push(Harmless::Link { at, to });
            }
        } else if kind.is_dir() && found.len() < FOLDERS && is_of_use(&at, &mut left) {
            found.push(Harmless::Folder(at));
        }
    }
    for program in programs {
        // PATH may name a link to it; the folder itself is the target.
        let Ok(folder) = program.canonicalize() else { continue };
        let shown = |place: &Harmless| match place {
            Harmless::Folder(at) => folder.starts_with(at),
            Harmless::Link { .. } => false,
        };
        let below = folder.starts_with(run) && folder != run && !found.iter().any(shown);
        if below && found.len() < FOLDERS && is_of_use(&folder, &mut left) {
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
fn is_of_use(folder: &Path, left: &mut usize) -> bool {
    let mut holds_files = false;
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        let name = at.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if KEYS.iter().any(|key| name.split(['-', '.', '_']).any(|part| part == *key)) {
            return false;
        }
        let Ok(entries) = fs::read_dir(&at) else { return false };
        let readable = |mode: u32, bits: u32| mode & bits == bits;
        let for_all = |path: &Path, bits| {
            fs::symlink_metadata(path).is_ok_and(|it| readable(it.permissions().mode(), bits))
        };
        if !for_all(&at, 0o005) && !is_own(&at) {
            return false;
        }
        for entry in entries.flatten() {
            let Some(rest) = left.checked_sub(1) else { return false };
            *left = rest;
            let Ok(kind) = entry.file_type() else { return false };
            let path = entry.path();
            holds_files |= !kind.is_dir();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                if !for_all(&path, 0o004) {
                    return false;
                }
            } else if kind.is_socket() || kind.is_fifo() || !kind.is_symlink() {
                return false;
            }
        }
    }
    holds_files
}

/// Whether a folder of programs is this user's own, as those of version managers are.
fn is_own(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let uid = rustix::process::geteuid();
    !uid.is_root() && fs::symlink_metadata(folder).is_ok_and(|it| it.uid() == uid.as_raw())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
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
