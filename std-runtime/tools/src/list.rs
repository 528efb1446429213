//! `list`: the entries of a folder.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Deserialize;

use super::names::Names;
use super::{Outcome, Output, file, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The working folder if left out.
    path: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    directory(&file::resolve(arguments.path.as_deref().unwrap_or(".")))
}

/// The entries of `path`, sorted by the bytes of their names.
pub(super) fn directory(path: &str) -> Outcome {
    let metadata = file::metadata(path)?;
    if !metadata.is_dir() {
        file::expect_regular(path, &metadata)?;
        return Ok(Output::text(format!("{path} is a file of {} bytes\n", metadata.len())));
    }
    let failed = |e: std::io::Error| file::complaint(path, &e);
    let (mut content, mut invalid_utf8) = (String::new(), false);
    let (mut count, mut hidden_bytes) = (0_usize, 0);
    for name in Names::of(Path::new(path)).map_err(failed)? {
        let name = name.map_err(failed)?.name;
        if count < ENTRIES_MAX {
            invalid_utf8 |= push_entry(&mut content, Path::new(path), &name);
        } else {
            hidden_bytes += name.len() + 1;
        }
        count += 1;
    }
    if count == 0 {
        content.push_str("[empty folder]\n");
    }
    let left = count.saturating_sub(ENTRIES_MAX);
    if left > 0 {
        _ = writeln!(content, "[{left} more entries not shown; `find` with a pattern gets them]");
    }
    let truncated = (left > 0).then_some(hidden_bytes as u64);
    Ok(Output::text(content).truncated_if(truncated).replaced_if(invalid_utf8))
}

/// `name/`, `name 12`, `name* 12`, `name@ -> target`, or `name (kind)`.
fn push_entry(out: &mut String, folder: &Path, name: &OsStr) -> bool {
    let mut invalid_utf8 = text::push_lossy(out, name.as_encoded_bytes());
    let path = folder.join(name);
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_dir() => out.push('/'),
        Ok(metadata) if metadata.is_symlink() => {
            out.push_str("@ -> ");
            match fs::read_link(&path) {
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
