//! Which changed files belong to the project.
//!
//! Tracked files do, and new files that no ignore file excludes and no build makes. The ignore
//! files count in their state after the run, because they are part of its result.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::Gitignore;

use super::index::Index;
use super::repository::{self, Checkout};
use crate::ignore_file::parse;
use crate::patch::Reason;
use crate::patch::tree::join;

/// A name, and the names of files beside it or in it that identify it.
type BuildFolder = (&'static [u8], Names, Names);
type Names = &'static [&'static [u8]];

/// The folders that builds make, and the file beside or in one that identifies it. In a checkout
/// they belong to the project if it tracks files in them.
const BUILD_FOLDERS: [BuildFolder; 9] = [
    (b"target", &[b"Cargo.toml", b"pom.xml", b"build.sbt", b"project.clj"], &[TAG]),
    (b"__pycache__", &[], &[]),
    (b"node_modules", &[b"package.json"], &[b".package-lock.json", b".yarn-state.yml"]),
    (
        b".venv",
        &[b"pyproject.toml", b"requirements.txt", b"setup.py", b"Pipfile"],
        &[b"pyvenv.cfg"],
    ),
    (b".pytest_cache", &[], &[TAG]),
    (b".mypy_cache", &[], &[TAG]),
    (b".ruff_cache", &[], &[TAG]),
    (b".tox", &[b"tox.ini", b"pyproject.toml", b"setup.cfg"], &[TAG]),
    (b".gradle", &[b"build.gradle", b"build.gradle.kts", b"settings.gradle", b"gradlew"], &[]),
];

/// The mark of a folder that can be made again.
const TAG: &[u8] = b"CACHEDIR.TAG";

/// The files that builds leave, for folders that are in no checkout and may have no ignore file.
const BUILD_FILES: &str = "*.pyc\n*.o\n*.obj\n*.class\n*.rlib\n.DS_Store\n";

/// The rules for one folder.
pub(super) struct Rules<'a> {
    checkout: Option<&'a Path>,
    /// From the top of the checkout to the folder: empty, or with a slash at its end.
    prefix: Vec<u8>,
    /// For the whole tree, strongest first.
    general: Vec<Gitignore>,
    /// By folder, as a path from the top of the checkout.
    local: HashMap<Vec<u8>, Gitignore>,
    excluded_folders: HashMap<Vec<u8>, bool>,
    /// The files that git tracks; `None` if git does not answer.
    index: Option<&'a Index>,
    /// Whether these folders were made by a build.
    build_folders: HashMap<Vec<u8>, bool>,
}

/// What the rules need to know about the folder after the run.
pub(super) trait Seen {
    /// The content of a file.
    fn read(&self, path: &[u8]) -> Option<Vec<u8>>;
    /// Whether something is at a path.
    fn is_there(&self, path: &[u8]) -> bool;
}

/// Before anything is known.
struct Nothing;

impl Seen for Nothing {
    fn read(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn is_there(&self, _: &[u8]) -> bool {
        false
    }
}

impl<'a> Rules<'a> {
    /// The rules for `root`; `excludes_file` is the user's own ignore file.
    pub(super) fn of(
        root: &Path,
        checkout: Option<&'a Checkout>,
        index: Option<&'a Index>,
        excludes_file: Option<&Path>,
    ) -> Self {
        let below = checkout.and_then(|checkout| root.strip_prefix(&checkout.top).ok());
        let mut prefix = below.map_or(Vec::new(), |path| path.as_os_str().as_bytes().to_vec());
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let general = match checkout {
            Some(checkout) => {
                let exclude = repository::read(&checkout.common.join("info/exclude"));
                let excludes_file = excludes_file.map(|path| {
                    let path = fs::canonicalize(path).ok();
                    parse(&path.and_then(|path| repository::read(&path)).unwrap_or_default())
                });
                let of_user = excludes_file.unwrap_or_else(|| Gitignore::global().0);
                vec![parse(&exclude.unwrap_or_default()), of_user]
            }
            None => vec![parse(BUILD_FILES.as_bytes())],
        };
        let mut rules = Self {
            checkout: checkout.map(|checkout| checkout.top.as_path()),
            prefix,
            general,
            local: HashMap::new(),
            excluded_folders: HashMap::new(),
            index,
            build_folders: HashMap::new(),
        };
        rules.drop_outer_rules_that_exclude_the_root();
        rules
    }

    /// The prefix of the paths of a patch, so that `git apply` finds them: it takes them
    /// from the top of the checkout, even when it is called in a folder below.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Why `path`, relative to the folder, is left out. `existed`: it existed before.
    pub(super) fn leave_out(
        &mut self,
        path: &[u8],
        existed: bool,
        seen: &dyn Seen,
    ) -> Option<Reason> {
        let full = [self.prefix.as_slice(), path].concat();
        let tracked = self.index.map(|index| index.file(path).is_some());
        // If git does not answer, a file that existed may be tracked, and must not get lost.
        let tracked = self.checkout.is_some() && tracked.unwrap_or(existed);
        if tracked {
            None
        } else if self.excludes(&full, seen) {
            Some(Reason::Ignored)
        } else if self.is_built(path, seen) {
            Some(Reason::Built)
        } else {
            None
        }
    }

    /// Whether `path` is in a folder that a build made.
    fn is_built(&mut self, path: &[u8], seen: &dyn Seen) -> bool {
        let mut start = 0;
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let name = path.get(start..at).unwrap_or_default();
            let outer = path.get(..start.saturating_sub(1)).unwrap_or_default();
            start = at + 1;
            let known = BUILD_FOLDERS.iter().find(|(known, ..)| *known == name);
            let Some((_, beside, inside)) = known else { continue };
            let folder = path.get(..at).unwrap_or_default();
            if let Some(built) = self.build_folders.get(folder) {
                return *built;
            }
            let tracked = self.index.is_some_and(|index| index.has_below(folder));
            let there = |folder: &[u8], name: &&[u8]| seen.is_there(&join(folder, name));
            // Some names are enough.
            let built = !tracked
                && (beside.is_empty()
                    || beside.iter().any(|name| there(outer, name))
                    || inside.iter().any(|name| there(folder, name)));
            self.build_folders.insert(folder.to_vec(), built);
            return built;
        }
        false
    }

    /// The outermost folder of `path` that has the name of one that builds make.
    pub(super) fn build_folder(path: &[u8]) -> Option<&[u8]> {
        let mut start = 0;
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let name = path.get(start..at).unwrap_or_default();
            if BUILD_FOLDERS.iter().any(|(known, ..)| *known == name) {
                return path.get(..at);
            }
            start = at + 1;
        }
        None
    }

    fn excludes(&mut self, path: &[u8], seen: &dyn Seen) -> bool {
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let folder = path.get(..at).unwrap_or(path);
            let excluded = match self.excluded_folders.get(folder) {
                Some(&excluded) => excluded,
                None => {
                    let excluded = self.names(folder, true, seen);
                    self.excluded_folders.insert(folder.to_vec(), excluded);
                    excluded
                }
            };
            // Entries below an excluded folder cannot be included again.
            if excluded {
                return true;
            }
        }
        self.names(path, false, seen)
    }

    /// Whether a rule for `path` itself excludes it; the innermost ignore file decides.
    fn names(&mut self, path: &[u8], is_folder: bool, seen: &dyn Seen) -> bool {
        let mut end = path.len();
        loop {
            let slash = path.get(..end).and_then(|path| path.iter().rposition(|&b| b == b'/'));
            let folder = path.get(..slash.unwrap_or(0)).unwrap_or(b"");
            let below = path.get(slash.map_or(0, |at| at + 1)..).unwrap_or(path);
            match matched(self.local_rules(folder, seen), below, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
            match slash {
                Some(at) => end = at,
                None => break,
            }
        }
        for rules in &self.general {
            match matched(rules, path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }

    fn local_rules(&mut self, folder: &[u8], seen: &dyn Seen) -> &Gitignore {
        let (prefix, checkout) = (&self.prefix, self.checkout);
        self.local.entry(folder.to_vec()).or_insert_with(|| {
            let file = join(folder, b".gitignore");
            let text = match file.strip_prefix(prefix.as_slice()) {
                Some(inside) => seen.read(inside),
                // Outside of the view nothing changes.
                None => checkout.and_then(|top| repository::read(&top.join(os(&file)))),
            };
            text.map_or_else(Gitignore::empty, |text| parse(&text))
        })
    }

    /// A folder that the surrounding checkout excludes is a separate project.
    fn drop_outer_rules_that_exclude_the_root(&mut self) {
        let Some(root) = self.prefix.strip_suffix(b"/").map(<[u8]>::to_vec) else { return };
        let inside = join(&root, b".");
        if self.excludes(&inside, &Nothing) {
            self.general = vec![parse(BUILD_FILES.as_bytes())];
            for (at, _) in inside.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
                let folder = inside.get(..at).unwrap_or(b"");
                self.excluded_folders.insert(folder.to_vec(), false);
                self.local.insert(folder.to_vec(), Gitignore::empty());
            }
            self.local.insert(Vec::new(), Gitignore::empty());
        }
        // Its own ignore file has not been read.
        self.local.remove(&root);
    }
}

fn matched<'a>(
    rules: &'a Gitignore,
    path: &[u8],
    is_folder: bool,
) -> Match<&'a ignore::gitignore::Glob> {
    if rules.is_empty() { Match::None } else { rules.matched(os(path), is_folder) }
}

fn os(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}
