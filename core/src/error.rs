//! The one error of this crate.

/// What went wrong: small, `Copy`, the same in every feature set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error {
    kind: ErrorKind,
    detail: u32,
}

/// The class of an [`Error`]. The numbers are stable.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ErrorKind {
    /// Lent memory is too small; the detail is how much is needed in all.
    Full = 1,
    /// A packed vocabulary is refused; the detail is a [`crate::tokenizer::Fault`].
    BadVocabulary = 20,
    /// An id is not of this vocabulary; the detail is its place in the list.
    UnknownToken = 21,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, detail: u32) -> Self {
        Self { kind, detail }
    }

    /// The class of the error.
    pub const fn kind(self) -> ErrorKind {
        self.kind
    }

    /// A number whose meaning the kind gives.
    pub const fn detail(self) -> u32 {
        self.detail
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = match self.kind {
            ErrorKind::Full => "lent memory is full, needed",
            ErrorKind::BadVocabulary => "the packed vocabulary is refused, reason",
            ErrorKind::UnknownToken => "a token id is not of this vocabulary, at",
        };
        write!(f, "{text} {}", self.detail)
    }
}

impl core::error::Error for Error {}
