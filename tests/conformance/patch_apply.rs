//! `zerostack patch apply` takes the patches of models: all files or none, and `undo` takes it back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use zerostack_scripted::{Script, Scripted};
use zerostack_tests::command::{Place, tree};
use zerostack_tests::shared;

use super::place;

fn apply(place: &Place, patch: &str) -> zerostack_tests::command::Done {
    place.zerostack(&["patch", "apply"]).input(patch).writes().run()
}

fn read(place: &Place, path: &str) -> String {
    fs::read_to_string(place.project().join(path)).unwrap()
}

#[test]
fn several_files_are_patched_and_undone() {
    let place = place();
    place.write("project/a", "one\ntwo\n");
    place.write("project/old/b", "b\n");
    place.write("project/run.sh", "echo\n");
    fs::set_permissions(place.project().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let before = tree(&place.project());
    let patch = "*** Begin Patch\n*** Update File: a\n@@\n-two\n+2\n*** Delete File: old/b\n\
                 *** Update File: run.sh\n*** Move to: bin/run.sh\n@@\n-echo\n+echo x\n\
                 *** Add File: new/c\n+c\n*** End Patch\n";
    let done = place.zerostack(&["patch", "apply", "--check"]).input(patch).run();
    assert_eq!(done.success(), "");
    assert!(done.stderr.contains("deleted: old/b") && done.stderr.contains("added:   new/c"));
    let done = apply(&place, patch);
    assert_eq!(done.success(), "");
    assert!(done.stderr.contains("written as run 1"), "{}", done.stderr);
    assert_eq!((read(&place, "a"), read(&place, "new/c")), ("one\n2\n".into(), "c\n".into()));
    assert!(!place.project().join("old").exists());
    let mode = fs::metadata(place.project().join("bin/run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let shown = place.zerostack(&["show", "1", "--patch"]).run().success();
    assert!(
        shown.contains("rename to bin/run.sh") || shown.contains("+++ b/bin/run.sh"),
        "{shown}"
    );
    place.zerostack(&["undo"]).writes().run().success();
    assert_eq!(tree(&place.project()), before);
}

#[test]
fn what_does_not_fit_changes_nothing_and_prints_the_text_to_use() {
    let place = place();
    place.write("project/a", "one\n  two\n");
    place.write("project/b", "b\n");
    let good = "*** Update File: b\n@@\n-b\n+c\n";
    let patch = format!("*** Begin Patch\n{good}*** Update File: a\n@@\n-two\n+2\n*** End Patch\n");
    let before = tree(&place.project());
    let done = apply(&place, &patch);
    let said = done.failure(63);
    assert!(
        said.contains("a, line 6 of the patch: hunk 1") && said.contains("indentation"),
        "{said}"
    );
    assert!(done.stderr.contains("zerostack: |   two\n"), "{}", done.stderr);
    assert_eq!(apply(&place, "hello").failure(42).matches("changes no file").count(), 1);
    // A link of the project leads nowhere.
    std::os::unix::fs::symlink("/etc/passwd", place.project().join("link")).unwrap();
    let patch = "*** Begin Patch\n*** Update File: link\n@@\n-x\n+y\n*** End Patch\n";
    assert!(apply(&place, patch).failure(63).contains("symbolic link"));
    fs::remove_file(place.project().join("link")).unwrap();
    assert_eq!(tree(&place.project()), before);
    place.zerostack(&["patch"]).run().failure(2);
    place.zerostack(&["patch", "apply", "/no/such"]).run().failure(42);
}

/// The published scenarios: a patch, a folder before, and a folder after.
#[test]
fn the_published_scenarios_pass() {
    let Some(suite) = shared::folder("suites/patch/apply_patch") else { return };
    let mut names: Vec<_> = fs::read_dir(suite).unwrap().map(|it| it.unwrap().path()).collect();
    names.retain(|path| path.is_dir());
    names.sort();
    for scenario in &names {
        let place = place();
        copy(&scenario.join("input"), &place.project());
        let patch = fs::read_to_string(scenario.join("patch.txt")).unwrap();
        let done = apply(&place, &patch);
        let files = |folder: &Path| {
            let mut files = BTreeMap::new();
            collect(folder, folder, &mut files);
            files
        };
        let (now, expected) = (files(&place.project()), files(&scenario.join("expected")));
        assert_eq!(now, expected, "{}: {}", scenario.display(), done.stderr);
        let is_refused = files(&scenario.join("input")) == expected;
        assert_eq!(done.code != 0, is_refused, "{}: {}", scenario.display(), done.stderr);
    }
    eprintln!("{} published scenarios of apply_patch pass", names.len());
    assert!(names.len() > 10);
}

fn copy(from: &Path, to: &Path) {
    let mut files = BTreeMap::new();
    collect(from, from, &mut files);
    for (path, bytes) in files {
        let path = to.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn collect(top: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(top, &path, files);
        } else {
            let name = path.strip_prefix(top).unwrap().display().to_string();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

#[test]
fn a_model_may_send_a_patch_unasked() {
    let place = place();
    place.write("project/a", "one\n");
    place.write("project/b", "b\n");
    let patch = |from: &str| {
        format!(
            "*** Begin Patch\n*** Update File: a\n@@\n-{from}\n+two\n*** Delete File: b\n*** End Patch"
        )
    };
    let script = Script::new()
        .call("apply_patch", json!({"input": patch("none")}))
        .call("apply_patch", json!({"input": patch("one")}))
        .call("edit", json!({"patch": "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-two\n+three\n"}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go"]).model(&provider).run();
    let result = done.success();
    assert!(result.contains("+three") && result.contains("deleted file"), "{result}");
    let last = provider.requests().pop().unwrap();
    let body = String::from_utf8(last.body).unwrap();
    assert!(body.contains("nothing is changed: a, line 2 of the patch"), "{body}");
    assert!(body.contains("deleted b"), "{body}");
    // Rules for edits hold for the files of a patch.
    let script = Script::new().call("apply_patch", json!({"input": patch("one")})).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go", "--deny", "edit(b)"]).model(&provider).run();
    assert!(done.failure(55).contains("not permitted"), "{}", done.stderr);
}
