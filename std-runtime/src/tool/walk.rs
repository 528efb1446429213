//! Walking a folder for `grep` and `find`: sorted, on one thread, ignore files honoured.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::{DirEntry, Walk, WalkBuilder};

/// The entries below `path` (or the file itself) in the order of their names.
///
/// In a git checkout its `.gitignore` and `.git/info/exclude` files count, and
/// `.ignore` files; elsewhere those of the working folder and below. No
/// `.gitignore` above the project counts, nor
/// the user's global ignore file, so that a result does not depend on where
/// the project lies. Hidden files are there, `.git` is not.
pub(super) fn walk(path: &str) -> Walk {
    let in_git = std::path::absolute(path)
        .is_ok_and(|path| path.ancestors().any(|folder| folder.join(".git").exists()));
    let mut walk = WalkBuilder::new(path);
    if !in_git {
        for name in [".gitignore", ".ignore"] {
            if Path::new(name).is_file() {
                // A line of it that is no glob is passed over, as git does.
                _ = walk.add_ignore(name);
            }
        }
    }
    walk.hidden(false)
        .git_global(false)
        .require_git(in_git)
        .parents(in_git)
        .sort_by_file_name(|a, b| a.cmp(b))
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
        .build()
}

/// A glob: without a slash it is matched against names, else against the path from the root of the walk.
pub(super) struct PathGlob {
    set: GlobSet,
    whole_path: bool,
    negated: bool,
}

impl PathGlob {
    /// A leading `!` turns the match around.
    pub fn new(field: &str, glob: &str) -> Result<Self, String> {
        let (negated, bare) = glob.strip_prefix('!').map_or((false, glob), |rest| (true, rest));
        let bare = bare.strip_prefix("./").unwrap_or(bare);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        let set = GlobBuilder::new(bare)
            .literal_separator(true)
            .build()
            .and_then(|glob| GlobSetBuilder::new().add(glob).build())
            .map_err(|e| format!("{field} `{glob}` is no glob: {}", e.kind()))?;
        Ok(Self { set, whole_path: bare.contains('/'), negated })
    }

    pub fn matches(&self, root: &Path, entry: &DirEntry) -> bool {
        let matched = if self.whole_path {
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            // `src/*.rs` may be meant from the working folder although `path` is `src`.
            self.set.is_match(below)
                || self.set.is_match(entry.path().strip_prefix(".").unwrap_or(entry.path()))
        } else {
            self.set.is_match(entry.file_name())
        };
        matched != self.negated
    }
}

/// What a walk could not read; said at the end of a result.
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
