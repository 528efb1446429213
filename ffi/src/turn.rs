//! The turn, in the order of its calls.

use zerostack_core::{CallId, ToolResult};

use crate::boundary::promised;
use crate::event::zs_event;
use crate::handle::zs_session;
use crate::status::{Fault, zs_status};
use crate::text::zs_str;

/// The server did not say when to try again.
pub const ZS_NO_RETRY_AFTER: u32 = u32::MAX;

/// Adds the user's text and starts a turn.
///
/// ZS_STEP_IDLE to ZS_STEP_SEND.
/// Errors: ZS_FULL: nothing was added; ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
/// Lifetime: the text is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_user(session: *mut zs_session, content: zs_str) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        session.keep_out(content.ptr, content.len)?;
        session.chat.user(caller.text(content)?)?;
        session.forget_places();
        Ok(())
    })
}

/// Adds an instruction for the model besides the user's text: another mode, other skills, another
/// prompt. Earlier messages stay unchanged, so the provider's cache keeps hitting. It starts no
/// turn.
///
/// ZS_STEP_IDLE.
/// Errors: ZS_FULL: nothing was added; ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
/// Lifetime: the text is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_instruct(
    session: *mut zs_session,
    content: zs_str,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        session.keep_out(content.ptr, content.len)?;
        session.chat.instruct(caller.text(content)?)?;
        session.forget_places();
        Ok(())
    })
}

/// The head of the response arrived, with any status: the body of a refusal decides about another
/// attempt. `retry_after_ms` is the wait that the server asks for, or ZS_NO_RETRY_AFTER.
///
/// ZS_STEP_SEND to ZS_STEP_RECEIVE.
/// Errors: ZS_WRONG_STEP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_begin_response(
    session: *mut zs_session,
    status: u16,
    retry_after_ms: u32,
) -> zs_status {
    promised!(caller);
    let retry_after_ms = Some(retry_after_ms).filter(|wish| *wish != ZS_NO_RETRY_AFTER);
    caller.change(session, |session| {
        session.chat.begin_response(status, retry_after_ms)?;
        session.forget_places();
        Ok(())
    })
}

/// Takes bytes of the body, split anywhere, even inside a character. Returns after the first event;
/// call again with the rest: `*used` is how many bytes were taken. `event` is filled in any
/// case, its kind is ZS_EVENT_NONE when there is none. Bytes after the end of the reply are used
/// and ignored.
///
/// ZS_STEP_RECEIVE; ZS_EVENT_RESTART ends it, see zs_session_end_response.
/// Errors: ZS_BAD_RESPONSE, ZS_FULL, ZS_TOO_LONG, ZS_LIMIT: the turn failed, or the step is
/// ZS_STEP_MAKE_ROOM; leave the rest of the body. The transcript has no partial message, `*used`
/// is 0. ZS_WRONG_STEP, ZS_OVERLAP.
/// Lifetime: the event's texts until the next call that changes the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_feed(
    session: *mut zs_session,
    chunk: *const u8,
    len: usize,
    used: *mut usize,
    event: *mut zs_event,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let (used, again, event) = (caller.out(used)?, caller.out(used)?, caller.out(event)?);
        used.put(0);
        session.keep_out(chunk, len)?;
        session.forget_places();
        match session.chat.feed(caller.values(chunk, len)?) {
            Ok(fed) => {
                again.put(fed.used);
                event.put(fed.event.map_or(zs_event::NONE, zs_event::from));
                Ok(())
            }
            Err(error) => {
                event.put(zs_event::NONE);
                Err(error.into())
            }
        }
    })
}

/// The body ended, or the connection broke, or the caller stops reading after
/// zs_session_is_reply_complete. Here the reply is judged. In ZS_STEP_SEND it means that there was
/// no response.
///
/// ZS_STEP_RECEIVE to ZS_STEP_RUN_TOOLS or ZS_STEP_IDLE with ZS_EVENT_END, or to ZS_STEP_WAIT or
/// ZS_STEP_MAKE_ROOM with ZS_EVENT_RESTART. ZS_EVENT_RECOVERED leaves the step ZS_STEP_RECEIVE: call it once more for the
/// end. `event` may be NULL.
/// Errors: the turn failed, and zs_session_failure has the details: ZS_STATUS, ZS_CUT,
/// ZS_BAD_RESPONSE,
/// ZS_TRUNCATED, ZS_UNREACHABLE; ZS_FULL with ZS_STEP_MAKE_ROOM; or ZS_WRONG_STEP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_end_response(
    session: *mut zs_session,
    event: *mut zs_event,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let event = caller.optional(event)?;
        session.forget_places();
        let ended = session.chat.end_response();
        if let Some(event) = event {
            event.put(ended.map_or(zs_event::NONE, zs_event::from));
        }
        ended?;
        Ok(())
    })
}

/// Answers one call, in any order. `*cut_bytes` is how many bytes were left out of the middle
/// because of max_result_bytes; it may be NULL.
///
/// ZS_STEP_RUN_TOOLS; after the last one ZS_STEP_SEND.
/// Errors: ZS_UNKNOWN_CALL for an id that is not open; ZS_FULL: nothing was added; ZS_LIMIT when
/// the turn has no round left; ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
/// Lifetime: the content is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_tool_result(
    session: *mut zs_session,
    call: u32,
    content: zs_str,
    is_error: bool,
    cut_bytes: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let cut_bytes = caller.optional(cut_bytes)?;
        session.keep_out(content.ptr, content.len)?;
        let (id, content) = (CallId::from_number(call), caller.text(content)?);
        let cut = session.chat.tool_result(ToolResult { id, content, is_error })?;
        session.forget_places();
        if let Some(cut_bytes) = cut_bytes {
            cut_bytes.put(cut);
        }
        Ok(())
    })
}

/// The wait is over.
///
/// ZS_STEP_WAIT to ZS_STEP_SEND, or ZS_STEP_MAKE_ROOM.
/// Errors: ZS_WRONG_STEP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_retry(session: *mut zs_session) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        session.chat.retry()?;
        session.forget_places();
        Ok(())
    })
}

/// Sets how long the turn has taken so far, by the caller's clock. When max_turn_ms is reached, the
/// turn is ended as by zs_session_abort.
///
/// Any step.
/// Errors: ZS_LIMIT with the detail 4 when it was ended; ZS_UNSUPPORTED in a library without the
/// feature `window`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_set_turn_elapsed_ms(
    session: *mut zs_session,
    turn_ms: u32,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let result = set_turn_elapsed_ms(session, turn_ms);
        if result.is_err() {
            session.forget_places();
        }
        result
    })
}

#[cfg(feature = "window")]
fn set_turn_elapsed_ms(session: &mut zs_session, turn_ms: u32) -> Result<(), Fault> {
    Ok(session.chat.set_turn_elapsed_ms(turn_ms)?)
}

#[cfg(not(feature = "window"))]
fn set_turn_elapsed_ms(_: &mut zs_session, _: u32) -> Result<(), Fault> {
    Err(Fault::new(zs_status::ZS_UNSUPPORTED))
}

/// Ends the turn now. The current reply is removed, and open calls get the result "aborted".
/// Earlier parts stay; to remove them too, see zs_session_rollback.
///
/// Any step, to ZS_STEP_IDLE.
/// Errors: none but those of the pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_abort(session: *mut zs_session) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        session.chat.abort();
        session.forget_places();
        Ok(())
    })
}
