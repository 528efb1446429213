//! Patches as models and people write them: the envelopes of `apply_patch`, and unified diffs.
//!
//! Line numbers and counts may be wrong, and lines above a hunk may have been added or removed: a
//! hunk belongs where its lines are, if the file has them once. The lines themselves must be those of the file.

mod call;
mod envelope;
mod hunk;
mod place;
mod unified;

use std::collections::BTreeMap;

pub use call::paths_of_call;
pub(crate) use call::{Arguments, run};
use hunk::Hunk;
use place::place;

/// A patch of one or more files.
#[derive(Debug)]
pub struct Patch {
    files: Vec<FilePatch>,
}

/// The effect of a patch on one file.
#[derive(Debug)]
struct FilePatch {
    path: String,
    /// The line of the patch that names it.
    line: usize,
    action: Action,
    is_executable: Option<bool>,
}

#[derive(Debug)]
enum Action {
    /// Makes the file; an envelope may replace one.
    Add {
        content: Vec<u8>,
        may_replace: bool,
    },
    /// Removes the file; a diff has its content.
    Delete {
        hunks: Vec<Hunk>,
    },
    Update {
        hunks: Vec<Hunk>,
        to: Option<Target>,
    },
}

/// Where a file is moved or copied to.
#[derive(Debug)]
struct Target {
    path: String,
    keeps_source: bool,
    may_replace: bool,
}

/// A file before and after a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its path from the folder.
    pub path: String,
    /// The old content; `None` if there was no file.
    pub before: Option<Vec<u8>>,
    /// The new content; `None` if there will be no file.
    pub after: Option<Vec<u8>>,
    /// Whether it is executable, if the patch sets this.
    pub is_executable: Option<bool>,
    /// The file that it was moved or copied from.
    pub from: Option<String>,
}

/// Why a patch cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The error: what is wrong, where, and what to do.
    pub message: String,
    /// The lines of the file to use in place of those in the patch.
    pub exact: String,
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self { message, exact: String::new() }
    }
}

/// Reads the content of a path, `None` if there is no file, or why it cannot be used.
pub type ReadFile<'r> = dyn FnMut(&str) -> Result<Option<Vec<u8>>, String> + 'r;

impl Patch {
    /// Reads an envelope or a unified diff, whichever is in `bytes`. Text around it is skipped.
    ///
    /// # Errors
    /// The line that is wrong, and what it must be.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let lines = lines(bytes);
        let files = match envelope::begin(&lines) {
            Some(begin) => envelope::parse(&lines, begin),
            None => unified::parse(&lines),
        }?;
        match files.is_empty() {
            true => {
                Err("the patch changes no file: give `*** Begin Patch` with a file, or a unified \
                         diff with --- and +++ lines"
                    .to_owned()
                    .into())
            }
            false => Ok(Self { files }),
        }
    }

    /// The paths that it reads or changes, in its order.
    pub fn paths(&self) -> Vec<&str> {
        let mut paths = Vec::new();
        for file in &self.files {
            paths.push(file.path.as_str());
            if let Action::Update { to: Some(to), .. } = &file.action {
                paths.push(&to.path);
            }
        }
        paths
    }

    /// The files after the whole patch. `read` returns the content of a path, `None` if there
    /// is no file, or why it cannot be used.
    ///
    /// # Errors
    /// The first place that does not fit; then no part of the patch may be applied.
    pub fn apply<'r>(&self, read: &'r mut ReadFile<'r>) -> Result<Vec<FileChange>, Refusal> {
        let mut tree = Tree { read, changes: BTreeMap::new() };
        for file in &self.files {
            tree.apply(file).map_err(|refusal| Refusal {
                message: format!(
                    "{}, line {} of the patch: {}",
                    file.path, file.line, refusal.message
                ),
                ..refusal
            })?;
        }
        let changes = tree.changes.into_values();
        let changed = |it: &FileChange| it.before != it.after || it.is_executable.is_some();
        Ok(changes.filter(changed).collect())
    }
}

/// The files so far.
struct Tree<'r> {
    read: &'r mut ReadFile<'r>,
    changes: BTreeMap<String, FileChange>,
}

impl Tree<'_> {
    fn content(&mut self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match self.changes.get(path) {
            Some(change) => Ok(change.after.clone()),
            None => (self.read)(path),
        }
    }

    fn existing(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let found = self.content(path)?;
        found.ok_or_else(|| "there is no such file; name one that exists, or add it".to_owned())
    }

    fn set(&mut self, path: &str, after: Option<Vec<u8>>) -> Result<&mut FileChange, String> {
        let before = match self.changes.get(path) {
            Some(change) => change.before.clone(),
            None => (self.read)(path)?,
        };
        let change = self.changes.entry(path.to_owned()).or_insert(FileChange {
            path: path.to_owned(),
            before,
            after: None,
            is_executable: None,
            from: None,
        });
        change.after = after;
        Ok(change)
    }

    fn apply(&mut self, file: &FilePatch) -> Result<(), Refusal> {
        let path = file.path.as_str();
        match &file.action {
            Action::Add { content, may_replace } => {
                if !may_replace && self.content(path)?.is_some() {
                    return Err("the file exists already; give a diff against it"
                        .to_owned()
                        .into());
                }
                self.set(path, Some(content.clone()))?.is_executable = file.is_executable;
            }
            Action::Delete { hunks } => {
                let before = self.existing(path)?;
                if !hunks.is_empty() && !place(&before, hunks)?.is_empty() {
                    let text = "the file has more lines than the patch removes; give all of them";
                    return Err(text.to_owned().into());
                }
                self.set(path, None)?;
            }
            Action::Update { hunks, to } => {
                let before = self.existing(path)?;
                let after = match hunks.as_slice() {
                    [] => before.clone(),
                    hunks => place(&before, hunks)?,
                };
                let is_same = after == before && file.is_executable.is_none();
                match to {
                    None if is_same => {
                        let text = "the hunks change nothing: the file has these lines already";
                        return Err(text.to_owned().into());
                    }
                    None => self.set(path, Some(after))?.is_executable = file.is_executable,
                    Some(to) => self.apply_to(file, to, after)?,
                }
            }
        }
        Ok(())
    }

    fn apply_to(&mut self, file: &FilePatch, to: &Target, after: Vec<u8>) -> Result<(), Refusal> {
        if to.path == file.path {
            self.set(&file.path, Some(after))?.is_executable = file.is_executable;
            return Ok(());
        }
        if !to.may_replace && self.content(&to.path)?.is_some() {
            return Err(format!("{} exists already; name another", to.path).into());
        }
        if !to.keeps_source {
            self.set(&file.path, None)?;
        }
        let change = self.set(&to.path, Some(after))?;
        change.is_executable = file.is_executable;
        change.from = Some(file.path.clone());
        Ok(())
    }
}

/// A path of a patch, relative to the folder, without `./`.
///
/// # Errors
/// The fault in it.
fn checked_path(path: &str, line: usize) -> Result<String, Refusal> {
    let wrong =
        |why: &str| Err(format!("line {line} of the patch: the path {path:?} {why}").into());
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => return wrong("leads out of the folder; give one inside of it"),
            "" => {
                return wrong(
                    "is empty, absolute or ends with /; give a file's path from the folder",
                );
            }
            part if part.eq_ignore_ascii_case(".git") => {
                return wrong("is inside of .git; use git for that");
            }
            part if part.contains('\0') => return wrong("has a NUL byte in it"),
            part => parts.push(part),
        }
    }
    match parts.is_empty() {
        true => wrong("names no file"),
        false => Ok(parts.join("/")),
    }
}

/// The lines without their ends. If all of them end with `\r\n`, the patch was converted, and the
/// `\r` is not part of its lines.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    if lines.iter().all(|line| line.ends_with(b"\r")) {
        lines.iter_mut().for_each(|line| *line = line.strip_suffix(b"\r").unwrap_or(line));
    }
    lines
}

#[cfg(test)]
mod tests;
