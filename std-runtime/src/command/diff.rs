//! `diff`: the differences between two runs.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::{Arg, Command};

use super::entry::{Entry, Group, Invocation};
use super::print::print;
use super::usage::missing;
use super::{flag, history, run};
use crate::patch::Changes;
use crate::patch::tree::Tree;
use crate::record::{Record, unreadable};
use crate::{Error, ErrorKind, Result, state_folder};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "diff",
    group: Group::History,
    about: "Print the differences between two runs",
    usage: "RUN RUN",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    let number = |id: &'static str| Arg::new(id).value_name("RUN");
    command
        .arg(history::number().help("The number of the run"))
        .arg(number("other").value_parser(history::parsed).help("The number of the other run"))
        .arg(run::folder())
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let number = |name: &str| {
        flag::value::<u32>(&matches, name).ok_or_else(|| missing("the number of a run", ENTRY.name))
    };
    let (one, other) = (number("run")?, number("other")?);
    history::folder(&matches)?;
    print(&difference(&Record::find(one)?, &Record::find(other)?)?)?;
    Ok(ExitCode::SUCCESS)
}

/// A diff of their descriptions, their answers, and their patches.
fn difference(one: &Record, other: &Record) -> Result<Vec<u8>> {
    let unusable = |error: std::io::Error| {
        Error::new(ErrorKind::Input, format!("cannot compare the runs: {error}"))
    };
    let scratch = state_folder::folder("kept").and_then(tempfile::tempdir_in);
    // A state folder that can only be read has records all the same.
    let scratch = scratch.or_else(|_| tempfile::tempdir()).map_err(unusable)?;
    for (side, record) in [("one", one), ("other", other)] {
        let folder = scratch.path().join(side);
        fs::create_dir(&folder).map_err(unusable)?;
        lay_out(record, &folder)?;
    }
    let open = |side: &str| Tree::open(&scratch.path().join(side)).map_err(unreadable);
    // What is the same in both has no place in a diff.
    let read = |side: &str, part: &str| fs::read(scratch.path().join(side).join(part));
    let mut paths = Vec::new();
    for part in PARTS {
        if read("one", part).map_err(unreadable)? != read("other", part).map_err(unreadable)? {
            paths.push(part.as_bytes().to_vec());
        }
    }
    let changes = Changes::between(open("one")?, open("other")?, paths).map_err(unreadable)?;
    let mut out = Vec::new();
    changes.write_patch(&mut out)?;
    Ok(out)
}

fn lay_out(record: &Record, folder: &Path) -> Result<()> {
    let about = &record.about;
    let usage = about.usage;
    let told = format!(
        "task: {}\nprompt: {}\nprovider: {}\nmodel: {}\nexit code: {}\nerror: {}\nduration: {} ms\n\
         input tokens: {}\noutput tokens: {}\ncached tokens: {}\nfiles: {}\n",
        about.task,
        about.prompt,
        about.provider,
        about.model,
        about.exit_code,
        about.error.as_deref().unwrap_or("none"),
        about.duration_ms,
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        about.files.join(", "),
    );
    let answer = format!("{}\n", about.text.trim_end());
    let parts = [told.into_bytes(), answer.into_bytes(), record.patch()?];
    for (name, bytes) in PARTS.iter().zip(parts) {
        fs::write(folder.join(name), bytes).map_err(unreadable)?;
    }
    Ok(())
}

const PARTS: [&str; 3] = ["about", "answer", "patch"];
