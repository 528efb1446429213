//! The input on stdin. Reading it never hangs silently.

use std::fs::File;
use std::io::{self, IsTerminal, Write as _};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

use crate::transport::Cancel;
use crate::{Error, ErrorKind, Result};

/// How long to wait for the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As long as it takes: the user passed `-`.
    Forever,
    /// This long; then it is an error that states what to do.
    Until(Duration),
}

/// The kind of stdin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Closed, or a device such as /dev/null: nothing is read.
    Nothing,
    /// Read if the user asks for it.
    Terminal,
    /// A file: read to its end.
    File,
    /// A pipe or a socket: somebody may write, or never.
    Pipe,
}

/// The content of stdin.
#[derive(Debug)]
pub enum Given {
    /// Nothing: it is closed, a device, a terminal.
    Nothing,
    /// A file or a pipe without a byte.
    Empty,
    /// Text.
    Text(Input),
}

/// The text that was read.
#[derive(Debug)]
pub struct Input {
    /// The text, or the beginning of a long one.
    pub text: String,
    /// Some of it is not UTF-8 and was replaced by U+FFFD.
    pub is_repaired: bool,
    /// The complete input, if it is too long for a request.
    pub large: Option<Large>,
}

/// An input that is too long for a request.
#[derive(Debug)]
pub struct Large {
    /// The complete input, in an unnamed file.
    pub file: File,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Large {
    /// The message to the model about it; its tools find it at `path`.
    pub(super) fn told(&self, path: &Path) -> String {
        let Self { bytes, .. } = self;
        format!(
            "\n\nThat is only the beginning of stdin, which has {bytes} bytes. All of it is in the \
             file {}: search and read it with tools.",
            path.display()
        )
    }
}

/// Reads stdin to its end, if there is something to read.
///
/// | stdin is | what happens |
/// |---|---|
/// | closed, or a device such as /dev/null | `Nothing` |
/// | a terminal | `Nothing`; with [`Patience::Forever`] read |
/// | a file | read |
/// | a pipe, a FIFO, a socket | read, if a first byte or its end arrives in time |
///
/// # Errors
/// `Input` if nothing arrives in time, or if it is longer than [`LARGE_BYTES`], is not text, or
/// cannot be read or stored; `Interrupted` if the run was stopped meanwhile.
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
        // Once the first byte has arrived, it is read to its end, however slowly.
        wait(&stdin, limit.filter(|_| bytes.is_empty()), cancel)?;
        match rustix::io::read(&stdin, &mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(failed(error)),
        }
        if bytes.len() > INPUT_BYTES {
            return spill(&stdin, bytes, buffer, cancel);
        }
    }
    refuse_binary(&bytes)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) if text.is_empty() => Given::Empty,
        Ok(text) => Given::Text(Input { text, is_repaired: false, large: None }),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            Given::Text(Input { text, is_repaired: true, large: None })
        }
    })
}

/// Writes the bytes read so far and all that follow to a file: the whole is never in memory.
fn spill(stdin: &io::Stdin, bytes: Vec<u8>, mut buffer: Vec<u8>, cancel: &Cancel) -> Result<Given> {
    let failed = |error: io::Error| {
        Error::new(ErrorKind::Input, format!("stdin cannot be stored in a file: {error}"))
    };
    refuse_binary(&bytes)?;
    // On many systems /tmp is in memory.
    let file = tempfile::tempfile_in("/var/tmp").or_else(|_| tempfile::tempfile());
    let mut file = file.map_err(failed)?;
    file.write_all(&bytes).map_err(failed)?;
    let mut count = bytes.len() as u64;
    // The beginning may end inside a character.
    let end = (HEAD_BYTES..).find(|at| bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80));
    let head = bytes.get(..end.unwrap_or(HEAD_BYTES)).unwrap_or(&bytes);
    let text = String::from_utf8_lossy(head).into_owned();
    let is_repaired = text.as_bytes() != head;
    drop(bytes);
    loop {
        wait(stdin, None, cancel)?;
        match rustix::io::read(stdin, &mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                file.write_all(&buffer[..read]).map_err(failed)?;
                count += read as u64;
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(failed(error.into())),
        }
        if count > LARGE_BYTES {
            let text =
                format!("stdin is longer than {LARGE_BYTES} bytes; give the model a file to read");
            return Err(Error::new(ErrorKind::Input, text));
        }
    }
    Ok(Given::Text(Input { text, is_repaired, large: Some(Large { file, bytes: count }) }))
}

fn refuse_binary(bytes: &[u8]) -> Result<()> {
    match bytes.contains(&0) {
        true => {
            let text = "stdin is binary, not text; give the model a file to read with its tools";
            Err(Error::new(ErrorKind::Input, text))
        }
        false => Ok(()),
    }
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

/// The most of stdin that goes into a request, and so into every one; a longer input becomes a file
/// for the tools.
pub const INPUT_BYTES: usize = 4 * 1024 * 1024;

/// The largest stdin, in bytes.
pub const LARGE_BYTES: u64 = 1024 * 1024 * 1024;

/// How much of a long input the model gets at once.
const HEAD_BYTES: usize = 16 * 1024;

/// Bytes of one read.
const READ_BYTES: usize = 64 * 1024;

/// How often a wait checks for cancellation.
const CANCEL_CHECK: Duration = Duration::from_millis(50);
