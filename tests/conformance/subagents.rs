//! Subagents have a conversation of their own, may do no more than the run, and give back their
//! result alone.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Place, until};

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
    assert_eq!(read["parent_call"], calls[0]["id"]);
    assert_eq!(read["parent"], "1");
    let of_second = |it: &&Value| it["parent_call"] == calls[1]["id"];
    let ids: BTreeSet<&str> =
        events.iter().filter(of_second).map(|it| it["conversation"].as_str().unwrap()).collect();
    assert!(ids.len() == 1 && ids.iter().all(|id| ["1.1", "1.2"].contains(id)), "{ids:?}");
    assert!(events.iter().filter(of_second).count() > 1);
    // Each round of a subagent is reported with its tokens.
    assert!(events.iter().any(|it| it["type"] == "round" && it["parent"] == "1"));
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
fn the_depth_of_subagents_is_bounded_and_wrong_calls_are_reported() {
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
    place.zerostack(&["trust", ".zerostack/prompts/deeper.md"]).writes().run().success();
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

/// Two subagents, one of which waits for a file that the other does not need.
fn two_tasks(gate: &str) -> Script {
    let task = |task: &str| json!({"task": task, "prompt": "helper"});
    let wait =
        json!({"command": format!("while [ ! -e {gate}/go ]; do sleep 0.05; done; echo waited")});
    Script::new()
        .reply(Reply::new().text("Both.").call("task", task("ALPHA")).call("task", task("BETA")))
        .reply(Reply::new().when("HELPER").when("ALPHA").call("bash", wait))
        .reply(Reply::new().when("HELPER").when("BETA").call("read", json!({"path": "a.txt"})))
        .reply(Reply::new().when("content of a").text("second result"))
        .reply(Reply::new().when("waited").text("first result"))
        .reply(Reply::new().when("first result").when("second result").text("done"))
}

#[test]
fn events_of_subagents_come_while_they_run() {
    let place = project();
    let gate = place.folder("gate");
    place.write("gate/here", "");
    let gate_path = gate.to_str().unwrap();
    let provider = provider(two_tasks(gate_path));
    let arguments = ["--subagents", "--allow-read", gate_path, "--events", "json"];
    let (reader, writer) = std::io::pipe().unwrap();
    let run = place.zerostack(&[&arguments[..], &["ask", "go"]].concat()).model(&provider);
    let running = run.stdout(Stdio::from(writer)).start();
    let mut lines = BufReader::new(reader).lines();
    let mut next = |wanted: &dyn Fn(&Value) -> bool| {
        loop {
            let line = lines.next().expect("the event comes").unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            assert_ne!(event["type"], "result", "{event}");
            if wanted(&event) {
                return event;
            }
        }
    };
    // The second one ends while the first one waits, and is shown at once.
    let ended = next(&|it| it["type"] == "tool_finished" && it["name"] == "task");
    assert_eq!(ended["conversation"], "1");
    std::fs::write(gate.join("go"), "").unwrap();
    next(&|it| it["type"] == "tool_finished" && it["name"] == "bash");
    drop(lines);
    running.kill();
}

#[test]
fn the_tapes_of_subagents_are_in_the_record_and_replay_plays_them() {
    let place = project();
    place.write("project/go", "");
    let provider = provider(two_tasks("."));
    let done = place.zerostack(&["--subagents", "--events", "json", "ask", "go"]);
    let live = done.model(&provider).writes().run();
    live.success();
    let runs = place.folder("home").join(".local/state/zerostack/runs/1");
    let mut tapes: Vec<String> = std::fs::read_dir(&runs)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("tape."))
        .collect();
    tapes.sort();
    assert_eq!(tapes, ["tape.1", "tape.1.1", "tape.1.2"]);
    // Without a model, and byte for byte.
    let replayed = place.zerostack(&["replay", "1"]).run();
    assert_eq!(replayed.success(), String::from_utf8(live.stdout.clone()).unwrap());
    let requests = place.zerostack(&["replay", "1", "--requests"]).run().success();
    assert_eq!(requests.lines().count(), provider.requests().len());
    // A tape that was changed is not played.
    let tape = runs.join("tape.1.1");
    let text = std::fs::read_to_string(&tape).unwrap();
    std::fs::write(&tape, text.replacen("HELPER", "HELPED", 1)).unwrap();
    place.zerostack(&["replay", "1"]).run().failure(42);
}

/// How many processes have this command line.
fn sleeping(command: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let is_it =
        |line: &Vec<u8>| String::from_utf8_lossy(line).replace('\0', " ").trim_end() == command;
    lines.filter(is_it).count()
}

/// The peak of a run with `count` subagents at once, each of which has made its first request and
/// waits for a tool.
fn peak_kib(count: usize) -> u64 {
    let place = project();
    let mut first = Reply::new();
    for number in 0..count {
        let task = format!("part {number}: {}", "x".repeat(2000));
        first = first.call("task", json!({"task": task, "prompt": "helper"}));
    }
    // No other test sleeps as long.
    let sleep = format!("sleep {}", 1_000_000 + u64::from(std::process::id()) * 100 + count as u64);
    let wait = json!({"command": sleep});
    let script = Script::new()
        .reply(first)
        .reply(Reply::new().when("HELPER").text(&"word ".repeat(2000)).call("bash", wait).repeat());
    let provider = provider(script);
    let running = place.zerostack(&["--subagents", "ask", "go"]).model(&provider).start();
    until("all subagents at once", || {
        provider.requests().len() > count && sleeping(&sleep) >= count
    });
    let peak = running.peak_kib();
    running.kill();
    peak
}

#[test]
fn twenty_at_once_cost_less_than_a_mebibyte_each() {
    let (one, all) = (peak_kib(1), peak_kib(20));
    let each = all.saturating_sub(one) / 19;
    eprintln!("{one} KiB with one subagent, {all} KiB with twenty: {each} KiB each");
    assert!(each <= 1024, "{each} KiB each");
}

#[test]
fn a_subagent_with_its_parents_prompt_and_tools_shares_the_prefix_of_its_requests() {
    let place = project();
    let text = "---\noutput: text\ntools: [read, task]\n---\nSAME";
    place.write("home/.config/zerostack/prompts/same.md", text);
    let script = Script::new()
        .call("task", json!({"task": "part", "prompt": "same"}))
        .reply(Reply::new().when("part").text("result"))
        .text("done");
    let provider = provider(script);
    place.zerostack(&["same", "whole"]).model(&provider).run().success();
    let requests = provider.requests();
    let [parent, child] = [&requests[0].body, &requests[1].body];
    let shared = parent.iter().zip(child).take_while(|(a, b)| a == b).count();
    // Up to the text of the user, which is last.
    let user = String::from_utf8_lossy(parent).find("\"whole\"").unwrap();
    assert!(shared >= user, "{shared} of {user} bytes are shared");
    // And each conversation only grows at its end.
    let (first, last) = (&requests[0].json(), &requests[2].json());
    let messages = |request: &Value| request["messages"].as_array().unwrap().clone();
    assert_eq!(messages(first)[..], messages(last)[..messages(first).len()]);
}
