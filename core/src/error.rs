//! The one error of this crate: small, `Copy`, the same in every feature set.

use core::fmt;

/// Why a call was refused or a reply could not be used.
///
/// Two numbers, no text: a microcontroller can log it, C can pass it on.
/// `Display` is for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error {
    kind: ErrorKind,
    detail: u32,
}

/// The class of an [`Error`]. The numbers are stable: they are the status codes of the C ABI.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ErrorKind {
    /// The storage has no room for it; `detail` is the bytes missing. Nothing was added.
    Full = 1,
    /// The call does not fit the step; `detail` is the number of the step that is on. Nothing changed.
    WrongStep = 2,
    /// The response is not what the dialect promises; `detail` is the byte offset in the body.
    BadResponse = 3,
    /// The response ended before the reply was complete; `detail` is the bytes that came.
    Cut = 4,
    /// The provider answered with an error; `detail` is the HTTP status (200 for an error inside a stream).
    Status = 5,
    /// The provider could not be reached, or broke off before the head; `detail` is 0.
    Unreachable = 6,
    /// The reply hit the token limit in the middle of a tool call; `detail` is the number of whole calls.
    Truncated = 7,
    /// A limit of the configuration is used up; `detail` is its value.
    Limit = 8,
    /// No open call has this id; `detail` is the id.
    UnknownCall = 9,
    /// A saved transcript is damaged; `detail` is the offset of the first bad byte.
    BadTranscript = 10,
    /// The configuration cannot be used; `detail` is the index of the bad tool, or `u32::MAX`.
    BadConfig = 11,
    /// JSON text is not valid; `detail` is the byte offset.
    BadJson = 12,
    /// The dialect is not compiled in; `detail` is the number of the provider.
    Unsupported = 13,
    /// A text is longer than its format allows; `detail` is the longest length in bytes.
    TooLong = 14,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, detail: u32) -> Self {
        Self { kind, detail }
    }

    pub(crate) fn full(missing: usize) -> Self {
        Self::new(ErrorKind::Full, u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// The class of the error.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        self.kind
    }

    /// A number whose meaning the kind gives.
    #[must_use]
    pub const fn detail(self) -> u32 {
        self.detail
    }
}

impl ErrorKind {
    /// The name as it stands in JSON output: lower case, words joined by `_`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::WrongStep => "wrong_step",
            Self::BadResponse => "bad_response",
            Self::Cut => "cut",
            Self::Status => "status",
            Self::Unreachable => "unreachable",
            Self::Truncated => "truncated",
            Self::Limit => "limit",
            Self::UnknownCall => "unknown_call",
            Self::BadTranscript => "bad_transcript",
            Self::BadConfig => "bad_config",
            Self::BadJson => "bad_json",
            Self::Unsupported => "unsupported",
            Self::TooLong => "too_long",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.detail;
        match self.kind {
            ErrorKind::Full => write!(f, "the context buffer is full, {n} bytes are missing"),
            ErrorKind::WrongStep => write!(f, "this call does not fit the step that is on ({n})"),
            ErrorKind::BadResponse => write!(f, "the response is malformed at byte {n}"),
            ErrorKind::Cut => write!(f, "the response was cut off after {n} bytes"),
            ErrorKind::Status => write!(f, "the provider answered with an error (status {n})"),
            ErrorKind::Unreachable => f.write_str("the provider could not be reached"),
            ErrorKind::Truncated => {
                write!(f, "the token limit cut a tool call off, after {n} whole calls")
            }
            ErrorKind::Limit => write!(f, "the limit of {n} is used up"),
            ErrorKind::UnknownCall => write!(f, "no open tool call has the id {n}"),
            ErrorKind::BadTranscript => write!(f, "the transcript is damaged at byte {n}"),
            ErrorKind::BadConfig if n == u32::MAX => f.write_str("the configuration is unusable"),
            ErrorKind::BadConfig => write!(f, "the schema of tool {n} is not a JSON object"),
            ErrorKind::BadJson => write!(f, "the JSON is malformed at byte {n}"),
            ErrorKind::Unsupported => write!(f, "dialect {n} is not compiled in"),
            ErrorKind::TooLong => write!(f, "the text is longer than {n} bytes"),
        }
    }
}

impl core::error::Error for Error {}
