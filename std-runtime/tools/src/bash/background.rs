//! Commands that continue after their call, such as a server that later calls use.
//!
//! The process of the call prints its result early and stays, because the processes of the command
//! end with it. The output goes to a file, where later calls find it.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::getppid;

use super::output::Output as Collected;
use super::signals::Signals;
use super::{Ended, Group, OWNS_PROCESS, end_all, into_shell, wait};
use crate::{Outcome, text};
use std::sync::atomic::Ordering;

thread_local! {
    /// What [`stay`] waits for.
    static LEFT: RefCell<Option<(Group, Signals)>> = const { RefCell::new(None) };
}

/// The file of the output of the command `name`.
fn log_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("background-{name}.log"))
}

/// Starts `command` and returns when it has printed something and was quiet for a while, when it
/// has ended, or after `timeout`.
pub(super) fn run(command: &str, name: &str, timeout: Duration) -> Outcome {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_plain) {
        let text = "background names the command: up to 32 letters, digits, `-` and `_`";
        return Err(text.to_owned());
    }
    if !OWNS_PROCESS.load(Ordering::Relaxed) {
        return Err("background is not available if tools are not processes".to_owned());
    }
    let failed = |e: std::io::Error| format!("the command was not run: {e}");
    let mut signals = Signals::catch(false).map_err(failed)?;
    let path = log_path(name);
    let (file, child) = spawn(command, &path).map_err(failed)?;
    let mut group = Group::of(child);
    let mut log = Log { file, collected: Collected::default() };
    let (until, mut quiet) = (Instant::now() + timeout, None);
    loop {
        let now = Instant::now();
        if log.take().map_err(failed)? {
            quiet = Some(now + QUIET);
        }
        if signals.came() {
            group.reap_orphans();
        }
        if let Some(signal) = signals.ending() {
            drop(group);
            end_all();
            return Err(failed(super::signals::end_by(signal)));
        }
        if group.leader_is_gone().map_err(failed)? {
            log.take().map_err(failed)?;
            let status = group.end().map_err(failed)?;
            let ended = Ended { status, timed_out: false, background: false };
            return Ok(ended.into_output(&mut log.collected, 0));
        }
        if now >= until || quiet.is_some_and(|quiet| now >= quiet) {
            break;
        }
        let next = quiet.unwrap_or(until).min(until).min(now + POLL);
        wait(None, &signals, next).map_err(failed)?;
    }
    LEFT.set(Some((group, signals)));
    let (head, _, tail) = log.collected.parts();
    let mut content = String::new();
    let replaced = text::push_lossy(&mut content, &[head, tail].concat());
    super::end_line(&mut content);
    content.push_str(&format!(
        "[{name} runs in the background until the run ends or a call starts another {name}; its \
         output goes to {}]\n",
        path.display()
    ));
    Ok(crate::Output::text(content).replaced_if(replaced))
}

fn spawn(command: &str, path: &Path) -> std::io::Result<(File, Child)> {
    // Whatever an earlier call left there is removed, including links.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let log = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
    let start = |shell: &str| -> std::io::Result<Child> {
        into_shell(Command::new(shell), command)
            .stdout(log.try_clone()?)
            .stderr(Stdio::from(log.try_clone()?))
            .spawn()
    };
    let child = match start("bash") {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => start("sh")?,
        started => started?,
    };
    Ok((File::open(path)?, child))
}

/// The file of the output, read as it grows.
struct Log {
    file: File,
    collected: Collected,
}

impl Log {
    /// Whether there is more.
    fn take(&mut self) -> std::io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let mut more = false;
        loop {
            match self.file.read(&mut buffer)? {
                0 => return Ok(more),
                count => self.collected.push(buffer.get(..count).unwrap_or_default()),
            }
            more = true;
        }
    }
}

/// Stays as long as the command that the call left in the background runs. The result is printed
/// and its pipe closed.
pub(crate) fn stay() {
    let Some((mut group, mut signals)) = LEFT.take() else { return };
    let parent = getppid();
    loop {
        if signals.came() {
            group.reap_orphans();
        }
        // If no namespace ends it, it ends with the process that started it.
        let is_alone = getppid() != parent;
        if is_alone || signals.ending().is_some() || !matches!(group.leader_is_gone(), Ok(false)) {
            break;
        }
        if wait(None, &signals, Instant::now() + PARENT_CHECK).is_err() {
            break;
        }
    }
    let _ = group.end();
}

/// Whether the call left a command.
pub(crate) fn is_left() -> bool {
    LEFT.with_borrow(Option::is_some)
}

/// Bytes of a name.
const NAME_MAX: usize = 32;
/// After this much silence the first output of a command is considered complete.
const QUIET: Duration = Duration::from_millis(300);
/// How often its output is looked at.
const POLL: Duration = Duration::from_millis(20);
/// How often to check whether the parent is alive.
const PARENT_CHECK: Duration = Duration::from_millis(500);
