//! Prompts of users: files that cannot be read, limits of tools, schemas, models.

use serde_json::Value;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

const PROMPTS: &str = "project/.zerostack/prompts";

fn model(said: &str) -> Scripted {
    Scripted::start(Script::new().reply(Reply::new().text(said).repeat())).unwrap()
}

/// Runs the prompt `x` of that text, and gives the request if one was sent.
fn run(text: &str, said: &str) -> (Done, Option<Value>) {
    let place = place();
    place.write("project/a.rs", "fn main() {}\n");
    place.write(&format!("{PROMPTS}/x.md"), text);
    let provider = model(said);
    let done = place.zerostack(&["x", "go"]).model(&provider).run();
    (done, provider.requests().first().map(|request| request.json()))
}

fn tools(request: &Value) -> Vec<&str> {
    let tools = request["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap()).collect()
}

#[test]
fn a_file_that_cannot_be_used_is_named_and_left_out() {
    let bad = |make: &dyn Fn(&Place), what: &str| {
        let place = place();
        place.write(&format!("{PROMPTS}/good.md"), "---\noutput: text\n---\nGood.");
        make(&place);
        let provider = model("done");
        let done = place.zerostack(&["good", "go"]).model(&provider).run();
        assert_eq!(done.success(), "done\n");
        assert!(
            done.stderr.contains("notes.md is left out: ") && done.stderr.contains(what),
            "{done:?}"
        );
        // It is not taken for an instruction.
        let done = place.zerostack(&["notes", "go"]).model(&provider).run();
        assert!(done.failure(52).contains("notes.md: ") && done.stderr.contains(what), "{done:?}");
        assert_eq!(provider.requests().len(), 1);
        let list = place.zerostack(&["prompts"]).run().success();
        assert!(
            list.contains("notes        (cannot be used: ") && list.contains("good  "),
            "{list}"
        );
    };
    let write = |bytes: &'static [u8]| {
        move |place: &Place| place.write(&format!("{PROMPTS}/notes.md"), bytes)
    };
    bad(&write(b"caf\xe9"), "not UTF-8");
    bad(&write(b"\xff\xfeh\0i\0\n\0"), "not UTF-8");
    bad(
        &|place| place.write(&format!("{PROMPTS}/notes.md"), "x".repeat(256 * 1024 + 1)),
        "longer than 262144",
    );
    bad(&|place| place.write(&format!("{PROMPTS}/notes.md/inside"), ""), "not a regular file");
    bad(
        &|place| {
            let path = place.project().join(".zerostack/prompts/notes.md");
            std::os::unix::fs::symlink("/dev/zero", path).unwrap();
        },
        "leads out",
    );
}

#[test]
fn a_prompt_with_the_name_of_a_command_is_run_by_its_option() {
    let place = place();
    place.write(&format!("{PROMPTS}/diff.md"), "---\noutput: text\n---\nMINE");
    let provider = model("done");
    let done = place.zerostack(&["ask", "hi"]).model(&provider).run();
    assert_eq!(done.success(), "done\n");
    assert!(done.stderr.contains("diff.md has the name of a command"), "{done:?}");
    place.zerostack(&["-p", "diff", "hi"]).model(&provider).run().success();
    assert!(provider.requests().last().unwrap().contains("MINE"));
}

#[test]
fn limits_of_tools_hold_and_unknown_names_are_reported() {
    for (front, expected) in [
        ("tools: Read, WebFetch", &["read"][..]),
        ("tools: ['codebase', 'search', 'editFiles', 'fetch']", &["edit", "grep"]),
        ("tools:\n  write: false\n  bash: true", &["read", "edit", "bash", "grep", "find", "list"]),
        ("disallowedTools: Bash, Write, Edit", &["read", "grep", "find", "list"]),
        ("mode: plan", &["read", "bash", "grep", "find", "list"]),
        ("tools: \"*\"", &["read", "write", "edit", "bash", "grep", "find", "list"]),
        ("tools: []", &[]),
    ] {
        let (done, request) =
            run(&format!("<!-- a -->\n---\n{front}\noutput: text\n---\nDo it."), "done");
        assert_eq!(done.success(), "done\n", "{front}");
        let request = request.unwrap();
        let mut expected = expected.to_vec();
        let mut found = tools(&request);
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{front}");
        for unknown in ["WebFetch", "fetch"].into_iter().filter(|name| front.contains(name)) {
            assert!(
                done.stderr.contains(&format!("unknown tools are left out: {unknown}")),
                "{done:?}"
            );
        }
        assert_eq!(done.stderr.contains("the run has none"), found.is_empty(), "{done:?}");
    }
    let (done, request) = run("---\ntools: [mcp__a__b, 'github/*']\n---\nDo it.", "done");
    assert!(
        done.failure(52).contains("none of its tools is known: mcp__a__b, github/*"),
        "{done:?}"
    );
    assert!(request.is_none());
}

#[test]
fn a_schema_is_described_in_words_and_the_answer_checked() {
    let text =
        "---\noutput: json\nschema: '{\"type\":\"object\",\"required\":[\"name\"]}'\n---\nName it.";
    let (done, request) = run(text, "{\"name\": 1}");
    assert_eq!(done.success(), "{\"name\": 1}\n");
    let system = request.unwrap()["messages"][0]["content"].as_str().unwrap().to_owned();
    assert!(system.contains("{\"type\":\"object\",\"required\":[\"name\"]}"), "{system}");
    let (done, _) = run(text, "{\"other\": 1}");
    assert!(done.failure(61).contains("does not fit the prompt's schema"), "{done:?}");
    // As dotprompt has it.
    let text = "---\noutput:\n  format: json\n  schema:\n    name: string\n---\nName it.";
    let (done, request) = run(text, "{\"name\": \"a\"}");
    assert_eq!(done.success(), "{\"name\": \"a\"}\n");
    assert!(request.unwrap()["messages"][0]["content"].as_str().unwrap().contains("\"name\""));
    assert!(run(text, "{\"other\": 1}").0.failure(61).contains("does not fit"));
    let text = "---\noutput:\n  format: json\n  schema:\n    name: nonsense\n---\nName it.";
    assert!(run(text, "{}").0.failure(52).contains("x.md: output.schema"));
    let (done, request) = run("---\noutput: json\nschema: yes\n---\nx", "{}");
    assert!(done.failure(52).contains("x.md: its schema cannot be used"), "{done:?}");
    assert!(request.is_none());
}

#[test]
fn prose_is_no_list_of_findings() {
    let text = "---\noutput: findings\n---\nLook.";
    assert_eq!(run(text, "Two:\n- a.rs:1: error: x").0.success(), "a.rs:1: error: x\n");
    assert_eq!(run(text, "No findings.").0.success(), "no findings\n");
    let (done, _) = run(text, "The code is fine, I think.");
    assert!(done.failure(61).contains("no list of findings"), "{done:?}");
}

#[test]
fn a_placeholder_without_a_value_is_named_with_its_file() {
    let place = place();
    place.write(&format!("{PROMPTS}/x.md"), "---\nincludes: base\n---\nX");
    place.write(&format!("{PROMPTS}/y.md"), "Fix $1 in $2.");
    for (base, arguments, part) in [
        ("Y {{team}}", ["x", "hi"], "base.md: {{team}} has no value"),
        ("---\nname: 'a\n---\n", ["x", "hi"], "base.md, line 2, column 7"),
        ("---\nincludes: lost\n---\n", ["x", "hi"], "base.md, line 2, column 11"),
        ("", ["y", "one"], "y.md: $2 has no value"),
    ] {
        place.write(&format!("{PROMPTS}/base.md"), base);
        let provider = model("done");
        let done = place.zerostack(&arguments).model(&provider).run();
        assert!(done.failure(52).contains(part), "{done:?}");
        assert!(provider.requests().is_empty());
    }
}

#[test]
fn the_model_of_a_prompt_is_used_unless_another_is_named() {
    let place = place();
    let provider = model("done");
    let asked = |front: &str, arguments: &[&str]| {
        place.write(&format!("{PROMPTS}/x.md"), format!("---\noutput: text\n{front}\n---\nX"));
        let base_url = provider.base_url();
        let run = place.zerostack(arguments).env("ZEROSTACK_BASE_URL", &base_url);
        let done = run.env("ZEROSTACK_API_KEY", "k").run();
        done.success();
        let request = provider.requests().last().unwrap().json();
        (request["model"].as_str().unwrap().to_owned(), done.stderr)
    };
    assert_eq!(asked("model: theirs", &["x", "go"]).0, "theirs");
    assert_eq!(asked("model: [theirs, other]", &["x", "go"]).0, "theirs");
    assert_eq!(asked("model: theirs", &["-m", "mine", "x", "go"]).0, "mine");
    let (model, said) = asked("model: sonnet", &["-m", "mine", "x", "go"]);
    assert!(model == "mine" && said.contains("\"sonnet\" is another program's name"), "{said}");
}

#[test]
fn changes_that_a_prompt_without_a_patch_discards_are_named() {
    let place = place();
    place.write(&format!("{PROMPTS}/x.md"), "---\noutput: text\n---\nX");
    let write = serde_json::json!({ "path": "new.txt", "content": "new\n" });
    let script = Script::new().call("write", write).text("done");
    let done = place.zerostack(&["x", "go"]).model(&Scripted::start(script).unwrap()).run();
    let note = "changes to new.txt are discarded: the result of this prompt is not a patch";
    assert!(done.success() == "done\n" && done.stderr.contains(note), "{done:?}");
    assert!(!place.project().join("new.txt").exists());
}
