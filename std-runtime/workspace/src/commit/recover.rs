//! An interrupted commit is rolled back, or finished if it was already final.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Disk, Faults};
use super::identity::Identity;
use super::journal::{self, Journal};
use super::{COMMITS, Lock, Name, unusable};
use crate::{Error, ErrorKind, Result, state_folder};

/// Ends all interrupted commits, and returns a line about each for the user.
///
/// # Errors
/// `Input` if one in `folder`, or above or below it, cannot be ended.
pub fn recover(folder: &Path) -> Result<Vec<String>> {
    let pending = || pending().map_err(|error| unusable(&error));
    // A commit of another process may be under way.
    if pending()?.is_empty() {
        return Ok(Vec::new());
    }
    let _lock = Lock::take()?;
    let state = state_folder::folder(COMMITS).map_err(|error| unusable(&error))?;
    recover_all(&pending()?, &state, folder, &())
}

/// Whether a commit was interrupted, or is running.
///
/// # Errors
/// The error of the system.
pub fn is_pending() -> io::Result<bool> {
    Ok(!pending()?.is_empty())
}

fn pending() -> io::Result<Vec<PathBuf>> {
    let mut paths = state_folder::list(COMMITS)?;
    paths.retain(|path| path.file_name().is_some_and(|name| name != "lock"));
    Ok(paths)
}

pub(super) fn recover_all(
    journals: &[PathBuf],
    state: &Path,
    folder: &Path,
    faults: &dyn Faults,
) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for path in journals {
        let journal = match Journal::open(path, faults) {
            Ok(Some(journal)) => journal,
            Ok(None) => continue,
            Err(error) => {
                lines.push(format!("the journal {} cannot be read: {error}", path.display()));
                continue;
            }
        };
        let place = journal.begin.folder.below_root();
        let ended = match Disk::open(&place, faults) {
            Ok(disk) => end(&disk, journal, state),
            // For example a disk that is not mounted now.
            Err(error) => Err(error),
        };
        let place_shown = place.display();
        match ended {
            Ok(line) => lines.push(format!("{place_shown}: {line}")),
            Err(error) if place.starts_with(folder) || folder.starts_with(&place) => {
                let text = format!(
                    "an interrupted commit to {place_shown} cannot be ended: {error}; remove the \
                     cause and call zerostack again"
                );
                return Err(Error::new(ErrorKind::Input, text));
            }
            Err(_) => {}
        }
    }
    Ok(lines)
}

fn end(disk: &Disk<'_>, journal: Journal<'_>, state: &Path) -> io::Result<String> {
    if journal.is_done {
        finish(disk, journal, state)?;
        return Ok("an interrupted commit was finished; all files are written".to_owned());
    }
    let left = take_back(disk, journal)?;
    let line = "an interrupted commit was taken back; no file is changed";
    Ok(if left.is_empty() { line.to_owned() } else { format!("{line} but {}", told(&left)) })
}

/// The files that could not be put back, for the user.
pub(super) fn told(left: &[(Name, Name)]) -> String {
    let told = |(path, aside): &(Name, Name)| {
        format!("{path} was changed since; its content before the commit is in {aside}")
    };
    left.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// Removes the old contents that a final commit kept aside.
pub(super) fn finish(disk: &Disk<'_>, journal: Journal<'_>, state: &Path) -> io::Result<()> {
    for step in &journal.begin.steps {
        step.clean(disk)?;
    }
    for path in &journal.begin.prunes {
        match disk.remove_folder(&path.0) {
            Ok(()) => {}
            Err(error) if is_settled(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let (from, to) = &journal.begin.publish;
    let above = state.parent().unwrap_or(state);
    let (from, to) = (above.join(from), above.join(to));
    disk.faults.before("rename")?;
    match fs::rename(&from, &to) {
        // It was already done, or the user removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        renamed => renamed?,
    }
    if let Some(runs) = to.parent().filter(|runs| runs.is_dir()) {
        journal::sync(runs, disk.faults)?;
    }
    journal.remove()
}

/// Whether a folder is gone, or has a reason to stay.
fn is_settled(error: &io::Error) -> bool {
    use io::ErrorKind::{DirectoryNotEmpty, NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | DirectoryNotEmpty | NotADirectory | PermissionDenied)
}

/// Restores everything, the last change first, and returns the names that somebody else has changed
/// since, each with the place of the old content.
pub(super) fn take_back(disk: &Disk<'_>, journal: Journal<'_>) -> io::Result<Vec<(Name, Name)>> {
    let begin = &journal.begin;
    let mut left = Vec::new();
    let (going, coming): (Vec<_>, Vec<_>) = {
        let staged = journal.staged.clone();
        let of = |index: usize| staged.as_ref().and_then(|staged| *staged.get(index)?);
        let steps = begin.steps.iter().enumerate().map(|(index, step)| (step, of(index)));
        steps.partition(|(step, _)| !step.is_kept)
    };
    let mut back = |steps: Vec<(&journal::Step, Option<Identity>)>| {
        for (step, staged) in steps.into_iter().rev() {
            if !step.take_back(disk, staged)? {
                left.push((step.path.clone(), step.aside.clone()));
            }
        }
        io::Result::Ok(())
    };
    back(coming)?;
    // Before the contents are staged, this commit created none of these folders.
    if journal.staged.is_some() {
        for path in begin.makes.iter().rev() {
            match disk.identity(&path.0)? {
                Some(found) if found.is_folder() => match disk.remove_folder(&path.0) {
                    Err(error) if !is_settled(&error) => return Err(error),
                    _ => {}
                },
                _ => {}
            }
        }
    }
    back(going)?;
    journal.remove()?;
    Ok(left)
}
