//! Without the feature there are no profiles: a request depends only on the dialect and the model's name.

use crate::Error;
use crate::message::Dialect;
use crate::provider::Config;
use crate::provider::model::{is_claude, is_claude_of_cloud};
use crate::transcript::record::Record;
use crate::wire::json_write::CallIdRule;

/// Nothing is switched off.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Switched;

impl Switched {
    pub const NONE: Self = Self;

    pub const fn forget_last(&mut self) {}
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct InForce;

impl InForce {
    pub const fn new(_: &dyn Config, _: Switched) -> Self {
        Self
    }

    pub const fn streams(&self) -> bool {
        true
    }

    pub const fn has_stream_options(&self) -> bool {
        true
    }

    pub fn caches_all(&self, model: &str) -> bool {
        is_claude(model) && !is_claude_of_cloud(model)
    }

    pub const fn has_cache_marks(&self) -> bool {
        true
    }

    pub const fn includes(&self, may_reason: bool) -> bool {
        may_reason
    }

    pub const fn system_role(&self) -> &'static str {
        "system"
    }

    pub fn own_role(&self, record: &Record<'_>, dialect: Dialect) -> Option<&'static str> {
        (dialect == Dialect::OpenAiResponses && record.is_instruction()).then_some("developer")
    }

    pub fn output_limit_key(&self, config: &dyn Config) -> &'static str {
        config.output_limit_key().name()
    }

    pub const fn hides_reasoning(&self) -> bool {
        false
    }

    pub const fn reasoning_field(&self) -> Option<&'static str> {
        None
    }

    pub const fn demands_reasoning(&self) -> bool {
        false
    }

    pub const fn has_reasoning_details(&self) -> bool {
        false
    }

    pub const fn call_ids(&self, of_dialect: CallIdRule) -> CallIdRule {
        of_dialect
    }

    #[cfg_attr(not(feature = "gemini"), allow(dead_code, reason = "it alone is asked for them"))]
    pub const fn streams_arguments(&self) -> bool {
        false
    }

    #[cfg(feature = "attachments")]
    pub const fn takes(&self, _: crate::AttachmentKind) -> bool {
        true
    }

    pub const fn is_strict(&self, _: &str) -> bool {
        false
    }
}

#[cfg(feature = "options")]
pub(crate) const fn streams_arguments(_: &dyn Config) -> bool {
    false
}

pub(crate) const fn check(_: &dyn Config) -> Result<(), Error> {
    Ok(())
}
