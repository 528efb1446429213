//! `show`: a summary of a run, its patch, its transcript, its events, its use of the cache, or a
//! page with all of it.

mod cache;
mod html;
mod summary;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Command};

use super::entry::{Entry, Group, Invocation};
use super::print::{print, tell};
use super::{flag, history, run};
use crate::Result;
use crate::record::Record;
use crate::run::tape;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "show",
    group: Group::History,
    about: "Show a run: its instruction and its result",
    usage: "[RUN] [--json | --patch | --transcript | --events | --cache | --html FILE]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let html = flag::option("html", "FILE", "Write a page of the run, for a browser");
    command
        .arg(history::number())
        .arg(flag::switch("json", "Print the summary as JSON"))
        .arg(flag::switch("patch", "Print the patch"))
        .arg(flag::switch("transcript", "Print the conversation as JSON Lines"))
        .arg(flag::switch("events", "Print the events"))
        .arg(flag::switch("cache", "Print the cached share of each request"))
        .arg(html.value_parser(flag::paths()))
        .arg(run::folder())
        .group(ArgGroup::new("part").args([
            "json",
            "patch",
            "transcript",
            "events",
            "cache",
            "html",
        ]))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let record = history::named_or_last(&matches, "run")?;
    let html: Option<PathBuf> = flag::value(&matches, "html");
    if let Some(path) = html {
        html::write(&record, &path)?;
        tell(&format_args!("run {} is in {}", record.id, path.display()));
    } else if matches.get_flag("patch") {
        print(&record.patch()?)?;
    } else if matches.get_flag("transcript") {
        print(&transcript(&record)?)?;
    } else if matches.get_flag("events") {
        print(&record.events()?)?;
    } else if matches.get_flag("cache") {
        print(cache::table(&record)?.as_bytes())?;
    } else if matches.get_flag("json") {
        print(format!("{}\n", history::json(&record)).as_bytes())?;
    } else {
        print(summary::of(&record).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The conversations of all attempts, as JSON Lines.
fn transcript(record: &Record) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for tape in record.tapes()? {
        let session = tape::replay_record(tape, &mut |_| Ok(()), &mut |_| Ok(()))?;
        let Some(session) = session else { continue };
        let mut lines = session.transcript().json_lines();
        let mut buffer = [0; 4096];
        loop {
            match lines.read(&mut buffer) {
                0 => break,
                count => out.extend_from_slice(&buffer[..count]),
            }
        }
    }
    Ok(out)
}
