//! What tools wrote outside of the project, which goes with the view.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use zerostack_text::listed;

use super::Inner;

/// A line about files in the home folder and in /tmp, if there are any.
pub(super) fn notes(view: &Inner) -> Option<String> {
    let mut names = Vec::new();
    for (home, upper) in &view.around.homes {
        // Programs keep caches and settings in folders of this kind.
        let visible = |name: &OsStr| !name.as_encoded_bytes().starts_with(b".");
        files(upper, home, view.origin_path.as_path(), &visible, &mut names);
    }
    files(&view.temporary_outside, &view.temporary, Path::new(""), &|_| true, &mut names);
    names.sort();
    (!names.is_empty())
        .then(|| format!("written outside of the project and not kept: {}", listed(&names)))
}

/// The files below `folder`, which tools know as `shown`, whose first name is `wanted`.
fn files(
    folder: &Path,
    shown: &Path,
    but: &Path,
    wanted: &dyn Fn(&OsStr) -> bool,
    names: &mut Vec<String>,
) {
    let mut left = ENTRIES;
    let mut folders = vec![(folder.to_owned(), shown.to_owned())];
    while let Some((at, shown)) = folders.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
            let Some(rest) = left.checked_sub(1) else { return };
            left = rest;
            let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
            let path = shown.join(&name);
            if !wanted(&name) || (path == but && !but.as_os_str().is_empty()) {
                continue;
            }
            if kind.is_dir() {
                folders.push((entry.path(), path));
            } else if kind.is_file() {
                names.push(path.display().to_string());
            }
        }
    }
}

/// How many entries are looked at.
const ENTRIES: usize = 1000;
