//! One tool process: what to run, and how it runs.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions};

use super::walls::{self, Alone};
use crate::{Error, ErrorKind, Result, own_process};

/// A program to run in a view.
///
/// ```
/// use zerostack_workspace::sandbox::Program;
///
/// let mut program = Program::new("bash");
/// program.arg("-c").arg("make check").dir("src").env("CI", "1");
/// ```
#[derive(Debug, Clone)]
pub struct Program {
    exe: Exe,
    args: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) hidden_env: Vec<OsString>,
    pub(crate) dir: PathBuf,
    pub(crate) stays_inside: bool,
    stdin: Input,
}

#[derive(Debug, Clone)]
enum Exe {
    /// By its name in PATH or its path, as seen in the view.
    Named(OsString),
    /// The program of the tools.
    Tools,
}

#[derive(Debug, Clone, Copy)]
enum Input {
    Empty,
    Piped,
    /// With output and errors, that of this process.
    Inherited,
}

impl Program {
    /// The program `name`, a name in PATH or a path, without arguments and with empty input.
    pub fn new(name: impl Into<OsString>) -> Self {
        Self::with(Exe::Named(name.into()))
    }

    /// The program that runs the tools, by the [`ToolHost`](super::ToolHost) of the view, even if
    /// its file is not visible there.
    pub fn tools() -> Self {
        Self::with(Exe::Tools)
    }

    fn with(exe: Exe) -> Self {
        let (args, env, dir) = (Vec::new(), Vec::new(), PathBuf::new());
        let (hidden_env, stays_inside, stdin) = (Vec::new(), false, Input::Empty);
        Self { exe, args, env, hidden_env, dir, stays_inside, stdin }
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl Into<OsString>) -> &mut Self {
        self.args.push(arg.into());
        self
    }

    /// Sets an environment variable, even if it is masked.
    pub fn env(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> &mut Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Hides an environment variable of this process from it, whatever the mask is.
    pub fn without_env(&mut self, name: impl Into<OsString>) -> &mut Self {
        self.hidden_env.push(name.into());
        self
    }

    /// Sets its folder, relative to the root of the view; the root by default.
    pub fn dir(&mut self, dir: impl Into<PathBuf>) -> &mut Self {
        self.dir = dir.into();
        self
    }

    /// It reads the project, the home folder and /tmp only; if the system supports it, it is confined
    /// to them, and nothing else has to be hidden from it.
    pub fn stays_inside(&mut self) -> &mut Self {
        self.stays_inside = true;
        self
    }

    /// Its input comes from [`Child::stdin`].
    pub fn piped_input(&mut self) -> &mut Self {
        self.stdin = Input::Piped;
        self
    }

    /// Its input, output and errors are those of this process.
    pub fn inherited_streams(&mut self) -> &mut Self {
        self.stdin = Input::Inherited;
        self
    }

    pub(super) fn name(&self) -> String {
        match &self.exe {
            Exe::Named(name) => name.to_string_lossy().into_owned(),
            Exe::Tools => "zerostack".to_owned(),
        }
    }

    /// The command that starts it; `tools` is the path of the tools' program inside.
    pub(super) fn command(&self, tools: io::Result<&Path>) -> io::Result<Command> {
        let mut command = match &self.exe {
            Exe::Named(name) => Command::new(name),
            Exe::Tools => {
                let mut command = Command::new(tools?);
                command.arg0("zerostack");
                command
            }
        };
        command.args(&self.args).stdout(Stdio::piped()).stderr(Stdio::piped());
        match self.stdin {
            Input::Empty => command.stdin(Stdio::null()),
            Input::Piped => command.stdin(Stdio::piped()),
            Input::Inherited => {
                let inherit = Stdio::inherit;
                command.stdin(inherit()).stdout(inherit()).stderr(inherit())
            }
        };
        Ok(command)
    }
}

/// Starts `command` in `dir` with the rights of the user, or what is left of them, in its own
/// session.
pub(super) fn spawn_freely(
    command: &mut Command,
    dir: &Path,
    alone: Option<Alone>,
) -> io::Result<(std::process::Child, Pid)> {
    let hook = move || {
        rustix::process::setsid()?;
        walls::close_on_exec()?;
        alone.as_ref().map_or(Ok(()), Alone::apply)
    };
    // SAFETY: the hook makes system calls only.
    let child = unsafe { command.current_dir(dir).pre_exec(hook) }.spawn()?;
    let pid = Pid::from_child(&child);
    Ok((child, pid))
}

/// A running program and its pipes.
#[derive(Debug)]
pub struct Child {
    /// Where its input goes, if it was asked for.
    pub stdin: Option<ChildStdin>,
    /// Its output.
    pub stdout: Option<ChildStdout>,
    /// Its errors.
    pub stderr: Option<ChildStderr>,
    process: Arc<Process>,
}

impl Child {
    pub(super) fn new(mut child: std::process::Child, pid: Pid, owns_namespace: bool) -> Self {
        let process = Arc::new(Process { pid, owns_namespace, status: Mutex::new(None) });
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        Self { stdin, stdout, stderr, process }
    }

    /// The process, to end it or wait for it from another thread.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }
}

/// A started process; each call may come from any thread.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    /// It is the first of a namespace of processes, and the kernel ends the others with it.
    owns_namespace: bool,
    /// Set after it was waited for; then the pid may belong to another process.
    status: Mutex<Option<ExitStatus>>,
}

impl Process {
    /// Its id outside the sandbox.
    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Kills it, its group, and all its descendants; does nothing if it has ended.
    pub fn kill(&self) {
        let status = self.lock();
        if status.is_some() {
            return;
        }
        // Errors mean that no process is left to kill.
        if !self.owns_namespace {
            // Thousands of processes that only fork leave this one no time to find them all.
            let _ = rustix::process::kill_process_group(self.pid, Signal::STOP);
            let below = own_process::below(self.pid);
            let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
            for pid in below {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        let _ = rustix::process::kill_process(self.pid, Signal::KILL);
    }

    /// Waits for its end. Then processes left in its group are killed, so that its pipes end too.
    ///
    /// # Errors
    /// `Tool` if the system lost its status (the calling program ignores SIGCHLD).
    pub fn wait(&self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            // Not under the lock, or it would block `kill`.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            match rustix::process::waitid(WaitId::Pid(self.pid), options) {
                Ok(_) | Err(Errno::INTR | Errno::CHILD) => {}
                Err(errno) => return Err(lost(errno)),
            }
        }
    }

    /// Its status if it has ended.
    ///
    /// # Errors
    /// As [`Process::wait`].
    pub fn try_wait(&self) -> Result<Option<ExitStatus>> {
        let mut status = self.lock();
        if status.is_some() {
            return Ok(*status);
        }
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        if rustix::process::waitid(WaitId::Pid(self.pid), options).map_err(lost)?.is_none() {
            return Ok(None);
        }
        // While it is not waited for, its pid is the name of its group and of no other.
        let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
        let waited =
            rustix::process::waitpid(Some(self.pid), WaitOptions::empty()).map_err(lost)?;
        *status = waited.map(|(_, status)| ExitStatus::from_raw(status.as_raw()));
        Ok(*status)
    }

    pub(super) fn is_reaped(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<ExitStatus>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost(errno: Errno) -> Error {
    Error::new(ErrorKind::Tool, format!("the exit status of a tool process is lost: {errno}"))
}

/// Kills all processes of this user with `marker` in their environment, also those that left
/// their group and their parent.
pub(super) fn kill_marked(marker: &[u8]) {
    // A process may have started another meanwhile; one that the system cannot kill is left.
    for _ in 0..KILL_ROUNDS {
        let left = marked(marker);
        if left.is_empty() {
            break;
        }
        for pid in left {
            // An error means that it has ended meanwhile.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        std::thread::yield_now();
    }
}

/// How often to look for processes that should have ended.
const KILL_ROUNDS: usize = 100;

fn marked(marker: &[u8]) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Pid::from_raw)
        .filter(|pid| {
            // The environment of another user's process cannot be read, that of a dead one is empty.
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == marker)
        })
        .collect()
}
