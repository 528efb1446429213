//! The files that a rule keeps from being read. In a sandbox they look empty, whatever reads them: a
//! rule about paths alone would miss a search of the folder above.

use std::fs;
use std::path::{Path, PathBuf};

use zerostack_policy::{Base, Entry, Rule, Verdict};

use crate::{Error, ErrorKind, Result};

/// The paths that `rules` deny to `read`, in the `folders` of the project and outside. A link counts as
/// the file that it is, not as the one that it leads to, which has a name of its own.
///
/// # Errors
/// `Configuration` if a rule looks through too many files, or covers too many.
pub(super) fn find<'a>(
    rules: impl Iterator<Item = &'a (Verdict, Rule)>,
    folders: &[PathBuf],
) -> Result<Vec<PathBuf>> {
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    let mut found = Vec::new();
    for (_, rule) in rules.filter(|(verdict, _)| *verdict == Verdict::Deny) {
        let Some(pattern) = rule.paths("read") else { continue };
        let root = [PathBuf::from("/")];
        let bases = match pattern.base() {
            Base::Project => folders,
            Base::Root => &root,
            Base::Home => home.as_slice(),
        };
        for base in bases {
            let Ok(base) = base.canonicalize() else { continue };
            let mut left = ENTRIES;
            let paths = pattern.expand(&mut |folder| list(&base.join(folder), &mut left));
            if left == 0 {
                return Err(too_wide(rule, "looks through", ENTRIES));
            }
            found.extend(
                paths.into_iter().map(|path| base.join(path)).filter(|path| !path.is_symlink()),
            );
        }
        if found.len() > PATHS {
            return Err(too_wide(rule, "denies", PATHS));
        }
    }
    Ok(found)
}

/// The entries of a folder, as long as any are `left`. What cannot be listed has none: tools have no
/// more rights than this process.
fn list(folder: &Path, left: &mut usize) -> Vec<Entry> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let entries = entries.flatten().map_while(|entry| {
        *left = left.checked_sub(1)?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        Some(Entry { name: entry.file_name(), is_folder })
    });
    entries.collect()
}

fn too_wide(rule: &Rule, does: &str, limit: usize) -> Error {
    let text = format!(
        "the rule {rule} {does} more than {limit} files, which are hidden one by one; name their folder: `Read(./FOLDER/**)`"
    );
    Error::new(ErrorKind::Configuration, text)
}

/// How many entries of folders a rule may look through.
const ENTRIES: usize = 1_000_000;

/// How many paths may be hidden: each is a mount.
const PATHS: usize = 10_000;
