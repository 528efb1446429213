//! A result keeps what its prompt promises, or there is none.

use serde_json::{Value, json};
use zerostack::scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

fn model(script: Script) -> Scripted {
    Scripted::start(script).unwrap()
}

/// A project with `a.rs` of three lines and `b.rs` of one.
fn project() -> Place {
    let place = place();
    place.write("project/a.rs", "fn main() {\n    x();\n}\n");
    place.write("project/b.rs", "fn x() {}\n");
    place
}

/// A run of `arguments` whose model gives `answers`, with the number of requests.
fn run(place: &Place, arguments: &[&str], answers: &[&str]) -> (Done, usize) {
    let script = answers.iter().fold(Script::new(), |script, answer| script.text(answer));
    let provider = model(script);
    let done = place.zerostack(arguments).model(&provider).run();
    (done, provider.requests().len())
}

#[test]
fn findings_are_written_as_lines_json_and_sarif() {
    let place = project();
    let answer = "I looked.\n\na.rs:2:5: error: x does nothing [no-effect]\n./b.rs:1: info: unused";
    let (done, _) = run(&place, &["lint"], &[answer]);
    let lines = "a.rs:2:5: error: x does nothing [no-effect]\nb.rs:1: note: unused\n";
    assert_eq!(done.success(), lines);
    let (done, _) = run(&place, &["lint", "--json"], &[answer]);
    let found: Value = serde_json::from_str(&done.success()).unwrap();
    assert_eq!(
        found,
        json!([
            {"path": "a.rs", "line": 2, "column": 5, "severity": "error",
             "message": "x does nothing", "rule": "no-effect"},
            {"path": "b.rs", "line": 1, "severity": "note", "message": "unused"},
        ])
    );
    let (done, _) = run(&place, &["review", "--sarif"], &[answer]);
    let sarif: Value = serde_json::from_str(&done.success()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run_of = &sarif["runs"][0];
    assert_eq!(run_of["tool"]["driver"]["rules"], json!([{"id": "no-effect"}]));
    assert_eq!(
        run_of["results"][0],
        json!({
            "ruleId": "no-effect", "level": "error", "message": {"text": "x does nothing"},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": "a.rs"},
                "region": {"startLine": 2, "startColumn": 5},
            }}],
        })
    );
    let (done, _) = run(&place, &["lint", "--json"], &["no findings"]);
    assert_eq!(done.success(), "[]\n");
}

#[test]
fn findings_that_name_no_line_are_dropped_with_a_note() {
    let place = project();
    let answer = "a.rs:2: error: x\na.rs:4: error: far\nlost.rs:1: error: none\n../o:1: note: out";
    let (done, _) = run(&place, &["lint"], &[answer]);
    assert_eq!(done.success(), "a.rs:2: error: x\n");
    for part in ["has 3 lines: a.rs:4", "no such file: lost.rs:1", "outside the folder: ../o"] {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    // All of them wrong is not the same as none.
    let (done, _) = run(&place, &["lint"], &["lost.rs:1: error: none"]);
    assert!(done.failure(61).contains("no finding names a line that exists"));
    let (done, requests) = run(&place, &["review"], &["The change looks good to me."]);
    assert!(done.failure(61).contains("no list of findings"));
    assert_eq!(requests, 1);
}

#[test]
fn json_that_does_not_fit_is_asked_for_again_and_twice_at_most() {
    let place = project();
    let prompt =
        "---\noutput: json\nschema: '{\"type\":\"object\",\"required\":[\"name\"]}'\n---\nName it.";
    place.write("project/.zerostack/prompts/x.md", prompt);
    let good = "{\"name\": 1}";
    assert_eq!(run(&place, &["x"], &["The name is 1.", good]).0.success(), format!("{good}\n"));
    assert_eq!(run(&place, &["x"], &["{}", "no", good]).1, 3);
    let (done, requests) = run(&place, &["x"], &["{}", "no", "[]", good]);
    assert!(done.failure(61).contains("does not fit the prompt's schema"), "{done:?}");
    assert_eq!(requests, 3);
    // The fault is described at the end of the same conversation.
    let provider = model(Script::new().text("{}").text(good));
    place.zerostack(&["x"]).model(&provider).run().success();
    let bodies: Vec<Value> = provider.requests().iter().map(|it| it.json()).collect();
    let messages = |body: &Value| body["messages"].as_array().unwrap().clone();
    let (first, second) = (messages(&bodies[0]), messages(&bodies[1]));
    assert_eq!(second[..first.len()], first[..]);
    let repair = second.last().unwrap()["content"].as_str().unwrap();
    assert!(repair.contains("name") && repair.contains("schema"), "{repair}");
}

#[test]
fn a_commit_message_is_one_that_git_takes() {
    let place = project();
    place.commit();
    let message = "fix: call x\n\nIt was not called.";
    let fenced = format!("```\n{message}\n```");
    let (done, requests) = run(&place, &["commit"], &["Here is the message:\n\nfix", &fenced]);
    assert_eq!(done.success(), format!("{message}\n"));
    assert_eq!(requests, 2);
    place.git("project", &["commit", "--allow-empty", "-qF", "-"], &done.stdout);
    assert_eq!(place.git("project", &["log", "-1", "--format=%B"], b"").trim(), message);
    let bad = "x".repeat(101);
    let (done, _) = run(&place, &["commit"], &[&bad, &bad, &bad]);
    assert!(done.failure(61).contains("not a commit message"), "{done:?}");
}

const PLAN: &str = "# Marks the release\ntouch released\n# Counts it\necho one >>count; echo said";

#[test]
fn deploy_prints_a_plan_and_runs_it_only_with_yes() {
    let place = project();
    for arguments in [&["deploy"][..], &["deploy", "--dry-run"], &["deploy", "to", "there"]] {
        let (done, _) = run(&place, arguments, &[&format!("```sh\n{PLAN}\n```")]);
        assert_eq!(done.success(), format!("{PLAN}\n"), "{arguments:?}");
        assert!(!place.project().join("released").exists());
    }
    let (done, _) = run(&place, &["deploy", "--json"], &[PLAN]);
    let plan: Value = serde_json::from_str(&done.success()).unwrap();
    assert_eq!(plan[0], json!({"changes": "Marks the release", "command": "touch released"}));
    let with_yes = |arguments: &[&str], plan: &str| {
        let provider = model(Script::new().text(plan));
        let all = [&["deploy", "--yes"], arguments].concat();
        place.zerostack(&all).model(&provider).writes().run()
    };
    let done = with_yes(&[], PLAN);
    assert_eq!(done.success(), format!("{PLAN}\n"));
    assert!(done.stderr.contains("1/2: Marks the release (touch released)"), "{done:?}");
    assert!(done.stderr.contains("said"), "{done:?}");
    assert_eq!(std::fs::read_to_string(place.project().join("count")).unwrap(), "one\n");
    // A rule denies a command: none is run.
    let done = with_yes(&["--deny", "Bash(touch:*)"], "# A\necho two >>count\n# B\ntouch other");
    assert!(done.failure(55).contains("no command was run"), "{done:?}");
    // One fails: those after it are not run, and keys are not seen.
    let failing =
        "# A\ntest -z \"$ZEROSTACK_API_KEY\" && echo two >>count\n# B\nfalse\n# C\ntouch c";
    let done = with_yes(&[], failing);
    assert_eq!((done.code, done.text().as_str()), (54, ""), "{done:?}");
    assert!(done.stderr.contains("false: it ended with exit status: 1"), "{done:?}");
    assert!(!place.project().join("c").exists());
    assert_eq!(std::fs::read_to_string(place.project().join("count")).unwrap(), "one\ntwo\n");
}

#[test]
fn prose_is_no_plan_and_options_of_other_results_are_refused() {
    let place = project();
    let (done, requests) = run(&place, &["deploy"], &["I would run make.", "make", "make"]);
    assert!(done.failure(61).contains("not a plan"), "{done:?}");
    assert_eq!(requests, 3);
    let (done, requests) = run(&place, &["deploy"], &["no plan: there is no script"]);
    assert!(done.failure(61).contains("there is no plan: there is no script"), "{done:?}");
    assert_eq!(requests, 1);
    for arguments in [
        &["code", "--yes", "x"][..],
        &["ask", "--json", "x"],
        &["deploy", "--sarif"],
        &["deploy", "--yes", "--dry-run"],
        &["lint", "--json", "--sarif"],
    ] {
        let (done, requests) = run(&place, arguments, &[]);
        done.failure(2);
        assert_eq!(requests, 0, "{arguments:?}");
    }
}

#[test]
fn findings_on_stdin_name_the_only_files_that_fix_changes() {
    let place = project();
    let write = |path: &str| json!({"path": path, "content": "fn changed() {}\n"});
    let script = Script::new()
        .call("write", write("b.rs"))
        .call("bash", json!({"command": "echo >c.rs; echo >>b.rs"}))
        .call("write", write("./a.rs"))
        .text("done");
    let provider = model(script);
    let found = "a.rs:2:5: error: x [y]\nlost.rs:1: error: z\n";
    let done = place.zerostack(&["fix"]).input(found).model(&provider).run();
    let patch = done.success();
    assert!(patch.contains("a/a.rs") && !patch.contains("b.rs") && !patch.contains("c.rs"));
    let said = provider.requests()[1].json().to_string();
    assert!(said.contains("no finding names b.rs; this run may change a.rs"), "{said}");
    for part in ["do not exist: lost.rs", "b.rs (no finding names it)", "c.rs (no finding"] {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    // The output of a compiler is not a list of findings alone, and restricts nothing.
    let provider = model(Script::new().call("write", write("b.rs")).text("done"));
    let errors = "error: x\n --> a.rs:2:5\n";
    let done = place.zerostack(&["fix"]).input(errors).model(&provider).run();
    assert!(done.success().contains("b.rs"));
}

#[test]
fn nothing_found_is_nothing_to_do_and_findings_of_other_folders_are_refused() {
    let place = project();
    let provider = model(Script::new().reply(Reply::new().text("done").repeat()));
    let fix = |input: &str| place.zerostack(&["fix"]).input(input).model(&provider).run();
    for none in ["no findings\n", "[]\n"] {
        let done = fix(none);
        assert_eq!(done.success(), "");
        assert!(done.stderr.contains("nothing to do"), "{done:?}");
    }
    assert!(fix("lost.rs:1: error: x\n").failure(42).contains("lost.rs"));
    // The stage before failed, and passed nothing on.
    assert!(fix("").failure(42).contains("stdin is empty"));
    assert!(provider.requests().is_empty());
}
