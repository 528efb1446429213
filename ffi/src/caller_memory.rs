//! Smaller things than a session that lie in lent memory.

use core::ffi::c_void;

use crate::boundary::{Caller, caught};
use crate::memory::divide;
use crate::status::{
    Fault,
    zs_status::{self, *},
};

/// A value that knows where it lies, so that a moved one is found. The address comes first whatever the
/// value is, so that a handle of another type is compared by its own address.
#[repr(C)]
pub(crate) struct InCallerMemory<T> {
    address: usize,
    pub value: T,
}

/// Puts what `make` makes into lent memory and gives it to the caller as a `Z`, which holds a
/// [`Lent`] and nothing else.
pub(crate) fn begin<Z, T>(
    caller: Caller<'_>,
    memory: *mut c_void,
    len: usize,
    place: *mut *mut Z,
    detail: *mut u32,
    make: impl FnOnce() -> Result<T, Fault>,
) -> zs_status {
    const { assert!(size_of::<Z>() == size_of::<InCallerMemory<T>>()) };
    let act = || {
        let (first, place) = (caller.out(place)?, caller.out(place)?);
        first.put(core::ptr::null_mut());
        let value = make()?;
        let (handle, _, _) = divide::<InCallerMemory<T>>(memory.cast(), len)?;
        // SAFETY: `divide` gave a place for it, aligned, in memory that nobody else uses.
        unsafe { handle.write(InCallerMemory { address: mark(handle), value }) };
        place.put(handle.cast());
        Ok(())
    };
    caller.answer(detail, act)
}

/// Runs `act` on a value in lent memory.
pub(crate) fn change<Z, T>(
    caller: Caller<'_>,
    handle: *mut Z,
    detail: *mut u32,
    act: impl FnOnce(&mut T) -> Result<(), Fault>,
) -> zs_status {
    let act = || {
        check::<Z, T>(caller, handle)?;
        // SAFETY: the promise of `Caller`; it is one.
        act(unsafe { &mut (*handle.cast::<InCallerMemory<T>>()).value })
    };
    caller.answer(detail, act)
}

/// What `act` says of a value in lent memory; `None` when there is none.
pub(crate) fn look<Z, T, R>(
    caller: Caller<'_>,
    handle: *const Z,
    act: impl FnOnce(&T) -> R,
) -> Option<R> {
    check::<Z, T>(caller, handle).ok()?;
    // SAFETY: the promise of `Caller`; it is one.
    caught(|| act(unsafe { &(*handle.cast::<InCallerMemory<T>>()).value }))
}

fn check<Z, T>(_: Caller<'_>, handle: *const Z) -> Result<(), Fault> {
    let handle: *const InCallerMemory<T> = handle.cast();
    if handle.is_null() || !handle.is_aligned() {
        return Err(Fault::new(ZS_NULL));
    }
    // SAFETY: the promise of `Caller`. The field is a plain number, whatever else is there.
    if unsafe { (*handle).address } == mark(handle) {
        Ok(())
    } else {
        Err(Fault::new(ZS_BAD_HANDLE))
    }
}

/// What `address` holds for a value that lies there; of one type only.
fn mark<T>(handle: *const InCallerMemory<T>) -> usize {
    handle as usize ^ 0x5a53_6c74 ^ size_of::<T>()
}
