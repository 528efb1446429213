//! What can be seen of runs from outside: files and processes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is below a folder: path, mode, and the bytes of a file or the target of a link.
pub type Tree = BTreeMap<PathBuf, (u32, Vec<u8>)>;

/// Asks again and again until `condition` holds.
///
/// # Panics
/// When it does not come to hold.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} does not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What is below `folder`.
///
/// # Panics
/// When it cannot be read.
pub fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let bytes = if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if metadata.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if metadata.is_file() {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            let name = path.strip_prefix(folder).unwrap().to_owned();
            tree.insert(name, (metadata.permissions().mode(), bytes));
        }
    }
    tree
}

/// The processes whose command line or environment holds `marker`, but for this one.
///
/// # Panics
/// When /proc cannot be read.
pub fn processes_with(marker: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let holds = |path: PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_pid = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    names
        .filter(|name| is_pid(name) && *name != own)
        .filter(|pid| {
            let at = Path::new("/proc").join(pid);
            // A thread or zombie of ours is not what is looked for.
            fs::metadata(&at).is_ok_and(|metadata| metadata.nlink() > 0)
                && (holds(at.join("cmdline")) || holds(at.join("environ")))
        })
        .collect()
}
