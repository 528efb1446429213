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
//! key_env = "WORK_LLM_KEY"         # the variable that holds the key; a key is never in a file
//! model = "fast-coder"
//! allow_http = false               # true also sends the key over plain http://
//! context_tokens = 128000          # of the request and the reply; `--context` overrides it
//! prices = { input = 3.0, output = 15.0, cache_read = 0.3 }   # per million tokens, for `--max-cost`
//! tool_mode = "native"             # or lenient, text, schema: for local models, see `--help`
//! output_limit_key = "max_tokens"  # or "max_completion_tokens", for OpenAI's own models
//! profile = { stream_options = false, instruction_role = "user" }   # what the server refuses
//! options = { temperature = 0.2, stop = ["END"] }   # of each request; see the flags of a run
//! headers = { x-portkey-provider = "openai", api-key = "${AZURE_KEY}" }   # sent with each request
//! query = { api-version = "2024-10-21" }   # the same, in the URL; `${NAME}` is a variable
//!
//! [permissions]                    # see `zerostack permissions check`
//! mode = "standard"                # readonly, standard or full
//! deny = ["Read(./secrets/**)"]
//! ask = ["Bash(git push:*)"]
//! allow = ["Bash(npm install:*)"]
//!
//! [sandbox]                        # what tools reach beside the project, with what flags say
//! also = ["~/library"]
//! allow_read = ["~/data"]
//! allow_write = ["/srv/cache"]
//! env = ["DATABASE_URL"]
//! net = "crates.io,*.npmjs.org"    # off, on, or hosts; `--net` overrides it
//! disk_bytes = 34359738368         # what the files of a run may take of the disk
//!
//! [projects]                       # what a project's file may choose
//! providers = ["work", "lab"]      # besides the user's own `provider`; by default no other
//! models = ["fast-coder", "big"]   # by default any
//! ```
//!
//! The project's file is `.zerostack/config.toml` in the folder of the run. It may hold `provider`,
//! `model`, `[permissions]` and `[sandbox]`, and chooses among what `[projects]` of the user's file
//! allows: a cloned project must not choose where code and keys go. It only narrows what the model
//! may do, until the user trusts it: see [`crate::trust`].
//!
//! An unknown key at the top of the user's file is reported and ignored; in a table, and in a
//! project's file, it is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use zerostack_agent::provider::{self, Env, File, Projects, Setting, Table, by_name};
use zerostack_core::tool::BadCallPolicy;
use zerostack_policy::{Mode, Rule, Verdict};

use super::toml_file::{MAX_FILE_BYTES, from_toml, read};
use crate::error::quote;
use crate::nearest::nearest;
use crate::permissions::Permissions;
use crate::sandbox::Access;
use crate::trust::{Wish, is_trusted};
use crate::{Error, ErrorKind, Result, project_file};

/// What to do with calls of unknown tools and of arguments that do not fit, and how many of them a turn
/// may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadCalls {
    /// What to do with one.
    pub(crate) policy: BadCallPolicy,
    /// The most in a turn.
    pub(crate) most: u16,
}

impl Default for BadCalls {
    fn default() -> Self {
        Self { policy: BadCallPolicy::default(), most: 32 }
    }
}

/// The settings of the configuration files; the project's file overrides the user's.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Which model to talk to.
    pub providers: provider::Config,
    /// `[permissions]` of both files.
    pub permissions: Permissions,
    /// `[sandbox]` of the user's file.
    pub access: Access,
    /// What to do with calls that cannot run, and how many of them a turn may have.
    pub(crate) bad_calls: BadCalls,
    /// Unknown keys, a line each.
    pub warnings: Vec<String>,
    /// What the project's file would widen; it does not apply, because the file is not trusted.
    pub wish: Option<Wish>,
}

fn mode_by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Mode>, D::Error> {
    by_name(deserializer, "mode", &Mode::ALL, |mode| mode.name())
}

fn policy_by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BadCallPolicy>, D::Error> {
    by_name(deserializer, "bad_calls", &BadCallPolicy::ALL, |policy| policy.name())
}

impl Config {
    /// Reads both files; a missing one counts as empty.
    ///
    /// # Errors
    /// `Configuration` if a file cannot be read or parsed: the file, the line, the key.
    pub fn load(env: &Env<'_>, folder: &Path) -> Result<Self> {
        let (user, project) = (user_file(env), folder.join(PROJECT_FILE));
        let user_text = user.as_deref().map(read).transpose()?.flatten();
        let project_text = read_project(folder)?;
        let is_trusted =
            project_text.as_ref().is_some_and(|text| is_trusted(&project, text.as_bytes()));
        let config = Self::parse(
            user.as_deref().zip(user_text.as_deref()),
            project_text.as_deref().map(|text| (project.as_path(), text)),
            is_trusted,
        )?;
        let providers = provider::Config { user_file: user, ..config.providers };
        Ok(Self { providers, ..config })
    }

    /// The same from strings, each with the path for errors, and whether the project's file is
    /// trusted.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(
        user: Option<(&Path, &str)>,
        project: Option<(&Path, &str)>,
        is_trusted: bool,
    ) -> Result<Self> {
        let mut config = Self::default();
        if let Some((path, text)) = user {
            let file: UserFile = from_toml(path, text, "")?;
            config.warnings.extend(unknown_keys(path, text, &USER_KEYS)?);
            let from = File::User;
            let setting = |value| Setting { value, file: path.into(), from };
            config.providers.provider = file.provider.map(setting);
            config.providers.model =
                file.model.filter(|model| !model.trim().is_empty()).map(setting);
            config.providers.tables = file.providers;
            config.providers.projects = file.projects;
            config.permissions = file.permissions.read(path)?;
            let BadCalls { policy, most } = BadCalls::default();
            config.bad_calls = BadCalls {
                policy: file.bad_calls.unwrap_or(policy),
                most: file.max_bad_calls.unwrap_or(most),
            };
            config.access = file.sandbox.read(path)?;
            config.providers.user_file = Some(path.into());
        }
        if let Some((path, text)) = project {
            let file: ProjectFile = from_toml(path, text, PROJECT_ADVICE)?;
            config.warnings.extend(unknown_keys(path, text, &PROJECT_KEYS)?);
            let from = File::Project;
            let wants = file.wants();
            let Permissions { mode, mut rules, .. } = file.permissions.read(path)?;
            let access = file.sandbox.read(path)?;
            if is_trusted {
                config.permissions.may_widen = mode.is_some();
                config.permissions.mode = mode.or(config.permissions.mode);
                config.access.read.extend(access.read);
                config.access.write.extend(access.write);
                config.access.env.extend(access.env);
                config.access.network = access.network.or(config.access.network);
                config.access.disk_bytes = access.disk_bytes.or(config.access.disk_bytes);
            } else {
                let narrower = [config.permissions.mode, mode].into_iter().flatten().min();
                config.permissions.mode = narrower;
                rules.retain(|(verdict, _)| *verdict != Verdict::Allow);
                let (path, bytes) = (path.to_owned(), text.as_bytes().to_vec());
                config.wish = (!wants.is_empty()).then_some(Wish { path, bytes, wants });
            }
            config.permissions.rules.extend(rules);
            let setting = |value| Setting { value, file: path.into(), from };
            // A provider that the user also chose is not a choice of the project.
            let is_users = |value: &String| {
                config.providers.provider.as_ref().is_some_and(|provider| provider.value == *value)
            };
            if let Some(value) = file.provider.filter(|value| !is_users(value)) {
                // The user's model belongs to the user's provider.
                (config.providers.provider, config.providers.model) = (Some(setting(value)), None);
            }
            if let Some(value) = file.model.filter(|model| !model.trim().is_empty()) {
                config.providers.model = Some(setting(value));
            }
        }
        Ok(config)
    }
}

#[derive(Deserialize)]
struct UserFile {
    provider: Option<String>,
    model: Option<String>,
    #[serde(default, deserialize_with = "policy_by_name")]
    bad_calls: Option<BadCallPolicy>,
    max_bad_calls: Option<u16>,
    #[serde(default)]
    providers: BTreeMap<String, Table>,
    #[serde(default)]
    projects: Projects,
    #[serde(default)]
    permissions: PermissionTable,
    #[serde(default)]
    sandbox: SandboxTable,
}

/// `[sandbox]`; a project's applies if its file is trusted.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SandboxTable {
    #[serde(default)]
    also: Vec<PathBuf>,
    #[serde(default)]
    allow_read: Vec<PathBuf>,
    #[serde(default)]
    allow_write: Vec<PathBuf>,
    #[serde(default)]
    env: Vec<String>,
    net: Option<String>,
    disk_bytes: Option<u64>,
}

impl SandboxTable {
    fn read(self, path: &Path) -> Result<Access> {
        let wrong = |what: String| {
            let message = format!("{}: [sandbox]: {what}", path.display());
            Error::new(ErrorKind::Configuration, message)
        };
        let absolute = |name: PathBuf| match (name.strip_prefix("~"), std::env::home_dir()) {
            (Ok(below), Some(home)) => Ok(home.join(below)),
            // A relative path would be ambiguous: relative to the file, or to the folder of the run.
            _ if !name.is_absolute() => {
                let name = quote(&name.to_string_lossy());
                Err(wrong(format!("{name} must be an absolute path or begin with ~/")))
            }
            _ => Ok(name),
        };
        let all = |names: Vec<PathBuf>| names.into_iter().map(absolute).collect::<Result<_>>();
        let network = self.net.map(|net| net.parse().map_err(|why| wrong(format!("net: {why}"))));
        Ok(Access {
            also: all(self.also)?,
            read: all(self.allow_read)?,
            write: all(self.allow_write)?,
            env: self.env.into_iter().map(Into::into).collect(),
            network: network.transpose()?,
            disk_bytes: self.disk_bytes,
        })
    }
}

#[derive(Deserialize)]
struct ProjectFile {
    provider: Option<String>,
    model: Option<String>,
    #[serde(default)]
    permissions: PermissionTable,
    #[serde(default)]
    sandbox: SandboxTable,
}

impl ProjectFile {
    /// What it would widen, which applies only if it is trusted.
    fn wants(&self) -> Vec<String> {
        let SandboxTable { also, allow_read, allow_write, env, net, disk_bytes } = &self.sandbox;
        let Self { permissions: PermissionTable { mode, allow, .. }, .. } = self;
        let paths = |what: &'static str, paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|path| format!("{what} {}", path.display())).collect()
        };
        let mut wants: Vec<String> = allow.iter().map(|rule| format!("allow {rule}")).collect();
        wants.extend(mode.filter(|mode| *mode == Mode::Full).map(|_| "mode full".to_owned()));
        wants.extend(paths("also", also));
        wants.extend(paths("read", allow_read));
        wants.extend(paths("write", allow_write));
        wants.extend(env.iter().map(|name| format!("variable {name}")));
        wants.extend(disk_bytes.map(|bytes| format!("disk_bytes {bytes}")));
        wants.extend(net.as_ref().filter(|net| *net != "off").map(|net| format!("net {net}")));
        wants
    }
}

/// `[permissions]`; a project's `allow` applies if its file is trusted.
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
        Ok(Permissions { mode, rules, ..Permissions::default() })
    }
}

/// A line for each key at the top of a file that is not one of `keys`. Inside the tables such a key is
/// an error, because each of them controls what is permitted.
///
/// # Errors
/// `Configuration` for any such key of a project's file, for one of a provider, because the
/// run would go to another server, and for one that resembles the name of a table, because a
/// misspelled denial would permit the call.
fn unknown_keys(path: &Path, text: &str, keys: &[&str]) -> Result<Vec<String>> {
    let all: BTreeMap<String, IgnoredAny> = from_toml(path, text, "")?;
    let mut warnings = Vec::new();
    for key in all.keys().filter(|key| !keys.contains(&key.as_str())) {
        let place = format!("{}:{}", path.display(), line_of(text, key));
        let refused = |advice: &str| {
            let text = format!("{place}: unknown field {}{advice}", shown_key(key));
            Err(Error::new(ErrorKind::Configuration, text))
        };
        if keys.len() < USER_KEYS.len() {
            return refused(PROJECT_ADVICE);
        }
        if PROVIDER_KEYS.contains(&key.as_str()) {
            return refused("; it belongs in [providers.NAME]");
        }
        let near = nearest(key, keys.iter().copied());
        let advice = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let text = format!("{place}: unknown key {}{advice}", shown_key(key));
        if near.is_some_and(|near| TABLES.contains(&near)) {
            return Err(Error::new(ErrorKind::Configuration, text));
        }
        warnings.push(format!("{text}; it is ignored"));
    }
    Ok(warnings)
}

/// A key for people: its beginning if it is long. A project names its keys as it likes.
fn shown_key(key: &str) -> String {
    let mut name: String = key.chars().take(KEY_CHARACTERS).collect();
    if name.len() < key.len() {
        name.push('…');
    }
    format!("`{name}`")
}

const KEY_CHARACTERS: usize = 40;

/// The line of a key at the top of a file, counted from 1.
fn line_of(text: &str, key: &str) -> usize {
    let is_place = |line: &str| {
        let line = line.trim_start().trim_start_matches('[').trim_start_matches(['"', '\'']);
        line.strip_prefix(key)
            .is_some_and(|rest| !rest.starts_with(|it: char| it.is_alphanumeric()))
    };
    text.lines().position(is_place).map_or(1, |index| index + 1)
}

/// What the configuration of `folder` would widen, whether it is trusted or not; `None` if nothing.
///
/// # Errors
/// As those of [`Config::load`].
pub(crate) fn wish(folder: &Path) -> Result<Option<Wish>> {
    let text = read_project(folder)?;
    let project = folder.join(PROJECT_FILE);
    let project = text.as_deref().map(|text| (project.as_path(), text));
    Ok(Config::parse(None, project, false)?.wish)
}

/// The tables of both files with their owners; a missing file is left out.
///
/// # Errors
/// `Configuration` if one cannot be read or is not TOML.
pub(crate) fn config_files(
    env: &Env<'_>,
    folder: &Path,
) -> Result<Vec<(&'static str, PathBuf, serde_json::Value)>> {
    let mut files = Vec::new();
    if let Some(text) = read_project(folder)? {
        let path = folder.join(PROJECT_FILE);
        let table = from_toml(&path, &text, "")?;
        files.push(("project", path, table));
    }
    if let Some(path) = user_file(env)
        && let Some(text) = read(&path)?
    {
        let table = from_toml(&path, &text, "")?;
        files.push(("user", path, table));
    }
    Ok(files)
}

/// The text of the project's file.
fn read_project(folder: &Path) -> Result<Option<String>> {
    project_file::read_text(folder, Path::new(PROJECT_FILE), MAX_FILE_BYTES).map_err(|why| {
        let message = format!("cannot read {}: {why}", folder.join(PROJECT_FILE).display());
        Error::new(ErrorKind::Configuration, message)
    })
}

/// The project's file, from the folder of the run.
const PROJECT_FILE: &str = ".zerostack/config.toml";
/// The keys at the top of the user's file.
const USER_KEYS: [&str; 8] = [
    "provider",
    "model",
    "providers",
    "projects",
    "permissions",
    "sandbox",
    "bad_calls",
    "max_bad_calls",
];
/// The keys at the top of a project's file.
const PROJECT_KEYS: [&str; 4] = ["provider", "model", "permissions", "sandbox"];
/// The keys of `[providers.NAME]` besides `model`.
const PROVIDER_KEYS: [&str; 12] = [
    "api",
    "base_url",
    "key_env",
    "allow_http",
    "context_tokens",
    "prices",
    "tool_mode",
    "output_limit_key",
    "options",
    "profile",
    "headers",
    "query",
];
/// The tables that control what is permitted, and for whom.
const TABLES: [&str; 4] = ["providers", "projects", "permissions", "sandbox"];
const PROJECT_ADVICE: &str = "; a project's file holds only provider, model, [permissions] and \
                              [sandbox], the rest belongs into the user's own file";

/// `$XDG_CONFIG_HOME/zerostack/config.toml` or its default; `None` without a home folder.
fn user_file(env: &Env<'_>) -> Option<PathBuf> {
    let path = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // By the XDG specification relative paths are ignored.
    let folder = path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    Some(folder.or_else(|| Some(path("HOME")?.join(".config")))?.join("zerostack/config.toml"))
}
