//! The one error type of the crate.

/// What went wrong: a stable kind and a number whose meaning the kind gives. `Copy`, no text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error {
    kind: ErrorKind,
    detail: u32,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, detail: u32) -> Self {
        Self { kind, detail }
    }

    /// What went wrong.
    pub const fn kind(self) -> ErrorKind {
        self.kind
    }

    /// A number; [`ErrorKind`] says what it counts.
    pub const fn detail(self) -> u32 {
        self.detail
    }
}

/// The kinds of [`Error`].
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The lent memory is too small; `detail` is the bytes missing.
    Full,
    /// A prompt's front matter is not understood; `detail` is packed, see [`crate::prompt::Fault`].
    BadPrompt,
    /// A required hole of a prompt has no value; `detail` is its offset in the prompt's text.
    MissingHole,
    /// No prompt of that name; `detail` is 0, or the packed place of the `includes` that names it.
    UnknownPrompt,
    /// Prompts include one another too deeply; `detail` is the depth that is allowed.
    IncludeDepth,
    /// The caller's writer failed; `detail` is the bytes that it took at least.
    WriteFailed,
    /// A request's head would not be one request; `detail` is 0 for the method, 1 for the path, 2
    /// for the host, and from 3 on the header.
    BadRequest,
    /// The bytes are not an HTTP/1.1 response; `detail` is the offset of the bad one.
    BadHttp,
    /// A part of an HTTP response is over its limit; `detail` is the limit.
    HttpTooLong,
    /// The response is compressed or coded in a way that is not read; `detail` is the offset.
    HttpEncoding,
    /// The connection ended within the response; `detail` is the bytes that came.
    HttpCut,
    /// A text is not JSON; `detail` is the offset of the first wrong byte.
    BadJson,
    /// Arguments do not fit the type that reads them; `detail` is the offset of the value.
    BadArguments,
    /// A JSON Schema is not one; `detail` is the offset of what is wrong.
    BadSchema,
    /// Something is nested deeper than it may be; `detail` is the depth that is allowed.
    TooDeep,
    /// A check takes more steps than it may; `detail` is the number that is allowed.
    TooMuchWork,
}
