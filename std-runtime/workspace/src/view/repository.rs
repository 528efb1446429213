//! Finds the repository of a folder: it is read, and nothing is run.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

/// The checkout that a folder is in.
#[derive(Debug, Clone)]
pub(super) struct Checkout {
    /// Its top folder, which holds `.git`.
    pub(super) top: PathBuf,
    /// The checkout's own part: its place and its index.
    pub(super) own: PathBuf,
    /// The part that a checkout shares with its linked worktrees: objects, references, settings.
    pub(super) common: PathBuf,
    /// Folders of objects that it borrows from others.
    pub(super) borrowed: Vec<PathBuf>,
}

impl Checkout {
    /// The checkout around `folder`, if there is one.
    pub(super) fn around(folder: &Path) -> Option<Self> {
        let top = folder.ancestors().find(|folder| is_checkout(folder))?.to_owned();
        let own = git_folder(&top);
        let common = match read(&own.join("commondir")) {
            Some(common) => tidy(&own.join(os(common.trim_ascii_end()))),
            None => own.clone(),
        };
        let borrowed = borrowed(&common);
        Some(Self { top, own, common, borrowed })
    }

    /// The folders outside of `root` that git needs to write to.
    pub(super) fn outside(&self, root: &Path) -> Option<&Path> {
        let outside = !self.common.starts_with(root) && !root.starts_with(&self.common);
        (outside && is_repository(&self.common)).then_some(self.common.as_path())
    }
}

/// Whether `.git` is in the folder.
pub(super) fn is_checkout(folder: &Path) -> bool {
    let git = folder.join(".git");
    git.is_file() || git.join("HEAD").is_file()
}

/// Only a folder that is a repository, not for example a user's folder of sockets, whatever a file
/// in the project names.
fn is_repository(folder: &Path) -> bool {
    let system = ["/proc", "/sys", "/dev", "/run"].iter().any(|path| folder.starts_with(path));
    !system
        && folder.join("HEAD").is_file()
        && folder.join("objects").is_dir()
        && folder.join("refs").is_dir()
}

fn git_folder(top: &Path) -> PathBuf {
    let git = top.join(".git");
    let link = if git.is_file() { read(&git) } else { None };
    match link.as_deref().and_then(|link| link.strip_prefix(b"gitdir: ")) {
        Some(target) => tidy(&top.join(os(target.trim_ascii_end()))),
        None => fs::canonicalize(&git).unwrap_or(git),
    }
}

/// The object folders that `common` names, and those that these name.
fn borrowed(common: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut folders = vec![common.join("objects")];
    while let Some(objects) = folders.pop() {
        let text = read(&objects.join("info/alternates")).unwrap_or_default();
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let other = tidy(&objects.join(os(line)));
            let known = found.contains(&other) || found.len() == BORROWED;
            let of_git = other.join("pack").is_dir() || other.join("info").is_dir();
            if !known && of_git && !other.starts_with("/run") && !other.starts_with("/dev") {
                found.push(other.clone());
                folders.push(other);
            }
        }
    }
    found
}

/// How many repositories one may borrow from.
const BORROWED: usize = 8;

/// A small file of a repository; `None` if it is anything else.
pub(super) fn read(path: &Path) -> Option<Vec<u8>> {
    let mut options = File::options();
    let file = options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let file = file.ok().filter(|file| file.metadata().is_ok_and(|it| it.is_file()))?;
    let mut text = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut text).ok()?;
    Some(text)
}

const FILE_BYTES: u64 = 1024 * 1024;

/// The path without `..` and links where it exists.
fn tidy(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| {
        let mut tidy = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => {
                    tidy.pop();
                }
                part => tidy.push(part),
            }
        }
        tidy
    })
}

fn os(path: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path))
}
