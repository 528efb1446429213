//! Writing a tape.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sha1_smol::Sha1;
use zerostack_core::{OwnedConfig, Request};

use super::body::Hashes;
use super::line::{Attached, AttachedBytes, Head, Line, Over};
use crate::agent::File as Attachment;
use crate::new_file::NewFile;
use crate::provider::Secrets;
use crate::run::front::ConversationId;
use crate::{Error, ErrorKind, Result};

/// A tape that is being written. A file gets its name when it is complete.
pub struct Tape {
    out: BufWriter<Box<dyn Write + Send>>,
    /// The file that has no name yet; `None` if the tape goes to a device or a pipe.
    unnamed: Option<NewFile>,
    /// The file of a tape that is always complete up to its last line.
    growing: Option<File>,
    path: PathBuf,
    sum: Sha1,
    /// What must not be on the tape.
    secrets: Secrets,
    /// The end of the bytes so far, in which the key may have begun.
    tail: Vec<u8>,
    /// The key arrived; nothing was written since.
    has_key: bool,
    /// The bytes of files are on it too.
    has_files: bool,
}

impl Tape {
    /// Begins the tape that will be at `path`.
    ///
    /// # Errors
    /// `Input` if the file cannot be created.
    pub fn create(path: &Path, secrets: Secrets, config: &OwnedConfig) -> Result<Self> {
        let refused = |error: std::io::Error| cannot_write(path, &error);
        if path.file_name().is_none() {
            return Err(cannot_write(path, &"it is not the name of a file"));
        }
        // Something that is not a file, such as a pipe or a link, must not be replaced by one.
        let is_file = std::fs::metadata(path).map_or(true, |metadata| metadata.is_file());
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let (out, unnamed): (Box<dyn Write + Send>, _) = if is_file {
            let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
            // Without a name, so that a killed run leaves nothing.
            let folder = folder.unwrap_or(Path::new("."));
            let file = NewFile::create(folder, ".zerostack-tape-", 0o600).map_err(refused)?;
            (Box::new(file.file().try_clone().map_err(refused)?), Some(file))
        } else {
            (Box::new(open_special(&target).map_err(refused)?), None)
        };
        Self::begin((out, unnamed, None), target, secrets, config.into())
    }

    /// Begins a tape in `file`, which is at `path`. Each line is written to the file at once, so
    /// that a killed process leaves all but its last one.
    ///
    /// # Errors
    /// `Input` if it cannot be written.
    pub(crate) fn grow(
        (file, path): (File, PathBuf),
        secrets: Secrets,
        config: &OwnedConfig,
        id: &ConversationId,
    ) -> Result<Self> {
        let growing = file.try_clone().map_err(|error| cannot_write(&path, &error))?;
        Self::begin((Box::new(file), None, Some(growing)), path, secrets, Head::of(config, id))
    }

    fn begin(
        (out, unnamed, growing): (Box<dyn Write + Send>, Option<NewFile>, Option<File>),
        path: PathBuf,
        secrets: Secrets,
        head: Head,
    ) -> Result<Self> {
        let mut tape = Self {
            out: BufWriter::new(out),
            unnamed,
            growing,
            path,
            sum: Sha1::new(),
            secrets,
            tail: Vec::new(),
            has_key: false,
            has_files: false,
        };
        tape.line(&Line::Tape(Box::new(head)))?;
        Ok(tape)
    }

    /// Whether it stores the bytes of files, not only their hashes.
    #[must_use]
    pub fn with_files(mut self, has_files: bool) -> Self {
        self.has_files = has_files;
        self
    }

    /// The user sent `text`.
    ///
    /// # Errors
    /// `Input` if it cannot be written.
    pub fn user(&mut self, text: &str) -> Result<()> {
        self.line(&Line::User { text: text.to_owned() })
    }

    /// The run ended with `exit_code`: the tape is complete and gets its name.
    ///
    /// # Errors
    /// `Input` if it cannot be written.
    pub fn finish(mut self, exit_code: u8) -> Result<()> {
        if self.has_key {
            return Err(cannot_write(&self.path, &"it would contain the key"));
        }
        let sha1 = self.sum.digest().to_string();
        self.line(&Line::Over(Over { exit_code, sha1 }))?;
        let Self { mut out, unnamed, path, .. } = self;
        out.flush().map_err(|error| cannot_write(&path, &error))?;
        if let Some(file) = unnamed {
            file.file()
                .sync_all()
                .and_then(|()| file.persist(&path))
                .map_err(|error| cannot_write(&path, &error))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        let written =
            serde_json::to_vec(line).map_err(std::io::Error::from).and_then(|mut line| {
                line.push(b'\n');
                self.has_key |= self.is_key_in(&line);
                match (&self.growing, self.has_key) {
                    (Some(file), true) => return file.set_len(0),
                    (None, true) => return Ok(()),
                    (_, false) => {}
                }
                self.sum.update(&line);
                self.out.write_all(&line)?;
                match &self.growing {
                    Some(_) => self.out.flush(),
                    None => Ok(()),
                }
            });
        written.map_err(|error| cannot_write(&self.path, &error))
    }
}

impl Tape {
    fn is_key_in(&self, bytes: &[u8]) -> bool {
        self.secrets.are_in(bytes)
    }

    /// Looks for a key that arrived in two pieces, or in bytes that are not text.
    fn look_for_key(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.has_key |= self.is_key_in(&self.tail);
        let kept = self.secrets.longest();
        self.tail.drain(..self.tail.len().saturating_sub(kept));
    }
}

/// What a tape records of a conversation. It is not itself a [`Recorder`](crate::agent::Recorder):
/// the owner of two tapes reads a file once for both.
impl Tape {
    /// A file belongs to the text or result that follows; `sha1` is of its bytes.
    pub(crate) fn attached(&mut self, number: u32, file: &Attachment, sha1: &str) -> Result<()> {
        self.line(&Line::Attached(Box::new(Attached::new(number, file, sha1))))?;
        if !self.has_files || file.is_empty() {
            return Ok(());
        }
        let written = file.in_pieces(&mut |piece| {
            self.look_for_key(piece);
            let bytes = piece.into();
            let line = Line::AttachedBytes(AttachedBytes { number, bytes });
            self.line(&line).map_err(std::io::Error::other)
        });
        written.map_err(|error| cannot_write(&self.path, &error))
    }

    pub(crate) fn request(&mut self, request: Request<'_>, hashes: &Hashes) -> Result<()> {
        let (bytes, sha1) = hashes.digest(request);
        self.line(&Line::Request { bytes, sha1 })
    }

    pub(crate) fn response(&mut self, status: u16, retry_after_ms: Option<u32>) -> Result<()> {
        self.line(&Line::Response { status, retry_after_ms })
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.look_for_key(bytes);
        self.line(&Line::Bytes(bytes.into()))
    }

    pub(crate) fn end(&mut self) -> Result<()> {
        self.line(&Line::End)
    }

    pub(crate) fn tool_result(&mut self, call: u32, content: &str, is_error: bool) -> Result<()> {
        self.line(&Line::ToolResult { call, content: content.to_owned(), is_error })
    }
}

/// Opens a pipe or device. A FIFO that nobody reads is an error: waiting for a reader could not be
/// interrupted.
fn open_special(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::NXIO) => return Err(std::io::Error::other("nobody reads the pipe")),
        opened => opened?,
    };
    rustix::io::ioctl_fionbio(&file, false)?;
    Ok(file.into())
}

fn cannot_write(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Input, format!("cannot write the tape {}: {error}", path.display()))
}
