//! Files: what is at a path, atomic replacement, and the error messages.

use std::borrow::Cow;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use super::{outside, text};
use zerostack_workspace::new_file::NewFile;

/// `path`, or the only existing one that is the same text in another Unicode form: macOS stores `é`
/// as two characters, a model writes one.
pub(super) fn resolve(path: &str) -> Cow<'_, str> {
    if path.is_ascii() || fs::symlink_metadata(path).is_ok() {
        return Cow::Borrowed(path);
    }
    let mut found = PathBuf::new();
    for part in Path::new(path).components() {
        let exact = found.join(part);
        found = match part {
            Component::Normal(name) if fs::symlink_metadata(&exact).is_err() => {
                same_name(&found, name.to_str().unwrap_or_default()).unwrap_or(exact)
            }
            _ => exact,
        };
    }
    found.into_os_string().into_string().map_or(Cow::Borrowed(path), Cow::Owned)
}

/// The only entry of `folder` whose name is `name` in another Unicode form.
fn same_name(folder: &Path, name: &str) -> Option<PathBuf> {
    if name.is_ascii() {
        return None;
    }
    let wanted: String = name.nfc().collect();
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = fs::read_dir(listed).ok()?.filter_map(|e| e.ok()?.file_name().into_string().ok());
    let mut same = names.filter(|name| !name.is_ascii() && name.nfc().eq(wanted.chars()));
    let only = same.next()?;
    same.next().is_none().then(|| folder.join(only))
}

/// The metadata of an existing path, symlinks followed.
pub(super) fn metadata(path: &str) -> Result<Metadata, String> {
    if path.is_empty() {
        return Err("path is empty".into());
    }
    fs::metadata(path).map_err(|e| complaint(path, &e))
}

/// `Err` describes what `path` is instead of a regular file.
pub(super) fn expect_regular(path: &str, metadata: &Metadata) -> Result<(), String> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        Err(format!("{path} is a folder"))
    } else {
        Err(format!("{path} is not a regular file but a device, pipe or socket"))
    }
}

/// The message to a model about an error at `path`.
pub(super) fn complaint(path: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => not_found(path),
        ErrorKind::PermissionDenied => format!("{path}: permission denied"),
        ErrorKind::NotADirectory => format!("{path}: a parent of it is a file, not a folder"),
        _ => format!("{path}: {error}"),
    }
}

/// Writes `bytes` to a new file in the same folder and renames it over
/// `path`, so a reader sees the old file or the new one. A symlink is followed
/// to its target; mode and owner of an existing file are kept.
///
/// Nothing is flushed to the disk: the caller must do that.
pub(super) fn replace(path: &str, bytes: &[u8], old: Option<&Metadata>) -> Result<(), String> {
    let failed = |e: io::Error| {
        let refused =
            matches!(e.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied);
        let outside = refused.then(|| outside::refusal(path)).flatten();
        outside.unwrap_or_else(|| format!("{path} is unchanged: {e}"))
    };
    let target = outside::target(Path::new(path)).map_err(failed)?;
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if old.is_some() {
        // A rename would go through on a file that may not be written.
        rustix::fs::access(&target, rustix::fs::Access::WRITE_OK).map_err(|errno| {
            match outside::refusal(path) {
                Some(refusal) => refusal,
                None if errno == rustix::io::Errno::ROFS => failed(errno.into()),
                None => format!("{path} is read-only: unchanged; chmod u+w it first"),
            }
        })?;
    }
    let new = NewFile::create(folder, TEMPORARY_PREFIX, 0o666).map_err(failed)?;
    let mut file = new.file();
    file.write_all(bytes).map_err(failed)?;
    if let Some(old) = old {
        let owner = file.metadata().map_err(failed)?;
        if (owner.uid(), owner.gid()) != (old.uid(), old.gid()) {
            let owner = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
            owner.map_err(|e| format!("{path} is unchanged: its owner cannot be kept: {e}"))?;
        }
        // After the owner, because a change of owner takes the set-id bits away.
        file.set_permissions(old.permissions()).map_err(failed)?;
    }
    new.persist(&target).map_err(failed)
}

/// A symlink to a file that does not exist, or is hidden from tools.
fn dangling(path: &Path, link: &Path, is_outside: bool) -> String {
    let why = match is_outside {
        true => "which is outside the project and not visible to tools",
        false => "which does not exist",
    };
    format!("{} is a symlink to {}, {why}", path.display(), link.display())
}

/// No such path: the missing part, and what exists instead.
fn not_found(path: &str) -> String {
    let path = Path::new(path);
    if let Ok(link) = fs::read_link(path) {
        let is_outside = path.to_str().is_some_and(|path| outside::project(path).is_some());
        return dangling(path, &link, is_outside);
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

/// How the names of half-written files start, where they need one.
const TEMPORARY_PREFIX: &str = ".zerostack-";
const SIMILAR_SHOWN: usize = 3;
const SIMILAR_NAME_MAX_BYTES: usize = 100;
const SIMILAR_SCAN_MAX_ENTRIES: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_out_of_the_project_is_reported() {
        let told =
            |is_outside| dangling(Path::new("conf"), Path::new("/home/ann/conf"), is_outside);
        assert!(told(true).contains("outside the project"), "{}", told(true));
        assert!(told(false).ends_with("which does not exist"), "{}", told(false));
    }
}
