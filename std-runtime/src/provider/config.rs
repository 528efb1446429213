//! The configuration files.
//!
//! The user's file is `$XDG_CONFIG_HOME/zerostack/config.toml`, else
//! `~/.config/zerostack/config.toml`:
//!
//! ```toml
//! provider = "work"                # a known provider or a table below
//! model = "fast-coder"
//!
//! [providers.work]
//! api = "openai-chat"              # or any other name that `--api` takes
//! base_url = "https://llm.example.com/v1"
//! key_env = "WORK_LLM_KEY"         # the variable that holds the key; no key stands in a file
//! model = "fast-coder"
//! allow_http = false               # true sends the key over plain http:// too
//! context_tokens = 128000          # of the request and the reply; `--context` says another number
//! prices = { input = 3.0, output = 15.0, cache_read = 0.3 }   # a million tokens, for `--max-cost`
//! tool_mode = "native"             # or lenient, text, schema: for local models, see `--help`
//! output_limit_key = "max_tokens"  # or "max_completion_tokens", as OpenAI's own models want it
//! headers = { x-portkey-provider = "openai", api-key = "${AZURE_KEY}" }   # sent with each request
//! query = { api-version = "2024-10-21" }   # the same, in the URL; `${NAME}` is a variable
//!
//! [permissions]                    # as `zerostack permissions check` tries them
//! mode = "standard"                # readonly, standard or full
//! deny = ["Read(./secrets/**)"]
//! ask = ["Bash(git push:*)"]
//! allow = ["Bash(npm install:*)"]
//!
//! [projects]                       # what a project's file may choose
//! providers = ["work", "lab"]      # beside the user's own `provider`; none if it is not said
//! models = ["fast-coder", "big"]   # any if it is not said
//! ```
//!
//! The project's file is `.zerostack/config.toml` in the folder of the run. It may hold `provider`,
//! `model` and `[permissions]` without `allow`, and chooses among what `[projects]` of the user's file allows: a cloned project
//! must not choose where code and keys go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use zerostack_core::{OutputLimitKey, ToolMode};
use zerostack_policy::{Mode, Rule, Verdict};

use super::extra::variables_in;
use super::secret::shown;
use super::{Api, Env};
use crate::error::quote;
use crate::permissions::Permissions;
use crate::{Error, ErrorKind, Result, project_file};

/// What the configuration files say about providers, the project's file over the user's.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub(super) provider: Option<Setting>,
    pub(super) model: Option<Setting>,
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) projects: Projects,
    pub(super) user_file: Option<PathBuf>,
    /// `[permissions]` of both files.
    pub(crate) permissions: Permissions,
}

/// `[projects]`: what a project's file may choose.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Projects {
    #[serde(default)]
    pub providers: Vec<String>,
    pub models: Option<Vec<String>>,
}

/// A value and the file it stands in.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub value: String,
    pub file: PathBuf,
    pub from: File,
}

/// Whose file a value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    User,
    Project,
}

/// One `[providers.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(default, deserialize_with = "api_by_name")]
    pub api: Option<Api>,
    pub base_url: Option<String>,
    pub model: Option<String>,
    pub key_env: Option<String>,
    #[serde(default)]
    pub allow_http: bool,
    #[serde(default, deserialize_with = "output_limit_key_by_name")]
    pub output_limit_key: Option<OutputLimitKey>,
    #[serde(default, deserialize_with = "tool_mode_by_name")]
    pub tool_mode: Option<ToolMode>,
    pub context_tokens: Option<u32>,
    pub prices: Option<PriceTable>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub query: BTreeMap<String, String>,
}

/// What a million tokens cost, in the currency of `--max-cost`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceTable {
    pub input: f64,
    pub output: f64,
    /// As `input` where it is not told; the same for the next.
    pub cache_read: Option<f64>,
    pub cache_write: Option<f64>,
}

/// A dialect by its name in files and flags.
fn api_by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Api>, D::Error> {
    by_name(deserializer, "API", Api::ALL, |api| api.name())
}

fn output_limit_key_by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OutputLimitKey>, D::Error> {
    by_name(deserializer, "key", OutputLimitKey::ALL, |key| key.name())
}

fn mode_by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Mode>, D::Error> {
    by_name(deserializer, "mode", &Mode::ALL, |mode| mode.name())
}

fn tool_mode_by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ToolMode>, D::Error> {
    by_name(deserializer, "tool mode", ToolMode::ALL, |mode| mode.name())
}

/// The one of `all` whose name stands here.
fn by_name<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    what: &str,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<Option<T>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let found = all.iter().copied().find(|one| name_of(*one) == name);
    found.map(Some).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|one| format!("`{}`", name_of(*one))).collect();
        serde::de::Error::custom(format!(
            "the {what} {} is none of {}",
            shown(&name),
            names.join(", ")
        ))
    })
}

impl Config {
    /// Reads both files; one that is missing is empty.
    ///
    /// # Errors
    /// `Configuration` when a file cannot be read or understood: the file, the line, the key.
    pub fn load(env: &Env<'_>, folder: &Path) -> Result<Self> {
        let user = user_file(env);
        let project = folder.join(".zerostack/config.toml");
        let user_text = user.as_deref().map(read).transpose()?.flatten();
        let below = Path::new(".zerostack/config.toml");
        let project_text =
            project_file::read_text(folder, below, MAX_FILE_BYTES).map_err(|why| {
                let message = format!("cannot read {}: {why}", project.display());
                Error::new(ErrorKind::Configuration, message)
            })?;
        let config = Self::parse(
            user.as_deref().zip(user_text.as_deref()),
            project_text.as_deref().map(|text| (project.as_path(), text)),
        )?;
        Ok(Self { user_file: user, ..config })
    }

    /// The same from texts, each with the path that errors name.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(user: Option<(&Path, &str)>, project: Option<(&Path, &str)>) -> Result<Self> {
        let mut config = Self::default();
        if let Some((path, text)) = user {
            let file: UserFile = from_toml(path, text, "")?;
            let from = File::User;
            let setting = |value| Setting { value, file: path.into(), from };
            config.provider = file.provider.map(setting);
            config.model = file.model.filter(|model| !model.trim().is_empty()).map(setting);
            config.tables = file.providers;
            config.projects = file.projects;
            config.permissions = file.permissions.read(path)?;
            config.user_file = Some(path.into());
        }
        if let Some((path, text)) = project {
            let file: ProjectFile = from_toml(
                path,
                text,
                "; a project's file holds only provider, model and [permissions] without allow, the rest belongs into the \
                 user's own file",
            )?;
            let from = File::Project;
            let Permissions { mode, rules } = file.permissions.read(path)?;
            let narrower = [config.permissions.mode, mode].into_iter().flatten().min();
            config.permissions.mode = narrower;
            config.permissions.rules.extend(rules);
            let setting = |value| Setting { value, file: path.into(), from };
            // One that the user chose too is no choice of the project's.
            let is_users = |value: &String| {
                config.provider.as_ref().is_some_and(|provider| provider.value == *value)
            };
            if let Some(value) = file.provider.filter(|value| !is_users(value)) {
                // The user's model belongs to the user's provider.
                (config.provider, config.model) = (Some(setting(value)), None);
            }
            if let Some(value) = file.model.filter(|model| !model.trim().is_empty()) {
                config.model = Some(setting(value));
            }
        }
        Ok(config)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserFile {
    provider: Option<String>,
    model: Option<String>,
    #[serde(default)]
    providers: BTreeMap<String, Table>,
    #[serde(default)]
    projects: Projects,
    #[serde(default)]
    permissions: PermissionTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectFile {
    provider: Option<String>,
    model: Option<String>,
    #[serde(default)]
    permissions: ProjectPermissions,
}

/// `[permissions]` of the user's file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionTable {
    #[serde(default, deserialize_with = "mode_by_name")]
    mode: Option<Mode>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    ask: Vec<String>,
    #[serde(default)]
    deny: Vec<String>,
}

/// `[permissions]` of a project's file, which allows nothing.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectPermissions {
    #[serde(default, deserialize_with = "mode_by_name")]
    mode: Option<Mode>,
    #[serde(default)]
    ask: Vec<String>,
    #[serde(default)]
    deny: Vec<String>,
}

impl PermissionTable {
    fn read(self, path: &Path) -> Result<Permissions> {
        let Self { mode, allow, ask, deny } = self;
        let lists = [(Verdict::Allow, allow), (Verdict::Ask, ask), (Verdict::Deny, deny)];
        let mut rules = Vec::new();
        for (verdict, texts) in lists {
            for text in texts {
                let rule = Rule::parse(&text).map_err(|error| {
                    let message = format!("{}: [permissions]: {error}", path.display());
                    Error::new(ErrorKind::Configuration, message)
                })?;
                rules.push((verdict, rule));
            }
        }
        Ok(Permissions { mode, rules })
    }
}

impl ProjectPermissions {
    fn read(self, path: &Path) -> Result<Permissions> {
        let Self { mode, ask, deny } = self;
        PermissionTable { mode, allow: Vec::new(), ask, deny }.read(path)
    }
}

/// `$XDG_CONFIG_HOME/zerostack/config.toml` or its default; none without a home.
pub(super) fn user_file(env: &Env<'_>) -> Option<PathBuf> {
    let path = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG specification has relative paths ignored.
    let folder = path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    Some(folder.or_else(|| Some(path("HOME")?.join(".config")))?.join("zerostack/config.toml"))
}

/// A cloned project may hold a link to a device without an end, so it looks before it reads.
fn read(path: &Path) -> Result<Option<String>> {
    let wrong = |reason: &dyn fmt::Display| {
        let message = format!("cannot read {}: {reason}", path.display());
        Err(Error::new(ErrorKind::Configuration, message))
    };
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => wrong(&"it is no regular file"),
        Ok(found) if found.len() > MAX_FILE_BYTES => {
            wrong(&format_args!("it has more than {MAX_FILE_BYTES} bytes"))
        }
        Ok(_) => fs::read_to_string(path).map(Some).or_else(|error| wrong(&error)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => wrong(&error),
    }
}

fn from_toml<T: DeserializeOwned>(path: &Path, text: &str, advice: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        // The parser's message may take several lines, and names keys of any length.
        let reason = error.message().split('\n').collect::<Vec<_>>().join("; ");
        let reason = quote(&without_strings(&reason));
        let message = format!("{}:{line}: {reason}{advice}", path.display());
        Error::new(ErrorKind::Configuration, message)
    })
}

/// `reason` without the value that serde prints in `invalid type: string "…", expected u32`: it
/// may be a key in the wrong field.
fn without_strings(reason: &str) -> String {
    match (reason.split_once(" string \""), reason.rsplit_once("\", expected ")) {
        (Some((before, _)), Some((_, expected))) => format!("{before} string, expected {expected}"),
        _ => reason.to_owned(),
    }
}

impl Config {
    /// The variables that hold keys, as far as the files say.
    pub(super) fn key_variables(&self) -> impl Iterator<Item = &str> {
        self.tables.values().flat_map(|table| {
            let values = table.headers.values().chain(table.query.values());
            table.key_env.as_deref().into_iter().chain(values.flat_map(|it| variables_in(it)))
        })
    }
}

const MAX_FILE_BYTES: u64 = 1024 * 1024;
