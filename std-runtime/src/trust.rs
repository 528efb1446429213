//! The files of projects that the user trusts, by their bytes.
//!
//! A project may come from anyone, so its own configuration and prompts only narrow what a model may
//! do. A trusted file may widen that, until any byte of it changes. The answers are in the
//! folder `trust` of the state folder, one file each, whose name is a hash of path and bytes.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::new_file::NewFile;
use crate::state_folder;

/// The user's answer about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It may widen what a model may do.
    Trusted,
    /// It may not, and the user is not asked again.
    Refused,
}

/// A file that asks for more rights than a project's file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it asks for, a few words each.
    pub wants: Vec<String>,
}

impl Wish {
    /// The line for a run that continues without it.
    pub fn warning(&self) -> String {
        let path = self.path.display();
        format!(
            "{path} is not trusted, so what it widens does not hold: {}; `zerostack trust {path}` \
             trusts it as it is now",
            self.wants.join(", ")
        )
    }
}

/// The user's answer about the file at `path` with these `bytes`, if there is one.
pub fn answer(path: &Path, bytes: &[u8]) -> Option<Answer> {
    let file = state_folder::path(FOLDER)?.join(name(path, bytes));
    match fs::read(file) {
        Ok(text) if text.starts_with(TRUSTED) => Some(Answer::Trusted),
        Ok(_) => Some(Answer::Refused),
        Err(_) => None,
    }
}

/// Whether the file at `path` with these `bytes` may widen what a model may do.
pub fn is_trusted(path: &Path, bytes: &[u8]) -> bool {
    answer(path, bytes) == Some(Answer::Trusted)
}

/// Stores the user's answer about a file.
///
/// # Errors
/// The error of the system.
pub fn keep(path: &Path, bytes: &[u8], answer: Answer) -> io::Result<()> {
    let folder = state_folder::folder(FOLDER)?;
    let file = NewFile::create(&folder, ".trust-", 0o600)?;
    let word = match answer {
        Answer::Trusted => TRUSTED,
        Answer::Refused => REFUSED,
    };
    let text = [word, b" ", path.as_os_str().as_bytes(), b"\n"].concat();
    let mut out = file.file();
    out.write_all(&text)?;
    file.persist(&folder.join(name(path, bytes)))
}

/// Forgets the user's answer about a file. `false` if there was none.
///
/// # Errors
/// The error of the system.
pub fn forget(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    match fs::remove_file(state_folder::folder(FOLDER)?.join(name(path, bytes))) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// SHA-256 of the path and the bytes: a file that is trusted here is not trusted elsewhere.
fn name(path: &Path, bytes: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(path.as_os_str().as_bytes());
    context.update(&[0]);
    context.update(bytes);
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

const FOLDER: &str = "trust";
const TRUSTED: &[u8] = b"trusted";
const REFUSED: &[u8] = b"refused";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_depends_on_the_path_and_on_each_byte() {
        let names = [
            name(Path::new("/a"), b"b"),
            name(Path::new("/a"), b"c"),
            name(Path::new("/ab"), b""),
            name(Path::new("/b"), b"b"),
        ];
        for (index, one) in names.iter().enumerate() {
            assert!(names[..index].iter().all(|other| other != one) && one.len() == 64);
        }
    }
}
