//! The result of a run: a patch, a text, findings or JSON; or an error if there is nothing usable.

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted, Stop};

use super::{broken_project, place};

fn answer(text: &str) -> Scripted {
    Scripted::start(Script::new().text(text)).unwrap()
}

#[test]
fn a_prompt_for_text_prints_the_last_answer_and_nothing_else() {
    let place = broken_project();
    let script = Script::new()
        .reply(Reply::new().text("Let me look.").call("read", json!({"path": "add.sh"})))
        .reply(Reply::new().reasoning("hm").text("It subtracts.\n").text("See add.sh:3.\n\n"));
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["explain", "what does add.sh do?"]).model(&provider).run();
    assert_eq!(done.success(), "It subtracts.\nSee add.sh:3.\n");
    let request = provider.requests()[0].json();
    let tools: Vec<&str> = request["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    assert!(!tools.contains(&"edit") && !tools.contains(&"write"), "{tools:?}");
}

#[test]
fn changes_of_a_run_for_text_go_with_its_view() {
    let place = broken_project();
    let script = Script::new().call("bash", json!({"command": "echo x >add.sh"})).text("done");
    let provider = Scripted::start(script).unwrap();
    // That the project is untouched is checked after every run.
    assert_eq!(place.zerostack(&["explain", "it"]).model(&provider).run().success(), "done\n");
}

#[test]
fn findings_are_printed_as_they_are() {
    let place = broken_project();
    let provider = answer("add.sh:3: error: it subtracts");
    let done = place.zerostack(&["lint"]).model(&provider).run();
    assert_eq!(done.success(), "add.sh:3: error: it subtracts\n");
    assert!(provider.requests()[0].contains("path:line: severity: message"));
}

#[test]
fn json_is_checked_and_a_fence_around_it_taken_off() {
    for (said, printed) in [
        ("{\"a\": [1, \"ü\"]}", "{\"a\": [1, \"ü\"]}\n"),
        ("```json\n[1,\n2]\n```", "[1,\n2]\n"),
        ("\n\"text\"\n", "\"text\"\n"),
    ] {
        let place = place();
        let provider = answer(said);
        let done = place.zerostack(&["--output", "json", "count it"]).model(&provider).run();
        assert_eq!(done.success(), printed);
    }
    for said in ["Here you are: {}", "{\"a\": ", "{} {}", "```json\n{}"] {
        let place = place();
        let provider = answer(said);
        let done = place.zerostack(&["--output", "json", "count it"]).model(&provider).run();
        assert!(done.failure(61).contains("not JSON"), "{said}");
    }
}

#[test]
fn output_given_by_option_counts_more_than_that_of_the_prompt() {
    let place = place();
    let provider = answer("a text");
    assert_eq!(
        place.zerostack(&["--output", "text", "go"]).model(&provider).run().success(),
        "a text\n"
    );
    let script = Script::new().call("bash", json!({"command": "echo x >a"})).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["explain", "--output", "patch", "it"]).model(&provider).run();
    assert!(done.success().contains("+x\n"));
}

#[test]
fn an_empty_answer_is_no_result() {
    for arguments in [
        &["explain", "it"][..],
        &["--output", "findings", "it"],
        &["--output", "json", "it"],
        &["it"],
    ] {
        for reply in [Reply::new(), Reply::new().text(" \n\t"), Reply::new().reasoning("only this")]
        {
            let place = place();
            let provider = Scripted::start(Script::new().reply(reply.repeat())).unwrap();
            let done = place.zerostack(arguments).model(&provider).run();
            done.failure(61);
        }
    }
}

#[test]
fn no_changed_file_is_no_patch_and_the_model_is_quoted_in_one_line() {
    let place = broken_project();
    let said = format!("I cannot:\n\n\u{1b}[31mred\u{7}\n{}", "long ".repeat(1000));
    let provider = answer(&said);
    let done = place.zerostack(&["fix it"]).model(&provider).run();
    let line = done.failure(61);
    assert!(line.contains("no file was changed") && line.contains("I cannot: "), "{line}");
    assert!(!done.stderr.contains(['\u{1b}', '\u{7}']), "{:?}", done.stderr);
    assert!(line.len() < 800, "{}", line.len());
    // Changed and changed back is not changed.
    let command = "cp add.sh x; echo y >add.sh; cat x >add.sh; rm x";
    let script = Script::new().call("bash", json!({"command": command})).text("as before");
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&["fix it"]).model(&provider).run().failure(61);
}

#[test]
fn a_refusal_is_no_result() {
    for anthropic in [false, true] {
        let place = broken_project();
        let script = Script::new()
            .call("bash", json!({"command": "echo half >add.sh"}))
            .reply(Reply::new().text("I will not\ndo that").stop(Stop::Refusal));
        let provider = Scripted::start(script).unwrap();
        let run = place.zerostack(&["do harm"]);
        let run = if anthropic { run.anthropic(&provider) } else { run.model(&provider) };
        let done = run.run();
        assert_eq!(done.failure(61).lines().count(), 1);
    }
}

#[test]
fn a_reply_cut_by_the_token_limit_is_no_result() {
    for anthropic in [false, true] {
        let in_text = Script::new().reply(Reply::new().text("half of it").stop(Stop::Length));
        let in_call = Script::new()
            .reply(Reply::new().call("bash", json!("{\"command\": \"rm -rf")).stop(Stop::Length));
        for script in [in_text, in_call] {
            let place = broken_project();
            let provider = Scripted::start(script).unwrap();
            let run = place.zerostack(&["go", "--max-tokens", "100"]);
            let run = if anthropic { run.anthropic(&provider) } else { run.model(&provider) };
            let done = run.run();
            assert!(done.failure(53).contains("--max-tokens"));
            assert_eq!(provider.requests().len(), 1);
        }
    }
}

#[test]
fn the_rounds_of_a_run_are_bounded() {
    let place = broken_project();
    let call = Reply::new().call("bash", json!({"command": "date"})).repeat();
    let provider = Scripted::start(Script::new().reply(call)).unwrap();
    let done = place.zerostack(&["go", "--max-rounds", "3"]).model(&provider).run();
    assert!(done.failure(53).contains("--max-rounds"));
    assert_eq!(provider.requests().len(), 3);
}

#[test]
fn the_time_of_a_run_is_bounded() {
    let never = Reply::new().text("half").stall(100);
    let sleep = Reply::new().call("bash", json!({"command": "sleep 1000"}));
    let wait = Reply::status(429).header("retry-after", "50");
    for reply in [never, sleep, wait, Reply::new().delay_ms(60_000)] {
        let place = broken_project();
        let provider = Scripted::start(Script::new().reply(reply)).unwrap();
        let done = place.zerostack(&["go", "--time-limit", "1"]).model(&provider).run();
        assert!(done.failure(53).contains("--time-limit"));
    }
}

#[test]
fn what_tools_print_reaches_the_model_and_not_stdout() {
    let place = broken_project();
    let command = "echo seen-by-the-model; echo to-stderr >&2; echo x >new";
    let script = Script::new()
        .call("bash", json!({"command": command}))
        .reply(Reply::new().when("seen-by-the-model").when("to-stderr").text("done"));
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go"]).model(&provider).run();
    let patch = done.success();
    assert!(patch.starts_with("diff --git a/new b/new\n") && !patch.contains("seen"), "{patch}");
}
