//! Files outside the project in a view: those that tools wrote, which are discarded with the view,
//! and those that they were given.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use zerostack_text::listed;

use super::Inner;

/// A line about files in the home folder and in /tmp, if there are any.
pub(super) fn notes(view: &Inner) -> Option<String> {
    let mut names = Vec::new();
    let is_project = |path: &Path| view.parts.iter().any(|part| part.origin_path == path);
    for (home, upper) in &view.around.homes {
        // Programs keep caches and settings in folders of this kind.
        let visible = |name: &OsStr| !name.as_encoded_bytes().starts_with(b".");
        files(upper, home, &is_project, &visible, &mut names);
    }
    files(
        &view.temporary_outside,
        &view.temporary,
        &|_| false,
        &|name| name != HANDED_IN,
        &mut names,
    );
    names.sort();
    (!names.is_empty())
        .then(|| format!("written outside the project and not kept: {}", listed(&names)))
}

/// The files below `folder`, which tools know as `shown`, whose first name is `wanted`.
fn files(
    folder: &Path,
    shown: &Path,
    but: &dyn Fn(&Path) -> bool,
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
            if !wanted(&name) || but(&path) {
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

/// Copies `file` from its beginning, wherever it is read at, to the new file at `target`.
pub(super) fn copy(file: &File, target: &Path) -> io::Result<()> {
    let mut out = File::options().write(true).create_new(true).open(target)?;
    let (mut buffer, mut at) = (vec![0; COPY_BYTES], 0);
    loop {
        let count = file.read_at(&mut buffer, at)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        out.write_all(bytes)?;
        at += count as u64;
    }
}

/// The name in /tmp of a file for the tools.
pub(super) const HANDED_IN: &str = "stdin";

/// Bytes that are copied at once.
const COPY_BYTES: usize = 256 * 1024;

/// How many entries are looked at.
const ENTRIES: usize = 1000;
