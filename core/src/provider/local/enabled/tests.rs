extern crate std;

use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use serde_json::{Value, json};

use crate::provider::local::tests::{TOOLS, TestSession, begun, receive, with};
use crate::provider::testing::{config, sent};
use crate::{Dialect, ErrorKind, Session, SessionConfig, ToolMode, ToolResult, ToolSpec};

/// A round with two calls, its results, and an answer; the body of the last request.
fn conversation(dialect: Dialect, mode: ToolMode) -> (TestSession, Vec<String>) {
    let mut session = begun(SessionConfig { system: "Be \"brief\".", ..with(dialect, mode) });
    let mut bodies = vec![sent(&session)];
    let native = session.config().dialect;
    // The transcript is the same whoever said it, so the answer may come in another dialect.
    let reply = "Ich \"sehe\"\nnach \\ 🦀\n<tool_call>{\"name\":\"read\",\"arguments\":{\"path\":\"ü\\\"\"}}\
                 </tool_call><tool_call>{\"name\":\"list\",\"arguments\":{}}</tool_call>";
    let text = json!(reply).to_string();
    let whole = match native {
        Dialect::Anthropic => format!(
            r#"{{"type":"message","content":[{{"type":"text","text":{text}}}],"stop_reason":"end_turn"}}"#
        ),
        Dialect::OpenAiResponses => format!(
            r#"{{"status":"completed","output":[{{"type":"message","role":"assistant","content":[{{"type":"output_text","text":{text}}}]}}]}}"#
        ),
        Dialect::Gemini => format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":{text}}}]}},"finishReason":"STOP"}}]}}"#
        ),
        Dialect::Ollama => {
            format!(r#"{{"message":{{"content":{text}}},"done":true,"done_reason":"stop"}}"#)
        }
        _ => {
            format!(r#"{{"choices":[{{"message":{{"content":{text}}},"finish_reason":"stop"}}]}}"#)
        }
    };
    let read = receive(&mut session, &whole, 9);
    assert_eq!(read.recovered, Some(2), "{dialect:?}");
    assert_eq!(read.text, "Ich \"sehe\"\nnach \\ 🦀");
    let ids: Vec<_> = session.pending_calls().map(|call| call.id).collect();
    // The second first; the request has them in the order of the calls.
    for (id, content, is_error) in [(ids[1], "no \"such\"", true), (ids[0], "eins\nzwei", false)] {
        session.tool_result(ToolResult { id, content, is_error }).expect("room");
    }
    bodies.push(sent(&session));
    (session, bodies)
}

/// The texts of the messages, by role, and the system text.
fn words(dialect: Dialect, body: &str) -> (String, Vec<(String, String)>) {
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert!(body.get("tools").is_none(), "{body}");
    let text = |value: &Value| -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts[0]["text"].as_str().expect("a text").into(),
            other => panic!("{other}"),
        }
    };
    let (key, content) = match dialect {
        Dialect::OpenAiResponses => ("input", "content"),
        Dialect::Gemini => ("contents", "parts"),
        _ => ("messages", "content"),
    };
    let messages = body[key].as_array().expect("a list").iter();
    let mut messages: Vec<(String, String)> = messages
        .map(|message| (message["role"].as_str().expect("a role").into(), text(&message[content])))
        .collect();
    let system = match dialect {
        Dialect::Anthropic => text(&body["system"]),
        Dialect::OpenAiResponses => text(&body["instructions"]),
        Dialect::Gemini => text(&body["systemInstruction"]["parts"]),
        _ => messages.remove(0).1,
    };
    (system, messages)
}

#[test]
fn every_dialect_tells_of_the_tools_by_words() {
    for dialect in Dialect::ALL.iter().copied() {
        let (_, bodies) = conversation(dialect, ToolMode::Text);
        let (system, messages) = words(dialect, &bodies[1]);
        let start = "Be \"brief\".\n\nYou can call tools.";
        assert!(system.starts_with(start), "{system}");
        let tools: Vec<Value> =
            system.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let told = |tool: &ToolSpec<'_>| {
            let parameters: Value = serde_json::from_str(tool.parameters).expect("JSON");
            json!({"name": tool.name, "description": tool.description, "parameters": parameters})
        };
        assert_eq!(tools, TOOLS.iter().map(told).collect::<Vec<_>>());
        let assistant = if dialect == Dialect::Gemini { "model" } else { "assistant" };
        let expected = [
            ("user", "hi"),
            (
                assistant,
                "Ich \"sehe\"\nnach \\ 🦀\n<tool_call>{\"name\": \"read\", \"arguments\": \
                 {\"path\":\"ü\\\"\"}}</tool_call>\n<tool_call>{\"name\": \"list\", \"arguments\": \
                 {}}</tool_call>",
            ),
            (
                "user",
                "<tool_response name=\"read\">\neins\nzwei\n</tool_response>\n\
                 <tool_response name=\"list\" failed=\"true\">\nno \"such\"\n</tool_response>",
            ),
        ];
        let messages: Vec<_> = messages.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(messages, expected, "{dialect:?}");
        assert!(bodies[1].matches("cache_control").count() <= 4);
        // What was sent stays, byte for byte, up to the brackets at the end.
        let before = bodies[0].trim_end_matches(['}', ']']);
        assert!(bodies[1].starts_with(before), "{dialect:?}: {bodies:?}");
    }
}

#[test]
fn a_schema_holds_the_reply_where_the_server_knows_that() {
    for dialect in [Dialect::OpenAiChat, Dialect::Ollama] {
        let (_, bodies) = conversation(dialect, ToolMode::Schema);
        let body: Value = serde_json::from_str(&bodies[1]).expect("JSON");
        let schema = match dialect {
            Dialect::Ollama => &body["format"],
            _ => {
                assert_eq!(body["response_format"]["type"], "json_schema");
                &body["response_format"]["json_schema"]["schema"]
            }
        };
        let [calls, say] = [0, 1].map(|at| &schema["anyOf"][at]["properties"]);
        assert_eq!(say["say"]["type"], "string");
        let items = calls["calls"]["items"]["anyOf"].as_array().expect("calls");
        let parts = |item: &Value| {
            let properties = &item["properties"];
            (properties["name"]["const"].clone(), properties["arguments"].clone())
        };
        let free = json!({ "type": "object" });
        let read: Value = serde_json::from_str(TOOLS[0].parameters).expect("JSON");
        let expected = [(json!("read"), read), (json!("list"), free)];
        assert_eq!(items.iter().map(parts).collect::<Vec<_>>(), expected);
        let (system, messages) = words(dialect, &bodies[1]);
        assert!(system.starts_with("Be \"brief\".\n\nAnswer with one JSON object"), "{system}");
        // The model's text goes back in the form that the schema wants.
        let said: Value = serde_json::from_str(&messages[1].1).expect("JSON");
        let expected = json!({
            "say": "Ich \"sehe\"\nnach \\ 🦀",
            "calls": [
                { "name": "read", "arguments": { "path": "ü\"" } },
                { "name": "list", "arguments": {} },
            ],
        });
        assert_eq!(said, expected);
    }
    for dialect in [Dialect::Anthropic, Dialect::OpenAiResponses, Dialect::Gemini] {
        let refused = Session::new([0; 64], with(dialect, ToolMode::Schema));
        let error = refused.expect_err("no schema");
        assert_eq!((error.kind(), error.detail()), (ErrorKind::Unsupported, dialect as u32));
    }
}

#[test]
fn without_tools_every_mode_is_the_same() {
    for dialect in Dialect::ALL.iter().copied() {
        let body = |tool_mode| {
            let config = SessionConfig { tool_mode, tools: &[], ..config(dialect) };
            sent(&begun(config))
        };
        let native = body(ToolMode::Native);
        assert_eq!(body(ToolMode::Text), native);
        assert_eq!(body(ToolMode::Lenient), native);
    }
}

#[test]
fn names_that_words_cannot_hold_are_refused() {
    let tools = [TOOLS[1], ToolSpec { name: "a\"b", description: "", parameters: "{}" }];
    for tool_mode in [ToolMode::Lenient, ToolMode::Text, ToolMode::Schema] {
        let config = SessionConfig { tools: &tools, tool_mode, ..config(Dialect::OpenAiChat) };
        let error = Session::new([0; 64], config).expect_err("a bad name");
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadConfig, 1));
    }
}
