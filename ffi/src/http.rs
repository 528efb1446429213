//! HTTP/1.1 for programs without an HTTP client.

use core::ffi::c_void;

use zerostack_core::wire::http1::{RequestHead, Response, ResponseEvent};

use crate::boundary::{checked_text, promised};
use crate::caller_memory::{self, InCallerMemory};
use crate::memory::overhead;
use crate::status::{
    Fault,
    zs_status::{self, *},
};
use crate::text::{zs_pair, zs_str};
use crate::turn::ZS_NO_RETRY_AFTER;

/// Reads one HTTP/1.1 response byte by byte, in constant memory of the caller.
pub struct zs_http {
    _value: InCallerMemory<Response>,
}

/// The result of feeding a response. The fields that the kind does not name are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_http_event {
    /// Which result it is.
    pub kind: zs_http_event_kind,
    /// The status code, for zs_session_begin_response.
    pub status: u32,
    /// The wait that the server asks for, or ZS_NO_RETRY_AFTER.
    pub retry_after_ms: u32,
    /// 0 in this version.
    pub reserved: u32,
    /// More of the body, for zs_session_feed: a part of the bytes that were given.
    pub body: zs_str,
}

/// The result of feeding a response.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_http_event_kind {
    /// Nothing yet.
    ZS_HTTP_NONE = 0,
    /// The head is complete: `status`, `retry_after_ms`.
    ZS_HTTP_HEAD = 1,
    /// More of the body: `body`.
    ZS_HTTP_BODY = 2,
}

/// Writes the head of a request, including its empty line, to `len` bytes at `bytes`; `*written` is
/// how many. `path` begins with `/`; `host` has a port unless it is the scheme's own; the
/// headers are those of zs_session_request_header and the key.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_BAD_REQUEST for a malformed request; ZS_FULL: `*written` is the length that
/// is enough; ZS_NOT_UTF8, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_http_write_head(
    method: zs_str,
    path: zs_str,
    host: zs_str,
    body_len: usize,
    headers: *const zs_pair,
    header_count: usize,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let (written, bytes) = (caller.out(written)?, caller.buffer(bytes, len)?);
        let headers = caller.values(headers, header_count)?;
        for header in headers {
            caller.text(header.name)?;
            caller.text(header.value)?;
        }
        let (method, path, host) = (caller.text(method)?, caller.text(path)?, caller.text(host)?);
        let path = &[path];
        let head = RequestHead { method, path, host, content_length: body_len };
        let each = headers.iter().map(|header| {
            // SAFETY: they were checked above.
            unsafe { (checked_text(header.name), checked_text(header.value)) }
        });
        let length = head.len(each.clone())?;
        written.put(length);
        if length > len {
            return Err(Fault::with(ZS_FULL, length));
        }
        head.write(each, bytes)?;
        Ok(())
    })
}

/// Bytes that a reader of responses takes of lent memory at most.
///
/// Any step; no session is needed.
#[unsafe(no_mangle)]
pub extern "C" fn zs_http_overhead() -> usize {
    overhead::<zs_http>()
}

/// Starts to read a response in `len` bytes at `memory`, of any alignment. There is nothing to
/// free; each response needs a new one.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_FULL with the bytes missing, ZS_NULL, ZS_OUT_OF_RANGE; `*http` is NULL then.
/// Lifetime: the memory must outlive the reader, which must not be moved.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_http_init(
    memory: *mut c_void,
    len: usize,
    http: *mut *mut zs_http,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller_memory::begin(caller, memory, len, http, detail, || Ok(Response::new()))
}

/// Takes bytes of the response, split anywhere. Returns after the first event; call again with the
/// rest: `*used` is how many bytes were taken. Bytes after the end are used and ignored.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_BAD_HTTP, ZS_HTTP_TOO_LONG, ZS_HTTP_ENCODING: reading cannot continue.
/// ZS_NULL, ZS_BAD_HANDLE.
/// Lifetime: the body is a part of the bytes given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_http_feed(
    http: *mut zs_http,
    chunk: *const u8,
    len: usize,
    used: *mut usize,
    event: *mut zs_http_event,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller_memory::change(caller, http, detail, |response: &mut Response| {
        let (used, event) = (caller.out(used)?, caller.out(event)?);
        let fed = response.feed(caller.values(chunk, len)?)?;
        used.put(fed.used);
        let mut given = zs_http_event {
            kind: zs_http_event_kind::ZS_HTTP_NONE,
            status: 0,
            retry_after_ms: 0,
            reserved: 0,
            body: zs_str::EMPTY,
        };
        match fed.event {
            Some(ResponseEvent::Head { status, retry_after_ms }) => {
                given.kind = zs_http_event_kind::ZS_HTTP_HEAD;
                given.status = status.into();
                given.retry_after_ms = retry_after_ms.unwrap_or(ZS_NO_RETRY_AFTER);
            }
            Some(ResponseEvent::Body(bytes)) => {
                given.kind = zs_http_event_kind::ZS_HTTP_BODY;
                given.body = bytes.into();
            }
            None => {}
        }
        event.put(given);
        Ok(())
    })
}

/// The connection ended.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_HTTP_CUT when the response was not complete; those of zs_http_feed again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_http_end(http: *mut zs_http, detail: *mut u32) -> zs_status {
    promised!(caller);
    caller_memory::change(caller, http, detail, |response: &mut Response| Ok(response.end()?))
}

/// Whether the whole response was read.
///
/// Any step; no session is needed.
/// Errors: false when there is no reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_http_is_done(http: *const zs_http) -> bool {
    promised!(caller);
    caller_memory::look(caller, http, |response: &Response| response.is_done()).unwrap_or(false)
}

/// Whether the connection can carry another request. Known when the response is done.
///
/// Any step; no session is needed.
/// Errors: false when there is no reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_http_keeps_open(http: *const zs_http) -> bool {
    promised!(caller);
    caller_memory::look(caller, http, |response: &Response| response.keeps_open()).unwrap_or(false)
}
