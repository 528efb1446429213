//! The actions of a commit, written before they happen.
//!
//! A file of JSON lines: the changes; then that the new contents are staged, with the identity of
//! each; then that everything is done. A truncated line does not count.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Name;
use super::disk::Faults;
use super::identity::Identity;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begin {
    pub(super) version: u32,
    pub(super) folder: Name,
    pub(super) steps: Vec<Step>,
    /// Folders that the commit makes, the outermost first.
    pub(super) makes: Vec<Name>,
    /// Folders that it removes at its end if they are empty, the innermost first.
    pub(super) prunes: Vec<Name>,
    /// What is renamed in the state folder when it is done.
    pub(super) publish: (String, String),
}

/// One name of the folder that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) path: Name,
    /// The place of the new content before, and of the old one afterwards.
    pub(super) aside: Name,
    /// What had the name before.
    pub(super) old: Option<Identity>,
    /// Whether something has it afterwards.
    pub(super) is_kept: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Begin(Begin),
    Staged(Vec<Option<Identity>>),
    Done(bool),
}

/// What the first line of every version has.
#[derive(Debug, Deserialize)]
struct First {
    begin: Version,
}

#[derive(Debug, Deserialize)]
struct Version {
    version: u32,
}

/// A journal on the disk.
pub(super) struct Journal<'a> {
    path: PathBuf,
    file: File,
    faults: &'a dyn Faults,
    pub(super) begin: Begin,
    /// The identity of each new content; while this is `None`, none is in its place.
    pub(super) staged: Option<Vec<Option<Identity>>>,
    pub(super) is_done: bool,
}

impl<'a> Journal<'a> {
    /// Begins a journal in `folder`.
    pub(super) fn create(
        folder: &Path,
        name: &str,
        begin: Begin,
        faults: &'a dyn Faults,
    ) -> io::Result<Self> {
        let new = folder.join(format!("{name}{NEW}"));
        let path = folder.join(format!("{name}{ENDING}"));
        faults.before("create")?;
        let mut options = File::options();
        let file = options.append(true).create_new(true).mode(0o600).open(&new)?;
        let mut journal = Self { path, file, faults, begin, staged: None, is_done: false };
        let renamed = journal.line(&Line::Begin(journal.begin.clone())).and_then(|()| {
            faults.before("rename")?;
            fs::rename(&new, &journal.path)
        });
        if let Err(error) = renamed.and_then(|()| sync(folder, faults)) {
            // Nothing was done yet, and a journal left behind shows that.
            if faults.before("unlink").is_ok() {
                let _ = fs::remove_file(&new);
                let _ = fs::remove_file(&journal.path);
            }
            return Err(error);
        }
        Ok(journal)
    }

    /// Reads the journal at `path`; `None` if it is not a journal.
    pub(super) fn open(path: &Path, faults: &'a dyn Faults) -> io::Result<Option<Self>> {
        let is_journal = path.as_os_str().as_bytes().ends_with(ENDING.as_bytes());
        if !is_journal {
            // The beginning of a journal; nobody else writes while the lock is held.
            if path.as_os_str().as_bytes().ends_with(NEW.as_bytes()) {
                faults.before("unlink")?;
                fs::remove_file(path)?;
            }
            return Ok(None);
        }
        let text = fs::read(path)?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let mut lines = text.get(..whole).unwrap_or_default().split(|&byte| byte == b'\n');
        let first = lines.next().unwrap_or_default();
        // The rest of the line may be another one in another version.
        if serde_json::from_slice::<First>(first)?.begin.version != VERSION {
            return Err(io::Error::other("another version of zerostack wrote it"));
        }
        let Line::Begin(begin) = serde_json::from_slice(first)? else {
            return Err(io::Error::other("its first line is missing"));
        };
        let (mut staged, mut is_done) = (None, false);
        for line in lines.filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line)? {
                Line::Staged(identities) if identities.len() == begin.steps.len() => {
                    staged = Some(identities);
                }
                Line::Done(done) => is_done = done,
                _ => return Err(io::Error::other("its lines do not fit together")),
            }
        }
        let file = File::options().append(true).open(path)?;
        // A truncated line must not become part of the next one.
        if whole < text.len() {
            file.set_len(whole as u64)?;
        }
        let path = path.to_owned();
        Ok(Some(Self { path, file, faults, begin, staged, is_done }))
    }

    /// Notes that all new contents are on the disk.
    pub(super) fn staged(&mut self, identities: Vec<Option<Identity>>) -> io::Result<()> {
        self.line(&Line::Staged(identities.clone()))?;
        self.staged = Some(identities);
        Ok(())
    }

    /// Records that all names have their new contents: from here on the commit is final.
    pub(super) fn done(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if let Err(error) = self.line(&Line::Done(true)) {
            // The line may be there. If it cannot be taken back, it counts.
            let taken_back =
                self.faults.before("truncate").and_then(|()| self.file.set_len(length));
            if taken_back.is_ok() {
                return Err(error);
            }
        }
        self.is_done = true;
        Ok(())
    }

    /// The journal is no longer needed.
    pub(super) fn remove(self) -> io::Result<()> {
        self.faults.before("unlink")?;
        fs::remove_file(&self.path)?;
        sync(self.path.parent().unwrap_or(Path::new("/")), self.faults)
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.faults.before("write")?;
        self.file.write_all(&bytes)?;
        self.faults.before("fsync")?;
        self.file.sync_all()
    }
}

/// Makes the names in `folder` survive a power failure.
pub(super) fn sync(folder: &Path, faults: &dyn Faults) -> io::Result<()> {
    faults.before("fsync")?;
    File::open(folder)?.sync_all()
}

pub(super) const VERSION: u32 = 1;
const ENDING: &str = ".journal";
const NEW: &str = ".new";
