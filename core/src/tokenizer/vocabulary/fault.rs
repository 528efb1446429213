//! The fault of a packed vocabulary.

use crate::{Error, ErrorKind};

/// Why a packed vocabulary is refused: the detail of `BadVocabulary`.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum VocabularyFault {
    /// It ends too early.
    Truncated = 1,
    /// It is another kind of file.
    Foreign = 2,
    /// It is of another version of the format.
    Version = 3,
    /// Its numbers are in the other byte order.
    ByteOrder = 4,
    /// Its header is damaged.
    Header = 5,
    /// It has bytes after its end.
    Trailing = 6,
    /// Its header is impossible.
    Layout = 7,
    /// It needs a pre-tokenizer that this version does not have.
    Pattern = 8,
    /// It is damaged after the header.
    Body = 9,
    /// It is sound, but was pruned to count only: it makes no ids.
    CountsOnly = 10,
}

impl VocabularyFault {
    /// The fault that the detail of a `BadVocabulary` names.
    pub const fn from_detail(detail: u32) -> Option<Self> {
        Some(match detail {
            1 => Self::Truncated,
            2 => Self::Foreign,
            3 => Self::Version,
            4 => Self::ByteOrder,
            5 => Self::Header,
            6 => Self::Trailing,
            7 => Self::Layout,
            8 => Self::Pattern,
            9 => Self::Body,
            10 => Self::CountsOnly,
            _ => return None,
        })
    }

    /// The error with this detail.
    pub(super) fn error(self) -> Error {
        Error::new(ErrorKind::BadVocabulary, self as u32)
    }
}
