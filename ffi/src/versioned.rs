//! Structs that grow at their end: a caller may know less of one than this library, or more.

use crate::boundary::Caller;
use crate::status::Fault;
use crate::status::zs_status::{self, *};

/// A struct of plain fields, whose first field is its size as the caller knows it.
///
/// # Safety
/// It has no padding, any bytes make a valid one, and its first field is a `usize`.
pub(crate) unsafe trait Versioned: Copy {
    /// The end of the last field that the first version had.
    const FIRST_VERSION_BYTES: usize;
}

/// Fills `place` with `defaults` as far as the caller knows it; bytes after what this library knows
/// become 0.
pub(crate) fn init<T: Versioned>(
    caller: Caller<'_>,
    place: *mut T,
    size: usize,
    defaults: &T,
) -> zs_status {
    let act = || {
        check_size::<T>(size)?;
        caller.out(place)?;
        let known = size.min(size_of::<T>());
        // SAFETY: the promise of `Caller`: `size` bytes are the caller's; there is no padding.
        unsafe {
            core::ptr::write_bytes(place.cast::<u8>(), 0, size);
            core::ptr::copy_nonoverlapping(
                core::ptr::from_ref(defaults).cast::<u8>(),
                place.cast::<u8>(),
                known,
            );
        }
        Ok(())
    };
    caller.answer(core::ptr::null_mut(), act)
}

/// The fields that the caller knows, and those of `defaults`.
pub(crate) fn known_part<T: Versioned>(
    caller: Caller<'_>,
    place: *const T,
    defaults: T,
) -> Result<T, Fault> {
    if place.is_null() || !place.is_aligned() {
        return Err(Fault::new(ZS_NULL));
    }
    // SAFETY: the promise of `Caller`: there is a size at least.
    let size = unsafe { place.cast::<usize>().read() };
    check_size::<T>(size)?;
    let mut known = defaults;
    let copied = size.min(size_of::<T>());
    // SAFETY: the promise of `Caller`: `size` bytes are there; any bytes make a valid struct.
    unsafe {
        core::ptr::copy_nonoverlapping(place.cast::<u8>(), (&raw mut known).cast::<u8>(), copied);
    }
    // A newer caller asks for what this library does not do.
    let rest = caller.values(place.cast::<u8>().wrapping_add(copied), size - copied)?;
    if rest.iter().any(|byte| *byte != 0) {
        return Err(Fault { status: ZS_BAD_CONFIG, detail: u32::MAX });
    }
    Ok(known)
}

/// A size that some version of the struct had or may have: from the first one on, and as every
/// struct a multiple of its alignment.
fn check_size<T: Versioned>(size: usize) -> Result<(), Fault> {
    let is_known = (T::FIRST_VERSION_BYTES..=FURTHEST_BYTES).contains(&size);
    if is_known && size.is_multiple_of(align_of::<T>()) {
        Ok(())
    } else {
        Err(Fault::new(ZS_OUT_OF_RANGE))
    }
}

/// No version will be longer.
const FURTHEST_BYTES: usize = 4096;
