//! `decode`: a response of a provider to text and calls.

use std::io;
use std::process::ExitCode;

use clap::Command;
use zerostack_core::Dialect;

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::run::api;
use super::usage::missing;
use crate::Result;
use crate::plumbing::decode::{self, Chunks, Form};
use crate::provider::shown;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "decode",
    group: Group::Filters,
    about: "Turn a provider's response on stdin into text and calls",
    usage: "--api NAME [--chunk N|random:SEED] [--events | --transcript]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let chunk = flag::option("chunk", "N|random:SEED", "Feed N bytes at a time, or random sizes");
    command
        .arg(api())
        .arg(chunk.value_parser(chunks))
        .arg(flag::switch("events", "Print each event as a line of JSON"))
        .arg(flag::switch("transcript", "Print transcript lines").conflicts_with("events"))
}

fn chunks(text: &str) -> Result<Chunks, String> {
    let wanted = match text.strip_prefix("random:") {
        Some(seed) => seed.parse().ok().map(Chunks::Random),
        None => text.parse().ok().filter(|size| *size > 0).map(Chunks::Of),
    };
    wanted.ok_or_else(|| format!("must be a size in bytes or random:SEED, not {}", shown(text)))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let api = value::<Dialect>(&matches, "api").ok_or_else(|| missing("--api", ENTRY.name))?;
    let chunks = value(&matches, "chunk").unwrap_or(Chunks::AsRead);
    let form = match (matches.get_flag("events"), matches.get_flag("transcript")) {
        (true, _) => Form::Events,
        (_, true) => Form::Transcript,
        _ => Form::Object,
    };
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    decode::run(api, chunks, form, &mut input, &mut output)?;
    Ok(ExitCode::SUCCESS)
}
