//! Decoding the body of a response that belongs to no conversation.

use core::ffi::c_void;

use zerostack_core::Session;

use crate::borrowed_config::BorrowedConfig;
use crate::boundary::promised;
use crate::handle::zs_session;
use crate::life::{empty, place};
use crate::status::zs_status;

/// Starts to decode one response body in `len` bytes at `memory`: the session is in
/// ZS_STEP_RECEIVE, as after a response with `http_status`. Pass the body to zs_session_feed and
/// zs_session_end_response; the model's reply is also in its transcript,
/// after the user's text of one space.
///
/// No session is needed. `detail` may be NULL.
/// Errors: ZS_BAD_CONFIG for no dialect, ZS_UNSUPPORTED, ZS_FULL with the bytes missing, ZS_NULL,
/// ZS_OUT_OF_RANGE; then `*session` is NULL.
/// Lifetime: as zs_session_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_decoder_init(
    memory: *mut c_void,
    len: usize,
    dialect: u32,
    http_status: u16,
    session: *mut *mut zs_session,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    let act = || {
        let session = empty(caller, session)?;
        let config = BorrowedConfig::for_one_response(dialect)?;
        let make = |storage| {
            let mut chat = Session::new(storage, config)?;
            chat.user(" ")?;
            chat.begin_response(http_status, None)?;
            Ok(chat)
        };
        // SAFETY: the memory is lent to the session alone.
        session.put(unsafe { place(caller, memory.cast(), len, make) }?);
        Ok(())
    };
    caller.answer(detail, act)
}
