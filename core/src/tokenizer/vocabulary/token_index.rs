//! A token inside the machine, and what is kept of the end of a text.

/// A token inside: its index, and whether any merge has it as a left or a right part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TokenIndex(pub(crate) u32);

impl TokenIndex {
    const JOINS_RIGHT: u32 = 1;
    const JOINS_LEFT: u32 = 1 << 1;
    /// Bits that a token takes: an index has twenty.
    const BITS: u32 = 22;

    /// A token with its two flags as a number.
    #[inline(always)]
    pub(crate) const fn new(index: u32, flags: u32) -> Self {
        Self(index << 2 | flags & 3)
    }

    /// The token of a byte.
    #[inline(always)]
    pub(crate) const fn byte(byte: u8) -> Self {
        Self::new(byte as u32, Self::JOINS_RIGHT | Self::JOINS_LEFT)
    }

    #[inline(always)]
    pub(crate) const fn index(self) -> u32 {
        self.0 >> 2 & 0x000F_FFFF
    }

    /// Whether some merge has it as its right part.
    pub(crate) const fn joins_left(self) -> bool {
        self.0 & Self::JOINS_LEFT != 0
    }

    /// Whether some merge has it as its left part, and some has `right` as its right part.
    #[inline(always)]
    pub(crate) const fn may_join(self, right: Self) -> bool {
        self.0 & right.0 >> 1 & Self::JOINS_RIGHT != 0
    }

    /// The token with its length in bytes, in one word: what is kept of each prefix.
    pub(crate) const fn packed(self, length: usize) -> LastToken {
        LastToken(self.0 | ((length as u32).wrapping_sub(1) & 127) << Self::BITS)
    }
}

/// The last token of a text and its length in bytes (1 to 128).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LastToken(u32);

impl LastToken {
    /// No token: for places that were not written yet.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn node(self) -> TokenIndex {
        TokenIndex(self.0 & ((1 << TokenIndex::BITS) - 1))
    }

    pub(crate) const fn length(self) -> usize {
        (self.0 >> TokenIndex::BITS & 127) as usize + 1
    }
}
