//! What may happen.

/// Whether something is permitted, in order of severity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// It is permitted.
    Allow,
    /// A person must be asked; if nobody can be asked it is denied.
    Ask,
    /// It is forbidden.
    Deny,
}

impl Verdict {
    /// `allow`, `ask` or `deny`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}
