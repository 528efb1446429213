//! Input and output of a process, bounded in time and size.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Stop;
use crate::sandbox::Child;
use crate::view::DiskWatch;
use crate::{Result, own_process, state_folder};

/// The output of a process.
pub(super) struct Exchange {
    /// The part of its output that was read.
    pub(super) output: Vec<u8>,
    /// The output after its first line, if that goes to a file.
    pub(super) rest: Option<File>,
    /// The beginning of its errors.
    pub(super) errors: Vec<u8>,
    pub(super) end: End,
}

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The output is complete.
    Whole,
    /// The process still runs.
    Late,
    /// There is more output.
    TooLong,
    /// The file for the output after the first line cannot be written.
    Unwritable,
    /// The run was stopped.
    Stopped,
    /// The files of the run take more than this many bytes of the disk.
    DiskFull(u64),
}

/// How much of an output is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// Bytes of the output, or of its first line if the rest goes to a file.
    pub(super) bytes: usize,
    /// Bytes after the first line, which go to an unnamed file: there may be many. `None`: all of
    /// the output is kept together.
    pub(super) rest_bytes: Option<u64>,
}

impl From<usize> for Most {
    fn from(bytes: usize) -> Self {
        Self { bytes, rest_bytes: None }
    }
}

/// The part of an output that was read.
struct Taken {
    most: Most,
    output: Vec<u8>,
    has_line: bool,
    rest: Option<File>,
    rest_bytes: u64,
}

impl Taken {
    fn is_too_long(&self) -> bool {
        let is_rest_too_long = |most: u64| self.rest_bytes > most;
        self.output.len() > self.most.bytes || self.most.rest_bytes.is_some_and(is_rest_too_long)
    }

    /// Takes the bytes of one read; `false` at the end.
    fn take(&mut self, pipe: &mut impl Read) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = match pipe.read(&mut buffer) {
            Err(error) if is_not_ready(&error) => return Ok(true),
            read => read?,
        };
        let mut bytes = buffer.get(..count).unwrap_or_default();
        if !self.has_line {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let end = end.filter(|_| self.most.rest_bytes.is_some());
            let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |at| at + 1));
            self.output.extend_from_slice(line);
            (self.has_line, bytes) = (end.is_some(), rest);
        }
        if self.has_line && !bytes.is_empty() {
            let mut file = match self.rest.take() {
                Some(file) => file,
                None => unnamed()?,
            };
            file.write_all(bytes)?;
            self.rest = Some(file);
            self.rest_bytes += bytes.len() as u64;
        }
        Ok(count > 0)
    }
}

/// A file that is removed with its last handle. It is in the state folder, because folders for
/// temporary files may be in memory.
fn unnamed() -> io::Result<File> {
    state_folder::folder("spool").and_then(tempfile::tempfile_in).or_else(|_| tempfile::tempfile())
}

/// Writes `input` to `child` and reads its output to the end, but no longer than `limit`, no more
/// than `most`, and only while the files of the run are within `disk`. The process may be stopped,
/// read nothing or never end: nothing here waits for it.
pub(super) fn exchange(
    child: &mut Child,
    input: &[u8],
    most: impl Into<Most>,
    limit: Duration,
    (stop, disk): (&Stop, &DiskWatch<'_>),
) -> io::Result<Exchange> {
    let until = Instant::now() + limit;
    let mut look_at_disk = Instant::now() + DISK_CHECK;
    let (mut stdin, mut stdout, mut stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    for pipe in [
        stdin.as_ref().map(AsFd::as_fd),
        stdout.as_ref().map(AsFd::as_fd),
        stderr.as_ref().map(AsFd::as_fd),
    ] {
        pipe.map_or(Ok(()), |pipe| rustix::io::ioctl_fionbio(pipe, true))?;
    }
    own_process::release_code();
    let (output, most) = (Vec::new(), most.into());
    let mut taken = Taken { most, output, has_line: false, rest: None, rest_bytes: 0 };
    let (mut given, mut errors) = (0, Vec::new());
    let end = loop {
        if stop.why().is_some() {
            break End::Stopped;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break End::Late;
        }
        if taken.is_too_long() {
            break End::TooLong;
        }
        if Instant::now() >= look_at_disk {
            if let Some(most) = disk.exceeded() {
                break End::DiskFull(most);
            }
            look_at_disk = Instant::now() + DISK_CHECK;
        }
        let Some(out) = &mut stdout else { break End::Whole };
        if given == input.len() {
            stdin = None;
        }
        let mut waiting = vec![PollFd::new(out, PollFlags::IN)];
        waiting.extend(stdin.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
        waiting.extend(stderr.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        let pause = Timespec::try_from(left.min(STOP_CHECK)).map_err(io::Error::other)?;
        match poll(&mut waiting, Some(&pause)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        if let Some(pipe) = &mut stdin {
            match pipe.write(input.get(given..).unwrap_or_default()) {
                Ok(count) => given += count,
                Err(error) if is_not_ready(&error) => {}
                // A process that ended early reports why on its output.
                Err(_) => stdin = None,
            }
        }
        match taken.take(out) {
            Ok(true) => {}
            Ok(false) => stdout = None,
            Err(_) if taken.has_line => break End::Unwritable,
            Err(error) => return Err(error),
        }
        if let Some(pipe) = &mut stderr
            && !take(pipe, &mut errors)?
        {
            stderr = None;
        }
        errors.truncate(ERRORS_BYTES);
    };
    let Taken { output, rest, .. } = taken;
    Ok(Exchange { output, rest, errors, end })
}

/// Takes the bytes of one read; `false` at the end.
fn take(pipe: &mut impl Read, to: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 16 * 1024];
    match pipe.read(&mut buffer) {
        Ok(0) => Ok(false),
        Ok(count) => {
            to.extend_from_slice(&buffer[..count]);
            Ok(true)
        }
        Err(error) if is_not_ready(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// How a process that closed its output ended; `None` if it does not.
pub(super) fn ended(child: &Child) -> Result<Option<std::process::ExitStatus>> {
    let until = Instant::now() + GRACE;
    let mut pause = Duration::from_micros(50);
    loop {
        if let Some(status) = child.process().try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

impl End {
    /// Why the process was ended, as text; `limit` is its time limit, `max_bytes` that of its output.
    pub(super) fn why(self, limit: Duration, max_bytes: usize) -> String {
        match self {
            Self::TooLong => format!("it printed more than {max_bytes} bytes"),
            Self::DiskFull(most) => format!(
                "the files of this run take more than {most} bytes of the disk, which \
                 sandbox.disk_bytes of the configuration bounds; remove what is not needed"
            ),
            Self::Unwritable => "its output cannot be stored on this disk".to_owned(),
            Self::Whole | Self::Late | Self::Stopped => {
                format!("it did not end within {} s", limit.as_secs())
            }
        }
    }
}

fn is_not_ready(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// The time between a tool's own limit and its forced end, and between the end of its output and its exit.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// How often a wait checks the disk space of the run's files.
const DISK_CHECK: Duration = Duration::from_millis(250);
/// How often a wait checks whether the run was stopped.
const STOP_CHECK: Duration = Duration::from_millis(100);
/// How much of the errors a model needs.
const ERRORS_BYTES: usize = 4 * 1024;
