//! Errors of the command line.

pub(crate) use crate::nearest::nearest;
use crate::{Error, ErrorKind};

/// A command line that cannot be understood.
pub(crate) fn usage(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, text)
}

/// The error for a missing argument that a command needs.
pub(crate) fn missing(what: &str, command: &str) -> Error {
    usage(format!("{what} is missing; see `zerostack {command} --help`"))
}
