//! A record of a run under way. Its content survives the process: the next command makes a record
//! of a killed run's draft.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::FlockOperation;

use super::{
    ABOUT, About, BLOBS, CONTENTS, EVENTS, INPUT, OWN_BLOBS, PATCH, PLAN, RUNS, TAPE, WRITTEN,
};
use super::{names, number, private, read};
use crate::commit::{self, Contents, Lock, Plan};
use crate::{Error, ErrorKind, Result, own_process, state_folder};

/// A record of a run that has not ended.
#[derive(Debug)]
pub struct Draft {
    /// Its current path: it is renamed when the run is written, and when it ends.
    place: Mutex<PathBuf>,
    /// Why a part of it is missing.
    lost: Mutex<Option<String>>,
    /// The file of the events, locked as long as the run lives.
    events: File,
}

impl Draft {
    /// Begins a record of a run of which nothing is kept before it [starts](Self::start) or writes.
    ///
    /// # Errors
    /// `Input` when the state folder cannot be used.
    pub(crate) fn begin() -> Result<Self> {
        Self::in_folder().map_err(|error| commit::unusable(&error).into())
    }

    fn in_folder() -> io::Result<Self> {
        let runs = state_folder::folder(RUNS)?;
        let process = std::process::id();
        let mut count = 0_u32;
        let place = loop {
            let place = runs.join(format!("{UNDER_WAY}{process}-{count}"));
            match DirBuilder::new().mode(0o700).create(&place) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
                made => break made.map(|()| place)?,
            }
        };
        let begin = || {
            let events = private().open(place.join(EVENTS))?;
            // Another command may hold it for a moment, to see whether this one lives.
            let lock = || rustix::fs::flock(&events, FlockOperation::LockExclusive);
            rustix::io::retry_on_intr(lock)?;
            Ok(events)
        };
        match begin() {
            Ok(events) => Ok(Self { place: Mutex::new(place), lost: Mutex::default(), events }),
            Err(error) => {
                let _ = fs::remove_dir_all(&place);
                Err(error)
            }
        }
    }

    fn place(&self) -> std::sync::MutexGuard<'_, PathBuf> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is known about the run that starts, and its `input`.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn start(&self, about: &About, input: Option<&str>) -> io::Result<()> {
        let place = self.place();
        // Without a complete description a draft counts as not begun.
        write(&place, ABOUT, &serde_json::to_vec_pretty(about)?)?;
        input.map_or(Ok(()), |input| write(&place, INPUT, input.as_bytes()).map(drop))
    }

    /// Notes that a part of it is missing, because of `why`.
    pub(crate) fn lose(&self, why: &str) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.get_or_insert_with(|| why.to_owned());
    }

    /// Why a part of it is missing, if one is.
    pub(crate) fn lost(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nothing of the run is kept, unless its changes are written.
    pub(crate) fn discard(&self) {
        let place = self.place();
        if super::complete(&place).is_none() {
            let _ = fs::remove_dir_all(&*place);
        }
    }

    /// The file of the events.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn events(&self) -> io::Result<File> {
        self.events.try_clone()
    }

    /// The file for the tape of a conversation, and its path, for errors.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn tape(&self, conversation: &str) -> io::Result<(File, PathBuf)> {
        let path = self.place().join(format!("{TAPE}{conversation}"));
        Ok((private().open(&path)?, path))
    }

    /// A folder in it for temporary files until it is written.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn scratch(&self) -> io::Result<PathBuf> {
        let scratch = self.place().join(SCRATCH);
        DirBuilder::new().mode(0o700).create(&scratch)?;
        Ok(scratch)
    }

    /// Writes the changes that `fill` plans to `folder`, with what is needed to take them back, and
    /// returns the number of the record.
    ///
    /// # Errors
    /// As those of `fill` and of [`commit::commit`]; the folder and the draft are then unchanged.
    pub(crate) fn write(
        &self,
        folder: &Path,
        about: &About,
        patch: &[u8],
        fill: impl FnOnce(&mut Contents) -> Result<Plan>,
    ) -> Result<u32> {
        let lock = Lock::take()?;
        let unusable = |error: io::Error| Error::from(commit::unusable(&error));
        let runs = state_folder::folder(RUNS).map_err(unusable)?;
        let mut place = self.place();
        let id = next_record(&lock, &runs, &place).map_err(unusable)?;
        let going = runs.join(format!(".{id}"));
        fs::rename(&*place, &going).map_err(unusable)?;
        let written = Self::commit(&lock, folder, (&going, id), about, patch, fill);
        let now = match &written {
            Ok(()) => runs.join(id.to_string()),
            Err(_) => {
                remove_changes(&going);
                fs::rename(&going, &*place).map_err(unusable)?;
                place.clone()
            }
        };
        *place = now;
        written.map(|()| id)
    }

    fn commit(
        lock: &Lock,
        folder: &Path,
        (place, id): (&Path, u32),
        about: &About,
        patch: &[u8],
        fill: impl FnOnce(&mut Contents) -> Result<Plan>,
    ) -> Result<()> {
        let unusable = |error: io::Error| Error::from(commit::unusable(&error));
        let file = private().read(true).open(place.join(CONTENTS)).map_err(unusable)?;
        let shared = state_folder::folder(BLOBS).map_err(unusable)?;
        let mut contents = Contents::new(file).with_blobs(place.join(OWN_BLOBS), shared);
        let plan = fill(&mut contents)?;
        let save = || {
            remove_scratch(place)?;
            replace(place, ABOUT, &serde_json::to_vec_pretty(about)?)?;
            File::open(place.join(ABOUT))?.sync_all()?;
            write(place, PLAN, &serde_json::to_vec(&plan)?)?.sync_all()?;
            write(place, PATCH, patch)?.sync_all()?;
            write(place, WRITTEN, b"")?.sync_all()?;
            contents.sync()?;
            File::open(place)?.sync_all()
        };
        save().map_err(unusable)?;
        let publish = (format!("{RUNS}/.{id}"), format!("{RUNS}/{id}"));
        Ok(commit::commit(lock, folder, &plan, &contents, publish)?)
    }

    /// Ends the run: the draft becomes a record, whose number is returned.
    ///
    /// # Errors
    /// `Input` when the disk refuses.
    pub(crate) fn finish(&self, about: &About, patch: &[u8]) -> Result<u32> {
        let finish = || {
            let mut place = self.place();
            replace(&place, ABOUT, &serde_json::to_vec_pretty(about)?)?;
            if let Some(id) = super::complete(&place) {
                return Ok(id);
            }
            if !patch.is_empty() && !place.join(PATCH).exists() {
                write(&place, PATCH, patch)?;
            }
            let lock = Lock::take().map_err(io::Error::other)?;
            let runs = state_folder::folder(RUNS)?;
            let id = next_record(&lock, &runs, &place)?;
            let now = runs.join(id.to_string());
            fs::rename(&*place, &now)?;
            *place = now;
            Ok(id)
        };
        finish().map_err(|error: io::Error| commit::unusable(&error).into())
    }
}

/// Makes records of the runs that were killed.
///
/// # Errors
/// The error of the system.
pub(super) fn adopt(_lock: &Lock, drafts: Vec<PathBuf>) -> io::Result<()> {
    let runs = state_folder::folder(RUNS)?;
    for place in drafts {
        let about = read(&place.join(ABOUT)).and_then(|bytes| About::parse(&bytes));
        let mut about = match about {
            Ok(about) => about,
            // It is for that version to make a record of.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => continue,
            // One that was killed before it began.
            Err(_) => {
                fs::remove_dir_all(&place)?;
                continue;
            }
        };
        about.exit_code = ErrorKind::Internal.exit_code();
        about.error = Some("the command was killed before the run ended".to_owned());
        remove_changes(&place);
        replace(&place, ABOUT, &serde_json::to_vec_pretty(&about)?)?;
        fs::rename(&place, runs.join(id_after(&names()?).to_string()))?;
    }
    Ok(())
}

/// The drafts of runs that were killed.
///
/// # Errors
/// The error of the system.
pub(super) fn left() -> io::Result<Vec<PathBuf>> {
    left_among(&names()?, Path::new(""))
}

/// The same, of these names; `own` is the draft of this run.
fn left_among(names: &[PathBuf], own: &Path) -> io::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for place in names.iter().filter(|place| *place != own) {
        let name = place.file_name().unwrap_or_default().as_bytes();
        let is_of_commit = super::complete(place).is_none() && number(place).is_some();
        let is_draft = match is_of_commit {
            // An interrupted commit completes its draft when its folder is available again.
            true => !commit::is_pending()?,
            false => name.starts_with(UNDER_WAY.as_bytes()),
        };
        if is_draft && !is_alive(place) {
            left.push(place.clone());
        }
    }
    Ok(left)
}

/// The changes were not written.
fn remove_changes(place: &Path) {
    for name in [PLAN, CONTENTS, PATCH, WRITTEN] {
        let _ = fs::remove_file(place.join(name));
    }
    let _ = fs::remove_dir_all(place.join(OWN_BLOBS));
    let _ = remove_scratch(place);
}

fn remove_scratch(place: &Path) -> io::Result<()> {
    match fs::remove_dir_all(place.join(SCRATCH)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Whether the process of a draft lives.
fn is_alive(place: &Path) -> bool {
    let is_locked = File::open(place.join(EVENTS)).is_ok_and(|events| {
        rustix::fs::flock(&events, FlockOperation::NonBlockingLockExclusive).is_err()
    });
    // A draft that is being made is not locked yet, maybe since before the clock ran backwards.
    let is_being_made = || {
        let name = place.file_name().and_then(|name| name.to_str());
        let rest = name.and_then(|name| name.strip_prefix(UNDER_WAY)).unwrap_or_default();
        let pid = rest.split('-').next().and_then(|pid| pid.parse().ok());
        let made = place.metadata().and_then(|it| it.modified());
        let is_young = made.is_ok_and(|made| !made.elapsed().is_ok_and(|age| age.as_secs() >= 60));
        is_young && !place.join(ABOUT).exists() && pid.is_some_and(own_process::exists)
    };
    is_locked || is_being_made()
}

fn id_after(names: &[PathBuf]) -> u32 {
    1 + names.iter().filter_map(|path| number(path)).max().unwrap_or(0)
}

/// The number of the next record, which becomes that of the draft `own`. Makes records of runs that were
/// killed, and removes the oldest records beyond the bounds.
fn next_record(lock: &Lock, runs: &Path, own: &Path) -> io::Result<u32> {
    let mut names = names()?;
    let left = left_among(&names, own)?;
    if !left.is_empty() {
        adopt(lock, left)?;
        names = super::names()?;
    }
    make_room(runs, &names)?;
    Ok(id_after(&names))
}

fn make_room(runs: &Path, names: &[PathBuf]) -> io::Result<()> {
    let mut records: Vec<(u32, &PathBuf)> = Vec::new();
    for path in names {
        if let Some(id) = super::complete(path) {
            records.push((id, path));
        } else if path.file_name().is_some_and(|name| name.as_bytes().starts_with(GOING)) {
            fs::remove_dir_all(path)?;
        }
    }
    records.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
    let is_due = records.first().is_some_and(|(id, _)| id % SIZED_EVERY == 0);
    let (mut bytes, mut removed) = (0, false);
    for (index, (id, path)) in records.iter().enumerate() {
        let is_beyond = is_due && {
            bytes += size(path)?;
            bytes > MOST_BYTES || age_days(path) > MOST_DAYS
        };
        if index + 1 >= MOST_RECORDS || is_beyond {
            let mut going = OsString::from_vec(GOING.to_vec());
            going.push(id.to_string());
            let going = runs.join(going);
            fs::rename(path, &going)?;
            fs::remove_dir_all(&going)?;
            removed = true;
        }
    }
    match removed || is_due {
        true => commit::collect(&state_folder::path(BLOBS).unwrap_or_default()),
        false => Ok(()),
    }
}

/// How many days ago the record was made; 0 if the clock was set back.
fn age_days(path: &Path) -> u64 {
    let made = path.join(ABOUT).metadata().and_then(|it| it.modified()).ok();
    made.and_then(|made| made.elapsed().ok()).map_or(0, |age| age.as_secs() / 86_400)
}

/// The disk space of a record. Content that it shares with others is counted in parts.
fn size(path: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += match found.is_dir() {
            true => size(&entry.path())?,
            // One link is in the shared folder.
            false => found.blocks() * 512 / found.nlink().saturating_sub(1).max(1),
        };
    }
    Ok(bytes)
}

fn write(place: &Path, name: &str, bytes: &[u8]) -> io::Result<File> {
    let mut file = private().open(place.join(name))?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Replaces a file by `bytes`, completely or not at all.
fn replace(place: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new = place.join(format!(".{name}"));
    // A killed command may have left it.
    let mut options = File::options();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&new).and_then(|mut file| file.write_all(bytes));
    written.and_then(|()| fs::rename(&new, place.join(name))).inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

/// The prefix of the names of drafts.
const UNDER_WAY: &str = ".run-";
const SCRATCH: &str = "new";
/// The prefix of the names of records that are being removed.
const GOING: &[u8] = b".gone-";

/// The most that is kept: records, bytes of all of them, and days.
const MOST_RECORDS: usize = 1000;
const MOST_BYTES: u64 = 1024 * 1024 * 1024;
const MOST_DAYS: u64 = 90;
/// How often sizes and ages are checked: each time would cost more than the record.
const SIZED_EVERY: u32 = 16;
