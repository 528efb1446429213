//! Which service is spoken to.

/// A service, by the dialect it speaks. The numbers are stable: transcripts hold them.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Provider {
    /// OpenAI chat completions, and the many servers compatible with it.
    OpenAiChat = 1,
    /// Anthropic messages.
    Anthropic = 2,
}

impl Provider {
    /// All providers, compiled in or not.
    pub const ALL: &[Self] = &[Self::OpenAiChat, Self::Anthropic];

    /// The name that commands and files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::Anthropic => "anthropic",
        }
    }

    /// The provider with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| provider.name() == name)
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| *provider as u8 == number)
    }
}
