//! Where a transcript lives: memory that the caller lends, or that grows to a limit.

mod sealed {
    pub trait Sealed {}
}

/// The bytes under a transcript. Sealed: a lent slice, an array, a `heapless::Vec`, or
/// (feature `alloc`) a `Growing` vector.
pub trait Storage: sealed::Sealed {
    /// All bytes that there are now.
    fn bytes(&self) -> &[u8];
    /// The same, to write.
    fn bytes_mut(&mut self) -> &mut [u8];
    /// Makes [`bytes`](Self::bytes) at least `len` long; false, and nothing changed, when it cannot.
    fn reserve(&mut self, len: usize) -> bool;
    /// The most bytes that there can ever be.
    fn limit(&self) -> usize;
}

impl sealed::Sealed for &mut [u8] {}

impl Storage for &mut [u8] {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn reserve(&mut self, len: usize) -> bool {
        len <= self.len()
    }

    fn limit(&self) -> usize {
        self.len()
    }
}

impl<const N: usize> sealed::Sealed for [u8; N] {}

impl<const N: usize> Storage for [u8; N] {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn reserve(&mut self, len: usize) -> bool {
        len <= N
    }

    fn limit(&self) -> usize {
        N
    }
}

impl<const N: usize> sealed::Sealed for heapless::Vec<u8, N> {}

impl<const N: usize> Storage for heapless::Vec<u8, N> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn reserve(&mut self, len: usize) -> bool {
        len <= self.len() || self.resize(len, 0).is_ok()
    }

    fn limit(&self) -> usize {
        N
    }
}

#[cfg(feature = "alloc")]
pub use growing::Growing;

#[cfg(feature = "alloc")]
mod growing {
    use super::{Storage, sealed};
    use alloc::vec::Vec;

    /// A vector that grows as the transcript does, to a limit in bytes.
    #[derive(Clone, Debug, Default)]
    pub struct Growing {
        bytes: Vec<u8>,
        limit: usize,
    }

    impl Growing {
        /// Nothing yet, and never more than `limit_bytes`.
        #[must_use]
        pub const fn new(limit_bytes: usize) -> Self {
            Self { bytes: Vec::new(), limit: limit_bytes }
        }

        /// Starts with `bytes`, for [`crate::Session::resume`].
        #[must_use]
        pub const fn from_vec(bytes: Vec<u8>, limit_bytes: usize) -> Self {
            Self { bytes, limit: limit_bytes }
        }
    }

    impl sealed::Sealed for Growing {}

    impl Storage for Growing {
        fn bytes(&self) -> &[u8] {
            &self.bytes
        }

        fn bytes_mut(&mut self) -> &mut [u8] {
            &mut self.bytes
        }

        fn reserve(&mut self, len: usize) -> bool {
            let have = self.bytes.len();
            if len <= have {
                return true;
            }
            if len > self.limit {
                return false;
            }
            // A quarter more than asked: few moves, little waste.
            let wanted = len.saturating_add(len / 4).max(1024).min(self.limit);
            if self.bytes.try_reserve_exact(wanted.saturating_sub(have)).is_err() {
                return false;
            }
            self.bytes.resize(wanted, 0);
            true
        }

        fn limit(&self) -> usize {
            self.limit
        }
    }
}
