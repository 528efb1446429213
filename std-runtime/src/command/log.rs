//! `log`: the runs of a folder, the newest first.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Command;

use super::entry::{Entry, Group, Invocation};
use super::print::print;
use super::{flag, history, run};
use crate::Result;
use crate::error::one_line;
use crate::visible::visible;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "log",
    group: Group::History,
    about: "List the runs of the folder, the newest first",
    usage: "[-C DIR] [--json]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command.arg(run::folder()).arg(flag::switch("json", "Print a line of JSON for each run"))
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let folder = history::folder(&matches)?;
    let mut text = String::new();
    for record in history::records(&folder)?.iter().rev() {
        let (about, id) = (&record.about, record.id);
        if matches.get_flag("json") {
            let line = history::json(record);
            text.push_str(&format!("{line}\n"));
            continue;
        }
        let files = match about.files.as_slice() {
            [file] => file.clone(),
            files => format!("{} files", files.len()),
        };
        let files = if about.files.is_empty() { String::new() } else { format!("{files} ") };
        let state = match (record.is_undone, about.exit_code) {
            (false, code @ 1..) => format!("failed {code}"),
            _ => history::state(record).to_owned(),
        };
        let words = if about.task.is_empty() { &about.text } else { &about.task };
        let words: String = one_line(words).chars().take(TASK_CHARACTERS).collect();
        let line = format!(
            "{id:>4}  {:<9} {:<12} {state:<9}  {files} {words}",
            ago(about.time),
            about.prompt
        );
        text.push_str(&format!("{}\n", one_line_kept(&line)));
    }
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The line without control characters; its columns stay.
fn one_line_kept(line: &str) -> String {
    visible(line).replace('\n', " ")
}

/// How long ago, in one unit.
pub(super) fn ago(time: u64) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(time));
    // The clock may have been set back.
    let seconds = since.unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

const TASK_CHARACTERS: usize = 60;
