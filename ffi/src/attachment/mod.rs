//! Files attached to a user's text or a tool's result.

use zerostack_core::CallId;

use crate::boundary::promised;
use crate::handle::zs_session;
use crate::status::Fault;
use crate::status::zs_status::{self, *};
use crate::text::zs_str;

#[cfg(feature = "attachments")]
mod enabled;
#[cfg(feature = "attachments")]
use enabled as available;
#[cfg(not(feature = "attachments"))]
mod disabled;
pub(crate) use available::{request, skip};
#[cfg(not(feature = "attachments"))]
use disabled as available;

/// A file attached to a user's text or a tool's result. The session keeps these fields, and never
/// the bytes of the file: they are requested while a request is written, see zs_session_wanted. Set
/// unused fields to 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_attachment {
    /// Its media type, `image/png`; see zs_media_type. If the provider fetches the bytes itself,
    /// the subtype may be a star if it is unknown.
    pub media_type: zs_str,
    /// The name of the file; may be empty. 255 bytes at most.
    pub name: zs_str,
    /// The address from which the provider fetches the bytes; empty if the caller has them.
    pub url: zs_str,
    /// The provider's id of a file that was uploaded to it; empty if it was not.
    pub file_id: zs_str,
    /// The number by which the caller knows the bytes.
    pub number: u32,
    /// The length of the file; 0 if the provider has it.
    pub bytes: u32,
    /// Its size in tokens; 0 if that is not known.
    pub tokens: u32,
    /// 0 in this version.
    pub reserved: u32,
}

/// tests/firmware/main.c checks the same for the header.
const _: () =
    assert!(size_of::<zs_attachment>() == size_of::<[u32; 4]>() + size_of::<[usize; 8]>());

/// Which bytes a request needs next.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_wanted {
    /// The number of the attachment.
    pub number: u32,
    /// The first byte.
    pub offset: u32,
    /// All that are left of it, of which any part from the first byte on will do, from three bytes on.
    /// 0: none are needed here.
    pub bytes: u32,
    /// 0 in this version.
    pub reserved: u32,
}

/// Adds the user's text, which may be empty, with files, and starts a turn.
///
/// ZS_STEP_IDLE to ZS_STEP_SEND.
/// Errors: ZS_BAD_ATTACHMENT, ZS_UNSUPPORTED_ATTACHMENT with the index of the one that cannot be sent,
/// ZS_FULL: nothing was added; ZS_OUT_OF_RANGE for more than 8 of them; ZS_WRONG_STEP, ZS_NOT_UTF8,
/// ZS_OVERLAP; ZS_UNSUPPORTED in a library without the feature `attachments`.
/// Lifetime: texts are copied, the bytes of the files stay with the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_user_with(
    session: *mut zs_session,
    content: zs_str,
    attachments: *const zs_attachment,
    attachment_count: usize,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        session.keep_out(content.ptr, content.len)?;
        let given = caller.values(attachments, attachment_count)?;
        available::user_with(caller, session, caller.text(content)?, given)?;
        session.forget_places();
        Ok(())
    })
}

/// Answers one call with files attached to the text, as zs_session_tool_result. In a dialect whose
/// results are only text, they follow in a user message after all results of the reply.
///
/// ZS_STEP_RUN_TOOLS; after the last one ZS_STEP_SEND.
/// Errors: those of zs_session_tool_result; ZS_BAD_ATTACHMENT, ZS_UNSUPPORTED_ATTACHMENT: nothing was
/// added; ZS_UNSUPPORTED in a library without the feature `attachments`.
/// Lifetime: as zs_session_user_with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_tool_result_with(
    session: *mut zs_session,
    call: u32,
    content: zs_str,
    is_error: bool,
    attachments: *const zs_attachment,
    attachment_count: usize,
    cut_bytes: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let cut_bytes = caller.optional(cut_bytes)?;
        session.keep_out(content.ptr, content.len)?;
        let given = caller.values(attachments, attachment_count)?;
        let id = CallId::from_number(call);
        let result = zerostack_core::ToolResult { id, content: caller.text(content)?, is_error };
        let cut = available::tool_result_with(caller, session, result, given)?;
        session.forget_places();
        if let Some(cut_bytes) = cut_bytes {
            cut_bytes.put(cut);
        }
        Ok(())
    })
}

/// Whether requests in the dialect of this session can hold `attachment`.
///
/// Any step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_takes_attachment(
    session: *const zs_session,
    attachment: *const zs_attachment,
) -> bool {
    promised!(caller);
    let takes = caller.look(session, |session| {
        let given = caller.values(attachment, 1)?;
        available::takes(caller, session, given)
    });
    matches!(takes, Some(Ok(true)))
}

/// Replaces each attachment whose bytes the caller would have to supply by a line that describes it
/// to the model: for a conversation that continues without them. `*count` is how many there are; it
/// may be NULL.
///
/// ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM.
/// Errors: ZS_WRONG_STEP; ZS_UNSUPPORTED in a library without the feature `attachments`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_leave_out_attachments(
    session: *mut zs_session,
    count: *mut usize,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let count = caller.optional(count)?;
        let left_out = available::leave_out(session)?;
        session.forget_places();
        if let Some(count) = count {
            count.put(left_out);
        }
        Ok(())
    })
}

/// The bytes of an attachment that the request needs where zs_session_read_request stopped; `bytes`
/// is 0 if it needs none there: read the rest of the body, or it is complete.
///
/// ZS_STEP_SEND.
/// Errors: ZS_WRONG_STEP, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_wanted(
    session: *mut zs_session,
    wanted: *mut zs_wanted,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let wanted = caller.out(wanted)?;
        wanted.put(available::wanted(session)?);
        Ok(())
    })
}

/// Encodes the wanted bytes, or the first of them, into `len` bytes of the body at `buffer`;
/// `*written` is how many. zs_session_wanted then reports how many were used: the rest is requested
/// again. Give the bytes of the whole file, from `offset` on, and no others: if a file has become
/// shorter, the request cannot be finished: abandon it.
///
/// ZS_STEP_SEND.
/// Errors: ZS_NOT_FOUND when no bytes are wanted; ZS_ATTACHMENT_LENGTH when there are fewer than three
/// and they are not the last, or more than are wanted; ZS_WRONG_STEP, ZS_NULL, ZS_OVERLAP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_supply(
    session: *mut zs_session,
    bytes: *const u8,
    byte_count: usize,
    letters: *mut u8,
    len: usize,
    written: *mut usize,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let (none, again) = (caller.out(written)?, caller.out(written)?);
        none.put(0);
        session.keep_out(letters, len)?;
        if overlap((bytes, byte_count), (letters, len)) {
            return Err(Fault::new(ZS_OVERLAP));
        }
        let count = available::supply(
            session,
            caller.values(bytes, byte_count)?,
            caller.buffer(letters, len)?,
        )?;
        again.put(count);
        Ok(())
    })
}

/// The media type of a file that begins with `first`, of which 16 bytes are enough, and has this name
/// or address: the first bytes decide, or the name if they match no known type. Empty if neither
/// identifies it, or in a library without the feature `attachments`.
///
/// Any step; no session is needed.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_media_type(first: *const u8, len: usize, name: zs_str) -> zs_str {
    promised!(caller);
    let given = (caller.values(first, len), caller.text(name));
    match given {
        (Ok(first), Ok(name)) => available::media_type(first, name).into(),
        _ => zs_str::EMPTY,
    }
}

/// As many files as one call can add.
pub(crate) const MOST: usize = 8;

/// Whether two extents share a byte.
fn overlap((one, one_len): (*const u8, usize), (other, other_len): (*mut u8, usize)) -> bool {
    let (one, other) = (one as usize, other as usize);
    let is_before = one.saturating_add(one_len) <= other;
    let is_after = other.saturating_add(other_len) <= one;
    one_len > 0 && other_len > 0 && !is_before && !is_after
}
