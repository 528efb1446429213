//! `retry`: runs the instruction of a run again, with other options if some are given.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{self, ExitCode, Stdio};

use clap::Command;

use super::entry::{Entry, Group, Invocation};
use super::{history, run};
use crate::record::Record;
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "retry",
    group: Group::Runs,
    about: "Run the instruction of a run again, with other options if given",
    usage: "[RUN] [--model NAME] [--strategy NAME] [OPTIONS]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    run::flags(command.arg(history::number()))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let record = history::named_or_last(&matches, "run")?;
    let given = own(std::env::args_os().skip(1), matches.get_one::<u32>("run").copied());
    again(&record, given)
}

/// Repeats the run of `record`, with `given` after its own options.
fn again(record: &Record, given: Vec<OsString>) -> Result<ExitCode> {
    let (id, about) = (record.id, &record.about);
    if about.arguments.is_empty() {
        let text = format!("run {id} cannot be run again: its record has no command line");
        return Err(Error::new(ErrorKind::Input, text));
    }
    let failed = |error: io::Error| {
        Error::new(ErrorKind::Internal, format!("run {id} cannot be run again: {error}"))
    };
    let mut command = process::Command::new(std::env::current_exe().map_err(failed)?);
    command.arg0("zerostack").args(joined(&about.arguments, given));
    command.current_dir(about.folder()).stdin(stdin(record)?);
    Err(failed(command.exec()))
}

/// The stdin of the run, as a file without a name.
fn stdin(record: &Record) -> Result<Stdio> {
    use std::io::{Seek as _, Write as _};
    let Some(input) = record.input()? else { return Ok(Stdio::null()) };
    let made = tempfile::tempfile().and_then(|mut file| {
        file.write_all(&input)?;
        file.rewind()?;
        Ok(file)
    });
    made.map(Stdio::from).map_err(|error| {
        let text = format!("the input of run {} cannot be restored: {error}", record.id);
        Error::new(ErrorKind::Input, text)
    })
}

/// The words of the command line without `retry` and the number of the run.
fn own(words: impl Iterator<Item = OsString>, run: Option<u32>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    let mut remove = |word: &str| {
        if let Some(place) = words.iter().position(|it| it == word) {
            words.remove(place);
        }
    };
    remove(ENTRY.name);
    if let Some(run) = run {
        remove(&run.to_string());
    }
    words
}

/// The options of the run, and after them those given now: the last one counts.
fn joined(recorded: &[String], given: Vec<OsString>) -> Vec<OsString> {
    let end = recorded.iter().position(|word| word == "--").unwrap_or(recorded.len());
    let (before, after) = recorded.split_at(end);
    let words = |words: &[String]| words.iter().map(OsString::from).collect::<Vec<_>>();
    [words(before), given, words(after)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_options_follow_those_of_the_run() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let given = own(words("retry 12 -m other").into_iter().map(OsString::from), Some(12));
        assert_eq!(given, ["-m", "other"]);
        let all = joined(&words("fix -m x -- a 12"), given);
        assert_eq!(all, ["fix", "-m", "x", "-m", "other", "--", "a", "12"]);
    }
}
