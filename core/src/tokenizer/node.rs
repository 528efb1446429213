//! A token inside the machine, and what is kept of the end of a text.

/// A token inside: its index, and whether any merge has it as a left or a right part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Node(pub(super) u32);

impl Node {
    pub(super) const JOINS_RIGHT: u32 = 1 << 30;
    pub(super) const JOINS_LEFT: u32 = 1 << 31;

    pub(super) const fn index(self) -> u32 {
        self.0 & 0x000F_FFFF
    }

    /// Whether some merge has it as its right part.
    pub(super) const fn joins_left(self) -> bool {
        self.0 & Self::JOINS_LEFT != 0
    }

    /// The token with its length in bytes, in one word: what is kept of each prefix.
    pub(super) const fn packed(self, length: usize) -> Last {
        Last(self.0 | ((length as u32).wrapping_sub(1) & 127) << 20)
    }
}

/// The last token of a text and its length in bytes (1 to 128).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Last(u32);

impl Last {
    /// No token: for places that were not written yet.
    pub(super) const NONE: Self = Self(0);
    /// Where the length is.
    pub(super) const LENGTH: u32 = 127 << 20;

    pub(super) const fn node(self) -> Node {
        Node(self.0 & !Self::LENGTH)
    }

    pub(super) const fn length(self) -> usize {
        (self.0 >> 20 & 127) as usize + 1
    }
}
