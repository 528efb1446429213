//! A configuration that owns its strings.

use super::{Config, Counting, Dialect, Limits, OutputLimitKey, ToolMode, ToolSpec};
#[cfg(feature = "options")]
use crate::provider::options::{OwnedOptions, RequestOptions};
#[cfg(feature = "profiles")]
use crate::provider::profile::Profile;
use alloc::string::String;
use alloc::vec::Vec;

/// A configuration that owns its strings, for bindings and programs that build it at run time.
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
    /// How tokens are counted.
    pub counting: Counting<'static>,
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
    pub options: OwnedOptions,
}

/// A [`ToolSpec`] that owns its strings.
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
            #[cfg(feature = "call-deltas")]
            call_deltas: false,
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
    #[cfg(feature = "call-deltas")]
    fn shows_call_deltas(&self) -> bool {
        self.call_deltas
    }

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
