//! The options by number and name.

use crate::error::OPTION_NAMES;

/// An option of a request. The numbers are stable: errors have them as their detail.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RequestOption {
    /// How much the model varies its words.
    Temperature = 1,
    /// The share of the likely tokens that it chooses from.
    TopP = 2,
    /// How many of the likely tokens it chooses from.
    TopK = 3,
    /// How much it avoids words that it used often.
    FrequencyPenalty = 4,
    /// How much it avoids words that it used at all.
    PresencePenalty = 5,
    /// The seed of its random choices.
    Seed = 6,
    /// Texts that end the reply.
    Stop = 7,
    /// How long it reasons before it answers.
    ReasoningEffort = 8,
    /// Whether it must call a tool, and which.
    ToolChoice = 9,
    /// Whether one reply may have several calls.
    ParallelToolCalls = 10,
    /// The class of service that is paid for.
    ServiceTier = 11,
    /// For whom the request is made.
    User = 12,
    /// How long the provider keeps the conversation in its cache.
    CacheTtl = 13,
    /// The JSON Schema of the answer.
    ResponseSchema = 14,
    /// Further members of the body.
    Extra = 15,
}

impl RequestOption {
    /// All of them, in the order of their numbers.
    pub const ALL: &[Self; 15] = &[
        Self::Temperature,
        Self::TopP,
        Self::TopK,
        Self::FrequencyPenalty,
        Self::PresencePenalty,
        Self::Seed,
        Self::Stop,
        Self::ReasoningEffort,
        Self::ToolChoice,
        Self::ParallelToolCalls,
        Self::ServiceTier,
        Self::User,
        Self::CacheTtl,
        Self::ResponseSchema,
        Self::Extra,
    ];

    /// The name that commands and files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        OPTION_NAMES.get(self as usize - 1).copied().unwrap_or_default()
    }

    /// The option that the detail of a `BadOption` or `UnsupportedOption` names.
    #[must_use]
    pub fn from_detail(detail: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|option| *option as u32 == detail)
    }

    /// The field in which a dialect sends it, a path with dots; `None` where the dialect has no
    /// field for it, or is not compiled in.
    #[cfg(feature = "options")]
    #[must_use]
    pub fn field(self, dialect: crate::Dialect) -> Option<&'static str> {
        let fields = crate::provider::codec_of(dialect).ok()?.options;
        Some(fields.path(self)).filter(|path| !path.is_empty())
    }
}
