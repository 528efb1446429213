//! A patch as a call of a model: `apply_patch`, or `edit` with a patch.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::Deserialize;

use super::{FileChange, Patch, Refusal};
use crate::write::made_folders;
use crate::{Outcome, Output, file, outside, wide};

/// The arguments, under the names that models use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    #[serde(alias = "patch", alias = "diff")]
    input: String,
}

/// The paths that the call of the tool `name` reads or changes, if it is one with a patch.
pub fn paths_of_call(name: &str, arguments: &str) -> Option<Vec<String>> {
    if !matches!(name, "apply_patch" | "edit") {
        return None;
    }
    let arguments: Arguments = serde_json::from_str(arguments).ok()?;
    let patch = Patch::parse(arguments.input.as_bytes()).ok()?;
    Some(patch.paths().into_iter().map(str::to_owned).collect())
}

pub(crate) fn run(arguments: Arguments) -> Outcome {
    let told = |Refusal { message, exact }: Refusal| match exact.as_str() {
        "" => format!("nothing is changed: {message}"),
        exact => format!("nothing is changed: {message}\nThe file has there:\n{exact}"),
    };
    let patch = Patch::parse(arguments.input.as_bytes()).map_err(told)?;
    let changes = patch.apply(&mut read).map_err(told)?;
    if changes.is_empty() {
        return Err("nothing is changed: the files are as the patch makes them".to_owned());
    }
    for (index, change) in changes.iter().enumerate() {
        if let Err(message) = write(change) {
            let done = changes.get(..index).unwrap_or_default();
            let left: Vec<String> = done.iter().rev().filter_map(take_back).collect();
            let left = match left.as_slice() {
                [] => "; nothing is changed".to_owned(),
                left => format!("; these are changed: {}", left.join(", ")),
            };
            return Err(format!("{message}{left}"));
        }
    }
    let mut said = String::new();
    for FileChange { path, before, after, .. } in &changes {
        let what = match (before, after) {
            (None, _) => "added",
            (_, None) => "deleted",
            _ => "changed",
        };
        said.push_str(&format!("{what} {path}\n"));
        said.push_str(&outside::note(path));
    }
    Ok(Output::text(said))
}

/// The content of a file, `None` if there is no file.
fn read(path: &str) -> Result<Option<Vec<u8>>, String> {
    let Some(metadata) = found(path)? else { return Ok(None) };
    file::expect_regular(path, &metadata)?;
    if metadata.len() > FILE_MAX_BYTES {
        return Err(format!("it is larger than {FILE_MAX_BYTES} bytes: use sed in `bash`"));
    }
    let bytes = fs::read(path).map_err(|error| file::complaint(path, &error))?;
    match wide::of(&bytes) {
        Some(wide) => Err(format!("it is {} text, which a patch does not change", wide.name())),
        None => Ok(Some(bytes)),
    }
}

fn found(path: &str) -> Result<Option<Metadata>, String> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(file::complaint(path, &error)),
    }
}

fn write(change: &FileChange) -> Result<(), String> {
    let FileChange { path, after, is_executable, from, .. } = change;
    let Some(after) = after else {
        return fs::remove_file(path).map_err(|error| file::complaint(path, &error));
    };
    // A moved file keeps its mode.
    let old = found(path)?;
    let like = match (&old, from) {
        (None, Some(from)) => found(from)?,
        _ => None,
    };
    made_folders(Path::new(path))?;
    file::replace(path, after, old.as_ref())?;
    let mode = like.or(old).map(|it| it.permissions().mode());
    let mode = match (is_executable, mode) {
        (Some(true), mode) => Some(mode.unwrap_or(0o644) | 0o111),
        (Some(false), mode) => Some(mode.unwrap_or(0o644) & !0o111),
        (None, mode) => mode,
    };
    match mode {
        Some(mode) => fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o777))
            .map_err(|error| file::complaint(path, &error)),
        None => Ok(()),
    }
}

/// Puts the file back; its name if that fails.
fn take_back(change: &FileChange) -> Option<String> {
    let FileChange { path, before, .. } = change;
    let back = match before {
        Some(before) => found(path).and_then(|old| file::replace(path, before, old.as_ref())),
        None => fs::remove_file(path).map_err(|error| file::complaint(path, &error)),
    };
    back.err().map(|_| path.clone())
}

/// As for `edit`.
const FILE_MAX_BYTES: u64 = 8 << 20;
