//! `log`, `show`, `undo` and `redo`: the runs whose changes were written to a folder.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::commit::{self, Lock};
use crate::error::{one_line, unwritable};
use crate::record::Record;
use crate::visible::visible;
use crate::{Error, ErrorKind, Result};

/// What is asked about the runs of a folder.
pub(super) struct History {
    /// The folder; the current one if none is given.
    pub folder: Option<PathBuf>,
    pub what: What,
}

/// What to do.
pub(super) enum What {
    Log { json: bool },
    Show { run: u32, patch: bool },
    Undo(Option<u32>),
    Redo(Option<u32>),
}

/// Does it.
///
/// # Errors
/// `Input` when there is no such record or it cannot be used, `Conflict` when a file was changed
/// since, so that nothing can be taken back.
pub(super) fn run(history: &History) -> Result<()> {
    let folder = history.folder.as_deref().unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot use the folder {}: {error}", folder.display()))
    })?;
    commit::recover(&folder)?.iter().for_each(|line| super::tell(line));
    match history.what {
        What::Log { json } => log(&folder, json),
        What::Show { run, patch: true } => print(&Record::find(run)?.patch()?),
        What::Show { run, patch: false } => {
            let record = Record::find(run)?;
            let mut text = serde_json::to_string_pretty(&record.about).unwrap_or_default();
            text.push('\n');
            print(text.as_bytes())
        }
        What::Undo(run) => turn(&folder, run, true),
        What::Redo(run) => turn(&folder, run, false),
    }
}

fn log(folder: &Path, json: bool) -> Result<()> {
    let mut text = String::new();
    for record in records(folder)?.iter().rev() {
        let (about, id) = (&record.about, record.id);
        if json {
            let mut line = serde_json::to_value(about).unwrap_or_default();
            if let Some(object) = line.as_object_mut() {
                object.insert("run".to_owned(), id.into());
                object.insert("is_undone".to_owned(), record.is_undone.into());
            }
            text.push_str(&format!("{line}\n"));
            continue;
        }
        let files = match about.files.as_slice() {
            [file] => file.clone(),
            files => format!("{} files", files.len()),
        };
        let undone = if record.is_undone { " (undone)" } else { "" };
        let words = if about.task.is_empty() { &about.text } else { &about.task };
        let words: String = one_line(words).chars().take(TASK_CHARACTERS).collect();
        let line = format!(
            "{id:>4}  {:<9} {:<12} {files}{undone}  {words}",
            ago(about.time),
            about.prompt
        );
        text.push_str(&format!("{}\n", one_line_kept(&line)));
    }
    print(text.as_bytes())
}

/// The line without what a terminal would act on; its columns stay.
fn one_line_kept(line: &str) -> String {
    visible(line).replace('\n', " ")
}

fn turn(folder: &Path, run: Option<u32>, undo: bool) -> Result<()> {
    let lock = Lock::take()?;
    let record = match run {
        Some(run) => Record::find(run)?,
        None => latest(records(folder)?, undo)?,
    };
    let id = record.id;
    let of = record.about.folder();
    if of != folder {
        let of = of.display();
        let text = format!("run {id} was written to {of}; say -C {of}");
        return Err(Error::new(ErrorKind::Usage, text));
    }
    let refused = |what: &str| Err(Error::new(ErrorKind::Input, format!("run {id} is {what}")));
    match (undo, record.is_undone) {
        (true, true) => return refused("undone already; `zerostack redo` makes its changes again"),
        (false, false) => return refused("not undone"),
        _ => {}
    }
    record.turn(&lock, undo).map_err(|error| error.context(format_args!("run {id}")))?;
    let files = record.about.files.len();
    let plural = if files == 1 { "" } else { "s" };
    let done = if undo { "taken back" } else { "made again" };
    super::tell(&format_args!("run {id} is {done}: {files} file{plural}"));
    Ok(())
}

/// The last run that can be taken back, or the first that can be made again.
fn latest(records: Vec<Record>, undo: bool) -> Result<Record> {
    let standing = records.iter().filter(|it| !it.is_undone).map(|it| it.id).max().unwrap_or(0);
    let found = match undo {
        true => records.into_iter().rfind(|record| !record.is_undone),
        // Another run that was written since begins a new line of changes.
        false => records.into_iter().find(|record| record.is_undone && record.id > standing),
    };
    found.ok_or_else(|| {
        let what = if undo { "written and not taken back" } else { "taken back last" };
        let text = format!("no run was {what} in this folder; see `zerostack log`");
        Error::new(ErrorKind::Input, text)
    })
}

fn records(folder: &Path) -> Result<Vec<Record>> {
    let (records, errors) = Record::all(folder)?;
    errors.iter().for_each(|error| super::tell(error));
    Ok(records)
}

fn ago(time: u64) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(time));
    // A clock may run backwards.
    let seconds = since.unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| unwritable(&error))
}

const TASK_CHARACTERS: usize = 60;
