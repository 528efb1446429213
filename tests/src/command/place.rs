//! Where runs take place.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Invocation, processes_with};

/// A home folder, a folder for temporary files and a project, removed on drop.
pub struct Place {
    root: tempfile::TempDir,
    pub(super) program: PathBuf,
}

impl Place {
    /// A place for runs of `program`, with an empty project.
    ///
    /// # Panics
    /// When the disk refuses.
    pub fn new(program: &str) -> Self {
        let root = tempfile::Builder::new().prefix("conformance-").tempdir().unwrap();
        for folder in ["home", "tmp", "project"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self { root, program: program.into() }
    }

    /// The folder `name` of this place: `home`, `tmp`, `project`.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The project.
    pub fn project(&self) -> PathBuf {
        self.folder("project")
    }

    /// A name that is in the environment of every process of this place.
    ///
    /// # Panics
    /// Never: the name is ASCII.
    pub fn marker(&self) -> &str {
        self.root.path().file_name().and_then(|name| name.to_str()).unwrap()
    }

    /// Whether a process of this place has `part` in its command line, with a NUL between arguments.
    pub fn has_process(&self, part: &str) -> bool {
        processes_with(self.marker()).iter().any(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(part)
        })
    }

    /// Writes a file, `project/…` or `home/…`, with the folders above it.
    ///
    /// # Panics
    /// When the disk refuses.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Runs git in `folder` of this place and gives its stdout.
    ///
    /// # Panics
    /// When git fails.
    pub fn git(&self, folder: &str, arguments: &[&str], input: &[u8]) -> String {
        let mut child = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false"])
            .args(arguments)
            .current_dir(self.folder(folder))
            .env("HOME", self.folder("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes the project a git checkout with everything committed.
    pub fn commit(&self) {
        self.git("project", &["init", "--quiet"], b"");
        self.git("project", &["add", "--all"], b"");
        self.git("project", &["commit", "--quiet", "--message", "start"], b"");
    }

    /// A run with these arguments in the project: no input, no model.
    pub fn zerostack(&self, arguments: &[&str]) -> Invocation<'_> {
        Invocation::new(self, arguments)
    }

    /// What the command has on disk for the run with this process id.
    pub(super) fn scratch(&self, pid: u32) -> Vec<PathBuf> {
        let uid = rustix::process::geteuid().as_raw();
        let base = Path::new("/var/tmp").join(format!("zerostack-{uid}"));
        let mine = format!("{pid}-");
        let below = |folder: &Path| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let is_mine = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&mine))
        };
        let mut left: Vec<PathBuf> = below(&base).into_iter().filter(is_mine).collect();
        left.extend(below(&self.folder("tmp")));
        left
    }
}
