//! Files: what stands at a path, replacing one atomically, saying what is wrong.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::text;

/// The metadata of an existing path, symlinks followed.
pub(super) fn metadata(path: &str) -> Result<Metadata, String> {
    if path.is_empty() {
        return Err("path is empty".into());
    }
    fs::metadata(path).map_err(|e| complaint(path, &e))
}

/// `Err` says what `path` is instead of a regular file.
pub(super) fn expect_regular(path: &str, metadata: &Metadata) -> Result<(), String> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        Err(format!("{path} is a folder"))
    } else {
        Err(format!("{path} is not a regular file but a device, pipe or socket"))
    }
}

/// What to tell a model about an error at `path`.
pub(super) fn complaint(path: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => not_found(path),
        ErrorKind::PermissionDenied => format!("{path}: permission denied"),
        ErrorKind::NotADirectory => format!("{path}: a parent of it is a file, not a folder"),
        _ => format!("{path}: {error}"),
    }
}

/// Writes `bytes` to a temporary file in the same folder and renames it over
/// `path`, so a reader sees the old file or the new one. A symlink is followed
/// to its target; mode and owner of a file that exists are kept.
///
/// Nothing is flushed to the disk: a power cut is the caller's concern.
pub(super) fn replace(path: &str, bytes: &[u8], old: Option<&Metadata>) -> Result<(), String> {
    let failed = |e: io::Error| format!("{path} is unchanged: {e}");
    let target = target(Path::new(path)).map_err(failed)?;
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if old.is_some() {
        // A rename would go through on a file that may not be written.
        rustix::fs::access(&target, rustix::fs::Access::WRITE_OK)
            .map_err(|_| format!("{path} is read-only: unchanged; chmod u+w it first"))?;
    }
    let mut temporary = tempfile::Builder::new();
    temporary.prefix(TEMPORARY_PREFIX);
    // A new file gets what the umask leaves of this.
    let new_file_mode = Permissions::from_mode(0o666);
    let mut temporary = temporary.permissions(new_file_mode).tempfile_in(folder).map_err(failed)?;
    temporary.write_all(bytes).map_err(failed)?;
    if let Some(old) = old {
        let file = temporary.as_file();
        let new = file.metadata().map_err(failed)?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            let owner = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
            owner.map_err(|e| format!("{path} is unchanged: its owner cannot be kept: {e}"))?;
        }
        // After the owner, because a change of owner takes the set-id bits away.
        file.set_permissions(old.permissions()).map_err(failed)?;
    }
    temporary.persist(&target).map_err(|e| failed(e.error))?;
    Ok(())
}

/// Where a path leads when its last part is a symlink, perhaps to nothing yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..SYMLINKS_MAX {
        match fs::read_link(&target) {
            Ok(link) => target = target.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many symlinks"))
}

/// No such path: which part is missing, and what stands there instead.
fn not_found(path: &str) -> String {
    let path = Path::new(path);
    if let Ok(link) = fs::read_link(path) {
        return format!(
            "{} is a symlink to {}, which does not exist",
            path.display(),
            link.display()
        );
    }
    let mut missing = path;
    let folder = loop {
        match missing.parent() {
            Some(parent) if parent.as_os_str().is_empty() => break Path::new("."),
            Some(parent) if parent.is_dir() => break parent,
            Some(parent) => missing = parent,
            None => break Path::new("/"),
        }
    };
    let what = if missing == path { "file or folder" } else { "folder" };
    let mut message = format!("no such {what} {}", missing.display());
    let similar = similar_names(folder, missing);
    if similar.is_empty() {
        let mut shown = String::new();
        text::push_path(&mut shown, folder);
        message.push_str(&format!("; see `list` of {shown}, or `find`"));
    } else {
        message.push_str("; similar names: ");
        message.push_str(&similar.join(", "));
    }
    message
}

/// Names in `folder` like the last part of `missing`, the most similar first.
fn similar_names(folder: &Path, missing: &Path) -> Vec<String> {
    let Some(wanted) = missing.file_name().map(|n| n.to_string_lossy().to_lowercase()) else {
        return Vec::new();
    };
    let (Ok(entries), true) = (fs::read_dir(folder), wanted.len() <= SIMILAR_NAME_MAX_BYTES) else {
        return Vec::new();
    };
    let typing_errors = 1 + wanted.len() / 4;
    let mut similar: Vec<(usize, String)> = entries
        .take(SIMILAR_SCAN_MAX_ENTRIES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.len() <= SIMILAR_NAME_MAX_BYTES)
        .map(|name| (strsim::osa_distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= typing_errors || name.contains(&wanted))
        .collect();
    similar.sort();
    let path = |(_, name)| missing.with_file_name::<String>(name).display().to_string();
    similar.into_iter().take(SIMILAR_SHOWN).map(path).collect()
}

/// How the names of half-written files start; they never outlive a call that ends.
const TEMPORARY_PREFIX: &str = ".zerostack-";
/// As many links as Linux follows.
const SYMLINKS_MAX: usize = 40;
const SIMILAR_SHOWN: usize = 3;
const SIMILAR_NAME_MAX_BYTES: usize = 100;
const SIMILAR_SCAN_MAX_ENTRIES: usize = 2000;
