//! Beginning and ending a session.

use core::ffi::c_void;

use zerostack_core::{EntryPlace, Session};

use crate::borrowed_config::BorrowedConfig;
use crate::boundary::{Caller, Out, promised};
use crate::config::zs_config;
use crate::handle::{Conversation, zs_session};
use crate::memory::{divide, overhead};
use crate::status::Fault;
use crate::status::zs_status::{self, *};
use crate::text::zs_str;

/// Bytes that the session itself takes of lent memory at most; the transcript has the rest.
///
/// Any step; no session is needed.
#[unsafe(no_mangle)]
pub extern "C" fn zs_session_overhead() -> usize {
    overhead::<zs_session>()
}

/// Starts an empty conversation in `len` bytes at `memory`, of any alignment, and returns it in
/// `session`. There is nothing to free: the session ends with its memory.
///
/// The step is then ZS_STEP_IDLE. `detail` may be NULL.
/// Errors: ZS_BAD_CONFIG, ZS_UNSUPPORTED, ZS_FULL with the bytes missing, ZS_NULL, ZS_NOT_UTF8,
/// ZS_OUT_OF_RANGE; then `*session` is NULL.
/// Lifetime: memory, model, system and tools must outlive the session; the session must not be
/// moved or copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_init(
    memory: *mut c_void,
    len: usize,
    config: *const zs_config,
    session: *mut *mut zs_session,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    let act = || {
        let (session, config) = (empty(caller, session)?, BorrowedConfig::read(caller, config)?);
        let make = |storage| Ok(Session::new(storage, config)?);
        // SAFETY: the memory is lent to the session alone.
        session.put(unsafe { place(caller, memory.cast(), len, make) }?);
        Ok(())
    };
    caller.answer(detail, act)
}

/// Continues a saved conversation: the bytes of zs_session_snapshot are copied into `memory` and
/// checked, not trusted. They may be in `memory` itself, and are then lost, also after an error.
///
/// The step is the one of the saved session: ZS_STEP_RUN_TOOLS for open calls, ZS_STEP_SEND if the
/// model has to answer, ZS_STEP_IDLE after an answer, or after a turn that ended without one,
/// by zs_session_abort, a failure or a limit. `detail` may be NULL.
/// Errors: ZS_BAD_TRANSCRIPT, and those of zs_session_init; then `*session` is NULL.
/// Lifetime: as zs_session_init; the snapshot is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_resume(
    memory: *mut c_void,
    len: usize,
    snapshot: zs_str,
    config: *const zs_config,
    session: *mut *mut zs_session,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    let act = || {
        let (session, config) = (empty(caller, session)?, BorrowedConfig::read(caller, config)?);
        let memory = memory.cast();
        let (_, arena, left) = divide::<zs_session>(memory, len)?;
        if snapshot.len > left {
            return Err(Fault::with(ZS_FULL, snapshot.len - left));
        }
        let make = |storage| Ok(Session::resume(storage, snapshot.len, config)?);
        // SAFETY: the memory is lent to the session alone, and there is room for the snapshot. The
        // copy makes no slice of memory that may overlap.
        session.put(unsafe {
            copy(caller, snapshot, arena)?;
            place(caller, memory, len, make)?
        });
        Ok(())
    };
    caller.answer(detail, act)
}

/// The same conversation in other memory, to continue it independently, as a subagent does; another
/// model, dialect and other tools are allowed. Open calls are open there too. `from` stays
/// unchanged.
///
/// Any step of `from`; the new one is in the step in which its conversation ends. `detail` may be
/// NULL.
/// Errors: those of zs_session_init, ZS_BAD_HANDLE for `from`, ZS_OVERLAP for memory that it lies
/// in; then `*session` is NULL.
/// Lifetime: as zs_session_init; the two do not depend on each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_fork(
    from: *const zs_session,
    memory: *mut c_void,
    len: usize,
    config: *const zs_config,
    session: *mut *mut zs_session,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    let act = || {
        let session = empty(caller, session)?;
        let from = caller.session(from)?;
        let config = BorrowedConfig::read(caller, config)?;
        from.keep_out(memory.cast(), len)?;
        let make = |storage| Ok(from.chat.fork(storage, config)?);
        // SAFETY: the memory is lent to the session alone.
        session.put(unsafe { place(caller, memory.cast(), len, make) }?);
        Ok(())
    };
    caller.answer(detail, act)
}

/// Starts an empty conversation in `bytes` of memory that this library allocates;
/// zs_session_overhead of them are the session's own. Only in a library with the feature `alloc`.
///
/// The step is then ZS_STEP_IDLE. `detail` may be NULL.
/// Errors: those of zs_session_init; ZS_FULL with `bytes` if there is no memory.
/// Lifetime: until zs_session_free; model, system and tools must outlive the session.
#[cfg(feature = "alloc")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_new(
    bytes: usize,
    config: *const zs_config,
    session: *mut *mut zs_session,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    let act = || {
        let session = empty(caller, session)?;
        let layout = layout(bytes).ok_or(Fault::with(ZS_FULL, bytes))?;
        // SAFETY: the layout is not empty: it is one byte at least.
        let memory = unsafe { alloc::alloc::alloc_zeroed(layout) };
        if memory.is_null() {
            return Err(Fault::with(ZS_FULL, bytes));
        }
        // SAFETY: the memory is ours, and given to the session alone.
        match unsafe {
            BorrowedConfig::read(caller, config).and_then(|config| {
                place(caller, memory, bytes, |storage| Ok(Session::new(storage, config)?))
            })
        } {
            Ok(made) => {
                // SAFETY: `place` has just made it.
                unsafe { (*made).allocated = memory as usize };
                session.put(made);
                Ok(())
            }
            Err(fault) => {
                // SAFETY: allocated above with this layout, and nothing uses it.
                unsafe { alloc::alloc::dealloc(memory, layout) };
                Err(fault)
            }
        }
    };
    caller.answer(detail, act)
}

/// Frees a session of zs_session_new. NULL is ignored. Only in a library with the feature
/// `alloc`.
///
/// Any step.
/// Errors: ZS_BAD_HANDLE for a session in lent memory or an invalid one; nothing is freed.
#[cfg(feature = "alloc")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_free(session: *mut zs_session) -> zs_status {
    promised!(caller);
    if session.is_null() {
        return ZS_OK;
    }
    let act = || {
        match caller.usable(session) {
            Err(fault) if fault.status != ZS_INTERNAL => return Err(fault),
            _ => {}
        }
        // SAFETY: it is a session, and nobody else uses it.
        let (memory, (_, bytes)) = unsafe { ((*session).allocated, (*session).memory) };
        let layout = layout(bytes).filter(|_| memory != 0).ok_or(Fault::new(ZS_BAD_HANDLE))?;
        // SAFETY: zs_session_new allocated it with this layout. It forgets its address first,
        // so that most uses that come too late are found.
        unsafe {
            core::ptr::write_volatile(&raw mut (*session).address, 0);
            alloc::alloc::dealloc(core::ptr::with_exposed_provenance_mut(memory), layout);
        }
        Ok(())
    };
    caller.answer(core::ptr::null_mut(), act)
}

#[cfg(feature = "alloc")]
fn layout(bytes: usize) -> Option<core::alloc::Layout> {
    core::alloc::Layout::from_size_align(bytes.max(1), align_of::<zs_session>()).ok()
}

/// The place for the new session, which holds none until it is there.
pub(crate) fn empty(
    caller: Caller<'_>,
    session: *mut *mut zs_session,
) -> Result<Out<'_, *mut zs_session>, Fault> {
    let (first, again) = (caller.out(session)?, caller.out(session)?);
    first.put(core::ptr::null_mut());
    Ok(again)
}

/// Puts the conversation that `make` makes into memory.
///
/// # Safety
/// Nobody else uses the memory as long as the session is used.
pub(crate) unsafe fn place(
    caller: Caller<'_>,
    memory: *mut u8,
    len: usize,
    make: impl FnOnce(&'static mut [u8]) -> Result<Conversation, Fault>,
) -> Result<*mut zs_session, Fault> {
    let (handle, arena, left) = divide::<zs_session>(memory, len)?;
    // SAFETY: `divide` says that these bytes are of the memory, after the handle.
    let storage = unsafe { caller.lasting() }.buffer(arena, left)?;
    let session = zs_session {
        address: zs_session::address_of(handle),
        is_broken: false,
        detail: 0,
        chat: make(storage)?,
        reading: None,
        entry: (0, EntryPlace::START),
        memory: (memory as usize, len),
        #[cfg(feature = "alloc")]
        allocated: 0,
    };
    // SAFETY: `divide` gave a place for it, aligned, in memory that nobody else uses.
    unsafe { handle.write(session) };
    Ok(handle)
}

/// Copies a snapshot to where it will be read; both may overlap.
///
/// # Safety
/// There is room for it.
unsafe fn copy(_: Caller<'_>, saved: zs_str, arena: *mut u8) -> Result<(), Fault> {
    if saved.len == 0 {
        return Ok(());
    }
    if saved.ptr.is_null() {
        return Err(Fault::new(ZS_NULL));
    }
    // SAFETY: the promise of `Caller`; there is room, and `copy` allows an overlap.
    unsafe { core::ptr::copy(saved.ptr, arena, saved.len) };
    Ok(())
}
