//! The order in which a release build is linked names parts of the command that exist.

use std::fs;
use std::path::{Path, PathBuf};

/// Our crates and their folders.
const CRATES: [(&str, &str); 8] = [
    ("zerostack", "std-runtime"),
    ("zerostack_agent", "std-runtime/agent"),
    ("zerostack_dotprompt", "std-runtime/dotprompt"),
    ("zerostack_policy", "std-runtime/policy"),
    ("zerostack_text", "std-runtime/text"),
    ("zerostack_tools", "std-runtime/tools"),
    ("zerostack_workspace", "std-runtime/workspace"),
    ("zerostack_core", "core"),
];

#[test]
fn the_order_of_the_code_names_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let order = fs::read_to_string(root.join("std-runtime/code_order.txt")).unwrap();
    let (mut count, mut stale) = (0, Vec::new());
    for line in order.lines().filter(|line| !line.starts_with(['#', '='])) {
        let path = line.trim_start_matches('<').split(">::").next().unwrap();
        let mut names = path.split("::");
        let name = names.next().unwrap();
        let Some((_, folder)) = CRATES.iter().find(|(known, _)| *known == name) else { continue };
        count += 1;
        if !is_there(&root.join(folder).join("src"), names) {
            stale.push(line);
        }
    }
    assert!(count > 100, "{count} lines name parts of our crates");
    // A few names are those of expanded macros or of other targets.
    assert!(stale.len() * 20 < count, "run `just code-order`, these do not exist: {stale:#?}");
}

/// Whether the first of `names` are modules below `folder`, and the next is in the text of the last one.
fn is_there<'a>(folder: &Path, names: impl Iterator<Item = &'a str>) -> bool {
    let (mut folder, mut file) = (folder.to_owned(), folder.join("lib.rs"));
    for name in names {
        let module = [folder.join(name).with_extension("rs"), folder.join(name).join("mod.rs")];
        match module.into_iter().find(|path: &PathBuf| path.exists()) {
            Some(path) => (folder, file) = (folder.join(name), path),
            None => {
                let text = fs::read_to_string(&file).unwrap_or_default();
                return name == "*" || name == "_" || text.contains(name);
            }
        }
    }
    true
}
