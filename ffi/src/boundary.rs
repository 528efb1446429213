//! The unsafe handling of pointers from C.
//!
//! # The promise
//! The caller of an exported function promises what the top of the header says: each pointer is
//! NULL or points to as many valid, initialised values as the call says, which nobody else
//! changes during the call; a session is used by one thread at a time; what a configuration, a
//! vocabulary or a counter was lent stays where it is and unchanged as long as it is used. The
//! unsafe functions here need that promise and nothing else; all that can be checked is checked.

use core::ptr::NonNull;

use crate::handle::zs_session;
use crate::status::{
    Fault,
    zs_status::{self, *},
};
use crate::text::zs_str;

/// Runs `act`; `None` when it panicked, which ends the process where nothing catches it.
pub(crate) fn caught<T>(act: impl FnOnce() -> T) -> Option<T> {
    #[cfg(feature = "std")]
    return std::panic::catch_unwind(core::panic::AssertUnwindSafe(act)).ok();
    #[cfg(not(feature = "std"))]
    return Some(act());
}

/// Runs `act` and writes the detail of its fault to `detail`, unless that is NULL.
///
/// # Safety
/// The promise.
pub(crate) unsafe fn answer(
    detail: *mut u32,
    act: impl FnOnce() -> Result<(), Fault>,
) -> zs_status {
    let fault = match caught(act) {
        Some(Ok(())) => Fault::new(ZS_OK),
        Some(Err(fault)) => fault,
        None => Fault::new(ZS_INTERNAL),
    };
    // SAFETY: the promise.
    if let Ok(detail) = unsafe { out(detail) } {
        detail.put(fault.detail);
    }
    fault.status
}

/// Runs `act` on a session that it may change; the detail of its fault stays there.
///
/// # Safety
/// The promise.
pub(crate) unsafe fn change(
    session: *mut zs_session,
    act: impl FnOnce(&mut zs_session) -> Result<(), Fault>,
) -> zs_status {
    // SAFETY: the promise.
    if let Err(fault) = unsafe { usable(session) } {
        return fault.status;
    }
    // SAFETY: the promise; `usable` read the same place.
    let open = unsafe { &mut *session };
    let fault = match caught(|| act(open)) {
        Some(Ok(())) => Fault::new(ZS_OK),
        Some(Err(fault)) => fault,
        None => {
            open.is_broken = true;
            Fault::new(ZS_INTERNAL)
        }
    };
    open.detail = fault.detail;
    fault.status
}

/// What `act` says of a session that it only looks at; `None` when there is none to look at.
///
/// # Safety
/// The promise.
pub(crate) unsafe fn look<T>(
    session: *const zs_session,
    act: impl FnOnce(&zs_session) -> T,
) -> Option<T> {
    // SAFETY: the promise; `usable` read the same place before.
    let open = unsafe {
        usable(session).ok()?;
        &*session
    };
    caught(|| act(open))
}

/// Whether this is a session that calls can use.
///
/// # Safety
/// The promise.
pub(crate) unsafe fn usable(session: *const zs_session) -> Result<(), Fault> {
    if session.is_null() || !session.is_aligned() {
        return Err(Fault::new(ZS_NULL));
    }
    // SAFETY: the promise. The fields are plain numbers, whatever else is there.
    let (address, is_broken) = unsafe { ((*session).address, (*session).is_broken) };
    match address == zs_session::address_of(session) {
        true if is_broken => Err(Fault::new(ZS_INTERNAL)),
        true => Ok(()),
        false => Err(Fault::new(ZS_BAD_HANDLE)),
    }
}

/// A place that the caller wants filled.
pub(crate) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// Writes there.
    pub fn put(self, value: T) {
        // SAFETY: `out` was promised a place that stays valid during the call.
        unsafe { self.0.write(value) }
    }
}

/// A place to fill. It is asked for before anything is changed.
///
/// # Safety
/// The promise.
pub(crate) unsafe fn out<T>(place: *mut T) -> Result<Out<T>, Fault> {
    match NonNull::new(place) {
        Some(place) if place.is_aligned() => Ok(Out(place)),
        _ => Err(Fault::new(ZS_NULL)),
    }
}

/// A place that may be left out.
///
/// # Safety
/// The promise.
pub(crate) unsafe fn optional<T>(place: *mut T) -> Result<Option<Out<T>>, Fault> {
    // SAFETY: the promise.
    if place.is_null() { Ok(None) } else { unsafe { out(place) }.map(Some) }
}

/// Values that the caller lends.
///
/// # Safety
/// The promise; `'a` is not longer than they are lent.
pub(crate) unsafe fn values<'a, T>(first: *const T, count: usize) -> Result<&'a [T], Fault> {
    if count == 0 {
        return Ok(&[]);
    }
    check_extent(first, count)?;
    // SAFETY: the promise; not NULL, aligned, and no longer than memory can be.
    Ok(unsafe { core::slice::from_raw_parts(first, count) })
}

/// A buffer that the caller lends to be filled.
///
/// # Safety
/// The promise; `'a` is not longer than it is lent.
pub(crate) unsafe fn buffer<'a, T>(first: *mut T, count: usize) -> Result<&'a mut [T], Fault> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_extent(first, count)?;
    // SAFETY: the promise; not NULL, aligned, and no longer than memory can be.
    Ok(unsafe { core::slice::from_raw_parts_mut(first, count) })
}

/// Text that the caller lends.
///
/// # Safety
/// The promise; `'a` is not longer than it is lent.
pub(crate) unsafe fn text<'a>(text: zs_str) -> Result<&'a str, Fault> {
    // SAFETY: the promise.
    let bytes = unsafe { values(text.ptr, text.len) }?;
    core::str::from_utf8(bytes).map_err(|error| Fault::with(ZS_NOT_UTF8, error.valid_up_to()))
}

/// Text that was checked before and is lent for as long as `'a`.
///
/// # Safety
/// [`text`] took it, and it was not changed since.
pub(crate) unsafe fn checked_text<'a>(text: zs_str) -> &'a str {
    if text.len == 0 {
        return "";
    }
    // SAFETY: what `text` checked still holds.
    unsafe { core::str::from_utf8_unchecked(core::slice::from_raw_parts(text.ptr, text.len)) }
}

fn check_extent<T>(first: *const T, count: usize) -> Result<(), Fault> {
    if first.is_null() || !first.is_aligned() {
        return Err(Fault::new(ZS_NULL));
    }
    let bytes = count.checked_mul(size_of::<T>()).filter(|bytes| *bytes <= isize::MAX as usize);
    match bytes.and_then(|bytes| (first as usize).checked_add(bytes)) {
        Some(_) => Ok(()),
        None => Err(Fault::new(ZS_OUT_OF_RANGE)),
    }
}

/// Copies `from` to the front of `to` and says how long it is.
///
/// # Errors
/// `ZS_FULL`; the detail is the length that is enough. `length` is written all the same.
pub(crate) fn fill(to: &mut [u8], from: &str, length: Out<usize>) -> Result<(), Fault> {
    length.put(from.len());
    let Some(front) = to.get_mut(..from.len()) else {
        return Err(Fault::with(ZS_FULL, from.len()));
    };
    for (to, from) in front.iter_mut().zip(from.bytes()) {
        *to = from;
    }
    Ok(())
}

/// Writes `characters` to the front of `to` and says how long they are.
///
/// # Errors
/// Those of [`fill`].
pub(crate) fn fill_by(
    to: &mut [u8],
    characters: impl Iterator<Item = char>,
    length: Out<usize>,
) -> Result<(), Fault> {
    let room = to.len();
    let mut slots = to.iter_mut();
    let mut count = 0_usize;
    for character in characters {
        let mut bytes = [0; 4];
        let text = character.encode_utf8(&mut bytes);
        count = count.saturating_add(text.len());
        for (byte, slot) in text.bytes().zip(slots.by_ref()) {
            *slot = byte;
        }
    }
    length.put(count);
    if count > room { Err(Fault::with(ZS_FULL, count)) } else { Ok(()) }
}
