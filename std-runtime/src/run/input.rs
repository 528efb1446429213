//! What comes on stdin. Reading it never hangs without a word.

use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};

use crate::{Error, ErrorKind, Result};

/// How long to wait for the first byte of a pipe.
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
    /// Closed, a terminal, or /dev/null: nothing is read.
    Nothing,
    /// A file: read to its end.
    File,
    /// A pipe or a socket: somebody may write, or never.
    Pipe,
}

/// Reads stdin to its end, when there is something to read.
///
/// | stdin is | what happens |
/// |---|---|
/// | closed, a terminal, a device such as /dev/null | `None` |
/// | a file | read |
/// | a pipe, a FIFO, a socket | read, when a first byte or its end comes in time |
///
/// # Errors
/// `Input` when nothing comes in time, when it is longer than [`INPUT_BYTES`], or cannot be
/// read.
pub fn read(patience: Patience) -> Result<Option<String>> {
    let stdin = io::stdin();
    let kind = kind(&stdin);
    if kind == Kind::Nothing {
        return Ok(None);
    }
    if let (Kind::Pipe, Patience::Until(limit)) = (kind, patience) {
        wait(&stdin, limit)?;
    }
    let mut bytes = Vec::new();
    let failed = |error: io::Error| Error::new(ErrorKind::Input, format!("stdin: {error}"));
    stdin.lock().take(INPUT_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > INPUT_BYTES {
        let text =
            format!("stdin is longer than {INPUT_BYTES} bytes; give the model a file to read");
        return Err(Error::new(ErrorKind::Input, text));
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8(bytes).unwrap_or_else(|error| {
        eprintln!("zerostack: stdin is not UTF-8; what is wrong in it is replaced by U+FFFD");
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    })))
}

fn kind(stdin: &io::Stdin) -> Kind {
    let Ok(stat) = fstat(stdin.as_fd()) else { return Kind::Nothing };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Fifo | FileType::Socket => Kind::Pipe,
        _ if stdin.is_terminal() => Kind::Nothing,
        _ => Kind::Nothing,
    }
}

/// Waits for the first byte, or the end.
fn wait(stdin: &io::Stdin, limit: Duration) -> Result<()> {
    let mut ready = [PollFd::new(stdin, PollFlags::IN)];
    let limit_time = Timespec::try_from(limit).ok();
    loop {
        return match poll(&mut ready, limit_time.as_ref()) {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(0) => Err(Error::new(
                ErrorKind::Input,
                format!(
                    "nothing came on stdin for {} s; say `-` to wait for it, or `</dev/null` to go \
                     on without",
                    limit.as_secs()
                ),
            )),
            Ok(_) => Ok(()),
            Err(error) => Err(Error::new(ErrorKind::Input, format!("stdin: {error}"))),
        };
    }
}

/// The most that stdin may hold: all of it goes into every request.
pub const INPUT_BYTES: usize = 4 * 1024 * 1024;
