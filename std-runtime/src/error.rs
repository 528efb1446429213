//! The one error of this crate. Its kind is the exit code of the command.

use std::fmt;

pub(crate) use zerostack_text::{counted, listed, one_line, quote};

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
    /// A defect in zerostack.
    Internal,
    /// The command line is wrong.
    Usage,
    /// The provider refuses the key, or there is none.
    Authentication,
    /// The input cannot be used.
    Input,
    /// The sandbox cannot be set up.
    Sandbox,
    /// A configuration file or variable is wrong.
    Configuration,
    /// Turns, tokens, cost or time are used up.
    Limit,
    /// A tool could not be run at all.
    Tool,
    /// The user, or a rule of the user, denied a call.
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
    /// An error of `kind`; `message` is one line without a full stop. Line breaks and control
    /// characters become blanks, because parts of it come from outside.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: zerostack_text::message(message), is_lasting: false }
    }

    /// An error of the core. The kinds of a failed turn are mapped to the matching kinds.
    pub fn from_core(error: zerostack_core::Error) -> Self {
        zerostack_agent::Error::from(error).into()
    }

    /// The class of the error.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message for a person: one line without a full stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same error with `context: ` before its message.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        Self { message: format!("{context}: {}", self.message), ..self }
    }

    /// The same error, marked as one that another attempt would meet again.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { is_lasting: true, ..self }
    }

    /// Whether another attempt is useless.
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

impl From<zerostack_agent::Error> for Error {
    fn from(error: zerostack_agent::Error) -> Self {
        use std::error::Error as _;
        use zerostack_agent::ErrorKind as Agent;
        // The error that a toolbox or a recorder of this crate passed to the agent.
        if let Some(own) = error.source().and_then(|source| source.downcast_ref::<Self>()) {
            return own.clone();
        }
        let kind = match error.kind() {
            Agent::Usage => ErrorKind::Usage,
            Agent::Authentication => ErrorKind::Authentication,
            Agent::Input => ErrorKind::Input,
            Agent::Configuration => ErrorKind::Configuration,
            Agent::Limit => ErrorKind::Limit,
            Agent::Provider => ErrorKind::Provider,
            Agent::Answer => ErrorKind::NoResult,
            Agent::BadCall => ErrorKind::Tool,
            Agent::Interrupted => ErrorKind::Interrupted,
            _ => ErrorKind::Internal,
        };
        let is_lasting = error.is_lasting();
        Self { is_lasting, ..Self::new(kind, error.message()) }
    }
}

/// For the interfaces of the agent that this crate implements.
impl From<Error> for zerostack_agent::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

impl From<zerostack_workspace::Error> for Error {
    fn from(error: zerostack_workspace::Error) -> Self {
        use zerostack_workspace::ErrorKind as Workspace;
        let kind = match error.kind() {
            Workspace::Input => ErrorKind::Input,
            Workspace::Sandbox => ErrorKind::Sandbox,
            Workspace::Limit => ErrorKind::Limit,
            Workspace::Tool => ErrorKind::Tool,
            Workspace::Conflict => ErrorKind::Conflict,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.message())
    }
}

impl From<zerostack_tools::Error> for Error {
    fn from(error: zerostack_tools::Error) -> Self {
        let kind = match error.kind() {
            zerostack_tools::ErrorKind::Usage => ErrorKind::Usage,
            _ => ErrorKind::Tool,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<zerostack_scripted::Error> for Error {
    fn from(error: zerostack_scripted::Error) -> Self {
        let kind = match error.kind() {
            zerostack_scripted::ErrorKind::Script => ErrorKind::Input,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string())
    }
}

/// The error of a stdout that cannot be written.
pub(crate) fn unwritable(error: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Input, format!("cannot write to stdout: {error}"))
}

impl ErrorKind {
    /// The name in JSON output: lower case, words joined by `_`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_this_crate_comes_back_from_the_agent_unchanged() {
        let ours = Error::new(ErrorKind::Sandbox, "no namespace").lasting();
        assert_eq!(Error::from(zerostack_agent::Error::from(ours.clone())), ours);
        let theirs = zerostack_agent::Error::new(zerostack_agent::ErrorKind::Limit, "too long");
        assert_eq!(Error::from(theirs), Error::new(ErrorKind::Limit, "too long"));
    }
}
