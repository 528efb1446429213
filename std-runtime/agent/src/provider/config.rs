//! Settings of providers, which a program read from its own configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use zerostack_core::{OutputLimitKey, Profile, ToolMode};

use super::Dialect;
use super::by_name::by_name;
use super::extra::variables_in;
use super::options::OptionTable;

/// A program's configuration of providers.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The provider to use.
    pub provider: Option<Setting>,
    /// The model to use.
    pub model: Option<Setting>,
    /// Providers by their names.
    pub tables: BTreeMap<String, Table>,
    /// What a project's file may choose.
    pub projects: Projects,
    /// The user's own file, which errors name.
    pub user_file: Option<PathBuf>,
}

/// `[projects]`: what a project's file may choose.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Projects {
    /// Providers in addition to the user's own.
    #[serde(default)]
    pub providers: Vec<String>,
    /// Models; any if there is no list.
    pub models: Option<Vec<String>>,
}

/// A value and its file.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The value.
    pub value: String,
    /// The file, for errors.
    pub file: PathBuf,
    /// Whose file it is.
    pub from: File,
}

/// The owner of the file of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// The user's own.
    User,
    /// One of the project, which may be anyone's.
    Project,
}

/// One `[providers.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The dialect it speaks.
    #[serde(default, deserialize_with = "api_by_name")]
    pub api: Option<Dialect>,
    /// Where it is.
    pub base_url: Option<String>,
    /// Its model, if nothing else names one.
    pub model: Option<String>,
    /// The variable that holds its key.
    pub key_env: Option<String>,
    /// Whether the key may be sent over plain HTTP.
    #[serde(default)]
    pub allow_http: bool,
    /// The key for the limit of a reply.
    #[serde(default, deserialize_with = "output_limit_key_by_name")]
    pub output_limit_key: Option<OutputLimitKey>,
    /// How tools are described to the model.
    #[serde(default, deserialize_with = "tool_mode_by_name")]
    pub tool_mode: Option<ToolMode>,
    /// The request options.
    #[serde(default)]
    pub options: OptionTable,
    /// What the server refuses or demands beyond its dialect.
    #[serde(default, deserialize_with = "super::profile::by_names")]
    pub profile: Profile,
    /// Tokens of a request and its reply.
    pub context_tokens: Option<u32>,
    /// The prices of its tokens.
    pub prices: Option<PriceTable>,
    /// Headers of each request; `${NAME}` is a variable.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Parameters in the URL of each request; `${NAME}` is a variable.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
}

/// The price of a million tokens, in the currency of the limit of a turn's cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// Tokens of requests.
    pub input: f64,
    /// Tokens of replies.
    pub output: f64,
    /// Tokens of requests that the provider read from its cache; as `input` if it is not set.
    pub cache_read: Option<f64>,
    /// Tokens that the provider wrote to its cache; as `input` if it is not set.
    pub cache_write: Option<f64>,
}

/// A dialect by its name in files and flags.
fn api_by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Dialect>, D::Error> {
    by_name(deserializer, "API", Dialect::ALL, |api| api.name())
}

fn output_limit_key_by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OutputLimitKey>, D::Error> {
    by_name(deserializer, "key", OutputLimitKey::ALL, |key| key.name())
}

fn tool_mode_by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ToolMode>, D::Error> {
    by_name(deserializer, "tool mode", ToolMode::ALL, |mode| mode.name())
}

impl Config {
    /// The variables that hold keys, according to the files.
    pub(super) fn key_variables(&self) -> impl Iterator<Item = &str> {
        self.tables.values().flat_map(|table| {
            let values = table.headers.values().chain(table.query.values());
            table.key_env.as_deref().into_iter().chain(values.flat_map(|it| variables_in(it)))
        })
    }
}
