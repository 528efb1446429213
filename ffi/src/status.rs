//! What a call returns.

use core::ffi::{CStr, c_char};

use zerostack_core::{Error, ErrorKind};

/// The status of a call. Numbers below 1000 are the core's and stable; from 1000 on they are of
/// this border.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_status {
    /// It is done.
    ZS_OK = 0,
    /// The memory has no room for it; nothing was added. The detail is the bytes missing. For a
    /// buffer that the caller lends to be filled, it is the length that is enough.
    ZS_FULL = 1,
    /// The call does not fit the step; nothing changed. The detail is the current step.
    ZS_WRONG_STEP = 2,
    /// The response is not what the dialect promises. The detail is an offset in the body, at the
    /// bad byte or shortly after it.
    ZS_BAD_RESPONSE = 3,
    /// The response ended before the reply was complete. The detail is the bytes that came.
    ZS_CUT = 4,
    /// The provider answered with an error. The detail is the HTTP status (200 for an error
    /// inside a stream).
    ZS_STATUS = 5,
    /// The provider could not be reached, or broke off before the head.
    ZS_UNREACHABLE = 6,
    /// The reply hit the token limit in the middle of a tool call. The detail is the number of
    /// whole calls.
    ZS_TRUNCATED = 7,
    /// A limit is used up. The detail is 1 for max_rounds, 2 for max_turn_tokens, 3 for
    /// max_turn_cost_micros, 4 for max_turn_ms, 5 for max_repeats, 6 for max_calls; for a limit of
    /// the format, such as max_response_bytes, its value.
    ZS_LIMIT = 8,
    /// No open call has this id. The detail is the id.
    ZS_UNKNOWN_CALL = 9,
    /// A saved transcript is damaged. The detail is the offset of the first bad byte.
    ZS_BAD_TRANSCRIPT = 10,
    /// The configuration cannot be used. The detail is the index of the bad tool, or UINT32_MAX.
    ZS_BAD_CONFIG = 11,
    /// JSON text is not valid. The detail is the byte offset.
    ZS_BAD_JSON = 12,
    /// The dialect, the tool mode with it, or a part of this library is not compiled in. The detail
    /// is the number of the dialect, or 0.
    ZS_UNSUPPORTED = 13,
    /// A text is longer than its format allows. The detail is the longest length in bytes.
    ZS_TOO_LONG = 14,
    /// A prompt's front matter is not understood. The detail is packed: line << 18 | column << 6 |
    /// reason.
    ZS_BAD_PROMPT = 15,
    /// A required placeholder of a prompt has no value. The detail is its offset in the prompt's text.
    ZS_MISSING_PLACEHOLDER = 16,
    /// No prompt of that name.
    ZS_UNKNOWN_PROMPT = 17,
    /// Prompts include one another too deeply. The detail is the depth that is allowed.
    ZS_INCLUDE_DEPTH = 18,
    /// The caller's writer failed. The detail is the bytes that it took at least.
    ZS_WRITE_FAILED = 19,
    /// A request's head would not be one request. The detail is 0 for the method, 1 for the
    /// path, 2 for the host, and from 3 on the header.
    ZS_BAD_REQUEST = 20,
    /// The bytes are not an HTTP/1.1 response. The detail is the offset of the bad one.
    ZS_BAD_HTTP = 21,
    /// A part of an HTTP response is over its limit. The detail is the limit.
    ZS_HTTP_TOO_LONG = 22,
    /// The response is compressed or coded in a way that is not read. The detail is the offset.
    ZS_HTTP_ENCODING = 23,
    /// The connection ended within the response. The detail is the bytes that came.
    ZS_HTTP_CUT = 24,
    /// Arguments do not fit the type that reads them. The detail is the offset of the value.
    ZS_BAD_ARGUMENTS = 25,
    /// A JSON Schema is not one. The detail is the offset of what is wrong.
    ZS_BAD_SCHEMA = 26,
    /// Something is nested deeper than it may be. The detail is the depth that is allowed.
    ZS_TOO_DEEP = 27,
    /// A check takes more steps than it may. The detail is the number that is allowed.
    ZS_TOO_MUCH_WORK = 28,
    /// A packed vocabulary is refused. The detail is the reason.
    ZS_BAD_VOCABULARY = 29,
    /// A token id is not of this vocabulary. The detail is its index.
    ZS_UNKNOWN_TOKEN = 30,
    /// What would be sent does not fit the context of the model, and no room can be made. The detail
    /// is the tokens that are too many.
    ZS_WINDOW_TOO_LONG = 31,
    /// The transcript was rewritten since the checkpoint was made; nothing changed.
    ZS_STALE_CHECKPOINT = 32,
    /// A line of a transcript as JSON Lines is refused. The detail is its number, from 1 on.
    ZS_BAD_LINE = 33,
    /// A request option is out of range or malformed, or `extra` replaces what the session writes.
    /// The detail is the number of the option, a zs_option.
    ZS_BAD_OPTION = 34,
    /// The dialect has no field for a request option, or not for this value of it. The detail is the
    /// number of the option, a zs_option.
    ZS_UNSUPPORTED_OPTION = 35,
    /// An attachment cannot be used as it is described: its media type, name, length or address.
    /// The detail is its index.
    ZS_BAD_ATTACHMENT = 36,
    /// The dialect has no place for an attachment of this kind or media type, or not from this
    /// source. The detail is its index.
    ZS_UNSUPPORTED_ATTACHMENT = 37,
    /// The bytes of an attachment are needed and were not given. The detail is its number.
    ZS_MISSING_ATTACHMENT = 38,
    /// The bytes of an attachment are fewer or more than was said. The detail is its number.
    ZS_ATTACHMENT_LENGTH = 39,
    /// The answer does not fit the response schema, and was asked for again as often as it may be.
    /// The detail is where in its JSON; the answer is in the transcript.
    ZS_BAD_ANSWER = 40,
    /// A pointer is NULL that must not be, or misaligned.
    ZS_NULL = 1000,
    /// A text is not UTF-8. The detail is the offset of the first bad byte.
    ZS_NOT_UTF8 = 1001,
    /// A number is out of its range, such as a length above half of the address space.
    ZS_OUT_OF_RANGE = 1002,
    /// The pointer is not one that zs_session_init gave, or the session was moved, copied or
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
            _ => ZS_INTERNAL,
        }
    }
}

/// The name and a sentence of each status.
const TEXTS: &[(zs_status, &CStr, &CStr)] = &[
    (ZS_OK, c"ok", c"it is done"),
    (ZS_FULL, c"full", c"the memory is full"),
    (ZS_WRONG_STEP, c"wrong_step", c"this call is not allowed in the current step"),
    (ZS_BAD_RESPONSE, c"bad_response", c"the response is malformed; check the dialect"),
    (ZS_CUT, c"cut", c"the response was cut off"),
    (ZS_STATUS, c"status", c"the provider answered with an error"),
    (ZS_UNREACHABLE, c"unreachable", c"the provider could not be reached"),
    (ZS_TRUNCATED, c"truncated", c"the token limit cut a tool call off"),
    (ZS_LIMIT, c"limit", c"a limit is used up"),
    (ZS_UNKNOWN_CALL, c"unknown_call", c"no open tool call has this id"),
    (ZS_BAD_TRANSCRIPT, c"bad_transcript", c"the saved transcript is damaged"),
    (ZS_BAD_CONFIG, c"bad_config", c"the configuration is unusable"),
    (ZS_BAD_JSON, c"bad_json", c"the JSON is malformed"),
    (ZS_UNSUPPORTED, c"unsupported", c"this is not compiled in, or not supported together"),
    (ZS_TOO_LONG, c"too_long", c"the text is too long"),
    (ZS_BAD_PROMPT, c"bad_prompt", c"the prompt's front matter is malformed"),
    (ZS_MISSING_PLACEHOLDER, c"missing_placeholder", c"a placeholder of the prompt has no value"),
    (ZS_UNKNOWN_PROMPT, c"unknown_prompt", c"there is no prompt of that name"),
    (ZS_INCLUDE_DEPTH, c"include_depth", c"prompts include one another too deeply"),
    (ZS_WRITE_FAILED, c"write_failed", c"the writer failed"),
    (ZS_BAD_REQUEST, c"bad_request", c"a part of the request's head is not allowed there"),
    (ZS_BAD_HTTP, c"bad_http", c"the HTTP response is malformed"),
    (ZS_HTTP_TOO_LONG, c"http_too_long", c"a part of the HTTP response is over its limit"),
    (ZS_HTTP_ENCODING, c"http_encoding", c"the HTTP response is coded in an unknown way"),
    (ZS_HTTP_CUT, c"http_cut", c"the connection ended within the response"),
    (ZS_BAD_ARGUMENTS, c"bad_arguments", c"the arguments do not fit their type"),
    (ZS_BAD_SCHEMA, c"bad_schema", c"the JSON Schema is wrong"),
    (ZS_TOO_DEEP, c"too_deep", c"the nesting is too deep"),
    (ZS_TOO_MUCH_WORK, c"too_much_work", c"the check takes too many steps"),
    (ZS_BAD_VOCABULARY, c"bad_vocabulary", c"the vocabulary is refused"),
    (ZS_UNKNOWN_TOKEN, c"unknown_token", c"the token is not of this vocabulary"),
    (ZS_WINDOW_TOO_LONG, c"window_too_long", c"the conversation is too long for the context"),
    (
        ZS_STALE_CHECKPOINT,
        c"stale_checkpoint",
        c"the transcript was rewritten since the checkpoint",
    ),
    (ZS_BAD_LINE, c"bad_line", c"a line of the transcript is refused"),
    (ZS_BAD_OPTION, c"bad_option", c"a request option is out of range, malformed or taken"),
    (
        ZS_UNSUPPORTED_OPTION,
        c"unsupported_option",
        c"the dialect has no field for a request option, or not for this value",
    ),
    (
        ZS_BAD_ATTACHMENT,
        c"bad_attachment",
        c"an attachment has no usable media type, name, length or address",
    ),
    (
        ZS_UNSUPPORTED_ATTACHMENT,
        c"unsupported_attachment",
        c"the dialect takes no attachment like this one",
    ),
    (ZS_MISSING_ATTACHMENT, c"missing_attachment", c"the bytes of an attachment are missing"),
    (ZS_ATTACHMENT_LENGTH, c"attachment_length", c"an attachment has another length than was said"),
    (ZS_BAD_ANSWER, c"bad_answer", c"the answer does not fit the response schema"),
    (ZS_NULL, c"null", c"a pointer is NULL or misaligned"),
    (ZS_NOT_UTF8, c"not_utf8", c"the text is not UTF-8"),
    (ZS_OUT_OF_RANGE, c"out_of_range", c"a number is out of its range"),
    (ZS_BAD_HANDLE, c"bad_handle", c"the pointer is not a session, or the session was moved"),
    (ZS_OVERLAP, c"overlap", c"the argument lies in the session's own memory: copy it first"),
    (ZS_NOT_FOUND, c"not_found", c"there is nothing of this index or name"),
    (ZS_OTHER_KIND, c"other_kind", c"the value is of another kind"),
    (ZS_INTERNAL, c"internal", c"a defect of the library"),
];

fn texts(status: u32) -> Option<&'static (zs_status, &'static CStr, &'static CStr)> {
    TEXTS.iter().find(|(known, ..)| *known as u32 == status)
}

/// The name of a status, lower case, words joined by `_`; "unknown" for a number that is none.
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
