//! How tools and the limit of a reply are sent.

/// How the tools are described to the model, and how it calls them.
///
/// All but `Native` need the feature `local-models`.
///
/// Calls found in text are reported by [`crate::Event::Recovered`], and are in the transcript like
/// any others. The forms of published models are recognised:
/// `<tool_call>` tags, `[TOOL_CALLS]`, `<|python_tag|>`, a fence of JSON, or JSON on lines of its
/// own; and only if the name is that of a tool and the arguments are an object.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ToolMode {
    /// By the fields that the dialect has for it.
    #[default]
    Native,
    /// The same; where the model writes its calls into the text, they are found there.
    Lenient,
    /// In text: the system text describes the tools, calls and results are text. For servers
    /// that know no tools.
    Text,
    /// The same, and the server holds the model to a JSON Schema of its reply: OpenAI chat and
    /// Ollama. The streamed text is JSON; the transcript has the answer in it at the end.
    Schema,
}

impl ToolMode {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Native, Self::Lenient, Self::Text, Self::Schema];

    /// The name that commands and files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Lenient => "lenient",
            Self::Text => "text",
            Self::Schema => "schema",
        }
    }

    /// The mode with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mode| mode.name() == name)
    }
}

/// The key under which OpenAI chat receives
/// [`max_output_tokens`](crate::Limits::max_output_tokens); the other dialects have but one.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum OutputLimitKey {
    /// `max_tokens`, which compatible servers know.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's own reasoning models want; they refuse the other.
    MaxCompletionTokens,
}

impl OutputLimitKey {
    /// All of them.
    pub const ALL: &[Self] = &[Self::MaxTokens, Self::MaxCompletionTokens];

    /// The key itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }

    /// The one with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }
}
