//! The settings of a session.

mod budgets;
mod check;
mod counting;
mod limits;
#[cfg(feature = "alloc")]
mod owned;
mod tool_mode;

#[cfg(feature = "options")]
use super::options::RequestOptions;
#[cfg(feature = "profiles")]
use super::profile::Profile;
use crate::message::{Dialect, ToolSpec};
pub use budgets::{Budget, Prices, RoomPolicy};
pub(crate) use check::check;
pub use counting::{CountTokens, Counting};
pub use limits::{FailedTurn, Limits};
#[cfg(feature = "alloc")]
pub use owned::{OwnedConfig, OwnedTool};
pub use tool_mode::{OutputLimitKey, ToolMode};

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

    /// Tokens of `text`, exact or approximate: measures the window until the provider has counted
    /// it.
    fn count_tokens(&self, text: &str) -> u32 {
        Counting::default().count(text)
    }

    /// Whether the arguments of calls are reported while they arrive, by
    /// [`Event::ToolCallDelta`](crate::Event::ToolCallDelta).
    #[cfg(feature = "call-deltas")]
    fn shows_call_deltas(&self) -> bool {
        false
    }

    /// How the tools are described to the model, and how it calls them.
    fn tool_mode(&self) -> ToolMode {
        ToolMode::Native
    }

    /// The options of a request.
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
    /// How tokens are counted.
    pub counting: Counting<'c>,
    /// How the tools are described to the model, and how it calls them.
    pub tool_mode: ToolMode,
    /// Whether the arguments of calls are reported while they arrive.
    #[cfg(feature = "call-deltas")]
    pub call_deltas: bool,
    /// What the server refuses or demands beyond its dialect.
    #[cfg(feature = "profiles")]
    pub profile: Profile,
    /// The options of a request.
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
            #[cfg(feature = "call-deltas")]
            call_deltas: false,
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
    #[cfg(feature = "call-deltas")]
    fn shows_call_deltas(&self) -> bool {
        self.call_deltas
    }

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
    #[cfg(feature = "call-deltas")]
    fn shows_call_deltas(&self) -> bool {
        (**self).shows_call_deltas()
    }

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
