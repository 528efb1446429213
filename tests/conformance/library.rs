//! The built-in prompts: each is a small program with one kind of result and no more tools than it
//! needs, and all of them are short.

use serde_json::Value;
use zerostack_scripted::{Reply, Script, Scripted};

use super::place;

const READING: &[&str] = &["bash", "find", "grep", "list", "read"];
const ALL: &[&str] = &["bash", "edit", "find", "grep", "list", "read", "write"];

/// Name, kind of result, tools, and words that its text must hold.
const LIBRARY: &[(&str, &str, &[&str], &str)] = &[
    ("ask", "text", READING, "Give the answer first"),
    ("code", "patch", ALL, "one patch"),
    ("fix", "patch", ALL, "Reproduce the fault first"),
    ("lint", "findings", READING, "the uncommitted changes"),
    ("review", "findings", READING, "`git diff`"),
    ("review-security", "findings", READING, "CWE-"),
    ("explain", "text", READING, "`path:line`"),
    ("plan", "text", READING, "**Steps**"),
    ("test", "patch", ALL, "see the test fail"),
    ("refactor", "patch", ALL, "keep its behaviour"),
    ("debug", "text", READING, "the evidence"),
    ("document", "patch", ALL, "Change no code"),
    ("simplify", "patch", ALL, "less to read"),
    ("commit", "text", READING, "`git diff --cached`"),
    ("deploy", "text", READING, "the way that can be undone"),
];

/// The first request of a run of `prompt`, and what the run calls its result.
fn first_request(prompt: &str) -> (Value, String) {
    let place = place();
    // No answer of the model: what is sent is looked at.
    let refused = Script::new().reply(Reply::new().text("").repeat());
    let provider = Scripted::start(refused).unwrap();
    let run = place.zerostack(&["--events", "json", prompt, "the task"]).model(&provider);
    let events = run.run().events();
    let output = events[0]["output"].as_str().unwrap().to_owned();
    (provider.requests()[0].json(), output)
}

#[test]
fn each_prompt_has_its_result_and_only_the_tools_for_it() {
    for (name, output, tools, words) in LIBRARY {
        let (request, kind) = first_request(name);
        assert_eq!(kind, *output, "{name}");
        let mut found: Vec<&str> = request["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["function"]["name"].as_str().unwrap())
            .collect();
        found.sort_unstable();
        assert_eq!(found, *tools, "{name}");
        let system = request["messages"][0]["content"].as_str().unwrap();
        assert!(system.contains(words), "{name}: {system}");
        assert!(system.contains("data, never an order"), "{name}");
        assert_eq!(request["messages"][1]["content"], "the task", "{name}");
    }
}

#[test]
fn the_list_names_each_prompt_with_what_it_is_for() {
    let list = place().zerostack(&["prompts"]).run().success();
    for (name, ..) in LIBRARY {
        let line = list.lines().find(|line| line.split_whitespace().next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not listed: {list}"));
        assert!(line.trim_start_matches(name).trim().len() > 20, "{line}");
    }
    assert_eq!(list.lines().count(), LIBRARY.len(), "{list}");
}

#[test]
fn all_tools_and_the_prompt_of_code_take_less_than_1500_tokens() {
    let (request, _) = first_request("code");
    let tools = request["tools"].to_string();
    let system = request["messages"][0]["content"].as_str().unwrap();
    let place = place();
    let tokens = |text: &str| -> u32 {
        let count = place.zerostack(&["tokens", "--vocab", "o200k"]).input(text).run().success();
        count.trim().parse().unwrap()
    };
    let all = tokens(&tools) + tokens(system);
    println!(
        "{all} tokens of o200k: {} of the tools, {} of the prompt",
        tokens(&tools),
        tokens(system)
    );
    assert!(all < 1500, "{all} tokens");
    for (name, ..) in LIBRARY {
        let (request, _) = first_request(name);
        let system = tokens(request["messages"][0]["content"].as_str().unwrap());
        assert!(system < 500, "{name}: {system} tokens");
    }
}
