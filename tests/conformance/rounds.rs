//! `loop`: rounds with fresh contexts until a check passes; one patch, or none.

use rustix::process::Signal;
use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

/// A project whose check wants `a` and `b`.
fn project() -> Place {
    let place = place();
    place.write("project/start", "start\n");
    place.commit();
    place
}

const CHECK: &str = "echo checked; test -e a && test -e b";

fn write(path: &str, content: &str) -> Value {
    json!({"path": path, "content": content})
}

fn run(place: &Place, script: Script, arguments: &[&str]) -> (Done, Vec<Value>) {
    let provider = Scripted::start(script).unwrap();
    let all = [&["loop"], arguments].concat();
    let done = place.zerostack(&all).model(&provider).run();
    (done, provider.requests().iter().map(|request| request.json()).collect())
}

fn two_rounds() -> Script {
    Script::new()
        .call("write", write("a", "one\n"))
        .text("made a")
        .call("write", write("b", "two\n"))
        .call("write", write("a", "changed\n"))
        .text("made b")
}

#[test]
fn rounds_go_on_until_the_check_passes_and_give_one_patch() {
    let place = project();
    let (done, requests) = run(&place, two_rounds(), &["--until", CHECK, "make it"]);
    let patch = done.success();
    assert!(done.stderr.contains("the check passes after 2 rounds"), "{done:?}");
    place.git("project", &["apply", "--index"], patch.as_bytes());
    let read = |name: &str| std::fs::read_to_string(place.project().join(name)).unwrap();
    assert_eq!((read("a").as_str(), read("b").as_str()), ("changed\n", "two\n"));
    // Each round has a fresh context, with the output of the check.
    let first = |index: usize| requests[index]["messages"].as_array().unwrap();
    assert_eq!((first(0).len(), first(2).len()), (2, 2));
    let said = first(2)[1]["content"].as_str().unwrap();
    assert!(said.contains("make it") && said.contains("<check>\nchecked\n"), "{said}");
    assert!(!said.contains("made a"), "{said}");
}

#[test]
fn a_loop_ends_at_its_limits_and_keeps_the_patch() {
    let place = project();
    let script = || Script::new().call("write", write("a", "one\n")).text("made a");
    let (done, _) = run(&place, script(), &["--until", CHECK, "--max", "1", "make it"]);
    let said = done.failure(53);
    assert!(said.contains("after 1 round; raise --max") && said.contains("is kept in "), "{said}");
    let kept = said.split("is kept in ").nth(1).unwrap();
    assert!(std::fs::read_to_string(kept).unwrap().contains("+one"));
    let hangs = ["--until", "sleep 1000", "--check-limit", "1", "--max", "1", "make it"];
    run(&place, script(), &hangs).0.failure(53);
    // Two rounds without a change.
    let idle = Script::new().reply(Reply::new().text("I can not").repeat());
    let (done, requests) = run(&place, idle, &["--until", CHECK, "make it"]);
    assert!(done.failure(62).contains("2 rounds changed nothing"));
    assert_eq!(requests.len(), 2);
    // Tokens of all rounds together.
    let usage = Script::new()
        .reply(Reply::new().call("write", write("c", "x")).usage(100, 10, 0))
        .reply(Reply::new().text("done").usage(100, 10, 0));
    let arguments = ["--until", CHECK, "--max-total-tokens", "220", "make it"];
    assert!(run(&place, usage, &arguments).0.failure(53).contains("used all their tokens"));
    // What passes at once asks no model and changes nothing.
    let (done, requests) = run(&place, Script::new(), &["--until", "true", "make it"]);
    assert_eq!((done.success().as_str(), requests.len()), ("", 0));
}

#[test]
fn a_plan_is_worked_off_and_must_stay() {
    let place = project();
    place.write("project/PLAN.md", "- [x] old\n- [ ] make a\n");
    let script = Script::new()
        .reply(
            Reply::new()
                .call("write", write("a", ""))
                .call("write", write("PLAN.md", "- [x] make a\n")),
        )
        .text("done");
    let (done, requests) = run(&place, script, &["--plan", "PLAN.md", "work"]);
    assert!(done.success().contains("PLAN.md"), "{done:?}");
    assert!(done.stderr.contains("all tasks are done after 1 round"), "{done:?}");
    let said = requests[0]["messages"][1]["content"].as_str().unwrap();
    assert!(said.contains("<plan>\n- [x] old\n- [ ] make a\n</plan>"), "{said}");
    let script = Script::new().call("bash", json!({"command": "rm PLAN.md"})).text("gone");
    let (done, _) = run(&place, script, &["--plan", "PLAN.md", "work"]);
    assert!(done.failure(62).contains("round 1 deleted the plan PLAN.md"));
    assert!(
        run(&place, Script::new(), &["--plan", "none", "x y"])
            .0
            .failure(42)
            .contains("no plan none")
    );
    // A list without boxes would look like a plan that is done.
    place.write("project/notes.md", "- make a\n- make b\n");
    let (done, _) = run(&place, Script::new(), &["--plan", "notes.md", "work"]);
    assert!(done.failure(42).contains("the plan notes.md has no task; add lines `- [ ] task`"));
    place.write("project/notes.md", "1. [ ] make a\n* [ ] make b\n");
    let script = Script::new().call("write", write("c", "")).text("made c");
    let (done, _) = run(&place, script, &["--plan", "notes.md", "--max", "1", "work"]);
    assert!(done.failure(53).contains("2 tasks are open after 1 round; raise --max"), "{done:?}");
    run(&place, Script::new(), &["make it"]).0.failure(2);
    run(&place, Script::new(), &["--until", "true", "--events", "json", "make it"]).0.failure(2);
}

#[test]
fn rounds_that_write_are_runs_that_undo_takes_back() {
    let place = project();
    let provider = Scripted::start(two_rounds()).unwrap();
    let arguments = ["loop", "--write", "--until", CHECK, "make it"];
    let done = place.zerostack(&arguments).model(&provider).writes().run();
    assert_eq!(done.success(), "");
    let exists = |name: &str| place.project().join(name).exists();
    assert!(exists("a") && exists("b"));
    place.zerostack(&["undo"]).writes().run().success();
    assert!(exists("a") && !exists("b"));
}

#[test]
fn a_signal_ends_the_round_and_the_check_and_the_loop_can_go_on() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let place = project();
        let script = Script::new().reply(Reply::new().text("half").stall(250));
        let provider = Scripted::start(script).unwrap();
        let arguments = ["loop", "--until", CHECK, "make it"];
        let mut running = place.zerostack(&arguments).model(&provider).start();
        running.wait_for("round 1 of");
        provider.wait_until_stalled();
        running.signal(signal);
        let done = running.end();
        assert_eq!(done.code, code, "{done:?}");
        assert!(done.stderr.ends_with("run the same command to continue the loop\n"), "{done:?}");
        let arguments = ["loop", "--until", "sleep 1000", "make it"];
        let running = place.zerostack(&arguments).model(&provider).start();
        zerostack_tests::command::until("the check", || running.has_process("sleep\u{0}1000"));
        running.signal(signal);
        let said = "stopped; run the same command to continue the loop";
        assert_eq!(running.end().failure(code), said);
        assert!(!place.has_process("sleep\u{0}1000"));
    }
}

#[test]
fn a_killed_loop_resumes_where_it_was() {
    let place = project();
    let script = || {
        Script::new()
            .call("write", write("a", "one\n"))
            .text("made a")
            .reply(Reply::new().call("write", write("b", "two\n")).delay_ms(600_000))
    };
    let provider = Scripted::start(script()).unwrap();
    let arguments = ["loop", "--until", CHECK, "make it"];
    let mut running = place.zerostack(&arguments).model(&provider).start();
    running.wait_for("round 2 of");
    zerostack_tests::command::until("the second round", || provider.requests().len() == 3);
    running.kill();
    let script = Script::new().call("write", write("b", "two\n")).text("made b");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&arguments).model(&provider).run();
    let patch = done.success();
    assert!(done.stderr.contains("continuing after round 1"), "{done:?}");
    assert!(patch.contains("+one") && patch.contains("+two"), "{patch}");
    assert_eq!(provider.requests().len(), 2);
}

#[test]
fn what_the_user_changed_meanwhile_is_never_reverted() {
    let place = project();
    let script = Script::new().call("write", write("start", "changed\n")).text("done");
    let provider = Scripted::start(script).unwrap();
    // The second check finds what the round did, and the user's change is made before the patch.
    let check =
        format!("grep changed start && echo mine >{}", place.project().join("start").display());
    let arguments = ["loop", "--sandbox", "off", "--until", &check, "make it"];
    let done = place.zerostack(&arguments).model(&provider).writes().run();
    assert!(done.failure(63).contains("the folder changed meanwhile"), "{done:?}");
    assert_eq!(std::fs::read_to_string(place.project().join("start")).unwrap(), "mine\n");
}
