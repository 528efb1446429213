//! Input that cannot be used: each case has its message and its exit code, and changes nothing.

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};

use super::place;

#[test]
fn each_bad_input_has_its_line_and_its_code() {
    let place = place();
    let prompts = "project/.zerostack/prompts";
    place.write(&format!("{prompts}/ring.md"), "---\nincludes: [ring-2]\n---\nx");
    place.write(&format!("{prompts}/ring-2.md"), "---\nincludes: [ring]\n---\nx");
    for (name, next) in [("deep", "d1"), ("d1", "d2"), ("d2", "d3"), ("d3", "d4"), ("d4", "d5")] {
        place.write(&format!("{prompts}/{name}.md"), format!("---\nincludes: {next}\n---\nx"));
    }
    place.write(&format!("{prompts}/d5.md"), "x");
    place.write(&format!("{prompts}/huge.md"), "x".repeat(10 << 20));
    place.write("project/huge.md", "x".repeat(10 << 20));
    place.write("project/.agents/skills/mine/SKILL.md", "---\nname: mine\n---\nx");
    let provider =
        Scripted::start(Script::new().reply(Reply::new().text("done").repeat())).unwrap();
    type Case<'a> = (&'a [&'a str], Option<&'a [u8]>, i32, &'a str);
    let cases: [Case<'_>; 15] = [
        (
            &["ring", "go"],
            None,
            52,
            "its includes go in a circle: ring → ring-2 → ring; remove one",
        ),
        (&["deep", "go"], None, 52, "too deeply: 4 levels are allowed"),
        (&["undo"], None, 42, "nothing to undo: no run has written to this folder"),
        (&["redo"], None, 42, "nothing to redo: the last change of this folder was not an undo"),
        (&["huge", "go"], None, 52, "longer than 262144 bytes"),
        (&["./huge.md", "go"], None, 42, "longer than 262144 bytes"),
        (&["./none.md", "go"], None, 2, "unknown command or prompt"),
        (&["fix"], Some(b""), 42, "stdin is empty"),
        (&["fix"], Some(b"none.c:1:1: error: x\n"), 42, "none.c"),
        (&["fix"], Some(b"../up.c:1:1: error: x\n"), 42, "../up.c"),
        (&["ask", "what"], Some(b"\0\x01\x02"), 42, "stdin is binary"),
        (&["worktree", "list"], None, 42, "is not in a git repository"),
        (&["--worktree", "x", "go on"], None, 42, "is not in a git repository"),
        (&["loop", "--plan", "none.md", "go on"], None, 42, "no plan none.md"),
        (&["--set", "x", "ask", "go"], None, 2, "must be NAME=VALUE"),
    ];
    for (arguments, input, code, part) in cases {
        let run = place.zerostack(arguments).model(&provider);
        let run = match input {
            Some(input) => run.input(input),
            None => run,
        };
        let done = run.run();
        assert!(done.failure(code).contains(part), "{arguments:?}: {done:?}");
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn a_prompt_of_the_project_only_narrows_what_a_run_may_do() {
    let place = place();
    let text = "---\noutput: text\nmode: full\nallowed-tools: Bash(touch:*)\n---\nDo it.";
    place.write("project/.zerostack/prompts/wide.md", text);
    let script = Script::new().call("bash", json!({"command": "touch made"})).text("done");
    let provider = Scripted::start(script).unwrap();
    let arguments = ["--mode", "readonly", "wide", "go"];
    let done = place.zerostack(&arguments).model(&provider).run();
    done.success();
    assert!(done.stderr.contains("not permitted: bash touch made"), "{done:?}");
}
