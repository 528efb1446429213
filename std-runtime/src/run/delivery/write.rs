//! Writing the changes of a run to its folder, all of them or none, with a record for `undo`.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::{Checked, kept};
use crate::commit::{Contents, Lock, Name, Plan, PlannedFile, Side};
use crate::error::listed;
use crate::patch::Changes;
use crate::patch::tree::{Tree, kind};
use crate::provider::Endpoint;
use crate::record::{About, Draft};
use crate::run::{Outcome, RunOptions, Stop};
use crate::view::View;
use crate::{Error, ErrorKind, Result};

/// What is written, and what is told of it.
pub(in crate::run) struct Written<'a> {
    pub options: &'a RunOptions,
    pub endpoint: &'a Endpoint,
    pub view: &'a View,
    pub started: Instant,
}

impl Written<'_> {
    /// Writes what `outcome` says, and gives the number of the record.
    ///
    /// # Errors
    /// `Conflict` when a file changed meanwhile, `Input` when the disk refuses. The folder is as it
    /// was then, and the patch is kept.
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
        let written = moved
            .and_then(|()| self.commit(&checked.changes, outcome))
            .map_err(|error| kept(error, &outcome.patch, folder, "the patch"));
        if written.is_err() {
            stop.end_writing();
        }
        written
    }

    fn commit(&self, changes: &Changes, outcome: &Outcome) -> Result<u32> {
        let folder = &self.options.folder;
        let lock = Lock::take()?;
        let mut draft = Draft::create(&lock)?;
        let result = plan(self.view, changes, &mut draft.contents).and_then(|plan| {
            draft.save(&plan, &self.about(folder, outcome), &outcome.patch)?;
            let contents = draft.contents.file();
            Ok(crate::commit::commit(&lock, folder, &plan, contents, draft.publish())?)
        });
        let id = draft.id();
        if result.is_err() {
            draft.discard();
        }
        result.map(|()| id)
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
        about.usage = outcome.usage.into();
        about.connections = outcome.connections.iter().map(|it| it.to_string()).collect();
        about
    }
}

/// The changes as they are to be made, with the contents of both sides, byte for byte as they are
/// in the folder and the view: a patch has them in git's form.
fn plan(view: &View, changes: &Changes, contents: &mut Contents) -> Result<Plan> {
    let unreadable = |error: io::Error| {
        let text = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "cannot keep the contents of the files for `zerostack undo`"
            }
            _ => "cannot read what is to be written",
        };
        Error::new(ErrorKind::Input, format!("{text}: {error}"))
    };
    let (before, after) = changes.trees();
    let mut plan = Plan::default();
    let (mut made, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for change in changes.files() {
        let path = Name(change.path().to_vec());
        let mut copy = |tree| Side::copy(tree, &path.0, contents).map_err(unreadable);
        let file = PlannedFile { before: copy(before)?, after: copy(after)?, path };
        for above in file.path.folders() {
            if file.before.is_some() && !is_folder(after, above).map_err(unreadable)? {
                gone.insert(above.to_vec());
            }
            if file.after.is_some() && !is_folder(before, above).map_err(unreadable)? {
                made.insert(above.to_vec());
            }
        }
        plan.files.push(file);
    }
    (plan.made, plan.gone) =
        (made.into_iter().map(Name).collect(), gone.into_iter().map(Name).collect());
    // After they were read, so that what was read is what the run began with.
    let paths = changes.files().iter().map(crate::patch::Change::path);
    let changed = view.changed_since_start(paths).map_err(unreadable)?;
    match changed.is_empty() {
        true => Ok(plan),
        false => Err(changed_meanwhile(&changed)),
    }
}

/// The error of files that somebody else changed during the run.
fn changed_meanwhile(paths: &[Vec<u8>]) -> Error {
    let names: Vec<String> =
        paths.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect();
    let text = format!("changed during the run: {}; nothing was written", listed(&names));
    Error::new(ErrorKind::Conflict, text)
}

fn is_folder(tree: &Tree, path: &[u8]) -> io::Result<bool> {
    Ok(tree.stat(path)?.is_some_and(|stat| kind(&stat).is_dir()))
}
