//! The project's own instructions: `AGENTS.md`, or `CLAUDE.md` if there is none.
//!
//! Those of the folder of the run and the folders above it, up to the root of the repository, are
//! at the end of the system prompt. Those of the folders below are added once, with the result of
//! the first call that works there: earlier bytes stay unchanged, so the provider's cache keeps
//! hitting.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::mention::{Given, mentioned};
use crate::agent::File;
use crate::{Error, ErrorKind, Result};

/// The instructions of the folders of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The root of the repository; the folder of the run outside of one.
    top: PathBuf,
    /// The folder of the run, from `top`.
    folder: PathBuf,
    /// Folders that were already searched.
    searched: BTreeSet<PathBuf>,
    given: Given,
    /// A task was given before.
    has_task: bool,
    notes: Vec<String>,
}

impl Context {
    /// The instructions for a run in `folder`, and their text. Outside a repository only those of
    /// `folder` count: folders above belong to others.
    ///
    /// # Errors
    /// `Input` if one exists and cannot be read, or is too long.
    pub fn open(folder: &Path) -> Result<(Self, String)> {
        let (top, below) = place(folder);
        let mut context = Self {
            top: top.clone(),
            folder: below.clone(),
            searched: BTreeSet::new(),
            given: Given::new(),
            has_task: false,
            notes: Vec::new(),
        };
        let mut text = String::new();
        for place in chain(&below) {
            let read = context.read(&top, &place);
            text.push_str(&read.map_err(|(path, why)| {
                Error::new(ErrorKind::Input, format!("cannot use {}: {why}", path.display()))
            })?);
        }
        Ok((context, text))
    }

    /// The files that `task` mentions as `@path`, from the folder of the run: the texts, and the
    /// files to attach.
    pub fn mentioned(&mut self, task: &str) -> (String, Vec<File>) {
        let folder = self.top.join(&self.folder);
        // What an earlier task mentioned may have made room since.
        if std::mem::replace(&mut self.has_task, true) {
            self.given.forget();
        }
        let found = mentioned(&folder, Path::new(""), task, &mut self.given);
        self.notes.extend(found.notes);
        (found.texts, found.attached)
    }

    /// The instructions of the folders in which a call works for the first time; `folders` are those
    /// of the project, that of the run first, as tools see each and as it is.
    pub(super) fn entered(
        &mut self,
        name: &str,
        arguments: &str,
        folders: &[(PathBuf, PathBuf)],
    ) -> String {
        let mut text = String::new();
        for path in paths(name, arguments) {
            let Some((top, below)) = self.find(Path::new(&path), folders) else { continue };
            for place in chain(&below) {
                match self.read(&top, &place) {
                    Ok(read) => text.push_str(&read),
                    Err((path, why)) => {
                        let path = self.relative_to_folder(&path);
                        self.notes.push(format!("{} is not used: {why}", path.display()));
                    }
                }
            }
        }
        text
    }

    /// The notes for a person, once.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// The root of the repository that `path` is in, and from there its folder, or `path` itself if it is
    /// one. `None` outside the project.
    fn find(&self, path: &Path, folders: &[(PathBuf, PathBuf)]) -> Option<(PathBuf, PathBuf)> {
        let ((root, _), also) = folders.split_first()?;
        let path = root.join(path);
        if let Ok(inside) = path.strip_prefix(root) {
            let below = joined(&self.folder, inside);
            if let Some(below) = below {
                return Some((self.top.clone(), folder_of(&self.top, below)));
            }
        }
        let path = joined(Path::new("/"), path.strip_prefix("/").ok()?)?;
        let path = Path::new("/").join(path);
        also.iter().find_map(|(seen, origin)| {
            let (top, folder) = place(origin);
            let below = joined(&folder, path.strip_prefix(seen).ok()?)?;
            Some((top.clone(), folder_of(&top, below)))
        })
    }

    /// The instructions in the folder `place` of `top`, unless they were read before.
    ///
    /// # Errors
    /// The file, and why it cannot be used.
    fn read(&mut self, top: &Path, place: &Path) -> Result<String, (PathBuf, String)> {
        if !self.searched.insert(top.join(place)) {
            return Ok(String::new());
        }
        for name in NAMES {
            let path = place.join(name);
            let read = self.given.read(top, &path);
            let Some(read) = read.map_err(|why| (top.join(&path), why))? else { continue };
            self.given.take(top, &path, &read);
            let mut text = String::new();
            let _ = write!(
                text,
                "\n\n<agents-md path=\"{}\">\n{}\n</agents-md>",
                self.relative_to_folder(&top.join(&path)).display(),
                read.trim()
            );
            // What is read so mentions no more: a chain of files would have no end.
            let found = mentioned(top, place, &read, &mut self.given);
            text.push_str(&found.texts);
            self.notes.extend(found.notes);
            let (attached, path) = (found.attached.iter(), self.relative_to_folder(&path));
            self.notes.extend(attached.map(|it| {
                let name = it.name();
                format!(
                    "{} mentions {name}, which is not text: only a task attaches it",
                    path.display()
                )
            }));
            return Ok(text);
        }
        Ok(String::new())
    }

    /// `path`, which begins at the root of the file system, from the folder of the run.
    fn relative_to_folder(&self, path: &Path) -> PathBuf {
        let folder = self.top.join(&self.folder);
        let shared = path.components().zip(folder.components());
        let shared = shared.take_while(|(a, b)| a == b).count();
        let up = folder.components().skip(shared).map(|_| Component::ParentDir);
        up.chain(path.components().skip(shared)).collect()
    }
}

/// The root of the repository that `folder` is in, or `folder` itself outside of one, and the way from
/// there.
fn place(folder: &Path) -> (PathBuf, PathBuf) {
    let top = folder.ancestors().find(|place| place.join(".git").exists()).unwrap_or(folder);
    (top.to_owned(), folder.strip_prefix(top).unwrap_or(Path::new("")).to_owned())
}

/// `path` from `folder`, without `.` and `..`; `None` if it climbs out of what `folder` is relative to.
fn joined(folder: &Path, path: &Path) -> Option<PathBuf> {
    let mut plain = folder.strip_prefix("/").unwrap_or(folder).to_owned();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

/// `path` below `top`, or its folder if it is none itself.
fn folder_of(top: &Path, mut path: PathBuf) -> PathBuf {
    if !top.join(&path).is_dir() {
        path.pop();
    }
    path
}

/// The folder `path` and those above it, the topmost first.
fn chain(path: &Path) -> Vec<PathBuf> {
    let mut chain: Vec<PathBuf> = path.ancestors().map(Path::to_owned).collect();
    chain.reverse();
    chain
}

/// The paths that a call names; for a command all of its words, because it may go anywhere.
fn paths(name: &str, arguments: &str) -> Vec<String> {
    let Ok(arguments) = serde_json::from_str::<Value>(arguments) else { return Vec::new() };
    let text = |key: &str| arguments.get(key).and_then(Value::as_str);
    match (name, text("command"), text("path")) {
        ("bash", Some(command), _) => {
            let ends = |c: char| c.is_whitespace() || "\"'`;|&()<>=$".contains(c);
            let words =
                command.split(ends).filter(|word| !word.is_empty() && !word.starts_with('-'));
            words.take(WORDS).map(str::to_owned).collect()
        }
        (_, _, Some(path)) => vec![path.to_owned()],
        _ => Vec::new(),
    }
}

/// The file names to look for in a folder; the first that exists counts.
const NAMES: [&str; 2] = ["AGENTS.md", "CLAUDE.md"];

/// Words of one command that are looked at.
const WORDS: usize = 64;
