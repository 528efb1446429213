//! What a loop keeps on disk, so that it can continue after any interruption.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result, state_folder};

/// The state of a loop, in its own folder.
#[derive(Debug)]
pub(super) struct State {
    place: PathBuf,
    /// Where the rounds work.
    pub work: PathBuf,
    /// Finished rounds.
    pub round: u32,
    /// The last rounds that changed nothing.
    pub unchanged: u32,
    pub tokens: u64,
    pub cost_micros: u64,
    /// The lock: nobody else works on it.
    _lock: fs::File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Saved {
    round: u32,
    unchanged: u32,
    tokens: u64,
    #[serde(default)]
    cost_micros: u64,
}

impl State {
    /// The state of the loop `key` in `folder`: new, or that of an interrupted loop. The rounds work
    /// in a copy of the folder unless the loop `writes`.
    ///
    /// # Errors
    /// `Conflict` if the same loop is running, `Input` if the disk refuses.
    pub(super) fn open(key: &str, folder: &Path, writes: bool) -> Result<Self> {
        Self::opened(key, folder, writes).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => {
                let text = "the same loop is already running; wait for it, or end it";
                Error::new(ErrorKind::Conflict, text)
            }
            _ => Error::new(
                ErrorKind::Input,
                format!("the state of the loop cannot be used: {error}"),
            ),
        })
    }

    fn opened(key: &str, folder: &Path, writes: bool) -> io::Result<Self> {
        let place = state_folder::folder("loops")?.join(key);
        fs::create_dir_all(&place)?;
        forget_old(&place)?;
        let lock = fs::File::create(place.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            fs::TryLockError::Error(error) => error,
        })?;
        let saved = fs::read(place.join(SAVED));
        let known = saved.ok().and_then(|bytes| serde_json::from_slice::<Saved>(&bytes).ok());
        let top = folder.ancestors().find(|it| it.join(".git").exists()).unwrap_or(folder);
        let work = match writes {
            true => folder.to_owned(),
            false => place.join("work").join(folder.strip_prefix(top).unwrap_or(Path::new(""))),
        };
        let Saved { round, unchanged, tokens, cost_micros } =
            known.as_ref().map_or_else(Saved::default, |it| Saved { ..*it });
        let state = Self { place, work, round, unchanged, tokens, cost_micros, _lock: lock };
        if known.is_none() {
            state.begin(top, writes)?;
        }
        Ok(state)
    }

    /// Copies the folder. The state is saved when the copy is complete.
    fn begin(&self, top: &Path, writes: bool) -> io::Result<()> {
        let copy = self.place.join("work");
        if !writes {
            let _ = fs::remove_dir_all(&copy);
            fs::create_dir(&copy)?;
            // Follows no link, and shares blocks if the file system can.
            let copied = Command::new("cp")
                .args(["-a", "--reflink=auto", "--"])
                .arg(top.join("."))
                .arg(&copy)
                .output()?;
            if !copied.status.success() {
                let why = String::from_utf8_lossy(&copied.stderr).trim().to_owned();
                return Err(io::Error::other(format!("the folder cannot be copied: {why}")));
            }
        }
        self.save()
    }

    fn save(&self) -> io::Result<()> {
        let Self { round, unchanged, tokens, cost_micros, .. } = *self;
        let bytes = serde_json::to_vec(&Saved { round, unchanged, tokens, cost_micros })?;
        let mut file = tempfile::NamedTempFile::new_in(&self.place)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(self.place.join(SAVED))?;
        Ok(())
    }

    /// Records the end of round `number` and its changes.
    ///
    /// # Errors
    /// `Input` when the disk refuses.
    pub(super) fn keep(&mut self, number: u32, patch: &[u8]) -> Result<()> {
        self.round = number;
        let path = self.place.join(format!("round-{number:05}.patch"));
        let kept = if patch.is_empty() { Ok(()) } else { fs::write(path, patch) };
        kept.and_then(|()| self.save()).map_err(|error| {
            Error::new(ErrorKind::Input, format!("the state of the loop cannot be stored: {error}"))
        })
    }

    /// The patches of the rounds, in their order.
    ///
    /// # Errors
    /// `Input` when they cannot be read.
    pub(super) fn patches(&self) -> Result<Vec<Vec<u8>>> {
        let read = || -> io::Result<Vec<Vec<u8>>> {
            let mut paths: Vec<PathBuf> = fs::read_dir(&self.place)?
                .map(|entry| Ok(entry?.path()))
                .collect::<io::Result<_>>()?;
            paths.sort();
            let patches =
                paths.iter().filter(|path| path.extension().is_some_and(|it| it == "patch"));
            patches.map(fs::read).collect()
        };
        read().map_err(|error| {
            Error::new(
                ErrorKind::Input,
                format!("the patches of the rounds cannot be read: {error}"),
            )
        })
    }

    /// The loop is over.
    pub(super) fn discard(&self) {
        // The next loop of the same command removes what is left.
        let _ = fs::remove_file(self.place.join(SAVED));
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// Removes the state of loops that nobody continued for a long time.
fn forget_old(own: &Path) -> io::Result<()> {
    for place in state_folder::list("loops")?.into_iter().filter(|place| place != own) {
        let age = fs::metadata(place.join("lock")).and_then(|found| found.modified()).ok();
        let is_old = age.is_none_or(|it| it.elapsed().is_ok_and(|age| age > KEPT));
        let lock = fs::File::open(place.join("lock"));
        if is_old && lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            // A state that cannot be removed does no harm.
            let _ = fs::remove_dir_all(&place);
        }
    }
    Ok(())
}

const SAVED: &str = "state.json";

/// How long an interrupted loop can be continued.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
