//! The options of a request.

use zerostack_core::{OwnedOptions, OwnedResponseSchema, OwnedToolChoice, Thousandths};

use crate::{CacheTtl, ReasoningEffort, SchemaMode};

/// The options of a request. An option that is not set is left to the provider.
///
/// `UnsupportedOption` names an option that the dialect has no field for, `BadOption` one that is
/// out of range; nothing is sent then.
#[derive(Clone, PartialEq, Eq, Debug, Default, uniffi::Record)]
pub struct RequestOptions {
    /// How much the model varies its words, in thousandths: 0 to 2000, at Anthropic to 1000.
    #[uniffi(default = None)]
    pub temperature: Option<i32>,
    /// The share of the likely tokens that it chooses from, in thousandths: 0 to 1000.
    #[uniffi(default = None)]
    pub top_p: Option<i32>,
    /// How many of the likely tokens it chooses from: 1 or more.
    #[uniffi(default = None)]
    pub top_k: Option<u32>,
    /// How much it avoids words that it used often, in thousandths: -2000 to 2000.
    #[uniffi(default = None)]
    pub frequency_penalty: Option<i32>,
    /// How much it avoids words that it used at all, in thousandths: -2000 to 2000.
    #[uniffi(default = None)]
    pub presence_penalty: Option<i32>,
    /// The seed of its random choices: 0 to 2,147,483,647.
    #[uniffi(default = None)]
    pub seed: Option<u32>,
    /// Texts that end the reply where the model writes them.
    #[uniffi(default = [])]
    pub stop: Vec<String>,
    /// How long it reasons before it answers.
    #[uniffi(default = None)]
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Whether it must call a tool: `auto`, `none`, `required`, or the name of one.
    #[uniffi(default = None)]
    pub tool_choice: Option<String>,
    /// Whether one reply may have several calls.
    #[uniffi(default = None)]
    pub parallel_tool_calls: Option<bool>,
    /// The class of service that is paid for, as the provider names it.
    #[uniffi(default = None)]
    pub service_tier: Option<String>,
    /// The end user of the request: an id that does not identify a person to the provider.
    #[uniffi(default = None)]
    pub user: Option<String>,
    /// How long the provider keeps the conversation in its cache.
    #[uniffi(default = None)]
    pub cache_ttl: Option<CacheTtl>,
    /// The JSON Schema of the answer.
    #[uniffi(default = None)]
    pub response_schema: Option<ResponseSchema>,
    /// Further members of the body: one JSON object, as text.
    #[uniffi(default = None)]
    pub extra: Option<String>,
}

/// The JSON Schema of the answer.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct ResponseSchema {
    /// One JSON object, as text.
    pub schema: String,
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    #[uniffi(default = "answer")]
    pub name: String,
    /// Whether OpenAI holds the answer to the schema in every case.
    #[uniffi(default = false)]
    pub is_strict: bool,
    /// How it reaches the model; `Auto` by default.
    #[uniffi(default = None)]
    pub mode: Option<SchemaMode>,
    /// How often the model is asked to correct an answer in one turn, which then ends with
    /// `BadAnswer`; none: the session does not check answers.
    #[uniffi(default = None)]
    pub max_repairs: Option<u8>,
}

impl RequestOptions {
    pub(crate) fn to_core(&self) -> OwnedOptions {
        let mut core = OwnedOptions::default();
        core.temperature = self.temperature.map(Thousandths);
        core.top_p = self.top_p.map(Thousandths);
        core.top_k = self.top_k;
        core.frequency_penalty = self.frequency_penalty.map(Thousandths);
        core.presence_penalty = self.presence_penalty.map(Thousandths);
        core.seed = self.seed;
        core.stop.clone_from(&self.stop);
        core.reasoning_effort = self.reasoning_effort.map(Into::into);
        core.tool_choice = self.tool_choice.as_deref().map(OwnedToolChoice::from_text);
        core.parallel_tool_calls = self.parallel_tool_calls;
        core.service_tier.clone_from(&self.service_tier);
        core.user.clone_from(&self.user);
        core.cache_ttl = self.cache_ttl.map(Into::into);
        core.response_schema = self.response_schema.as_ref().map(|it| OwnedResponseSchema {
            is_strict: it.is_strict,
            mode: it.mode.map(Into::into).unwrap_or_default(),
            max_repairs: it.max_repairs,
            ..OwnedResponseSchema::new(it.name.clone(), it.schema.clone())
        });
        core.extra.clone_from(&self.extra);
        core
    }
}
