//! What the command keeps of a run that was written to its folder: the patch, the contents of
//! both sides, and what ran. `undo` and `redo` work from it.
//!
//! A record is a folder in the state folder, whose name is a number. While its name starts with a
//! point it is not complete, or on its way out.

mod about;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

pub(crate) use about::About;

use crate::commit::{self, Contents, Lock, Plan};
use crate::{Error, ErrorKind, Result, state_folder};

/// A record that is being made.
#[derive(Debug)]
pub(crate) struct Draft {
    id: u32,
    place: PathBuf,
    pub(crate) contents: Contents,
}

/// A record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Its number.
    pub(crate) id: u32,
    place: PathBuf,
    /// What ran.
    pub(crate) about: About,
    /// Whether its changes were taken back.
    pub(crate) is_undone: bool,
}

impl Draft {
    /// Begins a record, after room is made for it.
    ///
    /// # Errors
    /// `Input` when the state folder cannot be used.
    pub(crate) fn create(_lock: &Lock) -> Result<Self> {
        Self::in_folder().map_err(|error| commit::unusable(&error).into())
    }

    fn in_folder() -> io::Result<Self> {
        let runs = state_folder::folder(RUNS)?;
        make_room(&runs)?;
        let id = 1 + names()?.iter().filter_map(|path| number(path)).max().unwrap_or(0);
        let place = runs.join(format!(".{id}"));
        DirBuilder::new().mode(0o700).create(&place)?;
        let mut options = private();
        let contents = options.read(true).open(place.join(CONTENTS))?;
        Ok(Self { id, place, contents: Contents::new(contents) })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Completes it; it becomes a record when [`Self::publish`] is done.
    ///
    /// # Errors
    /// `Input` when the disk refuses.
    pub(crate) fn save(&self, plan: &Plan, about: &About, patch: &[u8]) -> Result<()> {
        let save = || {
            self.write(PLAN, &serde_json::to_vec(plan)?)?;
            self.write(ABOUT, &serde_json::to_vec_pretty(about)?)?;
            self.write(PATCH, patch)?;
            self.write(WRITTEN, b"")?;
            self.contents.file().sync_all()?;
            File::open(&self.place)?.sync_all()
        };
        save().map_err(|error| commit::unusable(&error).into())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = private().open(self.place.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// What is renamed in the state folder once the changes are written.
    pub(crate) fn publish(&self) -> (String, String) {
        (format!("{RUNS}/.{}", self.id), format!("{RUNS}/{}", self.id))
    }

    /// The changes were not written.
    pub(crate) fn discard(self) {
        // What is left is removed when the next record is made.
        let _ = fs::remove_dir_all(&self.place);
    }
}

impl Record {
    /// The record with the number `id`.
    ///
    /// # Errors
    /// `Input` when there is none, or it cannot be used.
    pub(crate) fn find(id: u32) -> Result<Self> {
        let place = state_folder::path(RUNS).unwrap_or_default().join(id.to_string());
        if !place.is_dir() {
            let text = format!("there is no record of a run {id}; see `zerostack log`");
            return Err(Error::new(ErrorKind::Input, text));
        }
        Self::open(id, place)
    }

    fn open(id: u32, place: PathBuf) -> Result<Self> {
        let about = read(&place.join(ABOUT)).and_then(|bytes| About::parse(&bytes));
        let about = about.map_err(|error| damaged(id, &error))?;
        let is_undone = place.join(UNDONE).exists();
        Ok(Self { id, place, about, is_undone })
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
                Ok(record) if record.about.folder() == folder => records.push(record),
                Ok(_) => {}
                Err(error) => errors.push(error),
            }
        }
        records.sort_unstable_by_key(|record| record.id);
        Ok((records, errors))
    }

    /// Its patch.
    ///
    /// # Errors
    /// `Input` when it cannot be read.
    pub(crate) fn patch(&self) -> Result<Vec<u8>> {
        fs::read(self.place.join(PATCH)).map_err(|error| damaged(self.id, &error))
    }

    /// Takes its changes back, or makes them again.
    ///
    /// # Errors
    /// `Conflict` when a file is not as the run left it, or found it; then nothing is changed.
    /// `Input` when the disk refuses, or the record is damaged.
    pub(crate) fn turn(&self, lock: &Lock, undo: bool) -> Result<()> {
        let plan = read(&self.place.join(PLAN))
            .and_then(|bytes| Ok(serde_json::from_slice::<Plan>(&bytes)?));
        let plan = plan.map_err(|error| damaged(self.id, &error))?;
        let contents = File::open(self.place.join(CONTENTS));
        let contents = contents.map_err(|error| damaged(self.id, &error))?;
        let mark = |name: &str| format!("{RUNS}/{}/{name}", self.id);
        let (plan, publish) = match undo {
            true => (plan.inverse(), (mark(WRITTEN), mark(UNDONE))),
            false => (plan, (mark(UNDONE), mark(WRITTEN))),
        };
        Ok(commit::commit(lock, &self.about.folder(), &plan, &contents, publish)?)
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

/// Removes drafts that nobody completes, and the oldest records beyond the bounds.
fn make_room(runs: &Path) -> io::Result<()> {
    let mut records: Vec<(u32, PathBuf)> = Vec::new();
    for path in names()? {
        match (complete(&path), number(&path)) {
            (Some(id), _) => records.push((id, path)),
            // A commit that was interrupted completes its draft when its folder is there again.
            (None, Some(_)) if !commit::is_pending()? => fs::remove_dir_all(&path)?,
            _ => {}
        }
    }
    records.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
    let mut bytes = 0;
    for (index, (id, path)) in records.iter().enumerate() {
        bytes += size(path)?;
        if index + 1 >= MOST_RECORDS || bytes > MOST_BYTES {
            let going = runs.join(format!(".{id}"));
            fs::rename(path, &going)?;
            fs::remove_dir_all(&going)?;
        }
    }
    Ok(())
}

/// What a record takes on the disk.
fn size(path: &Path) -> io::Result<u64> {
    let files = fs::read_dir(path)?.map(|entry| Ok(entry?.metadata()?.blocks() * 512));
    files.sum()
}

const RUNS: &str = "runs";
const ABOUT: &str = "about.json";
const PLAN: &str = "files.json";
const PATCH: &str = "patch";
const CONTENTS: &str = "contents";
/// Empty files; a record has one of them.
const WRITTEN: &str = "written";
const UNDONE: &str = "undone";

/// The most that is kept: records, and bytes of all of them.
const MOST_RECORDS: usize = 200;
const MOST_BYTES: u64 = 1024 * 1024 * 1024;
/// The most that is read of one JSON file of a record.
const JSON_BYTES: u64 = 256 * 1024 * 1024;
