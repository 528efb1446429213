//! Writing the changes of a run to its folder, all of them or none, with a record for `undo`.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::{Checked, kept};
use crate::error::listed;
use crate::patch::Changes;
use crate::provider::Endpoint;
use crate::record::{self, About, Draft};
use crate::run::{Outcome, RunOptions, Stop};
use crate::view::View;
use crate::{Error, ErrorKind, Result, own_process};

/// What to write, and its description.
pub(in crate::run) struct Written<'a> {
    pub options: &'a RunOptions,
    pub endpoint: &'a Endpoint,
    pub view: &'a View,
    pub started: Instant,
}

impl Written<'_> {
    /// Writes the changes of `outcome`, and returns the number of the record.
    ///
    /// # Errors
    /// `Conflict` if a file changed meanwhile, `Input` if the disk refuses. Then the folder is
    /// unchanged, and the patch is kept.
    pub(in crate::run) fn write(
        &self,
        checked: &Checked,
        outcome: &Outcome,
        stop: &Stop,
    ) -> Result<u32> {
        if !stop.begin_writing() {
            return Err(crate::transport::Cancel::error().into());
        }
        let moved = match checked.moved.as_slice() {
            [] => Ok(()),
            moved => Err(changed_meanwhile(moved)),
        };
        let folder = &self.options.folder;
        // What compared the view is done.
        own_process::release_code();
        let written = moved
            .and_then(|()| self.commit(&checked.changes, outcome))
            .map_err(|error| kept(error, &outcome.patch, folder, "the patch"));
        if written.is_err() {
            stop.end_writing();
        }
        written
    }

    fn commit(&self, changes: &Changes, outcome: &Outcome) -> Result<u32> {
        let about = self.about(&self.options.folder, outcome);
        let own;
        let draft = match &self.options.kept {
            Some(draft) => draft.as_ref(),
            None => {
                own = Draft::begin()?;
                &own
            }
        };
        draft.write(self.view.base(), &about, &outcome.patch, |contents| {
            let plan = record::plan(changes, contents)?;
            // Check after reading, so that the bytes are those that the run began with.
            let paths = changes.files().iter().map(crate::patch::Change::path);
            let changed = self.view.changed_since_start(paths).map_err(record::unreadable)?;
            match changed.is_empty() {
                true => Ok(plan),
                false => Err(changed_meanwhile(&changed)),
            }
        })
    }

    fn about(&self, folder: &Path, outcome: &Outcome) -> About {
        let Self { options, endpoint, started, .. } = self;
        let secrets = endpoint.secrets();
        let mut about = About::new(folder);
        about.time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        about.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        about.prompt.clone_from(&options.instructions.name);
        about.task = secrets.redact(&options.instructions.task);
        about.provider.clone_from(&endpoint.name);
        about.model.clone_from(&endpoint.model);
        about.files.clone_from(&outcome.files);
        about.text = secrets.redact(&outcome.text);
        about.with_others(self.view.also(), self.view.base());
        about.usage = outcome.usage.into();
        about.connections = outcome.connections.iter().map(|it| it.to_string()).collect();
        about
    }
}

/// The error for files that somebody else changed during the run.
fn changed_meanwhile(paths: &[Vec<u8>]) -> Error {
    let names: Vec<String> =
        paths.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect();
    let text = format!("changed during the run: {}; nothing was written", listed(&names));
    Error::new(ErrorKind::Conflict, text)
}
