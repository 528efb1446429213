extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;

use crate::provider::testing::{
    Observed, answer, assert_no_cut_passes, assert_robust, config, events, observe, observed, sent,
    session, switched,
};
use crate::{Dialect, ErrorKind, Limits, SessionConfig, StopReason, ToolSpec};
use serde_json::Value;

const DIALECT: Dialect = Dialect::OpenAiResponses;

/// Reasoning with a summary of two parts, a message with a phase, and two calls whose
/// arguments take turns.
const EVENTS: &[&str] = &[
    r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","error":null,"incomplete_details":null,"output":[],"usage":null,"text":{"format":{"type":"text"}},"tools":[{"name":"add","type":"function","parameters":{"text":"no"}}]}}"#,
    r#"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"early","summary":[]}}"#,
    r#"{"type":"response.reasoning_summary_part.added","sequence_number":2,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
    r#"{"type":"response.reasoning_summary_text.delta","sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"**Plan** — "}"#,
    r#"{"type":"response.reasoning_summary_text.done","sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":0,"text":"**Plan** — "}"#,
    r#"{"type":"response.reasoning_summary_part.done","sequence_number":5,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"**Plan** — "}}"#,
    r#"{"type":"response.reasoning_summary_part.added","sequence_number":6,"item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}"#,
    r#"{"type":"response.reasoning_summary_text.delta","sequence_number":7,"item_id":"rs_1","output_index":0,"summary_index":1,"delta":"go"}"#,
    r#"{"type":"response.reasoning_summary_text.done","item_id":"rs_1","output_index":0,"summary_index":1,"text":"go"}"#,
    r#"{"type":"response.reasoning_summary_part.done","item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":"go"}}"#,
    r#"{"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"c2VjcmV0","summary":[{"type":"summary_text","text":"**Plan** — "},{"type":"summary_text","text":"go"}]}}"#,
    r#"{"type":"response.output_item.added","sequence_number":9,"output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"phase":"commentary","role":"assistant"}}"#,
    r#"{"type":"response.content_part.added","sequence_number":10,"item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}"#,
    r#"{"type":"response.output_text.delta","sequence_number":11,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"Grüß ","logprobs":[{"token":"x","text":"no"}],"obfuscation":"abc"}"#,
    r#"{"type":"response.output_text.delta","sequence_number":12,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"dich 🦀"}"#,
    r#"{"type":"response.output_text.annotation.added","sequence_number":13,"output_index":1,"annotation":{"type":"url_citation","text":"no","title":"no"}}"#,
    r#"{"type":"response.output_text.done","sequence_number":14,"item_id":"msg_1","output_index":1,"content_index":0,"text":"Grüß dich 🦀"}"#,
    r#"{"type":"response.content_part.done","sequence_number":15,"item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","annotations":[],"text":"Grüß dich 🦀"}}"#,
    r#"{"type":"response.output_item.done","sequence_number":16,"output_index":1,"item":{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"text":"Grüß dich 🦀"}],"phase":"commentary","role":"assistant"}}"#,
    r#"{"type":"response.output_item.added","sequence_number":17,"output_index":2,"item":{"id":"fc_1","type":"function_call","status":"in_progress","arguments":"","call_id":"call_a","name":"add"}}"#,
    r#"{"type":"response.output_item.added","sequence_number":18,"output_index":3,"item":{"id":"fc_2","type":"function_call","status":"in_progress","arguments":"","call_id":"call_b","name":"now"}}"#,
    r#"{"type":"response.function_call_arguments.delta","sequence_number":19,"item_id":"fc_1","output_index":2,"delta":"{\"x\":"}"#,
    r#"{"type":"response.function_call_arguments.delta","sequence_number":20,"item_id":"fc_2","output_index":3,"delta":"{}"}"#,
    r#"{"type":"response.function_call_arguments.done","sequence_number":21,"item_id":"fc_2","output_index":3,"arguments":"{}"}"#,
    r#"{"type":"response.output_item.done","sequence_number":22,"output_index":3,"item":{"id":"fc_2","type":"function_call","status":"completed","arguments":"{}","call_id":"call_b","name":"now"}}"#,
    r#"{"type":"response.function_call_arguments.delta","sequence_number":23,"item_id":"fc_1","output_index":2,"delta":" 2}"}"#,
    r#"{"type":"response.function_call_arguments.done","sequence_number":24,"item_id":"fc_1","output_index":2,"arguments":"{\"x\": 2}"}"#,
    r#"{"type":"response.output_item.done","sequence_number":25,"output_index":2,"item":{"id":"fc_1","type":"function_call","status":"completed","arguments":"{\"x\": 2}","call_id":"call_a","name":"add"}}"#,
    r#"{"type":"response.completed","sequence_number":26,"response":{"id":"resp_1","status":"completed","error":null,"incomplete_details":null,"output":[{"id":"rs_1","type":"reasoning","encrypted_content":"c2VjcmV0","summary":[{"type":"summary_text","text":"**Plan** — "},{"type":"summary_text","text":"go"}]},{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"text":"Grüß dich 🦀"}],"phase":"commentary","role":"assistant"},{"id":"fc_1","type":"function_call","status":"completed","arguments":"{\"x\": 2}","call_id":"call_a","name":"add"},{"id":"fc_2","type":"function_call","status":"completed","arguments":"{}","call_id":"call_b","name":"now"}],"usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":8},"output_tokens":11,"output_tokens_details":{"reasoning_tokens":6},"total_tokens":31}}}"#,
];

fn is_full(document: &Value) -> bool {
    let kind = document["type"].as_str().unwrap_or_default();
    !matches!(kind, "response.content_part.added" | "response.reasoning_summary_part.added")
}

/// The same events, changed by `change`; an event that becomes null is left out.
fn changed(change: impl Fn(&mut Value)) -> String {
    let documents = EVENTS.iter().map(|text| {
        let mut document: Value = serde_json::from_str(text).expect("JSON");
        change(&mut document);
        document
    });
    let texts: Vec<_> =
        documents.filter(|document| !document.is_null()).map(|it| it.to_string()).collect();
    events(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn kind_of(document: &Value) -> &str {
    document["type"].as_str().unwrap_or_default()
}

fn calls(observed: &Observed) -> Vec<(&str, &str, &str)> {
    observed.calls.iter().map(|(id, name, args)| (&**id, &**name, &**args)).collect()
}

fn assert_is_the_reply(observed: &Observed) {
    assert_eq!(observed.text, "Grüß dich 🦀");
    assert_eq!(observed.thinking, "**Plan** — go");
    assert_eq!(calls(observed), [("call_a", "add", "{\"x\": 2}"), ("call_b", "now", "{}")]);
    let usage = observed.usage;
    assert_eq!((usage.input_tokens, usage.output_tokens), (20, 11));
    assert_eq!((usage.cache_read_tokens, usage.reasoning_tokens), (8, 6));
    assert_eq!((observed.word.as_str(), observed.end), ("completed", Some(StopReason::ToolUse)));
    assert_eq!(observed.error, None);
}

/// What the next request has for that reply, whatever form it arrived in.
const SENT_BACK: &str = concat!(
    r#"{"type":"message","role":"assistant","phase":"commentary","content":"Grüß dich 🦀"},"#,
    r#"{"type":"function_call","call_id":"call_a","name":"add","arguments":"{\"x\": 2}"},"#,
    r#"{"type":"function_call","call_id":"call_b","name":"now","arguments":"{}"},"#,
);

fn sent_after(body: &str, chunk: usize) -> String {
    let mut session = session(config(DIALECT));
    assert_is_the_reply(&observe(&mut session, body.as_bytes(), chunk));
    answer(&mut session, &[1, 0], &[("one", false), ("two", true)]);
    sent(&session)
}

#[test]
fn every_form_of_the_content_is_read_once() {
    // As OpenAI sends it, and with the keys sorted, so that the type comes last.
    assert_is_the_reply(&observed(DIALECT, &events(EVENTS)));
    assert_is_the_reply(&observed(DIALECT, &changed(|_| {})));
    // Each form alone, and each without those before it.
    let forms: [&[&str]; 3] = [
        &[".delta"],
        &[".delta", "_text.done", "_arguments.done"],
        &[".delta", "_text.done", "_arguments.done", "_part.done"],
    ];
    for left_out in forms {
        let is_left_out = |kind: &str| left_out.iter().any(|end| kind.ends_with(end));
        let body = changed(|document| {
            if is_left_out(kind_of(document)) || !is_full(document) {
                *document = Value::Null;
            }
        });
        assert_is_the_reply(&observed(DIALECT, &body));
        assert!(sent_after(&body, 11).contains(SENT_BACK), "{left_out:?}");
    }
    // Only the last event.
    let last = EVENTS[EVENTS.len() - 1];
    let body = events(&[EVENTS[0], last]);
    assert_is_the_reply(&observed(DIALECT, &body));
    assert!(sent_after(&body, 7).contains(SENT_BACK));
    // A whole body, in both orders of keys.
    let response: Value = serde_json::from_str(last).expect("JSON");
    let whole = last.split_once(r#""response":"#).expect("a response").1;
    let whole = whole.strip_suffix('}').expect("an object");
    for body in [whole.to_string(), response["response"].to_string()] {
        assert_is_the_reply(&observed(DIALECT, &body));
        assert!(sent_after(&body, 7).contains(SENT_BACK), "{}", sent_after(&body, 7));
    }
}

#[test]
fn items_without_numbers_follow_one_another() {
    // Without numbers nothing can take turns, so the second call comes after the first.
    let order = |document: &Value| document["output_index"].as_u64();
    let mut documents: Vec<Value> =
        EVENTS.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
    let last = documents.len() - 1;
    documents[1..last].sort_by_key(order);
    for document in &mut documents {
        document.as_object_mut().expect("an object").remove("output_index");
        document.as_object_mut().expect("an object").remove("item_id");
    }
    let texts: Vec<_> = documents.iter().map(Value::to_string).collect();
    assert_is_the_reply(&observed(
        DIALECT,
        &events(&texts.iter().map(|it| &**it).collect::<Vec<_>>()),
    ));
    // The items alone, none of them announced.
    let texts: Vec<_> = documents
        .iter()
        .filter(|document| {
            matches!(kind_of(document), "response.output_item.done" | "response.completed")
        })
        .map(Value::to_string)
        .collect();
    assert_is_the_reply(&observed(
        DIALECT,
        &events(&texts.iter().map(|it| &**it).collect::<Vec<_>>()),
    ));
}

#[test]
fn messages_of_several_parts_that_come_only_whole() {
    let body = events(&[
        r#"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"one "}"#,
        r#"{"type":"response.output_text.done","output_index":0,"content_index":1,"text":"two "}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"one "},{"type":"output_text","text":"two "}]}}"#,
        r#"{"type":"response.output_item.done","output_index":40,"item":{"type":"message","content":[{"type":"output_text","text":"three"}]}}"#,
        r#"{"type":"response.completed","response":{"status":"completed"}}"#,
    ]);
    let observed = observed(DIALECT, &body);
    assert_eq!(
        (observed.text.as_str(), observed.end),
        ("one two three", Some(StopReason::EndTurn))
    );
}

#[test]
fn items_of_other_kinds_are_left_out() {
    let body = events(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"mcp_call","id":"m","name":"f","arguments":"","server_label":"s"}}"#,
        r#"{"type":"response.mcp_call_arguments.delta","output_index":0,"delta":"{\"no\":1}"}"#,
        r#"{"type":"response.mcp_call_arguments.done","output_index":0,"arguments":"{\"no\":1}"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"arguments":"{\"no\":1}","name":"f","content":[{"text":"no"}],"type":"mcp_call"}}"#,
        r#"{"type":"response.code_interpreter_call_code.delta","output_index":1,"delta":"print('no')"}"#,
        r#"{"delta":"no","output_index":1,"type":"response.something.new"}"#,
        r#"{"code":"print('no')","message":"no","output_index":1,"type":"response.code_interpreter_call_code.done"}"#,
        r#"{"type":"response.shell_call_output_content.done","output_index":2,"output":[{"type":"message","content":[{"text":"no"}]}]}"#,
        r#"{"type":"keepalive","sequence_number":5}"#,
        r#"{"type":"response.output_text.delta","output_index":3,"delta":"yes"}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#,
    ]);
    let observed = observed(DIALECT, &body);
    assert_eq!(
        (observed.text.as_str(), observed.thinking.as_str(), observed.calls.len()),
        ("yes", "", 0)
    );
    assert_eq!((observed.end, observed.error), (Some(StopReason::EndTurn), None));
}

#[test]
fn refusals_are_told_apart() {
    let streamed = events(&[
        r#"{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"I can"}"#,
        r#"{"content_index":0,"delta":"not.","output_index":0,"type":"response.refusal.delta"}"#,
        r#"{"type":"response.refusal.done","output_index":0,"content_index":0,"refusal":"I cannot."}"#,
        r#"{"type":"response.completed","response":{"status":"completed"}}"#,
    ]);
    let item = r#"{"content":[{"refusal":"I cannot.","type":"refusal"}],"role":"assistant","type":"message"}"#;
    let done = events(&[
        &std::format!(r#"{{"item":{item},"output_index":0,"type":"response.output_item.done"}}"#),
        r#"{"type":"response.completed","response":{"status":"completed"}}"#,
    ]);
    let whole = std::format!(r#"{{"output":[{item}],"status":"completed"}}"#);
    let typed = r#"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"I cannot."}]}]}"#;
    for body in [streamed, done, whole, typed.to_string()] {
        let observed = observed(DIALECT, &body);
        assert_eq!((observed.refusal.as_str(), observed.text.as_str()), ("I cannot.", ""));
        assert_eq!(observed.end, Some(StopReason::Refusal));
        let mut session = session(config(DIALECT));
        observe(&mut session, body.as_bytes(), 9);
        session.user("why?").expect("room");
        let refusal = r#"{"type":"message","role":"assistant","content":"I cannot."}"#;
        assert!(sent(&session).contains(refusal));
    }
}

#[test]
fn an_incomplete_reply_says_why() {
    let incomplete = |details: &str| {
        let last = std::format!(
            r#"{{"type":"response.incomplete","response":{{"incomplete_details":{details},"status":"incomplete","output":[]}}}}"#
        );
        let text = r#"{"type":"response.output_text.delta","output_index":0,"delta":"a"}"#;
        let observed = observed(DIALECT, &events(&[text, &last]));
        assert_eq!((observed.text.as_str(), observed.word.as_str()), ("a", "incomplete"));
        observed.end
    };
    assert_eq!(incomplete(r#"{"reason":"max_output_tokens"}"#), Some(StopReason::MaxTokens));
    assert_eq!(incomplete(r#"{"reason":"content_filter"}"#), Some(StopReason::ContentFilter));
    assert_eq!(incomplete("null"), Some(StopReason::Other));
    // A call that the limit cut off is no call.
    let body = events(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","arguments":"","call_id":"c","name":"f"}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"x\":"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","status":"incomplete","arguments":"{\"x\":","call_id":"c","name":"f"}}"#,
        r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#,
    ]);
    let observed = observed(DIALECT, &body);
    assert_eq!(observed.calls.len(), 0);
    assert_eq!(observed.error.expect("an error").0.kind(), ErrorKind::Truncated);
}

#[test]
fn errors_are_reported_in_every_form() {
    let failed = r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"It broke."},"output":[]}}"#;
    let forms = [
        events(&[EVENTS[0], failed]),
        events(&[r#"{"type":"error","code":"server_error","message":"It broke.","param":null}"#]),
        events(&[r#"{"code":"server_error","message":"It broke.","param":null,"type":"error"}"#]),
        events(&[
            r#"{"type":"error","error":{"type":"x","code":"server_error","message":"It broke."}}"#,
            failed,
        ]),
        r#"{"error":{"message":"It broke.","type":"x","code":"server_error"}}"#.to_string(),
        r#"{"code":"server_error","error":"It broke."}"#.to_string(),
    ];
    for body in forms {
        let observed = observed(DIALECT, &body);
        let (kind, code, message) = observed.error.expect("an error");
        assert_eq!(kind.kind(), ErrorKind::Status, "{body}");
        assert_eq!((&*code, &*message), ("server_error", "It broke."), "{body}");
    }
    let bare = r#"{"type":"response.failed","response":{"status":"failed","error":null}}"#;
    assert_eq!(
        observed(DIALECT, &events(&[bare])).error.expect("an error").0.kind(),
        ErrorKind::Status
    );
}

#[test]
fn a_reply_that_is_cut_is_an_error() {
    let body = events(EVENTS);
    assert_no_cut_passes(DIALECT, &body);
    assert_no_cut_passes(DIALECT, &changed(|_| {}));
    let unfinished = observed(DIALECT, &events(&EVENTS[..EVENTS.len() - 1]));
    assert_eq!(unfinished.error.expect("an error").0.kind(), ErrorKind::Cut);
}

#[test]
fn damaged_events_and_small_storage_do_no_harm() {
    assert_robust(DIALECT, &events(EVENTS));
    assert_robust(DIALECT, &changed(|_| {}));
}

#[test]
fn the_request_is_exactly_this() {
    let tools =
        [ToolSpec { name: "add", description: "Adds \"x\".", parameters: r#"{"type":"object"}"# }];
    let limits = Limits { max_output_tokens: 64, ..Limits::DEFAULT };
    let base = SessionConfig { system: "Be\nbrief.", tools: &tools, limits, ..config(DIALECT) };
    for body in [events(EVENTS), changed(|_| {})] {
        for chunk in [1, 10, 16384] {
            let mut session = session(base);
            observe(&mut session, body.as_bytes(), chunk);
            answer(&mut session, &[1, 0], &[("one\n", false), ("two", true)]);
            let wanted = std::format!(
                "{}{}{SENT_BACK}{}",
                concat!(
                    r#"{"model":"m-1","stream":true,"store":false,"include":["reasoning.encrypted_content"],"max_output_tokens":64"#,
                    r#","tools":[{"type":"function","name":"add","description":"Adds \"x\".","parameters":{"type":"object"},"strict":false}]"#,
                    r#","instructions":"Be\nbrief.","input":["#,
                    r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},"#,
                ),
                r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"**Plan** — "},{"type":"summary_text","text":"go"}],"encrypted_content":"c2VjcmV0","id":"rs_1"},"#,
                concat!(
                    r#"{"type":"function_call_output","call_id":"call_b","output":"two"},"#,
                    r#"{"type":"function_call_output","call_id":"call_a","output":"one\n"}]}"#,
                ),
            );
            assert_eq!(sent(&session), wanted);
        }
    }
}

#[test]
fn reasoning_goes_back_only_where_the_server_takes_it() {
    let asks = |model| {
        let body = sent(&session(SessionConfig { model, ..config(DIALECT) }));
        body.contains("reasoning.encrypted_content")
    };
    assert!(asks("gpt-5.2") && asks("o3") && asks("grok-4") && asks("openai/gpt-oss-20b"));
    assert!(!asks("gpt-4o") && !asks("openai/gpt-4.1") && !asks("gpt-5-chat-latest"));

    let after = |items: &str| {
        let mut session = session(config(DIALECT));
        let body = std::format!(r#"{{"status":"completed","output":[{items}]}}"#);
        observe(&mut session, body.as_bytes(), 5);
        session.user("go on").expect("room");
        let body = sent(&session);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let input = body["input"].as_array().expect("a list").clone();
        input[1..input.len() - 1].iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
    };
    let message = r#"{"type":"message","content":[{"type":"output_text","text":"a"}]}"#;
    let sealed = r#"{"type":"reasoning","encrypted_content":"e","summary":[]}"#;
    let shown = r#"{"type":"reasoning","encrypted_content":"","summary":[],"content":[{"type":"reasoning_text","text":"r"}]}"#;
    let summary = r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}]}"#;
    let a = r#"{"content":"a","role":"assistant","type":"message"}"#;
    let items = |items: &[&str]| after(&items.join(","));
    // Reasoning always has an id; without one it is made.
    let e = r#"{"encrypted_content":"e","id":"rs_c0000000e","summary":[],"type":"reasoning"}"#;
    assert_eq!(items(&[sealed, message]), std::format!("{e}\n{a}"));
    let r = r#"{"content":[{"text":"r","type":"reasoning_text"}],"id":"rs_c0000000e","summary":[],"type":"reasoning"}"#;
    assert_eq!(items(&[shown, message]), std::format!("{r}\n{a}"));
    // A summary alone proves nothing, and reasoning that nothing follows is refused.
    assert_eq!(items(&[summary, message]), a);
    assert_eq!(items(&[message, sealed]), a);
    let summed = e.replace("[]", r#"[{"text":"s","type":"summary_text"}]"#).replace("0e", "17");
    assert_eq!(items(&[summary, sealed, message, sealed]), std::format!("{summed}\n{a}"));
}

#[test]
fn conversations_move_between_providers() {
    let body = r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true,"thoughtSignature":"eA=="},{"text":"ok"},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"eQ=="}]},"finishReason":"STOP"}]}"#;
    let mut foreign = session(config(Dialect::Gemini));
    observe(&mut foreign, body.as_bytes(), 9);
    answer(&mut foreign, &[0], &[("done", false)]);
    let body: Value =
        serde_json::from_str(&sent(&switched(foreign, config(DIALECT)))).expect("JSON");
    let input = body["input"].as_array().expect("a list");
    let kinds: Vec<_> = input.iter().map(kind_of).collect();
    assert_eq!(kinds, ["message", "message", "function_call", "function_call_output"]);
    let id = input[2]["call_id"].as_str().expect("an id");
    assert!(id.len() == 9 && input[3]["call_id"] == id, "{id}");

    let mut ours = session(config(DIALECT));
    observe(&mut ours, events(EVENTS).as_bytes(), 9);
    answer(&mut ours, &[1, 0], &[("one", false), ("two", false)]);
    let wanted = concat!(
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":["#,
        r#"{"text":"Grüß dich 🦀"},"#,
        r#"{"functionCall":{"id":"call_a","name":"add","args":{"x": 2}}},"#,
        r#"{"functionCall":{"id":"call_b","name":"now","args":{}}}]},{"role":"user","parts":["#,
        r#"{"functionResponse":{"id":"call_a","name":"add","response":{"output":"one"}}},"#,
        r#"{"functionResponse":{"id":"call_b","name":"now","response":{"output":"two"}}}]}]}"#,
    );
    assert_eq!(sent(&switched(ours, config(Dialect::Gemini))), wanted);
}

#[test]
fn items_without_numbers_are_known_by_their_ids() {
    let added =
        |item: &str| std::format!(r#"{{"type":"response.output_item.added","item":{{{item}}}}}"#);
    let done =
        |item: &str| std::format!(r#"{{"type":"response.output_item.done","item":{{{item}}}}}"#);
    let event = |kind: &str, id: &str, rest: &str| {
        std::format!(r#"{{"type":"response.{kind}","item_id":"{id}",{rest}}}"#)
    };
    let more = |id: &str, piece: &str| {
        event("function_call_arguments.delta", id, &std::format!(r#""delta":"{piece}""#))
    };
    let whole = |id: &str, text: &str| {
        event("function_call_arguments.done", id, &std::format!(r#""arguments":"{text}""#))
    };
    let message =
        r#""type":"message","id":"msg_1","content":[{"type":"output_text","text":"I look"}]"#;
    let thinking = r#""type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}],"encrypted_content":"""#;
    // As the id of a call, some write it alone, some beside an id of the item.
    for (a, b, of_a, of_b) in [
        (r#""call_id":"fc_1""#, r#""call_id":"fc_2""#, "fc_1", "fc_2"),
        (r#""id":"i1","call_id":"fc_1""#, r#""call_id":"fc_2","id":"i2""#, "i1", "i2"),
    ] {
        let call = |id: &str, arguments: &str| {
            std::format!(r#""type":"function_call",{id},"name":"read","arguments":"{arguments}""#)
        };
        let [first, second] = [r#"{\"path\":\"a\"}"#, r#"{\"path\":\"b\"}"#];
        let begin = [
            added(r#""type":"reasoning","id":"rs_1","summary":[],"content":[]"#),
            event("reasoning_text.delta", "rs_1", r#""delta":"hm""#),
            added(r#""type":"message","id":"msg_1","content":[]"#),
            event("output_text.delta", "msg_1", r#""delta":"I look""#),
        ];
        let in_turn =
            [added(&call(a, "")), more(of_a, first), added(&call(b, "")), more(of_b, second)];
        let mixed = [
            added(&call(a, "")),
            added(&call(b, "")),
            more(of_b, r#"{\"path\":"#),
            more(of_a, r#"{\"path\""#),
            more(of_b, r#"\"b\"}"#),
            more(of_a, r#":\"a\"}"#),
        ];
        let at_once = [added(&call(a, first)), added(&call(b, second))];
        let ends = [
            event("output_text.done", "msg_1", r#""text":"I look""#),
            event("content_part.done", "msg_1", r#""part":{"type":"output_text","text":"I look"}"#),
            whole(of_a, first),
            whole(of_b, second),
            done(message),
            done(thinking),
            done(&call(b, second)),
            done(&call(a, first)),
        ];
        let list = std::format!("{{{}}},{{{}}}", call(a, first), call(b, second));
        let last = std::format!(
            r#"{{"type":"response.completed","response":{{"status":"completed","output":[{list}]}}}}"#
        );
        for middle in [&in_turn[..], &mixed[..], &at_once[..]] {
            for ends in [&ends[..], &ends[4..], &ends[2..4], &[]] {
                let documents = begin.iter().chain(middle).chain(ends).chain([&last]);
                let documents: Vec<&str> = documents.map(String::as_str).collect();
                let observed = observed(DIALECT, &events(&documents));
                assert_eq!((observed.text.as_str(), observed.thinking.as_str()), ("I look", "hm"));
                let calls: Vec<_> =
                    observed.calls.iter().map(|call| (&*call.0, &*call.2)).collect();
                let expected = [("fc_1", r#"{"path":"a"}"#), ("fc_2", r#"{"path":"b"}"#)];
                assert_eq!(
                    (calls.as_slice(), observed.error),
                    (&expected[..], None),
                    "{documents:#?}"
                );
            }
        }
        let all: Vec<&str> =
            begin.iter().chain(&mixed).chain(&ends).chain([&last]).map(String::as_str).collect();
        assert_robust(DIALECT, &events(&all));
    }
}
