//! Making room.

use crate::boundary::{change, optional, text};
use crate::handle::zs_session;
use crate::status::zs_status;
use crate::text::zs_str;

/// Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
/// `keep_turns` stay, the running one always.
///
/// ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM; the last leads to ZS_STEP_SEND when there is
/// room enough.
/// Errors: ZS_FULL when the summary is longer than what it replaces and does not fit; nothing
/// changed. ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
/// Lifetime: the summary is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_compact(
    session: *mut zs_session,
    summary: zs_str,
    keep_turns: usize,
) -> zs_status {
    // SAFETY: the promise of `boundary`.
    unsafe {
        change(session, |session| {
            session.keep_out(summary.ptr, summary.len)?;
            session.forget_places();
            Ok(session.chat.compact(text(summary)?, keep_turns)?)
        })
    }
}

/// Takes out the oldest exchange: the oldest turn, or the oldest round of the running turn.
/// `*freed` is the bytes that this gave; it may be NULL.
///
/// ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM; the last leads to ZS_STEP_SEND when there is
/// room enough.
/// Errors: ZS_FULL when only what is needed is left; in ZS_STEP_MAKE_ROOM the turn failed.
/// ZS_WRONG_STEP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_drop_oldest(
    session: *mut zs_session,
    freed: *mut usize,
) -> zs_status {
    // SAFETY: the promise of `boundary`.
    unsafe {
        change(session, |session| {
            let freed = optional(freed)?;
            session.forget_places();
            let bytes = session.chat.drop_oldest()?;
            if let Some(freed) = freed {
                freed.put(bytes);
            }
            Ok(())
        })
    }
}
