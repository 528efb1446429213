//! Structs that grow at their end: a caller may know less of one than this library, or more.

use crate::boundary::{answer, out, values};
use crate::status::Fault;
use crate::status::zs_status::{self, *};

/// A struct of plain fields without padding, whose first field is its size as the caller knows it.
pub(crate) trait Versioned: Copy {
    /// The end of the last field that the first version had.
    const FIRST_VERSION_BYTES: usize;
}

/// Fills `place` with `defaults` as far as the caller knows it; bytes after what this library knows
/// become 0.
///
/// # Safety
/// The promise of `boundary`; `T` has no padding.
pub(crate) unsafe fn init<T: Versioned>(place: *mut T, size: usize, defaults: &T) -> zs_status {
    let act = || {
        check_size::<T>(size)?;
        // SAFETY: the promise of `boundary`.
        unsafe { out(place) }?;
        let known = size.min(size_of::<T>());
        // SAFETY: the promise of `boundary`: `size` bytes are the caller's; there is no padding.
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
    // SAFETY: the promise of `boundary`.
    unsafe { answer(core::ptr::null_mut(), act) }
}

/// The fields that the caller knows, and those of `defaults`.
///
/// # Safety
/// The promise of `boundary`; any bytes make a valid `T`, and its first field is a size.
pub(crate) unsafe fn known_part<T: Versioned>(place: *const T, defaults: T) -> Result<T, Fault> {
    if place.is_null() || !place.is_aligned() {
        return Err(Fault::new(ZS_NULL));
    }
    // SAFETY: the promise of `boundary`: there is a size at least.
    let size = unsafe { place.cast::<usize>().read() };
    check_size::<T>(size)?;
    let mut known = defaults;
    let copied = size.min(size_of::<T>());
    // SAFETY: the promise of `boundary`: `size` bytes are there; any bytes make a valid struct.
    unsafe {
        core::ptr::copy_nonoverlapping(place.cast::<u8>(), (&raw mut known).cast::<u8>(), copied);
    }
    // SAFETY: as above; what a newer caller has behind is bytes too.
    let behind = unsafe { values(place.cast::<u8>().wrapping_add(copied), size - copied) }?;
    // A newer caller asks for what this library does not do.
    if behind.iter().any(|byte| *byte != 0) {
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
