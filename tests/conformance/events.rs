//! `--events json`: every line is an event, the first one is the start, and the last is the
//! result, which is true. The format is that of `std-runtime/docs/events.md`.

use serde_json::{Value, json};
use zerostack_core::tool::schema::{Schema, Verdict};
use zerostack_scripted::{Reply, Script, Scripted, Stop};
use zerostack_tests::command::Done;

use super::{broken_project, place};

/// The events of a run, checked for what holds for all of them.
#[track_caller]
fn events(done: &Done) -> Vec<Value> {
    let events = done.events();
    let results = events.iter().filter(|event| event["type"] == "result").count();
    assert_eq!(results, 1, "{events:?}");
    let last = events.last().unwrap();
    assert_eq!(last["type"], "result");
    assert_eq!(last["exit_code"], done.code);
    assert_eq!(last["ok"], done.code == 0);
    assert_eq!(last["error"].is_null(), done.code == 0);
    for event in events.iter().skip(1) {
        assert_ne!(event["type"], "start");
    }
    let schema = Schema::new(SCHEMA).unwrap();
    for event in &events {
        let kind = event["type"].as_str().unwrap();
        let line = event.to_string();
        assert_eq!(schema.check(&line).unwrap(), Verdict::Valid, "{line}");
        for name in event.as_object().unwrap().keys().map(String::as_str).chain([kind]) {
            assert!(PAGE.contains(&format!("`{name}`")), "{name} of {kind} is not documented");
        }
    }
    events
}

const SCHEMA: &str = include_str!("../../std-runtime/docs/events.schema.json");
const PAGE: &str = include_str!("../../std-runtime/docs/events.md");

fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.dedup();
    kinds
}

#[test]
fn the_arguments_of_calls_are_shown_as_they_come_in_where_asked_for() {
    let place = place();
    let script = || {
        let call = json!({"path": "a.txt", "content": "one\ntwo\n"});
        let reply = Reply::new().text("I write.").call("write", call);
        Scripted::start(Script::new().reply(reply).text("Done.")).unwrap()
    };
    let provider = script();
    let done = place.zerostack(&["go", "--events", "json-partial"]).model(&provider).run();
    let partial = events(&done);
    let deltas: Vec<&Value> =
        partial.iter().filter(|event| event["type"] == "tool_call_delta").collect();
    let call = partial.iter().find(|event| event["type"] == "tool_call").unwrap();
    assert!(deltas.len() > 1, "{deltas:?}");
    let pieces = deltas.iter().map(|it| it["arguments"].as_str().unwrap());
    assert_eq!(pieces.collect::<String>(), call["arguments"].as_str().unwrap());
    assert_eq!(deltas[0]["conversation"], "1");
    // The record has the whole calls alone, so that its tape replays the same lines.
    let replayed = place.zerostack(&["replay", "1"]).run();
    replayed.success();
    assert!(!kinds(&replayed.events()).contains(&"tool_call_delta"));
    let done = place.zerostack(&["go", "--events", "json"]).model(&script()).run();
    assert!(!kinds(&events(&done)).contains(&"tool_call_delta"));
}

#[test]
fn a_run_that_works() {
    let place = broken_project();
    place.commit();
    let cut = Reply::new().text("half").cut(400).header("retry-after-ms", "1");
    let script = Script::new()
        .reply(cut)
        .reply(
            Reply::new()
                .reasoning("hm")
                .text("I loo")
                .text("k.")
                .call("bash", json!({"command": "echo '\u{1}ü' >new; exit 3"}))
                .usage(100, 20, 30),
        )
        .reply(Reply::new().text("Done.").usage(200, 5, 100));
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go", "--events", "json"]).model(&provider).run();
    let events = events(&done);
    assert_eq!(
        kinds(&events),
        [
            "start",
            "text",
            "restart",
            "retry",
            "reasoning",
            "text",
            "tool_call",
            "usage",
            "reply_end",
            "round",
            "tool_started",
            "tool_finished",
            "tool_result",
            "text",
            "usage",
            "reply_end",
            "round",
            "result"
        ]
    );
    let start = &events[0];
    assert_eq!(start["version"], 2);
    assert_eq!((&start["api"], &start["model"]), (&json!("openai-chat"), &json!("scripted")));
    assert_eq!((&start["prompt"], &start["output"]), (&json!("code"), &json!("patch")));
    assert_eq!(start["folder"], place.project().to_str().unwrap());
    let find = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    let call = find("tool_call");
    assert_eq!((&call["name"], call["arguments"].is_string()), (&json!("bash"), true));
    let answer = find("tool_result");
    assert_eq!((&answer["id"], &answer["name"]), (&call["id"], &json!("bash")));
    assert_eq!(answer["left_out_bytes"], 0);
    assert!(find("retry")["reason"].is_string() && find("retry")["wait_ms"].is_u64());
    let [started, finished] = [find("tool_started"), find("tool_finished")];
    assert_eq!((&started["id"], &finished["id"]), (&call["id"], &call["id"]));
    assert!(started["summary"].as_str().unwrap().starts_with("bash echo"), "{started}");
    assert_eq!(finished["is_error"], answer["is_error"]);
    assert!(finished["duration_ms"].is_u64());
    for event in &events[1..events.len() - 1] {
        assert_eq!((&event["conversation"], &event["parent"]), (&json!("1"), &Value::Null));
    }
    let rounds: Vec<&Value> = events.iter().filter(|event| event["type"] == "round").collect();
    assert_eq!((&rounds[0]["number"], &rounds[1]["number"]), (&json!(1), &json!(2)));
    let tokens =
        |name: &str| rounds.iter().map(|it| it[name].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!((tokens("cached_tokens"), tokens("fresh_tokens")), (vec![30, 100], vec![70, 100]));
    let result = events.last().unwrap();
    assert_eq!(result["text"], "Done.");
    assert!(result["duration_ms"].is_u64());
    assert_eq!(result["usage"]["input_tokens"], 300);
    assert_eq!(result["usage"]["output_tokens"], 25);
    assert_eq!(result["usage"]["cache_read_tokens"], 130);
    assert_eq!((&result["files"], &result["left_out"]), (&json!(["new"]), &json!(0)));
    let patch = result["patch"].as_str().unwrap();
    place.git("project", &["apply", "--index"], patch.as_bytes());
    assert_eq!(std::fs::read(place.project().join("new")).unwrap(), "\u{1}ü\n".as_bytes());
}

#[test]
fn a_run_for_text_and_both_dialects() {
    for anthropic in [false, true] {
        let place = place();
        let provider = Scripted::start(Script::new().text("Because.\n")).unwrap();
        let run = place.zerostack(&["explain", "it", "--events", "json", "-q"]);
        let done = if anthropic { run.anthropic(&provider) } else { run.model(&provider) }.run();
        let events = events(&done);
        assert_eq!(events[0]["api"], if anthropic { "anthropic" } else { "openai-chat" });
        let result = events.last().unwrap();
        assert_eq!((&result["output"], &result["text"]), (&json!("text"), &json!("Because.\n")));
        assert!(result.get("patch").is_none() && result.get("files").is_none());
        assert_eq!(done.stderr, "", "quiet");
    }
}

#[test]
fn a_patch_that_is_not_utf_8_is_not_changed() {
    let place = place();
    place.write("project/latin", b"caf\xe9\nx\n");
    place.commit();
    let command = "printf 'caf\\351\\ny\\n' >latin";
    let script = Script::new().call("bash", json!({"command": command})).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go", "--events", "json"]).model(&provider).run();
    let events = events(&done);
    let result = events.last().unwrap();
    assert!(result.get("patch").is_none());
    let hex = result["patch_hex"].as_str().unwrap();
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let patch: Vec<u8> = (0..hex.len()).step_by(2).map(digit).collect();
    place.git("project", &["apply", "--index"], &patch);
    assert_eq!(std::fs::read(place.project().join("latin")).unwrap(), b"caf\xe9\ny\n");
}

#[test]
fn each_failure_ends_with_a_result_event_that_names_it() {
    type Case<'a> = (&'a [&'a str], Script, i32, &'a str);
    let call = |command: &str| Reply::new().call("bash", json!({"command": command}));
    let cases: [Case<'_>; 9] = [
        (&["go"], Script::new().reply(Reply::status(401)), 41, "authentication"),
        (&["go"], Script::new().reply(Reply::status(400)), 60, "provider"),
        (&["go"], Script::new().text("no"), 61, "no_result"),
        (&["go"], Script::new().reply(Reply::new().text("h").stop(Stop::Length)), 53, "limit"),
        (&["go", "--max-rounds", "1"], Script::new().reply(call("date").repeat()), 53, "limit"),
        (&["go", "--time-limit", "1"], Script::new().reply(call("sleep 100")), 53, "limit"),
        (&["go", "-C", "/no/such"], Script::new(), 42, "input"),
        (&["go", "--provider", "nobody"], Script::new(), 52, "configuration"),
        (&["-p", "nothing", "go"], Script::new(), 2, "usage"),
    ];
    for (arguments, script, code, kind) in cases {
        let place = place();
        let provider = Scripted::start(script).unwrap();
        let run = place.zerostack(&[arguments, &["--events", "json"]].concat());
        let done = run.model(&provider).run();
        let events = events(&done);
        assert_eq!(done.code, code, "{arguments:?}: {}", done.stderr);
        let result = events.last().unwrap();
        assert_eq!(result["error"]["kind"], kind);
        let message = result["error"]["message"].as_str().unwrap();
        assert_eq!(done.complaint(), message);
        for name in ["patch", "text", "files", "output"] {
            assert!(result.get(name).is_none(), "{name} of a run that failed");
        }
        // The layers in force are reported as soon as there are any.
        assert_eq!(
            result["sandbox"],
            if events.len() > 1 { events[0]["sandbox"].clone() } else { Value::Null }
        );
    }
}
