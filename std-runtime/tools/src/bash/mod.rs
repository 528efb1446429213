//! `bash`: a command and everything that it starts.

mod background;
mod output;
mod signals;

use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{ErrorKind, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::Deserialize;

use super::{Outcome, Output, lenient, text};
use output::Output as Collected;
use signals::Signals;
use zerostack_workspace::own_process;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    command: String,
    #[serde(default, deserialize_with = "lenient::whole")]
    timeout_ms: Option<u64>,
    /// The name under which it continues after the call.
    background: Option<String>,
}

/// The time limit that `arguments` ask for.
pub(super) fn time_limit(arguments: &[u8]) -> Duration {
    #[derive(Deserialize)]
    struct Timeout {
        #[serde(default, deserialize_with = "lenient::whole")]
        timeout_ms: Option<u64>,
    }
    let asked = serde_json::from_slice::<Timeout>(arguments).ok().and_then(|it| it.timeout_ms);
    Duration::from_millis(asked.unwrap_or(DEFAULT_TIMEOUT_MS).min(MAX_TIMEOUT_MS)) + TERMINATE
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let Arguments { command, timeout_ms, background } = arguments;
    let default = if background.is_some() { BACKGROUND_MS } else { DEFAULT_TIMEOUT_MS };
    let timeout_ms = timeout_ms.unwrap_or(default);
    if !(1..=MAX_TIMEOUT_MS).contains(&timeout_ms) {
        return Err(format!("timeout_ms is {timeout_ms}: give 1 to {MAX_TIMEOUT_MS}"));
    }
    if let Some(name) = background {
        return background::run(&command, &name, Duration::from_millis(timeout_ms));
    }
    let failed = |e: std::io::Error| format!("the command was not run: {e}");
    // Before the command starts, so that its end cannot be missed.
    let is_guest = ENVIRONMENT.with_borrow(Option::is_some);
    let mut signals = Signals::catch(is_guest).map_err(failed)?;
    let (mut pipe, child) = spawn(&command).map_err(|e| match e.kind() {
        ErrorKind::ArgumentListTooLong => {
            "the command was not run: it is too long; write it to a file and run that".into()
        }
        ErrorKind::InvalidInput => "the command was not run: it holds a NUL".into(),
        _ => failed(e),
    })?;
    let group = Group::of(child);
    let mut collected = Collected::default();
    let timeout = Duration::from_millis(timeout_ms);
    let ended = group.watch(&mut pipe, &mut signals, &mut collected, timeout).map_err(failed)?;
    Ok(ended.into_output(&mut collected, timeout_ms))
}

/// Starts `command` with stdout and stderr in one pipe.
fn spawn(command: &str) -> std::io::Result<(PipeReader, Child)> {
    let start = |shell: &str| -> std::io::Result<(PipeReader, Child)> {
        let (pipe, writer) = std::io::pipe()?;
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let mut child = into_shell(Command::new(shell), command);
        ENVIRONMENT.with_borrow(|environment| {
            if let Some(environment) = environment {
                child.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
            }
        });
        let child = child.stdout(writer.try_clone()?).stderr(writer).spawn()?;
        Ok((pipe, child))
    };
    match start("bash") {
        Err(e) if e.kind() == ErrorKind::NotFound => start("sh"),
        started => started,
    }
}

/// A shell that will run `command`, without input and in its own process group.
fn into_shell(mut shell: Command, command: &str) -> Command {
    shell.args(["-c", command]).stdin(Stdio::null()).process_group(0);
    shell
}

/// The command and all its processes that did not leave its process group. They do not outlive this
/// value; if the process exists only for this call, those that left the group do not either.
struct Group {
    leader: Child,
    id: Pid,
}

/// How a command ended.
struct Ended {
    status: ExitStatus,
    timed_out: bool,
    /// Some process still held the output open.
    background: bool,
}

/// What [`Group::watch`] waits for.
enum Phase {
    Running,
    /// SIGTERM was sent.
    Terminating,
    /// The leader is gone; the rest of the pipe is read.
    Draining,
}

impl Group {
    fn of(leader: Child) -> Self {
        let id = Pid::from_child(&leader);
        Self { leader, id }
    }

    /// Collects the output until the command has ended, or was ended at `timeout`.
    fn watch(
        mut self,
        pipe: &mut PipeReader,
        signals: &mut Signals,
        collected: &mut Collected,
        timeout: Duration,
    ) -> std::io::Result<Ended> {
        zerostack_workspace::own_process::release_code();
        let (mut phase, mut until) = (Phase::Running, Instant::now() + timeout);
        let (mut open, mut timed_out) = (true, false);
        while open || !matches!(phase, Phase::Draining) {
            wait(open.then_some(&*pipe), signals, until)?;
            if signals.came() {
                self.reap_orphans();
            }
            if let Some(signal) = signals.ending() {
                drop(self);
                end_all();
                return Err(signals::end_by(signal));
            }
            if open {
                open = read_once(pipe, collected)?;
            }
            let late = Instant::now() >= until;
            let gone = self.leader_is_gone()?;
            match phase {
                Phase::Running | Phase::Terminating if gone => {
                    (phase, until) = (Phase::Draining, Instant::now() + DRAIN);
                }
                Phase::Running if late => {
                    timed_out = true;
                    self.signal(Signal::TERM);
                    (phase, until) = (Phase::Terminating, Instant::now() + TERMINATE);
                }
                Phase::Terminating if late => {
                    self.signal(Signal::KILL);
                    (phase, until) = (Phase::Draining, Instant::now() + DRAIN);
                }
                Phase::Draining if late => break,
                Phase::Running | Phase::Terminating | Phase::Draining => {}
            }
        }
        let status = self.end()?;
        Ok(Ended { status, timed_out, background: open })
    }

    /// Ends the command and everything that it started.
    fn end(&mut self) -> std::io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        let status = self.leader.wait()?;
        end_all();
        Ok(status)
    }

    /// Leaves the leader a zombie, so that the id of the group stays taken.
    fn leader_is_gone(&self) -> std::io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.id), options)?.is_some())
    }

    /// Waits for processes that this one inherited when their parent ended.
    fn reap_orphans(&self) {
        if !OWNS_PROCESS.load(Ordering::Relaxed) {
            return;
        }
        for pid in own_process::children(rustix::process::getpid()) {
            if pid != self.id {
                // An error means that it still runs, or that it is gone.
                _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG);
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // Fails only if no process is left.
        _ = kill_process_group(self.id, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // After `watch` has reaped the leader the id may be another's.
        if let Ok(None) = self.leader.try_wait() {
            self.signal(Signal::KILL);
            _ = self.leader.wait();
        }
    }
}

/// Ends the processes that left the group of the command, if all children of this process belong to it.
fn end_all() {
    if OWNS_PROCESS.load(Ordering::Relaxed) {
        own_process::end_all_below();
    }
}

pub(super) use background::{is_left, stay};

/// Tells that this process does nothing but this call, so that all below it belongs to the call.
pub(super) fn own_process() {
    own_process::adopt_orphans();
    OWNS_PROCESS.store(true, Ordering::Relaxed);
}

thread_local! {
    /// The environment of commands, if the process belongs to another program.
    static ENVIRONMENT: RefCell<Option<Vec<(OsString, OsString)>>> = const { RefCell::new(None) };
}

/// Gives the commands of this thread `environment`. The signals of the process are then its own.
pub(super) fn in_environment(environment: Vec<(OsString, OsString)>) {
    ENVIRONMENT.set(Some(environment));
}

static OWNS_PROCESS: AtomicBool = AtomicBool::new(false);

/// Waits for output, a signal or the time `until`.
fn wait(pipe: Option<&PipeReader>, signals: &Signals, until: Instant) -> std::io::Result<()> {
    let left = until.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).map_err(std::io::Error::other)?;
    let wake = PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN);
    let polled = match pipe {
        Some(pipe) => poll(&mut [wake, PollFd::new(pipe, PollFlags::IN)], Some(&left)),
        None => poll(&mut [wake], Some(&left)),
    };
    match polled {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Takes the bytes of one read; `false` at the end.
fn read_once(pipe: &mut PipeReader, collected: &mut Collected) -> std::io::Result<bool> {
    let mut buffer = [0; READ_BYTES];
    match pipe.read(&mut buffer) {
        Ok(0) => Ok(false),
        Ok(count) => {
            collected.push(&buffer[..count]);
            Ok(true)
        }
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(true),
        Err(e) => Err(e),
    }
}

impl Ended {
    fn into_output(self, collected: &mut Collected, timeout_ms: u64) -> Output {
        let (head, cut_bytes, tail) = collected.parts();
        let mut content = String::with_capacity(head.len() + tail.len() + 200);
        let mut invalid_utf8 = false;
        if cut_bytes > 0 {
            invalid_utf8 |= text::push_lossy(&mut content, head);
            end_line(&mut content);
            _ = writeln!(
                content,
                "[{cut_bytes} bytes left out; redirect to a file to read them all]"
            );
            invalid_utf8 |= text::push_lossy(&mut content, tail);
        } else {
            // A character may lie across the border of the two parts.
            let whole = [head, tail].concat();
            invalid_utf8 |= text::push_lossy(&mut content, &whole);
        }
        end_line(&mut content);
        if invalid_utf8 {
            content.push_str("[not UTF-8: \u{fffd} stands for other bytes]\n");
        }
        if self.background {
            content.push_str("[processes left in the background were ended]\n");
        }
        if self.timed_out {
            _ = writeln!(
                content,
                "[timed out after {timeout_ms} ms: ended with all its processes]"
            );
        } else if let Some(signal) = self.status.signal() {
            _ = writeln!(content, "[ended by signal {signal}]");
        } else if let Some(code) = self.status.code() {
            _ = writeln!(content, "[exit {code}]");
        }
        let is_error = self.timed_out || !self.status.success();
        let exit_code = self.status.code().filter(|_| !self.timed_out);
        let truncated = (cut_bytes > 0).then_some(cut_bytes);
        Output { content, is_error, exit_code, ..Output::default() }
            .truncated_if(truncated)
            .replaced_if(invalid_utf8)
    }
}

fn end_line(content: &mut String) {
    if !content.is_empty() && !content.ends_with('\n') {
        content.push('\n');
    }
}

const DEFAULT_TIMEOUT_MS: u64 = 120_000;
/// How long a command in the background is waited for at its start.
const BACKGROUND_MS: u64 = 10_000;
const MAX_TIMEOUT_MS: u64 = 3_600_000;
/// Between SIGTERM and SIGKILL.
const TERMINATE: Duration = Duration::from_millis(500);
/// How long processes that outlive the command may still write before they are ended.
const DRAIN: Duration = Duration::from_millis(100);
const READ_BYTES: usize = 16 * 1024;
