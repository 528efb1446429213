//! `undo` and `redo` put the files of a run back, all of them or none.

use std::fs;

use serde_json::json;
use zerostack_scripted::{Script, Scripted};
use zerostack_tests::command::{Place, tree};

use super::place;

/// Runs `command` in the project and writes its changes.
fn write(place: &Place, command: &str) {
    let script = Script::new().call("bash", json!({"command": command})).text("done");
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&["--write", "do it"]).model(&provider).writes().run().success();
}

#[test]
fn runs_are_taken_back_one_by_one_and_made_again() {
    let place = place();
    place.write("project/a", "one\n");
    place.write("project/folder/b", b"\0one");
    let before = tree(&place.project());
    write(&place, "echo two > a; rm -r folder; mkdir -p x/y; echo new > x/y/z; ln -s a link");
    let middle = tree(&place.project());
    write(&place, "echo three > a; chmod +x a; rm link");
    let after = tree(&place.project());
    let step = |arguments: &[&str]| {
        let done = place.zerostack(arguments).writes().run();
        assert_eq!(done.success(), "");
        tree(&place.project())
    };
    assert!(step(&["undo"]) == middle);
    assert!(step(&["undo"]) == before);
    let done = place.zerostack(&["undo"]).run();
    assert!(done.failure(42).contains("zerostack log"));
    assert!(step(&["redo"]) == middle);
    assert!(step(&["redo", "2"]) == after);
    assert!(place.zerostack(&["redo"]).run().failure(42).contains("nothing to redo"));
    assert!(place.zerostack(&["redo", "2"]).run().failure(42).contains("not undone"));
    assert!(step(&["undo", "2"]) == middle);
    assert!(place.zerostack(&["undo", "2"]).run().failure(42).contains("undone already"));
}

#[test]
fn files_changed_since_are_named_and_stay() {
    let place = place();
    place.write("project/a", "one\n");
    place.write("project/b", "one\n");
    write(&place, "echo two > a; echo two > b; echo new > c");
    place.write("project/b", "theirs\n");
    fs::remove_file(place.project().join("c")).unwrap();
    let done = place.zerostack(&["undo"]).run();
    let said = done.failure(63);
    assert!(said.contains("b, c") && !said.contains("a, b"), "{said}");
    // An older run can be taken back where a newer one did not change the same files.
    place.write("project/b", "two\n");
    place.write("project/c", "new\n");
    write(&place, "echo other > other");
    place.zerostack(&["undo", "1"]).writes().run().success();
    assert_eq!(fs::read_to_string(place.project().join("a")).unwrap(), "one\n");
    assert!(place.project().join("other").exists());
}

#[test]
fn changes_since_of_other_lines_stay() {
    let place = place();
    let lines = |first: &str, last: &str| format!("{first}\nb\nc\nd\ne\n{last}\n");
    place.write("project/a", lines("one", "end"));
    place.write("project/b", "b\n");
    write(&place, "sed -i s/one/two/ a; echo B >b");
    place.write("project/a", lines("two", "mine"));
    place.write("project/mine", "mine\n");
    let read = |name: &str| fs::read_to_string(place.project().join(name)).unwrap();
    let done = place.zerostack(&["undo"]).writes().run();
    done.success();
    assert!(done.stderr.contains("later changes are kept: a\n"), "{}", done.stderr);
    assert_eq!((read("a"), read("b")), (lines("one", "mine"), "b\n".to_owned()));
    place.zerostack(&["redo"]).writes().run().success();
    assert_eq!((read("a"), read("b")), (lines("two", "mine"), "B\n".to_owned()));
    // The same lines: nothing is changed, not even the other file.
    place.write("project/a", lines("three", "mine"));
    let done = place.zerostack(&["undo"]).run();
    assert!(done.failure(63).contains("changed meanwhile: a"), "{}", done.stderr);
    // What is as it was before the run is no conflict.
    place.write("project/a", lines("one", "mine"));
    place.zerostack(&["undo"]).writes().run().success();
    assert_eq!((read("a"), read("b")), (lines("one", "mine"), "b\n".to_owned()));
}

#[test]
fn equal_large_contents_of_several_runs_are_kept_once() {
    use std::os::unix::fs::MetadataExt as _;
    let place = place();
    let one = "one\n".repeat(50_000);
    place.write("project/a", &one);
    write(&place, "sed -i s/one/two/ a");
    write(&place, "sed -i s/two/one/ a");
    write(&place, "sed -i s/one/two/ a");
    let blobs = place.folder("home/.local/state/zerostack/blobs");
    let links = || {
        let entries = fs::read_dir(&blobs).unwrap().map(|it| it.unwrap().metadata().unwrap());
        let mut links: Vec<u64> = entries.map(|it| it.nlink()).collect();
        links.sort_unstable();
        links
    };
    // Two contents, each in all three records.
    assert_eq!(links(), [4, 4]);
    for _ in 0..3 {
        place.zerostack(&["undo"]).writes().run().success();
    }
    assert_eq!(fs::read_to_string(place.project().join("a")).unwrap(), one);
}

#[test]
fn a_run_belongs_to_its_folder() {
    let place = place();
    place.write("project/a", "one\n");
    write(&place, "echo two > a");
    let home = place.folder("home");
    let done = place.zerostack(&["undo", "1"]).in_folder(&home).run();
    assert!(done.failure(2).contains("use -C "));
    place.zerostack(&["undo", "7"]).run().failure(42);
    place.zerostack(&["undo", "x"]).run().failure(2);
    let project = place.project().display().to_string();
    place.zerostack(&["undo", "-C", &project]).in_folder(&home).writes().run().success();
    assert_eq!(fs::read_to_string(place.project().join("a")).unwrap(), "one\n");
}
