//! Data that a server wants back is sent in its own form, by a live session and by one that is read
//! from JSON Lines; another dialect gets a valid request without it.

use serde_json::{Value, json};
use zerostack_core::{
    Dialect, JsonLinesReader, Session, SessionConfig, Step, ToolResult, ToolSpec,
};

type Chat = Session<SessionConfig<'static>, [u8; 16384]>;

fn config(dialect: Dialect, model: &'static str) -> SessionConfig<'static> {
    SessionConfig { tools: &TOOLS, ..SessionConfig::new(dialect, model) }
}

static TOOLS: [ToolSpec<'static>; 1] =
    [ToolSpec { name: "read", description: "", parameters: r#"{"type":"object"}"# }];

fn events(documents: &[Value]) -> String {
    documents.iter().map(|document| format!("data: {document}\n\n")).collect()
}

/// A session that was asked, heard `body`, and has answered its calls or was asked again.
fn heard(dialect: Dialect, model: &'static str, body: &str, chunk: usize) -> Chat {
    let mut session = Session::new([0; 16384], config(dialect, model)).unwrap();
    session.user("Do it").unwrap();
    session.begin_response(200, None).unwrap();
    for piece in body.as_bytes().chunks(chunk) {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).unwrap().used..];
        }
    }
    session.end_response().unwrap();
    while let Some(id) = session.pending_call().map(|call| call.id) {
        session.tool_result(ToolResult { id, content: "done", is_error: false }).unwrap();
    }
    if session.step() == Step::Idle {
        session.user("go on").unwrap();
    }
    session
}

fn request(session: &Chat) -> Value {
    let mut body = [0; 32768];
    let length = session.request().unwrap().read(&mut body);
    serde_json::from_slice(&body[..length]).unwrap()
}

/// The same conversation, made of its lines, with another configuration.
fn read_again(session: &Chat, config: SessionConfig<'static>) -> Chat {
    let mut lines = session.transcript().json_lines();
    let mut reader = JsonLinesReader::new([0; 16384]).unwrap();
    let mut buffer = [0; 64];
    loop {
        match lines.read(&mut buffer) {
            0 => break,
            count => reader.push(&buffer[..count]).unwrap(),
        }
    }
    let (storage, used) = reader.finish().unwrap();
    Session::resume(storage, used, config).unwrap()
}

/// What is sent after `body`, in any chunking, live and read again; the second message of it.
fn sent_after(dialect: Dialect, model: &'static str, body: &str) -> Value {
    let whole = request(&heard(dialect, model, body, body.len()));
    for chunk in [1, 7, 50] {
        let session = heard(dialect, model, body, chunk);
        assert_eq!(request(&session), whole, "in pieces of {chunk}");
        assert_eq!(request(&read_again(&session, config(dialect, model))), whole);
    }
    let list = ["messages", "input", "contents"].into_iter().find_map(|key| whole.get(key));
    list.unwrap()[1].clone()
}

fn chat(delta: &[Value], finish: &str) -> String {
    let chunk = |delta: &Value| json!({"choices": [{"index": 0, "delta": delta}]});
    let mut documents: Vec<Value> = delta.iter().map(chunk).collect();
    documents.push(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}));
    events(&documents) + "data: [DONE]\n\n"
}

const ARGUMENTS: &str = r#"{"path":"a"}"#;

fn call(id: &str, index: u32) -> Value {
    json!({"index": index, "id": id, "type": "function",
        "function": {"name": "read", "arguments": ARGUMENTS}})
}

#[test]
fn signatures_of_gemini_in_chat_are_beside_their_calls() {
    let signature = json!({"google": {"thought_signature": "SIG+/="}});
    for is_first in [true, false] {
        let mut signed = call("c1", 0);
        signed["extra_content"] = signature.clone();
        let mut text = signed.to_string();
        if is_first {
            // Before all other keys.
            let rest = call("c1", 0).to_string();
            text = format!(r#"{{"extra_content":{signature},{}"#, &rest[1..]);
        }
        let signed = format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{text},{}]}}}}]}}\n\n",
            call("c2", 1)
        );
        let body = signed + &chat(&[], "tool_calls");
        let message = sent_after(Dialect::OpenAiChat, "gemini-3-flash", &body);
        let calls = &message["tool_calls"];
        assert_eq!(calls[0]["extra_content"], signature, "{message}");
        assert_eq!(calls[0]["function"]["arguments"], ARGUMENTS);
        assert_eq!(calls[1].get("extra_content"), None);
        let other = heard(Dialect::OpenAiChat, "gemini-3-flash", &body, 9);
        for dialect in [Dialect::Anthropic, Dialect::OpenAiResponses, Dialect::Ollama] {
            let body = request(&read_again(&other, config(dialect, "m"))).to_string();
            assert!(!body.contains("SIG+"), "{body}");
        }
    }
    // That of a text.
    let delta = json!({"content": "hi", "extra_content": signature});
    let message = sent_after(Dialect::OpenAiChat, "gemini-3-flash", &chat(&[delta], "stop"));
    assert_eq!(message["extra_content"], signature);
}

#[test]
fn details_of_reasoning_go_back_to_openrouter() {
    let details = |detail: Value| json!({ "reasoning_details": [detail] });
    let deltas = [
        json!({"reasoning": "Let me ", "reasoning_details": [{"type": "reasoning.text", "text": "Let me ", "format": "anthropic-claude-v1", "index": 0}]}),
        json!({"reasoning": "see", "reasoning_details": [{"type": "reasoning.text", "text": "see", "format": "anthropic-claude-v1", "index": 0}]}),
        details(
            json!({"type": "reasoning.text", "signature": "SIG1", "format": "anthropic-claude-v1", "index": 0}),
        ),
        details(
            json!({"type": "reasoning.encrypted", "data": "SECRET", "id": "c1", "format": "google-gemini-v1", "index": 0}),
        ),
        json!({"tool_calls": [call("c1", 0)]}),
    ];
    let body = chat(&deltas, "tool_calls");
    let message = sent_after(Dialect::OpenAiChat, "google/gemini-3-pro-preview", &body);
    let expected = json!([
        {"type": "reasoning.text", "text": "Let me see", "signature": "SIG1"},
        {"type": "reasoning.encrypted", "id": "c1", "format": "google-gemini-v1", "data": "SECRET"},
    ]);
    let mut sent = message["reasoning_details"].clone();
    assert_eq!(sent.as_array_mut().unwrap().len(), 2);
    assert_eq!(sent, expected, "{message}");
    assert_eq!(message["tool_calls"][0].get("extra_content"), None);
    // The members of a detail are in any order.
    for detail in [
        r#"{"type":"reasoning.text","text":"hm","signature":"SIG1","id":"i","format":"f"}"#,
        r#"{"format":"f","id":"i","signature":"SIG1","text":"hm","type":"reasoning.text"}"#,
    ] {
        let body = format!(
            "data: {{\"choices\":[{{\"delta\":{{\"reasoning_details\":[{detail}]}}}}]}}\n\n{}",
            chat(&deltas[4..], "tool_calls")
        );
        let message = sent_after(Dialect::OpenAiChat, "m", &body);
        let expected = json!([{"type": "reasoning.text", "text": "hm", "signature": "SIG1"}]);
        assert_eq!(message["reasoning_details"], expected, "{message}");
    }
    // Reasoning that is no string of its own is shown all the same.
    let alone = [
        details(json!({"type": "reasoning.text", "text": "hm"})),
        json!({"tool_calls": [call("c1", 0)]}),
    ];
    let message = sent_after(Dialect::OpenAiChat, "m", &chat(&alone, "tool_calls"));
    assert_eq!(message["reasoning"], "hm");
    assert_eq!(message.get("reasoning_details"), None);
}

#[test]
fn opaque_reasoning_goes_back_to_copilot() {
    let deltas = [
        json!({"reasoning_text": "hm", "reasoning_opaque": "OPAQUE"}),
        json!({"tool_calls": [call("c1", 0)]}),
    ];
    let message =
        sent_after(Dialect::OpenAiChat, "claude-sonnet-4.5", &chat(&deltas, "tool_calls"));
    assert_eq!(message["reasoning_text"], "hm");
    assert_eq!(message["reasoning_opaque"], "OPAQUE");
}

#[test]
fn blocks_of_thinking_go_back_to_litellm() {
    let model = "claude-sonnet-4.5";
    let block = |thinking: &str, signature: Value| json!({"reasoning_content": thinking, "thinking_blocks": [{"type": "thinking", "thinking": thinking, "signature": signature}]});
    let redacted =
        |data: &str| json!({"thinking_blocks": [{"type": "redacted_thinking", "data": data}]});
    let deltas = [
        block("Let me ", Value::Null),
        block("see", json!("")),
        block("", json!("SIG1")),
        redacted("R1"),
        redacted("R2"),
        block("Then", Value::Null),
        block("", json!("SIG2")),
        json!({"tool_calls": [call("c1", 0)]}),
    ];
    let expected = json!([
        {"type": "thinking", "thinking": "Let me see", "signature": "SIG1"},
        {"type": "redacted_thinking", "data": "R1"},
        {"type": "redacted_thinking", "data": "R2"},
        {"type": "thinking", "thinking": "Then", "signature": "SIG2"},
    ]);
    let message = sent_after(Dialect::OpenAiChat, model, &chat(&deltas, "tool_calls"));
    assert_eq!(message["thinking_blocks"], expected, "{message}");
    assert_eq!(message.get("reasoning_details"), None);
    // In a whole message the reasoning is repeated at once, before its blocks.
    for reasoning in [json!("Let me seeThen"), Value::Null] {
        let message = json!({"content": "hi", "tool_calls": [call("c1", 0)], "reasoning_content": reasoning, "thinking_blocks": expected});
        let body = json!({"choices": [{"message": message, "finish_reason": "tool_calls"}]});
        let message = sent_after(Dialect::OpenAiChat, model, &body.to_string());
        assert_eq!(message["thinking_blocks"], expected, "{message}");
    }
    // Other dialects get a request without them.
    let other = heard(Dialect::OpenAiChat, model, &chat(&deltas, "tool_calls"), 9);
    for dialect in [Dialect::Anthropic, Dialect::OpenAiResponses, Dialect::Gemini, Dialect::Ollama]
    {
        let body = request(&read_again(&other, config(dialect, "m"))).to_string();
        assert!(!body.contains("SIG1") && !body.contains("R1"), "{body}");
    }
}

#[test]
fn reasoning_content_goes_back_with_calls_and_without() {
    let deltas = [json!({"reasoning_content": "hm"}), json!({"content": "done"})];
    let message = sent_after(Dialect::OpenAiChat, "deepseek-v4", &chat(&deltas, "stop"));
    assert_eq!(message["reasoning_content"], "hm");
}

#[test]
fn reasoning_without_tools_is_not_sent_and_takes_no_room() {
    let after = |tools: &'static [ToolSpec<'static>], field: &str| {
        let config = || SessionConfig { tools, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
        let mut session = Session::new([0; 16384], config()).unwrap();
        session.user("Do it").unwrap();
        session.begin_response(200, None).unwrap();
        let deltas = [json!({ field: "so ".repeat(1000) }), json!({"content": "done"})];
        let body = chat(&deltas, "stop");
        let mut rest = body.as_bytes();
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).unwrap().used..];
        }
        session.end_response().unwrap();
        session.user("go on").unwrap();
        let sent = request(&session)["messages"][1][field].is_string();
        let again = read_again(&session, config());
        assert_eq!(request(&again), request(&session));
        assert_eq!(session.window_tokens().total() > 500, sent, "{field}");
        assert_eq!(again.window_tokens().total() > 500, sent, "{field}, resumed");
        sent
    };
    for field in ["reasoning_content", "reasoning_text"] {
        assert!(after(&TOOLS, field));
        assert!(!after(&[], field));
    }
}

#[test]
fn unsigned_thinking_goes_back_to_all_but_anthropic() {
    let documents = |signature: Option<&str>| {
        let mut documents = vec![
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "deep"}}),
        ];
        documents.extend(signature.map(|signature| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": signature}})));
        documents.extend([
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "ok"}}),
            json!({"type": "content_block_stop", "index": 1}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
            json!({"type": "message_stop"}),
        ]);
        events(&documents)
    };
    let first = |model, signature| {
        sent_after(Dialect::Anthropic, model, &documents(signature))["content"][0].clone()
    };
    let thinking = json!({"type": "thinking", "thinking": "deep", "signature": ""});
    for model in ["deepseek-v4-pro", "kimi-k2-thinking", "MiniMax-M2"] {
        assert_eq!(first(model, None), thinking, "{model}");
    }
    assert_eq!(first("claude-sonnet-4-5", None)["type"], "text");
    let signed = json!({"type": "thinking", "thinking": "deep", "signature": "s"});
    assert_eq!(first("claude-sonnet-4-5", Some("s")), signed);
    assert_eq!(first("deepseek-v4-pro", Some("s")), signed);
    // Thoughts of another dialect stay there.
    let deltas = [json!({"reasoning_content": "hm"}), json!({"content": "done"})];
    let chat = heard(Dialect::OpenAiChat, "m", &chat(&deltas, "stop"), 9);
    let body = request(&read_again(&chat, config(Dialect::Anthropic, "deepseek-v4-pro")));
    assert!(!body.to_string().contains("hm"), "{body}");
}

#[test]
fn a_call_of_another_model_has_a_signature_that_gemini_takes() {
    let calls = json!({"tool_calls": [call("c1", 0), call("c2", 1)]});
    let foreign = heard(Dialect::OpenAiChat, "m", &chat(&[calls], "tool_calls"), 9);
    let sent = |dialect, model| request(&read_again(&foreign, config(dialect, model)));
    let skip = "skip_thought_signature_validator";
    let body = sent(Dialect::Gemini, "gemini-3-pro-preview");
    let parts = &body["contents"][1]["parts"];
    assert_eq!(parts[0]["thoughtSignature"], skip);
    assert_eq!(parts[1].get("thoughtSignature"), None);
    assert!(!sent(Dialect::Gemini, "gemini-2.5-pro").to_string().contains(skip));
    let body = sent(Dialect::OpenAiChat, "google/gemini-3-flash");
    let calls = &body["messages"][1]["tool_calls"];
    assert_eq!(calls[0]["extra_content"]["google"]["thought_signature"], skip);
    assert_eq!(calls[1].get("extra_content"), None);
    assert!(!sent(Dialect::OpenAiChat, "gpt-5").to_string().contains(skip));
}

/// Whether a receiver takes an id.
type Takes<'a> = &'a dyn Fn(&str) -> bool;

#[test]
fn ids_are_made_anew_where_the_receiver_refuses_them() {
    let long = "x".repeat(70);
    let ids = ["functions.read:0", "call_0", "call_0", &long, "", "abcDEF123"];
    let calls: Vec<Value> = (0..).zip(ids).map(|(index, id)| call(id, index)).collect();
    // Equal ids come in one reply after another.
    let mut lines = String::from("{\"role\":\"user\",\"text\":\"Do it\"}\n");
    for call in &calls {
        let id = &call["id"];
        let arguments = &call["function"]["arguments"];
        lines += &format!(
            "{{\"role\":\"assistant\",\"call\":{{\"id\":{id},\"name\":\"read\",\"arguments\":{arguments}}}}}\n"
        );
        lines += &format!("{{\"role\":\"tool\",\"id\":{id},\"text\":\"ok\"}}\n");
    }
    let session = |lines: &str, dialect, model| {
        let mut reader = JsonLinesReader::new([0; 16384]).unwrap();
        reader.push(lines.as_bytes()).unwrap();
        let (storage, used) = reader.finish().unwrap();
        Session::resume(storage, used, config(dialect, model)).unwrap()
    };
    let ids_of = |body: &Value| -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut found = Vec::new();
        for message in body.get("messages").or(body.get("input")).unwrap().as_array().unwrap() {
            found.extend(
                message["tool_calls"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|call| text(&call["id"])),
            );
            found.extend(message.get("tool_call_id").map(text));
            found.extend(message.get("call_id").map(text));
            for block in message["content"].as_array().into_iter().flatten() {
                found.extend(block.get("tool_use_id").map(text));
                found.extend(block.get("id").map(text));
            }
        }
        found
    };
    let is_word =
        |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let is_nine = |id: &str| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let rows: [(Dialect, &'static str, Takes<'_>); 5] = [
        (Dialect::OpenAiChat, "gpt-5", &|id| id.len() <= 40),
        (Dialect::OpenAiChat, "devstral-medium", &is_nine),
        (Dialect::OpenAiChat, "anthropic/claude-sonnet-4.5", &|id| is_word(id) && id.len() <= 64),
        (Dialect::OpenAiResponses, "gpt-5", &|id| is_word(id) && id.len() <= 64),
        (Dialect::Anthropic, "claude-sonnet-4-5", &|id| is_word(id) && id.len() <= 64),
    ];
    for (dialect, model, takes) in rows {
        let body = request(&session(&lines, dialect, model));
        let ids = ids_of(&body);
        assert_eq!(ids.len(), 12, "{body}");
        let mut calls: Vec<&String> = ids.iter().step_by(2).collect();
        for pair in ids.chunks(2) {
            assert_eq!(pair[0], pair[1], "{dialect:?}");
            assert!(!pair[0].is_empty() && takes(&pair[0]), "{dialect:?} {model}: {}", pair[0]);
        }
        calls.sort();
        calls.dedup();
        assert_eq!(calls.len(), 6, "{dialect:?}: {ids:?}");
        assert!(ids.contains(&"abcDEF123".to_owned()), "an id that will do stays: {ids:?}");
        // The list of a request begins with that of the one before.
        let before: String = lines.split_inclusive('\n').take(7).collect();
        let before = ids_of(&request(&session(&before, dialect, model)));
        assert!(ids.starts_with(&before), "{ids:?} {before:?}");
    }
    // LiteLLM finds a signature there.
    let litellm = format!("call_1__thought__{long}+/=");
    let live = heard(
        Dialect::OpenAiChat,
        "m",
        &chat(&[json!({"tool_calls": [call("short", 0)]})], "tool_calls"),
        9,
    );
    assert_eq!(ids_of(&request(&live)), ["short", "short"]);
    let lines = format!(
        "{{\"role\":\"user\",\"text\":\"x\"}}\n{{\"role\":\"assistant\",\"call\":{{\"id\":\"{litellm}\",\"name\":\"read\",\"arguments\":\"{{}}\"}}}}\n{{\"role\":\"tool\",\"id\":\"{litellm}\",\"text\":\"ok\"}}\n"
    );
    assert_eq!(
        ids_of(&request(&session(&lines, Dialect::OpenAiChat, "m"))),
        [litellm.clone(), litellm]
    );
}

#[test]
fn an_id_that_others_refuse_goes_back_as_it_is_to_the_model_that_made_it() {
    let long = format!("call.{}:7", "x".repeat(120));
    let ids = |session: &Chat, place: &str| {
        let body = request(session);
        body[place].to_string()
    };
    let body = chat(&[json!({"tool_calls": [call(&long, 0), call("plain", 1)]})], "tool_calls");
    for model in ["m", "mistral-large", "anthropic/claude-sonnet-4.5"] {
        let live = heard(Dialect::OpenAiChat, model, &body, 9);
        let sent = ids(&live, "messages");
        assert_eq!(sent.matches(&long).count(), 2, "the call and its result: {sent}");
        // A line, a snapshot and a fork keep whose it is.
        let read = read_again(&live, config(Dialect::OpenAiChat, model));
        assert_eq!(read.snapshot(), live.snapshot());
        assert_eq!(ids(&read, "messages"), sent);
        let mut storage = [0; 16384];
        storage[..live.snapshot().len()].copy_from_slice(live.snapshot());
        let resumed =
            Session::resume(storage, live.snapshot().len(), config(Dialect::OpenAiChat, model));
        assert_eq!(ids(&resumed.unwrap(), "messages"), sent);
        // Others get one that they take.
        for (dialect, other, place) in [
            (Dialect::OpenAiChat, "gpt-5", "messages"),
            (Dialect::Anthropic, "claude-sonnet-4-5", "messages"),
            (Dialect::OpenAiResponses, model, "input"),
        ] {
            let sent = ids(&read_again(&live, config(dialect, other)), place);
            assert!(!sent.contains(&long) && sent.contains("\"plain\""), "{dialect:?}: {sent}");
        }
    }
}

#[test]
fn ids_of_a_live_session_are_those_of_the_session_made_of_its_lines() {
    let body = chat(&[json!({"tool_calls": [call("call_0", 0)]})], "tool_calls");
    let mut session = heard(Dialect::OpenAiChat, "m", &body, 9);
    let first = request(&session);
    session.begin_response(200, None).unwrap();
    let mut rest = body.as_bytes();
    while !rest.is_empty() {
        rest = &rest[session.feed(rest).unwrap().used..];
    }
    session.end_response().unwrap();
    let id = session.pending_call().unwrap().id;
    session.tool_result(ToolResult { id, content: "done", is_error: false }).unwrap();
    let second = request(&session);
    let messages = |body: &Value| body["messages"].as_array().unwrap().clone();
    assert!(messages(&second).starts_with(&messages(&first)));
    let ids: Vec<Value> = messages(&second)
        .iter()
        .map(|it| it["tool_calls"][0]["id"].clone())
        .filter(|id| id.is_string())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(request(&read_again(&session, config(Dialect::OpenAiChat, "m"))), second);
}

#[test]
fn only_anthropic_itself_is_asked_for_automatic_caching() {
    let top = |model| {
        let mut session = Session::new([0; 16384], config(Dialect::Anthropic, model)).unwrap();
        session.user("Do it").unwrap();
        request(&session).get("cache_control").is_some()
    };
    assert!(top("claude-sonnet-4-5"));
    for model in
        ["m", "deepseek-v4-pro", "us.anthropic.claude-opus-4-5-v1:0", "claude-opus-4-5@20251101"]
    {
        assert!(!top(model), "{model}");
    }
}

#[test]
fn malformed_arguments_go_back_as_an_object_in_every_dialect() {
    let lines = concat!(
        "{\"role\":\"user\",\"text\":\"x\"}\n",
        "{\"role\":\"assistant\",\"call\":{\"id\":\"c1\",\"name\":\"f\",\"arguments\":\"{\\\"a\\\": \\\"b\\n\\u0001\\\\\"}}\n",
        "{\"role\":\"tool\",\"id\":\"c1\",\"text\":\"bad\"}\n",
    );
    let raw = "{\"a\": \"b\n\u{1}\\";
    let body = |dialect| {
        let mut reader = JsonLinesReader::new([0; 16384]).unwrap();
        reader.push(lines.as_bytes()).unwrap();
        let (storage, used) = reader.finish().unwrap();
        request(&Session::resume(storage, used, config(dialect, "m")).unwrap())
    };
    let read =
        |arguments: &Value| -> Value { serde_json::from_str(arguments.as_str().unwrap()).unwrap() };
    let expected = json!({ "malformed": raw });
    let chat = body(Dialect::OpenAiChat);
    assert_eq!(read(&chat["messages"][1]["tool_calls"][0]["function"]["arguments"]), expected);
    let responses = body(Dialect::OpenAiResponses);
    assert_eq!(read(&responses["input"][1]["arguments"]), expected);
    assert_eq!(body(Dialect::Anthropic)["messages"][1]["content"][0]["input"], expected);
    assert_eq!(body(Dialect::Gemini)["contents"][1]["parts"][0]["functionCall"]["args"], expected);
    assert_eq!(
        body(Dialect::Ollama)["messages"][1]["tool_calls"][0]["function"]["arguments"],
        expected
    );
}
