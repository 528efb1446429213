//! How much is done, counted in tests only: that it grows no faster than the input.

/// Counts bytes that are moved, checked or looked at.
#[inline(always)]
pub(crate) fn count(bytes: usize) {
    #[cfg(test)]
    counter::add(bytes);
    #[cfg(not(test))]
    let _ = bytes;
}

// The tests that ask store their sessions in memory that grows.
#[cfg(all(test, feature = "alloc"))]
pub(crate) use counter::taken;

#[cfg(test)]
mod counter {
    extern crate std;

    use core::cell::Cell;

    std::thread_local! {
        static BYTES: Cell<usize> = const { Cell::new(0) };
    }

    pub fn add(bytes: usize) {
        BYTES.with(|all| all.set(all.get() + bytes));
    }

    /// What was counted on this thread since the last time.
    #[cfg(feature = "alloc")]
    pub(crate) fn taken() -> usize {
        BYTES.with(|all| all.replace(0))
    }
}
