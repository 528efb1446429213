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
    /// The storage has no room for it; `detail` is the bytes missing. Nothing was added. For a
    /// slice that the caller lends to be filled, `detail` is the length that is enough.
    Full = 1,
    /// The call does not fit the step; `detail` is the number of the current step. Nothing changed.
    WrongStep = 2,
    /// The response is not what the dialect promises; `detail` is an offset in the body, at the
    /// bad byte or shortly after it.
    BadResponse = 3,
    /// The response ended before the reply was complete; `detail` is the number of bytes received.
    Cut = 4,
    /// The provider answered with an error; `detail` is the HTTP status (200 for an error inside a stream).
    Status = 5,
    /// The provider could not be reached, or broke off before the head; `detail` is 0.
    Unreachable = 6,
    /// The reply hit the token limit in the middle of a tool call; `detail` is the number of whole calls.
    Truncated = 7,
    /// A limit is used up; `detail` is the number of the [`crate::Budget`], or, for a limit of the
    /// format, its value.
    Limit = 8,
    /// No open call has this id; `detail` is the id.
    UnknownCall = 9,
    /// A saved transcript is damaged; `detail` is the offset of the first bad byte.
    BadTranscript = 10,
    /// The configuration cannot be used; `detail` is the index of the bad tool, or `u32::MAX`.
    BadConfig = 11,
    /// JSON text is not valid; `detail` is the byte offset.
    BadJson = 12,
    /// The dialect, or the tool mode with it, is not compiled in or not known; `detail` is the
    /// number of the provider.
    Unsupported = 13,
    /// A text is longer than its format allows; `detail` is the longest length in bytes.
    TooLong = 14,
    /// A prompt's front matter is not understood; `detail` is packed, see [`crate::prompt::Fault`].
    BadPrompt = 15,
    /// A required placeholder of a prompt has no value; `detail` is its offset in the prompt's text.
    MissingPlaceholder = 16,
    /// No prompt of that name; `detail` is 0, or the packed place of the `includes` that names it.
    UnknownPrompt = 17,
    /// Prompts include one another too deeply, or too many; `detail` is what is allowed:
    /// [`crate::prompt::MAX_INCLUDE_DEPTH`] or [`crate::prompt::MAX_INCLUDES`].
    IncludeDepth = 18,
    /// The caller's writer failed; `detail` is the bytes that it took at least.
    WriteFailed = 19,
    /// A request's head would not be one request; `detail` is 0 for the method, 1 for the path, 2
    /// for the host, and from 3 on the header.
    BadRequest = 20,
    /// The bytes are not an HTTP/1.1 response; `detail` is the offset of the bad one.
    BadHttp = 21,
    /// A part of an HTTP response is over its limit; `detail` is the limit.
    HttpTooLong = 22,
    /// The response is compressed or coded in a way that is not read; `detail` is the offset.
    HttpEncoding = 23,
    /// The connection ended within the response; `detail` is the number of bytes received.
    HttpCut = 24,
    /// Arguments do not fit the type that reads them; `detail` is the offset of the value.
    BadArguments = 25,
    /// A JSON Schema is not one; `detail` is the offset of what is wrong.
    BadSchema = 26,
    /// Something is nested deeper than it may be; `detail` is the depth that is allowed.
    TooDeep = 27,
    /// A check takes more steps than it may; `detail` is the number that is allowed.
    TooMuchWork = 28,
    /// A packed vocabulary is refused; `detail` is the reason, see [`crate::tokenizer`].
    BadVocabulary = 29,
    /// A token id is not of this vocabulary; `detail` is its index.
    UnknownToken = 30,
    /// What would be sent does not fit the context of the model, and no room can be made; `detail`
    /// is the tokens that are too many.
    WindowTooLong = 31,
    /// The transcript was rewritten since the checkpoint was made; `detail` is 0. Nothing changed.
    StaleCheckpoint = 32,
    /// A line of a transcript as JSON Lines is refused; `detail` is its number, from 1 on, and
    /// [`crate::JsonLinesReader::fault`] says why.
    BadLine = 33,
    /// A request option is out of range or malformed, or `extra` replaces what the session writes;
    /// `detail` is the number of the [`crate::RequestOption`].
    BadOption = 34,
    /// The dialect has no field for a request option, or not for this value of it; `detail` is the
    /// number of the [`crate::RequestOption`].
    UnsupportedOption = 35,
    /// An attachment cannot be used as it is described: its media type, name, length or address.
    /// `detail` is its index. Nothing was added.
    BadAttachment = 36,
    /// The dialect has no place for an attachment of this kind or media type, or not from this
    /// source; `detail` is its index. Nothing was added.
    UnsupportedAttachment = 37,
    /// The bytes of an attachment are needed and were not given; `detail` is its number.
    MissingAttachment = 38,
    /// The bytes of an attachment are fewer or more than was said; `detail` is its number.
    AttachmentLength = 39,
    /// The answer does not fit the response schema, and was asked for again as often as it may be;
    /// `detail` is where in its JSON, in bytes. The answer is in the transcript, and
    /// [`crate::Session::failure`] says what is wrong.
    BadAnswer = 40,
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
    /// The name in JSON output: lower case, words joined by `_`.
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
            Self::BadPrompt => "bad_prompt",
            Self::MissingPlaceholder => "missing_placeholder",
            Self::UnknownPrompt => "unknown_prompt",
            Self::IncludeDepth => "include_depth",
            Self::WriteFailed => "write_failed",
            Self::BadRequest => "bad_request",
            Self::BadHttp => "bad_http",
            Self::HttpTooLong => "http_too_long",
            Self::HttpEncoding => "http_encoding",
            Self::HttpCut => "http_cut",
            Self::BadArguments => "bad_arguments",
            Self::BadSchema => "bad_schema",
            Self::TooDeep => "too_deep",
            Self::TooMuchWork => "too_much_work",
            Self::BadVocabulary => "bad_vocabulary",
            Self::UnknownToken => "unknown_token",
            Self::WindowTooLong => "window_too_long",
            Self::StaleCheckpoint => "stale_checkpoint",
            Self::BadLine => "bad_line",
            Self::BadOption => "bad_option",
            Self::UnsupportedOption => "unsupported_option",
            Self::BadAttachment => "bad_attachment",
            Self::UnsupportedAttachment => "unsupported_attachment",
            Self::MissingAttachment => "missing_attachment",
            Self::AttachmentLength => "attachment_length",
            Self::BadAnswer => "bad_answer",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.detail;
        match self.kind {
            ErrorKind::Full => write!(f, "the context buffer is full, {n} bytes are missing"),
            ErrorKind::WrongStep => write!(f, "this call is not allowed in the current step ({n})"),
            ErrorKind::BadResponse => {
                write!(f, "the response is malformed at byte {n}; check the dialect")
            }
            ErrorKind::Cut => write!(f, "the response was cut off after {n} bytes"),
            ErrorKind::Status => write!(f, "the provider answered with an error (status {n})"),
            ErrorKind::Unreachable => f.write_str("the provider could not be reached"),
            ErrorKind::Truncated => {
                write!(f, "the token limit cut a tool call off, after {n} whole calls")
            }
            ErrorKind::Limit => match n {
                1 => f.write_str("the turn used all of its requests"),
                2 => f.write_str("the turn used all of its tokens"),
                3 => f.write_str("the turn used all of its money"),
                4 => f.write_str("the turn used all of its time"),
                5 => f.write_str("the model makes the same call again and again"),
                _ => write!(f, "the limit of {n} is used up"),
            },
            ErrorKind::UnknownCall => write!(f, "no open tool call has the id {n}"),
            ErrorKind::BadTranscript => write!(f, "the transcript is damaged at byte {n}"),
            ErrorKind::BadConfig if n == u32::MAX => f.write_str("the configuration is unusable"),
            ErrorKind::BadConfig => {
                write!(
                    f,
                    "tool {n} has a name that cannot be sent, or a schema that is no JSON object"
                )
            }
            ErrorKind::BadJson => write!(f, "the JSON is malformed at byte {n}"),
            ErrorKind::Unsupported => {
                write!(f, "dialect {n}, or this tool mode with it, is not supported")
            }
            ErrorKind::TooLong => write!(f, "the text is longer than {n} bytes"),
            ErrorKind::BadPrompt => f.write_str("the prompt's front matter is malformed"),
            ErrorKind::MissingPlaceholder => {
                write!(f, "the placeholder at byte {n} of the prompt has no value")
            }
            ErrorKind::UnknownPrompt => f.write_str("there is no prompt of that name"),
            ErrorKind::IncludeDepth if n == INCLUDES_MAX => {
                write!(f, "a prompt includes more than {n} prompts, those of its own included")
            }
            ErrorKind::IncludeDepth => write!(f, "prompts include one another more than {n} deep"),
            ErrorKind::WriteFailed => write!(f, "the writer failed after {n} bytes"),
            ErrorKind::BadRequest => {
                write!(f, "part {n} of the request's head is not allowed there")
            }
            ErrorKind::BadHttp => write!(f, "the HTTP response is malformed at byte {n}"),
            ErrorKind::HttpTooLong => {
                write!(f, "a part of the HTTP response is over its limit of {n} bytes")
            }
            ErrorKind::HttpEncoding => {
                write!(f, "the HTTP response is coded in an unknown way, at byte {n}")
            }
            ErrorKind::HttpCut => write!(f, "the connection ended after {n} bytes of the response"),
            ErrorKind::BadArguments => write!(f, "the arguments do not fit their type at byte {n}"),
            ErrorKind::BadSchema => write!(f, "the JSON Schema is wrong at byte {n}"),
            ErrorKind::TooDeep => write!(f, "the nesting is deeper than {n}"),
            ErrorKind::TooMuchWork => write!(f, "the check takes more than {n} steps"),
            ErrorKind::BadVocabulary => write!(f, "the vocabulary is refused, reason {n}"),
            ErrorKind::UnknownToken => write!(f, "token {n} is not of this vocabulary"),
            ErrorKind::WindowTooLong => {
                write!(f, "the conversation is {n} tokens too long for the model's context")
            }
            ErrorKind::BadLine => write!(f, "line {n} of the transcript is refused"),
            ErrorKind::StaleCheckpoint => {
                f.write_str("the transcript was rewritten since the checkpoint")
            }
            ErrorKind::BadOption => {
                write!(f, "the option {} is out of range, malformed or taken", option_name(n))
            }
            ErrorKind::UnsupportedOption => {
                write!(
                    f,
                    "the dialect has no field for the option {}, or not for this value; leave it out",
                    option_name(n)
                )
            }
            ErrorKind::BadAttachment => {
                write!(f, "attachment {n} has no usable media type, name, length or address")
            }
            ErrorKind::UnsupportedAttachment => {
                write!(
                    f,
                    "the dialect takes no attachment like number {n}: another media type, source or dialect may do"
                )
            }
            ErrorKind::MissingAttachment => {
                write!(f, "the bytes of attachment {n} are missing; give them, or leave it out")
            }
            ErrorKind::AttachmentLength => {
                write!(f, "attachment {n} has another length than was said; attach it anew")
            }
            ErrorKind::BadAnswer => {
                write!(f, "the answer does not fit the response schema, at byte {n}")
            }
        }
    }
}

impl core::error::Error for Error {}

/// Prompts that one prompt includes; here, so that the error differs from that of the depth.
pub(crate) const INCLUDES_MAX: u32 = 256;

/// The names of the request options, from number 1 on; here, so that the error can tell them.
pub(crate) const OPTION_NAMES: [&str; 15] = [
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "reasoning_effort",
    "tool_choice",
    "parallel_tool_calls",
    "service_tier",
    "user",
    "cache_ttl",
    "response_schema",
    "extra",
];

/// The number of a whole profile where errors name an option; those of its fields follow.
pub(crate) const PROFILE_NUMBER: u32 = 63;

/// The names of the fields of a profile.
pub(crate) const PROFILE_FIELD_NAMES: [&str; 10] = [
    "stream",
    "stream_options",
    "cache_control",
    "include",
    "system_role",
    "instruction_role",
    "output_limit_key",
    "reasoning",
    "call_ids",
    "schemas",
];

fn option_name(number: u32) -> &'static str {
    let number = number as usize;
    let option = number.checked_sub(1).and_then(|index| OPTION_NAMES.get(index));
    let field = match number.checked_sub(PROFILE_NUMBER as usize) {
        Some(0) => Some(&"profile"),
        Some(index) => PROFILE_FIELD_NAMES.get(index - 1),
        None => None,
    };
    option.or(field).copied().unwrap_or("unknown")
}
