//! `complete`: the completions of a command line. The scripts of `completions` call it,
//! so that they know the prompts of the folder and the runs of the user.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{Arg, Command, value_parser};

use super::entry::{Entry, Group, Invocation, find};
use super::first_word::{first_word, takes_value};
use super::flag::values;
use super::print::print;
use crate::Result;
use crate::record::Record;
use crate::run::PromptFiles;
use crate::sessions::Sessions;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "complete",
    group: Group::Hidden,
    about: "Print the completions of a command line",
    usage: "-- WORD...",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let words = Arg::new("words").value_name("WORD").num_args(0..).last(true);
    command.arg(words.value_parser(value_parser!(OsString)).help("The words so far"))
}

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    let mut words: Vec<OsString> = values(&invocation.matches, "words");
    // bash splits a line at `=` too.
    words.retain(|word| word != "=");
    let current = words.pop().unwrap_or_default();
    let Some(current) = current.to_str() else { return Ok(ExitCode::SUCCESS) };
    let mut candidates = Candidates { table: invocation.table, names: Vec::new() };
    candidates.collect(&words, current);
    let fit = candidates.names.iter().filter(|name| name.starts_with(current) && is_plain(name));
    print(fit.map(|name| format!("{name}\n")).collect::<String>().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a shell takes `name` literally: a project chooses the names of its prompts.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    name.bytes().all(plain)
}

/// The candidates for a place.
struct Candidates<'a> {
    table: &'a [Entry],
    names: Vec<String>,
}

impl Candidates<'_> {
    fn collect(&mut self, words: &[OsString], current: &str) {
        let Some(run) = find(self.table, "run") else { return };
        let first = first_word(words, &run.command());
        let named = first.and_then(|place| find(self.table, words[place].to_str()?));
        let entry = named.unwrap_or(run);
        let command = entry.command();
        if words.iter().any(|word| word == "--") {
            return;
        }
        let before = words.last().and_then(|word| word.to_str());
        if let Some(arg) = before.and_then(|word| waiting(word, &command)) {
            match arg.get_id().as_str() {
                "prompt" => self.prompts(),
                "session" => self.sessions(),
                _ => self.values(arg),
            }
        } else if current.starts_with('-') {
            self.flags(&command);
        } else if first.is_none() {
            if !words.iter().any(|word| word == "-p" || word == "--prompt") {
                self.commands();
                self.prompts();
            }
        } else {
            self.arguments(entry, &command);
        }
    }

    fn commands(&mut self) {
        let listed = self.table.iter().filter(|entry| entry.group != Group::Hidden);
        self.names.extend(listed.map(|entry| entry.name.to_owned()));
    }

    fn prompts(&mut self) {
        let folder = std::env::current_dir().unwrap_or_default();
        let files = PromptFiles::load(&folder, &[]);
        self.names.extend(files.list().into_iter().map(|(name, _)| name));
    }

    fn sessions(&mut self) {
        let folder = std::env::current_dir().and_then(|folder| folder.canonicalize());
        let all = folder.map(|folder| Sessions::of(&folder).all().unwrap_or_default());
        self.names.extend(all.into_iter().flatten().map(|(name, _)| name));
    }

    fn flags(&mut self, command: &Command) {
        for arg in command.get_arguments() {
            self.names.extend(arg.get_long().map(|long| format!("--{long}")));
            self.names.extend(arg.get_short().map(|short| format!("-{short}")));
        }
    }

    fn values(&mut self, arg: &Arg) {
        let values = arg.get_possible_values();
        self.names.extend(values.iter().map(|value| value.get_name().to_owned()));
    }

    /// The candidates that are not flags, by the name of the first such argument.
    fn arguments(&mut self, entry: &Entry, command: &Command) {
        let Some(arg) = command.get_positionals().next() else { return };
        match (entry.name, arg.get_id().as_str()) {
            ("run", _) => self.prompts(),
            (_, "command") => self.commands(),
            (_, "run") => {
                let records = Record::all(Path::new(".")).map(|(records, _)| records);
                let ids = records.unwrap_or_default().into_iter().map(|record| record.id);
                self.names.extend(ids.map(|id| id.to_string()));
            }
            _ => self.values(arg),
        }
    }
}

/// The flag that takes the next word as its value.
fn waiting<'a>(word: &str, command: &'a Command) -> Option<&'a Arg> {
    let is_named = |arg: &&Arg| match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(long), _) => arg.get_long() == Some(long),
        (None, Some(shorts)) => shorts.chars().last().is_some_and(|it| arg.get_short() == Some(it)),
        (None, None) => false,
    };
    command.get_arguments().find(|arg| takes_value(arg) && is_named(arg))
}
