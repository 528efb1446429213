//! What is built: the size of the binary, the crates in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::Table;

/// Adds the figures of the command `exe` to `table`.
///
/// # Errors
/// When its file cannot be read.
pub fn measure(exe: &Path, table: &mut Table) -> std::io::Result<()> {
    let size = std::fs::metadata(exe)?.len();
    table.text("binary", &mib(size), "≤ 4 MiB");
    let folder = tempfile::tempdir()?;
    let stripped = folder.path().join("stripped");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(exe).status();
    if strip.is_ok_and(|status| status.success()) {
        table.text("  without its symbols", &mib(std::fs::metadata(&stripped)?.len()), "");
    }
    match crates() {
        Some(count) => table.text("crates in the normal tree", &count.to_string(), "≤ 100"),
        None => table.text("crates in the normal tree", "not known: cargo tree failed", "≤ 100"),
    }
    Ok(())
}

fn crates() -> Option<usize> {
    let tree = Command::new("cargo")
        .args(["tree", "--offline", "--package", "zerostack-cli", "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let lines = String::from_utf8(tree.stdout).ok()?;
    let names = lines.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    Some(names.collect::<BTreeSet<_>>().len())
}

fn mib(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / (1024.0 * 1024.0))
}
