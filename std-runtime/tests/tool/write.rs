use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::json;

use super::{Folder, assert_has};

#[test]
fn creates_with_folders_and_overwrites() {
    let folder = Folder::new();
    let write = |text: &str| folder.ok("write", json!({"path": "a/b/c.txt", "content": text}));
    assert_eq!(write("one\n"), "created a/b/c.txt: 4 bytes\n");
    assert_eq!(write("x"), "overwrote a/b/c.txt: 1 byte, was 4\n");
    assert_eq!(folder.bytes("a/b/c.txt"), b"x");
    assert_eq!(write(""), "overwrote a/b/c.txt: 0 bytes, was 1\n");
    assert_eq!(fs::read_dir(folder.path("a/b")).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn a_new_file_has_the_mode_of_the_umask_and_an_old_one_keeps_its_own() {
    let folder = Folder::new();
    folder.file("by_us", "").file("script", "");
    folder.ok("write", json!({"path": "by_tool", "content": ""}));
    let mode = |name| fs::metadata(folder.path(name)).unwrap().mode();
    assert_eq!(mode("by_tool"), mode("by_us"));
    fs::set_permissions(folder.path("script"), Permissions::from_mode(0o4751)).unwrap();
    folder.ok("write", json!({"path": "script", "content": "#!/bin/sh\n"}));
    assert_eq!(mode("script") & 0o7777, 0o4751);
}

#[test]
fn the_owner_stays_and_a_read_only_file_is_refused() {
    let folder = Folder::new();
    folder.file("theirs", "old").file("fixed", "old");
    let read_only = Permissions::from_mode(0o444);
    fs::set_permissions(folder.path("fixed"), read_only).unwrap();
    let mut tool = Command::new(env!("CARGO_BIN_EXE_zerostack"));
    if rustix::process::geteuid().is_root() {
        chown(folder.path("theirs"), Some(NOBODY), Some(NOBODY)).unwrap();
        folder.ok("write", json!({"path": "theirs", "content": "new"}));
        let metadata = fs::metadata(folder.path("theirs")).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (NOBODY, NOBODY));
        // Root may write anything, so somebody else has to try.
        chown(folder.path(""), Some(NOBODY), Some(NOBODY)).unwrap();
        tool.uid(NOBODY).gid(NOBODY);
    } else {
        eprintln!("not root: that the owner stays is NOT tested");
    }
    folder.file("arguments", json!({"path": "fixed", "content": "new"}).to_string());
    let arguments = fs::File::open(folder.path("arguments")).unwrap();
    tool.args(["tool", "write"]).current_dir(folder.path("")).stdin(arguments);
    let output = tool.output().unwrap();
    assert_has(&String::from_utf8(output.stdout).unwrap(), "fixed is read-only: unchanged");
    assert_eq!(folder.bytes("fixed"), b"old");
}

const NOBODY: u32 = 65_534;

#[test]
fn a_symlink_stays_and_its_target_changes() {
    let folder = Folder::new();
    folder.file("d/target", "old");
    symlink("d/target", folder.path("link")).unwrap();
    symlink("link", folder.path("link2")).unwrap();
    symlink("d/new", folder.path("dangling")).unwrap();
    symlink("loop", folder.path("loop")).unwrap();
    folder.ok("write", json!({"path": "link2", "content": "new"}));
    folder.ok("write", json!({"path": "dangling", "content": "made"}));
    assert_eq!(folder.bytes("d/target"), b"new");
    assert_eq!(folder.bytes("d/new"), b"made");
    for link in ["link", "link2", "dangling"] {
        assert!(fs::symlink_metadata(folder.path(link)).unwrap().is_symlink());
    }
    assert_has(&folder.err("write", json!({"path": "loop", "content": ""})), "loop");
}

#[test]
fn a_reader_that_has_the_old_file_open_keeps_it() {
    let folder = Folder::new();
    folder.file("a", "old");
    let before = fs::metadata(folder.path("a")).unwrap().ino();
    folder.ok("write", json!({"path": "a", "content": "new"}));
    assert_ne!(fs::metadata(folder.path("a")).unwrap().ino(), before, "replaced, not rewritten");
}

#[test]
fn what_cannot_be_written_is_said_and_changes_nothing() {
    let folder = Folder::new();
    folder.file("file", "x").file("latin1", b"\xfc\n").file("d/e", "");
    for (path, message) in [
        ("file/below/it", "is a file, not a folder"),
        ("d", "d is a folder"),
        ("d/", "names no file"),
        ("", "names no file"),
        ("/dev/null", "not a regular file"),
    ] {
        assert_has(&folder.err("write", json!({"path": path, "content": "y"})), message);
    }
    let lossy = folder.err("write", json!({"path": "latin1", "content": "\u{fffd}\n"}));
    assert_has(&lossy, "not UTF-8");
    assert_eq!(folder.bytes("latin1"), b"\xfc\n");
    assert_eq!(folder.bytes("file"), b"x");
    assert_eq!(folder.names(), ["d", "file", "latin1"]);
    // A file that is UTF-8 may hold that character.
    folder.ok("write", json!({"path": "file", "content": "\u{fffd}"}));
    folder.ok("write", json!({"path": "file", "content": "\u{fffd}!"}));
}

#[test]
fn folders_made_for_a_file_that_could_not_be_written_are_gone_again() {
    let folder = Folder::new();
    let name = "n".repeat(256);
    folder.err("write", json!({"path": format!("a/b/{name}"), "content": ""}));
    folder.err("write", json!({"path": format!("a/{name}/b"), "content": ""}));
    assert!(folder.names().is_empty());
}

#[test]
fn what_is_overwritten_keeps_its_mark_its_line_ends_and_its_encoding() {
    let utf_16 = |text: &str| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let folder = Folder::new();
    for (before, content, after, said) in [
        (&b"\xEF\xBB\xBFa\r\nb\r\n"[..], "c\nd\n", b"\xEF\xBB\xBFc\r\nd\r\n".to_vec(), "CRLF"),
        (b"a\r\nb\r\n", "c\nd", b"c\r\nd".to_vec(), "CRLF"),
        (b"a\r\nb\r\n", "c\r\nd\n", b"c\r\nd\n".to_vec(), "overwrote"),
        (b"a\r\nb\n", "c\n", b"c\n".to_vec(), "overwrote"),
        (b"a\n", "c\n", b"c\n".to_vec(), "overwrote"),
        (b"\xEF\xBB\xBFa", "\u{feff}c", b"\xEF\xBB\xBFc".to_vec(), "overwrote"),
        (&utf_16("a\n"), "é\n", utf_16("é\n"), "UTF-16LE"),
        (&utf_16("a\r\n"), "é\n", utf_16("é\r\n"), "CRLF"),
        (b"caf\xE9\n", "café\n", "café\n".into(), "was not UTF-8"),
    ] {
        folder.file("f", before);
        let message = folder.ok("write", json!({"path": "f", "content": content}));
        assert_eq!(folder.bytes("f"), after, "{before:?}");
        assert_has(&message, said);
        assert_eq!(message.contains("kept"), said != "overwrote" && said != "was not UTF-8");
    }
}

#[test]
fn a_name_in_another_unicode_form_is_the_same_file() {
    let (composed, decomposed) = ("caf\u{e9}/\u{fc}.txt", "cafe\u{301}/u\u{308}.txt");
    let folder = Folder::new();
    folder.file(decomposed, "old\n");
    assert_has(&folder.ok("read", json!({"path": composed})), "old");
    folder.ok("write", json!({"path": composed, "content": "new\n"}));
    folder.ok("edit", json!({"path": composed, "edits": [{"old": "new", "new": "newer"}]}));
    assert_eq!(folder.bytes(decomposed), b"newer\n");
    assert_has(&folder.ok("grep", json!({"path": composed, "pattern": "newer"})), "newer");
    assert_has(&folder.ok("list", json!({"path": "caf\u{e9}"})), "u\u{308}.txt");
    assert_eq!(folder.names().len(), 1);
    // Two that are the same in NFC are both there, and each is itself.
    folder.file(composed, "other\n");
    assert_has(&folder.ok("read", json!({"path": composed})), "other");
}
