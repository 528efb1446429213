use std::os::unix::fs::symlink;

use serde_json::json;
use zerostack::tool::{Replaced, Truncated};

use super::{Folder, assert_has};

#[test]
fn path_line_text_sorted() {
    let folder = Folder::new();
    folder.file("b.rs", "fn b() {}\n// fn?\n").file("a/x.rs", "\n\nfn a() {}").file("c", "none");
    let grep = |pattern: &str| folder.ok("grep", json!({"pattern": pattern}));
    assert_eq!(grep("fn"), "a/x.rs:3:fn a() {}\nb.rs:1:fn b() {}\nb.rs:2:// fn?\n");
    assert_eq!(grep(r"^fn \w\(\)"), "a/x.rs:3:fn a() {}\nb.rs:1:fn b() {}\n");
    assert_eq!(grep(r"fn\?$"), "b.rs:2:// fn?\n");
    assert_eq!(folder.ok("grep", json!({"pattern": "fn", "path": "b.rs"})).lines().count(), 2);
    assert_eq!(
        folder.ok("grep", json!({"pattern": "FN ", "ignore_case": true})).lines().count(),
        2
    );
    assert_eq!(folder.ok("grep", json!({"pattern": "fn", "glob": "a/**"})), "a/x.rs:3:fn a() {}\n");
    assert_eq!(folder.ok("grep", json!({"pattern": "n", "glob": "!*.rs"})), "c:1:none\n");
}

#[test]
fn each_line_is_matched_by_itself() {
    let folder = Folder::new();
    folder.file("a", "foo\r\nbar\r\n\r\nfoo bar\r\n");
    let grep = |pattern: &str| folder.ok("grep", json!({"pattern": pattern}));
    assert_eq!(grep(r"foo\s+bar"), "a:4:foo bar\n");
    assert_eq!(grep(r"foo\s"), "a:4:foo bar\n");
    assert_eq!(grep("bar$"), "a:2:bar\na:4:foo bar\n");
    assert_eq!(grep("^$"), "a:3:\n");
    assert_eq!(grep("x*").lines().count(), 4);
    assert_eq!(grep("[^x]+").lines().count(), 3);
    assert_has(
        &folder.err("grep", json!({"pattern": "foo\nbar"})),
        "each line is matched by itself",
    );
}

#[test]
fn context_joins_what_touches_and_marks_gaps() {
    let folder = Folder::new();
    let text: String = (1..=12)
        .map(|n| format!("{n}{}\n", if [2, 4, 9].contains(&n) { "!" } else { "" }))
        .collect();
    folder.file("a", &text).file("b", "!\n");
    assert_eq!(
        folder.ok("grep", json!({"pattern": "!", "context": 1})),
        "a-1-1\na:2:2!\na-3-3\na:4:4!\na-5-5\n--\na-8-8\na:9:9!\na-10-10\n--\nb:1:!\n"
    );
    let joined = folder.ok("grep", json!({"pattern": "!", "context": 2, "path": "a"}));
    assert!(!joined.contains("--\n"), "{joined}");
    assert_eq!(joined.lines().count(), 11);
}

#[test]
fn ignored_and_binary_files_and_links_are_skipped() {
    let folder = Folder::new();
    folder
        .file(".gitignore", "out\n")
        .file("out/a", "needle")
        .file("bin", b"needle\0")
        .file("a", "needle");
    symlink("a", folder.path("link")).unwrap();
    assert_eq!(folder.ok("grep", json!({"pattern": "needle"})), "a:1:needle\n");
    // What is named is searched.
    assert_eq!(folder.ok("grep", json!({"pattern": "needle", "path": "link"})), "link:1:needle\n");
    assert_eq!(
        folder.ok("grep", json!({"pattern": "needle", "path": "out/a"})),
        "out/a:1:needle\n"
    );
    assert_has(&folder.ok("grep", json!({"pattern": "absent"})), "[no match for absent;");
}

#[test]
fn limits_are_reported() {
    for (count, cut) in [(199, false), (200, false), (201, true)] {
        let folder = Folder::new();
        folder.file("a", "x\n".repeat(count));
        let output = folder.call("grep", json!({"pattern": "x"}));
        assert_eq!(output.content.matches("a:").count(), count.min(200));
        assert_eq!(output.truncated, cut.then_some(Truncated { bytes: 0 }));
        assert_eq!(output.content.contains("[stopped after 200 matches"), cut);
    }
    let folder = Folder::new();
    let long = format!("{}needle{}", "é".repeat(1000), "-".repeat(1000));
    folder.file("a", &long);
    let output = folder.call("grep", json!({"pattern": "needle"}));
    assert_has(&output.content, "éneedle-");
    assert!(output.replaced.is_empty() && output.content.len() < 600, "{}", output.content);
    let hidden = output.truncated.unwrap().bytes;
    assert_has(&output.content, &format!("[{hidden} more bytes in this line]"));
    folder.file("big", vec![b'x'; (16 << 20) + 1]);
    assert_has(
        &folder.ok("grep", json!({"pattern": "x{3}"})),
        "[1 file larger than 16777216 bytes not searched]",
    );
}

#[test]
fn bytes_that_are_not_utf8_are_searched_and_said() {
    let folder = Folder::new();
    folder.file("a", b"caf\xe9 one\n");
    let output = folder.call("grep", json!({"pattern": "one"}));
    assert_eq!(output.content, "a:1:caf\u{fffd} one\n");
    assert_eq!(output.replaced, [Replaced::InvalidUtf8]);
}

#[test]
fn bad_patterns_say_what_is_wrong() {
    let folder = Folder::new();
    assert_has(&folder.err("grep", json!({"pattern": "a("})), "unclosed group");
    assert_has(&folder.err("grep", json!({"pattern": ""})), "pattern is empty");
    assert_has(
        &folder.err("grep", json!({"pattern": "a", "context": 21})),
        "context is 21: at most 20 lines",
    );
    assert_has(
        &folder.err("grep", json!({"pattern": "a{999999}{999}"})),
        "pattern is not a regular expression",
    );
    assert_has(&folder.err("grep", json!({"pattern": "a", "glob": "{"})), "glob `{` is not a glob");
    assert_has(
        &folder.err("grep", json!({"pattern": "a", "path": "nowhere"})),
        "no such file or folder",
    );
}

#[test]
fn globs_may_start_at_the_working_folder() {
    let folder = Folder::new();
    folder.file("src/a.rs", "needle\n").file("b.rs", "needle\n").file("sub/b.rs", "needle\n");
    let absolute = folder.path("src/*.rs");
    let found = |glob: &str| folder.ok("grep", json!({"pattern": "needle", "glob": glob}));
    for glob in ["/src/*.rs", "src/*.rs", "./src/*.rs", absolute.to_str().unwrap()] {
        assert_eq!(found(glob), "src/a.rs:1:needle\n", "{glob}");
    }
    assert_eq!(found("/b.rs"), "b.rs:1:needle\n");
    assert_eq!(found("!/src/**"), "b.rs:1:needle\nsub/b.rs:1:needle\n");
    assert_has(&found("/etc/*.rs"), "globs are relative");
}

#[test]
fn a_file_that_is_named_is_searched_or_the_call_fails() {
    let folder = Folder::new();
    folder.file("big", vec![b'x'; (16 << 20) + 1]).file("data", b"\x7fELF\0\0");
    assert_has(&folder.err("grep", json!({"pattern": "x", "path": "big"})), "larger than");
    assert_has(&folder.err("grep", json!({"pattern": "x", "path": "data"})), "ELF");
    assert_has(&folder.ok("grep", json!({"pattern": "y"})), ", large and binary");
}

#[test]
fn a_pattern_over_lines_is_refused_because_lines_are_matched_alone() {
    let folder = Folder::new();
    folder.file("f", "foo\nbar\n");
    for pattern in ["foo\\nbar", "(?s)foo.*bar", "foo[\\s\\S]*bar", "foo\\r\\nbar"] {
        let output = folder.ok("grep", json!({"pattern": pattern}));
        assert_has(&output, "each line is matched by itself");
    }
}
