//! The differences in the view, prepared for delivery.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read as _};

use super::baseline::{Opened, Start};
use super::canonical::Canonical;
use super::index::{Index, Settings};
use super::part::Part;
use super::rules::{Rules, Seen};
use super::{Dropped, Inner, Presence, Touched, upper};
use crate::patch::stored::Store;
use crate::patch::tree::Tree;
use crate::patch::{self, Change, Changes, Entry, LeftOut, Reason};
use zerostack_text::listed;

/// The changes of a view, and notes about them.
#[derive(Debug)]
pub struct Comparison {
    /// What the patch is made of.
    pub changes: Changes,
    /// The changes in other repositories below the folder, each with its folder.
    pub others: Vec<(Vec<u8>, Changes)>,
    /// Files that the user also changed meanwhile and whose original content is not known: there is
    /// no patch against them.
    pub conflicts: Vec<Vec<u8>>,
    /// Files that the user also changed meanwhile; the patch is against the original content.
    pub moved: Vec<Vec<u8>>,
    /// Lines for the user.
    pub notes: Vec<String>,
}

/// git's verdict on a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It applies, to the files and to the index.
    Applies,
    /// It applies to the files only: some have changes that are not committed.
    FilesOnly,
    /// It does not apply, in git's words.
    Refused(String),
    /// git was not asked, or is missing.
    Unknown,
}

/// A file that differs.
struct Found {
    path: Vec<u8>,
    start: Start,
    new: Option<Entry>,
}

/// The folder after the run.
struct After<'a> {
    touched: &'a Touched,
    origin: &'a Tree,
    after: &'a Tree,
}

impl Seen for After<'_> {
    fn read(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = self.tree(path)?.file(path).ok()?;
        file.take(IGNORE_FILE_BYTES).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn is_there(&self, path: &[u8]) -> bool {
        self.tree(path).is_some_and(|tree| tree.stat(path).is_ok_and(|stat| stat.is_some()))
    }
}

impl After<'_> {
    fn tree(&self, path: &[u8]) -> Option<&Tree> {
        match self.touched.paths.get(path) {
            Some(Presence::There) => Some(self.after),
            Some(Presence::Gone) => None,
            None => Some(self.origin),
        }
    }
}

const IGNORE_FILE_BYTES: u64 = 1024 * 1024;

impl Part {
    /// What is different in it, as a part of `view`; paths are from its own folder.
    pub(super) fn compare(&self, view: &Inner) -> io::Result<Comparison> {
        let origin = self.origin.try_clone()?.until(&view.ended);
        let written = Tree::open(&self.written)?.until(&view.ended);
        let (touched, after) = match &self.kept {
            Dropped::Overlay => (upper::touched(&origin, &written, &written)?, written),
            Dropped::Mounted(merged) => {
                let merged = merged.try_clone()?.until(&view.ended);
                (upper::touched(&origin, &written, &merged)?, merged)
            }
            Dropped::Copy(copy) => (copy.touched(&written)?, written),
        };
        let found = self.found(view, &touched, &origin, &after)?;
        let special = touched.special.iter();
        let special = special.map(|path| LeftOut { path: path.clone(), reason: Reason::Special });
        let mut left_out: Vec<LeftOut> = special.collect();
        let mut notes = Vec::new();
        let judge = match &self.checkout {
            Some(_) if !found.is_empty() => self.judge(view),
            _ => None,
        };
        let nested = self.nested(&origin, &found);
        let none = Settings::default();
        let known = judge.zip(self.checkout.as_ref()).zip(self.settings(view));
        let settings = known.map_or(&none, |(_, settings)| settings);
        let index = known.and_then(|((judge, checkout), settings)| {
            let (root, paths) = (&self.origin_path, asked(&found, &nested));
            let of_file = Index::of_file(checkout, root, &paths, settings.long_ids);
            of_file.or_else(|| Index::ask(judge, root, &paths).ok())
        });
        let excludes_file = settings.excludes_file.as_deref();
        let mut rules =
            Rules::of(&self.origin_path, self.checkout.as_ref(), index.as_ref(), excludes_file);
        let prefix = rules.prefix().to_vec();
        let seen = After { touched: &touched, origin: &origin, after: &after };
        let mut store = Store::create(&view.temporary_outside, &view.ended)?;
        let index_of = index.as_ref();
        // git converts nothing where a patch is applied from outside of the checkout.
        let judged = judge.filter(|_| view.is_canonical(self));
        let canonical =
            judged.zip(self.checkout.as_ref()).zip(index_of).map(|((judge, checkout), index)| {
                Canonical { judge, checkout, prefix: &prefix, settings, index }
            });
        let (mut files, mut conflicts, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        let mut inside: BTreeMap<Vec<u8>, Vec<Change>> = BTreeMap::new();
        for Found { path, start, new } in found {
            if !git_takes(&path) {
                left_out.push(LeftOut { path, reason: Reason::Name });
                continue;
            }
            let existed = !matches!(start, Start::Live(None) | Start::Known(None));
            if let Some(reason) = rules.leave_out(&path, existed, &seen) {
                left_out.push(LeftOut { path, reason });
                continue;
            }
            if let Some(folder) = nested.get(&path) {
                let before = match start {
                    Start::Live(before) | Start::Known(before) => before,
                    Start::Unknown => None,
                };
                let inner = path.get(folder.len() + 1..).unwrap_or_default().to_vec();
                let change = Change::new(inner, before, new);
                inside.entry(folder.clone()).or_default().push(change);
                let is_submodule = index_of.is_some_and(|index| index.is_submodule(folder));
                let folder = folder.clone();
                let reason =
                    if is_submodule { Reason::Submodule(folder) } else { Reason::Nested(folder) };
                left_out.push(LeftOut { path, reason });
                continue;
            }
            let from_index = |store: &mut Store| {
                Self::from_index(canonical.as_ref(), &path, store).ok().flatten()
            };
            let before = match start {
                Start::Live(None) if new.is_some() && self.was_removed(view, &origin, &path)? => {
                    // A file that git has, and that the user removed meanwhile.
                    let before = from_index(&mut store);
                    moved.extend(before.is_some().then(|| path.clone()));
                    before
                }
                Start::Live(before) => before,
                Start::Known(before) => {
                    moved.push(path.clone());
                    before
                }
                Start::Unknown => {
                    let before = from_index(&mut store);
                    let list = if before.is_some() { &mut moved } else { &mut conflicts };
                    list.push(path.clone());
                    before
                }
            };
            if before.is_some() || new.is_some() {
                files.push(Change::new(path, before, new));
            }
        }
        let mut changes =
            Changes::new(origin.try_clone()?, after.try_clone()?, prefix.clone(), files, left_out);
        if let Some(canonical) = &canonical {
            let paths: Vec<Vec<u8>> =
                changes.files().iter().map(|change| change.path().to_vec()).collect();
            let paths: Vec<&[u8]> = paths.iter().map(Vec::as_slice).collect();
            // A file that no patch can carry is refused by name, not read.
            let small = changes.check_sizes().is_ok();
            if small && !paths.is_empty() && canonical.is_needed(&paths, [&origin, &after]) {
                let trees = [&origin, &after];
                if let Err(error) = canonical.apply(&mut changes, trees, &mut store) {
                    view.ended.check()?;
                    let why = zerostack_text::quote(&error.to_string());
                    notes.push(format!("git's filters could not be applied to the patch: {why}"));
                }
            }
            if small && !settings.long_ids {
                notes.extend(uncommitted(&changes, canonical.index, self)?);
            }
        }
        notes.extend(self.repository_notes(&touched, index_of));
        let mut others = Vec::new();
        for (folder, files) in inside {
            // A repository that is gone has no patch.
            if let (Ok(before), Ok(after)) = (origin.below(&folder), after.below(&folder)) {
                let changes = Changes::new(before, after, Vec::new(), files, Vec::new());
                others.push((folder, changes));
            }
        }
        Ok(Comparison { changes, others, conflicts, moved, notes })
    }

    /// How `path` was when the view was opened.
    pub(super) fn start(&self, opened: Opened, path: &[u8]) -> io::Result<Start> {
        match &self.kept {
            Dropped::Copy(copy) => copy.start(&self.origin, path),
            Dropped::Overlay | Dropped::Mounted(_) => opened.start(&self.origin, path),
        }
    }

    fn found(
        &self,
        view: &Inner,
        touched: &Touched,
        origin: &Tree,
        after: &Tree,
    ) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        for (path, presence) in &touched.paths {
            let start = self.start(view.opened, path)?;
            let new = match presence {
                Presence::There => after.stat(path)?.as_ref().and_then(Entry::of),
                Presence::Gone => None,
            };
            let live;
            let old = match &start {
                Start::Live(old) | Start::Known(old) => old.as_ref(),
                Start::Unknown => {
                    live = origin.stat(path)?.as_ref().and_then(Entry::of);
                    live.as_ref()
                }
            };
            let same = match (old, &new) {
                (Some(old), Some(new)) => patch::is_same((origin, old), (after, new), path)?,
                (None, None) => true,
                _ => false,
            };
            if !same {
                found.push(Found { path: path.clone(), start, new });
            }
        }
        Ok(found)
    }

    /// Which of the changed files belong to another repository, and the folder of that.
    fn nested(&self, origin: &Tree, found: &[Found]) -> HashMap<Vec<u8>, Vec<u8>> {
        let mut nested = HashMap::new();
        if self.checkout.is_none() {
            return nested;
        }
        let mut known: HashMap<Vec<u8>, bool> = HashMap::new();
        for Found { path, .. } in found {
            let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            for folder in slashes.filter_map(|(at, _)| path.get(..at)) {
                let is_nested = *known.entry(folder.to_vec()).or_insert_with(|| {
                    let git = [folder, b"/.git"].concat();
                    origin.stat(&git).is_ok_and(|stat| stat.is_some())
                });
                if is_nested {
                    nested.insert(path.clone(), folder.to_vec());
                    break;
                }
            }
        }
        nested
    }

    /// The file as git has it, if it does.
    fn from_index(
        canonical: Option<&Canonical<'_>>,
        path: &[u8],
        store: &mut Store,
    ) -> io::Result<Option<Entry>> {
        let tracked =
            canonical.and_then(|canonical| Some((canonical, canonical.index.file(path)?)));
        let Some((canonical, tracked)) = tracked else { return Ok(None) };
        let ids = [tracked.id.clone()];
        let contents = canonical.contents(&ids, store)?;
        Ok(contents.get(&tracked.id).map(|stored| {
            Entry::tracked(tracked.mode).with_content(stored.clone()).with_id(&tracked.id)
        }))
    }

    /// Whether the user may have removed the file since the view was opened.
    fn was_removed(&self, view: &Inner, origin: &Tree, path: &[u8]) -> io::Result<bool> {
        match &self.kept {
            Dropped::Copy(_) => Ok(false),
            Dropped::Overlay | Dropped::Mounted(_) => view.opened.lost(origin, path),
        }
    }

    /// Changes in repositories that the patch does not contain.
    fn repository_notes(&self, touched: &Touched, index: Option<&Index>) -> Vec<String> {
        let mut notes = Vec::new();
        for folder in touched.repositories.iter().filter(|folder| !folder.is_empty()) {
            let name = self.named(folder);
            let name = String::from_utf8_lossy(&name);
            let submodule = index.is_some_and(|index| index.is_submodule(folder));
            let what = if submodule { "submodule" } else { "nested repository" };
            notes.push(format!("commits in the {what} {name} are not in the patch"));
        }
        notes
    }
}

/// The paths to ask git about: the files, the folders of other repositories, and those of builds.
fn asked(found: &[Found], nested: &HashMap<Vec<u8>, Vec<u8>>) -> BTreeSet<Vec<u8>> {
    let mut asked = BTreeSet::new();
    for Found { path, .. } in found {
        match nested.get(path) {
            Some(folder) => asked.insert(folder.clone()),
            None => {
                asked.extend(Rules::build_folder(path).map(<[u8]>::to_vec));
                asked.insert(path.clone())
            }
        };
    }
    asked
}

/// Whether git accepts the name: none of its parts is `.git` in any form that some file system
/// takes for it.
fn git_takes(path: &[u8]) -> bool {
    path.split(|&byte| byte == b'/').all(|name| {
        let name = String::from_utf8_lossy(name);
        let visible = name.chars().filter(|it| !IGNORED_BY_HFS.contains(it));
        let plain: String = visible.flat_map(char::to_lowercase).collect();
        let stem = plain.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
        stem != ".git" && stem != "git~1" && !plain.contains(".git\\")
    })
}

/// Characters that a Mac ignores in names.
const IGNORED_BY_HFS: [char; 16] = [
    '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}',
    '\u{202e}', '\u{206a}', '\u{206b}', '\u{206c}', '\u{206d}', '\u{206e}', '\u{206f}', '\u{feff}',
];

/// What the patch does to work that git does not have.
fn uncommitted(changes: &Changes, index: &Index, part: &Part) -> io::Result<Vec<String>> {
    let (mut undone, mut deleted) = (Vec::new(), Vec::new());
    for change in changes.files() {
        let (before, after) = change.sides();
        let name = || String::from_utf8_lossy(&part.named(change.path())).into_owned();
        match (before.is_some(), index.file(change.path())) {
            (true, None) if after.is_none() => deleted.push(name()),
            (true, Some(tracked)) => {
                let [old, new] = patch::ids(changes, change)?;
                let dirty = old.is_some_and(|old| old != tracked.id);
                if dirty && new.is_none_or(|new| new == tracked.id) {
                    undone.push(name());
                }
            }
            _ => {}
        }
    }
    let mut notes = Vec::new();
    if !undone.is_empty() {
        notes.push(format!("the patch undoes uncommitted changes of {}", listed(&undone)));
    }
    if !deleted.is_empty() {
        notes.push(format!(
            "the patch deletes untracked files, which git cannot bring back: {}",
            listed(&deleted)
        ));
    }
    Ok(notes)
}
