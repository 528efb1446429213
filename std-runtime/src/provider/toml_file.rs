//! A configuration file as TOML: read with a bound, and its errors with their line.

use std::path::Path;
use std::{fmt, fs, io};

use serde::de::DeserializeOwned;

use crate::error::quote;
use crate::{Error, ErrorKind, Result};

/// The text of the user's file at `path`; `None` if there is none. It may be a link to an endless
/// device, so this checks before it reads.
///
/// # Errors
/// `Configuration` if it cannot be read.
pub(super) fn read(path: &Path) -> Result<Option<String>> {
    let wrong = |reason: &dyn fmt::Display| {
        let message = format!("cannot read {}: {reason}", path.display());
        Err(Error::new(ErrorKind::Configuration, message))
    };
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => wrong(&"it is not a regular file"),
        Ok(found) if found.len() > MAX_FILE_BYTES => {
            wrong(&format_args!("it has more than {MAX_FILE_BYTES} bytes"))
        }
        Ok(_) => fs::read_to_string(path).map(Some).or_else(|error| wrong(&error)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => wrong(&error),
    }
}

/// The table in `text`; `advice` ends the errors about it.
///
/// # Errors
/// `Configuration` with the path and the line.
pub(super) fn from_toml<T: DeserializeOwned>(path: &Path, text: &str, advice: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        // The parser's message may take several lines, and names keys of any length.
        let reason = error.message().split('\n').collect::<Vec<_>>().join("; ");
        let reason = quote(&without_strings(&reason));
        let message = format!("{}:{line}: {reason}{advice}", path.display());
        Error::new(ErrorKind::Configuration, message)
    })
}

/// `reason` without the value that serde prints in `invalid type: string "…", expected u32`: it
/// may be a key in the wrong field.
fn without_strings(reason: &str) -> String {
    match (reason.split_once(" string \""), reason.rsplit_once("\", expected ")) {
        (Some((before, _)), Some((_, expected))) => format!("{before} string, expected {expected}"),
        _ => reason.to_owned(),
    }
}

/// The largest configuration file, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 1024 * 1024;
