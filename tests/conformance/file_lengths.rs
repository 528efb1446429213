//! A source file has one job: without its tests it has at most 500 lines.

use std::path::{Path, PathBuf};

/// A table, and the stub of a module, which Python wants in one file.
const TABLES: [&str; 2] =
    ["bindings/python/python/zerostack/_core.pyi", "core/src/tokenizer/pretokenize/class/pages.rs"];

/// Files that a program writes from the sources of the core.
const GENERATED: [&str; 4] = [
    "bindings/kotlin/zerostack/zerostack_uniffi.kt",
    "bindings/swift/Sources/ZerostackFFI/ZerostackFFI.h",
    "bindings/swift/Sources/ZerostackGenerated/ZerostackGenerated.swift",
    "ffi/include/zerostack.h",
];

const FOLDERS: [&str; 5] = ["core", "std-runtime", "ffi", "bindings", "examples"];

const MOST_LINES: usize = 500;

#[test]
fn a_file_has_at_most_500_lines_without_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in FOLDERS {
        sources(&root.join(folder), &mut files);
    }
    assert!(files.len() > 700, "only {} files were found", files.len());
    let mut long = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        if code.lines().count() > MOST_LINES {
            long.push(path.to_owned());
        }
    }
    for named in TABLES.iter().chain(&GENERATED) {
        let place = long.iter().position(|path| path == named);
        long.remove(place.unwrap_or_else(|| panic!("{named} is short, or gone: take it out here")));
    }
    assert!(long.is_empty(), "split these files, each part with one job: {long:#?}");
}

/// The sources below `folder` that are not tests.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let is_test = stem.eq_ignore_ascii_case("tests") || stem.ends_with("_tests");
        if is_test || name.starts_with(['.', '_']) && path.is_dir() {
            continue;
        }
        if path.is_dir() {
            // What is built or installed, such as `target` and `node_modules`, belongs to nobody here.
            if !["target", "build", "node_modules"].contains(&name) {
                sources(&path, files);
            }
        } else if path.extension().is_some_and(|it| EXTENSIONS.iter().any(|known| it == *known)) {
            files.push(path);
        }
    }
}

const EXTENSIONS: [&str; 9] = ["rs", "c", "h", "py", "pyi", "swift", "kt", "js", "mjs"];
