//! The options of the requests, as a tape stores them.

use serde::{Deserialize, Serialize};
use zerostack_core::{
    CacheTtl, OwnedOptions, OwnedResponseSchema, OwnedToolChoice, ReasoningEffort, SchemaMode,
    Thousandths,
};

/// The options; unset ones are left out. Decimals are in thousandths.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct OptionsLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_ttl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_schema: Option<SchemaLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<String>,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct SchemaLine {
    name: String,
    schema: String,
    strict: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_repairs: Option<u8>,
}

impl From<&OwnedOptions> for OptionsLine {
    fn from(options: &OwnedOptions) -> Self {
        let number = |decimal: Option<Thousandths>| decimal.map(|Thousandths(number)| number);
        let schema = options.response_schema.as_ref();
        Self {
            temperature: number(options.temperature),
            top_p: number(options.top_p),
            top_k: options.top_k,
            frequency_penalty: number(options.frequency_penalty),
            presence_penalty: number(options.presence_penalty),
            seed: options.seed,
            stop: options.stop.clone(),
            reasoning_effort: options.reasoning_effort.map(|effort| effort.name().to_owned()),
            tool_choice: options.tool_choice.as_ref().map(|choice| choice.text().to_owned()),
            parallel_tool_calls: options.parallel_tool_calls,
            service_tier: options.service_tier.clone(),
            user: options.user.clone(),
            cache_ttl: options.cache_ttl.map(|ttl| ttl.name().to_owned()),
            response_schema: schema.map(|it| SchemaLine {
                name: it.name.clone(),
                schema: it.schema.clone(),
                strict: it.is_strict,
                mode: Some(it.mode.name().to_owned()).filter(|_| it.mode != SchemaMode::Auto),
                max_repairs: it.max_repairs,
            }),
            extra: options.extra.clone(),
        }
    }
}

impl OptionsLine {
    /// The options. `None` for a word unknown to this version.
    pub(super) fn read(self) -> Option<OwnedOptions> {
        let effort = self.reasoning_effort.map(|name| ReasoningEffort::from_name(&name));
        let ttl = self.cache_ttl.map(|name| CacheTtl::from_name(&name));
        let mode = self.response_schema.as_ref().and_then(|it| it.mode.as_deref());
        let mode = mode.map(SchemaMode::from_name);
        if effort == Some(None) || ttl == Some(None) || mode == Some(None) {
            return None;
        }
        let mut options = OwnedOptions::default();
        options.temperature = self.temperature.map(Thousandths);
        options.top_p = self.top_p.map(Thousandths);
        options.top_k = self.top_k;
        options.frequency_penalty = self.frequency_penalty.map(Thousandths);
        options.presence_penalty = self.presence_penalty.map(Thousandths);
        options.seed = self.seed;
        options.stop = self.stop;
        options.reasoning_effort = effort.flatten();
        options.tool_choice = self.tool_choice.map(|name| OwnedToolChoice::from_text(&name));
        options.parallel_tool_calls = self.parallel_tool_calls;
        options.service_tier = self.service_tier;
        options.user = self.user;
        options.cache_ttl = ttl.flatten();
        options.response_schema = self.response_schema.map(|it| OwnedResponseSchema {
            name: it.name,
            schema: it.schema,
            is_strict: it.strict,
            mode: mode.flatten().unwrap_or_default(),
            max_repairs: it.max_repairs,
        });
        options.extra = self.extra;
        Some(options)
    }
}
