//! Making room, and going back.

use zerostack_core::Checkpoint;

use crate::boundary::{Out, promised};
use crate::event::zs_event;
use crate::handle::zs_session;
use crate::status::{Fault, zs_status};
use crate::text::zs_str;

/// Makes room by the configuration's `room`, down to the low mark. `event` is the result:
/// ZS_EVENT_TRUNCATED, or ZS_EVENT_COMPACTING if the model is asked for a summary first; it may be
/// NULL. Afterwards ask for the step again.
///
/// ZS_STEP_MAKE_ROOM.
/// Errors: ZS_FULL or ZS_WINDOW_TOO_LONG if nothing more can be removed: the turn failed.
/// ZS_WRONG_STEP, also with ZS_ROOM_ASK; ZS_UNSUPPORTED in a library without the feature `window`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_make_room(
    session: *mut zs_session,
    event: *mut zs_event,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let event = caller.optional(event)?;
        session.forget_places();
        make_room(session, event)
    })
}

#[cfg(feature = "window")]
fn make_room(session: &mut zs_session, event: Option<Out<zs_event>>) -> Result<(), Fault> {
    let made = session.chat.make_room()?;
    if let Some(event) = event {
        event.put(made.into());
    }
    Ok(())
}

#[cfg(not(feature = "window"))]
fn make_room(_: &mut zs_session, _: Option<Out<zs_event>>) -> Result<(), Fault> {
    Err(Fault::new(zs_status::ZS_UNSUPPORTED))
}

/// Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
/// `keep_turns` stay, and always the running one.
///
/// ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM; the last leads to ZS_STEP_SEND when there is
/// room enough.
/// Errors: ZS_FULL if the summary is longer than the turns that it replaces and does not fit, or in
/// ZS_STEP_MAKE_ROOM no turn can be replaced; nothing changed. ZS_WRONG_STEP, ZS_NOT_UTF8, ZS_OVERLAP.
/// Lifetime: the summary is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_compact(
    session: *mut zs_session,
    summary: zs_str,
    keep_turns: usize,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        session.keep_out(summary.ptr, summary.len)?;
        session.forget_places();
        Ok(session.chat.compact(caller.text(summary)?, keep_turns)?)
    })
}

/// Removes the oldest exchange: the oldest turn, or the oldest round of the running turn. `*freed`
/// is the number of freed bytes; it may be NULL.
///
/// ZS_STEP_IDLE, ZS_STEP_SEND, ZS_STEP_MAKE_ROOM; the last leads to ZS_STEP_SEND when there is
/// room enough.
/// Errors: ZS_FULL or ZS_WINDOW_TOO_LONG if nothing more can be removed; in ZS_STEP_MAKE_ROOM the
/// turn failed.
/// ZS_WRONG_STEP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_drop_oldest(
    session: *mut zs_session,
    freed: *mut usize,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let freed = caller.optional(freed)?;
        session.forget_places();
        let bytes = session.chat.drop_oldest()?;
        if let Some(freed) = freed {
            freed.put(bytes);
        }
        Ok(())
    })
}

/// Marks the current end of the conversation, without the reply being received.
///
/// Any step.
/// Errors: 0 when there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_checkpoint(session: *const zs_session) -> u64 {
    promised!(caller);
    caller.look(session, |session| session.chat.checkpoint().number()).unwrap_or(0)
}

/// Removes everything added since zs_session_checkpoint gave `checkpoint`; an open turn ends.
/// Checkpoints are a stack: those made after this one become invalid, earlier ones stay valid.
///
/// Any step, to the one in which the conversation ends.
/// Errors: ZS_STALE_CHECKPOINT when room was made since, or the checkpoint's place no longer
/// exists; nothing changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_rollback(
    session: *mut zs_session,
    checkpoint: u64,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        session.chat.rollback(Checkpoint::from_number(checkpoint))?;
        session.forget_places();
        Ok(())
    })
}
