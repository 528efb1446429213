//! Files of a module do not use each other in a circle, in the core and in each crate of the
//! runtime; and the crates of the runtime use each other in one direction.
//!
//! A file and the `mod.rs` above it may name each other: the one contains the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The crates of the runtime, and which crates of the project each may use.
const RUNTIME: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("policy", &[]),
    ("scripted", &["core"]),
    ("agent", &["core", "text"]),
    ("workspace", &["text"]),
    ("tools", &["core", "text", "workspace"]),
];

/// The circles that remain. Any other fails; remove one here after opening it.
const LEFT: &[&[&str]] = &[
    // A value in front matter may be a collection, and a collection holds values.
    &["core/prompt/collection", "core/prompt/front_matter"],
    // A configuration names its limits and options; which of them a dialect can express depends on all of it.
    &[
        "core/provider/codec",
        "core/provider/config",
        "core/provider/limits",
        "core/provider/options/fields",
    ],
    // The machine asks whether there is room and over which budget a turn is; both end turns of the machine.
    &[
        "core/session/machine",
        "core/session/room",
        "core/session/window",
        "core/session/window/budget",
        "core/session/window/disabled",
    ],
    // A rule of a schema has rules below it, whose evaluation follows references back.
    &[
        "core/tool/schema/eval",
        "core/tool/schema/index",
        "core/tool/schema/pattern",
        "core/tool/schema/rule",
    ],
    // A program such as `env` runs another command, which is walked like the first.
    &["std-runtime/policy/program", "std-runtime/policy/walk"],
    // Instructions explain the form of their result to the model, and the form is checked by the instructions.
    &["std-runtime/run/contract", "std-runtime/run/instructions"],
];

type File = Vec<String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_crates_of_the_runtime_use_each_other_in_one_direction() {
    for (name, allowed) in RUNTIME {
        let manifest = root().join(format!("std-runtime/{name}/Cargo.toml"));
        let manifest = std::fs::read_to_string(manifest).unwrap();
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap_or_default();
        let dependencies = dependencies.split("[dev-dependencies]").next().unwrap();
        for line in dependencies.lines().filter(|line| line.starts_with("zerostack-")) {
            let used = line.split(['.', ' ', '=']).next().unwrap();
            let used = used.strip_prefix("zerostack-").unwrap();
            assert!(allowed.contains(&used), "{name} uses {used}");
        }
    }
}

#[test]
fn no_new_circle_of_files() {
    let mut found = BTreeSet::new();
    let mut arrows = 0;
    let runtime = RUNTIME.iter().map(|(name, _)| format!("std-runtime/{name}"));
    for place in ["core", "std-runtime"].map(str::to_owned).into_iter().chain(runtime) {
        let files = files(&root().join(&place).join("src"));
        let graph = graph(&files);
        arrows += graph.values().map(BTreeSet::len).sum::<usize>();
        for circle in circles(&graph) {
            let names = circle.iter().map(|file| format!("{place}/{}", file.join("/")));
            found.insert(names.collect::<Vec<_>>());
        }
    }
    assert!(arrows > 500, "only {arrows} arrows were found");
    let is_left = |circle: &&Vec<String>| {
        LEFT.iter().any(|left| circle.iter().all(|file| left.contains(&file.as_str())))
    };
    let new: Vec<_> = found.iter().filter(|circle| !is_left(circle)).collect();
    assert!(new.is_empty(), "files that use each other in a circle: {new:#?}");
}

/// Each file of `source` by its path as a module, without its comments and its tests.
fn files(source: &Path) -> BTreeMap<File, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(source).unwrap().with_extension("");
            let parts = below.iter().map(|part| part.to_str().unwrap().to_owned());
            let mut module: File = parts.collect();
            let stem = module.last().cloned().unwrap_or_default();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            if !is_rust || ["main", "tests", "testing"].contains(&stem.as_str()) {
                continue;
            }
            if stem == "mod" || stem == "lib" {
                module.pop();
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            files.insert(module, lines.flat_map(|line| [line, "\n"]).collect());
        }
    }
    files
}

/// Which files each file uses, without those above and below it.
fn graph(files: &BTreeMap<File, String>) -> BTreeMap<File, BTreeSet<File>> {
    let exports: BTreeMap<&File, Vec<File>> =
        files.iter().map(|(module, text)| (module, used(text, "pub"))).collect();
    let arrows = |(module, text): (&File, &String)| {
        let paths = used(text, "").into_iter().chain(named(text));
        let targets = paths.filter_map(|path| owner(module, &path, files, &exports, 0));
        let beside = targets.filter(|it| !module.starts_with(it) && !it.starts_with(module));
        (module.clone(), beside.collect())
    };
    files.iter().map(arrows).collect()
}

/// The paths of the `use` lines of `text`; with `visibility` of those alone that begin with it.
fn used(text: &str, visibility: &str) -> Vec<File> {
    let mut paths = Vec::new();
    for statement in text.split(';') {
        let Some((before, tree)) = statement.rsplit_once("use ") else { continue };
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        let is_use = line.is_empty() || line.starts_with("pub");
        if is_use && line.starts_with(visibility) {
            spread(tree, &[], &mut paths);
        }
    }
    paths
}

/// The paths of a tree such as `a::{b, c::d as e}`.
fn spread(tree: &str, before: &[String], paths: &mut Vec<File>) {
    let tree = tree.trim();
    if let Some(list) = tree.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let (mut depth, mut start) = (0, 0);
        for (at, character) in list.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    spread(&list[start..at], before, paths);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return spread(&list[start..], before, paths);
    }
    let mut whole = before.to_vec();
    match tree.split_once("::") {
        Some((first, rest)) => {
            whole.push(first.trim().to_owned());
            spread(rest, &whole, paths);
        }
        None if !tree.is_empty() => {
            whole.push(tree.split(" as ").next().unwrap().trim().to_owned());
            paths.push(whole);
        }
        None => {}
    }
}

/// The paths from `crate` and `super` in the code itself.
fn named(text: &str) -> Vec<File> {
    let is_path = |character: char| character.is_alphanumeric() || "_:".contains(character);
    let words = text.split(|character: char| !is_path(character));
    let paths = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    paths.map(|path| path.split("::").map(str::to_owned).collect()).collect()
}

/// The file that has what `path` names in `module`, through what other files give out.
fn owner(
    module: &File,
    path: &[String],
    files: &BTreeMap<File, String>,
    exports: &BTreeMap<&File, Vec<File>>,
    depth: usize,
) -> Option<File> {
    let (mut base, mut path) = (module.clone(), path);
    let first = path.first()?;
    if first == "crate" {
        base.clear();
        path = &path[1..];
    } else if first != "super" && first != "self" {
        let below: File = base.iter().chain([first]).cloned().collect();
        files.get(&below)?;
    }
    while let Some((first, rest)) = path.split_first() {
        let below: File = base.iter().chain([first]).cloned().collect();
        match first.as_str() {
            "super" => _ = base.pop(),
            "self" => {}
            _ if files.contains_key(&below) => base = below,
            _ => break,
        }
        path = rest;
    }
    let given = path.first().and_then(|name| {
        let given = exports.get(&base)?;
        given.iter().find(|given| given.last() == Some(name))
    });
    let through = given.filter(|_| depth < 8);
    let through = through.and_then(|given| owner(&base, given, files, exports, depth + 1));
    through.or(Some(base))
}

/// The groups of files of which each reaches each other.
fn circles(graph: &BTreeMap<File, BTreeSet<File>>) -> Vec<Vec<File>> {
    let reach = |from: &File| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&File> = graph[from].iter().collect();
        while let Some(file) = next.pop() {
            if reached.insert(file.clone()) {
                next.extend(graph.get(file).into_iter().flatten());
            }
        }
        reached
    };
    let reached: BTreeMap<&File, BTreeSet<File>> =
        graph.keys().map(|file| (file, reach(file))).collect();
    let mut groups = BTreeSet::new();
    for (file, others) in &reached {
        if others.contains(*file) {
            let back = others.iter().filter(|other| reached[other].contains(*file));
            groups.insert(back.cloned().collect::<Vec<_>>());
        }
    }
    groups.into_iter().collect()
}
