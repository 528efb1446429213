//! The wire formats.

/// A wire format that providers speak. The numbers are stable: transcripts contain them.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Dialect {
    /// OpenAI chat completions, and the many servers compatible with it.
    OpenAiChat = 1,
    /// Anthropic messages.
    Anthropic = 2,
    /// OpenAI responses, and the servers compatible with it.
    OpenAiResponses = 3,
    /// Google Gemini, `streamGenerateContent`; also spoken by Vertex AI and others.
    Gemini = 4,
    /// Ollama's own chat.
    Ollama = 5,
}

impl Dialect {
    /// All dialects, compiled in or not.
    pub const ALL: &[Self] =
        &[Self::OpenAiChat, Self::Anthropic, Self::OpenAiResponses, Self::Gemini, Self::Ollama];

    /// The name that commands and files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::Anthropic => "anthropic",
            Self::OpenAiResponses => "openai-responses",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// The dialect with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dialect| dialect.name() == name)
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|dialect| *dialect as u8 == number)
    }
}
