//! Changes of a folder, all or none, even if the process is killed at any time.
//!
//! ```text
//! journal ─► contents staged ─► journal: staged ─► swaps ─► journal: done ─► old contents removed ─► journal removed
//!            └──────────── a killed commit is taken back ──────────┘        └──── and here it is finished ────┘
//! ```
//! The new contents are written in full beside the files that they replace. Then each takes its place
//! by one rename, which puts the old content aside at the same moment, so that nothing is lost,
//! whatever else happens to the folder meanwhile.

mod contents;
mod disk;
mod flush;
mod identity;
mod journal;
mod name;
mod plan;
mod recover;
mod stage;
mod swap;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::FlockOperation;

use crate::patch::tree::Tree;
use crate::{Error, ErrorKind, Result, state_folder};
pub use contents::{Contents, collect};
use disk::{Disk, Faults};
use flush::Flush;
use identity::Identity;
use journal::{Begin, Journal, Step};
pub use name::Name;
pub use plan::{Plan, PlannedFile, Side};
pub use recover::{is_pending, recover};
use swap::Refusal;

/// Held during a commit: there is one at a time for each user.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until no other commit is running.
    ///
    /// # Errors
    /// `Input` if the state folder cannot be used.
    pub fn take() -> Result<Self> {
        let locked = state_folder::folder(COMMITS).and_then(|folder| {
            let file = File::options().create(true).append(true).open(folder.join("lock"))?;
            loop {
                match rustix::fs::flock(&file, FlockOperation::LockExclusive) {
                    Err(rustix::io::Errno::INTR) => {}
                    locked => return locked.map(|()| file).map_err(io::Error::from),
                }
            }
        });
        locked.map(|_file| Self { _file }).map_err(|error| unusable(&error))
    }
}

/// The error of a state folder that cannot be written to.
pub fn unusable(error: &dyn std::fmt::Display) -> Error {
    let folder = state_folder::path("").unwrap_or_default();
    let folder = folder.display();
    let text =
        format!("cannot use the state folder {folder}: {error}; name another by XDG_STATE_HOME");
    Error::new(ErrorKind::Input, text)
}

/// Applies `plan` to `folder`, with `contents`; when it is done, `publish.0` in the state
/// folder is renamed to `publish.1`.
///
/// # Errors
/// `Conflict` if a file is not what the plan expects, `Input` if the system refuses; then nothing
/// is changed.
pub fn commit(
    _lock: &Lock,
    folder: &Path,
    plan: &Plan,
    contents: &Contents,
    publish: (String, String),
) -> Result<()> {
    let state = state_folder::folder(COMMITS).map_err(|error| unusable(&error))?;
    commit_with(&state, folder, plan, contents, publish, &())
}

fn commit_with(
    state: &Path,
    folder: &Path,
    plan: &Plan,
    contents: &Contents,
    publish: (String, String),
    faults: &dyn Faults,
) -> Result<()> {
    let nothing_changed = |what: &str, error: &io::Error| {
        Error::new(ErrorKind::Input, format!("{what}: {error}; nothing was changed"))
    };
    let disk = Disk::open(folder, faults)
        .map_err(|error| nothing_changed(&format!("cannot open {}", folder.display()), &error))?;
    let changed = changed(&disk.tree, plan)
        .map_err(|error| nothing_changed(&format!("cannot read {}", folder.display()), &error))?;
    if !changed.is_empty() {
        return Err(conflict(&changed));
    }
    let failed = |error: io::Error| nothing_changed("cannot prepare the commit", &error);
    let token = token();
    let prepared = prepare(&disk.tree, folder, plan, &token, publish).map_err(failed)?;
    let (begin, sides) = match prepared {
        Ok(prepared) => prepared,
        Err(in_the_way) => return Err(conflict(&in_the_way)),
    };
    let mut journal = Journal::create(state, &token, begin, faults).map_err(failed)?;
    let Err((path, refusal)) = advance(&disk, &mut journal, &sides, contents) else {
        // The commit is final. The next command cleans up what cannot be cleaned up now.
        let _ = recover::finish(&disk, journal, state);
        return Ok(());
    };
    let error = match refusal {
        Refusal::Changed => conflict(&[path]),
        Refusal::System(error) => nothing_changed(&format!("cannot write {path}"), &error),
    };
    match recover::take_back(&disk, journal) {
        Ok(left) if left.is_empty() => Err(error),
        Ok(left) => Err(Error::new(error.kind(), format!("{error}; {}", recover::told(&left)))),
        Err(again) => {
            let error = error.message().trim_end_matches("; nothing was changed");
            let folder = folder.display();
            let text = format!(
                "{error}; and what was written cannot be taken back yet: {again}; the next zerostack \
                 in {folder} does that"
            );
            Err(Error::new(ErrorKind::Input, text))
        }
    }
}

fn conflict(paths: &[Name]) -> Error {
    let names: Vec<String> = paths.iter().map(Name::to_string).collect();
    let names = zerostack_text::listed(&names);
    Error::new(ErrorKind::Conflict, format!("changed meanwhile: {names}; nothing was written"))
}

/// The files that are not what `plan` expects.
fn changed(tree: &Tree, plan: &Plan) -> io::Result<Vec<Name>> {
    let mut changed = Vec::new();
    for file in &plan.files {
        let is_expected = match &file.before {
            Some(side) => side.is_at(tree, &file.path.0)?,
            // A folder may contain only removed files; that is checked later.
            None => {
                let found = tree.stat(&file.path.0)?;
                found.is_none_or(|stat| Identity::of(&stat).is_folder())
            }
        };
        if !is_expected {
            changed.push(file.path.clone());
        }
    }
    Ok(changed)
}

/// The journal's steps with their new contents, or the files in the way.
type Prepared<'a> = Result<(Begin, Vec<Option<&'a Side>>), Vec<Name>>;

fn prepare<'a>(
    tree: &Tree,
    folder: &Path,
    plan: &'a Plan,
    token: &str,
    publish: (String, String),
) -> io::Result<Prepared<'a>> {
    let is_folder = |path: &[u8]| -> io::Result<bool> {
        Ok(path.is_empty() || tree.stat(path)?.is_some_and(|stat| Identity::of(&stat).is_folder()))
    };
    let removed: BTreeSet<&[u8]> = {
        let removed = plan.files.iter().filter(|file| file.after.is_none());
        removed.map(|file| file.path.0.as_slice()).collect()
    };
    // Folders that become files.
    let mut away = BTreeSet::new();
    for file in plan.files.iter().filter(|file| file.before.is_none() && file.after.is_some()) {
        if is_folder(&file.path.0)? {
            if !is_emptied(tree, &file.path.0, &removed)? {
                return Ok(Err(vec![file.path.clone()]));
            }
            away.insert(file.path.0.as_slice());
        }
    }
    let (mut makes, mut homes) = (BTreeSet::new(), Vec::new());
    for file in &plan.files {
        let mut home: &[u8] = b"";
        for above in file.path.folders() {
            if is_folder(above)? && !away.contains(above) {
                home = above;
                continue;
            }
            if file.after.is_some() {
                let is_free = removed.contains(above) || tree.stat(above)?.is_none();
                if !is_free {
                    return Ok(Err(vec![Name(above.to_vec())]));
                }
                makes.insert(above.to_vec());
            }
            // Entries below it have no previous place.
            if file.after.is_none() {
                break;
            }
        }
        homes.push(home);
    }
    let aside = |home: &[u8], index: usize| {
        let name = format!(".zerostack-{token}-{index}");
        Name(crate::patch::tree::join(home, name.as_bytes()))
    };
    let mut steps: Vec<(u8, Step, Option<&Side>)> = Vec::new();
    for (file, home) in plan.files.iter().zip(homes) {
        let (path, index) = (file.path.clone(), steps.len());
        let found = tree.stat(&path.0)?.as_ref().map(Identity::of);
        if away.contains(path.0.as_slice()) {
            let step =
                Step { path: path.clone(), aside: aside(home, index), old: found, is_kept: false };
            steps.push((1, step, None));
        }
        let index = steps.len();
        let old = found.filter(|_| file.before.is_some());
        let is_kept = file.after.is_some();
        let order = if is_kept { 2 } else { 0 };
        steps.push((
            order,
            Step { path, aside: aside(home, index), old, is_kept },
            file.after.as_ref(),
        ));
    }
    // Removed files make room for new ones.
    steps.sort_by_key(|(order, ..)| *order);
    let (steps, sides) = steps.into_iter().map(|(_, step, side)| (step, side)).unzip();
    let mut prunes: Vec<Name> =
        plan.gone.iter().filter(|path| !away.contains(path.0.as_slice())).cloned().collect();
    prunes.sort_by_key(|path| std::cmp::Reverse(path.0.len()));
    let begin = Begin {
        version: journal::VERSION,
        folder: Name::from_root(folder),
        steps,
        makes: makes.into_iter().map(Name).collect(),
        prunes,
        publish,
    };
    Ok(Ok((begin, sides)))
}

/// Whether only folders are below `path` after `removed` is gone.
fn is_emptied(tree: &Tree, path: &[u8], removed: &BTreeSet<&[u8]>) -> io::Result<bool> {
    for (name, stat) in tree.list(path)? {
        let inner = crate::patch::tree::join(path, &name);
        let goes = if Identity::of(&stat).is_folder() {
            is_emptied(tree, &inner, removed)?
        } else {
            removed.contains(inner.as_slice())
        };
        if !goes {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Runs from the journal to the point where the commit is final.
fn advance(
    disk: &Disk<'_>,
    journal: &mut Journal<'_>,
    sides: &[Option<&Side>],
    contents: &Contents,
) -> Result<(), (Name, Refusal)> {
    let steps = journal.begin.steps.clone();
    let makes = journal.begin.makes.clone();
    let (mut staged, mut folders) = (Vec::new(), BTreeSet::new());
    let whole = Name(Vec::new());
    let failed = |error| (whole.clone(), Refusal::System(error));
    let flush = Flush::of(disk, sides.iter().flatten().count()).map_err(failed)?;
    for (step, side) in steps.iter().zip(sides) {
        let failed = |error| (step.path.clone(), Refusal::System(error));
        folders.extend([folder_of(&step.path.0), folder_of(&step.aside.0)].map(<[u8]>::to_vec));
        let Some(side) = side else {
            staged.push(None);
            continue;
        };
        stage::stage(disk, &step.path.0, &step.aside.0, side, contents, &flush).map_err(failed)?;
        staged.push(disk.identity(&step.aside.0).map_err(failed)?);
    }
    flush.finish(disk).map_err(failed)?;
    journal.staged(staged).map_err(failed)?;
    let (going, coming): (Vec<&Step>, Vec<&Step>) = steps.iter().partition(|step| !step.is_kept);
    for step in going {
        step.swap_in(disk).map_err(|refusal| (step.path.clone(), refusal))?;
    }
    for path in &makes {
        disk.make_folder(&path.0).map_err(|error| (path.clone(), Refusal::from(error)))?;
        folders.insert(path.0.clone());
        folders.insert(folder_of(&path.0).to_vec());
    }
    for step in coming {
        step.swap_in(disk).map_err(|refusal| (step.path.clone(), refusal))?;
    }
    for folder in folders {
        match disk.sync(&folder) {
            // It went with the files that were in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
            synced => synced.map_err(|error| (Name(folder), Refusal::System(error)))?,
        }
    }
    journal.done().map_err(failed)
}

/// A part of names that no other commit has.
fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{:x}-{now:x}", std::process::id())
}

fn folder_of(path: &[u8]) -> &[u8] {
    path.iter().rposition(|&byte| byte == b'/').and_then(|at| path.get(..at)).unwrap_or_default()
}

/// The folder of the state folder with the journals.
const COMMITS: &str = "commits";
