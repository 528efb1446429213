use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;
use zerostack::tool::{Replaced, Truncated};

use super::{Folder, assert_has};

fn texts(content: &str) -> Vec<&str> {
    content.lines().filter_map(|line| Some(line.split_once('\t')?.1)).collect()
}

#[test]
fn lines_come_with_number_and_three_letters() {
    let folder = Folder::new();
    folder.file("a.rs", "fn main() {\n\tlet x;\n}\n");
    let content = folder.ok("read", json!({"path": "a.rs"}));
    for (index, line) in content.lines().enumerate() {
        let (anchor, _) = line.split_once('\t').unwrap();
        let letters = anchor.strip_prefix(&(index + 1).to_string()).unwrap();
        assert!(letters.len() == 3 && letters.bytes().all(|b| b.is_ascii_lowercase()), "{line}");
    }
    assert_eq!(texts(&content), ["fn main() {", "\tlet x;", "}"]);
}

#[test]
fn at_most_2000_lines_and_how_to_go_on() {
    for lines in [1999, 2000, 2001, 4500] {
        let folder = Folder::new();
        let text: String = (1..=lines).map(|n| format!("line {n}\n")).collect();
        folder.file("a", &text);
        let (mut seen, mut offset) = (String::new(), 1);
        loop {
            let output = folder.call("read", json!({"path": "a", "offset": offset}));
            let page = texts(&output.content);
            assert!(page.len() <= 2000);
            page.iter().for_each(|line| seen += &format!("{line}\n"));
            offset += page.len();
            if offset > lines {
                assert_eq!(output.truncated, None);
                break;
            }
            let left = text.len() - seen.len();
            assert_eq!(output.truncated, Some(Truncated { bytes: left as u64 }));
            assert_has(
                &output.content,
                &format!("{left} bytes left, continue with offset {offset}"),
            );
        }
        assert_eq!(seen, text);
    }
}

#[test]
fn at_most_50_kib_and_a_line() {
    let folder = Folder::new();
    let line = "x".repeat(1023) + "\n";
    folder.file("a", line.repeat(200));
    let output = folder.call("read", json!({"path": "a"}));
    let shown = texts(&output.content).len();
    assert!((45..=51).contains(&shown), "{shown} lines");
    assert_eq!(output.truncated, Some(Truncated { bytes: (200 - shown as u64) * 1024 }));
}

#[test]
fn offset_and_limit() {
    let folder = Folder::new();
    folder.file("a", "one\ntwo\nthree\nfour\n");
    let all = folder.ok("read", json!({"path": "a"}));
    let part = folder.ok("read", json!({"path": "a", "offset": 2, "limit": 2}));
    // The same anchors wherever reading starts.
    assert_eq!(
        part.lines().take(2).collect::<Vec<_>>(),
        all.lines().skip(1).take(2).collect::<Vec<_>>()
    );
    assert_has(&part, "[lines 2-3; 5 bytes left, continue with offset 4]");
    assert_eq!(texts(&folder.ok("read", json!({"path": "a", "offset": 4, "limit": 1}))), ["four"]);
    assert_has(
        &folder.err("read", json!({"path": "a", "offset": 5})),
        "past the end: a has 4 lines",
    );
    assert_has(&folder.err("read", json!({"path": "a", "limit": 0})), "limit is 0");
}

#[test]
fn a_long_line_is_cut_between_characters_and_says_so() {
    let folder = Folder::new();
    for (text, hidden) in [
        ("x".repeat(2000), 0),
        ("x".repeat(2001), 1),
        (format!("{}é", "x".repeat(1999)), 2),
        ("😀".repeat(100_000), 398_000),
    ] {
        folder.file("a", format!("{text}\r\nlast\n"));
        let output = folder.call("read", json!({"path": "a"}));
        assert!(output.replaced.is_empty());
        let shown = texts(&output.content);
        assert_eq!(shown[1], "last");
        if hidden == 0 {
            assert_eq!((shown[0], output.truncated), (text.as_str(), None));
        } else {
            assert_has(shown[0], &format!("… [{hidden} more bytes in this line]"));
            assert_eq!(output.truncated, Some(Truncated { bytes: hidden }));
        }
    }
}

#[test]
fn the_omitted_part_of_a_line_is_reported() {
    let folder = Folder::new();
    folder.file("crlf", "a\r\nb\r\n").file("mixed", "a\r\nb\n").file("bom", "\u{feff}a\nb");
    folder.file("empty", "").file("latin1", b"gr\xfc\xdfe\n");
    assert_has(&folder.ok("read", json!({"path": "crlf"})), "[line ends: CRLF;");
    assert_has(&folder.ok("read", json!({"path": "mixed"})), "[line ends: mixed CRLF and LF;");
    let bom = folder.ok("read", json!({"path": "bom"}));
    assert_eq!(texts(&bom), ["a", "b"]);
    assert_has(&bom, "byte order mark");
    assert_has(&bom, "[no newline at the end]");
    assert_has(&folder.ok("read", json!({"path": "empty"})), "[empty is empty]");
    let latin1 = folder.call("read", json!({"path": "latin1"}));
    assert_eq!(latin1.replaced, [Replaced::InvalidUtf8]);
    assert_eq!(texts(&latin1.content), ["gr\u{fffd}\u{fffd}e"]);
    assert_has(&latin1.content, "[not UTF-8:");
}

#[test]
fn binary_files_are_described() {
    let folder = Folder::new();
    folder
        .file("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        .file("b", b"a\0b")
        .file("c", b"\xff\xfea\0");
    assert_has(
        &folder.ok("read", json!({"path": "a.png"})),
        "a PNG image, 16 bytes; it starts with 89 50",
    );
    assert_has(&folder.ok("read", json!({"path": "b"})), "binary data, 3 bytes");
    assert_has(&folder.ok("read", json!({"path": "c"})), "UTF-16");
}

#[test]
fn what_is_no_file_is_answered_helpfully() {
    let folder = Folder::new();
    folder.file("src/main.rs", "x").file("src/lib.rs", "y");
    assert_eq!(
        folder.ok("read", json!({"path": "src"})),
        "src is a folder:\nlib.rs 1\nmain.rs 1\n"
    );
    assert_eq!(
        folder.err("read", json!({"path": "src/Mian.rs"})),
        "no such file or folder src/Mian.rs; similar names: src/main.rs"
    );
    assert_eq!(
        folder.err("read", json!({"path": "scr/deep/main.rs"})),
        "no such folder scr; similar names: src"
    );
    assert_has(&folder.err("read", json!({"path": "zzzzz"})), "see `list` of .");
    assert_has(&folder.err("read", json!({"path": "src/main.rs/x"})), "is a file, not a folder");
    assert_has(&folder.err("read", json!({"path": ""})), "path is empty");
    std::os::unix::fs::symlink("gone", folder.path("link")).unwrap();
    assert_eq!(
        folder.err("read", json!({"path": "link"})),
        "link is a symlink to gone, which does not exist"
    );
    let fifo = folder.path(OsStr::from_bytes(b"fifo"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert_has(&folder.err("read", json!({"path": "fifo"})), "not a regular file");
}
