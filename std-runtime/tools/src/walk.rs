//! Walking a folder for `grep` and `find`: sorted, on one thread, ignore files honoured.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::Match;
use ignore::gitignore::Gitignore;

use super::names::Names;
use zerostack_workspace::ignore_file;

/// The entries below a path, in the order of their names; folders precede their entries.
///
/// In a git checkout its `.gitignore` and `.git/info/exclude` files count, and
/// `.ignore` files; elsewhere those of the working folder and below. No
/// `.gitignore` above the project counts, nor
/// the user's global ignore file, so that a result does not depend on the place of the project.
/// Hidden files are included, `.git` is not. Links are not followed.
pub(super) struct Walk {
    /// The folders from the root of the walk to the current one.
    open: Vec<Names>,
    paths: Vec<PathBuf>,
    /// The ignore files of these folders and of those above, outermost first.
    rules: Vec<Rules>,
    /// The rules above the root.
    outer: usize,
    exclude: Option<(PathBuf, Gitignore)>,
    /// The root, if it is not a folder.
    file: Option<Entry>,
    /// What could not be read at the start.
    failed: Option<String>,
}

/// A file or folder that a walk found.
pub(super) struct Entry {
    pub path: PathBuf,
    pub is_folder: bool,
    /// It is the root of the walk.
    pub is_root: bool,
}

/// The ignore files of one folder.
struct Rules {
    /// The folder, absolute.
    folder: PathBuf,
    ignore: Gitignore,
    gitignore: Gitignore,
    /// The top of a repository: the rules of one around it do not count here.
    is_top: bool,
}

impl Walk {
    /// Walks below `path`, or yields the file itself.
    pub fn of(path: &str) -> Self {
        let mut walk = Self {
            open: Vec::new(),
            paths: Vec::new(),
            rules: Vec::new(),
            outer: 0,
            exclude: None,
            file: None,
            failed: None,
        };
        if !Path::new(path).is_dir() {
            walk.file = Some(Entry { path: path.into(), is_folder: false, is_root: true });
            return walk;
        }
        let root = Path::new(path).canonicalize().unwrap_or_else(|_| path.into());
        let top = root.ancestors().find(|folder| folder.join(".git").exists());
        if let Some(top) = top {
            let exclude = ignore_file::load(&top.join(".git/info/exclude"));
            walk.exclude = Some((top.to_owned(), exclude));
        }
        let working = std::env::current_dir().and_then(|folder| folder.canonicalize());
        let outermost = top.map(Path::to_owned).or(working.ok());
        let outermost = outermost.filter(|folder| root.starts_with(folder)).unwrap_or(root.clone());
        let mut above: Vec<&Path> =
            root.ancestors().skip(1).take_while(|folder| folder.starts_with(&outermost)).collect();
        above.reverse();
        walk.rules.extend(above.into_iter().map(Rules::of));
        walk.outer = walk.rules.len();
        walk.enter(path.into(), &root);
        walk
    }

    fn enter(&mut self, path: PathBuf, absolute: &Path) {
        match Names::of(&path) {
            Ok(names) => {
                self.open.push(names);
                self.paths.push(path);
                self.rules.push(Rules::of(absolute));
            }
            Err(error) => self.failed = Some(format!("{}: {error}", path.display())),
        }
    }

    /// Whether ignore files exclude `name` in the current folder.
    fn excludes(&self, name: &OsStr, is_folder: bool) -> bool {
        let Some(current) = self.rules.last() else { return false };
        let path = current.folder.join(name);
        // `.ignore` files are stronger than all of git's, inner ones stronger than outer ones.
        let mut git = Match::None;
        let mut is_inside = true;
        for rules in self.rules.iter().rev() {
            let below = path.strip_prefix(&rules.folder).unwrap_or(&path);
            let matched = rules.ignore.matched(below, is_folder);
            if !matched.is_none() {
                return matched.is_ignore();
            }
            if is_inside && git.is_none() {
                git = rules.gitignore.matched(below, is_folder);
            }
            is_inside &= !rules.is_top;
        }
        if let (Match::None, Some((top, exclude))) = (&git, &self.exclude) {
            git = exclude.matched(path.strip_prefix(top).unwrap_or(&path), is_folder);
        }
        git.is_ignore()
    }
}

impl Iterator for Walk {
    type Item = Result<Entry, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(failed) = self.failed.take() {
            return Some(Err(failed));
        }
        if let Some(file) = self.file.take() {
            return Some(Ok(file));
        }
        loop {
            let (names, path) = (self.open.last_mut()?, self.paths.last()?);
            let found = match names.next() {
                Some(Ok(found)) => found,
                Some(Err(error)) => return Some(Err(format!("{}: {error}", path.display()))),
                None => {
                    self.open.pop();
                    self.paths.pop();
                    self.rules.truncate(self.outer + self.open.len());
                    continue;
                }
            };
            let (name, is_folder) = (found.name, found.is_folder);
            if name == ".git" || self.excludes(&name, is_folder) {
                continue;
            }
            let path = path.join(&name);
            if is_folder {
                let absolute = self.rules.last().map(|rules| rules.folder.join(&name));
                self.enter(path.clone(), &absolute.unwrap_or_default());
            }
            return Some(Ok(Entry { path, is_folder, is_root: false }));
        }
    }
}

impl Rules {
    fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            ignore: ignore_file::load(&folder.join(".ignore")),
            gitignore: ignore_file::load(&folder.join(".gitignore")),
            is_top: folder.join(".git").exists(),
        }
    }
}

/// A glob: without a slash it is matched against names, else against the path from the root of the walk.
pub(super) struct PathGlob {
    set: GlobSet,
    whole_path: bool,
    negated: bool,
}

impl PathGlob {
    /// A leading `!` turns the match around. A leading slash means the working folder, as in an
    /// ignore file; an absolute path below it, or below the folder `root`, is taken for one
    /// relative to that.
    pub fn new(field: &str, glob: &str, root: &str) -> Result<Self, String> {
        let (negated, bare) = glob.strip_prefix('!').map_or((false, glob), |rest| (true, rest));
        let bare = bare.trim_start_matches("./");
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        let (anchored, bare) = match bare.strip_prefix('/') {
            Some(below) => (true, relative(bare, root).unwrap_or(below.to_owned())),
            None => (false, bare.to_owned()),
        };
        let set = GlobBuilder::new(&bare)
            .literal_separator(true)
            .build()
            .and_then(|glob| GlobSetBuilder::new().add(glob).build())
            .map_err(|e| format!("{field} `{glob}` is not a glob: {}", e.kind()))?;
        Ok(Self { set, whole_path: anchored || bare.contains('/'), negated })
    }

    pub fn matches(&self, root: &Path, entry: &Entry) -> bool {
        let path = &entry.path;
        let matched = if self.whole_path {
            let below = path.strip_prefix(root).unwrap_or(path);
            // `src/*.rs` may be meant from the working folder although `path` is `src`.
            self.set.is_match(below) || self.set.is_match(path.strip_prefix(".").unwrap_or(path))
        } else {
            path.file_name().is_some_and(|name| self.set.is_match(name))
        };
        matched != self.negated
    }
}

/// An absolute glob, relative to the folder `root` or the working folder.
fn relative(glob: &str, root: &str) -> Option<String> {
    let working = std::env::current_dir().ok();
    let named = std::env::var_os("PWD").map(PathBuf::from);
    let root = std::path::absolute(root).ok();
    let canonical = root.as_ref().and_then(|root| root.canonicalize().ok());
    let folders = [root, canonical, working, named].into_iter().flatten();
    let mut below = folders.filter_map(|folder| {
        let below = glob.strip_prefix(folder.to_str()?.trim_end_matches('/'))?;
        below.strip_prefix('/').map(str::to_owned)
    });
    below.next()
}

/// The note in a result without a match for `glob`, if another glob was probably meant.
pub(super) fn no_match_hint(glob: &str) -> &'static str {
    let bare = glob.strip_prefix('!').unwrap_or(glob);
    if bare.starts_with('/') {
        "; globs are relative to the working folder"
    } else if bare.starts_with("..") || bare.starts_with('~') {
        "; globs are relative: give the folder as path"
    } else {
        ""
    }
}

/// What a walk could not read; reported at the end of a result.
#[derive(Default)]
pub(super) struct Unread {
    count: usize,
    first: String,
}

impl Unread {
    pub fn note(&mut self, error: &dyn std::fmt::Display) {
        if self.count == 0 {
            self.first = error.to_string();
        }
        self.count += 1;
    }

    pub fn push_to(&self, out: &mut String) {
        if self.count > 0 {
            out.push_str(&format!("[{} not readable: {}]\n", self.count, self.first));
        }
    }
}
