//! Looking at a session.

use zerostack_core::Step;

use crate::boundary::promised;
use crate::event::{zs_event, zs_usage};
use crate::handle::zs_session;
use crate::status::{zs_response_rule, zs_status};
use crate::text::zs_str;

/// What the caller must do next.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_step {
    /// Nothing is open: add a message with zs_session_user, or stop.
    ZS_STEP_IDLE = 0,
    /// Send the bytes of zs_session_read_request, then call zs_session_begin_response.
    ZS_STEP_SEND = 1,
    /// Give the body to zs_session_feed, then call zs_session_end_response.
    ZS_STEP_RECEIVE = 2,
    /// Answer each zs_session_pending_call by zs_session_tool_result.
    ZS_STEP_RUN_TOOLS = 3,
    /// Wait for `number` milliseconds, then call zs_session_retry.
    ZS_STEP_WAIT = 4,
    /// Call zs_session_make_room, or with ZS_ROOM_ASK zs_session_compact or
    /// zs_session_drop_oldest. The number is the count of missing bytes of memory; 0 if the window
    /// is too long.
    ZS_STEP_MAKE_ROOM = 5,
    /// The pointer is not a session that can be used: NULL, moved, freed or broken. Or the step
    /// is one that this version has no number for.
    ZS_STEP_NONE = 1000,
}

/// Why the last turn failed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_failure {
    /// The error that the call returned.
    pub status: zs_status,
    /// Its detail.
    pub detail: u32,
    /// The HTTP status, 0 if there was no response.
    pub http_status: u32,
    /// The rule that the response broke, for ZS_BAD_RESPONSE.
    pub broken_rule: zs_response_rule,
    /// The provider's code or type of the error, if it sent one.
    pub code: zs_str,
    /// The provider's message, if it sent one; otherwise, how the response breaks the rule.
    pub message: zs_str,
}

/// What to do now. Cheap, and the same until it is done. `number` is filled with the
/// milliseconds to wait, or the bytes missing; it may be NULL.
///
/// Any step.
/// Errors: ZS_STEP_NONE when there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_step(session: *const zs_session, number: *mut u32) -> zs_step {
    promised!(caller);
    let step = caller.look(session, |session| session.chat.step());
    let (step, value) = match step {
        Some(Step::Idle) => (zs_step::ZS_STEP_IDLE, 0),
        Some(Step::Send) => (zs_step::ZS_STEP_SEND, 0),
        Some(Step::Receive) => (zs_step::ZS_STEP_RECEIVE, 0),
        Some(Step::RunTools) => (zs_step::ZS_STEP_RUN_TOOLS, 0),
        Some(Step::Wait { millis }) => (zs_step::ZS_STEP_WAIT, millis),
        Some(Step::MakeRoom { bytes, .. }) => (zs_step::ZS_STEP_MAKE_ROOM, bytes),
        _ => (zs_step::ZS_STEP_NONE, 0),
    };
    if let Ok(Some(number)) = caller.optional(number) {
        number.put(value);
    }
    step
}

/// The field of the profile that the server has refused in the last attempt, after ZS_EVENT_RESTART:
/// the request is sent again without it, and so are all later ones. Empty if there is none.
///
/// Any step.
/// Lifetime: static. Errors: empty when there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_switched_off(session: *const zs_session) -> zs_str {
    #[cfg(feature = "profiles")]
    {
        promised!(caller);
        let field = caller.look(session, |session| session.chat.switched_off());
        field.flatten().map_or(zs_str::EMPTY, |field| field.name().into())
    }
    #[cfg(not(feature = "profiles"))]
    {
        let _ = session;
        zs_str::EMPTY
    }
}

/// The detail of the last call that returned a status for this session; 0 after ZS_OK.
///
/// Any step.
/// Errors: 0 when there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_error_detail(session: *const zs_session) -> u32 {
    promised!(caller);
    caller.look(session, |session| session.detail).unwrap_or(0)
}

/// Tokens of the turn, as the provider counted them, all its rounds together.
///
/// Any step.
/// Errors: all 0 when there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_usage(session: *const zs_session) -> zs_usage {
    promised!(caller);
    caller.look(session, |session| session.chat.usage().into()).unwrap_or_default()
}

/// Tokens of the next request: `*measured` is the provider's count of everything up to its last
/// reply; `*estimated` is the configuration's count of the rest. False and nothing filled in
/// a library without the feature `window`.
///
/// Any step.
/// Errors: false when there is no session or a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_window_tokens(
    session: *const zs_session,
    measured: *mut u32,
    estimated: *mut u32,
) -> bool {
    promised!(caller);
    match (caller.look(session, window).flatten(), caller.out(measured), caller.out(estimated)) {
        (Some((counted, added)), Ok(measured), Ok(estimated)) => {
            measured.put(counted);
            estimated.put(added);
            true
        }
        _ => false,
    }
}

#[cfg(feature = "window")]
fn window(session: &zs_session) -> Option<(u32, u32)> {
    let tokens = session.chat.window_tokens();
    Some((tokens.measured, tokens.estimated))
}

#[cfg(not(feature = "window"))]
fn window(_: &zs_session) -> Option<(u32, u32)> {
    None
}

/// Whether the current request is the session's own: it asks for a summary, and its reply is not
/// shown.
///
/// Any step.
/// Errors: false when there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_is_compacting(session: *const zs_session) -> bool {
    promised!(caller);
    caller.look(session, is_compacting).unwrap_or(false)
}

#[cfg(feature = "window")]
fn is_compacting(session: &zs_session) -> bool {
    session.chat.is_compacting()
}

#[cfg(not(feature = "window"))]
fn is_compacting(_: &zs_session) -> bool {
    false
}

/// The provider's own stop reason; empty until it sends one.
///
/// Any step.
/// Errors: empty when there is no session.
/// Lifetime: until the next call that changes the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_raw_stop_reason(session: *const zs_session) -> zs_str {
    promised!(caller);
    caller.look(session, |session| session.chat.raw_stop_reason().into()).unwrap_or(zs_str::EMPTY)
}

/// Whether the reply is complete, so that the rest of the body need not be read.
///
/// ZS_STEP_RECEIVE; false in the others.
/// Errors: false when there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_is_reply_complete(session: *const zs_session) -> bool {
    promised!(caller);
    let complete = |session: &zs_session| {
        session.chat.step() == Step::Receive && session.chat.is_reply_complete()
    };
    caller.look(session, complete).unwrap_or(false)
}

/// Why the last turn failed, or the last attempt of this one. False and nothing filled after a
/// good reply.
///
/// Any step.
/// Errors: false when there is no session or `failure` is NULL.
/// Lifetime: the texts until the next call that changes the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_failure(
    session: *const zs_session,
    failure: *mut zs_failure,
) -> bool {
    promised!(caller);
    let tell = |session: &zs_session| {
        let failed = session.chat.failure()?;
        let rule = failed.error.broken_rule();
        Some(zs_failure {
            status: zs_status::of(failed.error.kind()),
            detail: failed.error.detail(),
            http_status: failed.status.into(),
            broken_rule: zs_response_rule::of(rule),
            code: failed.code.into(),
            message: match (failed.message, rule) {
                ("", Some(rule)) => rule.message().into(),
                (message, _) => message.into(),
            },
        })
    };
    match (caller.look(session, tell).flatten(), caller.out(failure)) {
        (Some(failed), Ok(failure)) => {
            failure.put(failed);
            true
        }
        _ => false,
    }
}

/// The tool call without an answer that has this index among them, counted from 0 in the order of
/// the model; false and nothing filled after the last. Answering one moves the others up.
///
/// ZS_STEP_RUN_TOOLS; false in the others.
/// Errors: false when there is no session or `call` is NULL.
/// Lifetime: the texts until the next call that changes the session. zs_session_tool_result is
/// one of them, and takes only the id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_pending_call(
    session: *const zs_session,
    index: usize,
    call: *mut zs_event,
) -> bool {
    promised!(caller);
    let find = |session: &zs_session| session.chat.pending_calls().nth(index).map(zs_event::from);
    match (caller.look(session, find).flatten(), caller.out(call)) {
        (Some(found), Ok(call)) => {
            call.put(found);
            true
        }
        _ => false,
    }
}

/// The conversation as plain versioned bytes, for zs_session_resume. It does not include the reply
/// being received.
///
/// Any step.
/// Errors: empty when there is no session.
/// Lifetime: until the next call that changes the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_snapshot(session: *const zs_session) -> zs_str {
    promised!(caller);
    caller.look(session, |session| session.chat.snapshot().into()).unwrap_or(zs_str::EMPTY)
}

/// The version of this library as text, such as 0.1.0.
///
/// Any step; no session is needed. Lifetime: static; ended by a NUL.
#[unsafe(no_mangle)]
pub extern "C" fn zs_version() -> *const core::ffi::c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}
