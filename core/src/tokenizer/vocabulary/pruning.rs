//! Counts of a vocabulary that was pruned for a small memory: exact within the kept part, else an
//! upper bound, and always marked as which.

/// Tokens of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a count is one or the other")]
pub enum Count {
    /// This many.
    Exact(u64),
    /// At most this: the vocabulary was pruned, and the text is not within the kept part.
    AtMost(u64),
}

impl Count {
    /// The number, exact or not.
    pub const fn tokens(self) -> u64 {
        match self {
            Self::Exact(tokens) | Self::AtMost(tokens) => tokens,
        }
    }

    /// Whether it is exact.
    pub const fn is_exact(self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// Both texts, if they share no piece.
    pub(crate) const fn plus(self, other: Self) -> Self {
        let tokens = self.tokens().saturating_add(other.tokens());
        if self.is_exact() && other.is_exact() { Self::Exact(tokens) } else { Self::AtMost(tokens) }
    }
}

/// The kept part of a pruned vocabulary. Such a vocabulary only counts, and makes no ids.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pruning {
    /// The best ranks. A piece that is one token is counted exactly. Any other might still have been
    /// merged by a rank that is missing, never split, so its count is an upper bound.
    Ranks,
    /// All that the characters below this one need. A piece that has another one counts as its
    /// bytes: merges that are missing could be made up for by none, and some in a better order.
    Characters {
        /// The first code point that is outside.
        below: u32,
    },
}

impl Pruning {
    /// The stable number of the pruning in a packed file.
    pub const fn number(pruning: Option<Self>) -> u16 {
        match pruning {
            None => 0,
            Some(Self::Ranks) => 1,
            Some(Self::Characters { below }) => below as u16,
        }
    }

    /// The pruning with this number; `None` if there is none.
    pub const fn from_number(number: u16) -> Option<Option<Self>> {
        Some(match number {
            0 => None,
            1 => Some(Self::Ranks),
            0x80.. => Some(Self::Characters { below: number as u32 }),
            _ => return None,
        })
    }

    /// Whether a character is outside.
    pub(crate) const fn is_outside(self, character: char) -> bool {
        match self {
            Self::Ranks => false,
            Self::Characters { below } => character as u32 >= below,
        }
    }

    /// The tokens of a piece, which were counted, and its bytes, of which some may be outside.
    pub(crate) const fn bound(self, tokens: u64, bytes: u64, is_outside: bool) -> Count {
        match self {
            Self::Ranks if tokens > 1 => Count::AtMost(tokens),
            Self::Characters { .. } if is_outside => Count::AtMost(bytes),
            _ => Count::Exact(tokens),
        }
    }
}
