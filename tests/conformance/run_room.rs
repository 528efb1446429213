//! A run whose conversation becomes too long makes room and reports it; one that uses up its budget
//! ends with code 53 and the option that raises it.

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

/// A call whose result has about 1,000 tokens, and a note beside it.
fn reads(note: &str) -> Reply {
    Reply::new()
        .text(note)
        .call("bash", json!({ "command": "yes 'some ordinary words on a line' | head -120" }))
}

/// Six such rounds, the last of which is answered.
fn long_run(summary: Reply) -> Script {
    let is_summary = "The context is nearly full";
    let mut script = Script::new().reply(summary.when(is_summary).repeat());
    for round in 1..=6 {
        script = script.reply(reads(&format!("round {round}")).unless(is_summary));
    }
    script.reply(Reply::new().text("all read").unless(is_summary))
}

fn run(place: &Place, arguments: &[&str], script: Script) -> (Done, Vec<Value>) {
    let provider = Scripted::start(script).unwrap();
    // Named, so that its prices can be.
    let run = place.zerostack(arguments).model(&provider).env("ZEROSTACK_PROVIDER", "openai");
    let done = run.run();
    let requests = provider.requests().into_iter();
    (done, requests.map(|request| serde_json::from_slice(&request.body).unwrap()).collect())
}

fn of_type<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

#[test]
fn a_long_run_is_summarised_and_continues() {
    for anthropic in [false, true] {
        let place = place();
        let tape = place.folder("tape.jsonl").display().to_string();
        let mut arguments = vec!["explain", "the numbers", "--context", "6500"];
        arguments.extend(["--max-tokens", "500", "--events", "json", "--record", &tape]);
        let summary = Reply::new().text("SUMMARY: four rounds of numbers were read");
        let provider = Scripted::start(long_run(summary)).unwrap();
        let run = place.zerostack(&arguments);
        let done = if anthropic { run.anthropic(&provider) } else { run.model(&provider) }.run();
        let events = done.events();
        done.success();
        let made = of_type(&events, "made_room");
        let asked = of_type(&events, "compacting").len();
        assert!(asked >= 1 && made.len() == asked, "{asked} {made:?}");
        assert!(
            made.iter().all(|it| it["what"] == "summarised" && it["bytes"].as_u64() > Some(999))
        );
        assert_eq!(events.last().unwrap()["text"], "all read");
        let shown: String =
            of_type(&events, "text").iter().map(|it| it["text"].as_str().unwrap()).collect();
        assert!(!shown.contains("SUMMARY"), "{shown}");

        let bodies: Vec<Value> = provider
            .requests()
            .iter()
            .map(|request| serde_json::from_slice(&request.body).unwrap())
            .collect();
        let texts: Vec<String> = bodies.iter().map(|body| body["messages"].to_string()).collect();
        let at = texts.iter().position(|it| it.contains("The context is nearly full")).unwrap();
        // The request for the summary begins with all that was sent, so it costs little.
        let start = |text: &String| text.trim_end_matches(']').to_owned();
        assert!(start(&texts[at]).starts_with(&start(&texts[at - 1])));
        assert_eq!(bodies[at]["tools"], bodies[at - 1]["tools"]);
        // What follows has the task and the summary in place of what was said.
        let after = &texts[at + 1];
        assert!(after.len() < texts[at].len() * 2 / 3, "{} {}", after.len(), texts[at].len());
        assert!(after.contains("the numbers") && after.contains("SUMMARY"), "{after}");
        assert!(!after.contains("round 1") && !after.contains("nearly full"), "{after}");
        // The tape plays the same.
        let replayed = place.zerostack(&["replay", &tape]).without("ZEROSTACK_API_KEY").run();
        replayed.success();
        let live: Vec<Value> = events
            .into_iter()
            .filter(|event| {
                !["start", "retry", "tool_started", "tool_finished", "round", "result"]
                    .contains(&event["type"].as_str().unwrap())
            })
            .collect();
        assert_eq!(replayed.events(), live);
    }
}

#[test]
fn without_a_summary_old_results_go_and_then_the_oldest_exchanges() {
    let arguments = ["explain", "the numbers", "--context", "6500", "--events", "json"];
    for (summary, room, expected) in [
        (Reply::status(400).error("no", "no summary today"), "summarise", "results"),
        (Reply::new().text("not asked for"), "elide", "results"),
        (Reply::new().text("not asked for"), "drop", "exchanges"),
    ] {
        let place = place();
        let arguments = [&arguments[..], &["--room", room]].concat();
        let (done, bodies) = run(&place, &arguments, long_run(summary));
        let events = done.events();
        done.success();
        let failed = of_type(&events, "summary_failed");
        let kinds: Vec<String> =
            events.iter().map(|e| e.to_string().chars().take(90).collect()).collect();
        assert_eq!(failed.is_empty(), room != "summarise", "{kinds:#?}");
        let made = of_type(&events, "made_room");
        assert!(!made.is_empty() && made.iter().all(|it| it["what"] == expected), "{made:?}");
        let last = bodies.last().unwrap()["messages"].to_string();
        assert!(last.contains("the numbers"), "the task stays");
        assert_eq!(last.contains("was left out to make room"), expected == "results", "{last}");
        assert_eq!(last.contains("round 1"), expected == "results", "{last}");
        assert!(done.stderr.contains("left out"), "{}", done.stderr);
    }
}

#[test]
fn budgets_end_a_run_with_the_option_that_raises_them() {
    let config = "[providers.openai]\nprices = { input = 3.0, output = 15.0 }\n";
    let rounds = || Script::new().reply(reads("again").usage(1000, 100, 0).repeat());
    let cases: [(&[&str], i32, &str, usize); 7] = [
        (&["--max-total-tokens", "2200"], 53, "raise --max-total-tokens", 2),
        (&["--max-total-tokens", "2201"], 53, "raise --max-total-tokens", 3),
        (&["--max-cost", "0.0045"], 53, "raise --max-cost", 1),
        (&["--max-cost", "0.0046"], 53, "raise --max-cost", 2),
        (&["--max-cost", "free"], 2, "must be an amount", 0),
        (&["--max-repeats", "3"], 53, "raise --max-repeats", 4),
        (&["--context", "200"], 53, "raise --context", 0),
    ];
    let unknown = run(&place(), &["explain", "it", "--max-cost", "1"], rounds()).0;
    assert!(unknown.failure(52).contains("the prices of"));
    for (options, code, part, requests) in cases {
        let place = place();
        place.write("home/.config/zerostack/config.toml", config);
        let arguments = [&["explain", "it"], options].concat();
        let (done, bodies) = run(&place, &arguments, rounds());
        let said = done.failure(code);
        assert!(said.contains(part), "{options:?}: {said}");
        assert_eq!(bodies.len(), requests, "{options:?}");
    }
    let place = place();
    let arguments = ["explain", "it", "--max-repeats", "9", "--events", "json"];
    let (done, _) = run(&place, &arguments, rounds());
    assert_eq!(done.code, 53);
    let events = done.events();
    let counts: Vec<u64> = of_type(&events, "repeating")
        .iter()
        .map(|event| {
            assert_eq!(event["name"], "bash");
            event["count"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(counts, (3..=10).collect::<Vec<_>>());
}

#[test]
fn a_cost_holds_over_a_run_and_its_subagents_and_what_was_done_is_kept() {
    let config = "[providers.openai]\nprices = { input = 3.0, output = 15.0 }\n";
    let task = || json!({"task": "look", "prompt": "ask"});
    // Each reply costs 0.0045: that of the run, two of its first subagent, which is over the budget.
    let used = |reply: Reply| reply.usage(1000, 100, 0);
    let script = || {
        Script::new()
            .reply(used(Reply::new().call("write", json!({"path": "new", "content": "kept\n"}))))
            .reply(used(Reply::new().call("task", task())))
            .reply(used(reads("again")))
            .reply(used(Reply::new().text("seen")).repeat())
    };
    let place = place();
    place.write("home/.config/zerostack/config.toml", config);
    let arguments = ["--subagents", "go", "--max-cost", "0.0130", "--events", "json"];
    let (done, bodies) = run(&place, &arguments, script());
    assert_eq!((done.code, bodies.len()), (53, 3), "one reply over it, none more: {done:?}");
    let result = done.events().pop().unwrap();
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains("0.0135 of 0.013; raise --max-cost"), "{message}");
    // The partial result is kept, and its cost is that of all.
    let kept = message.rsplit_once("kept in ").unwrap().1;
    assert!(std::fs::read_to_string(kept).unwrap().contains("+kept"), "{kept}");
    let shown = place.zerostack(&["show", "--json"]).run().success();
    let about: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(about["cost_micros"], 13_500, "{about}");
    // With enough of it, the run ends well and reports its cost; without prices it reports none.
    let (done, _) = run(&place, &["--subagents", "go", "--max-cost", "1"], script());
    done.success();
    assert!(done.stderr.contains("0.0225"), "{}", done.stderr);
    let (done, _) = run(&super::place(), &["--subagents", "go", "--events", "json"], script());
    assert_eq!(done.code, 0);
    assert!(!done.text().contains("cost"), "{}", done.text());
}

#[test]
fn a_reply_of_too_many_calls_ends_a_run_with_the_option_that_raises_them() {
    let pair = || Reply::new().call("bash", json!({"command": "echo a"}));
    let pair = || pair().call("bash", json!({"command": "echo b"}));
    let script = || Script::new().reply(pair()).text("done");
    let (done, bodies) = run(&place(), &["explain", "it", "--max-calls", "1"], script());
    assert!(done.failure(53).contains("more than 1 calls in one reply; raise --max-calls"));
    assert_eq!(bodies.len(), 1);
    run(&place(), &["explain", "it", "--max-calls", "2"], script()).0.success();
}
