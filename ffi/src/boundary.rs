//! The unsafe handling of pointers from C.
//!
//! # The promise
//! The caller of an exported function promises what the top of the header says: each pointer is
//! NULL or points to as many valid, initialised values as the call says, which nobody else
//! changes during the call; a session is used by one thread at a time; what a configuration, a
//! vocabulary or a counter was lent stays where it is and unchanged as long as it is used.
//!
//! [`Caller`] is the witness of that promise: an exported function makes it by `promised!`, once,
//! and each function that follows a pointer of C is a method of it. All that can be checked is
//! checked.

use core::marker::PhantomData;
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

/// The caller of an exported function, who made the promise for as long as `'c`: the call.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'c>(PhantomData<&'c ()>);

/// Makes the witness of an exported function. Only an unsafe function can: its own callers then
/// owe the promise.
macro_rules! promised {
    ($caller:ident) => {
        let call = ();
        #[allow(unsafe_op_in_unsafe_fn, reason = "the function has the same contract")]
        let $caller = $crate::boundary::Caller::of(&call);
    };
}
pub(crate) use promised;

impl<'c> Caller<'c> {
    /// The caller of the function in which `_call` is a variable.
    ///
    /// # Safety
    /// The promise.
    pub const unsafe fn of(_call: &'c ()) -> Self {
        Self(PhantomData)
    }

    /// The same for what is lent beyond the call.
    ///
    /// # Safety
    /// Only for what a configuration, a vocabulary, a counter or a session is lent: the promise is that it
    /// stays as long as it is used.
    pub const unsafe fn lasting(self) -> Caller<'static> {
        Caller(PhantomData)
    }

    /// Runs `act` and writes the detail of its fault to `detail`, unless that is NULL.
    pub fn answer(self, detail: *mut u32, act: impl FnOnce() -> Result<(), Fault>) -> zs_status {
        let fault = match caught(act) {
            Some(Ok(())) => Fault::new(ZS_OK),
            Some(Err(fault)) => fault,
            None => Fault::new(ZS_INTERNAL),
        };
        if let Ok(detail) = self.out(detail) {
            detail.put(fault.detail);
        }
        fault.status
    }

    /// Runs `act` on a session that it may change; the detail of its fault stays there.
    pub fn change(
        self,
        session: *mut zs_session,
        act: impl FnOnce(&mut zs_session) -> Result<(), Fault>,
    ) -> zs_status {
        if let Err(fault) = self.session(session) {
            return fault.status;
        }
        // SAFETY: the promise; it is a session.
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
    pub fn look<T>(
        self,
        session: *const zs_session,
        act: impl FnOnce(&zs_session) -> T,
    ) -> Option<T> {
        let open = self.session(session).ok()?;
        caught(|| act(open))
    }

    /// A session that calls can use.
    pub fn session(self, session: *const zs_session) -> Result<&'c zs_session, Fault> {
        self.usable(session)?;
        // SAFETY: the promise; it is a session.
        Ok(unsafe { &*session })
    }

    /// Whether this is a session that calls can use.
    pub fn usable(self, session: *const zs_session) -> Result<(), Fault> {
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

    /// A place to fill. It is asked for before anything is changed.
    pub fn out<T>(self, place: *mut T) -> Result<Out<'c, T>, Fault> {
        match NonNull::new(place) {
            Some(place) if place.is_aligned() => Ok(Out(place, self)),
            _ => Err(Fault::new(ZS_NULL)),
        }
    }

    /// A place that may be left out.
    pub fn optional<T>(self, place: *mut T) -> Result<Option<Out<'c, T>>, Fault> {
        if place.is_null() { Ok(None) } else { self.out(place).map(Some) }
    }

    /// Values that the caller lends.
    pub fn values<T>(self, first: *const T, count: usize) -> Result<&'c [T], Fault> {
        if count == 0 {
            return Ok(&[]);
        }
        check_extent(first, count)?;
        // SAFETY: the promise; not NULL, aligned, and no longer than memory can be.
        Ok(unsafe { core::slice::from_raw_parts(first, count) })
    }

    /// A buffer that the caller lends to be filled.
    pub fn buffer<T>(self, first: *mut T, count: usize) -> Result<&'c mut [T], Fault> {
        if count == 0 {
            return Ok(&mut []);
        }
        check_extent(first, count)?;
        // SAFETY: the promise; not NULL, aligned, and no longer than memory can be.
        Ok(unsafe { core::slice::from_raw_parts_mut(first, count) })
    }

    /// Text that the caller lends.
    pub fn text(self, text: zs_str) -> Result<&'c str, Fault> {
        let bytes = self.values(text.ptr, text.len)?;
        core::str::from_utf8(bytes).map_err(|error| Fault::with(ZS_NOT_UTF8, error.valid_up_to()))
    }
}

/// A place that the caller wants filled.
pub(crate) struct Out<'c, T>(NonNull<T>, Caller<'c>);

impl<T> Out<'_, T> {
    /// Writes there.
    pub fn put(self, value: T) {
        // SAFETY: the promise: the place stays valid during the call.
        unsafe { self.0.write(value) }
    }
}

/// Text that was checked before and is lent for as long as `'a`.
///
/// # Safety
/// [`Caller::text`] took it, and it was not changed since.
pub(crate) unsafe fn checked_text<'a>(text: zs_str) -> &'a str {
    if text.len == 0 {
        return "";
    }
    // SAFETY: what `Caller::text` checked still holds.
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
pub(crate) fn fill(to: &mut [u8], from: &str, length: Out<'_, usize>) -> Result<(), Fault> {
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
    length: Out<'_, usize>,
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
