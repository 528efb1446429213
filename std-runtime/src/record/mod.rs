//! What the command keeps of a run: its description, patch, events and tapes, and the contents of
//! both sides of each written file. `undo` and `redo` work from these.
//!
//! A record is a folder in the state folder, whose name is a number. While its name starts with a
//! dot it is incomplete, or being removed.
//!
//! ```text
//! about.json   what ran, and how it ended
//! events       as --events json prints them; locked while the run lives
//! input        the run's stdin                      patch     the result, if it is one
//! tape.1       of the first attempt, and so on; tape.1.2 of its second subagent
//! contents     files.json tells what is where       written   or `undone`, for what --write wrote
//! blobs        contents that are large, each a link of the same file in `../blobs`
//! ```

mod about;
mod apply;
mod draft;
mod merged;
mod plan;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

pub(crate) use about::About;
pub(crate) use apply::{apply, content};
pub use draft::Draft;
pub(crate) use plan::{plan, unreadable};

use crate::commit::{self, Contents, Lock, Plan};
use crate::{Error, ErrorKind, Result, state_folder};

/// A record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Its number.
    pub(crate) id: u32,
    place: PathBuf,
    /// What ran.
    pub(crate) about: About,
    /// Whether its changes were written to the folder.
    pub(crate) is_written: bool,
    /// Whether they were taken back.
    pub(crate) is_undone: bool,
}

impl Record {
    /// The record with the number `id`.
    ///
    /// # Errors
    /// `Input` if there is none, or it cannot be used.
    pub(crate) fn find(id: u32) -> Result<Self> {
        let place = state_folder::path(RUNS).unwrap_or_default().join(id.to_string());
        if !place.is_dir() {
            let text = format!("run {id} has no record; see `zerostack log`");
            return Err(Error::new(ErrorKind::Input, text));
        }
        Self::open(id, place)
    }

    fn open(id: u32, place: PathBuf) -> Result<Self> {
        let about = read(&place.join(ABOUT)).and_then(|bytes| About::parse(&bytes));
        let about = about.map_err(|error| damaged(id, &error))?;
        let is_undone = place.join(UNDONE).exists();
        let is_written = is_undone || place.join(WRITTEN).exists();
        Ok(Self { id, place, about, is_written, is_undone })
    }

    /// The records of `folder`, the oldest first, and a line for each that cannot be used.
    ///
    /// # Errors
    /// `Input` when the state folder cannot be read.
    pub(crate) fn all(folder: &Path) -> Result<(Vec<Self>, Vec<Error>)> {
        let (mut records, mut errors) = (Vec::new(), Vec::new());
        let names = names().map_err(|error| commit::unusable(&error))?;
        for (id, place) in names.into_iter().filter_map(|path| Some((complete(&path)?, path))) {
            match Self::open(id, place) {
                Ok(record) if record.about.is_of(folder) => records.push(record),
                Ok(_) => {}
                Err(error) => errors.push(error),
            }
        }
        records.sort_unstable_by_key(|record| record.id);
        Ok((records, errors))
    }

    /// Its patch; empty if the run has none.
    ///
    /// # Errors
    /// `Input` when it cannot be read.
    pub(crate) fn patch(&self) -> Result<Vec<u8>> {
        Ok(self.file(PATCH)?.unwrap_or_default())
    }

    /// The complete lines of its events. They report what was withheld.
    ///
    /// # Errors
    /// `Input` when they cannot be read, or none were kept.
    pub(crate) fn events(&self) -> Result<Vec<u8>> {
        // A draft has the file from its beginning, for its lock.
        let events = self.file(EVENTS)?.filter(|events| !events.is_empty());
        let mut events = events.ok_or_else(|| self.lacks("events"))?;
        let end = events.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        events.truncate(end);
        Ok(events)
    }

    /// Its stdin, if it had one.
    ///
    /// # Errors
    /// `Input` when it cannot be read.
    pub(crate) fn input(&self) -> Result<Option<Vec<u8>>> {
        self.file(INPUT)
    }

    /// The tapes of its attempts, the first one first.
    ///
    /// # Errors
    /// `Input` when they cannot be read, or none were kept.
    pub(crate) fn tapes(&self) -> Result<Vec<File>> {
        let open = |number: u32| File::open(self.place.join(format!("{TAPE}{number}")));
        let mut tapes = Vec::new();
        loop {
            match open(tapes.len() as u32 + 1) {
                Ok(tape) => tapes.push(tape),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(damaged(self.id, &error)),
            }
        }
        // A tape that would have contained a key is empty.
        let is_empty = |tape: &File| tape.metadata().is_ok_and(|found| found.len() == 0);
        match tapes.is_empty() || tapes.iter().any(is_empty) {
            true => Err(self.lacks("tape")),
            false => Ok(tapes),
        }
    }

    /// The tapes of its subagents, in the order in which they began in each attempt.
    ///
    /// # Errors
    /// As [`tapes`](Self::tapes).
    pub(crate) fn subagents(&self) -> Result<Vec<File>> {
        let entries = fs::read_dir(&self.place).map_err(|error| damaged(self.id, &error))?;
        let numbers = |entry: io::Result<fs::DirEntry>| {
            let name = entry.ok()?.file_name();
            let (attempt, number) = name.to_str()?.strip_prefix(TAPE)?.split_once('.')?;
            Some((attempt.parse::<u32>().ok()?, number.parse::<u32>().ok()?))
        };
        let mut all: Vec<(u32, u32)> = entries.filter_map(numbers).collect();
        all.sort_unstable();
        let open = |(attempt, number): (u32, u32)| {
            File::open(self.place.join(format!("{TAPE}{attempt}.{number}")))
        };
        let opened: io::Result<Vec<File>> = all.into_iter().map(open).collect();
        opened.map_err(|error| damaged(self.id, &error))
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match fs::read(self.place.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(damaged(self.id, &error)),
        }
    }

    fn lacks(&self, what: &str) -> Error {
        let why = match &self.about.not_kept {
            Some(why) => format!(": {why}"),
            None => ": it failed before it began, or an older version made the record".to_owned(),
        };
        Error::new(ErrorKind::Input, format!("the record of run {} has no {what}{why}", self.id))
    }

    /// Takes its changes back, or makes them again, and returns the files in which that was merged
    /// with later changes.
    ///
    /// # Errors
    /// `Conflict` if a file has changed since and the same lines are affected; then nothing is
    /// changed. `Input` if the disk refuses, or the record is damaged.
    pub(crate) fn turn(&self, lock: &Lock, undo: bool) -> Result<Vec<String>> {
        let plan = read(&self.place.join(PLAN))
            .and_then(|bytes| Ok(serde_json::from_slice::<Plan>(&bytes)?));
        let plan = plan.map_err(|error| damaged(self.id, &error))?;
        let contents = File::open(self.place.join(CONTENTS));
        let contents = Contents::new(contents.map_err(|error| damaged(self.id, &error))?);
        let shared = state_folder::path(BLOBS).unwrap_or_default();
        let contents = contents.with_blobs(self.place.join(OWN_BLOBS), shared);
        let mark = |name: &str| format!("{RUNS}/{}/{name}", self.id);
        let (plan, publish) = match undo {
            true => (plan.inverse(), (mark(WRITTEN), mark(UNDONE))),
            false => (plan, (mark(UNDONE), mark(WRITTEN))),
        };
        let folder = self.about.base();
        let done = commit::commit(lock, &folder, &plan, &contents, publish.clone());
        let Err(error) = done.map_err(Error::from) else { return Ok(Vec::new()) };
        let merged = match error.kind() {
            ErrorKind::Conflict => merged::merged(&folder, &plan, &contents),
            _ => return Err(error),
        };
        match merged.map_err(unreadable)? {
            Some(merged) => {
                commit::commit(lock, &folder, &merged.plan, &merged.contents, publish)?;
                Ok(merged.files)
            }
            None => Err(error),
        }
    }
}

fn damaged(id: u32, error: &dyn std::fmt::Display) -> Error {
    let text = format!("the record of run {id} cannot be used: {error}");
    Error::new(ErrorKind::Input, text)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(JSON_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600);
    options
}

fn names() -> io::Result<Vec<PathBuf>> {
    state_folder::list(RUNS)
}

/// The number of a record or a draft.
fn number(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.trim_start_matches('.').parse().ok()
}

/// The number of a record that is complete.
fn complete(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.parse().ok()
}

/// Makes records of the runs that were killed, if there are any.
///
/// # Errors
/// `Input` when the state folder cannot be used.
pub(crate) fn adopt() -> Result<()> {
    let unusable = |error: io::Error| Error::from(commit::unusable(&error));
    if draft::left().map_err(unusable)?.is_empty() {
        return Ok(());
    }
    let lock = Lock::take()?;
    draft::left().and_then(|left| draft::adopt(&lock, left)).map_err(unusable)
}

const RUNS: &str = "runs";
const ABOUT: &str = "about.json";
const PLAN: &str = "files.json";
const PATCH: &str = "patch";
const CONTENTS: &str = "contents";
/// Large contents: those of a record, and those of all records.
const OWN_BLOBS: &str = "blobs";
const BLOBS: &str = "blobs";
const EVENTS: &str = "events";
const INPUT: &str = "input";
/// Followed by the id of the conversation, which is the number of the attempt, or begins with it.
const TAPE: &str = "tape.";
/// Empty files; a record has one of them.
const WRITTEN: &str = "written";
const UNDONE: &str = "undone";

/// The largest JSON file of a record, in bytes.
const JSON_BYTES: u64 = 256 * 1024 * 1024;
