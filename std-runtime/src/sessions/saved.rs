//! A session that this command has open.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use zerostack_core::{OwnedConfig, Session};

use super::about::About;
use super::attachments;
use super::files::{JOURNAL, PENDING, damaged, replace, unusable, write_about, write_last};
use super::journal::{Held, JournalFile};
use crate::agent::{Files, OwnedSession, start_session};
use crate::error::listed;
use crate::{Error, Result};

/// A session that this command has open.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) name: String,
    pub(crate) about: About,
    place: PathBuf,
    journal: JournalFile,
    /// How long the file was when it was opened.
    opened_bytes: u64,
    held: Option<Held>,
    /// The numbers of the stored files.
    kept: BTreeSet<u32>,
    /// Why nothing more is saved; empty once that was reported.
    failed: Option<String>,
    _lock: File,
}

impl Saved {
    /// Opens the files at `place`, which nobody else uses while `lock` is held.
    ///
    /// # Errors
    /// `Input` if they cannot be used.
    pub(super) fn open(name: &str, place: PathBuf, about: About, lock: File) -> Result<Self> {
        let journal = JournalFile::open(&place.join(JOURNAL));
        let journal = journal.map_err(|error| damaged(name, &error))?;
        let name = name.to_owned();
        let (opened_bytes, held, kept, failed) = (0, None, BTreeSet::new(), None);
        Ok(Self { name, about, place, journal, opened_bytes, held, kept, failed, _lock: lock })
    }

    /// One of its files.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Reads the conversation; lines for a person are added to `notes`.
    ///
    /// # Errors
    /// `Input` if it is damaged.
    pub(crate) fn read(&mut self, notes: &mut Vec<String>) -> Result<()> {
        let name = &self.name;
        let held = self.journal.read().map_err(|error| {
            let text = format!("{error}; `zerostack sessions remove {name}` removes it");
            damaged(name, &text)
        })?;
        if held.dropped_bytes > 0 {
            notes.push(format!(
                "session {name}: the last {} bytes were cut off when a command was killed, and are \
                 left out",
                held.dropped_bytes
            ));
        }
        self.opened_bytes = self.journal.file_bytes();
        self.held = Some(held);
        Ok(())
    }

    /// The conversation as it was [read](Self::read), or an empty one, with `config`. A turn that
    /// was open is ended.
    ///
    /// # Errors
    /// `Input` if it is damaged.
    pub(crate) fn session(&mut self, config: OwnedConfig) -> Result<OwnedSession> {
        let held = self.held.take().filter(|_| self.opened_bytes > 0);
        let Some(Held { storage, used, .. }) = held else { return Ok(start_session(config)?) };
        let session = Session::resume(storage, used, config);
        let session = session.map_err(|error| damaged(&self.name, &Error::from_core(error)));
        session.map(|mut session| {
            session.abort();
            session
        })
    }

    /// `session` with its stored files. Missing ones are reported to the model, and to a person by
    /// a line in `notes`.
    ///
    /// # Errors
    /// `Input` if one cannot be read.
    pub(crate) fn with_files(
        &mut self,
        mut session: OwnedSession,
        notes: &mut Vec<String>,
    ) -> Result<(OwnedSession, Files)> {
        let (files, gone) = attachments::read(&self.place, &session)?;
        if !gone.is_empty() {
            let gone = listed(&gone);
            let name = &self.name;
            notes.push(format!(
                "session {name}: {gone} cannot be found any more, so the model is told of the files \
                 of the session instead of being sent them"
            ));
            session.leave_out_attachments().map_err(Error::from_core)?;
            return Ok((session, Files::new()));
        }
        self.kept = files.iter().map(|(number, _)| number).collect();
        Ok((session, files))
    }

    /// Copies new files; from then on the copies are sent. Must be called before
    /// [`save`](Self::save), so that the files of a transcript exist.
    pub(crate) fn keep_files(&mut self, files: &mut Files) {
        if self.failed.is_none()
            && let Err(error) = attachments::keep(&self.place, files, &mut self.kept)
        {
            self.failed = Some(error.to_string());
        }
    }

    /// Whether the part of the file that was read has no messages.
    pub(crate) fn is_empty(&self) -> bool {
        self.opened_bytes == 0
    }

    /// Writes the new part. If that fails, nothing more is written, and
    /// [`take_failure`](Self::take_failure) returns the reason: it does not fail a run.
    pub(crate) fn save(&mut self, session: &OwnedSession) {
        if self.failed.is_none()
            && let Err(error) = self.journal.save(session)
        {
            self.failed = Some(error.to_string());
        }
    }

    /// Removes everything since it was opened: another attempt begins.
    pub(crate) fn start_over(&mut self) {
        // Their numbers are used again.
        self.kept.clear();
        if let Err(error) = self.journal.cut(self.opened_bytes) {
            self.failed = Some(error.to_string());
        }
    }

    /// Writes its description.
    pub(crate) fn keep(&mut self) {
        self.about.touch();
        let kept = write_about(&self.place, &self.about).and_then(|()| {
            let all = self.place.parent().unwrap_or(&self.place);
            write_last(all, &self.name)
        });
        if self.failed.is_none()
            && let Err(error) = kept
        {
            self.failed = Some(error.to_string());
        }
    }

    /// The line for a person about what could not be saved, once.
    pub(crate) fn take_failure(&mut self) -> Option<String> {
        let why = self.failed.as_mut().filter(|why| !why.is_empty()).map(std::mem::take)?;
        Some(format!("session {}: cannot be saved, and stays unchanged: {why}", self.name))
    }

    /// Keeps `patch` for the next command that opens the session; an empty one removes it.
    ///
    /// # Errors
    /// `Input` if the disk refuses.
    pub(crate) fn keep_pending(&self, patch: &[u8]) -> Result<()> {
        let path = self.place.join(PENDING);
        let kept = match patch {
            [] => match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
            patch => replace(&self.place, PENDING, patch),
        };
        kept.map_err(|error| unusable(&error))
    }

    /// The stored patch.
    pub(crate) fn pending(&self) -> Option<Vec<u8>> {
        fs::read(self.place.join(PENDING)).ok().filter(|patch| !patch.is_empty())
    }
}
