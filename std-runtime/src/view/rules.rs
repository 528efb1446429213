//! Which changed files belong to the project.
//!
//! Tracked files do, and new files that no ignore file excludes and no build makes. The
//! ignore files count as they are after the run, because they are part of its result.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ignore::Match;
use ignore::gitignore::Gitignore;

use crate::ignore_file::parse;
use crate::patch::tree::join;

/// The folders that builds make. In a checkout they belong only where it tracks files of theirs.
const BUILD_FOLDERS: [&[u8]; 9] = [
    b"target",
    b"__pycache__",
    b"node_modules",
    b".venv",
    b".pytest_cache",
    b".mypy_cache",
    b".ruff_cache",
    b".tox",
    b".gradle",
];

/// The files that builds leave, for folders that are in no checkout and may have no ignore file.
const BUILD_FILES: &str = "*.pyc\n*.o\n*.obj\n*.class\n*.rlib\n.DS_Store\n";

/// The rules for one folder.
pub(super) struct Rules {
    root: PathBuf,
    checkout: Option<PathBuf>,
    /// From the top of the checkout to the folder: empty, or with a slash at its end.
    prefix: Vec<u8>,
    /// For the whole tree, strongest first.
    general: Vec<Gitignore>,
    /// By folder, as a path from the top of the checkout.
    local: HashMap<Vec<u8>, Gitignore>,
    excluded_folders: HashMap<Vec<u8>, bool>,
    /// The tracked files that the rules exclude; `None` if git does not tell.
    tracked: OnceCell<Option<HashSet<Vec<u8>>>>,
    /// Whether these build folders are part of the project.
    build_folders: HashMap<Vec<u8>, bool>,
}

impl Rules {
    /// The rules that hold in `root`.
    pub(super) fn of(root: &Path) -> Self {
        let checkout = root.ancestors().find(|folder| is_checkout(folder)).map(Path::to_owned);
        let below = checkout.as_ref().and_then(|top| root.strip_prefix(top).ok());
        let mut prefix = below.map_or(Vec::new(), |path| path.as_os_str().as_bytes().to_vec());
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let general = match &checkout {
            Some(top) => {
                let exclude = fs::read(git_folder(top).join("info/exclude")).unwrap_or_default();
                vec![parse(&exclude), Gitignore::global().0]
            }
            None => vec![parse(BUILD_FILES.as_bytes())],
        };
        let mut rules = Self {
            root: root.to_owned(),
            checkout,
            prefix,
            general,
            local: HashMap::new(),
            excluded_folders: HashMap::new(),
            tracked: OnceCell::new(),
            build_folders: HashMap::new(),
        };
        rules.drop_outer_rules_that_exclude_the_root();
        rules
    }

    /// What comes before the paths of a patch, so that `git apply` finds them: it takes them
    /// from the top of the checkout, even when it is called in a folder below.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether `path`, relative to the folder, is left out. `existed`: it was there before.
    /// `read` gives the content of a file as it is after the run.
    pub(super) fn leave_out(
        &mut self,
        path: &[u8],
        existed: bool,
        read: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> bool {
        let full = [self.prefix.as_slice(), path].concat();
        if !self.excludes(&full, read) {
            return self.is_built(path);
        }
        if self.checkout.is_none() {
            return true;
        }
        match self.tracked.get_or_init(|| excluded_but_tracked(&self.root)) {
            Some(tracked) => !tracked.contains(path),
            // Without git's word a file that was there may be tracked, and must not get lost.
            None => !existed,
        }
    }

    /// Whether `path` is in a folder that a build made.
    fn is_built(&mut self, path: &[u8]) -> bool {
        let mut start = 0;
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let name = path.get(start..at).unwrap_or_default();
            start = at + 1;
            if BUILD_FOLDERS.contains(&name) {
                let folder = path.get(..at).unwrap_or_default();
                let (root, in_checkout) = (&self.root, self.checkout.is_some());
                let belongs = self
                    .build_folders
                    .entry(folder.to_vec())
                    .or_insert_with(|| in_checkout && has_tracked_files(root, folder));
                return !*belongs;
            }
        }
        false
    }

    fn excludes(&mut self, path: &[u8], read: &dyn Fn(&[u8]) -> Option<Vec<u8>>) -> bool {
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let folder = path.get(..at).unwrap_or(path);
            let excluded = match self.excluded_folders.get(folder) {
                Some(&excluded) => excluded,
                None => {
                    let excluded = self.names(folder, true, read);
                    self.excluded_folders.insert(folder.to_vec(), excluded);
                    excluded
                }
            };
            // What is below an excluded folder cannot be included again.
            if excluded {
                return true;
            }
        }
        self.names(path, false, read)
    }

    /// Whether a rule for `path` itself excludes it; the innermost ignore file decides.
    fn names(
        &mut self,
        path: &[u8],
        is_folder: bool,
        read: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> bool {
        let mut end = path.len();
        loop {
            let slash = path.get(..end).and_then(|path| path.iter().rposition(|&b| b == b'/'));
            let folder = path.get(..slash.unwrap_or(0)).unwrap_or(b"");
            let below = path.get(slash.map_or(0, |at| at + 1)..).unwrap_or(path);
            match matched(self.local_rules(folder, read), below, is_folder) {
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

    fn local_rules(
        &mut self,
        folder: &[u8],
        read: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> &Gitignore {
        let (prefix, checkout) = (&self.prefix, &self.checkout);
        self.local.entry(folder.to_vec()).or_insert_with(|| {
            let file = join(folder, b".gitignore");
            let text = match file.strip_prefix(prefix.as_slice()) {
                Some(inside) => read(inside),
                // Outside of the view nothing changes.
                None => checkout.as_ref().and_then(|top| fs::read(top.join(os(&file))).ok()),
            };
            text.map_or_else(Gitignore::empty, |text| parse(&text))
        })
    }

    /// A folder that the checkout around it excludes is a project of its own.
    fn drop_outer_rules_that_exclude_the_root(&mut self) {
        let Some(root) = self.prefix.strip_suffix(b"/").map(<[u8]>::to_vec) else { return };
        let inside = join(&root, b".");
        if self.excludes(&inside, &|_| None) {
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

fn is_checkout(folder: &Path) -> bool {
    let git = folder.join(".git");
    git.is_file() || git.join("HEAD").is_file()
}

/// The folder that a checkout has in common with its linked worktrees.
fn git_folder(top: &Path) -> PathBuf {
    let git = top.join(".git");
    let Ok(link) = fs::read(&git) else { return git };
    let Some(target) = link.strip_prefix(b"gitdir: ") else { return git };
    let git = top.join(os(target.trim_ascii_end()));
    match fs::read(git.join("commondir")) {
        Ok(common) => git.join(os(common.trim_ascii_end())),
        Err(_) => git,
    }
}

fn excluded_but_tracked(root: &Path) -> Option<HashSet<Vec<u8>>> {
    let listed = tracked_files(root, &["-i".as_ref(), "--exclude-standard".as_ref()])?;
    Some(listed.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect())
}

/// Without git's word, a folder that was there may have tracked files.
fn has_tracked_files(root: &Path, folder: &[u8]) -> bool {
    let listed = tracked_files(root, &["--".as_ref(), os(folder).as_os_str()]);
    listed.map_or_else(|| root.join(os(folder)).is_dir(), |listed| !listed.is_empty())
}

/// What `git ls-files` tells with these arguments, ended by NUL each.
fn tracked_files(root: &Path, arguments: &[&OsStr]) -> Option<Vec<u8>> {
    let output = Command::new("git")
        // A file system monitor would be a program that the repository names.
        .args(["--literal-pathspecs", "-c", "core.fsmonitor=false", "ls-files", "-z", "-c"])
        .args(arguments)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then_some(output.stdout)
}

fn os(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}
