//! The options of a request in a provider's table.

use serde::{Deserialize, Deserializer, de};
use zerostack_core::{CacheTtl, OwnedOptions, ReasoningEffort, Thousandths};

use super::by_name::by_name;
use super::secret::shown;

/// `[providers.NAME.options]`: the options of each request to this provider, unless a flag
/// overrides them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptionTable {
    /// How much the model varies its words.
    #[serde(deserialize_with = "thousandths")]
    pub temperature: Option<Thousandths>,
    /// The share of the likely tokens that it chooses from.
    #[serde(deserialize_with = "thousandths")]
    pub top_p: Option<Thousandths>,
    /// How many of the likely tokens it chooses from.
    pub top_k: Option<u32>,
    /// How much it avoids words that it used often.
    #[serde(deserialize_with = "thousandths")]
    pub frequency_penalty: Option<Thousandths>,
    /// How much it avoids words that it used at all.
    #[serde(deserialize_with = "thousandths")]
    pub presence_penalty: Option<Thousandths>,
    /// The seed of its random choices.
    pub seed: Option<u32>,
    /// Strings that end the reply.
    pub stop: Vec<String>,
    /// How long it reasons before it answers.
    #[serde(deserialize_with = "effort")]
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Whether one reply may have several calls.
    pub parallel_tool_calls: Option<bool>,
    /// The class of service.
    pub service_tier: Option<String>,
    /// The end user of the requests.
    pub user: Option<String>,
    /// How long the provider keeps the conversation in its cache.
    #[serde(deserialize_with = "cache_ttl")]
    pub cache_ttl: Option<CacheTtl>,
    /// Further members of the body, as JSON text.
    pub extra: Option<String>,
}

impl OptionTable {
    /// The options of `given`, completed by those of the table.
    #[must_use]
    pub fn under(&self, given: &OwnedOptions) -> OwnedOptions {
        let mut options = given.clone();
        fn fill<T: Clone>(option: &mut Option<T>, below: &Option<T>) {
            if option.is_none() {
                option.clone_from(below);
            }
        }
        fill(&mut options.temperature, &self.temperature);
        fill(&mut options.top_p, &self.top_p);
        fill(&mut options.top_k, &self.top_k);
        fill(&mut options.frequency_penalty, &self.frequency_penalty);
        fill(&mut options.presence_penalty, &self.presence_penalty);
        fill(&mut options.seed, &self.seed);
        fill(&mut options.reasoning_effort, &self.reasoning_effort);
        fill(&mut options.parallel_tool_calls, &self.parallel_tool_calls);
        fill(&mut options.service_tier, &self.service_tier);
        fill(&mut options.user, &self.user);
        fill(&mut options.cache_ttl, &self.cache_ttl);
        fill(&mut options.extra, &self.extra);
        if options.stop.is_empty() {
            options.stop.clone_from(&self.stop);
        }
        options
    }
}

/// A number with at most three decimals.
fn thousandths<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Thousandths>, D::Error> {
    let number = f64::deserialize(from)?;
    let text = number.to_string();
    Thousandths::from_decimal(&text).map(Some).ok_or_else(|| {
        let text = shown(&text);
        de::Error::custom(format!("{text} is not a number with at most three decimals"))
    })
}

fn effort<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ReasoningEffort>, D::Error> {
    by_name(from, "effort", ReasoningEffort::ALL, |effort| effort.name())
}

fn cache_ttl<'de, D: Deserializer<'de>>(from: D) -> Result<Option<CacheTtl>, D::Error> {
    by_name(from, "time", CacheTtl::ALL, |ttl| ttl.name())
}
