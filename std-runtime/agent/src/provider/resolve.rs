//! From flags, variables and files to one endpoint.

use super::base_url::{from_ollama_host, host_of, is_same_server, normalize};
use super::choice::{By, Choice, Flags, Inputs, unused_keys};
use super::config::{Config, File};
use super::discovery::{ServedModel, first_chat_model, served_models};
use super::extra::{self, Extra};
use super::known::{LOCAL_SERVERS, known};
use super::price_list;
use super::profile::ServerProfile;
use super::secret::{begins_like_key, shown, variable_name};
use super::{Dialect, Endpoint, Env, Secret, is_loopback, variable};
use crate::transport::HttpOptions;
use crate::{Error, ErrorKind, Result};
use zerostack_core::Prices;
use zerostack_text::quote;

/// Asks the server of an endpoint for its models.
pub type Ask<'a> = dyn FnMut(&Endpoint) -> Result<Vec<ServedModel>> + 'a;

/// Chooses the endpoint, in the order of the [module](super), and asks servers on this machine for
/// their models if needed.
///
/// # Errors
/// `Configuration` for an unknown provider, a wrong base URL, a missing model, no provider at
/// all, a choice of the project that the user does not allow, or a key that would be sent
/// unencrypted; `Authentication` if the key is missing.
pub fn resolve(flags: &Flags, env: &Env<'_>, config: &Config) -> Result<Endpoint> {
    let options = HttpOptions::from_env(env)?;
    resolve_with(flags, env, config, &mut |endpoint| served_models(endpoint, options.clone()))
}

/// [`resolve`] with `ask` in place of asking a server for its models.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_with(
    flags: &Flags,
    env: &Env<'_>,
    config: &Config,
    ask: &mut Ask<'_>,
) -> Result<Endpoint> {
    let inputs = Inputs { flags, env, config };
    match inputs.choice()? {
        Some(choice) => inputs.endpoint(choice, ask),
        None => inputs.discover(ask),
    }
}

impl Inputs<'_> {
    fn endpoint(&self, choice: Choice, ask: &mut Ask<'_>) -> Result<Endpoint> {
        let mut endpoint = self.without_model(&choice)?;
        self.refuse_plain_http(&choice, &endpoint)?;
        endpoint.model = match self.named_model(&choice)? {
            Some(model) => model,
            None => {
                let served = self.served_model(&choice, &endpoint, ask)?;
                endpoint.knows(&served);
                served.name
            }
        };
        // A server that is not the provider's own may have other prices.
        let known = choice.known.filter(|it| host_of(it.base_url) == host_of(&endpoint.base_url));
        if let (None, Some(known)) = (endpoint.prices, known) {
            endpoint.prices = price_list::prices(known.name, &endpoint.model);
        }
        let holds_key = endpoint.secrets().are_in(endpoint.model.as_bytes());
        if holds_key || begins_like_key(&endpoint.model) {
            let message = "the name of the model looks like a key; a key goes into a variable";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        Ok(endpoint)
    }

    /// Everything except the model.
    fn without_model(&self, choice: &Choice) -> Result<Endpoint> {
        let known_api = choice.known.map(|known| known.api);
        let api = self.flags.api.or(choice.table.api).or(known_api).unwrap_or(Dialect::OpenAiChat);
        let base_url = self.base_url(choice, api)?;
        let place = |what: &str| format!("{what} of {} in {}", choice.name, self.user_file());
        // The server that was found may be at another address than the table's, and anything may listen there.
        let is_trusted = choice.by != By::Search;
        let headers = |table| match is_trusted {
            true => extra::expand(table, &place("headers"), self.env),
            false => Ok(Vec::new()),
        };
        let (headers, query): (Vec<Extra>, Vec<Extra>) =
            (headers(&choice.table.headers)?, headers(&choice.table.query)?);
        extra::check_headers(&headers, &place("headers"))?;
        let headers = extra::over(headers, &self.flags.headers, self.env)?;
        let key = if is_trusted { self.key(choice, &base_url, &headers)? } else { None };
        let (key, key_variable) = key.unzip();
        let profile = ServerProfile::new(choice.table.profile, &base_url, &choice.name);
        let known_key = profile.host.map(|host| host.output_limit_key);
        Ok(Endpoint {
            name: choice.name.clone(),
            api,
            base_url,
            model: String::new(),
            key,
            key_variable,
            headers,
            query,
            output_limit_key: choice.table.output_limit_key.or(known_key).unwrap_or_default(),
            tool_mode: self.flags.tool_mode.or(choice.table.tool_mode).unwrap_or_default(),
            options: choice.table.options.under(&self.flags.options),
            profile,
            context_tokens: choice.table.context_tokens.unwrap_or_default(),
            prices: self.prices(choice)?,
            origin: choice.source.clone(),
        })
    }

    /// The prices of the provider's table, in millionths.
    fn prices(&self, choice: &Choice) -> Result<Option<Prices>> {
        let Some(table) = choice.table.prices else { return Ok(None) };
        let micros = |price: f64| {
            let micros = (price * 1e6).round();
            if (0.0..=f64::from(u32::MAX)).contains(&micros) {
                return Ok(micros as u32);
            }
            let text = format!(
                "prices of {} in {}: {price} is not a price",
                choice.name,
                self.user_file()
            );
            Err(Error::new(ErrorKind::Configuration, text))
        };
        Ok(Some(Prices {
            input: micros(table.input)?,
            output: micros(table.output)?,
            cache_read: micros(table.cache_read.unwrap_or(table.input))?,
            cache_write: micros(table.cache_write.unwrap_or(table.input))?,
        }))
    }

    fn base_url(&self, choice: &Choice, api: Dialect) -> Result<String> {
        if let Some(said) = &choice.base_url {
            return normalize(&said.value, api, &said.source);
        }
        if let Some(url) = choice.table.base_url.as_ref().filter(|_| choice.by != By::Search) {
            let place = format!("base_url of {} in {}", choice.name, self.user_file());
            return normalize(url, api, &place);
        }
        let Some(known) = choice.known else {
            let message = format!(
                "the provider {} has no base_url; add it to [providers.{0}] in {}",
                choice.name,
                self.user_file()
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        };
        let moved = match known.base_url_env.filter(|_| choice.by != By::Search) {
            Some(name) => variable(self.env, name)?.map(|value| (name, value)),
            None => None,
        };
        match moved {
            Some(("OLLAMA_HOST", value)) => from_ollama_host(&value, api),
            Some((name, value)) => normalize(&value, api, name),
            None => normalize(known.base_url_of(api), api, known.name),
        }
    }

    /// The key that belongs to this server, and its variable.
    fn key(
        &self,
        choice: &Choice,
        base_url: &str,
        headers: &[Extra],
    ) -> Result<Option<(Secret, String)>> {
        let configured = choice.table.key_env.as_deref();
        if let Some(name) = configured.filter(|name| !is_variable_name(name)) {
            let message = format!(
                "key_env of {} in {} is {}, which is not the name of a variable; put the key into a \
                 variable and its name here",
                choice.name,
                self.user_file(),
                shown(name)
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let own = configured.or(choice.known.and_then(|known| known.key_env));
        let general = self.general_key_belongs(choice, base_url).then_some(GENERAL_KEY);
        for name in general.into_iter().chain(own) {
            let Some(key) = variable(self.env, name)? else { continue };
            if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                let message = format!(
                    "the key in {} has a space, a line break or another character that \
                     no key has; set it again",
                    variable_name(name)
                );
                return Err(Error::new(ErrorKind::Authentication, message));
            }
            return Ok(Some((Secret::new(key), name.to_owned())));
        }
        // A provider on another host may not need one; a header may carry the key.
        let at_home =
            choice.known.is_some_and(|known| host_of(known.base_url) == host_of(base_url));
        match own {
            Some(name) if (configured.is_some() || at_home) && !has_key(headers) => {
                let or_general = match general {
                    Some(name) => format!(" (or {name})"),
                    None if variable(self.env, GENERAL_KEY)?.is_some() => {
                        format!("; {GENERAL_KEY} is for another server")
                    }
                    None => String::new(),
                };
                let message =
                    format!("no key for {}: set {}{or_general}", choice.name, variable_name(name));
                Err(Error::new(ErrorKind::Authentication, message))
            }
            _ => Ok(None),
        }
    }

    /// Whether `ZEROSTACK_API_KEY` is for this server.
    fn general_key_belongs(&self, choice: &Choice, base_url: &str) -> bool {
        // A wrong name there is an error only if it is used.
        let of_variables = self.choice_of_variables();
        match (choice.by, of_variables) {
            (By::Variable, _) => true,
            (By::Search | By::File(File::Project), _) | (_, Err(_)) => false,
            (_, Ok(None)) => true,
            (_, Ok(Some(other))) => self
                .base_url(&other, Dialect::OpenAiChat)
                .is_ok_and(|other| is_same_server(&other, base_url)),
        }
    }

    fn refuse_plain_http(&self, choice: &Choice, endpoint: &Endpoint) -> Result<()> {
        let host = host_of(&endpoint.base_url);
        let has_key =
            endpoint.key.is_some() || has_key(&endpoint.headers) || has_key(&endpoint.query);
        let allowed = choice.table.allow_http
            || variable(self.env, "ZEROSTACK_ALLOW_HTTP")?.is_some_and(|value| value == "1");
        if !has_key || allowed || is_loopback(&host) || endpoint.base_url.starts_with("https://") {
            return Ok(());
        }
        let message = format!(
            "the key would travel unencrypted to {host}; use https://, or set \
             ZEROSTACK_ALLOW_HTTP=1 if all of that network is yours"
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    /// The model that was named.
    fn named_model(&self, choice: &Choice) -> Result<Option<String>> {
        if let Some(model) = self.wanted_model()? {
            return Ok(Some(model));
        }
        if self.takes_config_model(choice)
            && let Some(model) = self.config_model()?
        {
            return Ok(Some(model));
        }
        let default = || choice.known.and_then(|known| known.model).map(str::to_owned);
        let of_table = choice.table.model.as_deref().map(str::trim);
        Ok(of_table.filter(|model| !model.is_empty()).map(str::to_owned).or_else(default))
    }

    /// The top-level `model` of the files.
    fn config_model(&self) -> Result<Option<String>> {
        let Some(setting) = &self.config.model else { return Ok(None) };
        if let Some(allowed) = &self.config.projects.models {
            self.check_project(setting, allowed)?;
        }
        Ok(Some(setting.value.trim().to_owned()))
    }

    /// The model of the flag, else of the variable; an empty one counts as unset.
    fn wanted_model(&self) -> Result<Option<String>> {
        let flag = self.flags.model.as_deref().map(str::trim).filter(|model| !model.is_empty());
        match flag {
            Some(model) => Ok(Some(model.to_owned())),
            None => variable(self.env, "ZEROSTACK_MODEL"),
        }
    }

    fn served_model(
        &self,
        choice: &Choice,
        endpoint: &Endpoint,
        ask: &mut Ask<'_>,
    ) -> Result<ServedModel> {
        let Endpoint { name, base_url, .. } = endpoint;
        let is_own_server = is_loopback(&host_of(base_url))
            || choice.known.is_some_and(|known| known.key_env.is_none());
        if is_own_server {
            let served = ask(endpoint)?;
            return first_chat_model(&served).cloned().ok_or_else(|| {
                let message = format!("{name} at {base_url} has no model; load one");
                Error::new(ErrorKind::Configuration, message)
            });
        }
        let message = format!(
            "no model is chosen for {name}; name one with --model, ZEROSTACK_MODEL, or model = \
             \"…\" in {}",
            self.user_file()
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    /// The first server on this machine that has the wanted model, or any model.
    fn discover(&self, ask: &mut Ask<'_>) -> Result<Endpoint> {
        let wanted = match self.wanted_model()? {
            Some(wanted) => Some(wanted),
            None => self.config_model()?,
        };
        for name in LOCAL_SERVERS {
            let Some(known) = known(name) else { continue };
            if self.flags.api.is_some_and(|api| !known.speaks(api)) {
                continue;
            }
            // Its list is requested in OpenAI's dialect, which all of them speak.
            let place = Endpoint::local(known.base_url, "");
            // Most of them are not running, and something else may listen there.
            let Ok(served) = ask(&Endpoint { name: (*name).to_owned(), ..place }) else { continue };
            let model = match &wanted {
                // Ollama lists a model with its tag, and accepts it without.
                Some(wanted) => served.iter().find(|model| {
                    model.name.split(':').next() == Some(wanted) || model.name == *wanted
                }),
                None => first_chat_model(&served),
            };
            let Some(served) = model else { continue };
            let choice = Choice {
                name: (*name).to_owned(),
                source: "found on this machine".to_owned(),
                known: Some(known),
                table: self.config.tables.get(*name).cloned().unwrap_or_default(),
                base_url: None,
                by: By::Search,
            };
            let mut endpoint = self.without_model(&choice)?;
            endpoint.model = wanted.unwrap_or_else(|| served.name.clone());
            endpoint.knows(served);
            return Ok(endpoint);
        }
        let speaks = self.flags.api.map(|api| format!(" that speaks {}", api.name()));
        let found = match wanted {
            Some(wanted) if begins_like_key(&wanted) => format!("no model {}", shown(&wanted)),
            Some(wanted) => format!("no model server with {}", quote(&wanted)),
            None => "no model server".to_owned(),
        };
        let message = format!(
            "no model to talk to, and {found}{} on this machine: {}set OPENAI_API_KEY, \
             ANTHROPIC_API_KEY or OPENROUTER_API_KEY; or give --base-url (and ZEROSTACK_API_KEY); \
             or start Ollama, llama.cpp or LM Studio; `zerostack try` needs none of these",
            speaks.unwrap_or_default(),
            unused_keys(self.env, self.flags.api)
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }
}

impl Endpoint {
    /// The server's data about its model applies if nothing else is set.
    fn knows(&mut self, served: &ServedModel) {
        if self.context_tokens == 0 {
            self.context_tokens = served.context_tokens;
        }
    }
}

fn has_key(extras: &[Extra]) -> bool {
    extras.iter().any(|extra| extra.is_key)
}

/// Whether a shell could set it; a text that looks like the key itself is not a name.
fn is_variable_name(name: &str) -> bool {
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_word && !name.is_empty() && !name.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// The key for the endpoint that `ZEROSTACK_*` or the user chose.
const GENERAL_KEY: &str = "ZEROSTACK_API_KEY";
