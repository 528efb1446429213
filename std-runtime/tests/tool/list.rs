use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;
use zerostack::tool::{Replaced, Truncated};

use super::{Folder, assert_has};

#[test]
fn names_have_marks_and_sizes() {
    let folder = Folder::new();
    folder.file("b.txt", "12345").file("a/x", "").file("run", "#!").file(".hidden", "");
    fs::set_permissions(folder.path("run"), Permissions::from_mode(0o755)).unwrap();
    symlink("b.txt", folder.path("link")).unwrap();
    symlink("nowhere", folder.path("broken")).unwrap();
    assert_eq!(
        folder.ok("list", json!({})),
        ".hidden 0\na/\nb.txt 5\nbroken@ -> nowhere\nlink@ -> b.txt\nrun* 2\n"
    );
    assert_eq!(folder.ok("list", json!({"path": "a"})), "x 0\n");
    assert_eq!(folder.ok("list", json!({"path": "b.txt"})), "b.txt is a file of 5 bytes\n");
    assert_has(&folder.err("list", json!({"path": "c"})), "no such file or folder c");
}

#[test]
fn an_empty_folder_and_a_name_that_is_not_utf8() {
    let folder = Folder::new();
    assert_eq!(folder.ok("list", json!({})), "[empty folder]\n");
    folder.file(OsStr::from_bytes(b"a\xff"), "");
    let output = folder.call("list", json!({}));
    assert_eq!(
        (output.content.as_str(), &*output.replaced),
        ("a\u{fffd} 0\n", &[Replaced::InvalidUtf8][..])
    );
}

#[test]
fn at_most_500_entries() {
    for (count, hidden) in [(499, 0), (500, 0), (501, 1)] {
        let folder = Folder::new();
        (0..count).for_each(|n| _ = folder.file(format!("f{n:04}"), ""));
        let output = folder.call("list", json!({}));
        assert_eq!(output.content.matches(" 0\n").count(), count - hidden);
        assert_eq!(output.truncated, (hidden > 0).then_some(Truncated { bytes: 6 }));
        assert_eq!(output.content.contains("[1 more entries not shown"), hidden > 0);
    }
}
