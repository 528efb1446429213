//! What comes on stdin. Reading it never hangs without a word.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

use crate::transport::Cancel;
use crate::{Error, ErrorKind, Result};

/// How long to wait for the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As long as it takes: the user said `-`.
    Forever,
    /// So long; then it is an error that says what to do.
    Until(Duration),
}

/// What stands at stdin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Closed, or a device such as /dev/null: nothing is read.
    Nothing,
    /// Read when the user says so.
    Terminal,
    /// A file: read to its end.
    File,
    /// A pipe or a socket: somebody may write, or never.
    Pipe,
}

/// What stdin holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Nobody gives anything: it is closed, a device, a terminal.
    Nothing,
    /// A file or a pipe without a byte.
    Empty,
    /// Text.
    Text(Input),
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The text.
    pub text: String,
    /// Some of it is not UTF-8 and stands in the text as U+FFFD.
    pub is_repaired: bool,
}

/// Reads stdin to its end, when there is something to read.
///
/// | stdin is | what happens |
/// |---|---|
/// | closed, or a device such as /dev/null | `Nothing` |
/// | a terminal | `Nothing`; with [`Patience::Forever`] read |
/// | a file | read |
/// | a pipe, a FIFO, a socket | read, when a first byte or its end comes in time |
///
/// # Errors
/// `Input` when nothing comes in time, when it is longer than [`INPUT_BYTES`], is no text, or
/// cannot be read; `Interrupted` when the run was stopped meanwhile.
pub fn read(patience: Patience, cancel: &Cancel) -> Result<Given> {
    let stdin = io::stdin();
    let kind = kind(&stdin);
    let limit = match (kind, patience) {
        (Kind::Nothing, _) | (Kind::Terminal, Patience::Until(_)) => return Ok(Given::Nothing),
        (Kind::Pipe, Patience::Until(limit)) => Some(limit),
        _ => None,
    };
    let failed = |error: Errno| Error::new(ErrorKind::Input, format!("stdin: {error}"));
    let mut bytes = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        // Once somebody writes, it goes on to its end, however slowly.
        wait(&stdin, limit.filter(|_| bytes.is_empty()), cancel)?;
        match rustix::io::read(&stdin, &mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(failed(error)),
        }
        if bytes.len() > INPUT_BYTES {
            let text =
                format!("stdin is longer than {INPUT_BYTES} bytes; give the model a file to read");
            return Err(Error::new(ErrorKind::Input, text));
        }
    }
    if bytes.contains(&0) {
        let text = "stdin is binary, not text; give the model a file to look at with its tools";
        return Err(Error::new(ErrorKind::Input, text));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) if text.is_empty() => Given::Empty,
        Ok(text) => Given::Text(Input { text, is_repaired: false }),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            Given::Text(Input { text, is_repaired: true })
        }
    })
}

fn kind(stdin: &io::Stdin) -> Kind {
    let Ok(stat) = fstat(stdin.as_fd()) else { return Kind::Nothing };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Fifo | FileType::Socket => Kind::Pipe,
        _ if stdin.is_terminal() => Kind::Terminal,
        _ => Kind::Nothing,
    }
}

/// Waits for bytes, or the end.
fn wait(stdin: &io::Stdin, limit: Option<Duration>, cancel: &Cancel) -> Result<()> {
    let start = Instant::now();
    let mut ready = [PollFd::new(stdin, PollFlags::IN)];
    loop {
        if cancel.is_cancelled() {
            return Err(Cancel::error().into());
        }
        let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
        let slice = left.map_or(CANCEL_CHECK, |left| left.min(CANCEL_CHECK));
        match poll(&mut ready, Timespec::try_from(slice).ok().as_ref()) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(Error::new(ErrorKind::Input, format!("stdin: {error}"))),
            Ok(0) if left == Some(Duration::ZERO) => {
                let limit = limit.unwrap_or_default().as_secs();
                let text = format!(
                    "nothing came on stdin for {limit} s; say `-` to wait for it, or `</dev/null` \
                     to go on without"
                );
                return Err(Error::new(ErrorKind::Input, text));
            }
            Ok(0) => {}
            Ok(_) => return Ok(()),
        }
    }
}

/// The most that stdin may hold: all of it goes into every request.
pub const INPUT_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of one read.
const READ_BYTES: usize = 64 * 1024;

/// How often a wait looks for a cancel.
const CANCEL_CHECK: Duration = Duration::from_millis(50);
