//! A model that calls its tools in text, or held to a schema, does the same work as any other.

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Place;

use super::{broken_project, place};

const CALL: &str = r#"{"name":"bash","arguments":{"command":"sed -i 's/-/+/' add.sh"}}"#;

/// A run that fixes the project, in pieces of a few bytes.
fn fix(mode: &str, replies: [String; 2]) -> (Place, Vec<Value>, Vec<Value>) {
    let [first, second] = replies.map(|text| Reply::new().text(&text).random_pieces(5));
    let provider = Scripted::start(Script::new().reply(first).reply(second)).unwrap();
    let place = broken_project();
    let tape = place.folder("tape").display().to_string();
    let arguments = ["code", "--tool-mode", mode, "--events", "json", "--record", &tape, "fix it"];
    let done = place.zerostack(&arguments).model(&provider).run();
    done.success();
    let bodies = provider.requests().into_iter();
    let bodies = bodies.map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    let events = done.events();
    let replayed = place.zerostack(&["replay", &tape]).run();
    replayed.success();
    let is_played = |event: &&Value| !OF_THE_RUN.contains(&event["type"].as_str().unwrap());
    assert_eq!(replayed.events(), events.iter().filter(is_played).cloned().collect::<Vec<_>>());
    (place, events, bodies)
}

/// Events that are not of the session.
const OF_THE_RUN: [&str; 5] = ["start", "tool_started", "tool_finished", "round", "result"];

fn of_type<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

#[test]
fn calls_in_text_run_and_the_patch_is_the_same() {
    let forms = [
        ("text", format!("I fix it.\n<tool_call>{CALL}</tool_call>")),
        ("lenient", format!("I fix it.\n```json\n{CALL}\n```\n")),
    ];
    for (mode, reply) in forms {
        let (_place, events, bodies) = fix(mode, [reply, "Fixed.".into()]);
        let recovered = of_type(&events, "recovered");
        assert_eq!(
            recovered,
            [&json!({"type": "recovered", "text": "I fix it.", "conversation": "1"})]
        );
        assert_eq!(of_type(&events, "tool_call").len(), 1);
        assert_eq!(of_type(&events, "tool_result").len(), 1);
        let result = events.last().unwrap();
        assert_eq!((&result["ok"], &result["text"]), (&json!(true), &json!("Fixed.")));
        assert!(result["patch"].as_str().unwrap().contains("+echo $(($1 + $2))"), "{result}");
        for body in &bodies {
            assert_eq!(body.get("tools").is_some(), mode == "lenient");
            assert!(body.get("response_format").is_none());
        }
        let messages = bodies[1]["messages"].as_array().unwrap();
        let last = messages.last().unwrap();
        if mode == "text" {
            let system = messages[0]["content"].as_str().unwrap();
            assert!(system.contains("<tool_call>") && system.contains("\"name\": \"bash\""));
            assert_eq!(last["role"], "user");
            assert!(last["content"].as_str().unwrap().starts_with("<tool_response name=\"bash\">"));
        } else {
            assert_eq!(last["role"], "tool");
            assert_eq!(messages[2]["tool_calls"][0]["function"]["name"], "bash");
        }
    }
}

#[test]
fn a_schema_is_sent_and_the_answer_is_read() {
    let replies = [
        format!(r#"{{"say":"I fix it.","calls":[{CALL}]}}"#),
        r#"{"say":"Fixed.","calls":[]}"#.into(),
    ];
    let (_place, events, bodies) = fix("schema", replies);
    let texts: Vec<&Value> = of_type(&events, "text").into_iter().map(|it| &it["text"]).collect();
    assert_eq!(texts, ["I fix it.", "Fixed."]);
    assert_eq!(of_type(&events, "recovered").len(), 0);
    assert_eq!(of_type(&events, "tool_call").len(), 1);
    let result = events.last().unwrap();
    assert_eq!((&result["ok"], &result["text"]), (&json!(true), &json!("Fixed.")));
    assert!(result["patch"].as_str().unwrap().contains("+echo $(($1 + $2))"), "{result}");
    for body in &bodies {
        assert!(body.get("tools").is_none());
        let schema = &body["response_format"]["json_schema"]["schema"];
        let calls = &schema["anyOf"][0]["properties"]["calls"];
        let tools = calls["items"]["anyOf"].as_array().unwrap();
        assert!(tools.iter().any(|tool| tool["properties"]["name"]["const"] == "bash"));
    }
}

#[test]
fn a_reply_that_no_schema_held_is_shown_as_it_came() {
    let (_place, events, _) =
        fix("schema", [format!("<tool_call>{CALL}</tool_call>"), "Just *text*.".into()]);
    let texts: Vec<&Value> = of_type(&events, "text").into_iter().map(|it| &it["text"]).collect();
    assert_eq!(texts, ["Just *text*."]);
    assert_eq!(of_type(&events, "tool_call").len(), 1);
}

#[test]
fn an_unknown_mode_is_refused_before_anything_is_sent() {
    let provider = Scripted::start(Script::new()).unwrap();
    let place = place();
    let done = place.zerostack(&["ask", "--tool-mode", "loud", "x"]).model(&provider).run();
    assert!(done.failure(2).contains("native, lenient, text, schema"));
    let done = place.zerostack(&["ask", "--tool-mode", "schema", "x"]).anthropic(&provider).run();
    assert!(done.failure(52).contains("openai-chat and ollama"));
    assert_eq!(provider.requests().len(), 0);
}
