//! `replay`: the events or the requests of a run or a tape, without a model.

use std::collections::BTreeMap;
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
use crate::run::front::ConversationId;
use crate::run::front::json::{EventWriter, session_of};
use crate::run::tape;
use crate::run::tape::Sent;
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
    let mut file = std::fs::File::open(path).map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot read the tape {}: {error}", path.display()))
    })?;
    let of = tape::conversation(&mut file).ok().flatten();
    let of = of.unwrap_or_else(|| ConversationId::of_attempt(1));
    let writer = EventWriter::new(io::stdout());
    let mut show = |event: &AgentEvent| if requests { Ok(()) } else { writer.show(&of, event) };
    tape::replay(file, &mut show, &mut |request| {
        if requests { print_body(request) } else { Ok(()) }
    })
}

fn print_body(sent: Sent<'_>) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(sent.body).and_then(|()| stdout.write_all(b"\n"));
    written.map_err(|error| unwritable(&error))
}

/// Plays the tapes of a run, those of its subagents too. Events of a session are printed as its tape
/// gives them, and must be those of the run; the others, which have another source, as they were
/// recorded.
fn replay_record(record: &Record, requests: bool) -> Result<()> {
    let mut played = Played::new();
    let attempts = record.tapes()?.into_iter().zip(1..);
    let attempts = attempts.map(|(tape, number)| (tape, ConversationId::of_attempt(number)));
    let subagents = record.subagents()?.into_iter();
    // Each names its conversation.
    let unknown = || ConversationId { id: String::new(), parent: None };
    for (mut tape, of) in attempts.chain(subagents.map(|tape| (tape, unknown()))) {
        let of = tape::conversation(&mut tape)?.unwrap_or(of);
        let writer = EventWriter::new(Vec::new());
        let mut request = |sent: Sent<'_>| {
            if requests { print_body(sent) } else { Ok(()) }
        };
        tape::replay_record(tape, &mut |event| writer.show(&of, event), &mut request)?;
        played.insert(of.id, writer.into_inner());
    }
    if requests {
        return Ok(());
    }
    print(&merged(&record.events()?, &played).map_err(|line| {
        let id = record.id;
        let text = format!("event {line} of run {id} is not the one that its tape gives");
        Error::new(ErrorKind::Input, text)
    })?)
}

/// The events of each conversation, as its tape gives them.
type Played = BTreeMap<String, Vec<u8>>;

/// The events of a run with those of its sessions from `played`; the line that differs if one does.
fn merged(recorded: &[u8], played: &Played) -> Result<Vec<u8>, usize> {
    let lines = |bytes| <[u8]>::split_inclusive(bytes, |byte: &u8| *byte == b'\n');
    let mut out = Vec::with_capacity(recorded.len());
    let mut next: BTreeMap<&str, _> =
        played.iter().map(|(of, bytes)| (of.as_str(), lines(bytes.as_slice()))).collect();
    for (index, line) in lines(recorded).enumerate() {
        let own = match session_of(line) {
            Some(of) => {
                let played = next.get_mut(of.as_str()).and_then(Iterator::next);
                played.filter(|played| *played == line).ok_or(index + 1)?
            }
            None => line,
        };
        out.extend_from_slice(own);
    }
    // A run that was killed or failed may have received more than it had shown, and attempts at the
    // same time are not shown.
    let is_whole = lines(recorded).next_back().is_some_and(|line| line.starts_with(WORKED));
    let is_shown = |of: &str| lines(recorded).any(|line| session_of(line).as_deref() == Some(of));
    let is_left = |(of, lines): (&str, &mut dyn Iterator<Item = &[u8]>)| {
        !of.contains('.') && lines.next().is_some() && is_shown(of)
    };
    match next.iter_mut().any(|(of, lines)| is_left((of, lines))) {
        true if is_whole => Err(lines(recorded).count()),
        _ => Ok(out),
    }
}

/// How the last event begins in a run that has a result.
const WORKED: &[u8] = b"{\"type\":\"result\",\"ok\":true";
