//! The choice of a provider, who made it, and which keys may be used.

use super::base_url::{authority_of, is_same_server, normalize, path_of};
use super::config::{Config, File, Setting, Table};
use super::known::{CHOOSING_VARIABLES, KNOWN, Known, known};
use super::secret::{begins_like_key, shown};
use super::{Dialect, Env, variable};
use crate::{Error, ErrorKind, Result};
use zerostack_core::{OwnedOptions, ToolMode};

/// The choice of the command line, or of the program that embeds this. Keys are not flags: every
/// process of the machine could read them.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--provider NAME`.
    pub provider: Option<String>,
    /// `--base-url URL`.
    pub base_url: Option<String>,
    /// `--model NAME`.
    pub model: Option<String>,
    /// `--api NAME`: the dialect to speak, if it is not the provider's first.
    pub api: Option<Dialect>,
    /// `--tool-mode NAME`.
    pub tool_mode: Option<ToolMode>,
    /// The request options, in place of those of the provider's table.
    pub options: OwnedOptions,
    /// `--header 'NAME: VALUE'`: headers of each request in addition to those of the provider's table.
    pub headers: Vec<(String, String)>,
}

/// Whether anything names a provider, so that [`resolve`](super::resolve) need not look for a
/// local server.
///
/// # Errors
/// As [`resolve`](super::resolve).
pub fn is_configured(flags: &Flags, env: &Env<'_>, config: &Config) -> Result<bool> {
    Inputs { flags, env, config }.choice().map(|choice| choice.is_some())
}

/// All sources of a choice.
pub(super) struct Inputs<'a> {
    pub flags: &'a Flags,
    pub env: &'a Env<'a>,
    pub config: &'a Config,
}

/// A value and its source.
pub(super) struct Said {
    pub value: String,
    pub source: String,
}

/// A chosen provider, before its parts are put together.
pub(super) struct Choice {
    pub name: String,
    pub source: String,
    pub known: Option<&'static Known>,
    pub table: Table,
    /// Given directly, in the same place.
    pub base_url: Option<Said>,
    pub by: By,
}

/// Who chose a provider.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Flag,
    Variable,
    File(File),
    /// A key or an address of a provider in the environment.
    Ambient,
    /// It was found on this machine.
    Search,
}

impl Inputs<'_> {
    /// The first place that names a provider or a base URL.
    pub fn choice(&self) -> Result<Option<Choice>> {
        let given = |value: &Option<String>, source: &str| {
            value.clone().map(|value| Said { value, source: source.to_owned() })
        };
        let provider = given(&self.flags.provider, "--provider");
        let base_url = given(&self.flags.base_url, "--base-url");
        if let Some(choice) = self.chosen(provider, base_url, By::Flag)? {
            return Ok(Some(choice));
        }
        if let Some(choice) = self.choice_of_variables()? {
            return Ok(Some(choice));
        }
        if let Some(setting) = &self.config.provider {
            self.check_project(setting, &self.config.projects.providers)?;
            let Setting { value, file, from } = setting;
            let said = Said { value: value.clone(), source: file.display().to_string() };
            return self.chosen(Some(said), None, By::File(*from));
        }
        for (name, provider) in CHOOSING_VARIABLES {
            let fits = known(provider)
                .is_some_and(|known| self.flags.api.is_none_or(|api| fits_ambient(known, api)));
            if fits && variable(self.env, name)?.is_some() {
                let said = Said { value: (*provider).to_owned(), source: (*name).to_owned() };
                return self.chosen(Some(said), None, By::Ambient);
            }
        }
        Ok(None)
    }

    /// The choice of `ZEROSTACK_PROVIDER` and `ZEROSTACK_BASE_URL`.
    pub fn choice_of_variables(&self) -> Result<Option<Choice>> {
        let given = |source: &str| {
            let value = variable(self.env, source)?;
            Ok::<_, Error>(value.map(|value| Said { value, source: source.to_owned() }))
        };
        self.chosen(given("ZEROSTACK_PROVIDER")?, given("ZEROSTACK_BASE_URL")?, By::Variable)
    }

    fn chosen(
        &self,
        provider: Option<Said>,
        base_url: Option<Said>,
        by: By,
    ) -> Result<Option<Choice>> {
        match (provider, base_url) {
            (Some(Said { value, source }), base_url) => {
                let choice = self.provider(value, source, by)?;
                Ok(Some(Choice { base_url, ..choice }))
            }
            (None, Some(base_url)) => self.owner_of(base_url, by).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn provider(&self, name: String, source: String, by: By) -> Result<Choice> {
        let known = known(&name);
        let table = self.config.tables.get(&name);
        if known.is_none() && table.is_none() {
            let mut names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
            names.extend(self.config.tables.keys().map(String::as_str));
            let advice =
                if begins_like_key(&name) { "; a key goes into ZEROSTACK_API_KEY" } else { "" };
            let message = format!(
                "{source}: no provider is called {}; known are {}; any other is described \
                 by [providers.NAME] in {} or by --base-url{advice}",
                shown(&name),
                zerostack_text::quote(&names.join(", ")),
                self.user_file()
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let table = table.cloned().unwrap_or_default();
        Ok(Choice { name, source, known, table, base_url: None, by })
    }

    /// The provider whose server a bare base URL names: its key may go there. Else a nameless one.
    fn owner_of(&self, base_url: Said, by: By) -> Result<Choice> {
        let api = self.flags.api.unwrap_or(Dialect::OpenAiChat);
        let url = normalize(&base_url.value, api, &base_url.source)?;
        let tables = self.config.tables.iter();
        let configured =
            tables.filter_map(|(name, table)| Some((name.as_str(), table.base_url.as_deref()?)));
        let built_in = KNOWN.iter().filter(|known| known.key_env.is_some());
        let owners: Vec<(&str, &str)> = configured
            .chain(built_in.map(|known| (known.name, known.base_url)))
            .filter(|(_, owned)| is_same_server(owned, &url))
            .collect();
        // A gateway may serve several, each at its own path.
        let is_whole = |(_, owned): &&(&str, &str)| {
            normalize(owned, api, "").is_ok_and(|owned| path_of(&owned) == path_of(&url))
        };
        let owner = owners.iter().find(is_whole).or(owners.first());
        let source = base_url.source.clone();
        let choice = match owner {
            Some((name, _)) => self.provider((*name).to_owned(), source, by)?,
            None => Choice {
                name: authority_of(&url),
                source,
                known: None,
                table: Table::default(),
                base_url: None,
                by,
            },
        };
        Ok(Choice { base_url: Some(base_url), ..choice })
    }

    /// Refuses a choice of the project's file that the user's file does not allow.
    pub fn check_project(&self, setting: &Setting, allowed: &[String]) -> Result<()> {
        if setting.from == File::User || allowed.contains(&setting.value) {
            return Ok(());
        }
        let message = format!(
            "{}: {} is not among what projects may choose; allow it under [projects] in {}, or \
             choose with --provider and --model",
            setting.file.display(),
            shown(&setting.value),
            self.user_file()
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    /// Whether the top-level `model` of the files belongs to the provider of `choice`.
    pub fn takes_config_model(&self, choice: &Choice) -> bool {
        match choice.by {
            By::File(_) | By::Ambient | By::Search => true,
            By::Flag | By::Variable => {
                self.config.provider.as_ref().is_some_and(|setting| setting.value == choice.name)
            }
        }
    }

    pub fn user_file(&self) -> String {
        match &self.config.user_file {
            Some(path) => path.display().to_string(),
            None => "~/.config/zerostack/config.toml".to_owned(),
        }
    }
}

/// Whether a key of `known` in the environment is a choice for `api`. Anthropic's OpenAI-compatible
/// path is used only if it is named.
fn fits_ambient(known: &Known, api: Dialect) -> bool {
    known.speaks(api) && !(known.name == "anthropic" && api == Dialect::OpenAiChat)
}

/// The message if nothing is chosen: the variables that are set and why they do not count.
pub(super) fn unused_keys(env: &Env<'_>, api: Option<Dialect>) -> String {
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    let keys = KNOWN.iter().filter_map(|known| Some((known, known.key_env?)));
    let set: Vec<(&Known, &str)> = keys.filter(|(_, name)| set(name)).collect();
    match (set.first(), api) {
        (Some((known, name)), Some(api)) if !known.speaks(api) => format!(
            "{name} is set, but {} does not speak {}, which --api asks for; ",
            known.name,
            api.name()
        ),
        (Some((known, name)), _) => format!("{name} is set: use --provider {}; ", known.name),
        (None, Some(api)) => format!("no key is set for a provider of --api {}; ", api.name()),
        (None, None) => String::new(),
    }
}
