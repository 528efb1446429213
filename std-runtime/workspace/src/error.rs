//! The one error of this crate.

use std::fmt;

/// What went wrong, in one line for a person: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of an [`Error`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A defect in zerostack.
    Internal,
    /// The input cannot be used: a folder, a file, a path.
    Input,
    /// The sandbox cannot be made.
    Sandbox,
    /// A size or a number is over its limit.
    Limit,
    /// A program cannot be started in the view.
    Tool,
    /// The folder changed while the view was worked on.
    Conflict,
}

impl Error {
    /// An error of `kind`; `message` is one line without a full stop.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: zerostack_text::message(message) }
    }

    /// The class of the error.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message for a person: one line without a full stop.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
