//! `tokens`: counts the tokens of a text.

use std::io;
use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value, values};
use super::usage::usage;
use crate::Result;
use crate::tokens::{self, TokensOptions, TokensOutput, VocabularyChoice};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "tokens",
    group: Group::Filters,
    about: "Count the tokens of stdin, or of files",
    usage: "[OPTIONS] [--files PATH...]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let vocab = flag::option("vocab", "NAME|PATH", "The vocabulary").long_help(
        "The vocabulary: o200k, cl100k, the path of a packed file, or estimate to use none",
    );
    let paths = Arg::new("paths").value_name("PATH").num_args(0..).requires("files");
    command
        .arg(vocab)
        .arg(flag::switch("ids", "Print the ids of the tokens"))
        .arg(flag::switch("files", "Count the given files and folders"))
        .arg(paths.value_parser(flag::paths()).help("Files and folders, with --files"))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let default = tokens::BUILT_IN.first().map_or("estimate", |(name, _)| name);
    let named: Option<String> = value(&matches, "vocab");
    let vocabulary = VocabularyChoice::parse(named.as_deref().unwrap_or(default))?;
    let paths = values(&matches, "paths");
    if matches.get_flag("files") && paths.is_empty() {
        return Err(usage("--files: name files or folders"));
    }
    let output = match matches.get_flag("ids") {
        true => TokensOutput::Ids,
        false => TokensOutput::Count,
    };
    let options = TokensOptions { vocabulary, paths, output };
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    tokens::run(&options, &mut input, &mut output, &mut io::stderr())?;
    Ok(ExitCode::SUCCESS)
}
