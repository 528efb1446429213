//! Smaller things than a session that lie in lent memory.

use core::ffi::c_void;

use crate::boundary::{answer, caught, out};
use crate::memory::divide;
use crate::status::{
    Fault,
    zs_status::{self, *},
};

/// A value that knows where it lies, so that a moved one is found.
pub(crate) struct InCallerMemory<T> {
    address: usize,
    pub value: T,
}

/// Puts what `make` makes into lent memory and gives it to the caller as a `Z`, which holds a
/// [`Lent`] and nothing else.
///
/// # Safety
/// The promise of `boundary`.
pub(crate) unsafe fn begin<Z, T>(
    memory: *mut c_void,
    len: usize,
    place: *mut *mut Z,
    detail: *mut u32,
    make: impl FnOnce() -> Result<T, Fault>,
) -> zs_status {
    const { assert!(size_of::<Z>() == size_of::<InCallerMemory<T>>()) };
    let act = || {
        // SAFETY: the promise of `boundary`.
        let (first, place) = unsafe { (out(place)?, out(place)?) };
        first.put(core::ptr::null_mut());
        let value = make()?;
        let (handle, _, _) = divide::<InCallerMemory<T>>(memory.cast(), len)?;
        // SAFETY: `divide` gave a place for it, aligned, in memory that nobody else uses.
        unsafe { handle.write(InCallerMemory { address: mark(handle), value }) };
        place.put(handle.cast());
        Ok(())
    };
    // SAFETY: the promise of `boundary`.
    unsafe { answer(detail, act) }
}

/// Runs `act` on a value in lent memory.
///
/// # Safety
/// The promise of `boundary`.
pub(crate) unsafe fn change<Z, T>(
    handle: *mut Z,
    detail: *mut u32,
    act: impl FnOnce(&mut T) -> Result<(), Fault>,
) -> zs_status {
    let act = || {
        // SAFETY: the promise of `boundary`.
        unsafe { check::<Z, T>(handle) }?;
        // SAFETY: as above; it is one.
        act(unsafe { &mut (*handle.cast::<InCallerMemory<T>>()).value })
    };
    // SAFETY: the promise of `boundary`.
    unsafe { answer(detail, act) }
}

/// What `act` says of a value in lent memory; `None` when there is none.
///
/// # Safety
/// The promise of `boundary`.
pub(crate) unsafe fn look<Z, T, R>(handle: *const Z, act: impl FnOnce(&T) -> R) -> Option<R> {
    // SAFETY: the promise of `boundary`.
    unsafe { check::<Z, T>(handle) }.ok()?;
    // SAFETY: as above; it is one.
    caught(|| act(unsafe { &(*handle.cast::<InCallerMemory<T>>()).value }))
}

/// # Safety
/// The promise of `boundary`.
unsafe fn check<Z, T>(handle: *const Z) -> Result<(), Fault> {
    let handle: *const InCallerMemory<T> = handle.cast();
    if handle.is_null() || !handle.is_aligned() {
        return Err(Fault::new(ZS_NULL));
    }
    // SAFETY: the promise of `boundary`. The field is a plain number, whatever else is there.
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
