//! HTTP/1.1 for targets without an HTTP client: the head of a request, and a response byte by byte.
//!
//! [`RequestHead`] writes the head of a request. [`Response`] takes the received bytes, split
//! anywhere, and returns the status and the body as slices of them: it holds a
//! few counters and no buffer. Interim (1xx) responses are skipped; `content-length`, chunked and
//! close-delimited bodies are read; trailers are checked and skipped.
//!
//! Strict where two readers could disagree about where a response ends: no `content-length` with
//! `transfer-encoding`, no two lengths, no other transfer coding than `chunked`, no folded lines, no
//! space before a colon, no bare CR, only CRLF in the chunk framing, no encoded content. Lenient
//! where nothing depends on it: a bare LF ends a line of the head, a reason may be missing. A body
//! or chunk of 4 GiB or more is refused: no [`crate::Limits`] would let it in.

mod fields;
mod limits;
mod request;
mod response;

pub use limits::{MAX_CHUNK_LINE_BYTES, MAX_HEAD_BYTES, MAX_INTERIM_HEADS, MAX_TRAILER_BYTES};
pub use request::RequestHead;
pub use response::{Response, ResponseEvent, ResponseFed};
