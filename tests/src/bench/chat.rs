//! `zerostack chat` in a terminal: how soon it takes a line, and what memory it has.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::sys::termios::Termios;
use zerostack_scripted::{Script, Scripted};

use super::Table;
use super::command::{millis, push_peaks, read_long_files, write_long_files};
use super::process::Peak;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Measures the chat of the command `exe`, `runs` times.
///
/// # Errors
/// When it cannot be run, or does not do what the script makes it do.
pub fn measure(exe: &Path, runs: usize) -> Result<Table> {
    let mut table = Table::new("chat");
    let (mut ready, mut idle, mut long, mut after) = (vec![], vec![], vec![], vec![]);
    for _ in 0..runs {
        let project = tempfile::tempdir()?;
        write_long_files(project.path())?;
        let script = Script::new().reply(read_long_files()).text("That was long.");
        let provider = Scripted::start(script)?;
        let mut chat = Chat::start(exe, project.path(), &provider)?;
        ready.push(millis(chat.ready));
        let mut peak = Peak::default();
        peak.look(chat.child.id());
        idle.push(peak);
        chat.terminal.write_all(b"read it all\r")?;
        long.push(chat.until("That was long.")?);
        chat.until("> ")?;
        let mut peak = Peak::default();
        peak.look(chat.child.id());
        after.push(peak);
        let sent = provider.requests().last().map_or(0, |request| request.body.len());
        if sent < 512 * 1024 {
            return Err(format!("only {sent} bytes of results were sent back").into());
        }
    }
    table.samples("from the start to the first prompt", &ready, "ms", "≤ 10");
    push_peaks(&mut table, "idle: PSS", &idle, "≤ 5");
    push_peaks(&mut table, "a turn that adds 512 KiB of context: peak PSS of the tree", &long, "");
    push_peaks(&mut table, "512 KiB of context, between turns: PSS of the tree", &after, "≤ 8");
    Ok(table)
}

/// A chat in a terminal of its own.
struct Chat {
    child: Child,
    terminal: File,
    output: Receiver<Vec<u8>>,
    /// What was printed since the last wait.
    seen: String,
    ready: Duration,
    _home: tempfile::TempDir,
}

impl Chat {
    fn start(exe: &Path, project: &Path, provider: &Scripted) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let pair = openpty(None::<&Winsize>, None::<&Termios>)?;
        let terminal = File::from(pair.master);
        let slave = || pair.slave.try_clone().map(Stdio::from);
        let mut command = Command::new(exe);
        command.args(["chat", "--base-url", &provider.base_url(), "--model", "scripted"]);
        command.env("HOME", home.path()).env("TERM", "xterm-256color").current_dir(project);
        command.stdin(slave()?).stdout(slave()?).stderr(slave()?);
        let start = Instant::now();
        let child = command.spawn()?;
        // It keeps the terminal open, too.
        drop((command, pair.slave));
        let mut reader = terminal.try_clone()?;
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let (seen, ready) = (String::new(), Duration::ZERO);
        let mut chat = Self { child, terminal, output, seen, ready, _home: home };
        chat.until("> ")?;
        chat.ready = start.elapsed();
        Ok(chat)
    }

    /// Waits until `text` is printed, and looks at the memory meanwhile, which slows it down; not
    /// before the first prompt.
    fn until(&mut self, text: &str) -> Result<Peak> {
        let mut peak = Peak::default();
        while !self.seen.contains(text) {
            let is_first = self.ready.is_zero();
            let wait = if is_first { Duration::from_secs(30) } else { Duration::from_millis(1) };
            match self.output.recv_timeout(wait) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(mpsc::RecvTimeoutError::Timeout) if !is_first => peak.look(self.child.id()),
                Err(_) => return Err(format!("no {text:?} but {:?}", self.seen).into()),
            }
        }
        let end = self.seen.find(text).map_or(0, |at| at + text.len());
        self.seen.drain(..end);
        Ok(peak)
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
