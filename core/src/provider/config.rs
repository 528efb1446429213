//! The settings of a session.

use super::Codec;
use super::counting::Counting;
use super::limits::{Prices, RoomPolicy};
use super::options;
#[cfg(feature = "options")]
use super::options::RequestOptions;
use super::profile;
#[cfg(feature = "profiles")]
use super::profile::Profile;
use crate::message::{Dialect, ToolSpec};
use crate::wire::json_read::is_object;
use crate::{Error, ErrorKind};

/// The configuration of a session: borrowed from flash, or owned by a binding.
pub trait Config {
    /// The dialect to speak.
    fn dialect(&self) -> Dialect;
    /// The model, as the provider names it.
    fn model(&self) -> &str;
    /// The system prompt; may be empty.
    fn system(&self) -> &str;
    /// Tool `index`, `None` after the last.
    fn tool(&self, index: usize) -> Option<ToolSpec<'_>>;
    /// The numbers.
    fn limits(&self) -> &Limits;
    /// The key under which OpenAI chat receives `max_output_tokens`.
    fn output_limit_key(&self) -> OutputLimitKey {
        OutputLimitKey::MaxTokens
    }

    /// Tokens of `text`, exactly or nearly: what the window is measured with until the
    /// provider has counted it.
    fn count_tokens(&self, text: &str) -> u32 {
        Counting::default().count(text)
    }

    /// How the tools are described to the model, and how it calls them.
    fn tool_mode(&self) -> ToolMode {
        ToolMode::Native
    }

    /// What a request says beside the conversation.
    #[cfg(feature = "options")]
    fn options(&self) -> RequestOptions<'_> {
        RequestOptions::NONE
    }

    /// What the server refuses or demands beyond its dialect.
    #[cfg(feature = "profiles")]
    fn profile(&self) -> Profile {
        Profile::DIALECT
    }

    /// Text `index` of those that end the reply where the model writes them, `None` after the
    /// last.
    #[cfg(feature = "options")]
    fn stop_sequence(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }
}

/// How the tools are described to the model, and how it calls them.
///
/// All but `Native` want the feature
/// `local-models`.
///
/// Calls found in text are reported by [`crate::Event::Recovered`], and are in the
/// transcript as any others do. They are known in the forms that published models write:
/// `<tool_call>` tags, `[TOOL_CALLS]`, `<|python_tag|>`, a fence of JSON, or JSON on lines of its
/// own; and only when the name is that of a tool and the arguments are an object.
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

/// The key under which OpenAI chat receives [`Limits::max_output_tokens`]; the other dialects have
/// but one.
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

/// The numbers of a session. Reaching a limit is always reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Tokens of one reply; 0 leaves it to the provider (Anthropic wants a number and gets
    /// [`ANTHROPIC_OUTPUT_TOKENS`](Limits::ANTHROPIC_OUTPUT_TOKENS)).
    pub max_output_tokens: u32,
    /// Tokens of the request and the reply together; 0 leaves it to the provider. What does not
    /// fit is an error before it is sent. Ollama cuts what does not fit without a word, so it is
    /// told this number.
    pub context_tokens: u32,
    /// Tokens of the request above which room is made; 0 is four fifths of what
    /// `context_tokens` leaves beside the reply.
    pub high_water_tokens: u32,
    /// Tokens of the request down to which room is made, so that it is made, and the provider's
    /// cache is lost, seldom; 0 is two thirds of the high mark.
    pub low_water_tokens: u32,
    /// How room is made.
    pub room: RoomPolicy,
    /// Bytes of one tool result; a longer one is cut in the middle, with a note of the cut.
    pub max_result_bytes: u32,
    /// Bytes of one response body, stored or not. A server that never ends is refused
    /// here: the turn fails with `Limit`.
    pub max_response_bytes: u32,
    /// Bytes of the storage that must be free before a request is sent.
    pub reply_bytes: u32,
    /// Requests of one turn.
    pub max_rounds: u16,
    /// Tokens of all requests and replies of one turn; 0 is no limit. Once they are used up, no
    /// further request is sent; so with the next two.
    pub max_turn_tokens: u32,
    /// What one turn may cost by `prices`, in millionths of their currency; 0 is no limit.
    pub max_turn_cost_micros: u32,
    /// Milliseconds that [`crate::Session::set_turn_elapsed_ms`] lets one turn take; 0 is no limit.
    pub max_turn_ms: u32,
    /// Times that the model may make the same call in a row; 0 is no limit.
    pub max_repeats: u16,
    /// Calls of one reply. A reply with more fails the turn with `Limit`.
    pub max_calls: u16,
    /// What tokens cost.
    pub prices: Prices,
    /// Times that one request is sent, the first included.
    pub max_attempts: u8,
    /// The wait before the first retry; it doubles with each further one.
    pub retry_base_ms: u32,
    /// The longest wait, even if the provider asks for a longer one.
    pub retry_max_ms: u32,
    /// Where the jitter of the waits begins.
    pub seed: u32,
    /// What happens to a turn that fails.
    pub failed_turn: FailedTurn,
}

/// What happens to a turn that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a turn is kept or taken out")]
pub enum FailedTurn {
    /// All of it is removed, the user's text too, as if it had never begun.
    TakeOut,
    /// The rounds that were complete stay.
    Keep,
}

impl Limits {
    /// What Anthropic receives when `max_output_tokens` is 0.
    pub const ANTHROPIC_OUTPUT_TOKENS: u32 = 32_000;

    /// Limits for a program on an operating system.
    pub const DEFAULT: Self = Self {
        max_output_tokens: 0,
        context_tokens: 0,
        high_water_tokens: 0,
        low_water_tokens: 0,
        room: RoomPolicy::Ask,
        max_result_bytes: 64 * 1024,
        max_response_bytes: 256 * 1024 * 1024,
        reply_bytes: 256,
        max_rounds: 200,
        max_turn_tokens: 0,
        max_turn_cost_micros: 0,
        max_turn_ms: 0,
        max_repeats: 0,
        max_calls: 128,
        prices: Prices::NONE,
        max_attempts: 5,
        retry_base_ms: 500,
        retry_max_ms: 60_000,
        seed: 1,
        failed_turn: FailedTurn::TakeOut,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A borrowed configuration: all of it can be in flash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionConfig<'c> {
    /// The dialect to speak.
    pub dialect: Dialect,
    /// The model, as the provider names it.
    pub model: &'c str,
    /// The system prompt; may be empty.
    pub system: &'c str,
    /// The tools that it may call.
    pub tools: &'c [ToolSpec<'c>],
    /// The numbers.
    pub limits: Limits,
    /// The key under which OpenAI chat receives `max_output_tokens`.
    pub output_limit_key: OutputLimitKey,
    /// What counts tokens.
    pub counting: Counting<'c>,
    /// How the tools are described to the model, and how it calls them.
    pub tool_mode: ToolMode,
    /// What the server refuses or demands beyond its dialect.
    #[cfg(feature = "profiles")]
    pub profile: Profile,
    /// What a request says beside the conversation.
    #[cfg(feature = "options")]
    pub options: RequestOptions<'c>,
    /// Texts that end the reply where the model writes them.
    #[cfg(feature = "options")]
    pub stop: &'c [&'c str],
}

impl<'c> SessionConfig<'c> {
    /// No system prompt, no tools, default limits.
    #[must_use]
    pub const fn new(dialect: Dialect, model: &'c str) -> Self {
        Self {
            dialect,
            model,
            system: "",
            tools: &[],
            limits: Limits::DEFAULT,
            output_limit_key: OutputLimitKey::MaxTokens,
            counting: Counting::ROUGH,
            tool_mode: ToolMode::Native,
            #[cfg(feature = "profiles")]
            profile: Profile::DIALECT,
            #[cfg(feature = "options")]
            options: RequestOptions::NONE,
            #[cfg(feature = "options")]
            stop: &[],
        }
    }
}

impl Config for SessionConfig<'_> {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn model(&self) -> &str {
        self.model
    }

    fn system(&self) -> &str {
        self.system
    }

    fn tool(&self, index: usize) -> Option<ToolSpec<'_>> {
        self.tools.get(index).copied()
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn output_limit_key(&self) -> OutputLimitKey {
        self.output_limit_key
    }

    fn count_tokens(&self, text: &str) -> u32 {
        self.counting.count(text)
    }

    fn tool_mode(&self) -> ToolMode {
        self.tool_mode
    }

    #[cfg(feature = "profiles")]
    fn profile(&self) -> Profile {
        self.profile
    }

    #[cfg(feature = "options")]
    fn options(&self) -> RequestOptions<'_> {
        self.options
    }

    #[cfg(feature = "options")]
    fn stop_sequence(&self, index: usize) -> Option<&str> {
        self.stop.get(index).copied()
    }
}

impl<C: Config + ?Sized> Config for &C {
    fn dialect(&self) -> Dialect {
        (**self).dialect()
    }

    fn model(&self) -> &str {
        (**self).model()
    }

    fn system(&self) -> &str {
        (**self).system()
    }

    fn tool(&self, index: usize) -> Option<ToolSpec<'_>> {
        (**self).tool(index)
    }

    fn limits(&self) -> &Limits {
        (**self).limits()
    }

    fn output_limit_key(&self) -> OutputLimitKey {
        (**self).output_limit_key()
    }

    fn count_tokens(&self, text: &str) -> u32 {
        (**self).count_tokens(text)
    }

    fn tool_mode(&self) -> ToolMode {
        (**self).tool_mode()
    }

    #[cfg(feature = "profiles")]
    fn profile(&self) -> Profile {
        (**self).profile()
    }

    #[cfg(feature = "options")]
    fn options(&self) -> RequestOptions<'_> {
        (**self).options()
    }

    #[cfg(feature = "options")]
    fn stop_sequence(&self, index: usize) -> Option<&str> {
        (**self).stop_sequence(index)
    }
}

#[cfg(feature = "alloc")]
pub use owned::{OwnedConfig, OwnedTool};

#[cfg(feature = "alloc")]
mod owned {
    #[cfg(feature = "options")]
    use super::super::options::{OwnedOptions, RequestOptions};
    #[cfg(feature = "profiles")]
    use super::Profile;
    use super::{Config, Counting, Dialect, Limits, OutputLimitKey, ToolMode, ToolSpec};
    use alloc::string::String;
    use alloc::vec::Vec;

    /// A configuration that owns its texts, for bindings and programs that build it at run time.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct OwnedConfig {
        /// The dialect to speak.
        pub dialect: Dialect,
        /// The model, as the provider names it.
        pub model: String,
        /// The system prompt; may be empty.
        pub system: String,
        /// The tools that it may call.
        pub tools: Vec<OwnedTool>,
        /// The numbers.
        pub limits: Limits,
        /// The key under which OpenAI chat receives `max_output_tokens`.
        pub output_limit_key: OutputLimitKey,
        /// What counts tokens.
        pub counting: Counting<'static>,
        /// How the tools are described to the model, and how it calls them.
        pub tool_mode: ToolMode,
        /// What the server refuses or demands beyond its dialect.
        #[cfg(feature = "profiles")]
        pub profile: Profile,
        /// What a request says beside the conversation.
        #[cfg(feature = "options")]
        pub options: OwnedOptions,
    }

    /// A [`ToolSpec`] that owns its texts.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct OwnedTool {
        /// See [`ToolSpec::name`].
        pub name: String,
        /// See [`ToolSpec::description`].
        pub description: String,
        /// See [`ToolSpec::parameters`].
        pub parameters: String,
    }

    impl OwnedConfig {
        /// No system prompt, no tools, default limits.
        #[must_use]
        pub fn new(dialect: Dialect, model: impl Into<String>) -> Self {
            Self {
                dialect,
                model: model.into(),
                system: String::new(),
                tools: Vec::new(),
                limits: Limits::DEFAULT,
                output_limit_key: OutputLimitKey::MaxTokens,
                counting: Counting::ESTIMATE,
                tool_mode: ToolMode::Native,
                #[cfg(feature = "profiles")]
                profile: Profile::DIALECT,
                #[cfg(feature = "options")]
                options: OwnedOptions::default(),
            }
        }
    }

    impl From<ToolSpec<'_>> for OwnedTool {
        fn from(spec: ToolSpec<'_>) -> Self {
            Self {
                name: spec.name.into(),
                description: spec.description.into(),
                parameters: spec.parameters.into(),
            }
        }
    }

    impl Config for OwnedConfig {
        fn dialect(&self) -> Dialect {
            self.dialect
        }

        fn model(&self) -> &str {
            &self.model
        }

        fn system(&self) -> &str {
            &self.system
        }

        fn tool(&self, index: usize) -> Option<ToolSpec<'_>> {
            self.tools.get(index).map(|tool| ToolSpec {
                name: &tool.name,
                description: &tool.description,
                parameters: &tool.parameters,
            })
        }

        fn limits(&self) -> &Limits {
            &self.limits
        }

        fn output_limit_key(&self) -> OutputLimitKey {
            self.output_limit_key
        }

        fn count_tokens(&self, text: &str) -> u32 {
            self.counting.count(text)
        }

        fn tool_mode(&self) -> ToolMode {
            self.tool_mode
        }

        #[cfg(feature = "profiles")]
        fn profile(&self) -> Profile {
            self.profile
        }

        #[cfg(feature = "options")]
        fn options(&self) -> RequestOptions<'_> {
            self.options.lend()
        }

        #[cfg(feature = "options")]
        fn stop_sequence(&self, index: usize) -> Option<&str> {
            self.options.stop.get(index).map(String::as_str)
        }
    }
}

/// The dialect of a configuration; refuses one that would make an invalid request.
pub(crate) fn check(config: &dyn Config) -> Result<&'static Codec, Error> {
    let mut index = 0;
    while let Some(tool) = config.tool(index) {
        if tool.name.is_empty() || !is_object(tool.parameters.as_bytes()) {
            return Err(Error::new(ErrorKind::BadConfig, index as u32));
        }
        index += 1;
    }
    let limits = config.limits();
    if limits.max_attempts == 0 || limits.max_rounds == 0 || !limits.are_marks_in_order() {
        return Err(Error::new(ErrorKind::BadConfig, u32::MAX));
    }
    // Rather refused than not kept.
    if cfg!(not(feature = "window")) && limits.need_window() {
        return Err(Error::new(ErrorKind::Unsupported, 0));
    }
    super::local::check(config)?;
    let codec = super::codec_of(config.dialect())?;
    let [_, model, rest] = (codec.path)(config.model());
    if !is_plain_path(model) || (model.is_empty() && !rest.is_empty()) {
        return Err(Error::new(ErrorKind::BadConfig, u32::MAX));
    }
    options::check(config, codec)?;
    profile::check(config)?;
    Ok(codec)
}

/// Whether `text` can stand in a path as it is, and leads nowhere else.
fn is_plain_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~@/".contains(&byte);
    let leads_away = |name: &str| matches!(name, "" | "." | "..");
    text.is_empty() || (text.bytes().all(is_plain) && !text.split(['/']).any(leads_away))
}
