//! The other folders of a view: which may be, and the folder that all paths of the patch are from.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::home::Homes;
use super::part::Source;
use super::repository;
use crate::{Error, ErrorKind, Result, resolved};

/// The folders of a view, the project first, and the folder that the paths of its patch are from: the
/// project; of several folders the top of the checkout that they share, or else the folder that
/// they are all in.
///
/// # Errors
/// `Input` when a folder cannot be one of a view, or not beside the others.
pub(super) fn sources(root: &Path, also: &[PathBuf]) -> Result<(Vec<Source>, PathBuf)> {
    let project = resolved::path(root).map_err(|error| {
        let text = format!("cannot use the folder {}: {error}", root.display());
        Error::new(ErrorKind::Input, text)
    })?;
    let mut sources = vec![Source::open(project.clone(), root)?];
    if also.is_empty() {
        return Ok((sources, project));
    }
    let homes = Homes::find();
    for path in also {
        let refused = |why: &str| {
            let text = format!("--also {}: {why}", path.display());
            Error::new(ErrorKind::Input, text)
        };
        let found = fs::canonicalize(path).map_err(|error| refused(&error.to_string()))?;
        if !found.is_dir() {
            return Err(refused("it is no folder; name the folder of a project"));
        }
        let is_kernels = ["/dev", "/proc", "/sys"].iter().any(|it| found.starts_with(it));
        let is_system = SYSTEM.iter().any(|system| found == Path::new(system));
        if is_system || (is_kernels && !found.starts_with("/dev/shm")) {
            return Err(refused("it belongs to the system; name the folder of a project"));
        }
        if homes.own.iter().chain(&homes.others).any(|home| home.starts_with(&found)) {
            return Err(refused("it is or holds a home folder; name the folder of a project"));
        }
        if found.to_str().is_none_or(|path| path.contains(':')) {
            return Err(refused("its path has a colon or is no UTF-8, which lists cannot hold"));
        }
        for other in &sources {
            let other = other.path.as_path();
            let shown = other.display();
            if found == other {
                return Err(refused(&format!("it is the same folder as {shown}; name each once")));
            }
            if found.starts_with(other) {
                return Err(refused(&format!(
                    "it is in {shown}, which is in the view; leave it out"
                )));
            }
            if other.starts_with(&found) {
                return Err(refused(&format!("it holds {shown}; name folders beside each other")));
            }
        }
        sources.push(Source::open(found, path)?);
    }
    let base = base(&sources);
    for source in &mut sources {
        let below = source.path.strip_prefix(&base).unwrap_or(&source.path);
        source.below = below.as_os_str().as_bytes().to_vec();
    }
    Ok((sources, base))
}

/// Folders of the system that no project is.
const SYSTEM: [&str; 20] = [
    "/",
    "/bin",
    "/boot",
    "/dev/shm",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/tmp",
    "/usr",
    "/usr/local",
    "/var",
    "/var/tmp",
];

fn base(sources: &[Source]) -> PathBuf {
    let mut paths = sources.iter().map(|source| source.path.as_path());
    let first = paths.next().unwrap_or(Path::new("/"));
    let holds_all = |folder: &&Path| sources.iter().all(|it| it.path.starts_with(folder));
    let shared = first.ancestors().find(holds_all).unwrap_or(Path::new("/"));
    let top = shared.ancestors().find(|folder| repository::is_checkout(folder));
    top.unwrap_or(shared).to_owned()
}

/// A path as bytes, as one of the system.
pub(super) fn os(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}
