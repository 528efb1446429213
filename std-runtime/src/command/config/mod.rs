//! `config`: each setting of a run with its origin.

mod settings;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};
use zerostack_agent::provider::Config as Providers;
use zerostack_core::ProfileField;

use super::entry::{Entry, Group, Invocation};
use super::flag::value;
use super::print::{print, tell};
use super::run;
use crate::provider::{self, Config, Env, config_files};
use crate::visible::visible;
use crate::{Error, ErrorKind, Result};
use settings::{File, SETTINGS, Setting};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "config",
    group: Group::Inspect,
    about: "Print each setting, its origin and who may set it",
    usage: "[--json] [OPTIONS]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    run::flags(command).mut_arg("json", |arg| arg.help("Print a line of JSON for each setting"))
}

/// One value of a setting.
struct Row {
    key: String,
    value: Value,
    /// The kind of its origin.
    origin: &'static str,
    /// The flag, the variable or the file.
    place: String,
    set_by: Vec<&'static str>,
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let folder = value::<PathBuf>(&matches, "folder").map_or_else(std::env::current_dir, Ok);
    let folder = folder.and_then(|folder| folder.canonicalize()).map_err(|error| {
        Error::new(ErrorKind::Input, format!("the folder cannot be used: {error}"))
    })?;
    let env = crate::agent::variable;
    // Refuse here what a run would refuse.
    let config = Config::load(&env, &folder)?;
    config.warnings.iter().for_each(|warning| tell(warning));
    config.wish.iter().for_each(|wish| tell(&wish.warning()));
    let is_trusted = config.wish.is_none();
    let files: Vec<Source> = config_files(&env, &folder)?
        .into_iter()
        .map(|(origin, path, table)| Source { origin, path, table, is_trusted })
        .collect();
    let mut rows: Vec<Row> = Vec::new();
    SETTINGS.iter().for_each(|setting| rows.extend(rows_of(setting, &matches, &files)));
    for source in files.iter().filter(|source| source.origin == "user") {
        rows.extend(provider_rows(source));
    }
    rows.extend(profile_rows(&matches, &env, &config.providers));
    let is_json = matches.get_flag("json");
    let lines = rows.iter().map(|row| if is_json { row.json() } else { row.text() });
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    print(visible(&text).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// A configuration file.
struct Source {
    origin: &'static str,
    path: PathBuf,
    table: Value,
    /// Whether the wider permissions of the project's file apply.
    is_trusted: bool,
}

impl Source {
    fn value(&self, key: &str) -> Option<&Value> {
        let found = key.split('.').try_fold(&self.table, |table, key| table.get(key))?;
        // `sandbox` is a flag, and a table of the file.
        (!found.is_object()).then_some(found)
    }
}

/// The effective values of a setting: the first of flag, environment, project, user and default;
/// all of them for rules.
fn rows_of(setting: &Setting, matches: &ArgMatches, files: &[Source]) -> Vec<Row> {
    let mut rows = Vec::new();
    let row = |value: Value, origin, place: String| Row {
        key: setting.key.to_owned(),
        value,
        origin,
        place,
        set_by: set_by(setting),
    };
    let flag = setting.flag.and_then(|flag| Some((flag, matches.get_raw(flag)?)));
    if let Some((flag, values)) = flag {
        let mut values: Vec<Value> = values.map(|it| it.to_string_lossy().into()).collect();
        let value = if values.len() == 1 { values.remove(0) } else { values.into() };
        rows.push(row(value, "flag", format!("--{flag}")));
    }
    let variable = setting.variable.and_then(|name| Some((name, std::env::var(name).ok()?)));
    if let Some((name, value)) = variable.filter(|(_, value)| !value.trim().is_empty()) {
        rows.push(row(value.into(), "environment", name.to_owned()));
    }
    for source in files {
        let is_ignored = source.origin == "project"
            && !source.is_trusted
            && matches!(setting.file, File::Trusted);
        if let Some(value) = source.value(setting.key).filter(|_| !is_ignored) {
            rows.push(row(value.clone(), source.origin, source.path.display().to_string()));
        }
    }
    if rows.is_empty() {
        rows.push(row(setting.default.into(), "default", String::new()));
    }
    if !is_list(setting) {
        rows.truncate(1);
    }
    rows
}

/// Whether the values of all places apply together.
fn is_list(setting: &Setting) -> bool {
    let (table, key) = setting.key.split_once('.').unwrap_or_default();
    matches!(table, "permissions" | "sandbox") && key != "mode" && key != "net"
}

fn set_by(setting: &Setting) -> Vec<&'static str> {
    let mut who = Vec::new();
    who.extend(setting.flag.map(|_| "flag"));
    who.extend(setting.variable.map(|_| "environment"));
    match setting.file {
        File::None => {}
        File::User => who.push("user"),
        File::Choice => who.extend(["user", "project if the user's [projects] allows"]),
        File::Narrower => who.extend(["user", "project to narrow"]),
        File::Trusted => who.extend(["user", "project if the user trusts it"]),
    }
    who
}

/// `[providers.NAME]` of the user's file. Values that may hold a key are not printed.
fn provider_rows(source: &Source) -> Vec<Row> {
    let mut rows = Vec::new();
    let providers = source.table.get("providers").and_then(Value::as_object);
    for (name, table) in providers.into_iter().flatten() {
        for (key, value) in table.as_object().into_iter().flatten() {
            let is_secret = matches!(key.as_str(), "headers" | "query");
            rows.push(Row {
                key: format!("providers.{name}.{key}"),
                value: if is_secret { "(not printed)".into() } else { value.clone() },
                origin: source.origin,
                place: source.path.display().to_string(),
                set_by: vec!["user"],
            });
        }
    }
    rows
}

/// The profile of the server that a run would use, if known without asking.
fn profile_rows(matches: &ArgMatches, env: &Env<'_>, config: &Providers) -> Vec<Row> {
    let flags = run::model_of(matches);
    if !provider::is_configured(&flags, env, config).unwrap_or_default() {
        return Vec::new();
    }
    let found = provider::resolve_with(&flags, env, config, &mut |_| Ok(vec!["any".into()]));
    let Ok(endpoint) = found else { return Vec::new() };
    let file = config.user_file.as_deref().unwrap_or(Path::new(""));
    let fields = endpoint.profile.fields(endpoint.api);
    let row = |(field, value, host): (ProfileField, &str, Option<&str>)| Row {
        key: format!("profile.{}", field.name()),
        value: value.into(),
        origin: host.map_or("user", |_| "known server"),
        place: host.map_or_else(|| file.display().to_string(), str::to_owned),
        set_by: vec!["user"],
    };
    fields.map(row).collect()
}

impl Row {
    fn text(&self) -> String {
        let value = match &self.value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let place = match self.place.as_str() {
            "" => self.origin.to_owned(),
            place => format!("{}: {}", self.origin, short(place)),
        };
        format!("{:<22} {value}  ({place}; set by {})", self.key, self.set_by.join(", "))
    }

    fn json(&self) -> String {
        let Self { key, value, origin, place, set_by } = self;
        json!({ "key": key, "value": value, "origin": origin, "place": place, "set_by": set_by })
            .to_string()
    }
}

/// A path below the home folder as people write it.
fn short(place: &str) -> String {
    let below = std::env::home_dir().and_then(|home| {
        Path::new(place).strip_prefix(home).ok().map(|below| format!("~/{}", below.display()))
    });
    below.unwrap_or_else(|| place.to_owned())
}
