//! A transient failure is tried again, a lasting one ends the run at once, and after either each
//! request is whole and begins with all that was sent before.

use serde_json::{Value, json};
use zerostack_scripted::{Framing, Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

/// What a gateway says in front of a server that restarts.
const BUSY_PAGE: &str = "HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\nretry-after-ms: 1\r\n\
                         content-length: 17\r\n\r\n<html>busy</html>";

/// A reply that the client may ask for again at once.
fn at_once(reply: Reply) -> Reply {
    reply.header("retry-after-ms", "1")
}

/// Two rounds with tools, `broken` in front of each reply.
fn broken_before_each(broken: &Reply) -> Script {
    let calls = Reply::new()
        .text("Zwei Aufrufe: ")
        .call("bash", json!({"command": "echo one >>log"}))
        .call("bash", json!({"command": "echo two >>log"}));
    Script::new()
        .reply(broken.clone())
        .reply(calls.clone())
        .reply(broken.clone())
        .reply(broken.clone())
        .reply(calls)
        .reply(broken.clone())
        .text("done")
}

/// All requests are JSON, each call in them is answered, and the messages of each are a beginning
/// of those of the next.
#[track_caller]
fn lawful(provider: &Scripted) -> Vec<Value> {
    let bodies: Vec<Value> = provider
        .requests()
        .iter()
        .map(|request| serde_json::from_slice(&request.body).expect("each request is JSON"))
        .collect();
    for body in &bodies {
        let (mut open, mut answered) = (Vec::new(), Vec::new());
        for message in body["messages"].as_array().unwrap() {
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                open.push(call["id"].clone());
            }
            if message["role"] == "tool" {
                answered.push(message["tool_call_id"].clone());
            }
            for block in message["content"].as_array().into_iter().flatten() {
                match block["type"].as_str() {
                    Some("tool_use") => open.push(block["id"].clone()),
                    Some("tool_result") => answered.push(block["tool_use_id"].clone()),
                    _ => {}
                }
            }
        }
        assert_eq!(open, answered, "{body}");
    }
    for pair in bodies.windows(2) {
        assert_eq!(pair[0]["tools"], pair[1]["tools"]);
        assert_eq!(without_marks(&pair[0]["system"]), without_marks(&pair[1]["system"]));
        let (first, second) = (messages(&pair[0]), messages(&pair[1]));
        assert!(second.starts_with(&first), "{first:#?}\nis no beginning of\n{second:#?}");
    }
    bodies
}

/// The messages of a body, without the cache marks, which move.
fn messages(body: &Value) -> Vec<Value> {
    body["messages"].as_array().unwrap().iter().map(without_marks).collect()
}

fn without_marks(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| *name != "cache_control");
            fields.map(|(name, value)| (name.clone(), without_marks(value))).collect()
        }
        Value::Array(values) => values.iter().map(without_marks).collect(),
        other => other.clone(),
    }
}

fn run(place: &Place, anthropic: bool, provider: &Scripted, arguments: &[&str]) -> Done {
    let run = place.zerostack(arguments);
    if anthropic { run.anthropic(provider).run() } else { run.model(provider).run() }
}

#[test]
fn a_transient_failure_is_tried_again_and_leaves_no_trace_in_the_requests() {
    let half = || {
        Reply::new()
            .text("half a se")
            .text("ntence")
            .call("bash", json!({"command": "echo no >>log"}))
    };
    let broken: [(&str, Reply); 12] = [
        ("a 429", Reply::status(429)),
        ("a 529", Reply::status(529)),
        ("a 500", Reply::status(500)),
        ("a 503 with a page", Reply::wire(BUSY_PAGE)),
        ("cut at once", half().cut(0)),
        ("cut in the text", half().cut(300)),
        ("cut in the call", half().cut(900)),
        ("reset", half().reset(500)),
        ("the end of the connection as the end", half().framing(Framing::Close).cut(600)),
        ("an error in the stream", half().error_event("overloaded_error", "busy")),
        ("no answer at all", Reply::wire("")),
        ("half a head", Reply::wire("HTTP/1.1 200 OK\r\ncontent-ty")),
    ];
    for (what, broken) in broken {
        for anthropic in [false, true] {
            let place = place();
            let provider = Scripted::start(broken_before_each(&at_once(broken.clone()))).unwrap();
            let done = run(&place, anthropic, &provider, &["go"]);
            let patch = done.success();
            // The calls of a reply run side by side.
            let lines = |line| patch.lines().filter(|it| *it == line).count();
            assert_eq!((lines("+one"), lines("+two")), (2, 2), "{what}: {patch}");
            assert!(!patch.contains("+no"), "{what}: {patch}");
            assert_eq!(
                done.stderr.matches("trying again in").count(),
                4,
                "{what}: {}",
                done.stderr
            );
            let bodies = lawful(&provider);
            assert_eq!(bodies.len(), 7, "{what}");
            // A retry is the same request again, byte for byte.
            let requests = provider.requests();
            for (first, again) in [(0, 1), (2, 3), (3, 4), (5, 6)] {
                assert!(requests[first].body == requests[again].body, "{what}, request {again}");
            }
            let sent = bodies.last().unwrap().to_string();
            assert!(!sent.contains("half a se"), "{what}: {sent}");
        }
    }
}

#[test]
fn the_wait_that_the_provider_asks_for_is_kept_to() {
    let place = place();
    let script = Script::new().reply(Reply::status(429).header("retry-after", "1")).text("late");
    let provider = Scripted::start(script).unwrap();
    let start = std::time::Instant::now();
    let done = place.zerostack(&["explain", "it"]).model(&provider).run();
    assert_eq!(done.success(), "late\n");
    assert!(start.elapsed() >= std::time::Duration::from_secs(1));
    assert!(done.stderr.contains("trying again in 1."), "{}", done.stderr);
}

#[test]
fn a_lasting_failure_is_not_tried_again_and_quotes_the_provider() {
    let cases = [
        (401, "invalid_api_key", "Incorrect key", 41, "Incorrect key (invalid_api_key)"),
        (403, "permission_error", "not for you", 41, "check the key"),
        (400, "invalid_request_error", "line one\n\nline two", 60, "line one line two"),
        (404, "model_not_found", "no such model", 60, "check the model's name"),
        (413, "request_too_large", "too large", 60, "too large"),
        (429, "insufficient_quota", "no money left", 60, "no money left (insufficient_quota)"),
        (402, "billing_error", "pay first", 60, "pay first"),
    ];
    for (status, code, message, exit, part) in cases {
        for anthropic in [false, true] {
            let place = place();
            let reply = Reply::status(status).error(code, message).repeat();
            let provider = Scripted::start(Script::new().reply(reply)).unwrap();
            let done = run(&place, anthropic, &provider, &["go"]);
            let said = done.failure(exit);
            assert!(said.contains(part) && said.contains(&status.to_string()), "{said}");
            assert_eq!(provider.requests().len(), 1, "{status} {code}");
        }
    }
}

#[test]
fn attempts_come_to_an_end() {
    for (reply, part) in [
        (Reply::status(529), "529"),
        (Reply::new().text("half").cut(200), "ended the response before it was complete"),
        (Reply::new().text("half").cut(200).framing(Framing::Close), "cut off after 200 bytes"),
    ] {
        let place = place();
        let provider = Scripted::start(Script::new().reply(at_once(reply).repeat())).unwrap();
        let done = place.zerostack(&["go", "--max-attempts", "3"]).model(&provider).run();
        let said = done.failure(60);
        assert!(said.contains(part), "{said}");
        assert!(said.contains("3 attempts"), "{said}");
        assert_eq!(provider.requests().len(), 3);
    }
}

#[test]
fn a_stream_that_stalls_is_given_up_and_asked_for_again() {
    let place = place();
    let stalled = at_once(Reply::new().text("I was going to s").stall(250));
    let provider = Scripted::start(Script::new().reply(stalled).text("whole")).unwrap();
    let run = place.zerostack(&["explain", "it", "--idle-limit", "1"]);
    let done = run.model(&provider).run();
    assert_eq!(done.success(), "whole\n");
    assert!(done.stderr.contains("sent nothing for 1 s"), "{}", done.stderr);
    lawful(&provider);
}

#[test]
fn a_provider_that_never_answers_is_given_up() {
    let place = place();
    let provider =
        Scripted::start(Script::new().reply(Reply::new().delay_ms(60_000).repeat())).unwrap();
    let arguments = ["explain", "it", "--idle-limit", "1", "--max-attempts", "1"];
    let done = place.zerostack(&arguments).model(&provider).run();
    let said = done.failure(60);
    assert!(said.contains("sent nothing for 1 s") && said.contains("--idle-limit"), "{said}");
}
