//! The one error of this crate.

use std::fmt;
use std::sync::Arc;

/// What went wrong, in one line for a person: what, where, and what to do.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    is_lasting: bool,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The class of an [`Error`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A defect in zerostack.
    Internal,
    /// A call in the wrong order.
    Usage,
    /// The provider refuses the key, or there is none.
    Authentication,
    /// The input cannot be used.
    Input,
    /// A setting or a variable is wrong.
    Configuration,
    /// Rounds, tokens, cost or room are used up.
    Limit,
    /// The provider cannot be reached or keeps failing.
    Provider,
    /// The answer is not the requested one, even after the permitted number of repairs. It is in the
    /// conversation.
    Answer,
    /// The model made a call that cannot run and the policy is to fail, or it made too many of them.
    BadCall,
    /// Calls wait for approval: the turn is open, and continues with the decisions.
    Deferred,
    /// [`Cancel::cancel`](crate::transport::Cancel::cancel) was called.
    Interrupted,
    /// The program's own part failed: its toolbox, recorder or transport. The
    /// [source](std::error::Error::source) is its error.
    Other,
}

impl Error {
    /// An error of `kind`; `message` is one line without a full stop. Line breaks and control
    /// characters become blanks, because parts of it come from outside.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: zerostack_text::message(message), is_lasting: false, source: None }
    }

    /// An error of kind [`Other`](ErrorKind::Other): one of a toolbox, recorder or transport that
    /// ends the turn.
    pub fn other(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        let message = error.to_string();
        Self { source: Some(Arc::new(error)), ..Self::new(ErrorKind::Other, message) }
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

/// Converts an error of the core. The kinds of a failed turn are mapped to the matching kinds.
impl From<zerostack_core::Error> for Error {
    fn from(error: zerostack_core::Error) -> Self {
        use zerostack_core::ErrorKind as Core;
        let kind = match error.kind() {
            Core::Status if matches!(error.detail(), 401 | 403) => ErrorKind::Authentication,
            Core::Status | Core::Unreachable | Core::Cut | Core::BadResponse => ErrorKind::Provider,
            Core::Limit | Core::Truncated | Core::Full | Core::WindowTooLong => ErrorKind::Limit,
            Core::BadConfig | Core::Unsupported | Core::BadOption | Core::UnsupportedOption => {
                ErrorKind::Configuration
            }
            Core::BadAnswer | Core::MediaOnly => ErrorKind::Answer,
            Core::UnsupportedAttachment => ErrorKind::Configuration,
            Core::BadAttachment | Core::MissingAttachment | Core::AttachmentLength => {
                ErrorKind::Input
            }
            Core::BadTranscript | Core::BadJson | Core::BadLine | Core::TooLong => ErrorKind::Input,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|error| error as _)
    }
}
