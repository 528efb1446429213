//! `fork`: a run continues from the first rounds of another one, with the files of that time.

use serde_json::json;
use zerostack_scripted::{Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

/// A run of four rounds; a file changes in the first three.
fn first_run(place: &Place) {
    place.write("project/a", "start\n");
    place.commit();
    let script = Script::new()
        .call("read", json!({"path": "a"}))
        .call("edit", json!({"path": "a", "edits": [{"old": "start", "new": "one"}]}))
        .call("bash", json!({"command": "echo two >>a; date +%N"}))
        .text("It has two lines.");
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&["lengthen a", "--max-rounds", "9"]).model(&provider).run().success();
}

#[test]
fn it_continues_with_the_conversation_and_files_of_that_time() {
    let place = place();
    first_run(&place);
    for (at, begins, holds) in [("2", "one\n", false), ("3", "one\ntwo\n", true)] {
        let script =
            Script::new().call("bash", json!({"command": "cat a; echo END >>a"})).text("Ended.");
        let provider = Scripted::start(script).unwrap();
        let done = place.zerostack(&["fork", "1", "--at", at, "end it"]).model(&provider).run();
        let patch = done.success();
        let wanted: Vec<String> = begins.lines().map(|line| format!("+{line}\n")).collect();
        assert!(patch.contains(&format!("-start\n{}+END\n", wanted.concat())), "{patch}");
        let requests = provider.requests();
        assert!(requests[0].contains("lengthen a") && requests[0].contains("end it"));
        assert_eq!(requests[0].contains("echo two"), holds, "only the rounds before");
        assert!(!requests[0].contains("It has two lines"));
        let result = requests[1].json()["messages"].as_array().unwrap().last().unwrap().clone();
        assert!(result["content"].as_str().unwrap().starts_with(begins), "{result}");
        // The bash command prints something else each time.
        assert_eq!(done.stderr.contains("differs from that in run"), holds, "{}", done.stderr);
    }
    // A fork is a session, and it is a run with a record of its own.
    let provider = Scripted::start(Script::new().text("Yes.")).unwrap();
    place.zerostack(&["-c", "ask", "did it end?"]).model(&provider).run().success();
    assert!(provider.requests()[0].contains("Ended."));
}

#[test]
fn a_changed_folder_is_refused_before_anything_is_sent() {
    let place = place();
    first_run(&place);
    place.write("project/a", "other\n");
    let provider = Scripted::start(Script::new().text("no")).unwrap();
    let done = place.zerostack(&["fork", "1", "--at", "2", "end it"]).model(&provider).run();
    let told = done.failure(63);
    assert!(told.contains("`read a` does not give what it gave in run 1"), "{told}");
    assert_eq!(provider.requests().len(), 0);
}

#[test]
fn a_run_that_cannot_be_forked_is_refused() {
    let place = place();
    first_run(&place);
    let provider = Scripted::start(Script::new().text("no").text("no")).unwrap();
    for (arguments, code, part) in [
        (&["fork", "1", "--at", "5", "x"][..], 42, "run 1 has 4 rounds"),
        (&["fork", "7", "--at", "1", "x"], 42, "run 7 has no record"),
        (&["fork", "1", "--at", "1", "-c", "x"], 2, "its own session"),
        (&["fork", "1", "--at", "3", "--sandbox", "landlock", "x"], 42, "only in the sandbox"),
        (&["fork", "1", "--at", "3", "--net", "on", "x"], 42, "without network"),
    ] {
        let done = place.zerostack(arguments).model(&provider).run();
        let told = done.failure(code);
        assert!(told.contains(part), "{arguments:?}: {told}");
    }
    assert_eq!(provider.requests().len(), 0);
}

#[test]
fn a_run_that_was_written_is_forked_once_it_is_taken_back() {
    let place = place();
    let script = Script::new().call("write", json!({"path": "b", "content": "b\n"})).text("ok");
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&["write b", "-w"]).writes().model(&provider).run().success();
    let done = place.zerostack(&["fork", "1", "--at", "1", "x"]).model(&provider).run();
    assert!(done.failure(63).contains("zerostack undo 1"));
    place.zerostack(&["undo", "1"]).writes().run().success();
    let provider = Scripted::start(Script::new().text("ok")).unwrap();
    let done = place.zerostack(&["fork", "1", "--at", "1"]).model(&provider).run();
    assert!(done.success().contains("+++ b/b"));
    assert!(provider.requests()[0].contains("Go on."));
}
