//! `replay`: the events or the requests of a run or a tape, without a model.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::print::print;
use super::usage::missing;
use super::{history, run};
use crate::agent::AgentEvent;
use crate::error::unwritable;
use crate::record::Record;
use crate::run::events::{EventWriter, is_of_session};
use crate::run::{Observer as _, body, tape};
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "replay",
    group: Group::History,
    about: "Print the events of a run or a tape again, without a model",
    usage: "RUN | TAPE [--requests]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let tape = Arg::new("tape").value_name("RUN").value_parser(flag::paths());
    command
        .arg(tape.help("The number of a run, or the path of a tape that `run --record FILE` wrote"))
        .arg(flag::switch("requests", "Print the bodies of the requests instead"))
        .arg(run::folder())
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let path: Option<PathBuf> = value(&matches, "tape");
    let path = path.ok_or_else(|| missing("the number of a run, or a tape's path", ENTRY.name))?;
    let requests = matches.get_flag("requests");
    let number = path.to_str().and_then(|text| text.parse::<u32>().ok());
    match number.filter(|_| !path.exists()) {
        Some(number) => {
            history::folder(&matches)?;
            replay_record(&Record::find(number)?, requests)?;
        }
        None => replay(&path, requests)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Plays a tape: its events, or its requests, on stdout.
fn replay(path: &Path, requests: bool) -> Result<()> {
    let file = std::fs::File::open(path).map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot read the tape {}: {error}", path.display()))
    })?;
    let mut writer = EventWriter::new(io::stdout());
    let mut show = |event: &AgentEvent| if requests { Ok(()) } else { writer.event(event) };
    tape::replay(file, &mut show, &mut |request| {
        if requests { print_body(request) } else { Ok(()) }
    })
}

fn print_body(request: zerostack_core::Request<'_>) -> Result<()> {
    let body = body(request);
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(&body).and_then(|()| stdout.write_all(b"\n"));
    written.map_err(|error| unwritable(&error))
}

/// Plays the tapes of a run. Events of the session are printed as the tapes give them, and must be
/// those of the run; the others, which came from elsewhere, as they were recorded.
fn replay_record(record: &Record, requests: bool) -> Result<()> {
    let mut played = EventWriter::new(Vec::new());
    for tape in record.tapes()? {
        let mut request = |request: zerostack_core::Request<'_>| {
            if requests { print_body(request) } else { Ok(()) }
        };
        tape::replay_record(tape, &mut |event| played.event(event), &mut request)?;
    }
    if requests {
        return Ok(());
    }
    let (played, recorded) = (played.into_inner(), record.events()?);
    print(&merged(&recorded, &played).map_err(|line| {
        let id = record.id;
        let text = format!("event {line} of run {id} is not the one that its tape gives");
        Error::new(ErrorKind::Input, text)
    })?)
}

/// The events of a run with those of its session from `played`; the line that differs if one does.
fn merged(recorded: &[u8], played: &[u8]) -> Result<Vec<u8>, usize> {
    let lines = |bytes| <[u8]>::split_inclusive(bytes, |byte: &u8| *byte == b'\n');
    let (mut out, mut next) = (Vec::with_capacity(recorded.len()), lines(played));
    // Attempts at the same time are not shown.
    let shows_session = lines(recorded).any(is_of_session);
    for (index, line) in lines(recorded).enumerate() {
        let own = match is_of_session(line) {
            true => next.next().filter(|played| *played == line).ok_or(index + 1)?,
            false => line,
        };
        out.extend_from_slice(own);
    }
    // A run that was killed may have heard more than it had told.
    let is_whole = lines(recorded).next_back().is_some_and(|line| line.starts_with(RESULT));
    match next.next() {
        Some(_) if shows_session && is_whole => Err(lines(recorded).count()),
        _ => Ok(out),
    }
}

/// How the last event of a run begins that was not killed.
const RESULT: &[u8] = b"{\"type\":\"result\"";
