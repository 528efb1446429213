//! The files of a session, and the errors for those that cannot be used.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::about::About;
use crate::{Error, ErrorKind};

/// The error of a session that cannot be used.
pub(super) fn damaged(name: &str, error: &dyn std::fmt::Display) -> Error {
    let text = format!("the session {name} cannot be used: {error}");
    Error::new(ErrorKind::Input, text)
}

/// The error of a state folder that cannot be used.
pub(super) fn unusable(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Input, format!("cannot use the state folder for the session: {error}"))
}

/// The description of the session at `place`.
pub(super) fn read_about(place: &Path) -> io::Result<About> {
    let mut bytes = Vec::new();
    File::open(place.join(ABOUT))?.take(ABOUT_BYTES).read_to_end(&mut bytes)?;
    About::parse(&bytes)
}

/// Writes the description of a session that is being made at `place`.
pub(super) fn write_first_about(place: &Path, about: &About) -> io::Result<()> {
    let mut file = private().write(true).create_new(true).open(place.join(ABOUT))?;
    file.write_all(&serde_json::to_vec(about)?)
}

/// Replaces the description of the session at `place`.
pub(super) fn write_about(place: &Path, about: &About) -> io::Result<()> {
    replace(place, ABOUT, &serde_json::to_vec(about)?)
}

/// Takes note in the folder `all` of the sessions of a project that `name` is the last used one:
/// times tell that only while the clock runs forwards.
pub(super) fn write_last(all: &Path, name: &str) -> io::Result<()> {
    // A new file costs many times what reading it does.
    if fs::read(all.join(LAST)).is_ok_and(|last| last == name.as_bytes()) {
        return Ok(());
    }
    // Another command may write it at the same time; what a killed one leaves is removed with its sessions.
    let new = all.join(format!(".new-{}-{LAST}", std::process::id()));
    write(&new, &all.join(LAST), name.as_bytes())
}

/// Replaces a file of the session at `place` at once. Only the command that has the session open does.
pub(super) fn replace(place: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    write(&place.join(format!(".new-{name}")), &place.join(name), bytes)
}

/// Writes `bytes` to the file `new`, which then becomes `path`.
fn write(new: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A name costs less than a file without one that gets it later; a killed command may have left it.
    let opened = private().write(true).create(true).truncate(true).open(new);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.and_then(|()| fs::rename(new, path)).inspect_err(|_| {
        let _ = fs::remove_file(new);
    })
}

/// The options to open a file that nobody else may read.
pub(super) fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.mode(0o600);
    options
}

pub(super) const ABOUT: &str = "about.json";
pub(super) const JOURNAL: &str = "journal";
pub(super) const PENDING: &str = "pending.patch";
pub(super) const LAST: &str = ".last";
pub(super) const LOCK: &str = "lock";
/// The largest `about.json`, in bytes.
const ABOUT_BYTES: u64 = 16 * 1024 * 1024;
