//! Strings and bytes as they cross the border.

/// Text: UTF-8, `len` bytes, not ended by a NUL. `ptr` may be NULL when `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_str {
    /// The first byte.
    pub ptr: *const u8,
    /// The number of bytes.
    pub len: usize,
}

impl zs_str {
    /// No text.
    pub const EMPTY: Self = Self { ptr: core::ptr::null(), len: 0 };
}

impl From<&str> for zs_str {
    fn from(text: &str) -> Self {
        Self { ptr: text.as_ptr(), len: text.len() }
    }
}

impl From<&[u8]> for zs_str {
    fn from(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len() }
    }
}

/// A name and what it stands for: a value of a prompt, a header.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_pair {
    /// The name.
    pub name: zs_str,
    /// The text.
    pub value: zs_str,
}
