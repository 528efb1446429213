//! Which model to talk to: where it is, in which dialect, and with which key.
//!
//! [`resolve`] reads, the first that says something wins:
//! 1. the flags, then `ZEROSTACK_PROVIDER`, `ZEROSTACK_BASE_URL`, `ZEROSTACK_MODEL`,
//!    `ZEROSTACK_API_KEY`, each on its own,
//! 2. the [configuration files](Config),
//! 3. `OPENAI_API_KEY`/`OPENAI_BASE_URL`, `ANTHROPIC_API_KEY`/`ANTHROPIC_BASE_URL`,
//!    `OPENROUTER_API_KEY`, `OLLAMA_HOST`,
//! 4. a model server on the usual loopback ports (Ollama, llama.cpp, LM Studio).
//!
//! A key only goes where it belongs. A base URL on its own names no provider, so the key of
//! `OPENAI_API_KEY` is not sent there unless the host is OpenAI's or the provider is named too;
//! `ZEROSTACK_API_KEY` goes to whatever endpoint is chosen. With a key, plain `http://` is refused
//! for hosts other than this machine, because everyone on the way could read the key; who owns the
//! network says `allow_http = true` in the provider's table or sets `ZEROSTACK_ALLOW_HTTP=1`.

mod base_url;
mod config;
mod discovery;
mod known;
mod resolve;
mod secret;
#[cfg(test)]
mod tests;

use std::fmt;

/// The dialect that an endpoint speaks.
pub use zerostack_core::Provider as Api;
use zerostack_core::{Limits, OutputLimitKey, OwnedConfig, Prices, ToolMode};

pub use base_url::is_loopback;
pub use config::Config;
pub use discovery::served_models;
pub use resolve::{Flags, is_configured, resolve, resolve_with};
pub use secret::Secret;

/// Reads one environment variable, so that nothing here depends on the process's own.
pub type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Everything needed to send a request. `Debug` and `Display` show no key.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The provider's name, or the host when only a base URL is known.
    pub name: String,
    /// The dialect it speaks.
    pub api: Api,
    /// What stands before the dialect's path, without a slash at its end.
    pub base_url: String,
    /// The model, by the provider's name for it.
    pub model: String,
    /// The key, where there is one.
    pub key: Option<Secret>,
    /// Under which key OpenAI chat is told the limit of a reply.
    pub output_limit_key: OutputLimitKey,
    /// How the model is told of its tools, and how it calls them.
    pub tool_mode: ToolMode,
    /// Tokens that the model can read and write in one request; 0 where nobody said it.
    pub context_tokens: u32,
    /// What its tokens cost.
    pub prices: Prices,
    /// What chose it, for people: a flag, a variable, a file, or a server that was found.
    pub origin: String,
}

impl Endpoint {
    /// What the environment and the configuration files name, or `None` when they name nothing.
    ///
    /// # Errors
    /// As [`resolve`].
    pub fn from_environment() -> crate::Result<Option<Self>> {
        let env = |name: &str| std::env::var(name).ok();
        let folder = std::env::current_dir().unwrap_or_default();
        let (flags, config) = (Flags::default(), Config::load(&env, &folder)?);
        if !is_configured(&flags, &env, &config)? {
            return Ok(None);
        }
        resolve(&flags, &env, &config).map(Some)
    }

    /// An OpenAI-compatible server of this machine that wants no key.
    pub fn local(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: "local".to_owned(),
            api: Api::OpenAiChat,
            base_url: base_url.into(),
            model: model.into(),
            key: None,
            output_limit_key: OutputLimitKey::MaxTokens,
            tool_mode: ToolMode::Native,
            context_tokens: 0,
            prices: Prices::NONE,
            origin: "the program".to_owned(),
        }
    }

    /// The configuration of a session with this model: no system prompt, no tools, default limits.
    pub fn session_config(&self) -> OwnedConfig {
        let mut config = OwnedConfig::new(self.api, self.model.clone());
        config.output_limit_key = self.output_limit_key;
        config.tool_mode = self.tool_mode;
        config
    }

    /// `limits` with what is known of the model where they say nothing.
    ///
    /// # Errors
    /// `Configuration` for a limit of the cost where no prices are known.
    pub fn limits(&self, mut limits: Limits) -> crate::Result<Limits> {
        if limits.context_tokens == 0 {
            limits.context_tokens = self.context_tokens;
        }
        if limits.prices == Prices::NONE {
            limits.prices = self.prices;
        }
        if limits.max_turn_cost_micros > 0 && limits.prices == Prices::NONE {
            let text = format!(
                "--max-cost: the prices of {} are not known; give them as `prices = {{ input = …, \
                 output = … }}` in [providers.{}] of the configuration file",
                self.model, self.name
            );
            return Err(crate::Error::new(crate::ErrorKind::Configuration, text));
        }
        Ok(limits)
    }

    /// The URL of `path`, which is the dialect's: `/chat/completions` or `/v1/messages`.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{}", self.base_url, path.trim_start_matches('/'))
    }

    /// The header that carries the key: its name and its whole value.
    pub fn auth_header(&self) -> Option<(&'static str, Secret)> {
        let key = self.key.as_ref()?;
        Some(match self.api {
            Api::Anthropic => ("x-api-key", key.clone()),
            Api::Gemini => ("x-goog-api-key", key.clone()),
            _ => ("authorization", Secret::new(format!("Bearer {}", key.expose()))),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, base_url, model, origin, .. } = self;
        write!(f, "{model} of {name} at {base_url} ({origin})")
    }
}
