extern crate std;

use std::string::ToString;

use crate::provider::testing::{
    answer, assert_no_cut_passes, assert_robust, config, observe, observed, sent, session, switched,
};
use crate::{Dialect, ErrorKind, Limits, SessionConfig, StopReason, ToolSpec};

const DIALECT: Dialect = Dialect::Ollama;

const LINES: &str = concat!(
    r#"{"model":"m","created_at":"t","message":{"role":"assistant","content":"","thinking":"Hm — "},"done":false}"#,
    "\n",
    r#"{"model":"m","created_at":"t","message":{"role":"assistant","content":"","thinking":"so."},"done":false}"#,
    "\r\n",
    r#"{"model":"m","message":{"role":"assistant","content":"grüß "},"done":false}"#,
    "\n\n",
    r#"{"model":"m","message":{"content":"dich 🦀"},"done":false}"#,
    "\n",
    r#"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"index":0,"name":"add","arguments":{"x": 2, "y":[1,{}]}}},{"id":"call_7","function":{"arguments":{},"name":"now"}}]},"done":false}"#,
    "\n",
    r#"{"done":true,"done_reason":"stop","eval_count":7,"prompt_eval_count":31,"total_duration":99999999999,"message":{"role":"assistant","content":"!"}}"#,
    "\n"
);

#[test]
fn lines_are_one_reply() {
    let observed = observed(DIALECT, LINES);
    assert_eq!(observed.text, "grüß dich 🦀!");
    assert_eq!(observed.thinking, "Hm — so.");
    let calls: std::vec::Vec<_> =
        observed.calls.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(calls, [("", "add", r#"{"x": 2, "y":[1,{}]}"#), ("call_7", "now", "{}")]);
    assert_eq!((observed.usage.input_tokens, observed.usage.output_tokens), (31, 7));
    assert_eq!((observed.word.as_str(), observed.end), ("stop", Some(StopReason::ToolUse)));
    assert_eq!(observed.error, None);
}

#[test]
fn lines_may_lack_their_ends_and_their_reasons() {
    let whole = r#"{"message":{"content":"hi","tool_calls":null,"thinking":null},"done":true}"#;
    let heard_whole = observed(DIALECT, whole);
    assert_eq!((heard_whole.text.as_str(), heard_whole.end), ("hi", Some(StopReason::EndTurn)));
    assert_eq!(heard_whole.word, "");
    // Documents without space between them, white space of any kind around them.
    let joined = observed(
        DIALECT,
        &std::format!(
            "\n {}\t{whole}",
            r#"{"message":{"content":"oh "}}{"new_type":[1,{"message":{"content":"no"}}]}"#
        ),
    );
    assert_eq!((joined.text.as_str(), joined.end), ("oh hi", Some(StopReason::EndTurn)));
    let full =
        observed(DIALECT, r#"{"message":{"content":"a"},"done":true,"done_reason":"length"}"#);
    assert_eq!(full.end, Some(StopReason::MaxTokens));
    let loaded =
        observed(DIALECT, r#"{"message":{"content":""},"done":true,"done_reason":"load"}"#);
    assert_eq!((loaded.word.as_str(), loaded.end), ("load", Some(StopReason::Other)));
}

#[test]
fn a_reply_that_ends_early_is_an_error() {
    assert_no_cut_passes(DIALECT, LINES);
    let cut = observed(DIALECT, "{\"message\":{\"content\":\"hi\"},\"done\":false}\n");
    assert_eq!(cut.error.expect("an error").0.kind(), ErrorKind::Cut);
    let error =
        observed(DIALECT, "{\"message\":{\"content\":\"hi\"}}\n{\"error\":\"out of memory\"}\n");
    let (kind, _, message) = error.error.expect("an error");
    assert_eq!((kind.kind(), message.as_str()), (ErrorKind::Status, "out of memory"));
    let broken = observed(DIALECT, "{\"message\":{\"content\":\"hi\"}}\n{]\n");
    assert_eq!(broken.error.expect("an error").0.kind(), ErrorKind::BadResponse);
    let html = observed(DIALECT, "<html>no such page</html>");
    assert_eq!(html.error.expect("an error").0.kind(), ErrorKind::BadResponse);
}

#[test]
fn damaged_lines_and_small_storage_do_no_harm() {
    assert_robust(DIALECT, LINES);
}

#[test]
fn more_calls_than_an_index_has_room_for() {
    let call = r#"{"function":{"name":"f","arguments":{"n":1}}}"#;
    let calls = std::vec![call; 300].join(",");
    let body = std::format!(r#"{{"message":{{"tool_calls":[{calls}]}},"done":true}}"#);
    let mut config = config(DIALECT);
    config.limits.max_calls = 300;
    let observed = observe(&mut session(config), body.as_bytes(), 4096);
    assert_eq!(observed.calls.len(), 300);
    assert!(observed.calls.iter().all(|(_, _, arguments)| arguments == r#"{"n":1}"#));
}

#[test]
fn the_request_is_exactly_this() {
    let tools =
        [ToolSpec { name: "add", description: "Adds \"x\".", parameters: r#"{"type":"object"}"# }];
    let limits = Limits { context_tokens: 8192, max_output_tokens: 64, ..Limits::DEFAULT };
    let base = SessionConfig { system: "Be\nbrief.", tools: &tools, limits, ..config(DIALECT) };
    let mut session = session(base);
    observe(&mut session, LINES.as_bytes(), 5);
    answer(&mut session, &[1, 0], &[("one", false), ("two", true)]);
    let wanted = concat!(
        r#"{"model":"m-1","stream":true,"options":{"num_ctx":8192,"num_predict":64}"#,
        r#","tools":[{"type":"function","function":{"name":"add","description":"Adds \"x\".","parameters":{"type":"object"}}}]"#,
        r#","messages":[{"role":"system","content":"Be\nbrief."},{"role":"user","content":"hi"}"#,
        r#",{"role":"assistant","content":"grüß dich 🦀!","thinking":"Hm — so.","tool_calls":["#,
        r#"{"function":{"name":"add","arguments":{"x": 2, "y":[1,{}]}}},"#,
        r#"{"id":"call_7","function":{"name":"now","arguments":{}}}]}"#,
        r#",{"role":"tool","tool_name":"add","content":"one"}"#,
        r#",{"role":"tool","tool_name":"now","tool_call_id":"call_7","content":"two"}]}"#,
    );
    assert_eq!(sent(&session), wanted);
}

#[test]
fn limits_that_are_not_set_are_not_sent() {
    let wanted = r#"{"model":"m-1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!(sent(&session(config(DIALECT))), wanted);
    let limits = Limits { max_output_tokens: 5, ..Limits::DEFAULT };
    let body = sent(&session(SessionConfig { limits, ..config(DIALECT) }));
    assert!(body.contains(r#""options":{"num_predict":5},"#), "{body}");
}

#[test]
fn foreign_parts_are_left_out_and_malformed_arguments_stay_valid_json() {
    let body = r#"{"content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"xyz"},{"type":"text","text":"ok"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}],"stop_reason":"tool_use"}"#;
    let mut foreign = session(config(Dialect::Anthropic));
    observe(&mut foreign, body.as_bytes(), 9);
    answer(&mut foreign, &[0], &[("done", false)]);
    let wanted = concat!(
        r#"{"model":"m-1","stream":true,"messages":[{"role":"user","content":"hi"}"#,
        r#",{"role":"assistant","content":"ok","tool_calls":[{"id":"toolu_1","function":{"name":"f","arguments":{"a":1}}}]}"#,
        r#",{"role":"tool","tool_name":"f","tool_call_id":"toolu_1","content":"done"}]}"#,
    );
    assert_eq!(sent(&switched(foreign, config(DIALECT))), wanted);
}

#[test]
fn calls_move_between_providers_with_and_without_ids() {
    let body = r#"{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]},"finish_reason":"tool_calls"}]}"#;
    let mut foreign = session(config(Dialect::OpenAiChat));
    observe(&mut foreign, body.as_bytes(), 9);
    let body = sent(&switched(foreign, config(DIALECT)));
    assert!(body.contains(r#""arguments":{"malformed":"{\"x\":"}}"#), "{body}");

    let mut ours = session(config(DIALECT));
    observe(&mut ours, LINES.as_bytes(), 9);
    answer(&mut ours, &[1, 0], &[("one", false), ("two", false)]);
    let body = sent(&switched(ours, config(Dialect::OpenAiChat)));
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let calls = &body["messages"][1]["tool_calls"];
    let made = calls[0]["id"].as_str().expect("an id").to_string();
    assert!(made.len() == 9, "{made}");
    assert_eq!(calls[1]["id"], "call_7");
    assert_eq!(body["messages"][2]["tool_call_id"], "call_7");
    assert_eq!(body["messages"][3]["tool_call_id"], made.as_str());
}
