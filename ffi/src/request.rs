//! The request, pulled a piece at a time.

use zerostack_core::Request;

use crate::attachment;
use crate::boundary::promised;
use crate::handle::zs_session;
use crate::status::Fault;
use crate::status::zs_status::{self, *};
use crate::text::zs_str;

/// The head of a request to post. The key is not in it: the caller adds that.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_request {
    /// The HTTP method.
    pub method: zs_str,
    /// The path under the provider's base URL, in pieces to be put together; some may be empty.
    pub path: [zs_str; 3],
    /// The number of headers of zs_session_request_header.
    pub header_count: usize,
    /// Bytes of the body, for content-length.
    pub body_len: usize,
    /// 0 in this version.
    pub reserved: [usize; 2],
}

impl zs_request {
    /// The head of `request`.
    pub(crate) fn of(request: &Request<'_>) -> Self {
        Self {
            method: request.method().into(),
            path: request.path_parts().map(zs_str::from),
            header_count: request.headers().len(),
            body_len: request.body_len(),
            reserved: [0; 2],
        }
    }
}

/// The request: everything except the body, which zs_session_read_request writes. Another call
/// returns the same.
///
/// ZS_STEP_SEND.
/// Errors: ZS_MISSING_ATTACHMENT when it needs the bytes of a file: use
/// zs_session_request_with_attachments, or continue without them with
/// zs_session_leave_out_attachments;
/// ZS_WRONG_STEP, ZS_NULL.
/// Lifetime: until the next call that changes the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_request(
    session: *mut zs_session,
    request: *mut zs_request,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let place = caller.out(request)?;
        place.put(zs_request::of(&session.chat.request()?));
        Ok(())
    })
}

/// The request, as zs_session_request, for a caller that has the bytes of all attachments: it calls
/// zs_session_wanted where zs_session_read_request writes nothing, and supplies them with
/// zs_session_supply.
///
///     size_t at = 0, written;
///     for (;;) {
///         zs_wanted wanted;
///         zs_session_read_request(session, at, buffer, sizeof buffer, &written);
///         if (written == 0) {
///             zs_session_wanted(session, &wanted);
///             if (wanted.bytes == 0) break;
///             // Read some of the file into `bytes`, `len` of them.
///             zs_session_supply(session, bytes, len, buffer, sizeof buffer, &written);
///         }
///         // Send the `written` bytes of `buffer`.
///         at += written;
///     }
///
/// ZS_STEP_SEND.
/// Errors: ZS_WRONG_STEP, ZS_NULL.
/// Lifetime: until the next call that changes the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_request_with_attachments(
    session: *mut zs_session,
    request: *mut zs_request,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let place = caller.out(request)?;
        place.put(zs_request::of(&attachment::request(session)?));
        Ok(())
    })
}

/// One header of the request, its name in lower case. The key is not among them.
///
/// ZS_STEP_SEND.
/// Errors: ZS_NOT_FOUND after the last, ZS_WRONG_STEP, ZS_NULL.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_request_header(
    session: *mut zs_session,
    index: usize,
    name: *mut zs_str,
    value: *mut zs_str,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let (name, value) = (caller.out(name)?, caller.out(value)?);
        let headers = attachment::request(session)?.headers();
        let (header, its_value) = headers.get(index).ok_or(Fault::new(ZS_NOT_FOUND))?;
        name.put((*header).into());
        value.put((*its_value).into());
        Ok(())
    })
}

/// Bytes of the body, for content-length. Goes through all of it without writing.
///
/// ZS_STEP_SEND.
/// Errors: ZS_WRONG_STEP, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_request_len(
    session: *mut zs_session,
    len: *mut usize,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let len = caller.out(len)?;
        len.put(attachment::request(session)?.body_len());
        Ok(())
    })
}

/// Writes the bytes of the body from offset `at` on into `len` bytes at `buffer`; `*written` is how
/// many. 0 is the end, or a place where bytes of a file are needed, see zs_session_wanted. Reading
/// on where the last call stopped takes linear time; another offset starts again and skips. Reading
/// twice gives the same bytes.
///
/// ZS_STEP_SEND.
/// Errors: ZS_WRONG_STEP, ZS_NULL, ZS_OVERLAP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_read_request(
    session: *mut zs_session,
    at: usize,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let written = caller.out(written)?;
        session.keep_out(bytes, len)?;
        let bytes = caller.buffer(bytes, len)?;
        let mut request = attachment::request(session)?;
        let mut reached = 0;
        if let Some((offset, place)) = session.reading.filter(|(offset, _)| *offset <= at) {
            request = request.read_to(place);
            reached = offset;
        }
        let mut skipped = [0; SKIP_BYTES];
        while reached < at {
            let wanted = skipped.len().min(at - reached);
            let skipped = skipped.get_mut(..wanted).unwrap_or_default();
            let mut count = request.read(skipped);
            if count == 0 {
                count = attachment::skip(&mut request, skipped);
            }
            if count == 0 {
                break;
            }
            reached += count;
        }
        let count = request.read(bytes);
        session.reading = Some((reached + count, request.place()));
        written.put(count);
        Ok(())
    })
}

/// Bytes on the stack for what is skipped.
const SKIP_BYTES: usize = 64;
