//! Calls of one reply run at the same time, those that change files in their order; results keep
//! the order of the calls.

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};

use super::broken_project;

fn results(provider: &Scripted) -> Vec<String> {
    let requests = provider.requests();
    let last: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    let messages = last["messages"].as_array().unwrap();
    let results = messages.iter().filter(|message| message["role"] == "tool");
    results.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn commands_run_at_the_same_time() {
    let place = broken_project();
    // Each waits for the file of the next: one after the other, the first would never end.
    let wait = |own: &str, other: &str| json!({"command": format!("touch {own}; until [ -e {other} ]; do sleep 0.01; done; echo {own}"), "timeout_ms": 60_000});
    let reply = Reply::new()
        .call("bash", wait("a", "b"))
        .call("bash", wait("b", "c"))
        .call("bash", wait("c", "a"));
    let provider = Scripted::start(Script::new().reply(reply).text("done")).unwrap();
    place.zerostack(&["ask", "go"]).model(&provider).run().success();
    assert_eq!(results(&provider), ["a\n[exit 0]\n", "b\n[exit 0]\n", "c\n[exit 0]\n"]);
}

#[test]
fn edits_of_one_file_are_all_made_and_later_calls_see_them() {
    let place = broken_project();
    let lines: String = (0..20).map(|i| format!("line {i}.\n")).collect();
    place.write("project/f", lines);
    let mut reply = Reply::new();
    for i in 0..20 {
        let edit = json!({"old": format!("line {i}."), "new": format!("new {i}.")});
        reply = reply.call("edit", json!({"path": "f", "edits": [edit]}));
    }
    let reply = reply.call("bash", json!({"command": "grep -c new f"}));
    let provider = Scripted::start(Script::new().reply(reply).text("done")).unwrap();
    place.zerostack(&["go"]).model(&provider).run().success();
    assert_eq!(results(&provider).last().unwrap(), "20\n[exit 0]\n");
}
