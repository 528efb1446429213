use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use serde_json::{Value, json};

use super::{Folder, assert_has};

fn folder(text: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::new();
    folder.file("a", text);
    folder
}

fn edits(edits: Value) -> Value {
    json!({ "path": "a", "edits": edits })
}

/// The file after edits that must succeed.
#[track_caller]
fn edited(before: impl AsRef<[u8]>, list: Value) -> Vec<u8> {
    let folder = folder(before);
    folder.ok("edit", edits(list));
    assert_eq!(folder.names(), ["a"], "no temporary file is left");
    folder.bytes("a")
}

/// The message of edits that must fail and leave the very same file.
#[track_caller]
fn refused(before: impl AsRef<[u8]>, list: Value) -> String {
    let folder = folder(&before);
    let inode = fs::metadata(folder.path("a")).unwrap().ino();
    let message = folder.err("edit", edits(list));
    assert_eq!(folder.bytes("a"), before.as_ref());
    assert_eq!(fs::metadata(folder.path("a")).unwrap().ino(), inode);
    assert_has(&message, "a is unchanged");
    message
}

#[test]
fn text_that_occurs_once_is_replaced() {
    assert_eq!(edited("one two three", json!([{"old": "two", "new": "2"}])), b"one 2 three");
    assert_eq!(edited("a\nb\nc\n", json!([{"old": "b\n", "new": ""}])), b"a\nc\n");
    assert_eq!(edited("x x x", json!([{"old": "x", "new": "xx", "all": true}])), b"xx xx xx");
    assert_eq!(edited("one", json!([{"old": "one", "new": "1", "all": true}])), b"1");
}

#[test]
fn text_that_occurs_more_often_is_refused() {
    let message = refused("x = 1\ny\nx = 1\n", json!([{"old": "x = 1", "new": "x = 2"}]));
    assert_has(&message, "edits[0]: old occurs 2 times, at 1");
    assert_has(&message, "or give all:true");
    // Overlapping occurrences are two as well.
    assert_has(&refused("aaa", json!([{"old": "aa", "new": "b"}])), "occurs 2 times");
}

#[test]
fn several_edits_are_all_or_none_and_refer_to_the_file_before() {
    let text = "one\ntwo\nthree\n";
    let swap = json!([{"old": "three", "new": "one"}, {"old": "one", "new": "three"}]);
    assert_eq!(edited(text, swap), b"three\ntwo\none\n");
    let message = refused(text, json!([{"old": "one", "new": "1"}, {"old": "zwei", "new": "2"}]));
    assert_has(&message, "a is unchanged; no edit of this call was applied: edits[1]: old does");
    let message = refused(
        text,
        json!([{"old": "x", "new": "y"}, {"old": "one\ntwo", "new": "1"}, {"old": "two", "new": "2"}]),
    );
    assert_has(&message, "edits[0]");
    let message =
        refused(text, json!([{"old": "one\ntwo", "new": "1"}, {"old": "two", "new": "2"}]));
    assert_has(&message, "edits[0] and edits[1] change the same text");
    assert_eq!(
        edited(text, json!([{"old": "one\n", "new": ""}, {"old": "two\n", "new": "2\n"}])),
        b"2\nthree\n"
    );
}

#[test]
fn the_nearest_place_and_the_difference_are_reported() {
    let text = "fn a() {\n    let x = 1;\n}\n\nfn b() {\n\tlet y = 2;  \n}\n";
    for (old, parts) in [
        ("  let x = 3;\n}\n\nfn b", &["(text)", "differing first at 2", "let x = 1;"][..]),
        ("let x = 1;\n}\n\nfn c", &["differing first at 5", "(text)"]),
        ("let x = 1;\n}\n\nfn\n", &["differing first at 5", "(text)"]),
        (
            "fn a() {\n\tlet x = 1;\n}",
            &["(indentation)", r#"file: "    let x = 1;""#, r#"old:  "\tlet x = 1;""#],
        ),
        ("\tlet y = 2;\n}", &["(spaces at the end)"]),
        ("    let y = 2;\n}", &["(indentation and spaces at the end)"]),
        ("let  x=1;", &["(white space)"]),
        ("LET X = 1;", &["old does not occur"]),
        ("}\n}\n}\n}", &["old does not occur"]),
        ("something else entirely", &["nor anything like it; read the file again"]),
    ] {
        let message = refused(text, json!([{"old": old, "new": "?"}]));
        for part in parts {
            assert_has(&message, part);
        }
    }
    assert_has(&refused("", json!([{"old": "x", "new": ""}])), "old does not occur");
}

#[test]
fn line_ends_of_the_file_are_kept_whatever_the_model_sends() {
    let crlf = "one\r\ntwo\r\nthree\r\n";
    let many = json!([{"old": "one\ntwo", "new": "1\n2\n2b"}]);
    assert_eq!(edited(crlf, many), b"1\r\n2\r\n2b\r\nthree\r\n");
    assert_eq!(
        edited(crlf, json!([{"old": "two", "new": "2\n2b"}])),
        b"one\r\n2\r\n2b\r\nthree\r\n"
    );
    assert_eq!(edited(crlf, json!([{"old": "two\r\n", "new": "2\r\n"}])), b"one\r\n2\r\nthree\r\n");
    assert_eq!(edited(crlf, json!([{"old": "\ntwo\n", "new": "\n"}])), b"one\r\nthree\r\n");
    let lf = "one\ntwo\nthree\n";
    assert_eq!(edited(lf, json!([{"old": "one\r\ntwo", "new": "1\r\n2"}])), b"1\n2\nthree\n");
    // Asked for, not guessed.
    assert_eq!(edited(lf, json!([{"old": "two", "new": "2\r\n"}])), b"one\n2\r\n\nthree\n");
    // Each place of a mixed file keeps its own.
    let mixed = "one\r\ntwo\nthree\n";
    let both = json!([{"old": "one\ntwo", "new": "1\n2"}, {"old": "three", "new": "3\n4"}]);
    assert_eq!(edited(mixed, both), b"1\r\n2\n3\n4\n");
    let twice = json!([{"old": "a\nb", "new": "c", "all": true}]);
    assert_eq!(edited("a\r\nb\r\na\nb\n", twice), b"a\r\nb\r\nc\n");
}

#[test]
fn the_end_of_the_file_stays_as_it_is() {
    assert_eq!(edited("a\nb", json!([{"old": "b\n", "new": "c\n"}])), b"a\nc");
    assert_eq!(edited("a\nb", json!([{"old": "b", "new": "c"}])), b"a\nc");
    assert_eq!(edited("\u{feff}a\n", json!([{"old": "a", "new": "b"}])), "\u{feff}b\n".as_bytes());
}

#[test]
fn bytes_that_are_not_utf8_stay() {
    let text = b"caf\xe9 = 1\nx = 2 \xff\xfe\n";
    let new = edited(text, json!([{"old": "x = 2", "new": "x = 3"}]));
    assert_eq!(new, b"caf\xe9 = 1\nx = 3 \xff\xfe\n");
    let folder = folder(text);
    let anchors = folder.anchors("a");
    let message =
        folder.err("edit", edits(json!([{"at": anchors[1], "new": "x = 3 \u{fffd}\u{fffd}"}])));
    assert_has(&message, "new holds U+FFFD where the file has bytes that are not UTF-8");
    assert_eq!(folder.bytes("a"), text);
    folder.ok("edit", edits(json!([{"at": anchors[1], "new": "x = 3"}])));
    assert_eq!(folder.bytes("a"), b"caf\xe9 = 1\nx = 3\n");
}

#[test]
fn mode_and_symlink_stay() {
    let folder = folder("#!/bin/sh\n");
    fs::set_permissions(folder.path("a"), Permissions::from_mode(0o750)).unwrap();
    symlink("a", folder.path("link")).unwrap();
    folder.ok("edit", json!({"path": "link", "edits": [{"old": "sh", "new": "bash"}]}));
    assert_eq!(folder.bytes("a"), b"#!/bin/bash\n");
    assert_eq!(fs::metadata(folder.path("a")).unwrap().mode() & 0o7777, 0o750);
    assert!(fs::symlink_metadata(folder.path("link")).unwrap().is_symlink());
}

#[test]
fn anchors_replace_insert_and_delete() {
    let text = "one\ntwo\nthree\nfour\n";
    let cases: &[(Value, &str)] = &[
        (json!([{"at": 1, "new": "2a\n2b"}]), "one\n2a\n2b\nthree\nfour\n"),
        (json!([{"at": 1, "new": "2\n"}]), "one\n2\nthree\nfour\n"),
        (json!([{"at": 1, "new": "\n"}]), "one\n\nthree\nfour\n"),
        (json!([{"at": 1, "to": 2, "new": "x"}]), "one\nx\nfour\n"),
        (json!([{"at": 1, "to": 2, "new": ""}]), "one\nfour\n"),
        (json!([{"at": 0, "to": 3, "new": ""}]), ""),
        (json!([{"before": 0, "new": "zero"}]), "zero\none\ntwo\nthree\nfour\n"),
        (json!([{"after": 3, "new": "five\nsix\n"}]), "one\ntwo\nthree\nfour\nfive\nsix\n"),
        (
            json!([{"after": 0, "new": "1b"}, {"before": 1, "new": "1c"}, {"at": 1, "new": "2"}]),
            "one\n1b\n1c\n2\nthree\nfour\n",
        ),
        (json!([{"at": 3, "new": "4"}, {"at": 0, "new": "1"}]), "1\ntwo\nthree\n4\n"),
    ];
    for (list, expected) in cases {
        let folder = folder(text);
        let anchors = folder.anchors("a");
        folder.ok("edit", edits(with_anchors(list, &anchors)));
        assert_eq!(String::from_utf8(folder.bytes("a")).unwrap(), *expected, "{list}");
    }
}

/// Puts the anchor of a line in the place of its index.
fn with_anchors(list: &Value, anchors: &[String]) -> Value {
    let mut list = list.clone();
    for edit in list.as_array_mut().unwrap() {
        for value in edit.as_object_mut().unwrap().values_mut() {
            if let Some(index) = value.as_u64() {
                *value = json!(anchors[index as usize]);
            }
        }
    }
    list
}

#[test]
fn anchors_keep_line_ends_bom_and_a_missing_newline() {
    for (text, list, expected) in [
        (
            "a\r\nb\r\n",
            json!([{"at": 0, "new": "1\n2"}, {"after": 1, "new": "c"}]),
            "1\r\n2\r\nb\r\nc\r\n",
        ),
        ("a\nb", json!([{"at": 1, "new": "c\n"}]), "a\nc"),
        ("a\nb", json!([{"after": 1, "new": "c\n"}, {"after": 1, "new": "d"}]), "a\nb\nc\nd"),
        ("a\r\nb", json!([{"after": 1, "new": "c"}]), "a\r\nb\r\nc"),
        ("a\nb", json!([{"at": 1, "new": ""}, {"after": 1, "new": "c"}]), "a\nc"),
        ("\u{feff}a\n", json!([{"at": 0, "new": "b"}]), "\u{feff}b\n"),
        ("\u{feff}a\n", json!([{"before": 0, "new": "b"}]), "\u{feff}b\na\n"),
    ] {
        let folder = folder(text);
        let anchors = folder.anchors("a");
        folder.ok("edit", edits(with_anchors(&list, &anchors)));
        assert_eq!(String::from_utf8(folder.bytes("a")).unwrap(), expected, "{list}");
    }
}

#[test]
fn anchors_survive_unrelated_edits_and_refuse_changed_lines() {
    let text: String = (1..=200).map(|n| format!("fn number_{n}() {{\n}}\n\n")).collect();
    let folder = folder(&text);
    let page = folder.anchors("a");
    // Line 31 and the brace below it; lines above come and go by other hands.
    let (function, brace) = (page[30].clone(), page[31].clone());
    for (above, expected_at) in [(String::new(), 30), ("let inserted = 1;\n".repeat(64), 94)] {
        folder.file("a", format!("{above}{text}"));
        folder.ok("edit", edits(json!([{"at": function, "to": brace, "new": "here"}])));
        let after = String::from_utf8(folder.bytes("a")).unwrap();
        assert_eq!(after.lines().position(|line| line == "here"), Some(expected_at));
        assert_eq!(after.lines().count(), format!("{above}{text}").lines().count() - 1);
    }
    // Too far away, changed, gone.
    folder.file("a", format!("{}{text}", "let inserted = 1;\n".repeat(65)));
    let message = folder.err("edit", edits(json!([{"at": function, "new": "x"}])));
    assert_has(
        &message,
        &format!("anchor `{function}`: that line has changed or is gone; now there:\n29"),
    );
    folder.file("a", text.replace("number_11()", "number_eleven()"));
    assert_has(&folder.err("edit", edits(json!([{"after": function, "new": "x"}]))), "has changed");
    folder.file("a", "");
    assert_has(&folder.err("edit", edits(json!([{"at": function, "new": "x"}]))), "is empty");
    // Twice nearby and not where it was.
    let doubled = "let other = 0;\n".to_owned() + &text.replace("number_12()", "number_11()");
    folder.file("a", doubled);
    assert_has(
        &folder.err("edit", edits(json!([{"at": function, "new": "x"}]))),
        "not the only one",
    );
}

#[test]
fn a_range_whose_inside_changed_is_refused() {
    let folder = folder("first line\nsecond line\nthird line\n");
    let anchors = folder.anchors("a");
    folder.file("a", "first line\nsecond line\nnew by another\nthird line\n");
    let message =
        folder.err("edit", edits(json!([{"at": anchors[0], "to": anchors[2], "new": ""}])));
    assert_has(&message, "became more or fewer");
}

#[test]
fn the_result_gives_the_anchors_for_the_next_edit() {
    let text: String = (1..=100).map(|n| format!("line number {n}\n")).collect();
    let folder = folder(text + "fn last() {\n}\n\n}\n");
    let list = json!([
        {"old": "number 10\n", "new": "number ten\nand more\n"},
        {"old": "fn last", "new": "fn latest"},
    ]);
    let content = folder.ok("edit", edits(list));
    let after = folder.ok("read", json!({"path": "a"}));
    assert!(content.starts_with("edited a: 2 edits, 1 line more\n9"), "{content}");
    let shown: Vec<_> = content.lines().filter(|line| line.contains('\t')).collect();
    shown.iter().for_each(|line| assert!(after.lines().any(|read| read == *line), "{line}"));
    // A line above and below, and all lines below whose anchors depend on the change.
    let texts: Vec<_> = shown.iter().map(|line| line.split_once('\t').unwrap().1).collect();
    assert_eq!(
        texts,
        [
            "line number 9",
            "line number ten",
            "and more",
            "line number 11",
            "line number 100",
            "fn latest() {",
            "}",
            "",
            "}"
        ]
    );
}

#[test]
fn a_long_result_leaves_out_what_the_model_wrote_itself() {
    let folder = folder("start\nend\n");
    let long: String = (1..=1000).map(|n| format!("line number {n}\n")).collect();
    let content = folder.ok("edit", edits(json!([{"old": "start\n", "new": long}])));
    assert_has(&content, "lines not shown]");
    assert!(content.len() < 2000, "{} bytes", content.len());
}

#[test]
fn unusable_edits_say_what_is_wrong() {
    for (list, message) in [
        (json!([{"new": "x"}]), "edits[0]: give exactly one of old, at, before, after"),
        (json!([{"old": "a", "at": "1abc", "new": "x"}]), "give exactly one of"),
        (json!([{"old": "", "new": "x"}]), "old is empty"),
        (json!([{"at": "12", "new": "x"}]), "at `12` is not an anchor; an anchor looks like 12kab"),
        (json!([{"before": "kab", "new": "x"}]), "before `kab` is not an anchor"),
        (json!([{"at": "2abc", "to": "1abc", "new": "x"}]), "to `1abc` is above at `2abc`"),
        (json!([{"old": "a", "to": "1abc", "new": "x"}]), "to goes with at only"),
        (json!([{"at": "1abc", "all": true, "new": "x"}]), "all goes with old only"),
        (json!([{"old": "one", "new": "one"}]), "the edits insert the text that is already there"),
        (json!([{"old": "1abc\tone\n2abc\ttwo", "new": "x"}]), "old starts its lines with anchors"),
    ] {
        assert_has(&refused("one\ntwo\n", list), message);
    }
    let folder = folder("one\n\n");
    let anchors = folder.anchors("a");
    for (list, message) in [
        (json!([{"at": 1, "new": "x"}, {"at": 1, "new": "y"}]), "change the same text"),
        (json!([{"after": 0, "new": ""}]), "there is nothing to insert"),
        (
            json!([{"at": 0, "new": format!("{}\tone", anchors[0])}]),
            "new starts its lines with anchors",
        ),
    ] {
        assert_has(&folder.err("edit", edits(with_anchors(&list, &anchors))), message);
    }
    assert_has(&folder.err("edit", edits(json!([]))), "edits is empty");
    assert_has(
        &folder.err("edit", json!({"path": "b", "edits": [{"old": "x", "new": ""}]})),
        "no such file",
    );
    assert_has(
        &folder.err("edit", json!({"path": ".", "edits": [{"old": "x", "new": ""}]})),
        "is a folder",
    );
}

#[test]
fn at_most_8_mib() {
    let folder = Folder::new();
    for (bytes, fits) in [(8 << 20, true), ((8 << 20) + 1, false)] {
        let mut text = vec![b'x'; bytes];
        text[..5].copy_from_slice(b"start");
        folder.file("a", &text);
        let output = folder.call("edit", edits(json!([{"old": "start", "new": "begin"}])));
        assert_eq!(output.is_error, !fits, "{}", output.content);
        assert_eq!(folder.bytes("a").starts_with(b"begin"), fits);
    }
}

#[test]
fn an_empty_file_is_filled_and_has_no_anchors() {
    for (before, after) in [(&b""[..], &b"x"[..]), (b"\xEF\xBB\xBF", b"\xEF\xBB\xBFx")] {
        assert_eq!(edited(before, json!([{"old": "", "new": "x"}])), after);
        for field in ["at", "before", "after"] {
            let message = refused(before, json!([{field: "1abc", "new": "x"}]));
            assert_has(&message, "the file is empty");
        }
    }
    assert_has(&refused("a\n", json!([{"old": "", "new": "x"}])), "`write`");
}

#[test]
fn edits_are_taken_as_models_write_them() {
    for list in [
        json!([{"old": "a", "new": "A"}]),
        json!({"old": "a", "new": "A"}),
        json!(r#"[{"old": "a", "new": "A"}]"#),
        json!(r#"{"old": "a", "new": "A"}"#),
        json!([r#"{"old": "a", "new": "A"}"#]),
        json!([{"old": "a", "new": "A", "all": "true"}]),
    ] {
        assert_eq!(edited("a\nb\n", list.clone()), b"A\nb\n", "{list}");
    }
    let folder = folder("a\n");
    for (list, field) in [(json!("[{"), "`edits`"), (json!([{"old": "a"}]), "`edits[0]`")] {
        let (code, output) = folder.invoke("edit", edits(list).to_string().as_bytes());
        assert_eq!(code, 2);
        assert_has(&output.content, field);
    }
}

#[test]
fn line_ends_and_a_missing_last_one_are_overlooked_together() {
    let list = json!([{"old": "b\nc\n", "new": "B\nC\n"}]);
    assert_eq!(edited("a\r\nb\r\nc", list.clone()), b"a\r\nB\r\nC");
    assert_eq!(edited("a\nb\nc", list), b"a\nB\nC");
    assert_eq!(edited("a\nb\nc", json!([{"old": "b\r\nc\r\n", "new": "B\r\nC\r\n"}])), b"a\nB\nC");
}

#[test]
fn utf_16_is_refused_with_the_way_out() {
    let text = "hello world\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [[b"\xFF\xFE", &*little].concat(), [b"\xFE\xFF", &*big].concat(), little, big] {
        let message = refused(bytes, json!([{"old": "h", "new": "H"}]));
        assert_has(&message, "UTF-16");
        assert_has(&message, "`write`");
    }
}

#[test]
fn lines_that_only_look_like_anchors_are_text() {
    let folder = folder("id\tname\n1abc\tfoo\n");
    let anchors = folder.anchors("a");
    let copied = format!("{}\tbar", anchors[1]);
    let message = folder.err("edit", edits(json!([{"at": anchors[1], "new": copied}])));
    assert_has(&message, "starts its lines with anchors");
    folder.ok("edit", edits(json!([{"after": anchors[0], "new": "2xyz\tbaz"}])));
    assert_eq!(folder.bytes("a"), b"id\tname\n2xyz\tbaz\n1abc\tfoo\n");
}

#[test]
fn the_nearest_line_may_differ_at_both_of_its_ends() {
    let before = "x = 1\nsay \u{201c}hello my dear friend\u{201d} it\u{2019}s\ny = 2\n";
    let message =
        refused(before, json!([{"old": "say \"hello my dear friend\" it's", "new": "x"}]));
    assert_has(&message, "typographic quotes");
    assert_has(&message, "hello my dear friend");
    let before = "fn other() {}\n    let result = compute_the_value(first, second);\n";
    let list = json!([{"old": "const result = compute_the_value(first, second)?", "new": "x"}]);
    assert_has(&refused(before, list), "compute_the_value");
    let message = refused("alpha\nbeta\ngamma\n", json!([{"old": "0123456789", "new": "x"}]));
    assert_has(&message, "nor anything like it");
}
