//! The options with owned strings.

use alloc::string::String;
use alloc::vec::Vec;

use super::{
    CacheTtl, ReasoningEffort, RequestOptions, ResponseSchema, SchemaMode, Thousandths, ToolChoice,
};

/// [`RequestOptions`] that own their strings, and the stop sequences.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnedOptions {
    /// See [`RequestOptions::temperature`].
    pub temperature: Option<Thousandths>,
    /// See [`RequestOptions::top_p`].
    pub top_p: Option<Thousandths>,
    /// See [`RequestOptions::top_k`].
    pub top_k: Option<u32>,
    /// See [`RequestOptions::frequency_penalty`].
    pub frequency_penalty: Option<Thousandths>,
    /// See [`RequestOptions::presence_penalty`].
    pub presence_penalty: Option<Thousandths>,
    /// See [`RequestOptions::seed`].
    pub seed: Option<u32>,
    /// See [`crate::Config::stop_sequence`].
    pub stop: Vec<String>,
    /// See [`RequestOptions::reasoning_effort`].
    pub reasoning_effort: Option<ReasoningEffort>,
    /// See [`RequestOptions::tool_choice`].
    pub tool_choice: Option<OwnedToolChoice>,
    /// See [`RequestOptions::parallel_tool_calls`].
    pub parallel_tool_calls: Option<bool>,
    /// See [`RequestOptions::service_tier`].
    pub service_tier: Option<String>,
    /// See [`RequestOptions::user`].
    pub user: Option<String>,
    /// See [`RequestOptions::cache_ttl`].
    pub cache_ttl: Option<CacheTtl>,
    /// See [`RequestOptions::response_schema`].
    pub response_schema: Option<OwnedResponseSchema>,
    /// See [`RequestOptions::extra`].
    pub extra: Option<String>,
}

/// A [`ToolChoice`] that owns the name of its tool.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OwnedToolChoice {
    /// See [`ToolChoice::Auto`].
    Auto,
    /// See [`ToolChoice::None`].
    None,
    /// See [`ToolChoice::Required`].
    Required,
    /// See [`ToolChoice::Tool`].
    Tool(String),
}

/// A [`ResponseSchema`] that owns its strings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnedResponseSchema {
    /// See [`ResponseSchema::name`].
    pub name: String,
    /// See [`ResponseSchema::schema`].
    pub schema: String,
    /// See [`ResponseSchema::is_strict`].
    pub is_strict: bool,
    /// See [`ResponseSchema::mode`].
    pub mode: SchemaMode,
    /// See [`ResponseSchema::max_repairs`].
    pub max_repairs: Option<u8>,
}

impl OwnedResponseSchema {
    /// See [`ResponseSchema::new`].
    #[must_use]
    pub fn new(name: impl Into<String>, schema: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            schema: schema.into(),
            is_strict: false,
            mode: SchemaMode::Auto,
            max_repairs: None,
        }
    }
}

impl OwnedOptions {
    /// The same, lent.
    #[must_use]
    pub fn lend(&self) -> RequestOptions<'_> {
        RequestOptions {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            frequency_penalty: self.frequency_penalty,
            presence_penalty: self.presence_penalty,
            seed: self.seed,
            reasoning_effort: self.reasoning_effort,
            tool_choice: self.tool_choice.as_ref().map(OwnedToolChoice::lend),
            parallel_tool_calls: self.parallel_tool_calls,
            service_tier: self.service_tier.as_deref(),
            user: self.user.as_deref(),
            cache_ttl: self.cache_ttl,
            response_schema: self.response_schema.as_ref().map(|it| ResponseSchema {
                name: &it.name,
                schema: &it.schema,
                is_strict: it.is_strict,
                mode: it.mode,
                max_repairs: it.max_repairs,
            }),
            extra: self.extra.as_deref(),
        }
    }
}

impl OwnedToolChoice {
    /// The choice that a string names: `auto`, `none`, `required`, or else the tool of this name.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match text {
            "auto" => Self::Auto,
            "none" => Self::None,
            "required" => Self::Required,
            name => Self::Tool(name.into()),
        }
    }

    /// The text that [`from_text`](Self::from_text) takes.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Required => "required",
            Self::Tool(name) => name,
        }
    }

    fn lend(&self) -> ToolChoice<'_> {
        match self {
            Self::Auto => ToolChoice::Auto,
            Self::None => ToolChoice::None,
            Self::Required => ToolChoice::Required,
            Self::Tool(name) => ToolChoice::Tool(name),
        }
    }
}
