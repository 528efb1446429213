//! Delivering the result: checked, complete, and never lost.

mod checked;
mod outcome;
mod write;

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use zerostack_core::prompt::Output;

use super::Outcome;
use crate::error::unwritable;
use crate::run::front::markdown::rendered;
use crate::visible::visible;
use crate::{Error, ErrorKind, Result, new_file, state_folder};
pub(super) use checked::{Checked, check};
pub(super) use outcome::outcome;
pub(super) use write::Written;

/// `error`, with the place where the patch is kept.
pub(super) fn kept(error: Error, patch: &[u8], folder: &Path, what: &str) -> Error {
    if patch.is_empty() {
        return error;
    }
    let text = match keep(patch, folder, "patch") {
        Ok(path) => format!("{}; {what} is kept in {}", error.message(), path.display()),
        Err(refusal) => format!("{}; {what} could not be kept: {refusal}", error.message()),
    };
    Error::new(error.kind(), text)
}

/// Where the result goes.
#[derive(Debug)]
pub struct Delivery {
    file: Option<PathBuf>,
    /// The folder of the run.
    folder: PathBuf,
    /// Whether the Markdown of a text is rendered on a terminal.
    renders: bool,
}

impl Delivery {
    /// To `file`, or else to stdout.
    ///
    /// # Errors
    /// `Input` if the folder of the file does not exist, which is reported before the run.
    pub fn new(file: Option<PathBuf>, folder: PathBuf) -> Result<Self> {
        if let Some(file) = &file {
            let place = folder_of(file);
            let error = match fs::metadata(place) {
                Ok(found) if !found.is_dir() => Some(io::ErrorKind::NotADirectory.into()),
                Ok(_) if file.is_dir() => Some(io::ErrorKind::IsADirectory.into()),
                Ok(_) => rustix::fs::access(place, rustix::fs::Access::WRITE_OK)
                    .err()
                    .filter(|_| !file.exists())
                    .map(io::Error::from),
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                return Err(unwritable_file(file, &error));
            }
        }
        Ok(Self { file, folder, renders: false })
    }

    /// Renders the Markdown of a text if the result goes to a terminal.
    #[must_use]
    pub fn rendering(self, renders: bool) -> Self {
        Self { renders, ..self }
    }

    /// Whether the result goes to a file.
    pub fn is_to_file(&self) -> bool {
        self.file.is_some()
    }

    /// Writes the complete result, or returns an error.
    ///
    /// # Errors
    /// `Input` if it cannot be written; then it is kept.
    pub fn write(&self, outcome: &Outcome) -> Result<()> {
        if outcome.written.is_some() {
            return Ok(());
        }
        let text;
        let bytes = if outcome.output == Output::Patch {
            &outcome.patch
        } else {
            // A pipe gets the text unchanged; a terminal would interpret control sequences.
            let to_terminal = self.file.is_none() && io::stdout().is_terminal();
            let said = outcome.text.trim_end();
            let said = match (to_terminal, outcome.output) {
                (true, Output::Text) if self.renders => rendered(&visible(said)).into(),
                (true, _) => visible(said),
                (false, _) => said.into(),
            };
            text = [said.as_bytes(), b"\n"].concat();
            &text
        };
        let written = match &self.file {
            None => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
                written.map_err(|error| unwritable(&error))
            }
            Some(file) => write_file(file, bytes).map_err(|error| unwritable_file(file, &error)),
        };
        written.map_err(|error| self.keep(error, outcome))
    }

    /// `error`, which kept the result from being handed over, with the place where it is: the folder,
    /// or where it is kept.
    pub fn keep(&self, error: Error, outcome: &Outcome) -> Error {
        if let Some(id) = outcome.written {
            let text = format!("{}; the files are written, as run {id}", error.message());
            return Error::new(error.kind(), text);
        }
        let (bytes, ending) = match outcome.output {
            Output::Patch => (outcome.patch.as_slice(), "patch"),
            _ => (outcome.text.as_bytes(), "txt"),
        };
        let text = match keep(bytes, &self.folder, ending) {
            Ok(path) => format!("{}; the result is kept in {}", error.message(), path.display()),
            Err(refusal) => format!("{}; the result is lost: {refusal}", error.message()),
        };
        Error::new(error.kind(), text)
    }
}

fn unwritable_file(file: &Path, error: &io::Error) -> Error {
    let text = format!("cannot write the result to {}: {error}", file.display());
    Error::new(ErrorKind::Input, text)
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Replaces `file` by a new one with `bytes`, at once; a device or a pipe is written to.
///
/// # Errors
/// The error of the system; the file is as it was then.
pub fn write_file(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let found = fs::metadata(file).map(|found| found.file_type());
    if found.is_ok_and(|kind| kind.is_char_device() || kind.is_fifo()) {
        return File::options().write(true).open(file)?.write_all(bytes);
    }
    // The target of a link is replaced, not the link.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mode = fs::metadata(&target).map(|found| found.permissions());
    let permissions = mode
        .unwrap_or_else(|_| std::os::unix::fs::PermissionsExt::from_mode(0o666 & !current_umask()));
    let mut new = tempfile::Builder::new()
        .prefix(".zerostack-")
        .permissions(permissions)
        .tempfile_in(folder_of(&target))
        .map_err(new_file::without_path)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(&target)?;
    Ok(())
}

/// Keeps a patch for `folder` in the state folder of the user.
///
/// # Errors
/// The error of the system.
pub fn keep_patch(patch: &[u8], folder: &Path) -> io::Result<PathBuf> {
    keep(patch, folder, "patch")
}

/// Keeps a result in the state folder of the user, under a unique name.
fn keep(bytes: &[u8], folder: &Path, ending: &str) -> io::Result<PathBuf> {
    let place = state_folder::folder("kept")?;
    let name = folder.file_name().unwrap_or("result".as_ref()).to_string_lossy();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for number in 0..u32::MAX {
        let path = place.join(format!("{name}-{seconds}-{number}.{ending}"));
        let mut options = File::options();
        match options.write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                let written = file.write_all(bytes).and_then(|()| file.sync_all());
                if written.is_err() {
                    // Half of a patch is worse than none.
                    let _ = fs::remove_file(&path);
                }
                return written.map(|()| path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The umask of this process, which can only be read by setting it.
#[allow(clippy::useless_conversion)] // the type differs between systems
fn current_umask() -> u32 {
    let umask = rustix::process::umask(rustix::fs::Mode::RWXU);
    rustix::process::umask(umask);
    umask.bits().into()
}
