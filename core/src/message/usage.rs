//! Counts of tokens, and why a model stopped.

/// Tokens, as the provider counted them; where it counts none and the tokens of a turn are limited,
/// as the configuration does.
///
/// They mean the same with every provider: Anthropic leaves the cached tokens out of its count of
/// the request, so they are added.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Tokens of the request, cached ones too.
    pub input_tokens: u32,
    /// Tokens of the reply, reasoning included.
    pub output_tokens: u32,
    /// Tokens of the request that came from the provider's cache.
    pub cache_read_tokens: u32,
    /// Tokens of the request that were put into the provider's cache.
    pub cache_write_tokens: u32,
    /// Tokens of the reply that were reasoning, if the provider reports it.
    pub reasoning_tokens: u32,
}

impl Usage {
    /// Tokens of the request and the reply together, cached ones too.
    #[must_use]
    pub const fn total(self) -> u32 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// The sum of both, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cache_read_tokens: self.cache_read_tokens.saturating_add(other.cache_read_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(other.cache_write_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
        }
    }
}

/// Why the model stopped.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StopReason {
    /// It finished.
    EndTurn,
    /// It waits for the results of its calls.
    ToolUse,
    /// The token limit of the reply was reached.
    MaxTokens,
    /// It wrote one of the stop sequences.
    StopSequence,
    /// It refused.
    Refusal,
    /// The provider's filter stopped it.
    ContentFilter,
    /// A long turn was paused; sending the conversation again continues it.
    Pause,
    /// A word that this version does not know; [`crate::Session::raw_stop_reason`] has it.
    Other,
}

impl StopReason {
    /// The name in JSON output: lower case, words joined by `_`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::ToolUse => "tool_use",
            Self::MaxTokens => "max_tokens",
            Self::StopSequence => "stop_sequence",
            Self::Refusal => "refusal",
            Self::ContentFilter => "content_filter",
            Self::Pause => "pause",
            Self::Other => "other",
        }
    }
}
