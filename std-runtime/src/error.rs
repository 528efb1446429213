//! The one error of this crate. Its kind is the exit code of the command.

use std::fmt;

use crate::visible::{is_acting, visible};

/// What went wrong, in one line for a person: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    is_lasting: bool,
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of an [`Error`]; each has one exit code.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A defect of ours.
    Internal,
    /// The command line is wrong.
    Usage,
    /// The provider refuses the key, or there is none.
    Authentication,
    /// What was given as input cannot be used.
    Input,
    /// The sandbox cannot be made.
    Sandbox,
    /// A configuration file or variable is wrong.
    Configuration,
    /// Turns, tokens, cost or time are used up.
    Limit,
    /// A tool could not be run at all.
    Tool,
    /// The user, or the rule that stands for the user, said no.
    Denied,
    /// The provider cannot be reached or keeps failing.
    Provider,
    /// The model ended without a usable result.
    NoResult,
    /// The check given with `--check` does not pass.
    CheckFailed,
    /// The folder changed while the run worked on its view.
    Conflict,
    /// Ended by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
}

impl Error {
    /// An error of `kind`; `message` is one line without a full stop. What would break the line,
    /// or do something to a terminal, becomes a blank: parts of it come from outside.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.contains(is_acting) {
            message = one_line(&message);
        }
        Self { kind, message, is_lasting: false }
    }

    /// What the core refused. The kinds of a failed turn become the kinds that say the same.
    pub fn from_core(error: zerostack_core::Error) -> Self {
        use zerostack_core::ErrorKind as Core;
        let kind = match error.kind() {
            Core::Status if matches!(error.detail(), 401 | 403) => ErrorKind::Authentication,
            Core::Status | Core::Unreachable | Core::Cut | Core::BadResponse => ErrorKind::Provider,
            Core::Limit | Core::Truncated | Core::Full | Core::WindowTooLong => ErrorKind::Limit,
            Core::BadConfig | Core::Unsupported => ErrorKind::Configuration,
            Core::BadTranscript | Core::BadJson | Core::BadLine | Core::TooLong => ErrorKind::Input,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string())
    }

    /// The class of the error.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to tell a person: one line without a full stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same error with `context: ` before its message.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        Self { message: format!("{context}: {}", self.message), ..self }
    }

    /// The same error, which another attempt would meet again.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { is_lasting: true, ..self }
    }

    /// Whether trying again is of no use.
    pub const fn is_lasting(&self) -> bool {
        self.is_lasting
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<zerostack_scripted::Error> for Error {
    fn from(error: zerostack_scripted::Error) -> Self {
        let kind = match error.kind() {
            zerostack_scripted::ErrorKind::Script => ErrorKind::Input,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string())
    }
}

/// The words of `text` on one line, without characters that a terminal would act on.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    visible(&line).into_owned()
}

/// The beginning of what somebody else said, on one line, to be told in an error.
pub(crate) fn quote(text: &str) -> String {
    let mut line = one_line(text);
    if line.len() > QUOTE_BYTES {
        line.truncate(line.floor_char_boundary(QUOTE_BYTES));
        line.push('…');
    }
    line
}

/// Some names, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    text
}

const LISTED: usize = 10;

/// The error of a stdout that does not take the result.
pub(crate) fn unwritable(error: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Input, format!("cannot write to stdout: {error}"))
}

/// The most that an error tells of what somebody else said.
const QUOTE_BYTES: usize = 500;

impl ErrorKind {
    /// The name as it stands in JSON output: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Authentication => "authentication",
            Self::Input => "input",
            Self::Sandbox => "sandbox",
            Self::Configuration => "configuration",
            Self::Limit => "limit",
            Self::Tool => "tool",
            Self::Denied => "denied",
            Self::Provider => "provider",
            Self::NoResult => "no_result",
            Self::CheckFailed => "check_failed",
            Self::Conflict => "conflict",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// The exit code of the command for this class.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Authentication => 41,
            Self::Input => 42,
            Self::Sandbox => 44,
            Self::Configuration => 52,
            Self::Limit => 53,
            Self::Tool => 54,
            Self::Denied => 55,
            Self::Provider => 60,
            Self::NoResult => 61,
            Self::CheckFailed => 62,
            Self::Conflict => 63,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}
