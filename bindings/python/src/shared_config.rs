//! A configuration that the conversations of an agent share.

use std::ops::Deref;
use std::sync::Arc;

use zerostack_core::{
    Config, Dialect, Limits, OutputLimitKey, OwnedConfig, Profile, RequestOptions, ToolMode,
    ToolSpec,
};

/// A configuration that is not copied with its session: an agent has thousands of conversations,
/// and their tools and system prompt are the same.
#[derive(Clone)]
pub struct SharedConfig(Arc<OwnedConfig>);

impl From<OwnedConfig> for SharedConfig {
    fn from(config: OwnedConfig) -> Self {
        Self(Arc::new(config))
    }
}

impl Deref for SharedConfig {
    type Target = OwnedConfig;

    fn deref(&self) -> &OwnedConfig {
        &self.0
    }
}

impl Config for SharedConfig {
    fn shows_call_deltas(&self) -> bool {
        self.0.shows_call_deltas()
    }

    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    fn model(&self) -> &str {
        self.0.model()
    }

    fn system(&self) -> &str {
        self.0.system()
    }

    fn tool(&self, index: usize) -> Option<ToolSpec<'_>> {
        self.0.tool(index)
    }

    fn limits(&self) -> &Limits {
        self.0.limits()
    }

    fn output_limit_key(&self) -> OutputLimitKey {
        self.0.output_limit_key()
    }

    fn count_tokens(&self, text: &str) -> u32 {
        self.0.count_tokens(text)
    }

    fn tool_mode(&self) -> ToolMode {
        self.0.tool_mode()
    }

    fn profile(&self) -> Profile {
        self.0.profile()
    }

    fn options(&self) -> RequestOptions<'_> {
        self.0.options()
    }

    fn stop_sequence(&self, index: usize) -> Option<&str> {
        self.0.stop_sequence(index)
    }
}
