//! The options themselves, lent by the configuration.

use super::Thousandths;

/// The options of a request. All are unset by default, and then the provider decides. The stop
/// sequences are separate: see [`crate::Config::stop_sequence`].
///
/// [`crate::Session::new`] refuses an option without a field in the dialect with
/// `UnsupportedOption`, and a value out of range with `BadOption`; nothing is left out silently.
/// [`crate::RequestOption::field`] returns the field of an option in a dialect.
///
/// ```
/// use zerostack_core::{Dialect, RequestOptions, Session, SessionConfig, Thousandths};
///
/// let options = RequestOptions { temperature: Some(Thousandths(200)), ..RequestOptions::NONE };
/// let config = SessionConfig { options, ..SessionConfig::new(Dialect::OpenAiChat, "some-model") };
/// let mut session = Session::new([0_u8; 512], &config)?;
/// session.user("hi")?;
/// let mut body = [0; 512];
/// let length = session.request()?.read(&mut body);
/// assert!(core::str::from_utf8(&body[..length]).unwrap().contains(r#""temperature":0.2,"#));
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RequestOptions<'c> {
    /// How much the model varies its words: 0 to 2, at Anthropic to 1.
    pub temperature: Option<Thousandths>,
    /// The share of the likely tokens that it chooses from: 0 to 1.
    pub top_p: Option<Thousandths>,
    /// How many of the likely tokens it chooses from: 1 or more.
    pub top_k: Option<u32>,
    /// How much it avoids words that it used often: -2 to 2.
    pub frequency_penalty: Option<Thousandths>,
    /// How much it avoids words that it used at all: -2 to 2.
    pub presence_penalty: Option<Thousandths>,
    /// The seed of its random choices: 0 to 2,147,483,647.
    pub seed: Option<u32>,
    /// How long it reasons before it answers.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Whether it must call a tool, and which.
    pub tool_choice: Option<ToolChoice<'c>>,
    /// Whether one reply may have several calls. It is not sent without tools.
    pub parallel_tool_calls: Option<bool>,
    /// The class of service that is paid for, as the provider names it.
    pub service_tier: Option<&'c str>,
    /// The end user of the request: an id that does not identify a person to the provider.
    pub user: Option<&'c str>,
    /// How long the provider keeps the conversation in its cache.
    pub cache_ttl: Option<CacheTtl>,
    /// The JSON Schema of the answer.
    pub response_schema: Option<ResponseSchema<'c>>,
    /// Further members of the body: one JSON object. They must not repeat a member that the session
    /// or another option writes. In Gemini's `generationConfig` and Ollama's `options`, members are
    /// merged with those of the session.
    pub extra: Option<&'c str>,
}

impl RequestOptions<'_> {
    /// All unset.
    pub const NONE: Self = RequestOptions {
        temperature: None,
        top_p: None,
        top_k: None,
        frequency_penalty: None,
        presence_penalty: None,
        seed: None,
        reasoning_effort: None,
        tool_choice: None,
        parallel_tool_calls: None,
        service_tier: None,
        user: None,
        cache_ttl: None,
        response_schema: None,
        extra: None,
    };
}

/// How long the model reasons before it answers. Not every model accepts every value; Claude before
/// 4.6 and Gemini before 3 get a number of tokens.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReasoningEffort {
    /// Not at all.
    None,
    /// As little as it can.
    Minimal,
    /// A little.
    Low,
    /// As much as most tasks need.
    Medium,
    /// Much.
    High,
    /// More than that.
    XHigh,
    /// As much as it can.
    Max,
}

impl ReasoningEffort {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::XHigh, Self::Max];

    /// The name that commands, files and OpenAI use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The one with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|effort| effort.name() == name)
    }
}

/// Whether the model must call a tool, and which. The tools themselves are the same in every
/// request, so the provider's cache serves on.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ToolChoice<'c> {
    /// As it likes.
    Auto,
    /// None.
    None,
    /// Some tool. This applies to the first request of a turn, and the model is free after tools
    /// have answered: a turn with only calls would never end.
    Required,
    /// The tool of this name, in the first request of a turn.
    Tool(&'c str),
}

/// How long the provider keeps the conversation in its cache.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CacheTtl {
    /// Five minutes: Anthropic.
    FiveMinutes,
    /// An hour: Anthropic.
    Hour,
    /// A day: OpenAI.
    Day,
}

impl CacheTtl {
    /// All of them.
    pub const ALL: &[Self] = &[Self::FiveMinutes, Self::Hour, Self::Day];

    /// The name that commands, files and providers use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::Day => "24h",
        }
    }

    /// The one with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|ttl| ttl.name() == name)
    }
}

/// The JSON Schema of the answer.
///
/// With the feature `structured`, the session checks the answer itself, and asks the model to
/// correct a fault, see [`max_repairs`](Self::max_repairs). Not every server keeps to a schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResponseSchema<'c> {
    /// `[a-zA-Z0-9_-]`, at most 64 bytes. OpenAI requires it.
    pub name: &'c str,
    /// One JSON object, of at most [`MAX_BYTES`](Self::MAX_BYTES).
    pub schema: &'c str,
    /// Whether OpenAI holds the answer to the schema in every case. It then takes only schemas
    /// whose objects have `"additionalProperties": false` and all of their properties in
    /// `required`; any other is `BadSchema`. The other dialects have no such setting.
    pub is_strict: bool,
    /// How it reaches the model.
    pub mode: SchemaMode,
    /// How often the model is asked to correct an answer in one turn. After that the turn
    /// ends with `BadAnswer`, and the answer stays in the transcript. `None`: the session does not
    /// check answers. A number needs the feature `structured`.
    pub max_repairs: Option<u8>,
}

impl<'c> ResponseSchema<'c> {
    /// The longest schema.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// A schema that reaches the model in the best way, and is not checked by the session.
    #[must_use]
    pub const fn new(name: &'c str, schema: &'c str) -> Self {
        Self { name, schema, is_strict: false, mode: SchemaMode::Auto, max_repairs: None }
    }
}

/// How a response schema reaches the model. `Words`, and `Auto` where it sends text, need the feature
/// `structured`.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum SchemaMode {
    /// In the request's field for it if the dialect and the model accept it together with the tools
    /// of the session, and Gemini if it knows all of its keywords; else as text.
    #[default]
    Auto,
    /// In the request's field. `UnsupportedOption` if it cannot be used, `BadSchema` with the offset
    /// of what the server would ignore or refuse in it.
    Native,
    /// As text, after each text of the user: for servers and models without such a field.
    Words,
}

impl SchemaMode {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Auto, Self::Native, Self::Words];

    /// The name that commands and files use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Words => "words",
        }
    }

    /// The one with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mode| mode.name() == name)
    }
}
