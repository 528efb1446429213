//! Subagents have a conversation of their own, may do no more than the run, and give back their
//! result alone.

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::place;

fn provider(script: Script) -> Scripted {
    Scripted::start(script).unwrap()
}

fn bodies(provider: &Scripted) -> Vec<Value> {
    provider.requests().iter().map(|request| request.json()).collect()
}

fn tools(request: &Value) -> Vec<&str> {
    let tools = request["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap()).collect()
}

/// A project whose prompt `helper` knows a word that no other text holds.
fn project() -> Place {
    let place = place();
    place.write("project/a.txt", "content of a\n");
    let helper = "---\noutput: text\ntools: [read, edit, bash]\n---\nHELPER";
    place.write("project/.zerostack/prompts/helper.md", helper);
    place
}

#[test]
fn tasks_run_at_once_and_only_their_results_come_back() {
    let place = project();
    let task = |task: &str| json!({"task": task, "prompt": "helper"});
    let script = Script::new()
        .reply(Reply::new().call("task", task("first thing")).call("task", task("second thing")))
        .reply(
            Reply::new().when("HELPER").when("first thing").call("read", json!({"path": "a.txt"})),
        )
        .reply(Reply::new().when("HELPER").when("second thing").text("second result"))
        .reply(Reply::new().when("content of a").text("first result"))
        .reply(Reply::new().when("first result").when("second result").text("done"));
    let provider = provider(script);
    let run = place.zerostack(&["--subagents", "--events", "json", "ask", "go"]);
    let done = run.model(&provider).run();
    let events = done.events();
    assert_eq!(done.code, 0, "{done:?}");
    let all = bodies(&provider);
    let last = all.last().unwrap();
    assert!(!last.to_string().contains("content of a") && !last.to_string().contains("HELPER"));
    // The events of a subagent name the call that started it.
    let calls: Vec<&Value> =
        events.iter().filter(|it| it["type"] == "tool_call" && it["name"] == "task").collect();
    let read = events.iter().find(|it| it["type"] == "tool_call" && it["name"] == "read").unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(read["parent"], calls[0]["id"]);
    assert!(events.iter().filter(|it| it["parent"] == calls[1]["id"]).count() > 1);
    // What the subagents used is part of what the run used.
    let result = events.last().unwrap();
    assert_eq!(result["text"], "done");
    // The prompt's tools, but for what the run does not have, and not the tool itself.
    let child = all.iter().find(|it| it["messages"][0].to_string().contains("HELPER")).unwrap();
    assert_eq!(tools(child), ["read", "bash"]);
    assert!(tools(&all[0]).contains(&"task"));
}

#[test]
fn a_subagent_may_do_no_more_than_the_run() {
    let place = project();
    let script = Script::new()
        .call("task", json!({"task": "x", "prompt": "helper", "tools": ["bash"]}))
        .reply(Reply::new().when("HELPER").call("bash", json!({"command": "touch made"})))
        .reply(Reply::new().when("HELPER").text("tried"))
        .text("done");
    let provider = provider(script);
    let run = place.zerostack(&["--subagents", "--deny", "Bash(touch:*)", "ask", "go"]);
    let done = run.model(&provider).run();
    done.success();
    let all = bodies(&provider);
    assert_eq!(tools(&all[1]), ["bash"]);
    assert!(all[2].to_string().contains("not run: "), "{}", all[2]);
    assert!(done.stderr.contains("not permitted: bash touch made"), "{done:?}");
}

#[test]
fn changes_of_a_subagent_are_part_of_the_patch() {
    let place = project();
    let edit = json!({"path": "a.txt", "content": "changed\n"});
    let script = Script::new()
        .call("task", json!({"task": "change it", "prompt": "code"}))
        .reply(Reply::new().when("change it").call("write", edit))
        .reply(Reply::new().when("change it").text("changed it"))
        .text("done");
    let provider = provider(script);
    let done = place.zerostack(&["--subagents", "go"]).model(&provider).run();
    assert!(done.success().contains("+changed"));
}

#[test]
fn subagents_take_from_the_limits_of_the_run() {
    let place = project();
    let usage = |reply: Reply| reply.usage(100, 10, 0);
    let task = || json!({"task": "x", "prompt": "helper"});
    let script = || {
        Script::new()
            .reply(usage(Reply::new().call("task", task())))
            .reply(usage(Reply::new().when("HELPER").call("read", json!({"path": "a.txt"}))))
            .reply(usage(Reply::new().when("HELPER").text("found")))
            .reply(usage(Reply::new().text("done")))
    };
    let run = |most: &str| {
        let provider = provider(script());
        let arguments = ["--subagents", "--max-total-tokens", most, "ask", "go"];
        let done = place.zerostack(&arguments).model(&provider).run();
        (done, provider.requests().len())
    };
    let (done, requests) = run("440");
    assert_eq!((done.success().as_str(), requests), ("done\n", 4));
    let (done, requests) = run("250");
    done.failure(53);
    assert_eq!(requests, 3);
    let provider = provider(script());
    let arguments = ["--subagents", "--max-rounds", "2", "ask", "go"];
    place.zerostack(&arguments).model(&provider).run().failure(53);
}

#[test]
fn subagents_are_not_endlessly_deep_and_wrong_calls_are_told() {
    let place = project();
    let deeper = "---\noutput: text\ntools: [read, task]\n---\nDEEPER";
    place.write("project/.zerostack/prompts/deeper.md", deeper);
    let call = || Reply::new().call("task", json!({"task": "go on", "prompt": "deeper"}));
    let script = Script::new()
        .reply(call())
        .reply(call())
        .reply(call())
        .reply(call())
        .reply(Reply::new().when("3 deep at most").text("enough"))
        .reply(Reply::new().text("back").repeat());
    let deep = provider(script);
    place.zerostack(&["deeper", "go"]).model(&deep).run().success();
    assert_eq!(deep.requests().len(), 8);
    let script = Script::new()
        .reply(
            Reply::new()
                .call("task", json!({"task": "x", "prompt": "none"}))
                .call("task", json!({"prompt": "ask"})),
        )
        .text("done");
    let wrong = provider(script);
    place.zerostack(&["--subagents", "ask", "go"]).model(&wrong).run().success();
    let said = bodies(&wrong)[1].to_string();
    assert!(said.contains("there is no prompt") && said.contains("missing field `task`"), "{said}");
    // Without the option there is no such tool.
    let plain = provider(Script::new().call("task", json!({"task": "x"})).text("done"));
    place.zerostack(&["ask", "go"]).model(&plain).run().success();
    assert!(bodies(&plain)[1].to_string().contains("there is no tool"));
}

#[test]
fn a_skill_that_forks_runs_as_a_subagent() {
    let place = project();
    let skill = "---\nname: survey\ndescription: Surveys\ncontext: fork\nallowed-tools: Read, Edit\n---\nSURVEY";
    place.write("project/.agents/skills/survey/SKILL.md", skill);
    let script = Script::new()
        .call("skill", json!({"name": "survey", "task": "the files"}))
        .reply(Reply::new().when("the files").text("surveyed"))
        .text("done");
    let provider = provider(script);
    place.zerostack(&["ask", "go"]).model(&provider).run().success();
    let all = bodies(&provider);
    assert!(all[1]["messages"][0].to_string().contains("SURVEY"));
    assert_eq!(all[1]["messages"][1]["content"], "the files");
    assert_eq!(tools(&all[1]), ["read", "skill"]);
    let last = all[2].to_string();
    assert!(last.contains("surveyed") && !last.contains("SURVEY"), "{last}");
}
