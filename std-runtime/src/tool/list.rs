//! `list`: what stands in a folder.

use std::fmt::Write as _;
use std::fs::{self, DirEntry};
use std::os::unix::fs::PermissionsExt;

use serde::Deserialize;

use super::{Outcome, Output, file, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The working folder if left out.
    path: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    directory(arguments.path.as_deref().unwrap_or("."))
}

/// The entries of `path`, sorted by the bytes of their names.
pub(super) fn directory(path: &str) -> Outcome {
    let metadata = file::metadata(path)?;
    if !metadata.is_dir() {
        file::expect_regular(path, &metadata)?;
        return Ok(Output::text(format!("{path} is a file of {} bytes\n", metadata.len())));
    }
    let read = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut entries = read.map_err(|e| file::complaint(path, &e))?;
    entries.sort_by_cached_key(DirEntry::file_name);
    let (mut content, mut invalid_utf8) = (String::new(), false);
    if entries.is_empty() {
        content.push_str("[empty folder]\n");
    }
    for entry in entries.iter().take(ENTRIES_MAX) {
        invalid_utf8 |= push_entry(&mut content, entry);
    }
    let left = entries.len().saturating_sub(ENTRIES_MAX);
    let hidden_bytes: usize =
        entries.iter().skip(ENTRIES_MAX).map(|entry| entry.file_name().len() + 1).sum();
    if left > 0 {
        _ = writeln!(content, "[{left} more entries not shown; `find` with a pattern gets them]");
    }
    let truncated = (left > 0).then_some(hidden_bytes as u64);
    Ok(Output::text(content).truncated_if(truncated).replaced_if(invalid_utf8))
}

/// `name/`, `name 12`, `name* 12`, `name@ -> target`, or `name (kind)`.
fn push_entry(out: &mut String, entry: &DirEntry) -> bool {
    let mut invalid_utf8 = text::push_lossy(out, entry.file_name().as_encoded_bytes());
    match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => out.push('/'),
        Ok(metadata) if metadata.is_symlink() => {
            out.push_str("@ -> ");
            match fs::read_link(entry.path()) {
                Ok(target) => {
                    invalid_utf8 |= text::push_lossy(out, target.as_os_str().as_encoded_bytes());
                }
                Err(error) => _ = write!(out, "({error})"),
            }
        }
        Ok(metadata) if metadata.is_file() => {
            let executable = metadata.permissions().mode() & 0o111 != 0;
            let mark = if executable { "*" } else { "" };
            _ = write!(out, "{mark} {}", metadata.len());
        }
        Ok(_) => out.push_str(" (device, pipe or socket)"),
        Err(error) => _ = write!(out, " ({error})"),
    }
    out.push('\n');
    invalid_utf8
}

/// Entries shown of one folder.
const ENTRIES_MAX: usize = 500;
