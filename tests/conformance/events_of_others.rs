//! `--events claude` and `--events codex`, and `sdk`: the lines of other agents. The tests here do not
//! use the official SDKs; `examples/sdk/check.sh` does.

use serde_json::{Value, json};
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::Done;

use super::place;

/// A run with a reply that breaks off, reasoning, two calls, one of which fails, and an answer.
fn script() -> Script {
    let calls = Reply::new()
        .reasoning("hm")
        .text("I look.")
        .call("bash", json!({"command": "echo out; exit 3"}))
        .call("write", json!({"path": "new", "content": "x\n"}))
        .usage(100, 20, 30);
    Script::new()
        .reply(Reply::new().text("half").cut(400).header("retry-after-ms", "1"))
        .reply(calls)
        .reply(Reply::new().text("Done.").usage(200, 5, 100))
}

/// The lines, each with what `name` calls it.
fn names(done: &Done, name: impl Fn(&Value) -> String) -> Vec<String> {
    done.events().iter().map(name).collect()
}

fn claude_name(line: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let blocks = line["message"]["content"].as_array().into_iter().flatten();
    let blocks: Vec<String> = blocks.map(|block| text(&block["type"])).collect();
    format!("{} {}{}", text(&line["type"]), text(&line["subtype"]), blocks.join(" "))
}

fn codex_name(line: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{} {}", text(&line["type"]), text(&line["item"]["type"])).trim().to_owned()
}

#[test]
fn the_lines_of_claude() {
    let place = place();
    let provider = Scripted::start(script()).unwrap();
    let done = place.zerostack(&["go", "--events", "claude"]).model(&provider).run();
    assert_eq!(done.code, 0, "{done:?}");
    let wanted = [
        "system init",
        "system api_retry",
        "assistant thinking text tool_use tool_use",
        "user tool_result",
        "user tool_result",
        "assistant text",
        "result success",
    ];
    assert_eq!(names(&done, claude_name), wanted);
    let lines = done.events();
    let session = &lines[0]["session_id"];
    assert!(lines.iter().all(|line| line["session_id"] == *session && line["uuid"].is_string()));
    let ids: std::collections::BTreeSet<&str> =
        lines.iter().filter_map(|line| line["uuid"].as_str()).collect();
    assert_eq!(ids.len(), lines.len(), "each line has an id of its own");
    let message = &lines[2]["message"];
    assert_eq!(message["usage"]["input_tokens"], 70, "without those of the cache");
    assert_eq!(message["content"][2]["input"], json!({"command": "echo out; exit 3"}));
    let failed: Vec<&Value> =
        lines[3..5].iter().map(|line| &line["message"]["content"][0]["is_error"]).collect();
    assert!(failed.contains(&&json!(true)) && failed.contains(&&json!(false)));
    let result = lines.last().unwrap();
    assert_eq!((&result["result"], &result["num_turns"]), (&json!("Done."), &json!(2)));
    assert_eq!(result["files"], json!(["new"]));
}

#[test]
fn partial_messages_add_up_to_the_messages_of_claude() {
    let place = place();
    let provider = Scripted::start(script()).unwrap();
    let done = place.zerostack(&["go", "--events", "claude-partial"]).model(&provider).run();
    assert_eq!(done.code, 0, "{done:?}");
    let lines = done.events();
    // The stream of one message after the other, put together as Anthropic's SDKs do.
    let (mut built, mut whole): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    let mut arguments: std::collections::BTreeMap<usize, String> = Default::default();
    let mut pieces = 0;
    for line in &lines {
        assert!(line["uuid"].is_string() && line["session_id"].is_string(), "{line}");
        if line["type"] == "assistant" {
            whole.push(line["message"].clone());
        }
        if line["type"] != "stream_event" {
            continue;
        }
        assert_eq!(line["parent_tool_use_id"], Value::Null);
        let event = &line["event"];
        let index = event["index"].as_u64().unwrap_or_default() as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => built.push(event["message"].clone()),
            "content_block_start" => {
                let blocks = built.last_mut().unwrap()["content"].as_array_mut().unwrap();
                assert_eq!(blocks.len(), index);
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let block = &mut built.last_mut().unwrap()["content"][index];
                let delta = &event["delta"];
                let mut add = |key: &str| {
                    let known = block[key].as_str().unwrap().to_owned();
                    block[key] = (known + delta[key].as_str().unwrap()).into();
                };
                match delta["type"].as_str().unwrap() {
                    "text_delta" => add("text"),
                    "thinking_delta" => add("thinking"),
                    _ => {
                        pieces += 1;
                        *arguments.entry(index).or_default() +=
                            delta["partial_json"].as_str().unwrap();
                    }
                }
            }
            "content_block_stop" => {
                let block = &mut built.last_mut().unwrap()["content"][index];
                if let Some(text) = arguments.remove(&index) {
                    block["input"] = serde_json::from_str(&text).unwrap();
                }
            }
            "message_stop" => {}
            "message_delta" => {
                let message = built.last_mut().unwrap();
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                message["usage"] = event["usage"].clone();
            }
            other => panic!("{other}"),
        }
    }
    // The reply that broke off was begun and never ended.
    assert_eq!(built.remove(0)["stop_reason"], Value::Null);
    assert_eq!(built, whole);
    assert_eq!(whole.len(), 2);
    assert!(pieces > 2, "the arguments of two calls as they arrive, in {pieces} pieces");
}

#[test]
fn the_lines_of_codex() {
    let place = place();
    let provider = Scripted::start(script()).unwrap();
    let done = place.zerostack(&["go", "--events", "codex"]).model(&provider).run();
    assert_eq!(done.code, 0, "{done:?}");
    let mut names = names(&done, codex_name);
    // The calls run at the same time.
    names[7..9].sort();
    let wanted = [
        "thread.started",
        "turn.started",
        "item.completed error",
        "item.completed reasoning",
        "item.completed agent_message",
        "item.started command_execution",
        "item.started file_change",
        "item.completed command_execution",
        "item.completed file_change",
        "item.completed agent_message",
        "turn.completed",
    ];
    assert_eq!(names, wanted);
    let lines = done.events();
    let of = |kind: &str, line: &str| -> Value {
        let is_it = |it: &&Value| it["type"] == line && it["item"]["type"] == kind;
        lines.iter().find(is_it).unwrap()["item"].clone()
    };
    let (began, ended) =
        (of("command_execution", "item.started"), of("command_execution", "item.completed"));
    assert_eq!(began["id"], ended["id"]);
    assert_eq!((&began["status"], &ended["status"]), (&json!("in_progress"), &json!("failed")));
    assert_eq!(ended["exit_code"], 3);
    let changes = &of("file_change", "item.completed")["changes"];
    assert_eq!(*changes, json!([{"path": "new", "kind": "add"}]));
    let usage = &lines.last().unwrap()["usage"];
    assert_eq!((&usage["input_tokens"], &usage["cached_input_tokens"]), (&json!(300), &json!(130)));
}

#[test]
fn an_answer_is_a_result_and_a_failure_before_the_run_is_reported_too() {
    for format in ["claude", "codex"] {
        let place = place();
        let provider = Scripted::start(Script::new().text("Because.")).unwrap();
        let arguments = ["why so?", "--write", "--events", format];
        let done = place.zerostack(&arguments).model(&provider).run();
        assert_eq!(done.code, 0, "{done:?}");
        // Without the format it would be none.
        let provider = Scripted::start(Script::new().text("Because.")).unwrap();
        place.zerostack(&["why so?"]).model(&provider).run().failure(61);

        let done = place.zerostack(&["why so?", "--events", format]).run();
        assert_eq!(done.code, 52, "{done:?}");
        let last = done.events().pop().unwrap();
        let told = match format {
            "claude" => &last["errors"][0],
            _ => &last["error"]["message"],
        };
        assert!(told.as_str().is_some_and(|told| told.contains("no model")), "{last}");
    }
}

#[test]
fn a_limit_has_the_name_that_claude_gives_it() {
    let place = place();
    let script = Script::new().reply(Reply::new().call("list", json!({})).repeat());
    let provider = Scripted::start(script).unwrap();
    let arguments = ["go on", "--max-rounds", "2", "--events", "claude"];
    let done = place.zerostack(&arguments).model(&provider).run();
    assert_eq!(done.code, 53);
    let last = done.events().pop().unwrap();
    assert_eq!((&last["subtype"], &last["num_turns"]), (&json!("error_max_turns"), &json!(2)));
}

#[test]
fn an_sdk_is_answered_and_what_it_cannot_have_is_refused() {
    let place = place();
    let provider = Scripted::start(Script::new().text("One.").text("Two.")).unwrap();
    let message =
        |text: &str| json!({"type": "user", "message": {"role": "user", "content": text}});
    let request = |id: &str, request: Value| json!({"type": "control_request", "request_id": id, "request": request});
    let lines = [
        request("a", json!({"subtype": "initialize", "hooks": {"Stop": []}})),
        request("b", json!({"subtype": "initialize", "systemPrompt": ["Be brief."]})),
        message("first"),
        message("second"),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let flags = ["sdk", "claude", "--output-format", "stream-json", "--verbose"];
    let done = place.zerostack(&flags).input(input).model(&provider).run();
    assert_eq!(done.code, 0, "{done:?}");
    let lines = done.events();
    let answers: Vec<&Value> =
        lines.iter().filter(|line| line["type"] == "control_response").collect();
    assert_eq!(answers[0]["response"]["subtype"], "error");
    assert_eq!((&answers[1]["response"]["request_id"]), &json!("b"));
    let results: Vec<&Value> = lines.iter().filter(|line| line["type"] == "result").collect();
    assert_eq!((&results[0]["result"], &results[1]["result"]), (&json!("One."), &json!("Two.")));
    assert_eq!(results[0]["session_id"], results[1]["session_id"]);
    let requests = provider.requests();
    assert!(requests[0].contains("Be brief."), "the system prompt of the SDK");
    assert!(requests[1].contains("One."), "the second turn goes on with the first");

    for wrong in [
        &["sdk"][..],
        &["sdk", "claude", "--settings", "x"],
        &["sdk", "claude", "--permission-prompt-tool", "stdio"],
        &["sdk", "codex", "exec", "--add-dir", "/"],
    ] {
        place.zerostack(wrong).run().failure(2);
    }
    let provider = Scripted::start(Script::new().text("In parts.")).unwrap();
    let flags = ["sdk", "claude", "--include-partial-messages"];
    let input = format!("{}\n", message("go"));
    let done = place.zerostack(&flags).input(input).model(&provider).run();
    assert!(done.events().iter().any(|line| line["type"] == "stream_event"), "{done:?}");
    let done = place.zerostack(&["sdk", "claude"]).input("no JSON\n").run();
    done.failure(42);
}
