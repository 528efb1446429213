//! The files of a session, and the errors for those that cannot be used.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::about::About;
use crate::{Error, ErrorKind, description};

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
    file.write_all(&document(about)?)
}

/// Writes the description of the session at `place`. Only the command that has the session open does.
pub(super) fn write_about(place: &Path, about: &About) -> io::Result<()> {
    description::add(place, ABOUT, &document(about)?)
}

fn document(about: &About) -> io::Result<Vec<u8>> {
    let mut document = serde_json::to_vec(about)?;
    document.push(b'\n');
    Ok(document)
}

/// The name of the last used of the sessions of a project, which are in the folder `all`; empty if unknown.
pub(super) fn read_last(all: &Path) -> String {
    let noted = fs::read_to_string(all.join(LAST)).unwrap_or_default();
    noted.rsplit('\n').next().unwrap_or_default().to_owned()
}

/// Takes note in the folder `all` of the sessions of a project that `name` is the last used one:
/// times tell that only while the clock runs forwards.
pub(super) fn write_last(all: &Path, name: &str) -> io::Result<()> {
    let path = all.join(LAST);
    // Each on a line of its own, for a new file costs many times what a few bytes at the end of one do.
    // Another command may write at the same time.
    let mut file = private().create(true).append(true).read(true).open(&path)?;
    if file.metadata()?.len() > LAST_BYTES {
        // What a killed command leaves of this is removed with its sessions.
        let new = all.join(format!(".new-{}-{LAST}", std::process::id()));
        return description::write(&new, &path, name.as_bytes());
    }
    match read_last(all) == name {
        true => Ok(()),
        false => file.write_all(format!("\n{name}").as_bytes()),
    }
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
/// How long the file may be.
const LAST_BYTES: u64 = 4 * 1024;
/// The largest `about.json`, in bytes.
const ABOUT_BYTES: u64 = 16 * 1024 * 1024;
