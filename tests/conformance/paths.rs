//! Every path that a document or a comment of the repository names exists.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders of the repository that a path starts with, so that `a/b` in an example is none.
const TOPS: [&str; 9] =
    ["bindings/", "core/", "examples/", "ffi/", "fuzz/", "std-runtime/", "tests/", "src/", "docs/"];

/// What builds and checks make, and places that stand for many.
const MADE: [&str; 4] = ["target/", "/target", "libs/", "corpus/"];

#[test]
fn every_path_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut missing, mut named) = (Vec::new(), 0);
    for file in files(&root) {
        let Ok(text) = std::fs::read_to_string(root.join(&file)) else { continue };
        let is_document =
            file.extension().is_some_and(|end| end == "md") && !file.ends_with("CHANGELOG.md");
        for (number, line) in text.lines().enumerate() {
            let Some(told) = (if is_document { Some(line) } else { comment(line) }) else {
                continue;
            };
            for path in paths(told) {
                named += 1;
                if !is_there(&root, &file, path) {
                    missing.push(format!("{}:{}: {path}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(named > 50, "only {named} paths were found");
    assert!(missing.is_empty(), "no such file:\n{}", missing.join("\n"));
}

/// The files of the repository that people write.
fn files(root: &Path) -> Vec<PathBuf> {
    let listed = Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]).output().unwrap();
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).unwrap();
    let is_ours = |name: &&str| {
        let ends =
            [".md", ".rs", ".toml", ".sh", ".py", ".c", ".h", ".swift", ".kt", "justfile", ".yml"];
        ends.iter().any(|end| name.ends_with(end))
            && !name.contains("Generated")
            && !name.contains("/prompts/")
    };
    names.split('\0').filter(is_ours).map(PathBuf::from).collect()
}

/// What a line says to people, if it is a comment.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    ["//", "# ", "/*", " *", "* "].iter().any(|mark| line.starts_with(mark)).then_some(line)
}

/// The words of a line that are paths of the repository.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let words = line.split(move |c: char| !is_path(c)).map(|word| word.trim_matches(['.', '-']));
    words.filter(|word| {
        let is_of_us = TOPS.iter().any(|top| word.starts_with(top))
            && word.len() > word.find('/').unwrap_or(0) + 1;
        is_of_us && !MADE.iter().any(|made| word.contains(made))
    })
}

/// Whether the path is there, seen from the root, the file's folder or a folder above it.
fn is_there(root: &Path, file: &Path, path: &str) -> bool {
    let folders = file.ancestors().skip(1);
    folders.map(|folder| root.join(folder).join(path)).any(|path| path.exists())
}
