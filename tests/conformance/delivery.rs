//! A result is handed over whole, or kept in a place that the message names.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

fn model(script: Script) -> Scripted {
    Scripted::start(script).unwrap()
}

fn writes(path: &str) -> Script {
    Script::new().call("write", json!({"path": path, "content": "x\n"})).text("done")
}

/// The kept result that `said` names.
fn kept(place: &Place, said: &str) -> String {
    let path = said.rsplit("kept in ").next().unwrap().trim();
    let state = place.folder("home").join(".local/state/zerostack/kept");
    assert!(PathBuf::from(path).starts_with(&state), "{said}");
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_file_is_written_at_once() {
    let place = place();
    for name in ["new.patch", "old.patch"] {
        place.write("out/old.patch", "what was there");
        let file = place.folder("out").join(name);
        let file = file.to_str().unwrap();
        let provider = model(writes("a"));
        let done = place.zerostack(&["do it", "-o", file]).model(&provider).run();
        assert_eq!(done.success(), "");
        assert!(fs::read_to_string(file).unwrap().contains("+x\n"));
        let provider = model(Script::new().text("42"));
        let text = ["do it", "--output", "text", "--output-file", file];
        place.zerostack(&text).model(&provider).run().success();
        assert_eq!(fs::read_to_string(file).unwrap(), "42\n");
        let names = fs::read_dir(place.folder("out")).unwrap().count();
        assert!(names <= 2, "something is left beside the result");
    }
    // A run that fails leaves what was there.
    place.write("out/old.patch", "what was there");
    let file = place.folder("out").join("old.patch");
    let provider = model(Script::new().reply(Reply::status(401)));
    place.zerostack(&["do it", "-o", file.to_str().unwrap()]).model(&provider).run().failure(41);
    assert_eq!(fs::read_to_string(file).unwrap(), "what was there");
}

#[test]
fn an_unwritable_file_is_reported_before_the_model_is_asked() {
    let place = place();
    let provider = model(writes("a"));
    let done = place.zerostack(&["do it", "-o", "missing/patch"]).model(&provider).run();
    assert!(done.failure(42).contains("cannot write the result to missing/patch"));
    let done = place.zerostack(&["do it", "-o", "."]).model(&provider).run();
    assert!(done.failure(42).contains("cannot write the result to ."));
    assert!(provider.requests().is_empty());
}

#[test]
fn a_result_that_nobody_takes_is_kept() {
    let place = place();
    for arguments in [&["do it"][..], &["do it", "--events", "json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let provider = model(writes("a"));
        let done = place.zerostack(arguments).model(&provider).stdout(writer).run();
        let said = done.failure(42).to_owned();
        if said.contains("kept in") {
            assert!(kept(&place, &said).contains("+x\n"));
        } else {
            // The pipe was closed before there was a result.
            assert!(arguments.len() > 1, "{said}");
        }
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let provider = model(Script::new().text("an answer"));
    let run = place.zerostack(&["do it", "--output", "text"]).model(&provider).stdout(writer);
    assert_eq!(kept(&place, run.run().failure(42)), "an answer");
}

#[test]
fn what_is_left_out_of_the_patch_is_named() {
    let place = place();
    place.write("project/.gitignore", "*.local\n.env\n");
    place.write("project/config", "1\n2\n3\n");
    place.commit();
    let script = Script::new()
        .call("bash", json!({"command": "mv config config.local; echo x > a"}))
        .text("done");
    let done = place.zerostack(&["do it"]).model(&model(script)).run();
    done.success();
    assert!(done.stderr.contains("config.local (ignored)"), "{}", done.stderr);
    let done = place.zerostack(&["do it"]).model(&model(writes(".env"))).run();
    assert!(done.failure(61).contains("left out: .env (ignored)"));
}

#[test]
fn files_written_outside_of_the_project_are_named() {
    let place = place();
    let home = place.folder("home").join("note.md");
    let script = Script::new()
        .call("write", json!({"path": home.to_str().unwrap(), "content": "x\n"}))
        .call("write", json!({"path": "/tmp/report.md", "content": "x\n"}))
        .call("write", json!({"path": "a", "content": "x\n"}))
        .text("done");
    let done = place.zerostack(&["do it"]).model(&model(script)).run();
    done.success();
    let line = done.stderr.lines().find(|line| line.contains("not kept")).unwrap();
    assert!(line.contains("note.md") && line.contains("/tmp/report.md"), "{line}");
    assert!(!home.exists());
}

#[test]
fn the_patch_for_a_nested_repository_is_kept_apart() {
    let place = place();
    place.write("project/nested/lib", "old\n");
    place.git("project/nested", &["init", "-q"], b"");
    place.git("project/nested", &["add", "-A"], b"");
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    let commit = [&identity[..], &["commit", "-qm", "before"]].concat();
    place.git("project/nested", &commit, b"");
    place.write("project/main", "old\n");
    place.git("project", &["init", "-q"], b"");
    place.git("project", &["add", "main"], b"");
    place.git("project", &commit, b"");
    let script = Script::new()
        .call("bash", json!({"command": "echo new > main; echo new > nested/lib"}))
        .text("done");
    let done = place.zerostack(&["do it"]).model(&model(script)).run();
    let patch = done.success();
    assert!(!patch.contains("nested"), "{patch}");
    place.git("project", &["apply", "--index"], patch.as_bytes());
    let line = done.stderr.lines().find(|line| line.contains("kept in ")).unwrap();
    let nested = kept(&place, line);
    place.git("project/nested", &["apply", "--index"], nested.as_bytes());
    assert_eq!(fs::read_to_string(place.project().join("nested/lib")).unwrap(), "new\n");
}
