//! The transcript as JSON Lines, for people and scripts.

use core::ffi::c_void;

use zerostack_core::{JsonLinesReader, Session};

use crate::borrowed_config::BorrowedConfig;
use crate::boundary::promised;
use crate::config::zs_config;
use crate::handle::zs_session;
use crate::life::{empty, place};
use crate::status::{
    Fault,
    zs_status::{self, *},
};
use crate::text::zs_str;

/// Writes the transcript as JSON Lines, one part a line, from offset `at` on into `len` bytes at
/// `bytes`; `*written` is how many, 0 is the end. Each call starts again and skips, so that a few
/// large buffers take less time than many small ones.
///
/// Any step.
/// Errors: ZS_NULL, ZS_OVERLAP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_json_lines(
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
        let mut lines = session.chat.transcript().json_lines();
        let (mut skipped, mut reached) = ([0; SKIP_BYTES], 0);
        while reached < at {
            let wanted = skipped.len().min(at - reached);
            match lines.read(skipped.get_mut(..wanted).unwrap_or_default()) {
                0 => break,
                count => reached += count,
            }
        }
        written.put(lines.read(bytes));
        Ok(())
    })
}

/// Continues a conversation that was saved as JSON Lines, or written by hand: they are read into
/// `memory` and checked. Lines of the roles `system` and `tools` at the front are ignored.
///
/// No session is needed; the step is the one in which the conversation ends, as with
/// zs_session_resume. `fault` is a sentence about the fault of the line that the detail names; it
/// and `detail` may be NULL.
/// Errors: ZS_BAD_LINE with the number of the line, from 1 on; those of zs_session_init; ZS_OVERLAP
/// if the lines are in `memory`; then `*session` is NULL.
/// Lifetime: as zs_session_init; the lines are not used any more. The sentence is static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_from_json_lines(
    memory: *mut c_void,
    len: usize,
    lines: zs_str,
    config: *const zs_config,
    session: *mut *mut zs_session,
    fault: *mut zs_str,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    let act = || {
        let (session, fault) = (empty(caller, session)?, caller.optional(fault)?);
        let (config, text) =
            (BorrowedConfig::read(caller, config)?, caller.values(lines.ptr, lines.len)?);
        let (first, end) = (lines.ptr as usize, (lines.ptr as usize).saturating_add(lines.len));
        let memory_end = (memory as usize).saturating_add(len);
        if !text.is_empty() && first < memory_end && end > memory as usize {
            return Err(Fault::new(ZS_OVERLAP));
        }
        let mut reason = "";
        let make = |storage| {
            let mut reader = JsonLinesReader::new(storage)?;
            let read = reader.push(text).and_then(|()| reader.push(b"\n"));
            if let Err(error) = read {
                reason = reader.fault().map_or("", |fault| fault.message());
                return Err(error.into());
            }
            let (storage, used) = reader.finish()?;
            Ok(Session::resume(storage, used, config)?)
        };
        // SAFETY: the memory is lent to the session alone.
        let made = unsafe { place(caller, memory.cast(), len, make) };
        if let Some(fault) = fault {
            fault.put(reason.into());
        }
        session.put(made?);
        Ok(())
    };
    caller.answer(detail, act)
}

/// Bytes on the stack for what is skipped.
const SKIP_BYTES: usize = 64;
