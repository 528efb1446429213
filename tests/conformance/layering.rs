//! The arrows between the modules of the core go one way, and it depends on few crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each module may use those in its row.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("message", &["error"]),
    ("transcript", &["error", "message", "wire"]),
    ("provider", &["error", "message", "transcript", "wire", "prompt", "tokenizer", "tool"]),
    (
        "session",
        &["error", "message", "transcript", "provider", "wire", "prompt", "tokenizer", "tool"],
    ),
    ("drive", &["error", "message", "transcript", "provider", "session", "wire"]),
    // Leaves: they know bytes and texts, nothing of sessions.
    ("wire", &["error"]),
    ("prompt", &["error", "wire"]),
    ("tokenizer", &["error"]),
    ("tool", &["error", "message", "wire"]),
    // Documentation alone.
    ("guide", &[]),
];

/// The whole list of what the core may depend on.
const DEPENDENCIES: [&str; 6] = [
    "embedded-io",
    "embedded-io-async",
    "heapless",
    "serde",
    "serde-json-core",
    "zerostack-derive",
];

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core")
}

#[test]
fn no_arrow_turns() {
    let exports = exports();
    let mut wrong = Vec::new();
    let mut arrows = BTreeSet::new();
    for file in sources(&core().join("src")) {
        let path = file.strip_prefix(core().join("src")).unwrap();
        let module = path.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = module.trim_end_matches(".rs").to_owned();
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let is_test = stem.ends_with("tests") || stem == "testing";
        if module == "lib" || is_test {
            continue;
        }
        let allowed = MAY_USE.iter().find(|(name, _)| *name == module);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{module} has no place in the list"));
        for used in used_modules(&std::fs::read_to_string(&file).unwrap(), &exports) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
            arrows.insert((module.clone(), used));
        }
    }
    println!("{} arrows", arrows.len());
    assert!(arrows.contains(&("session".into(), "provider".into())), "nothing was found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules that `text` names by `crate::`, in `use` lines and elsewhere.
fn used_modules(text: &str, exports: &[(String, String)]) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list[..list.find("};").unwrap_or(list.len())].split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let name = name.trim();
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            let name = &name[..end.unwrap_or(name.len())];
            let owner = exports.iter().find(|(export, _)| export == name);
            let module = owner.map_or(name, |(_, module)| module);
            if MAY_USE.iter().any(|(known, _)| *known == module) {
                used.insert(module.to_owned());
            }
        }
    }
    used
}

/// The names that `lib.rs` gives out, and the module that each comes from.
fn exports() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(core().join("src/lib.rs")).unwrap();
    let mut exports = Vec::new();
    for statement in text.split(';') {
        let Some((_, rest)) = statement.split_once("pub use ") else { continue };
        let (module, names) = rest.split_once("::").expect("a path");
        for name in names.trim_matches(['{', '}', '\n', ' ']).split(',') {
            exports.push((name.trim().to_owned(), module.to_owned()));
        }
    }
    assert!(exports.iter().any(|(name, module)| name == "Error" && module == "error"));
    exports
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn the_core_depends_on_the_named_crates_only() {
    let manifest = std::fs::read_to_string(core().join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut found = 0;
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && section != "[dev-dependencies]" {
            let Some((name, _)) = line.split_once(['=', '.']).filter(|_| !line.starts_with('#'))
            else {
                continue;
            };
            assert!(DEPENDENCIES.contains(&name.trim()), "{line}");
            found += 1;
        }
    }
    assert!(found >= 4);
    let lib = std::fs::read_to_string(core().join("src/lib.rs")).unwrap();
    assert!(lib.contains("#![no_std]") && lib.contains("#![forbid(unsafe_code)]"));
}

/// A reader who meets the name of a type has one place to look. What a feature leaves out has its
/// twin in `disabled.rs`, and the driver has the same types with and without async.
#[test]
fn a_type_name_exists_once() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources(&core().join("src")) {
        let path = file.strip_prefix(core().join("src")).unwrap().display().to_string();
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let is_test = stem.ends_with("tests") || stem == "testing" || path.contains("/tests/");
        if is_test || stem == "disabled" || path == "drive/asynchronous.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for name in text.lines().filter_map(declared_type) {
            places.entry(name.to_owned()).or_default().push(path.clone());
        }
    }
    assert!(places.contains_key("Session") && places.len() > 150, "{} types", places.len());
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "rename one of each: {places:#?}");
}

/// The name of the struct, enum, union, trait or alias that `line` declares. An indented `type`
/// belongs to a trait.
fn declared_type(line: &str) -> Option<&str> {
    let is_indented = line.starts_with(' ');
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    let (kind, rest) = line.trim_start().split_once(' ')?;
    let is_type = matches!(kind, "struct" | "enum" | "union" | "trait");
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    (is_type || (kind == "type" && !is_indented)).then_some(&rest[..end])
}
