//! Worktrees of a repository, in which runs work at the same time.
//!
//! git is called with the path of its own data, and runs no hook: files that a model wrote into a
//! worktree have no influence here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::quote;
use crate::{Error, ErrorKind, Result, state_folder};

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    top: PathBuf,
    /// The `.git` folder that all its worktrees share.
    data: PathBuf,
}

/// A worktree that this command made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
}

impl Repository {
    /// The repository of `folder`.
    ///
    /// # Errors
    /// `Input` when there is none.
    pub fn of(folder: &Path) -> Result<Self> {
        let ask = |what: &str| {
            let mut command = Command::new("git");
            command.arg("-C").arg(folder).args(["rev-parse", "--path-format=absolute", what]);
            output(&mut command, &[])
        };
        let none = |error: Error| {
            let why = quote(error.message());
            let text =
                format!("{} is not in a git repository: {why}; run `git init`", folder.display());
            Error::new(ErrorKind::Input, text)
        };
        let line = |bytes: Vec<u8>| PathBuf::from(String::from_utf8_lossy(&bytes).trim_end());
        Ok(Self {
            top: line(ask("--show-toplevel").map_err(none)?),
            data: line(ask("--git-common-dir").map_err(none)?),
        })
    }

    /// The folder in `worktree` that corresponds to `folder` in the repository.
    pub fn same_folder(&self, worktree: &Worktree, folder: &Path) -> PathBuf {
        let below = folder.strip_prefix(&self.top).unwrap_or(Path::new(""));
        let inside = worktree.path.join(below);
        if inside.is_dir() { inside } else { worktree.path.clone() }
    }

    /// Creates a worktree of the last commit.
    ///
    /// # Errors
    /// `Usage` for an invalid name, `Input` if git refuses.
    pub fn add(&self, name: &str) -> Result<Worktree> {
        check_name(name)?;
        if self.all()?.iter().any(|worktree| worktree.name == name) {
            let text = format!(
                "there is a worktree {name} already; choose another name, or run \
                 `zerostack worktree remove {name}`"
            );
            return Err(Error::new(ErrorKind::Input, text));
        }
        if self.git(|it| it.args(["rev-parse", "--quiet", "--verify", "HEAD"])).is_err() {
            let text = format!("{} has no commit yet; make the first one", self.top.display());
            return Err(Error::new(ErrorKind::Input, text));
        }
        let path = self.place(name)?;
        let branch = branch(name);
        let arguments = ["worktree", "add", "--quiet", "-b", &branch];
        self.git(|it| it.args(arguments).arg(&path).arg("HEAD"))?;
        Ok(Worktree { name: name.to_owned(), path })
    }

    /// The worktree `name`, created if it does not exist.
    ///
    /// # Errors
    /// As of [`Self::add`] and [`Self::find`].
    pub fn find_or_add(&self, name: &str) -> Result<Worktree> {
        match self.all()?.into_iter().find(|worktree| worktree.name == name) {
            Some(_) => self.find(name),
            None => self.add(name),
        }
    }

    /// The worktree `name`.
    ///
    /// # Errors
    /// `Input` if there is none, or its folder is gone.
    pub fn find(&self, name: &str) -> Result<Worktree> {
        let all = self.all()?;
        let Some(found) = all.iter().find(|worktree| worktree.name == name) else {
            let names: Vec<&str> = all.iter().map(|worktree| worktree.name.as_str()).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let text = format!("there is no worktree {name:?}; there are {there}");
            return Err(Error::new(ErrorKind::Input, text));
        };
        if !found.path.is_dir() {
            let text = format!(
                "the folder of the worktree {name} is gone; `zerostack worktree remove {name}` forgets it"
            );
            return Err(Error::new(ErrorKind::Input, text));
        }
        Ok(found.clone())
    }

    /// All worktrees that this command created.
    ///
    /// # Errors
    /// `Input` if git refuses.
    pub fn all(&self) -> Result<Vec<Worktree>> {
        let listed = self.git(|it| it.args(["worktree", "list", "--porcelain"]))?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let mut path = PathBuf::new();
        let mut all = Vec::new();
        for line in listed.lines() {
            if let Some(found) = line.strip_prefix("worktree ") {
                path = PathBuf::from(found);
            } else if let Some(name) = line.strip_prefix("branch refs/heads/zerostack/") {
                all.push(Worktree { name: name.to_owned(), path: path.clone() });
            }
        }
        Ok(all)
    }

    /// All changes in `worktree` since it was created, committed or not.
    ///
    /// # Errors
    /// `Input` if git refuses.
    pub fn changes(&self, worktree: &Worktree) -> Result<Vec<u8>> {
        let data = self.data_of(worktree)?;
        let within = |arguments: &[&str]| {
            let mut command = self.command();
            command.env("GIT_DIR", &data).env("GIT_WORK_TREE", &worktree.path);
            command.current_dir(&worktree.path).args(arguments);
            output(&mut command, &[])
        };
        within(&["add", "--all"])?;
        let base = self.git(|it| it.args(["merge-base", "HEAD", &branch(&worktree.name)]))?;
        let base = String::from_utf8_lossy(&base).trim().to_owned();
        within(&["diff", "--cached", "--binary", "--full-index", "--no-ext-diff", &base])
    }

    /// Brings the changes of `worktree` into the files of the repository, all or nothing; returns
    /// the number of files.
    ///
    /// # Errors
    /// `Conflict` if it does not apply; then nothing is changed.
    pub fn merge(&self, worktree: &Worktree) -> Result<usize> {
        let patch = self.changes(worktree)?;
        if patch.is_empty() {
            return Ok(0);
        }
        let apply = |arguments: &[&str]| {
            let mut command = self.command();
            command.current_dir(&self.top).arg("apply").args(arguments).arg("--whitespace=nowarn");
            output(&mut command, &patch)
        };
        let refused = |error: Error| {
            let (name, why) = (&worktree.name, quote(error.message()));
            let text = format!("{name} does not merge: {why}; nothing was changed");
            Error::new(ErrorKind::Conflict, text)
        };
        apply(&["--check"]).map_err(refused)?;
        let files = apply(&["--numstat"])?;
        apply(&[]).map_err(refused)?;
        Ok(String::from_utf8_lossy(&files).lines().count())
    }

    /// Removes a worktree and its branch.
    ///
    /// # Errors
    /// `Conflict` if it has changes that the repository does not have, unless `force`.
    pub fn remove(&self, name: &str, force: bool) -> Result<()> {
        let found = self.all()?.into_iter().find(|worktree| worktree.name == name);
        let Some(worktree) = found else { return self.find(name).map(drop) };
        if worktree.path.is_dir() {
            if !force && !self.has_all_of(&worktree)? {
                let text = format!(
                    "{name} has changes that are not merged; `zerostack worktree merge {name}`, or remove \
                     it with --force"
                );
                return Err(Error::new(ErrorKind::Conflict, text));
            }
            self.git(|it| it.args(["worktree", "remove", "--force"]).arg(&worktree.path))?;
        } else {
            self.git(|it| it.args(["worktree", "prune"]))?;
        }
        self.git(|it| it.args(["branch", "--quiet", "-D", &branch(name)])).map(drop)
    }

    /// Whether a reverse patch of `worktree` would apply: then the repository has its changes.
    fn has_all_of(&self, worktree: &Worktree) -> Result<bool> {
        let patch = self.changes(worktree)?;
        let mut command = self.command();
        command.current_dir(&self.top).args(["apply", "--reverse", "--check"]);
        Ok(patch.is_empty() || output(&mut command, &patch).is_ok())
    }

    /// The folder for a new worktree.
    fn place(&self, name: &str) -> Result<PathBuf> {
        let key =
            sha1_smol::Sha1::from(self.data.to_string_lossy().as_bytes()).digest().to_string();
        let folder = state_folder::folder("worktrees").and_then(|folder| {
            let folder = folder.join(&key[..16]);
            std::fs::create_dir_all(&folder)?;
            folder.canonicalize()
        });
        let folder = folder.map_err(|error| {
            Error::new(ErrorKind::Input, format!("the state folder cannot be used: {error}"))
        })?;
        Ok(folder.join(name))
    }

    /// git's own folder for `worktree`, found through git's data, because the file in the worktree
    /// may have been changed.
    fn data_of(&self, worktree: &Worktree) -> Result<PathBuf> {
        let wanted = worktree.path.join(".git");
        let entries =
            std::fs::read_dir(self.data.join("worktrees")).into_iter().flatten().flatten();
        let mut places = entries.map(|entry| entry.path());
        let found = places.find(|place| {
            let told = std::fs::read_to_string(place.join("gitdir"));
            told.is_ok_and(|told| Path::new(told.trim_end()) == wanted)
        });
        found.ok_or_else(|| {
            let text = format!("git does not know the worktree {}", worktree.name);
            Error::new(ErrorKind::Input, text)
        })
    }

    fn git(&self, arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<Vec<u8>> {
        let mut command = self.command();
        command.current_dir(&self.top);
        arguments(&mut command);
        output(&mut command, &[])
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]);
        command
    }
}

fn branch(name: &str) -> String {
    format!("zerostack/{name}")
}

fn check_name(name: &str) -> Result<()> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !name.is_empty() && !name.starts_with('-') && name.chars().all(is_name) {
        true => Ok(()),
        false => {
            let text = format!("{name:?} is not a valid name: use letters, digits, `-` and `_`");
            Err(Error::new(ErrorKind::Usage, text))
        }
    }
}

/// The output of `command`.
fn output(command: &mut Command, input: &[u8]) -> Result<Vec<u8>> {
    use std::io::Write as _;
    let failed = |why: String| Error::new(ErrorKind::Input, why);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    let mut child =
        command.spawn().map_err(|error| failed(format!("git cannot be run: {error}")))?;
    let stdin = child.stdin.take();
    let ended = std::thread::scope(|scope| {
        // It may print before it has read everything.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    });
    let ended = ended.map_err(|error| failed(format!("git cannot be run: {error}")))?;
    match ended.status.success() {
        true => Ok(ended.stdout),
        false => Err(failed(String::from_utf8_lossy(&ended.stderr).trim().to_owned())),
    }
}
