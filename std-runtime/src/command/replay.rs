//! `replay`: the events or the requests of a tape, on stdout.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::usage::missing;
use crate::agent::AgentEvent;
use crate::error::unwritable;
use crate::run::events::EventWriter;
use crate::run::{Observer as _, tape};
use crate::{Error, ErrorKind, Result};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "replay",
    group: Group::History,
    about: "Print the events of a tape, without a model",
    usage: "TAPE [--requests]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let tape = Arg::new("tape").value_name("TAPE").value_parser(flag::paths());
    command
        .arg(tape.help("The path of the tape, which `run --record FILE` wrote"))
        .arg(flag::switch("requests", "Print the bodies of the requests instead"))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let path: Option<PathBuf> = value(&matches, "tape");
    let path = path.ok_or_else(|| missing("the tape's path", ENTRY.name))?;
    replay(&path, matches.get_flag("requests"))?;
    Ok(ExitCode::SUCCESS)
}

/// Plays a tape: its events, or its requests, on stdout.
fn replay(path: &Path, requests: bool) -> Result<()> {
    let file = std::fs::File::open(path).map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot read the tape {}: {error}", path.display()))
    })?;
    let stdout = || io::stdout().lock();
    let failed = |error: io::Error| unwritable(&error);
    let mut writer = EventWriter::new(io::stdout());
    let mut show = |event: &AgentEvent| if requests { Ok(()) } else { writer.event(event) };
    let mut request = |mut request: zerostack_core::Request<'_>| {
        if !requests {
            return Ok(());
        }
        let mut buffer = [0; 4096];
        loop {
            let count = request.read(&mut buffer);
            if count == 0 {
                return stdout().write_all(b"\n").map_err(failed);
            }
            stdout().write_all(&buffer[..count]).map_err(failed)?;
        }
    };
    tape::replay(file, &mut show, &mut request)
}
