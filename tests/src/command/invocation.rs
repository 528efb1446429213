//! How a run is started.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use zerostack_scripted::Scripted;

use super::{Done, KEY, Place, Running, tree};

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
    writes: bool,
    leaves: bool,
}

enum Input {
    Handle(Stdio),
    Bytes(Vec<u8>),
}

impl<'p> Invocation<'p> {
    pub(super) fn new(place: &'p Place, arguments: &[&str]) -> Self {
        let set = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", place.folder("home").display().to_string()),
            ("TMPDIR", place.folder("tmp").display().to_string()),
            ("ZEROSTACK_API_KEY", KEY.to_owned()),
        ];
        Self {
            place,
            through: Vec::new(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            environment: set.map(|(name, value)| (name.to_owned(), value)).into(),
            folder: place.project(),
            input: Input::Handle(Stdio::null()),
            output: None,
            writes: false,
            leaves: false,
        }
    }

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

    /// What stdin is connected to.
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

    /// What stdout is connected to, in place of a pipe to [`Done::stdout`].
    #[must_use]
    pub fn stdout(mut self, output: impl Into<Stdio>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// It may change the project.
    #[must_use]
    pub fn writes(mut self) -> Self {
        self.writes = true;
        self
    }

    /// It may leave files for the next run to remove, because it is killed or refused a call.
    #[must_use]
    pub fn leaves(mut self) -> Self {
        self.leaves = true;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(self) -> Running<'p> {
        let before = (!self.writes).then(|| tree(&self.place.project()));
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
        Running::new(self.place, child, before, self.leaves)
    }

    /// Starts it and waits for its end.
    pub fn run(self) -> Done {
        self.start().end()
    }
}
