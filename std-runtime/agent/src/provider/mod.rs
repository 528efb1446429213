//! The model to use: its server, dialect and key.
//!
//! [`resolve`] reads these sources. The first that names a provider or a base URL wins as a whole:
//! the provider, its URL and its key belong together, and no part is taken from another source.
//! 1. the flags `--provider` and `--base-url`,
//! 2. the variables `ZEROSTACK_PROVIDER` and `ZEROSTACK_BASE_URL`,
//! 3. the [configuration](Config) that the program read from its files,
//! 4. `OPENAI_API_KEY`/`OPENAI_BASE_URL`, `ANTHROPIC_API_KEY`/`ANTHROPIC_BASE_URL`,
//!    `OPENROUTER_API_KEY`, `OLLAMA_HOST`,
//! 5. a model server on the usual loopback ports (Ollama, llama.cpp, LM Studio).
//!
//! A key only goes where it belongs. A base URL on its own names no provider, so the key of
//! `OPENAI_API_KEY` is not sent there unless the host is OpenAI's or the provider is named in the
//! same place. `ZEROSTACK_API_KEY` belongs to `ZEROSTACK_PROVIDER` and `ZEROSTACK_BASE_URL`; if
//! neither is set, it is for the choice of the flags, the user's own file or the variables of 4,
//! and never for that of a project's file or of a search. With a key, plain `http://` is refused
//! for hosts other than this machine, because everyone on the way could read the key; the owner of
//! the network can set `allow_http = true` in the provider's table or `ZEROSTACK_ALLOW_HTTP=1`.
//!
//! A variable that is set and not UTF-8 is an error that names it.

mod base_url;
mod by_name;
mod choice;
mod config;
mod discovery;
mod extra;
mod known;
mod options;
mod price_list;
mod profile;
mod resolve;
mod secret;

use std::ffi::OsString;
use std::fmt;

/// The dialect that an endpoint speaks.
pub use zerostack_core::Dialect;
use zerostack_core::{Limits, OutputLimitKey, OwnedConfig, OwnedOptions, Prices, ToolMode};

pub use base_url::is_loopback;
pub use by_name::by_name;
pub use choice::{Flags, is_configured};
pub use config::{Config, File, PriceTable, Projects, Setting, Table};
pub use discovery::{ServedModel, served_models};
pub use extra::Extra;
pub use options::OptionTable;
pub use profile::ServerProfile;
pub use resolve::{resolve, resolve_with};
pub use secret::shown;
pub use secret::{Secret, Secrets};

/// Reads one environment variable, so that nothing here depends on the process's own.
pub type Env<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// A variable without surrounding blanks; an empty one counts as unset.
///
/// # Errors
/// `Configuration` if it is not UTF-8.
pub(crate) fn variable(env: &Env<'_>, name: &str) -> crate::Result<Option<String>> {
    let Some(value) = env(name) else { return Ok(None) };
    let value = value.into_string().map_err(|_| {
        let text = format!("the variable {name} is not UTF-8; set it again");
        crate::Error::new(crate::ErrorKind::Configuration, text)
    })?;
    let value = value.trim();
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

/// The names of those `variables` that hold a key, according to `config` and the built-in table or
/// because their value contains a key of `endpoint`: no tool may see them.
pub fn key_variables(
    variables: impl Iterator<Item = (OsString, OsString)>,
    config: &Config,
    endpoint: &Endpoint,
) -> Vec<OsString> {
    let secrets = endpoint.secrets();
    let holds_key = |name: &OsString, value: &OsString| {
        let of_known = known::KNOWN.iter().filter_map(|known| known.key_env);
        let mut names = config.key_variables().chain(of_known).chain(["ZEROSTACK_API_KEY"]);
        names.any(|known| name == known) || secrets.are_in(value.as_encoded_bytes())
    };
    variables.filter(|(name, value)| holds_key(name, value)).map(|(name, _)| name).collect()
}

/// Everything needed to send a request. `Debug` and `Display` show no key.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The provider's name, or the host if only a base URL is known.
    pub name: String,
    /// The dialect it speaks.
    pub api: Dialect,
    /// The part before the dialect's path, without a slash at its end.
    pub base_url: String,
    /// The model, by the provider's name for it.
    pub model: String,
    /// The key, if there is one.
    pub key: Option<Secret>,
    /// The variable that the key is from, for people.
    pub key_variable: Option<String>,
    /// Headers of each request besides those of the dialect.
    pub headers: Vec<Extra>,
    /// Parameters in the URL of each request.
    pub query: Vec<Extra>,
    /// The key that carries the limit of a reply in OpenAI chat.
    pub output_limit_key: OutputLimitKey,
    /// How tools are described to the model, and how it calls them.
    pub tool_mode: ToolMode,
    /// The request options.
    pub options: OwnedOptions,
    /// What the server refuses or demands beyond its dialect.
    pub profile: ServerProfile,
    /// Tokens that the model can read and write in one request; 0 if unknown.
    pub context_tokens: u32,
    /// The prices of its tokens, if known.
    pub prices: Option<Prices>,
    /// The source of the choice, for people: a flag, a variable, a file, or a server that was found.
    pub origin: String,
}

impl Endpoint {
    /// The endpoint that the environment names, or `None` if it names none.
    ///
    /// # Errors
    /// As [`resolve`].
    pub fn from_environment() -> crate::Result<Option<Self>> {
        let env = |name: &str| std::env::var_os(name);
        let (flags, config) = (Flags::default(), Config::default());
        if !is_configured(&flags, &env, &config)? {
            return Ok(None);
        }
        resolve(&flags, &env, &config).map(Some)
    }

    /// An OpenAI-compatible server of this machine that needs no key.
    pub fn local(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: "local".to_owned(),
            api: Dialect::OpenAiChat,
            base_url: base_url.into(),
            model: model.into(),
            key: None,
            key_variable: None,
            headers: Vec::new(),
            query: Vec::new(),
            output_limit_key: OutputLimitKey::MaxTokens,
            tool_mode: ToolMode::Native,
            options: OwnedOptions::default(),
            profile: ServerProfile::default(),
            context_tokens: 0,
            prices: None,
            origin: "the program".to_owned(),
        }
    }

    /// What a request to `base_url` looks like, or else to a provider that speaks `api`, without any
    /// secret: the key is the name of its variable, `${OPENAI_API_KEY}`, and so are the variables in
    /// `headers`.
    ///
    /// # Errors
    /// `Configuration` for a URL or a header that cannot be sent.
    pub fn without_secrets(
        api: Dialect,
        base_url: Option<&str>,
        headers: &[(String, String)],
    ) -> crate::Result<Self> {
        let as_written = |name: &str| Some(format!("${{{name}}}").into());
        let own = known::KNOWN.iter().find(|it| it.api == api);
        let own = own.or_else(|| known::KNOWN.iter().find(|it| it.speaks(api)));
        let usual = own.map_or("", |it| it.base_url_of(api));
        let source = if base_url.is_some() { "--base-url" } else { api.name() };
        let base_url = base_url::normalize(base_url.unwrap_or(usual), api, source)?;
        // A server of this machine needs no key.
        let key = own.and_then(|it| it.key_env).unwrap_or("ZEROSTACK_API_KEY");
        let key = (!is_loopback(&base_url::host_of(&base_url)))
            .then(|| Secret::new(format!("${{{key}}}")));
        let headers = extra::over(Vec::new(), headers, &as_written)?;
        Ok(Self { api, key, headers, ..Self::local(base_url, "") })
    }

    /// The configuration of a session with this model: no system prompt, no tools, default limits.
    pub fn session_config(&self) -> OwnedConfig {
        let mut config = OwnedConfig::new(self.api, self.model.clone());
        config.output_limit_key = self.output_limit_key;
        config.tool_mode = self.tool_mode;
        config.options = self.options.clone();
        config.profile = self.profile.of_session(self.api);
        config
    }

    /// `limits`, completed with what is known about the model.
    ///
    /// # Errors
    /// `Configuration` for a cost limit if no prices are known.
    pub fn limits(&self, mut limits: Limits) -> crate::Result<Limits> {
        if limits.context_tokens == 0 {
            limits.context_tokens = self.context_tokens;
        }
        if limits.context_tokens == 0 && self.api == Dialect::Ollama {
            limits.context_tokens = OLLAMA_CONTEXT_TOKENS;
        }
        if limits.max_turn_cost_micros == 0 || limits.prices != Prices::NONE {
            return Ok(limits);
        }
        match self.prices {
            // A free model reaches no cost limit, and the session refuses a limit without prices.
            Some(Prices::NONE) => limits.max_turn_cost_micros = 0,
            Some(prices) => limits.prices = prices,
            None => {
                let text = format!(
                    "--max-cost: the prices of {} are not known; give those of a million tokens as \
                     {} in the user's configuration file",
                    self.model,
                    self.price_table()
                );
                return Err(crate::Error::new(crate::ErrorKind::Configuration, text));
            }
        }
        Ok(limits)
    }

    /// The table for the prices, on one line.
    fn price_table(&self) -> String {
        let prices = "prices = { input = 3.0, output = 15.0 }";
        let is_bare = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if self.name == base_url::authority_of(&self.base_url) {
            // No table is named after the server; one with its URL is found by the URL.
            return format!("`providers.NAME = {{ base_url = {:?}, {prices} }}`", self.base_url);
        }
        let name = &self.name;
        let name = if is_bare(name) { name.clone() } else { format!("{name:?}") };
        format!("`{prices}` under [providers.{name}]")
    }

    /// The URL of `path`, which is the dialect's: `/chat/completions` or `/v1/messages`.
    pub fn url(&self, path: &str) -> String {
        let url = format!("{}/{}", self.base_url, path.trim_start_matches('/'));
        extra::with_query(url, &self.query)
    }

    /// The header that carries the key: its name and its whole value.
    pub fn auth_header(&self) -> Option<(&'static str, Secret)> {
        let key = self.key.as_ref()?;
        Some(match self.api {
            Dialect::Anthropic => ("x-api-key", key.clone()),
            Dialect::Gemini => ("x-goog-api-key", key.clone()),
            _ => ("authorization", Secret::new(format!("Bearer {}", key.expose()))),
        })
    }

    /// All headers of a request besides those of the dialect: the key, and those of the provider's
    /// table, which may replace it.
    pub fn headers(&self) -> Vec<(&str, Secret)> {
        let mut headers: Vec<(&str, Secret)> =
            self.headers.iter().map(|it| (it.name.as_str(), it.value.clone())).collect();
        if let Some((name, value)) = self.auth_header()
            && !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            headers.push((name, value));
        }
        headers
    }

    /// The secrets that must not be in any error, event, tape or result.
    pub fn secrets(&self) -> Secrets {
        let extras = self.headers.iter().chain(&self.query).filter(|extra| extra.is_key);
        Secrets::new(self.key.iter().chain(extras.map(|extra| &extra.value)).cloned())
    }
}

/// The context requested from Ollama if none is set. By default it uses 4,096 tokens on most
/// machines, and silently truncates longer requests. A model with a smaller context uses that.
const OLLAMA_CONTEXT_TOKENS: u32 = 32_768;

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, base_url, model, origin, .. } = self;
        // The model is empty until the server is asked for it.
        if !model.is_empty() {
            write!(f, "{model} of ")?;
        }
        write!(f, "{name} at {base_url} ({origin}")?;
        match &self.key_variable {
            Some(variable) => write!(f, ", key of {})", secret::variable_name(variable)),
            None => f.write_str(")"),
        }
    }
}
