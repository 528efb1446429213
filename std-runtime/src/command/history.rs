//! What `log`, `show`, `undo` and the like share: the runs of a folder.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches};
use serde_json::Value;

use super::flag::value;
use super::print::tell;
use crate::commit::{self, Lock};
use crate::provider::shown;
use crate::record::{self, Record};
use crate::{Error, ErrorKind, Result};

/// The number of a run.
pub(super) fn number() -> Arg {
    Arg::new("run")
        .value_name("RUN")
        .value_parser(parsed)
        .help("The number of the run; without it the last one")
}

/// Reads the number of a run.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parsed(text: &str) -> Result<u32, String> {
    let wrong =
        |_| format!("must be the number of a run, not {}; see `zerostack log`", shown(text));
    text.parse::<u32>().map_err(wrong)
}

/// The folder of the command, after an interrupted commit in it was taken back or finished.
pub(super) fn folder(matches: &ArgMatches) -> Result<PathBuf> {
    let folder: Option<PathBuf> = value(matches, "folder");
    let folder = folder.unwrap_or_else(|| ".".into());
    let folder = folder.canonicalize().map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot use the folder {}: {error}", folder.display()))
    })?;
    commit::recover(&folder)?.iter().for_each(|line| tell(line));
    // The records of a read-only state folder can still be shown.
    if let Err(error) = record::adopt() {
        tell(&error);
    }
    Ok(folder)
}

/// The run that `name` names, or the last one of the folder.
///
/// # Errors
/// `Input` if there is none, or its record cannot be used.
pub(super) fn named_or_last(matches: &ArgMatches, name: &str) -> Result<Record> {
    let folder = folder(matches)?;
    match value::<u32>(matches, name) {
        Some(run) => Record::find(run),
        None => records(&folder)?.pop().ok_or_else(|| {
            let text = "no run in this folder has a record; see `zerostack log`";
            Error::new(ErrorKind::Input, text)
        }),
    }
}

/// Takes back the changes of a run, or makes them again.
///
/// # Errors
/// `Input` if there is no such record or it cannot be used, `Conflict` if a file was changed since,
/// so that they cannot be taken back.
pub(super) fn turn(folder: &Path, run: Option<u32>, undo: bool) -> Result<()> {
    let lock = Lock::take()?;
    let record = match run {
        Some(run) => Record::find(run)?,
        None => latest(records(folder)?, undo)?,
    };
    let id = record.id;
    if !record.about.is_of(folder) {
        let of = record.about.folder();
        let of = of.display();
        let text = format!("run {id} was written to {of}; use -C {of}");
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if !record.is_written {
        let text = format!(
            "run {id} was not written to the folder, so there is nothing to take back; `zerostack show \
             {id} --patch` prints its patch"
        );
        return Err(Error::new(ErrorKind::Input, text));
    }
    let refused = |what: &str| Err(Error::new(ErrorKind::Input, format!("run {id} is {what}")));
    match (undo, record.is_undone) {
        (true, true) => return refused("undone already; `zerostack redo` makes its changes again"),
        (false, false) => return refused("not undone"),
        _ => {}
    }
    let merged = record.turn(&lock, undo);
    let merged = merged.map_err(|error| error.context(format_args!("run {id}")))?;
    let files = crate::error::counted(record.about.files.len(), "file");
    let done = if undo { "taken back" } else { "made again" };
    tell(&format_args!("run {id} is {done}: {files}"));
    if !merged.is_empty() {
        let names = crate::error::listed(&merged);
        tell(&format_args!("later changes are kept: {names}"));
    }
    Ok(())
}

/// The last run that can be taken back, or the first that can be made again.
fn latest(mut records: Vec<Record>, undo: bool) -> Result<Record> {
    records.retain(|record| record.is_written);
    let standing = records.iter().filter(|it| !it.is_undone).map(|it| it.id).max().unwrap_or(0);
    let found = match undo {
        true => records.into_iter().rfind(|record| !record.is_undone),
        // A run that was written since begins a new line of changes.
        false => records.into_iter().find(|record| record.is_undone && record.id > standing),
    };
    found.ok_or_else(|| {
        let text = match undo {
            true => {
                "there is nothing to undo: no run has written to this folder, or all were undone"
            }
            false => "there is nothing to redo: the last change of this folder was not an undo",
        };
        let text = format!("{text}; see `zerostack log`");
        Error::new(ErrorKind::Input, text)
    })
}

/// The records of a folder, the oldest first.
pub(super) fn records(folder: &Path) -> Result<Vec<Record>> {
    let (records, errors) = Record::all(folder)?;
    errors.iter().for_each(|error| tell(error));
    Ok(records)
}

/// What became of a run, in a word.
pub(super) const fn state(record: &Record) -> &'static str {
    match (record.is_written, record.is_undone, record.about.exit_code) {
        (_, true, _) => "undone",
        (true, false, 0) => "written",
        (_, _, 0) => "ok",
        (_, _, _) => "failed",
    }
}

/// The description of a run, its number and what became of it.
pub(super) fn json(record: &Record) -> Value {
    let mut value = serde_json::to_value(&record.about).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("run".to_owned(), record.id.into());
        object.insert("is_written".to_owned(), record.is_written.into());
        object.insert("is_undone".to_owned(), record.is_undone.into());
    }
    value
}
