//! From flags, variables and files to one endpoint.

use super::base_url::{authority_of, from_ollama_host, host_of, normalize};
use super::config::{Config, Setting, Table};
use super::discovery::{first_chat_model, served_models};
use super::known::{CHOOSING_VARIABLES, KNOWN, Known, LOCAL_SERVERS, known};
use super::{Api, Endpoint, Env, Secret, is_loopback};
use crate::{Error, ErrorKind, Result};
use zerostack_core::{Prices, ToolMode};

/// What the command line, or the program that embeds this, says. Keys are no flags: every process
/// of the machine could read them.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--provider NAME`.
    pub provider: Option<String>,
    /// `--base-url URL`.
    pub base_url: Option<String>,
    /// `--model NAME`.
    pub model: Option<String>,
    /// `--api NAME`: the dialect of a base URL that belongs to no known provider.
    pub api: Option<Api>,
    /// `--tool-mode NAME`.
    pub tool_mode: Option<ToolMode>,
}

/// Chooses the endpoint, in the order that the [module](super) tells, asking servers on this
/// machine which models they have where that is needed.
///
/// # Errors
/// `Configuration` for an unknown provider, a wrong base URL, a missing model, no provider at
/// all, or a key that would travel unencrypted; `Authentication` when the key is missing.
pub fn resolve(flags: &Flags, env: &Env<'_>, config: &Config) -> Result<Endpoint> {
    resolve_with(flags, env, config, &mut served_models)
}

/// Whether anything names a provider, so that [`resolve`] need not look for a local server.
///
/// # Errors
/// As [`resolve`].
pub fn is_configured(flags: &Flags, env: &Env<'_>, config: &Config) -> Result<bool> {
    Inputs { flags, env, config }.choice().map(|choice| choice.is_some())
}

/// [`resolve`] with `models` in place of asking a server at a base URL for its models.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_with(
    flags: &Flags,
    env: &Env<'_>,
    config: &Config,
    models: &mut dyn FnMut(&str) -> Result<Vec<String>>,
) -> Result<Endpoint> {
    let inputs = Inputs { flags, env, config };
    match inputs.choice()? {
        Some(choice) => inputs.endpoint(choice, models),
        None => inputs.discover(models),
    }
}

struct Inputs<'a> {
    flags: &'a Flags,
    env: &'a Env<'a>,
    config: &'a Config,
}

/// A value and what said it.
struct Said {
    value: String,
    source: String,
}

/// A provider that something chose, before its parts are put together.
struct Choice {
    name: String,
    source: String,
    known: Option<&'static Known>,
    table: Table,
    /// Given outright, by flag or `ZEROSTACK_BASE_URL`.
    base_url: Option<Said>,
    /// Whether the top-level `model` of the files belongs to this provider.
    takes_config_model: bool,
}

impl Inputs<'_> {
    fn choice(&self) -> Result<Option<Choice>> {
        let named = self.said(&self.flags.provider, "--provider", "ZEROSTACK_PROVIDER");
        let base_url = self.said(&self.flags.base_url, "--base-url", "ZEROSTACK_BASE_URL");
        let config_provider = self.config.provider.as_ref();
        if let Some(Said { value: name, source }) = named {
            let is_config = config_provider.is_some_and(|provider| provider.value == name);
            return Ok(Some(Choice {
                base_url,
                takes_config_model: is_config,
                ..self.provider(name, source)?
            }));
        }
        if let Some(base_url) = base_url {
            return self.owner_of(base_url).map(Some);
        }
        if let Some(Setting { value, file }) = config_provider {
            let choice = self.provider(value.clone(), file.display().to_string())?;
            return Ok(Some(Choice { takes_config_model: true, ..choice }));
        }
        for (variable, name) in CHOOSING_VARIABLES {
            let api = known(name).map(|known| known.api);
            let fits = self.flags.api.is_none() || self.flags.api == api;
            if fits && self.variable(variable).is_some() {
                let choice = self.provider((*name).to_owned(), (*variable).to_owned())?;
                return Ok(Some(Choice { takes_config_model: true, ..choice }));
            }
        }
        Ok(None)
    }

    fn provider(&self, name: String, source: String) -> Result<Choice> {
        let known = known(&name);
        let table = self.config.tables.get(&name);
        if known.is_none() && table.is_none() {
            let mut names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
            names.extend(self.config.tables.keys().map(String::as_str));
            let message = format!(
                "{source}: no provider is called {name:?}; known are {}; any other is described \
                 by [providers.NAME] in {} or by --base-url",
                names.join(", "),
                self.user_file()
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let table = table.cloned().unwrap_or_default();
        Ok(Choice { name, source, known, table, base_url: None, takes_config_model: false })
    }

    /// The provider whose host a bare base URL names: its key may go there. Else a nameless one.
    fn owner_of(&self, base_url: Said) -> Result<Choice> {
        let api = self.flags.api.unwrap_or(Api::OpenAiChat);
        let authority = authority_of(&normalize(&base_url.value, api, &base_url.source)?);
        let tables = self.config.tables.iter();
        let configured =
            tables.filter_map(|(name, table)| Some((name.as_str(), table.base_url.as_deref()?)));
        let built_in = KNOWN.iter().filter(|known| known.key_env.is_some());
        let owner = configured
            .chain(built_in.map(|known| (known.name, known.base_url)))
            .find(|(_, url)| authority_of(url.trim()) == authority);
        let source = base_url.source.clone();
        let choice = match owner {
            Some((name, _)) => self.provider(name.to_owned(), source)?,
            None => Choice {
                name: authority,
                source,
                known: None,
                table: Table::default(),
                base_url: None,
                takes_config_model: false,
            },
        };
        Ok(Choice { base_url: Some(base_url), ..choice })
    }

    fn endpoint(
        &self,
        choice: Choice,
        models: &mut dyn FnMut(&str) -> Result<Vec<String>>,
    ) -> Result<Endpoint> {
        let known_api = choice.known.map(|known| known.api);
        let api = self.flags.api.or(choice.table.api).or(known_api).unwrap_or(Api::OpenAiChat);
        let base_url = self.base_url(&choice, api)?;
        let key = self.key(&choice, &base_url)?;
        self.refuse_plain_http(&choice, &base_url, key.is_some())?;
        let model = self.model(&choice, &base_url, models)?;
        let known = choice.known.filter(|known| host_of(known.base_url) == host_of(&base_url));
        let known_key = known.map(|known| known.output_limit_key);
        let output_limit_key = choice.table.output_limit_key.or(known_key).unwrap_or_default();
        let tool_mode = self.flags.tool_mode.or(choice.table.tool_mode).unwrap_or_default();
        let context_tokens = choice.table.context_tokens.unwrap_or_default();
        let prices = self.prices(&choice)?;
        let Choice { name, source: origin, .. } = choice;
        Ok(Endpoint {
            name,
            api,
            base_url,
            model,
            key,
            output_limit_key,
            tool_mode,
            context_tokens,
            prices,
            origin,
        })
    }

    /// The prices of the provider's table, in millionths.
    fn prices(&self, choice: &Choice) -> Result<Prices> {
        let Some(table) = choice.table.prices else { return Ok(Prices::NONE) };
        let micros = |price: f64| {
            let micros = (price * 1e6).round();
            if (0.0..=f64::from(u32::MAX)).contains(&micros) {
                return Ok(micros as u32);
            }
            let text =
                format!("prices of {} in {}: {price} is no price", choice.name, self.user_file());
            Err(Error::new(ErrorKind::Configuration, text))
        };
        Ok(Prices {
            input: micros(table.input)?,
            output: micros(table.output)?,
            cache_read: micros(table.cache_read.unwrap_or(table.input))?,
            cache_write: micros(table.cache_write.unwrap_or(table.input))?,
        })
    }

    fn base_url(&self, choice: &Choice, api: Api) -> Result<String> {
        if let Some(Said { value, source }) = &choice.base_url {
            return normalize(value, api, source);
        }
        if let Some(url) = &choice.table.base_url {
            return normalize(
                url,
                api,
                &format!("base_url of {} in {}", choice.name, self.user_file()),
            );
        }
        let Some(known) = choice.known else {
            let message = format!(
                "the provider {} has no base_url; add it to [providers.{0}] in {}",
                choice.name,
                self.user_file()
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        };
        match known.base_url_env.and_then(|name| Some((name, self.variable(name)?))) {
            Some(("OLLAMA_HOST", value)) => from_ollama_host(&value),
            Some((name, value)) => normalize(&value, api, name),
            None => Ok(known.base_url.to_owned()),
        }
    }

    fn key(&self, choice: &Choice, base_url: &str) -> Result<Option<Secret>> {
        let configured = choice.table.key_env.as_deref();
        let own = configured.or(choice.known.and_then(|known| known.key_env));
        let variables = ["ZEROSTACK_API_KEY"].into_iter().chain(own);
        for variable in variables {
            let Some(key) = self.variable(variable) else { continue };
            if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                let message = format!(
                    "the key in {variable} has a space, a line break or another character that \
                     no key has; set it again"
                );
                return Err(Error::new(ErrorKind::Authentication, message));
            }
            return Ok(Some(Secret::new(key)));
        }
        // A provider that was moved to another host may do without.
        let at_home =
            choice.known.is_some_and(|known| host_of(known.base_url) == host_of(base_url));
        match own {
            Some(variable) if configured.is_some() || at_home => {
                let message =
                    format!("no key for {}: set {variable} (or ZEROSTACK_API_KEY)", choice.name);
                Err(Error::new(ErrorKind::Authentication, message))
            }
            _ => Ok(None),
        }
    }

    fn refuse_plain_http(&self, choice: &Choice, base_url: &str, has_key: bool) -> Result<()> {
        let host = host_of(base_url);
        let allowed = choice.table.allow_http
            || self.variable("ZEROSTACK_ALLOW_HTTP").is_some_and(|value| value == "1");
        if !has_key || allowed || is_loopback(&host) || base_url.starts_with("https://") {
            return Ok(());
        }
        let message = format!(
            "the key would travel unencrypted to {host}; use https://, or set \
             ZEROSTACK_ALLOW_HTTP=1 if all of that network is yours"
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    fn model(
        &self,
        choice: &Choice,
        base_url: &str,
        models: &mut dyn FnMut(&str) -> Result<Vec<String>>,
    ) -> Result<String> {
        let of_config = self.config.model.as_ref().filter(|_| choice.takes_config_model);
        let named = self
            .said(&self.flags.model, "--model", "ZEROSTACK_MODEL")
            .map(|said| said.value)
            .or_else(|| Some(of_config?.value.clone()))
            .or_else(|| choice.table.model.clone())
            .or_else(|| choice.known?.model.map(str::to_owned));
        if let Some(model) = named {
            return Ok(model);
        }
        let is_own_server = is_loopback(&host_of(base_url))
            || choice.known.is_some_and(|known| known.key_env.is_none());
        if is_own_server {
            let served = models(base_url)?;
            return first_chat_model(&served).cloned().ok_or_else(|| {
                let message = format!("{} at {base_url} has no model; load one", choice.name);
                Error::new(ErrorKind::Configuration, message)
            });
        }
        let message = format!(
            "no model is chosen for {}; name one with --model, ZEROSTACK_MODEL, or model = \"…\" \
             in {}",
            choice.name,
            self.user_file()
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    /// The first server on this machine that has the wanted model, or any model.
    fn discover(&self, models: &mut dyn FnMut(&str) -> Result<Vec<String>>) -> Result<Endpoint> {
        let wanted = self
            .said(&self.flags.model, "--model", "ZEROSTACK_MODEL")
            .map(|said| said.value)
            .or_else(|| Some(self.config.model.as_ref()?.value.clone()));
        for known in LOCAL_SERVERS.iter().filter_map(|name| known(name)) {
            // Most of them are not there, and something else may be.
            let Ok(served) = models(known.base_url) else { continue };
            let model = match &wanted {
                // Ollama lists a model with its tag, and takes it without.
                Some(wanted) => served
                    .iter()
                    .any(|model| model.split(':').next() == Some(wanted) || model == wanted)
                    .then_some(wanted),
                None => first_chat_model(&served),
            };
            let Some(model) = model else { continue };
            return Ok(Endpoint {
                name: known.name.to_owned(),
                api: known.api,
                base_url: known.base_url.to_owned(),
                model: model.clone(),
                key: None,
                output_limit_key: known.output_limit_key,
                tool_mode: self.flags.tool_mode.unwrap_or_default(),
                context_tokens: 0,
                prices: Prices::NONE,
                origin: "found on this machine".to_owned(),
            });
        }
        let found = match wanted {
            Some(wanted) => format!("no model server with {wanted}"),
            None => "no model server".to_owned(),
        };
        let message = format!(
            "no model to talk to, and {found} on this machine: set OPENAI_API_KEY, \
             ANTHROPIC_API_KEY or OPENROUTER_API_KEY; or give --base-url (and ZEROSTACK_API_KEY); \
             or start Ollama, llama.cpp or LM Studio; `zerostack try` needs none of these"
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    fn said(&self, flag: &Option<String>, flag_name: &str, variable: &str) -> Option<Said> {
        if let Some(value) = flag {
            return Some(Said { value: value.clone(), source: flag_name.to_owned() });
        }
        Some(Said { value: self.variable(variable)?, source: variable.to_owned() })
    }

    /// A variable without the blanks around it; one that is empty is not set.
    fn variable(&self, name: &str) -> Option<String> {
        let value = (self.env)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn user_file(&self) -> String {
        match &self.config.user_file {
            Some(path) => path.display().to_string(),
            None => "~/.config/zerostack/config.toml".to_owned(),
        }
    }
}
