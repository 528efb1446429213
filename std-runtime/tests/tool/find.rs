use serde_json::json;
use zerostack::tool::Truncated;

use super::{Folder, assert_has};

#[test]
fn a_glob_without_a_slash_matches_names_else_paths() {
    let folder = Folder::new();
    folder.file("b.rs", "").file("src/a.rs", "").file("src/deep/c.rs", "").file("src/x.toml", "");
    let find = |pattern: &str| folder.ok("find", json!({"pattern": pattern}));
    assert_eq!(find("*.rs"), "b.rs\nsrc/a.rs\nsrc/deep/c.rs\n");
    assert_eq!(find("src/*.rs"), "src/a.rs\n");
    assert_eq!(find("./src/**/*.rs"), "src/a.rs\nsrc/deep/c.rs\n");
    assert_eq!(find("*.{toml,md}"), "src/x.toml\n");
    assert_eq!(find("dee[p]"), "src/deep/\n");
    assert_eq!(find("!*.rs"), "src/\nsrc/deep/\nsrc/x.toml\n");
    assert_eq!(
        folder.ok("find", json!({"pattern": "*.rs", "path": "src/deep"})),
        "src/deep/c.rs\n"
    );
    assert_eq!(folder.ok("find", json!({"pattern": "src/*.rs", "path": "src"})), "src/a.rs\n");
}

#[test]
fn ignore_files_count_hidden_files_too_and_git_itself_does_not() {
    let folder = Folder::new();
    folder.file(".gitignore", "/target\n*.log\n!keep.log\n").file("src/.ignore", "gen\n");
    folder.file("target/a.log", "").file("a.log", "").file("keep.log", "").file("src/gen/a", "");
    folder.file(".github/ci.yml", "").file(".git/config", "");
    assert_eq!(
        folder.ok("find", json!({"pattern": "*"})),
        ".github/\n.github/ci.yml\n.gitignore\nkeep.log\nsrc/\nsrc/.ignore\n"
    );
}

#[test]
fn ignore_files_above_the_project_do_not_count() {
    let folder = Folder::new();
    folder.file("home/.gitignore", "*\n").file("home/p/.gitignore", "gen\n");
    folder.file("home/p/src/a.rs", "").file("home/p/src/gen/b.rs", "");
    let find = |path: &str| {
        let stdin = json!({"pattern": "*.rs", "path": path}).to_string();
        let mut tool = std::process::Command::new(env!("CARGO_BIN_EXE_zerostack"));
        let arguments = folder.path("arguments");
        std::fs::write(&arguments, stdin).unwrap();
        tool.args(["tool", "find"]).stdin(std::fs::File::open(arguments).unwrap());
        let done = tool.current_dir(folder.path("home/p")).output().unwrap();
        serde_json::from_slice::<zerostack::tool::Output>(&done.stdout).unwrap().content
    };
    for path in [".", "src"] {
        assert_eq!(find(path), "src/a.rs\n", "outside git, {path}");
    }
    folder.file("home/p/.git/info/exclude", "");
    for path in [".", "src"] {
        assert_eq!(find(path), "src/a.rs\n", "in git, {path}");
    }
    folder.file("home/p/.git/info/exclude", "a.rs\n");
    assert!(find("src").starts_with("[no path matches"));
}

#[test]
fn at_most_500_paths() {
    for (count, cut) in [(499, false), (500, false), (501, true)] {
        let folder = Folder::new();
        (0..count).for_each(|n| _ = folder.file(format!("f{n:04}"), ""));
        let output = folder.call("find", json!({"pattern": "f*"}));
        assert_eq!(output.content.lines().filter(|l| l.starts_with('f')).count(), count.min(500));
        assert_eq!(output.truncated, cut.then_some(Truncated { bytes: 0 }));
        assert_eq!(output.content.contains("[stopped after 500 paths"), cut);
    }
}

#[test]
fn no_match_and_bad_patterns_say_what_to_do() {
    let folder = Folder::new();
    folder.file("main.rs", "");
    assert_has(&folder.ok("find", json!({"pattern": "main"})), "*main* matches a part of a name");
    assert_has(&folder.err("find", json!({"pattern": "["})), "pattern `[` is not a glob: unclosed");
    assert_has(&folder.err("find", json!({"pattern": ""})), "pattern is empty");
    assert_has(&folder.err("find", json!({"pattern": "*", "path": "main.rs"})), "is a file");
    assert_has(
        &folder.err("find", json!({"pattern": "*", "path": "mian.rs"})),
        "similar names: main.rs",
    );
}

#[test]
fn ignore_files_are_read_as_git_reads_them() {
    let folder = Folder::new();
    folder.file(".gitignore", "\u{feff}*.tmp\n[[:digit:]]*.out\n!keep.tmp\n").file(".git/HEAD", "");
    folder.file("a.tmp", "").file("keep.tmp", "").file("1.out", "").file("x.out", "");
    folder.file("sub/.gitignore", "/only.here\n").file("sub/only.here", "").file("only.here", "");
    folder.file("nested/.git/HEAD", "").file("nested/b.tmp", "");
    let found = folder.ok("find", json!({"pattern": "*.{tmp,out,here}"}));
    assert_eq!(found, "keep.tmp\nnested/b.tmp\nonly.here\nx.out\n");
}
