//! The folder for data that is not configuration: patches, records, running commits.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

/// The folder `name` in the state folder of the user, created if it does not exist. Nobody else may
/// read it.
///
/// # Errors
/// The error of the system, or that there is no home folder.
pub fn folder(name: &str) -> io::Result<PathBuf> {
    let path = path(name).ok_or_else(|| io::Error::other("there is no home folder"))?;
    DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
    Ok(path)
}

/// The folder `name` in the state folder of the user, whether it exists or not.
pub fn path(name: &str) -> Option<PathBuf> {
    let set = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = set.filter(|path| path.is_absolute()).or_else(|| {
        Some(std::env::home_dir().filter(|home| home.is_absolute())?.join(".local/state"))
    })?;
    Some(state.join("zerostack").join(name))
}

/// The names in the folder `name`, sorted; empty if there is no such folder.
///
/// # Errors
/// The error of the system.
pub fn list(name: &str) -> io::Result<Vec<PathBuf>> {
    let Some(path) = path(name) else { return Ok(Vec::new()) };
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    // They are in one folder, so the order of their bytes is that of their names.
    paths.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    Ok(paths)
}
