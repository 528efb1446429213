//! `encode`: a transcript to the request that comes next.

use std::io;
use std::process::ExitCode;

use clap::Command;
use zerostack_core::{Dialect, OutputLimitKey, OwnedConfig};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value, values};
use super::options;
use super::run::{api, max_tokens, tool_mode};
use super::usage::missing;
use crate::Result;
use crate::plumbing::{encode, prefix};
use crate::provider::Endpoint;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "encode",
    group: Group::Filters,
    about: "Turn a transcript on stdin into the body of the next request",
    usage: "--api NAME --model NAME [OPTIONS]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let completion = "Tokens of one reply, under the key that OpenAI's own models want";
    let completion = flag::number("max-completion-tokens", "N", 1, completion);
    command
        .arg(api())
        .arg(flag::option("model", "NAME", "The model").short('m'))
        .arg(max_tokens())
        .arg(completion.conflicts_with("max-tokens"))
        .arg(tool_mode())
        .args(options::arguments())
        .arg(options::profile())
        .arg(flag::switch("http", "Print the whole HTTP/1.1 request").long_help(
            "Print the whole HTTP/1.1 request: the head, and the body after an empty line. No secret \
             is printed: the name of its variable stands for the key, and for a variable in --header",
        ))
        .arg(options::header().requires("http").hide_short_help(false))
        .arg(
            flag::option("base-url", "URL", "The server of --http, instead of the dialect's own")
                .requires("http"),
        )
        .arg(flag::switch("prefix-report", "Report which requests begin with the previous one"))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let api = value::<Dialect>(&matches, "api").ok_or_else(|| missing("--api", ENTRY.name))?;
    let model: Option<String> = value(&matches, "model");
    let mut config = OwnedConfig::new(api, model.unwrap_or_default());
    config.tool_mode = value(&matches, "tool-mode").unwrap_or(config.tool_mode);
    config.options = options::read(&matches);
    let (profile, key) = options::read_profile(&matches, api);
    (config.profile, config.output_limit_key) = (profile, key.unwrap_or_default());
    config.options.response_schema =
        options::schema_path(&matches).map(|path| options::read_schema(&path)).transpose()?;
    if let Some(tokens) = value(&matches, "max-completion-tokens") {
        config.limits.max_output_tokens = tokens;
        config.output_limit_key = OutputLimitKey::MaxCompletionTokens;
    } else if let Some(tokens) = value(&matches, "max-tokens") {
        config.limits.max_output_tokens = tokens;
    }
    let endpoint = matches.get_flag("http").then(|| {
        let base_url: Option<String> = value(&matches, "base-url");
        let headers: Vec<(String, String)> = values(&matches, "header");
        Endpoint::without_secrets(api, base_url.as_deref(), &headers)
    });
    let endpoint = endpoint.transpose()?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    match matches.get_flag("prefix-report") {
        true => prefix::run(&config, &mut input, &mut output)?,
        false => encode::run(config, endpoint.as_ref(), &mut input, &mut output)?,
    }
    Ok(ExitCode::SUCCESS)
}
