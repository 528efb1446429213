//! Dividing lent memory into a value at its front and the bytes after it.

use crate::status::Fault;
use crate::status::zs_status::*;

/// Bytes that a `T` takes of lent memory at most, whatever its alignment.
pub(crate) const fn overhead<T>() -> usize {
    size_of::<T>() + align_of::<T>() - 1
}

/// The place for a `T` in lent memory, and how many bytes are before and after it.
pub(crate) fn divide<T>(memory: *mut u8, len: usize) -> Result<(*mut T, *mut u8, usize), Fault> {
    if memory.is_null() {
        return Err(Fault::new(ZS_NULL));
    }
    let is_possible = len <= isize::MAX as usize && (memory as usize).checked_add(len).is_some();
    if !is_possible {
        return Err(Fault::new(ZS_OUT_OF_RANGE));
    }
    let skipped = (memory as usize).wrapping_neg() & (align_of::<T>() - 1);
    let taken = skipped + size_of::<T>();
    let Some(left) = len.checked_sub(taken) else {
        return Err(Fault::with(ZS_FULL, taken - len));
    };
    Ok((memory.wrapping_add(skipped).cast(), memory.wrapping_add(taken), left))
}
