//! The `zerostack` command as a process, in a place of its own.
//!
//! After each run this checks what holds for every run, however it ended: the project is as it
//! was, no private file is left, and the key was not printed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, fs};

use rustix::process::{Pid, Signal};
use zerostack::scripted::Scripted;

/// The key that every run has. It must never be seen.
pub const KEY: &str = "sk-conformance-0123456789abcdef";

/// A home folder, a folder for temporary files and a project, removed on drop.
pub struct Place {
    root: tempfile::TempDir,
    program: PathBuf,
}

/// A run that is about to start.
pub struct Invocation<'p> {
    place: &'p Place,
    /// What the command is started through, such as `sh -c '… exec "$@"' sh`.
    through: Vec<String>,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    folder: PathBuf,
    input: Input,
    output: Option<Stdio>,
}

enum Input {
    Handle(Stdio),
    Bytes(Vec<u8>),
}

/// A run that goes on.
pub struct Running<'p> {
    place: &'p Place,
    child: Child,
    before: Tree,
    stderr: BufReader<ChildStderr>,
    /// What of stderr was read already.
    errors: Vec<u8>,
}

/// A run that has ended.
pub struct Done {
    /// The exit code; 128 and the signal's number where a signal ended it, as shells say it.
    pub code: i32,
    /// All of stdout.
    pub stdout: Vec<u8>,
    /// All of stderr.
    pub stderr: String,
}

/// What is below a folder: path, mode, and the bytes of a file or the target of a link.
pub type Tree = BTreeMap<PathBuf, (u32, Vec<u8>)>;

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
        let set = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", self.folder("home").display().to_string()),
            ("TMPDIR", self.folder("tmp").display().to_string()),
            ("ZEROSTACK_API_KEY", KEY.to_owned()),
        ];
        Invocation {
            place: self,
            through: Vec::new(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            environment: set.map(|(name, value)| (name.to_owned(), value)).into(),
            folder: self.project(),
            input: Input::Handle(Stdio::null()),
            output: None,
        }
    }

    /// What the command has on disk for the run with this process id.
    fn scratch(&self, pid: u32) -> Vec<PathBuf> {
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

impl<'p> Invocation<'p> {
    /// The model is `provider`, spoken to in OpenAI's dialect.
    #[must_use]
    pub fn model(self, provider: &Scripted) -> Self {
        self.env("ZEROSTACK_BASE_URL", &provider.base_url()).env("ZEROSTACK_MODEL", "scripted")
    }

    /// The model is `provider`, spoken to in Anthropic's dialect.
    #[must_use]
    pub fn anthropic(self, provider: &Scripted) -> Self {
        self.env("ZEROSTACK_PROVIDER", "anthropic")
            .env("ZEROSTACK_BASE_URL", &provider.anthropic_base_url())
            .env("ZEROSTACK_MODEL", "scripted")
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Unsets a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Starts it in `folder`.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Starts it by a shell that runs `script` first, and then becomes the command.
    #[must_use]
    pub fn after(mut self, script: &str) -> Self {
        self.through.extend(["sh", "-c"].map(str::to_owned));
        self.through.push(format!("{script}\nexec \"$@\""));
        self.through.push("sh".to_owned());
        self
    }

    /// Starts it by another program, which takes the command as its last arguments and becomes it.
    #[must_use]
    pub fn through(mut self, program: &[&str]) -> Self {
        self.through.extend(program.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// What stands at stdin.
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Stdio>) -> Self {
        self.input = Input::Handle(input.into());
        self
    }

    /// `bytes` come on stdin through a pipe.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// What stands at stdout, in place of a pipe to [`Done::stdout`].
    #[must_use]
    pub fn stdout(mut self, output: impl Into<Stdio>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(self) -> Running<'p> {
        let before = tree(&self.place.project());
        let mut command = match self.through.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.place.program);
                command
            }
            None => {
                let mut command = Command::new(&self.place.program);
                command.arg0("zerostack");
                command
            }
        };
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.folder)
            .stdout(self.output.unwrap_or_else(Stdio::piped))
            .stderr(Stdio::piped());
        let bytes = match self.input {
            Input::Handle(handle) => {
                command.stdin(handle);
                None
            }
            Input::Bytes(bytes) => {
                command.stdin(Stdio::piped());
                Some(bytes)
            }
        };
        let mut child = command.spawn().unwrap();
        if let Some(bytes) = bytes {
            let mut stdin = child.stdin.take().unwrap();
            // A command that does not want all of it closes the pipe.
            std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        }
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Running { place: self.place, child, before, stderr, errors: Vec::new() }
    }

    /// Starts it and waits for its end.
    pub fn run(self) -> Done {
        self.start().end()
    }
}

impl Running<'_> {
    /// Waits until a line with `part` has come on stderr.
    ///
    /// # Panics
    /// When stderr ends without.
    pub fn wait_for(&mut self, part: &str) {
        loop {
            let start = self.errors.len();
            let count = self.stderr.read_until(b'\n', &mut self.errors).unwrap();
            let line = String::from_utf8_lossy(&self.errors[start..]);
            if line.contains(part) {
                return;
            }
            assert!(count > 0, "no {part:?} in {}", String::from_utf8_lossy(&self.errors));
        }
    }

    /// Whether a process of this run has `part` in its command line, with a NUL between arguments.
    pub fn has_process(&self, part: &str) -> bool {
        processes_with(self.place.marker()).iter().any(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(part)
        })
    }

    /// Waits until the process handles `signal` in its own way.
    ///
    /// # Panics
    /// When it does not.
    pub fn until_it_catches(&self, signal: Signal) {
        let path = format!("/proc/{}/status", self.child.id());
        let bit = 1_u64 << (signal.as_raw() - 1);
        until("the signal handler", || {
            let status = fs::read_to_string(&path).unwrap();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
            caught & bit != 0
        });
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for its end, and checks what holds for every run.
    ///
    /// # Panics
    /// When something of it does not hold.
    pub fn end(mut self) -> Done {
        let pid = self.child.id();
        let stdout = self.child.stdout.take();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.map(|mut stdout| stdout.read_to_end(&mut bytes)).transpose().unwrap();
            bytes
        });
        let mut errors = self.errors;
        self.stderr.read_to_end(&mut errors).unwrap();
        let status = self.child.wait().unwrap();
        let done = Done {
            code: status.code().or(status.signal().map(|signal| 128 + signal)).unwrap(),
            stdout: reader.join().unwrap(),
            stderr: String::from_utf8(errors).expect("stderr is for people"),
        };
        let place = self.place;
        assert!(tree(&place.project()) == self.before, "the project was changed: {done:?}");
        assert_eq!(place.scratch(pid), Vec::<PathBuf>::new(), "files are left: {}", done.stderr);
        assert!(!done.stderr.contains(KEY) && !done.text().contains(KEY), "the key: {done:?}");
        done
    }
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beginning: String = self.text().chars().take(2000).collect();
        let Self { code, stderr, .. } = self;
        write!(f, "code {code}, stderr:\n{stderr}stdout:\n{beginning}")
    }
}

impl Done {
    /// Stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The run ended well; gives stdout.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn success(&self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.text()
    }

    /// The run ended with `code`, nothing on stdout, and one line about it on stderr, the last,
    /// which is given.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn failure(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{}{}", self.text(), self.stderr);
        assert_eq!(self.text(), "", "{}", self.stderr);
        self.complaint()
    }

    /// The one line on stderr that is about the failure: the last.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn complaint(&self) -> &str {
        let stderr = &self.stderr;
        let line = stderr.lines().last().and_then(|line| line.strip_prefix("zerostack: "));
        assert!(
            stderr.ends_with('\n') && stderr.lines().all(|line| line.starts_with("zerostack: ")),
            "{stderr}"
        );
        line.unwrap_or_else(|| panic!("no word on stderr: {stderr:?}"))
    }

    /// The events of `--events json`, each line parsed.
    ///
    /// # Panics
    /// When a line is not a JSON object with a type.
    #[track_caller]
    pub fn events(&self) -> Vec<serde_json::Value> {
        let text = std::str::from_utf8(&self.stdout).expect("events are UTF-8");
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        let parse = |line: &str| {
            let event: serde_json::Value = serde_json::from_str(line).expect(line);
            assert!(event["type"].is_string(), "{line}");
            event
        };
        text.lines().map(parse).collect()
    }
}

/// Asks again and again until `condition` holds.
///
/// # Panics
/// When it does not come to hold.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} does not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What is below `folder`.
///
/// # Panics
/// When it cannot be read.
pub fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let bytes = if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if metadata.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if metadata.is_file() {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            let name = path.strip_prefix(folder).unwrap().to_owned();
            tree.insert(name, (metadata.permissions().mode(), bytes));
        }
    }
    tree
}

/// The processes whose command line or environment holds `marker`, but for this one.
///
/// # Panics
/// When /proc cannot be read.
pub fn processes_with(marker: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let holds = |path: PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_pid = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    names
        .filter(|name| is_pid(name) && *name != own)
        .filter(|pid| {
            let at = Path::new("/proc").join(pid);
            // A thread or zombie of ours is not what is looked for.
            fs::metadata(&at).is_ok_and(|metadata| metadata.nlink() > 0)
                && (holds(at.join("cmdline")) || holds(at.join("environ")))
        })
        .collect()
}
