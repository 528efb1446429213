//! The status that a call returns.

use core::ffi::{CStr, c_char};

use zerostack_core::{Error, ErrorKind, ResponseRule};

/// The status of a call. Numbers below 1000 are the core's and stable; from 1000 on they are of
/// this border.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_status {
    /// It is done.
    ZS_OK = 0,
    // From errors.sh: the variants.
    /// The storage has no room for it. Nothing was added.
    ///
    /// Detail: the bytes missing; for a slice that the caller lends to be filled, the
    /// length that is enough.
    ZS_FULL = 1,
    /// The call does not fit the step. Nothing changed.
    ///
    /// Detail: the number of the current step.
    ZS_WRONG_STEP = 2,
    /// The response is not what the dialect promises.
    ///
    /// Detail: an offset in the body, at the bad byte or shortly after it, at most 2^28 - 1.
    ZS_BAD_RESPONSE = 3,
    /// The response ended before the reply was complete.
    ///
    /// Detail: the number of bytes received.
    ZS_CUT = 4,
    /// The provider answered with an error.
    ///
    /// Detail: the HTTP status, 200 for an error inside a stream.
    ZS_STATUS = 5,
    /// The provider could not be reached, or broke off before the head.
    ///
    /// Detail: 0.
    ZS_UNREACHABLE = 6,
    /// The reply hit the token limit in the middle of a tool call.
    ///
    /// Detail: the number of whole calls.
    ZS_TRUNCATED = 7,
    /// A limit is used up.
    ///
    /// Detail: 1 for max_rounds, 2 for max_turn_tokens, 3 for max_turn_cost_micros,
    /// 4 for max_turn_ms, 5 for max_repeats, 6 for max_calls; for a limit of the
    /// format, such as max_response_bytes, its value.
    ZS_LIMIT = 8,
    /// No open call has this id.
    ///
    /// Detail: the id.
    ZS_UNKNOWN_CALL = 9,
    /// A saved transcript is damaged.
    ///
    /// Detail: the offset of the first bad byte.
    ZS_BAD_TRANSCRIPT = 10,
    /// The configuration cannot be used.
    ///
    /// Detail: the index of the bad tool, or 4294967295 if it is no tool.
    ZS_BAD_CONFIG = 11,
    /// JSON text is not valid.
    ///
    /// Detail: the byte offset.
    ZS_BAD_JSON = 12,
    /// The dialect, the tool mode with it, or a part of the library is not compiled in or
    /// not known.
    ///
    /// Detail: the number of the dialect, or 0.
    ZS_UNSUPPORTED = 13,
    /// A text is longer than its format allows.
    ///
    /// Detail: the longest length in bytes.
    ZS_TOO_LONG = 14,
    /// A prompt's front matter is not understood.
    ///
    /// Detail: packed, line << 18 | column << 6 | reason.
    ZS_BAD_PROMPT = 15,
    /// A required placeholder of a prompt has no value.
    ///
    /// Detail: its offset in the prompt's text.
    ZS_MISSING_PLACEHOLDER = 16,
    /// No prompt of that name.
    ///
    /// Detail: 0, or the packed place of the includes that names it.
    ZS_UNKNOWN_PROMPT = 17,
    /// Prompts include one another too deeply, or too many.
    ///
    /// Detail: the depth or the number that is allowed.
    ZS_INCLUDE_DEPTH = 18,
    /// The caller's writer failed.
    ///
    /// Detail: the bytes that it took at least.
    ZS_WRITE_FAILED = 19,
    /// A request's head would not be one request.
    ///
    /// Detail: 0 for the method, 1 for the path, 2 for the host, and from 3 on the
    /// header.
    ZS_BAD_REQUEST = 20,
    /// The bytes are not an HTTP/1.1 response.
    ///
    /// Detail: the offset of the bad one.
    ZS_BAD_HTTP = 21,
    /// A part of an HTTP response is over its limit.
    ///
    /// Detail: the limit.
    ZS_HTTP_TOO_LONG = 22,
    /// The response is compressed or coded in a way that is not read.
    ///
    /// Detail: the offset.
    ZS_HTTP_ENCODING = 23,
    /// The connection ended within the response.
    ///
    /// Detail: the number of bytes received.
    ZS_HTTP_CUT = 24,
    /// Arguments do not fit the type that reads them.
    ///
    /// Detail: the offset of the value.
    ZS_BAD_ARGUMENTS = 25,
    /// A JSON Schema is not one.
    ///
    /// Detail: the offset of what is wrong.
    ZS_BAD_SCHEMA = 26,
    /// Something is nested deeper than it may be.
    ///
    /// Detail: the depth that is allowed.
    ZS_TOO_DEEP = 27,
    /// A check takes more steps than it may.
    ///
    /// Detail: the number that is allowed.
    ZS_TOO_MUCH_WORK = 28,
    /// A packed vocabulary is refused.
    ///
    /// Detail: the reason, a number of VocabularyFault.
    ZS_BAD_VOCABULARY = 29,
    /// A token id is not of this vocabulary.
    ///
    /// Detail: its index.
    ZS_UNKNOWN_TOKEN = 30,
    /// What would be sent does not fit the context of the model, and no room can be made.
    ///
    /// Detail: the tokens that are too many.
    ZS_WINDOW_TOO_LONG = 31,
    /// The transcript was rewritten since the checkpoint was made. Nothing changed.
    ///
    /// Detail: 0.
    ZS_STALE_CHECKPOINT = 32,
    /// A line of a transcript as JSON Lines is refused.
    ///
    /// Detail: its number, from 1 on.
    ZS_BAD_LINE = 33,
    /// A request option is out of range or malformed, or extra replaces what the session
    /// writes.
    ///
    /// Detail: the number of the option.
    ZS_BAD_OPTION = 34,
    /// The dialect has no field for a request option, or not for this value of it.
    ///
    /// Detail: the number of the option.
    ZS_UNSUPPORTED_OPTION = 35,
    /// An attachment cannot be used as it is described: its media type, name, length or
    /// address. Nothing was added.
    ///
    /// Detail: its index.
    ZS_BAD_ATTACHMENT = 36,
    /// The dialect has no place for an attachment of this kind or media type, or not from
    /// this source. Nothing was added.
    ///
    /// Detail: its index.
    ZS_UNSUPPORTED_ATTACHMENT = 37,
    /// The bytes of an attachment are needed and were not given.
    ///
    /// Detail: its number.
    ZS_MISSING_ATTACHMENT = 38,
    /// The bytes of an attachment are fewer or more than was announced.
    ///
    /// Detail: its number.
    ZS_ATTACHMENT_LENGTH = 39,
    /// The answer does not fit the response schema, and was asked for again as often as it
    /// may be. It is in the transcript, and the failure's message states what is wrong.
    ///
    /// Detail: where in its JSON, in bytes.
    ZS_BAD_ANSWER = 40,
    /// The reply holds only images, sound or other media, which are not kept. It would be
    /// the same the next time.
    ///
    /// Detail: their length in bytes, as they were sent.
    ZS_MEDIA_ONLY = 41,
    // End of errors.sh.
    /// A pointer is NULL that must not be, or misaligned.
    ZS_NULL = 1000,
    /// A text is not UTF-8. The detail is the offset of the first bad byte.
    ZS_NOT_UTF8 = 1001,
    /// A number is out of its range, such as a length above half of the address space.
    ZS_OUT_OF_RANGE = 1002,
    /// The pointer is not one from zs_session_init, or the session was moved, copied or
    /// freed.
    ZS_BAD_HANDLE = 1003,
    /// An argument lies in the session's own memory, which this call changes: copy it first.
    ZS_OVERLAP = 1004,
    /// There is nothing of this index or name.
    ZS_NOT_FOUND = 1005,
    /// The value is of another kind than the one asked for.
    ZS_OTHER_KIND = 1006,
    /// A defect of this library, or an error that this version has no number for. A session that
    /// returned it answers every call so.
    ZS_INTERNAL = 1007,
}

use zs_status::*;

/// The rule that a response broke.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_response_rule {
    /// None, or one without a number in this version.
    ZS_RULE_NONE = 0,
    /// The body, or the data of an event, is JSON.
    ZS_RULE_JSON = 1,
    /// Each text in it is UTF-8.
    ZS_RULE_UTF8 = 2,
    /// The end marker of a stream is whole.
    ZS_RULE_END_MARKER = 3,
    /// The JSON is that of the dialect.
    ZS_RULE_DIALECT = 4,
    /// The body is not a web page.
    ZS_RULE_NO_PAGE = 5,
    /// A body that is complete holds an answer.
    ZS_RULE_ANSWER = 6,
    /// The reply has one choice: the parts of another are not mixed with it.
    ZS_RULE_ONE_CHOICE = 7,
    /// A summary is a whole text, not one that was cut off, refused, or goes on with the work.
    ZS_RULE_WHOLE_SUMMARY = 8,
    /// Arguments that come by path come in the order of one document, one string at a time.
    ZS_RULE_ARGUMENT_PATH = 9,
}

impl zs_response_rule {
    pub(crate) const fn of(rule: Option<ResponseRule>) -> Self {
        match rule {
            Some(ResponseRule::Json) => Self::ZS_RULE_JSON,
            Some(ResponseRule::Utf8) => Self::ZS_RULE_UTF8,
            Some(ResponseRule::EndMarker) => Self::ZS_RULE_END_MARKER,
            Some(ResponseRule::Dialect) => Self::ZS_RULE_DIALECT,
            Some(ResponseRule::NoPage) => Self::ZS_RULE_NO_PAGE,
            Some(ResponseRule::Answer) => Self::ZS_RULE_ANSWER,
            Some(ResponseRule::OneChoice) => Self::ZS_RULE_ONE_CHOICE,
            Some(ResponseRule::WholeSummary) => Self::ZS_RULE_WHOLE_SUMMARY,
            Some(ResponseRule::ArgumentPath) => Self::ZS_RULE_ARGUMENT_PATH,
            _ => Self::ZS_RULE_NONE,
        }
    }
}

/// A status and its detail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub status: zs_status,
    pub detail: u32,
}

impl Fault {
    pub const fn new(status: zs_status) -> Self {
        Self { status, detail: 0 }
    }

    pub fn with(status: zs_status, detail: usize) -> Self {
        Self { status, detail: u32::try_from(detail).unwrap_or(u32::MAX) }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { status: zs_status::of(error.kind()), detail: error.detail() }
    }
}

impl zs_status {
    /// The number of the core's error. A test finds a kind that is missing here.
    pub(crate) const fn of(kind: ErrorKind) -> Self {
        match kind {
            // From errors.sh: the arms.
            ErrorKind::Full => ZS_FULL,
            ErrorKind::WrongStep => ZS_WRONG_STEP,
            ErrorKind::BadResponse => ZS_BAD_RESPONSE,
            ErrorKind::Cut => ZS_CUT,
            ErrorKind::Status => ZS_STATUS,
            ErrorKind::Unreachable => ZS_UNREACHABLE,
            ErrorKind::Truncated => ZS_TRUNCATED,
            ErrorKind::Limit => ZS_LIMIT,
            ErrorKind::UnknownCall => ZS_UNKNOWN_CALL,
            ErrorKind::BadTranscript => ZS_BAD_TRANSCRIPT,
            ErrorKind::BadConfig => ZS_BAD_CONFIG,
            ErrorKind::BadJson => ZS_BAD_JSON,
            ErrorKind::Unsupported => ZS_UNSUPPORTED,
            ErrorKind::TooLong => ZS_TOO_LONG,
            ErrorKind::BadPrompt => ZS_BAD_PROMPT,
            ErrorKind::MissingPlaceholder => ZS_MISSING_PLACEHOLDER,
            ErrorKind::UnknownPrompt => ZS_UNKNOWN_PROMPT,
            ErrorKind::IncludeDepth => ZS_INCLUDE_DEPTH,
            ErrorKind::WriteFailed => ZS_WRITE_FAILED,
            ErrorKind::BadRequest => ZS_BAD_REQUEST,
            ErrorKind::BadHttp => ZS_BAD_HTTP,
            ErrorKind::HttpTooLong => ZS_HTTP_TOO_LONG,
            ErrorKind::HttpEncoding => ZS_HTTP_ENCODING,
            ErrorKind::HttpCut => ZS_HTTP_CUT,
            ErrorKind::BadArguments => ZS_BAD_ARGUMENTS,
            ErrorKind::BadSchema => ZS_BAD_SCHEMA,
            ErrorKind::TooDeep => ZS_TOO_DEEP,
            ErrorKind::TooMuchWork => ZS_TOO_MUCH_WORK,
            ErrorKind::BadVocabulary => ZS_BAD_VOCABULARY,
            ErrorKind::UnknownToken => ZS_UNKNOWN_TOKEN,
            ErrorKind::WindowTooLong => ZS_WINDOW_TOO_LONG,
            ErrorKind::StaleCheckpoint => ZS_STALE_CHECKPOINT,
            ErrorKind::BadLine => ZS_BAD_LINE,
            ErrorKind::BadOption => ZS_BAD_OPTION,
            ErrorKind::UnsupportedOption => ZS_UNSUPPORTED_OPTION,
            ErrorKind::BadAttachment => ZS_BAD_ATTACHMENT,
            ErrorKind::UnsupportedAttachment => ZS_UNSUPPORTED_ATTACHMENT,
            ErrorKind::MissingAttachment => ZS_MISSING_ATTACHMENT,
            ErrorKind::AttachmentLength => ZS_ATTACHMENT_LENGTH,
            ErrorKind::BadAnswer => ZS_BAD_ANSWER,
            ErrorKind::MediaOnly => ZS_MEDIA_ONLY,
            // End of errors.sh.
            _ => ZS_INTERNAL,
        }
    }
}

/// The texts of the core's errors, from its table: the number, the name, and the summary with the
/// advice.
macro_rules! core_texts {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal, $summary:literal, $place:literal, $advice:literal;)*) => {
        const CORE_TEXTS: &[(u32, &CStr, &CStr)] = &[$((
            $number,
            c_str(concat!($name, "\0")),
            c_str(concat!($summary, $advice, "\0")),
        ),)*];
    };
}

zerostack_core::error_table!(core_texts);

const fn c_str(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a text of the table of errors has a NUL"),
    }
}

/// The texts of what is no error of the core.
const TEXTS: &[(u32, &CStr, &CStr)] = &[
    (ZS_OK as u32, c"ok", c"it is done"),
    (ZS_NULL as u32, c"null", c"a pointer is NULL or misaligned"),
    (ZS_NOT_UTF8 as u32, c"not_utf8", c"the text is not UTF-8"),
    (ZS_OUT_OF_RANGE as u32, c"out_of_range", c"a number is out of its range"),
    (
        ZS_BAD_HANDLE as u32,
        c"bad_handle",
        c"the pointer is not a session, or the session was moved",
    ),
    (
        ZS_OVERLAP as u32,
        c"overlap",
        c"the argument lies in the session's own memory: copy it first",
    ),
    (ZS_NOT_FOUND as u32, c"not_found", c"there is nothing of this index or name"),
    (ZS_OTHER_KIND as u32, c"other_kind", c"the value is of another kind"),
    (ZS_INTERNAL as u32, c"internal", c"a defect of the library"),
];

fn texts(status: u32) -> Option<&'static (u32, &'static CStr, &'static CStr)> {
    CORE_TEXTS.iter().chain(TEXTS).find(|(known, ..)| *known == status)
}

/// The name of a status, lower case, words joined by `_`; "unknown" for any other number.
///
/// Any step. Lifetime: static; ended by a NUL.
#[unsafe(no_mangle)]
pub extern "C" fn zs_status_name(status: u32) -> *const c_char {
    texts(status).map_or(c"unknown", |(_, name, _)| *name).as_ptr()
}

/// A sentence about a status for people.
///
/// Any step. Lifetime: static; ended by a NUL.
#[unsafe(no_mangle)]
pub extern "C" fn zs_status_message(status: u32) -> *const c_char {
    texts(status).map_or(c"an unknown status", |(.., message)| *message).as_ptr()
}
