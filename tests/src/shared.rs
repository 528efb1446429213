//! Data that is not part of the repository: recorded streams, corpora, suites.
//!
//! It lies in `../shared` beside the checkout, or where `ZEROSTACK_SHARED` says. A test that
//! does not find it prints that loudly and proves nothing.

use std::path::{Path, PathBuf};

/// The folder `name` of the shared data, or `None` and a line on stderr.
pub fn folder(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let root = std::env::var_os("ZEROSTACK_SHARED").map_or_else(beside, PathBuf::from);
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("NOT RUN: the shared data {} is missing", folder.display());
    None
}

/// All lines of a JSON Lines file.
///
/// # Panics
/// When the file cannot be read or a line is not JSON.
pub fn json_lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).expect("the file is readable");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}
