//! The recipes of CONTRIBUTING.md list the files that an addition changes: no file is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where a file of a recipe can be.
const FOLDERS: [&str; 5] = ["core", "ffi", "bindings/python", "bindings/uniffi", "std-runtime"];
/// Folders of these names hold no sources, or tests.
const SKIPPED: [&str; 4] = ["target", "tests", "bench", ".venv"];

#[test]
fn the_recipes_list_all_files_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let recipes = recipes(&page);
    let titles =
        ["dialect", "event", "error", "limit", "schema keyword", "vocabulary", "tool", "command"];
    for title in titles {
        assert!(recipes.keys().any(|(name, _)| name.ends_with(title)), "no recipe for a {title}");
    }
    let mut sources = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), &mut sources);
    }
    for ((title, example), listed) in &recipes {
        let has = |path: &&PathBuf| {
            std::fs::read_to_string(path).is_ok_and(|text| text.contains(example.as_str()))
        };
        let found: BTreeSet<String> = sources
            .iter()
            .filter(has)
            .map(|path| path.strip_prefix(&root).unwrap().display().to_string())
            .collect();
        assert!(!found.is_empty(), "{title}: nothing has {example}");
        let missing: Vec<_> = found.difference(listed).collect();
        let stale: Vec<_> = listed.difference(&found).collect();
        assert!(missing.is_empty(), "{title}: list these, which have {example}: {missing:?}");
        assert!(stale.is_empty(), "{title}: these do not have {example}: {stale:?}");
    }
}

/// The files of each recipe, by its title and its example.
fn recipes(page: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let (_, text) = page.split_once("\n## Recipes\n").expect("a section");
    let mut recipes = BTreeMap::new();
    for recipe in text.split("\n### ").skip(1) {
        let (head, body) = recipe.split_once('\n').unwrap();
        let (title, example) = head.split_once(": as `").expect("an example");
        let files = body.lines().filter_map(|line| line.strip_prefix("- `")?.strip_suffix('`'));
        let key = (title.to_owned(), example.trim_end_matches('`').to_owned());
        recipes.insert(key, files.map(str::to_owned).collect());
    }
    recipes
}

/// Adds the sources in `folder` that are not tests.
fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap_or_default();
        let stem = path.file_stem().unwrap().to_str().unwrap_or_default();
        let is_source = path.extension().and_then(|end| end.to_str());
        if path.is_dir() && !SKIPPED.contains(&name) {
            collect(&path, sources);
        } else if matches!(is_source, Some("rs" | "py" | "pyi" | "toml"))
            && !stem.ends_with("tests")
            && stem != "testing"
        {
            sources.push(path);
        }
    }
}
