//! HTTP/1.1 for targets without an HTTP client: the head of a request, and a response byte by byte.
//!
//! [`RequestHead`] writes the head of a request. [`Response`] takes the bytes that come back,
//! cut anywhere, and gives out the status and the body as slices of what it was given: it holds a
//! few counters and no buffer. Interim (1xx) responses are passed over; `content-length`, chunked
//! and close-delimited bodies are read; trailers are checked and passed over.
//!
//! Strict where two readers could disagree about where a response ends: no `content-length` beside
//! `transfer-encoding`, no two lengths, no other transfer coding than `chunked`, no folded lines, no
//! space before a colon, no bare CR, CRLF alone in the chunk framing, no encoded content. Lenient
//! where nothing depends on it: a bare LF ends a line of the head, a reason may be missing. A body
//! or chunk of 4 GiB or more is refused: no [`crate::Limits`] would let it in.

mod fields;
mod request;
mod response;

pub use request::RequestHead;
pub use response::{
    MAX_CHUNK_LINE_BYTES, MAX_HEAD_BYTES, MAX_INTERIM_HEADS, MAX_TRAILER_BYTES, Response,
    ResponseEvent, ResponseFed,
};
