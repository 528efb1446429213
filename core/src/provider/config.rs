//! What stays the same during a session.

use crate::message::{Provider, ToolSpec};
use crate::wire::json_read::is_object;
use crate::{Error, ErrorKind};

/// Where a session finds its configuration: lent from flash, or owned by a binding.
pub trait Config {
    /// The dialect to speak.
    fn provider(&self) -> Provider;
    /// The model, as the provider names it.
    fn model(&self) -> &str;
    /// What the model is told first; may be empty.
    fn system(&self) -> &str;
    /// Tool `index`, `None` behind the last.
    fn tool(&self, index: usize) -> Option<ToolSpec<'_>>;
    /// The numbers.
    fn limits(&self) -> &Limits;
}

/// The numbers of a session. Each is a bound that is said when it is hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Tokens of one reply; 0 leaves it to the provider (Anthropic wants a number and gets
    /// [`ANTHROPIC_OUTPUT_TOKENS`](Limits::ANTHROPIC_OUTPUT_TOKENS)).
    pub max_output_tokens: u32,
    /// Tokens of the request and the reply together; 0 leaves it to the provider. Ollama
    /// cuts what does not fit without a word, so it is told this number.
    pub context_tokens: u32,
    /// Bytes of one tool result; a longer one is cut in the middle and says so.
    pub max_result_bytes: u32,
    /// Bytes of one response body, whatever is kept of it. A server that never ends is refused
    /// here: the turn fails with `Limit`.
    pub max_response_bytes: u32,
    /// Bytes of the storage that must be free before a request is sent.
    pub reply_bytes: u32,
    /// Requests of one turn.
    pub max_rounds: u16,
    /// Times that one request is sent, the first included.
    pub max_attempts: u8,
    /// The wait before the first retry; it doubles with each further one.
    pub retry_base_ms: u32,
    /// The longest wait, whatever the provider asks for.
    pub retry_max_ms: u32,
    /// Where the jitter of the waits begins.
    pub seed: u32,
    /// What becomes of a turn that fails.
    pub failed_turn: FailedTurn,
}

/// What becomes of a turn that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailedTurn {
    /// All of it is taken out, the user's text too: as if it had never begun.
    TakeOut,
    /// The rounds that were complete stay.
    Keep,
}

impl Limits {
    /// What Anthropic is told when `max_output_tokens` is 0.
    pub const ANTHROPIC_OUTPUT_TOKENS: u32 = 32_000;

    /// Numbers that suit a program with an operating system.
    pub const DEFAULT: Self = Self {
        max_output_tokens: 0,
        context_tokens: 0,
        max_result_bytes: 64 * 1024,
        max_response_bytes: 256 * 1024 * 1024,
        reply_bytes: 256,
        max_rounds: 200,
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

/// A configuration that is lent: all of it can lie in flash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionConfig<'c> {
    /// The dialect to speak.
    pub provider: Provider,
    /// The model, as the provider names it.
    pub model: &'c str,
    /// What the model is told first; may be empty.
    pub system: &'c str,
    /// The tools that it may call.
    pub tools: &'c [ToolSpec<'c>],
    /// The numbers.
    pub limits: Limits,
}

impl<'c> SessionConfig<'c> {
    /// No system prompt, no tools, default limits.
    #[must_use]
    pub const fn new(provider: Provider, model: &'c str) -> Self {
        Self { provider, model, system: "", tools: &[], limits: Limits::DEFAULT }
    }
}

impl Config for SessionConfig<'_> {
    fn provider(&self) -> Provider {
        self.provider
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
}

impl<C: Config + ?Sized> Config for &C {
    fn provider(&self) -> Provider {
        (**self).provider()
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
}

#[cfg(feature = "alloc")]
pub use owned::{OwnedConfig, OwnedTool};

#[cfg(feature = "alloc")]
mod owned {
    use super::{Config, Limits, Provider, ToolSpec};
    use alloc::string::String;
    use alloc::vec::Vec;

    /// A configuration that owns its texts, for bindings and programs that build it at run time.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct OwnedConfig {
        /// The dialect to speak.
        pub provider: Provider,
        /// The model, as the provider names it.
        pub model: String,
        /// What the model is told first; may be empty.
        pub system: String,
        /// The tools that it may call.
        pub tools: Vec<OwnedTool>,
        /// The numbers.
        pub limits: Limits,
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
        pub fn new(provider: Provider, model: impl Into<String>) -> Self {
            let (system, tools, limits) = (String::new(), Vec::new(), Limits::DEFAULT);
            Self { provider, model: model.into(), system, tools, limits }
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
        fn provider(&self) -> Provider {
            self.provider
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
    }
}

/// Refuses a configuration that would make an invalid request.
pub(crate) fn check(config: &dyn Config) -> Result<(), Error> {
    let mut index = 0;
    while let Some(tool) = config.tool(index) {
        if tool.name.is_empty() || !is_object(tool.parameters.as_bytes()) {
            return Err(Error::new(ErrorKind::BadConfig, index as u32));
        }
        index += 1;
    }
    if config.limits().max_attempts == 0 || config.limits().max_rounds == 0 {
        return Err(Error::new(ErrorKind::BadConfig, u32::MAX));
    }
    let [_, model, rest] = (super::dialect_of(config.provider())?.path)(config.model());
    if !is_plain_path(model) || (model.is_empty() && !rest.is_empty()) {
        return Err(Error::new(ErrorKind::BadConfig, u32::MAX));
    }
    Ok(())
}

/// Whether `text` can stand in a path as it is, and leads nowhere else.
fn is_plain_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~@/".contains(&byte);
    let leads_away = |name: &str| matches!(name, "" | "." | "..");
    text.is_empty() || (text.bytes().all(is_plain) && !text.split('/').any(leads_away))
}
