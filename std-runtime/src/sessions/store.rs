//! The sessions of a folder: finding, opening, creating and removing them.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sha1_smol::Sha1;
use zerostack_core::{Dialect, OwnedConfig, Session};

use super::about::About;
use super::attachments;
use super::files::{
    JOURNAL, LAST, LOCK, damaged, private, read_about, unusable, write_first_about,
};
use super::journal::{Held, JournalFile};
use super::saved::Saved;
use crate::agent::{OwnedSession, start_session};
use crate::error::listed;
use crate::nearest::nearest;
use crate::{Error, ErrorKind, Result, own_process, state_folder};

/// The sessions of one folder.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    /// The folder of the project.
    folder: PathBuf,
    /// Their path, relative to the folder of all sessions.
    id: String,
}

impl Sessions {
    /// The sessions of `folder`.
    pub(crate) fn of(folder: &Path) -> Self {
        let name = folder.file_name().unwrap_or("root".as_ref()).to_string_lossy();
        let plain = |it: char| if it.is_ascii_alphanumeric() || it == '-' { it } else { '_' };
        let name: String = name.chars().take(40).map(plain).collect();
        let sum = Sha1::from(folder.as_os_str().as_bytes()).digest().to_string();
        let id = format!("{name}-{}", sum.get(..16).unwrap_or_default());
        Self { folder: folder.to_owned(), id }
    }

    fn list_name(&self) -> String {
        format!("{SESSIONS}/{}", self.id)
    }

    /// Their folder, created if it does not exist.
    fn place(&self) -> io::Result<PathBuf> {
        state_folder::folder(&self.list_name())
    }

    /// The names of all of them.
    fn names(&self) -> io::Result<Vec<String>> {
        let paths = state_folder::list(&self.list_name())?;
        let names = paths.iter().filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
        Ok(names.filter(|name| !name.starts_with('.')).collect())
    }

    /// All sessions that are not empty, the last used one first, each with its description or why it cannot be
    /// used.
    ///
    /// # Errors
    /// `Input` if the state folder cannot be read.
    pub(crate) fn all(&self) -> Result<Vec<(String, io::Result<About>)>> {
        let names = self.names().map_err(|error| unusable(&error))?;
        let place = state_folder::path(&self.list_name()).unwrap_or_default();
        // A command that failed at its start leaves an empty session.
        let is_begun = |name: &String| {
            fs::metadata(place.join(name).join(JOURNAL)).map_or(true, |found| found.len() > 0)
        };
        let mut all: Vec<_> = names
            .into_iter()
            .filter(is_begun)
            .map(|name| {
                let about = read_about(&place.join(&name));
                (name, about)
            })
            .collect();
        let time = |about: &io::Result<About>| about.as_ref().map_or(0, |about| about.time);
        // The clock may have run backwards since. Of those of one second the later number.
        let last = fs::read_to_string(place.join(LAST)).unwrap_or_default();
        let number = |name: &str| name.parse::<u32>().unwrap_or(0);
        all.sort_by_key(|(name, about)| {
            std::cmp::Reverse((*name == last, time(about), number(name)))
        });
        Ok(all)
    }

    /// The name of the last used session.
    ///
    /// # Errors
    /// `Input` when there is none.
    pub(crate) fn latest(&self) -> Result<String> {
        let mut all = self.all()?.into_iter().filter(|(_, about)| about.is_ok());
        let (name, _) = all.next().ok_or_else(|| {
            let folder = self.folder.display();
            let text = format!("there is no session to continue in {folder}; leave out --continue");
            Error::new(ErrorKind::Input, text)
        })?;
        Ok(name)
    }

    /// Whether there is a session with this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        // Any other text is not a name, but may be a path.
        let place = state_folder::path(&self.list_name()).filter(|_| check_name(name).is_ok());
        place.is_some_and(|place| fs::symlink_metadata(place.join(name)).is_ok())
    }

    /// The error for an unknown name.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        let names = self.names().unwrap_or_default();
        let advice = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if names.is_empty() => "this folder has no sessions".to_owned(),
            None => format!("there are {}", listed(&names)),
        };
        Error::new(ErrorKind::Input, format!("unknown session {name:?}; {advice}"))
    }

    /// The description of the session `name`.
    ///
    /// # Errors
    /// `Input` if there is none, or it cannot be used.
    pub(crate) fn about(&self, name: &str) -> Result<About> {
        if !self.has(name) {
            return Err(self.unknown(name));
        }
        let place = self.place().map_err(|error| unusable(&error))?.join(name);
        read_about(&place).map_err(|error| damaged(name, &error))
    }

    /// The conversation of the session `name`, for reading only: it does not lock the session.
    ///
    /// # Errors
    /// `Input` if there is none, or it cannot be used.
    pub(crate) fn look_into(&self, name: &str) -> Result<(OwnedSession, About)> {
        let about = self.about(name)?;
        let path = self.place().map_err(|error| unusable(&error))?.join(name).join(JOURNAL);
        let held = JournalFile::open(&path).and_then(|mut journal| {
            let held = journal.read()?;
            Ok((journal.file_bytes() > 0).then_some(held))
        });
        let held = held.map_err(|error| damaged(name, &error))?;
        let config = OwnedConfig::new(Dialect::OpenAiChat, about.model.clone());
        let Some(Held { storage, used, .. }) = held else {
            return Ok((start_session(config)?, about));
        };
        let session = Session::resume(storage, used, config);
        session
            .map(|session| (session, about))
            .map_err(|error| damaged(name, &Error::from_core(error)))
    }

    /// Opens the session `name`, which nobody else has open from then on.
    ///
    /// # Errors
    /// `Input` if there is none, or it cannot be used; `Conflict` if another command has it open.
    pub(crate) fn open(&self, name: &str) -> Result<Saved> {
        if !self.has(name) {
            return Err(self.unknown(name));
        }
        let place = self.place().map_err(|error| unusable(&error))?.join(name);
        let lock = take_lock(&place).map_err(|error| damaged(name, &error))?;
        let lock = lock.map_err(|holder| in_use(name, &holder))?;
        let about = read_about(&place).map_err(|error| damaged(name, &error))?;
        Saved::open(name, place, about, lock)
    }

    /// Creates a session with this name, or with the next number.
    ///
    /// # Errors
    /// `Usage` for an invalid name, `Input` if the state folder cannot be used.
    pub(crate) fn create(&self, name: Option<&str>, mut about: About) -> Result<Saved> {
        about.is_named = name.is_some();
        match name {
            Some(name) if name.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => {
                Err(self.unknown(name))
            }
            Some(name) => {
                check_name(name)?;
                let place = self.place().map_err(|error| unusable(&error))?;
                let lock = make(&place, name, &about).map_err(|error| unusable(&error))?;
                Saved::open(name, place.join(name), about, lock)
            }
            None => {
                let place = self.place().map_err(|error| unusable(&error))?;
                let made = make_number(&place, &about).map_err(|error| unusable(&error))?;
                let (name, lock) = made;
                Saved::open(&name, place.join(&name), about, lock)
            }
        }
    }

    /// A new session with the whole conversation of `from`.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`create`](Self::create).
    pub(crate) fn fork(&self, from: &str) -> Result<Saved> {
        let mut about = self.about(from)?;
        about.forked_from = Some(from.to_owned());
        let saved = self.create(None, about)?;
        // A command may be writing there: an incomplete frame is left out.
        let source = self.place().map_err(|error| unusable(&error))?.join(from).join(JOURNAL);
        let copied = fs::copy(&source, saved.path(JOURNAL))
            .and_then(|_| attachments::fork(source.parent().unwrap_or(&source), &saved.path("")));
        copied.map_err(|error| unusable(&error))?;
        Ok(saved)
    }

    /// Removes the session `name`.
    ///
    /// # Errors
    /// `Input` if there is none, `Conflict` if a command has it open.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        if !self.has(name) {
            return Err(self.unknown(name));
        }
        let place = self.place().map_err(|error| unusable(&error))?.join(name);
        let lock = take_lock(&place).map_err(|error| unusable(&error))?;
        let _lock = lock.map_err(|holder| in_use(name, &holder))?;
        remove(&place).map_err(|error| unusable(&error))
    }
}

/// Makes a session with the next number in `place`; its name and its lock.
fn make_number(place: &Path, about: &About) -> io::Result<(String, File)> {
    let first = 1 + make_room(place)?;
    for number in first..=u32::MAX {
        let name = number.to_string();
        match make(place, &name, about) {
            // Another command created it.
            Err(_) if place.join(&name).exists() => {}
            made => return made.map(|lock| (name, lock)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Makes a session in `place`, completely or not at all, which nobody else has open; its lock.
fn make(place: &Path, name: &str, about: &About) -> io::Result<File> {
    let new = place.join(format!(".new-{}-{name}", std::process::id()));
    if new.exists() {
        fs::remove_dir_all(&new)?;
    }
    DirBuilder::new().mode(0o700).create(&new)?;
    let filled = (|| {
        private().write(true).create_new(true).open(new.join(JOURNAL))?;
        write_first_about(&new, about)?;
        let lock = take_lock(&new)?.map_err(io::Error::other)?;
        fs::rename(&new, place.join(name))?;
        Ok(lock)
    })();
    if filled.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    filled
}

/// Takes the lock of the session at `place`, or returns its owner.
fn take_lock(place: &Path) -> io::Result<std::result::Result<File, String>> {
    let path = place.join(LOCK);
    let mut lock = private().read(true).write(true).create(true).truncate(false).open(path)?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut holder = String::new();
        (&lock).take(64).read_to_string(&mut holder)?;
        return Ok(Err(holder.trim().to_owned()));
    }
    lock.set_len(0)?;
    lock.write_all(std::process::id().to_string().as_bytes())?;
    Ok(Ok(lock))
}

fn in_use(name: &str, holder: &str) -> Error {
    let text = format!(
        "the session {name} is in use by process {holder}; wait until it has ended, or go on \
         with a copy by --fork"
    );
    Error::new(ErrorKind::Conflict, text)
}

/// Whether a session may have this name, which is also that of a folder.
fn check_name(name: &str) -> Result<()> {
    let is_plain = |it: char| it.is_alphanumeric() || "-_.".contains(it);
    let fits = (1..=64).contains(&name.len()) && name.chars().all(is_plain);
    if fits && !name.starts_with(['.', '-']) {
        return Ok(());
    }
    let text = format!(
        "the name of a session is made of at most 64 letters, digits, `-`, `_` and `.`: {name:?}"
    );
    Err(Error::new(ErrorKind::Usage, text))
}

/// Removes it so that it exists completely, or not at all.
fn remove(place: &Path) -> io::Result<()> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let gone = place.with_file_name(format!(".gone-{}-{name}", std::process::id()));
    fs::rename(place, &gone)?;
    fs::remove_dir_all(gone)
}

/// Removes the oldest unnamed sessions beyond the limits, and the remains of killed commands.
/// Returns the highest number of a session, or 0.
fn make_room(place: &Path) -> io::Result<u32> {
    let mut numbers: Vec<u32> = Vec::new();
    for entry in fs::read_dir(place)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Ok(number) = name.parse() {
            numbers.push(number);
        } else if let Some(rest) = name.strip_prefix(".new-").or(name.strip_prefix(".gone-")) {
            let pid = rest.split('-').next().and_then(|pid| pid.parse::<i32>().ok());
            if pid.is_some_and(|pid| !own_process::exists(pid)) {
                let place = place.join(name);
                // The note of the last session is a file.
                fs::remove_file(&place).or_else(|_| fs::remove_dir_all(&place))?;
            }
        }
    }
    numbers.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
    let highest = numbers.first().copied().unwrap_or(0);
    let mut bytes = 0;
    let mut is_too_much = |path: &Path| {
        bytes += fs::metadata(path.join(JOURNAL)).map_or(0, |found| found.len());
        bytes += attachments::bytes(path);
        bytes > MOST_BYTES
    };
    for (index, number) in numbers.iter().enumerate() {
        let path = place.join(number.to_string());
        let is_measured = highest.is_multiple_of(MEASURED);
        let goes = index + 1 >= MOST_SESSIONS || (is_measured && is_too_much(&path));
        if goes && let Ok(Ok(_lock)) = take_lock(&path) {
            remove(&path)?;
        }
    }
    Ok(highest)
}

const SESSIONS: &str = "sessions";
/// The limits for the unnamed sessions of a folder.
const MOST_SESSIONS: usize = 50;
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// The sizes of all sessions are added up once in this many: that takes several calls for each.
const MEASURED: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_unnamed_sessions_are_removed_and_the_highest_number_is_returned() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path();
        let add = |name: &str, bytes: u64| {
            fs::create_dir(place.join(name)).unwrap();
            File::create(place.join(name).join(JOURNAL)).unwrap().set_len(bytes).unwrap();
        };
        let left = || {
            let names = fs::read_dir(place).unwrap().map(|it| it.unwrap().file_name());
            let mut names: Vec<String> = names.map(|it| it.into_string().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(make_room(place).unwrap(), 0);
        add("named", MOST_BYTES);
        add(".gone-999999999-3", 0);
        (1..=7).for_each(|number| add(&number.to_string(), 100 * 1024 * 1024));
        assert_eq!(make_room(place).unwrap(), 7);
        assert_eq!(left(), ["1", "2", "3", "4", "5", "6", "7", "named"]);
        add("8", 100 * 1024 * 1024);
        assert_eq!(make_room(place).unwrap(), 8);
        assert_eq!(left(), ["7", "8", "named"]);
        (9..=60).for_each(|number| add(&number.to_string(), 0));
        assert_eq!(make_room(place).unwrap(), 60);
        assert_eq!(left().len(), MOST_SESSIONS);
        assert!(left().contains(&"12".to_owned()) && !left().contains(&"11".to_owned()));
    }
}
