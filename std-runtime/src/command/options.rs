//! The flags of the request options, for a run and for `encode`.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches};
use zerostack_core::tool::schema::Schema;
use zerostack_core::{
    CacheTtl, Dialect, OutputLimitKey, OwnedOptions, OwnedResponseSchema, OwnedToolChoice, Profile,
    ReasoningEffort, Thousandths,
};

use super::flag::{self, value, values};
use crate::provider::shown;
use crate::{Error, ErrorKind, Result};

/// The flags, in the order of the help.
pub(crate) fn arguments() -> Vec<Arg> {
    let efforts = ReasoningEffort::ALL.iter().map(|it| (it.name(), *it)).collect();
    let ttls = CacheTtl::ALL.iter().map(|it| (it.name(), *it)).collect();
    let switch = vec![("on", true), ("off", false)];
    let all = vec![
        decimal("temperature", 0, 2, "How random the words of the reply are, from 0 to 2"),
        decimal(
            "top-p",
            0,
            1,
            "Sample only from the likeliest tokens with this probability in all",
        ),
        flag::number("top-k", "N", 1, "Sample only from the N likeliest tokens"),
        decimal(
            "frequency-penalty",
            -2,
            2,
            "Penalty for tokens by how often they occurred, from -2 to 2",
        ),
        decimal("presence-penalty", -2, 2, "Penalty for tokens that occurred at all, from -2 to 2"),
        flag::bounded("seed", "N", 0, i32::MAX as u32, "The seed for sampling"),
        flag::option("stop", "TEXT", "A string that ends the reply; may be repeated")
            .allow_hyphen_values(true)
            .action(ArgAction::Append),
        flag::choice(
            "reasoning-effort",
            "NAME",
            efforts,
            "How much the model reasons before it answers",
        ),
        flag::option("tool-choice", "NAME", "auto, none, required, or the name of a tool")
            .long_help(
                "auto, none, required, or the name of a tool. `required` and a name apply to \
                 the first request of a turn; after it the model is free to answer",
            ),
        flag::choice(
            "parallel-tool-calls",
            "on|off",
            switch,
            "Whether a reply may contain several calls",
        ),
        flag::option("service-tier", "NAME", "The class of service, as the provider names it"),
        flag::option("user", "ID", "An id of the end user, for the provider"),
        flag::choice("cache-ttl", "TIME", ttls, "How long the provider caches the conversation"),
        flag::option("output-schema", "FILE", "A JSON Schema that the answer must fit")
            .value_parser(flag::paths()),
        flag::option("extra", "JSON", "Further members of the request, as a JSON object"),
    ];
    let is_rare = |arg: &Arg| RARE.contains(&arg.get_id().as_str());
    all.into_iter()
        .map(|arg| {
            let is_rare = is_rare(&arg);
            arg.hide_short_help(is_rare)
        })
        .collect()
}

/// The details that the short help omits.
const RARE: [&str; 9] = [
    "top-p",
    "top-k",
    "frequency-penalty",
    "presence-penalty",
    "seed",
    "parallel-tool-calls",
    "service-tier",
    "user",
    "cache-ttl",
];

/// `--header`.
pub(crate) fn header() -> Arg {
    let parse = |text: &str| {
        let (name, value) = text.split_once(':').ok_or("must be NAME: VALUE")?;
        Ok::<_, &str>((name.trim().to_owned(), value.trim().to_owned()))
    };
    flag::option("header", "NAME: VALUE", "A header of each request; may be repeated")
        .long_help(
            "A header of each request; may be repeated. `${NAME}` in the value is a variable: \
             every process of the machine can read the command line",
        )
        .action(ArgAction::Append)
        .value_parser(parse)
        .hide_short_help(true)
}

/// `--profile`.
pub(crate) fn profile() -> Arg {
    // Its meaning depends on the dialect; its syntax does not.
    let parse = |text: &str| match Profile::parse(text, Dialect::OpenAiChat) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!(
            "must be the name of a known server, or FIELD=VALUE of a profile, not {}",
            shown(text)
        )),
    };
    flag::option("profile", "NAME|FIELD=VALUE", "What the server refuses; may be repeated")
        .long_help(
            "What the server refuses or demands beyond its dialect: the name or the host of a \
             known server (openai, mistral, vllm, …), or a field and its value, such as \
             stream_options=false. May be repeated; what comes later counts",
        )
        .action(ArgAction::Append)
        .value_parser(parse)
}

/// The values of [`profile`], for a dialect.
pub(crate) fn read_profile(
    matches: &ArgMatches,
    dialect: Dialect,
) -> (Profile, Option<OutputLimitKey>) {
    let entries = values::<String>(matches, "profile").join(",");
    Profile::parse(&entries, dialect).unwrap_or_default()
}

/// The values of [`arguments`], without the schema.
pub(crate) fn read(matches: &ArgMatches) -> OwnedOptions {
    let mut options = OwnedOptions::default();
    options.temperature = value(matches, "temperature");
    options.top_p = value(matches, "top-p");
    options.top_k = value(matches, "top-k");
    options.frequency_penalty = value(matches, "frequency-penalty");
    options.presence_penalty = value(matches, "presence-penalty");
    options.seed = value(matches, "seed");
    options.stop = values(matches, "stop");
    options.reasoning_effort = value(matches, "reasoning-effort");
    let choice: Option<String> = value(matches, "tool-choice");
    options.tool_choice = choice.map(|name| OwnedToolChoice::from_text(&name));
    options.parallel_tool_calls = value(matches, "parallel-tool-calls");
    options.service_tier = value(matches, "service-tier");
    options.user = value(matches, "user");
    options.cache_ttl = value(matches, "cache-ttl");
    options.extra = value(matches, "extra");
    options
}

/// The file that `--output-schema` names.
pub(crate) fn schema_path(matches: &ArgMatches) -> Option<PathBuf> {
    value(matches, "output-schema")
}

/// The schema in the file that `--output-schema` names.
///
/// # Errors
/// `Input` if the file cannot be read; `Usage` if it is not a JSON Schema.
pub(crate) fn read_schema(path: &Path) -> Result<OwnedResponseSchema> {
    let place = || format!("--output-schema: {}", path.display());
    let file = std::fs::metadata(path)
        .map_err(|error| Error::new(ErrorKind::Input, format!("{}: {error}", place())))?;
    if !file.is_file() || file.len() > MAX_SCHEMA_BYTES {
        let text = format!("{} is not a file of at most {MAX_SCHEMA_BYTES} bytes", place());
        return Err(Error::new(ErrorKind::Input, text));
    }
    let schema = std::fs::read_to_string(path)
        .map_err(|error| Error::new(ErrorKind::Input, format!("{}: {error}", place())))?;
    let wrong = |why: &dyn std::fmt::Display| {
        Err(Error::new(ErrorKind::Usage, format!("{} is not a JSON Schema: {why}", place())))
    };
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&schema);
    if let Err(error) = is_object {
        return wrong(&error);
    }
    if let Err(error) = Schema::new(&schema).and_then(|schema| schema.check("null").map(|_| ())) {
        return wrong(&error);
    }
    let schema = schema.trim().to_owned();
    Ok(OwnedResponseSchema::new("answer", schema))
}

/// `--name NUMBER`, from `least` to `most`, with at most three decimals.
fn decimal(name: &'static str, least: i32, most: i32, help: &'static str) -> Arg {
    let parse = move |text: &str| match Thousandths::from_decimal(text) {
        Some(Thousandths(number)) if (least * 1000..=most * 1000).contains(&number) => {
            Ok(Thousandths(number))
        }
        Some(_) => Err(format!("must be from {least} to {most}, not {}", shown(text))),
        None => Err(format!(
            "must be a number from {least} to {most} with at most three decimals, not {}",
            shown(text)
        )),
    };
    flag::option(name, "NUMBER", help).allow_negative_numbers(true).value_parser(parse)
}

const MAX_SCHEMA_BYTES: u64 = 1024 * 1024;
