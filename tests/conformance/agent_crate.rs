//! The agent for Rust programs stays small: few crates, no code that only one operating system has,
//! no access to the files of a project.

use std::path::Path;
use std::process::Command;

/// The crates that a program on `zerostack-agent` builds, by `cargo tree`.
fn crates_of_the_agent() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root).args(["tree", "--offline", "--package", "zerostack-agent"]);
    let tree = tree.args(["--edges", "normal", "--prefix", "none"]).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> =
        String::from_utf8(tree.stdout).unwrap().lines().map(name).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn an_agent_only_program_builds_few_crates_and_no_sandbox() {
    let crates = crates_of_the_agent();
    println!("{} crates", crates.len());
    for needed in ["zerostack-core", "rustls", "ureq"] {
        assert!(crates.iter().any(|name| name == needed), "{needed} is missing: {crates:?}");
    }
    assert!(crates.len() <= MOST, "{} crates: {crates:?}", crates.len());
    for linux in ["rustix", "seccompiler", "signal-hook", "ignore", "toml", "tokio"] {
        assert!(!crates.iter().any(|name| name == linux), "{linux} is among them");
    }
}

const MOST: usize = 48;
