//! The scripted provider, asked by a client that knows nothing of ours: plain sockets.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use zerostack_scripted::{
    ErrorKind, Framing, Reply, Request, Script, Scripted, ScriptedOptions, Stop,
};

/// Sends a request on a connection of its own and gives back head and body as they came.
fn ask(provider: &Scripted, path: &str, body: &Value) -> (String, String) {
    let body = body.to_string();
    let raw = exchange(
        provider,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: h\r\nAuthorization: Bearer sk-hunter2\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn exchange(provider: &Scripted, request: &str) -> String {
    let mut stream = TcpStream::connect(provider.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The contents of a chunked body, and the sizes of its chunks.
fn unchunk(mut body: &str) -> (String, Vec<usize>) {
    let (mut whole, mut sizes) = (String::new(), Vec::new());
    loop {
        let (size, rest) = body.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            assert_eq!(rest, "\r\n");
            return (whole, sizes);
        }
        whole.push_str(&rest[..size]);
        sizes.push(size);
        body = rest[size..].strip_prefix("\r\n").unwrap();
    }
}

fn data(events: &str) -> Vec<Value> {
    let lines = events.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.filter(|line| *line != "[DONE]").map(|line| serde_json::from_str(line).unwrap()).collect()
}

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

fn eloquent() -> Reply {
    Reply::new()
        .reasoning("Hm.")
        .text("Hel\"lo ")
        .text("wörld")
        .call("read", json!({"path": "a.rs"}))
        .call("bash", json!("not json"))
        .usage(100, 20, 40)
}

#[test]
fn openai_stream_has_every_part() {
    let provider = Scripted::start(Script::new().reply(eloquent())).unwrap();
    let request = json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}});
    let (head, body) = ask(&provider, CHAT, &request);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream"), "{head}");
    let (events, chunks) = unchunk(&body);
    assert!(events.ends_with("data: [DONE]\n\n"), "{events}");
    // One write an event.
    assert_eq!(chunks.len(), events.matches("data: ").count());
    let events = data(&events);
    let deltas = || events.iter().map(|event| &event["choices"][0]["delta"]);
    let joined = |key: &str| deltas().filter_map(|delta| delta[key].as_str()).collect::<String>();
    assert_eq!(joined("content"), "Hel\"lo wörld");
    assert_eq!(joined("reasoning_content"), "Hm.");
    let mut calls = vec![(Value::Null, Value::Null, String::new()); 2];
    for part in deltas().map(|delta| &delta["tool_calls"][0]).filter(|part| part.is_object()) {
        let call = &mut calls[part["index"].as_u64().unwrap() as usize];
        if part["id"].is_string() {
            (call.0, call.1) = (part["id"].clone(), part["function"]["name"].clone());
        }
        call.2.push_str(part["function"]["arguments"].as_str().unwrap());
    }
    let expected = [
        (json!("call_1_0"), json!("read"), r#"{"path":"a.rs"}"#.to_owned()),
        (json!("call_1_1"), json!("bash"), "not json".to_owned()),
    ];
    assert_eq!(calls, expected);
    let [.., finish, usage] = &events[..] else { panic!("{events:?}") };
    assert_eq!(finish["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["model"], "m");
    assert_eq!(
        usage["usage"],
        json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
               "prompt_tokens_details": {"cached_tokens": 40}})
    );
}

#[test]
fn anthropic_stream_has_every_part() {
    let provider = Scripted::start(Script::new().reply(eloquent())).unwrap();
    let (_, body) = ask(&provider, MESSAGES, &json!({"model": "m", "stream": true}));
    let (text, _) = unchunk(&body);
    let events = data(&text);
    for (event, line) in events.iter().zip(text.lines().step_by(3)) {
        assert_eq!(line, format!("event: {}", event["type"].as_str().unwrap()));
    }
    let kinds: Vec<String> = events
        .iter()
        .map(|event| match event["type"].as_str().unwrap() {
            "content_block_start" => {
                format!("{} {}", event["index"], event["content_block"]["type"].as_str().unwrap())
            }
            "content_block_delta" => {
                format!("{} {}", event["index"], event["delta"]["type"].as_str().unwrap())
            }
            "content_block_stop" => format!("{} stop", event["index"]),
            other => other.to_owned(),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "0 thinking",
            "0 thinking_delta",
            "0 signature_delta",
            "0 stop",
            "1 text",
            "1 text_delta",
            "1 text_delta",
            "1 stop",
            "2 tool_use",
            "2 input_json_delta",
            "2 stop",
            "3 tool_use",
            "3 input_json_delta",
            "3 stop",
            "message_delta",
            "message_stop"
        ]
    );
    let usage = &events[0]["message"]["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["cache_read_input_tokens"]),
        (&json!(60), &json!(40))
    );
    assert_eq!(events[15]["delta"]["stop_reason"], "tool_use");
    assert_eq!(events[15]["usage"]["output_tokens"], 20);
    assert_eq!(events[9]["content_block"]["name"], "read");
    assert_eq!(events[10]["delta"]["partial_json"], r#"{"path":"a.rs"}"#);
}

#[test]
fn without_stream_the_reply_is_one_document() {
    let reply = || Reply::new().reasoning("Hm.").text("Hi").call("read", json!({"path": "a"}));
    let provider = Scripted::start(Script::new().reply(reply()).reply(reply())).unwrap();
    let (_, body) = ask(&provider, CHAT, &json!({"model": "m"}));
    let document: Value = serde_json::from_str(&unchunk(&body).0).unwrap();
    assert_eq!(
        document["choices"][0],
        json!({"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": "Hi", "reasoning_content": "Hm.",
            "tool_calls": [{"id": "call_1_0", "type": "function",
                "function": {"name": "read", "arguments": "{\"path\":\"a\"}"}}]}})
    );
    // Counted, 4 bytes a token: the request, and what was said.
    assert_eq!(document["usage"]["prompt_tokens"], 4);
    assert_eq!(document["usage"]["completion_tokens"], 6);
    let (_, body) = ask(&provider, MESSAGES, &json!({"model": "m"}));
    let document: Value = serde_json::from_str(&unchunk(&body).0).unwrap();
    assert_eq!(document["stop_reason"], "tool_use");
    let content = document["content"].as_array().unwrap();
    assert_eq!(content[0]["thinking"], "Hm.");
    assert_eq!(content[1], json!({"type": "text", "text": "Hi"}));
    assert_eq!(
        content[2],
        json!({"type": "tool_use", "id": "call_2_0", "name": "read", "input": {"path": "a"}})
    );
}

#[test]
fn every_stop_has_its_word_in_each_dialect() {
    for (stop, openai, anthropic) in [
        (Stop::End, json!("stop"), json!("end_turn")),
        (Stop::ToolCalls, json!("tool_calls"), json!("tool_use")),
        (Stop::Length, json!("length"), json!("max_tokens")),
        (Stop::Refusal, json!("content_filter"), json!("refusal")),
        (Stop::None, json!(null), json!(null)),
    ] {
        let reply = || Reply::new().text("x").stop(stop);
        let provider = Scripted::start(Script::new().reply(reply()).reply(reply())).unwrap();
        let stream = json!({"stream": true});
        let events = data(&unchunk(&ask(&provider, CHAT, &stream).1).0);
        let last = &events.last().unwrap()["choices"][0];
        assert_eq!(last["finish_reason"], openai);
        let events = data(&unchunk(&ask(&provider, MESSAGES, &stream).1).0);
        let found = events.iter().find(|event| event["type"] == "message_delta");
        assert_eq!(
            found.map_or(Value::Null, |event| event["delta"]["stop_reason"].clone()),
            anthropic
        );
    }
}

#[test]
fn errors_have_the_shape_of_the_dialect() {
    let script = Script::new()
        .reply(Reply::status(429).header("Retry-After", "7"))
        .reply(Reply::status(529))
        .reply(Reply::status(400).error("insufficient_quota", "no money"))
        .reply(Reply::new().text("half").error_event("overloaded_error", "later"));
    let provider = Scripted::start(script).unwrap();
    let (head, body) = ask(&provider, CHAT, &json!({}));
    assert!(head.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{head}");
    assert!(head.contains("\r\nretry-after: 7\r\n"), "{head}");
    let error: Value = serde_json::from_str(&unchunk(&body).0).unwrap();
    assert_eq!(error["error"]["code"], "rate_limit_exceeded");
    let (_, body) = ask(&provider, MESSAGES, &json!({}));
    let error: Value = serde_json::from_str(&unchunk(&body).0).unwrap();
    assert_eq!(
        (&error["type"], &error["error"]["type"]),
        (&json!("error"), &json!("overloaded_error"))
    );
    let (_, body) = ask(&provider, CHAT, &json!({}));
    let error: Value = serde_json::from_str(&unchunk(&body).0).unwrap();
    assert_eq!(error["error"]["message"], "no money");
    let (_, body) = ask(&provider, MESSAGES, &json!({"stream": true}));
    let last = data(&unchunk(&body).0).pop().unwrap();
    assert_eq!(last["error"]["message"], "later");
}

#[test]
fn replies_are_chosen_by_what_the_request_contains() {
    let script = Script::new()
        .reply(Reply::new().text("fixed").when("2 passed"))
        .reply(Reply::new().text("edit").when("say \"FAILED\"").unless("stop"))
        .reply(Reply::new().text("always").repeat().when("again"))
        .reply(Reply::new().text("test"));
    let provider = Scripted::start(script).unwrap();
    let said = |content: &str| {
        let (head, body) = ask(&provider, CHAT, &json!({"content": content}));
        let document: Value = serde_json::from_str(&unchunk(&body).0).unwrap();
        let said = document["choices"][0]["message"]["content"].as_str().map(str::to_owned);
        said.unwrap_or_else(|| format!("{} {}", &head[9..12], document["error"]["message"]))
    };
    assert_eq!(said("begin"), "test");
    let left = "410 \"none of the 3 replies left in the script fits this request\"";
    assert_eq!(said("begin"), left);
    assert_eq!(said("say \"FAILED\" stop"), left);
    assert_eq!(said("say \"FAILED\""), "edit");
    assert_eq!(said("again"), "always");
    assert_eq!(said("again"), "always");
    assert_eq!(said("2 passed"), "fixed");
}

#[test]
fn a_script_that_has_ended_says_so() {
    let provider = Scripted::start(Script::new().text("only")).unwrap();
    ask(&provider, CHAT, &json!({}));
    provider.wait_until_played();
    let (head, body) = ask(&provider, CHAT, &json!({}));
    assert!(head.starts_with("HTTP/1.1 410 "), "{head}");
    assert!(body.contains("the script has ended after 1 replies"), "{body}");
}

#[test]
fn requests_are_kept_whole_but_for_the_key() {
    let provider = Scripted::start(Script::new().text("hi").text("hi")).unwrap();
    ask(&provider, "/v1/chat/completions?x=1", &json!({"content": "a\"b"}));
    let chunked = "POST /v1/messages HTTP/1.1\r\nX-Api-Key: sk-hunter2\r\nExpect: 100-continue\r\n\
                   Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3;x=y\r\nabc\r\nA\r\n\r\n3456789\n\r\n0\r\ntrailer: t\r\n\r\n";
    let answer = exchange(&provider, chunked);
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), "{answer}");
    let requests = provider.requests();
    let [first, second] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(first.path, "/v1/chat/completions?x=1");
    assert_eq!(first.header("authorization"), Some(Request::KEY_SEEN));
    assert_eq!(first.json(), json!({"content": "a\"b"}));
    assert!(first.contains("a\"b") && !first.contains("a\\\"c") && first.has_key());
    assert_eq!(second.body, b"abc\r\n3456789\n");
    assert_eq!(second.header("x-api-key"), Some(Request::KEY_SEEN));
    assert_eq!(second.json(), Value::Null);
    assert!(!format!("{requests:?}").contains("hunter2"));
}

#[test]
fn pieces_change_the_writes_and_nothing_else() {
    let whole = |reply: Reply| {
        let provider = Scripted::start(Script::new().reply(reply)).unwrap();
        unchunk(&ask(&provider, CHAT, &json!({"stream": true})).1)
    };
    let (expected, _) = whole(eloquent());
    for size in [1, 2, 7, 100_000] {
        let reply = Reply::new().text("plain");
        let (body, sizes) = whole(reply.pieces(size));
        assert!(sizes[..sizes.len() - 1].iter().all(|found| *found == size), "{sizes:?}");
        assert!(body.contains("plain"));
    }
    let ascii = Reply::new().text("The quick brown fox");
    let (expected_ascii, _) = whole(ascii.clone());
    let (body, first) = whole(ascii.clone().random_pieces(1));
    assert_eq!(body, expected_ascii);
    let (_, again) = whole(ascii.clone().random_pieces(1));
    let (_, other) = whole(ascii.random_pieces(2));
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert!(first.iter().all(|size| (1..=31).contains(size)), "{first:?}");
    assert!(expected.contains("wörld"));
}

#[test]
fn every_framing_carries_the_same_body() {
    for framing in [Framing::Chunked, Framing::Length, Framing::Close] {
        let reply = Reply::raw("text/plain", "hello").framing(framing);
        let provider = Scripted::start(Script::new().reply(reply)).unwrap();
        let (head, body) = ask(&provider, CHAT, &json!({}));
        let expected = match framing {
            Framing::Chunked => ("transfer-encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
            Framing::Length => ("content-length: 5", "hello"),
            Framing::Close => ("connection: close", "hello"),
        };
        assert!(head.contains(expected.0), "{head}");
        assert_eq!(body, expected.1);
    }
}

#[test]
fn a_cut_body_has_no_end_and_a_wire_is_all_there_is() {
    let script = Script::new()
        .reply(Reply::raw("text/plain", "hello").pieces(2).cut(3))
        .reply(Reply::wire("anything"));
    let provider = Scripted::start(script).unwrap();
    assert_eq!(ask(&provider, CHAT, &json!({})).1, "2\r\nhe\r\n1\r\nl\r\n");
    let request = "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(exchange(&provider, request), "anything");
}

#[test]
fn a_stalled_reply_ends_when_the_client_is_gone_or_the_server_stops() {
    let script = Script::new().reply(Reply::new().text("hi").stall(5)).text("next");
    let provider = Scripted::start(script).unwrap();
    let mut stream = TcpStream::connect(provider.address()).unwrap();
    stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    provider.wait_until_stalled();
    drop(stream);
    ask(&provider, CHAT, &json!({}));
    provider.wait_until_played();

    let provider = Scripted::start(Script::new().reply(Reply::new().text("hi").stall(5))).unwrap();
    let mut stream = TcpStream::connect(provider.address()).unwrap();
    stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    provider.wait_until_stalled();
    drop(provider);
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn what_is_no_http_is_refused() {
    let provider = Scripted::start(Script::new()).unwrap();
    for request in
        ["\x16\x03\x01\x02", "GET / SMTP\r\n\r\n", "POST / HTTP/1.1\r\nbad header\r\n\r\n"]
    {
        let answer = exchange(&provider, request);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request:?}: {answer}");
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn the_same_script_as_toml_and_as_json() {
    let toml = r#"
        models = ["m"]
        [[replies]]
        when = { contains = ["FAILED"], lacks = ["fixed"] }
        parts = [
          { reasoning = "Hm." },
          { text = "Hi" },
          { call = { name = "bash", arguments = { command = "ls", n = 1 } } },
          { error = { code = "c", message = "m" } },
        ]
        stop = "tool-calls"
        usage = { input = 1, output = 2 }
        pieces = 3
        framing = "length"
        [[replies]]
        status = 429
        headers = { retry-after = "2" }
        error = { code = "c", message = "m" }
        [[replies]]
        body = "<html>"
        content_type = "text/html"
        cut = 1
        [[replies]]
        wire = "HTTP"
        repeat = true
    "#;
    let json = r#"{"models": ["m"], "replies": [
        {"when": {"contains": ["FAILED"], "lacks": ["fixed"]}, "stop": "tool-calls",
         "parts": [{"reasoning": "Hm."}, {"text": "Hi"},
                   {"call": {"name": "bash", "arguments": {"command": "ls", "n": 1}}},
                   {"error": {"code": "c", "message": "m"}}],
         "usage": {"input": 1, "output": 2}, "pieces": 3, "framing": "length"},
        {"status": 429, "headers": {"retry-after": "2"}, "error": {"code": "c", "message": "m"}},
        {"body": "<html>", "content_type": "text/html", "cut": 1},
        {"wire": "HTTP", "repeat": true}]}"#;
    let built = Script::new()
        .models(&["m"])
        .reply(
            Reply::new()
                .when("FAILED")
                .unless("fixed")
                .reasoning("Hm.")
                .text("Hi")
                .call("bash", json!({"command": "ls", "n": 1}))
                .error_event("c", "m")
                .stop(Stop::ToolCalls)
                .usage(1, 2, 0)
                .pieces(3)
                .framing(Framing::Length),
        )
        .reply(Reply::status(429).header("retry-after", "2").error("c", "m"))
        .reply(Reply::raw("text/html", "<html>").cut(1))
        .reply(Reply::wire("HTTP").repeat());
    let built = format!("{built:?}");
    assert_eq!(format!("{:?}", Script::from_toml(toml).unwrap()), built);
    assert_eq!(format!("{:?}", Script::from_json(json).unwrap()), built);
}

#[test]
fn a_wrong_script_names_the_line_and_the_key() {
    for (toml, parts) in [
        ("[[replies]]\ntxt = 'hi'", ["line 2", "`txt`"]),
        ("[[replies]]\nparts = [{ txt = 'hi' }]", ["line 2", "`txt`"]),
        ("[[replies]]\nbody = 'a'\nwire = 'b'", ["reply 1", "only one of"]),
        ("[[replies]]\npieces = 0", ["reply 1", "at least 1"]),
        ("replies = 1", ["line 1", "sequence"]),
    ] {
        let error = Script::from_toml(toml).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Script);
        for part in parts {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
    let error = Script::from_json("{\n\"x\": 1}").unwrap_err();
    assert!(error.to_string().contains("`x`") && error.to_string().contains("line 2"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.toml", "x = 1"), ("a.json", "{\"x\": 1}")] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let error = Script::load(&path).unwrap_err();
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
    }
    let missing = Script::load(&folder.path().join("none.toml")).unwrap_err();
    assert!(missing.to_string().contains("none.toml"), "{missing}");
}

#[test]
fn the_record_has_one_line_a_request() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = ScriptedOptions { record: Some(Box::new(file.reopen().unwrap())), port: 0 };
    let provider = Scripted::start_with(Script::new().text("a").text("b"), options).unwrap();
    ask(&provider, CHAT, &json!({"text": "two\nlines"}));
    let mut stream = TcpStream::connect(provider.address()).unwrap();
    let request = b"POST /x HTTP/1.1\r\nconnection: close\r\ncontent-length: 2\r\n\r\n\xff\x00";
    stream.write_all(request).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let record = std::fs::read_to_string(file.path()).unwrap();
    assert!(!record.contains("hunter2"), "{record}");
    let lines: Vec<Value> =
        record.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [first, second] = &lines[..] else { panic!("{record}") };
    assert_eq!(first["path"], CHAT);
    assert_eq!(first["headers"][1], json!(["authorization", "(key)"]));
    assert_eq!(first["body"], r#"{"text":"two\nlines"}"#);
    assert_eq!(second["body_hex"], "ff00");
}

#[test]
fn paths_of_no_dialect_are_404_and_use_up_no_reply() {
    let provider = Scripted::start(Script::new().text("hi")).unwrap();
    for path in ["/", "/v1", "/v1/completions", "/v1/chat/completions/x", "/api/generate"] {
        let answer = ask(&provider, path, &json!({})).0;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    let get = exchange(&provider, "GET /v1/chat/completions HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert!(get.starts_with("HTTP/1.1 404"), "{get}");
    assert!(ask(&provider, CHAT, &json!({})).0.starts_with("HTTP/1.1 200"));
}

#[test]
fn the_models_are_listed_in_the_words_of_every_dialect() {
    let provider = Scripted::start(Script::new().models(&["m"])).unwrap();
    let list = |path: &str, header: &str| {
        let request = format!("GET {path} HTTP/1.1\r\n{header}connection: close\r\n\r\n");
        let answer = exchange(&provider, &request);
        serde_json::from_str::<Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let openai = &list("/v1/models", "")["data"][0];
    assert_eq!(
        openai,
        &json!({"id": "m", "object": "model", "created": 0, "owned_by": "scripted"})
    );
    assert_eq!(list("/v1/models", "anthropic-version: 2023-06-01\r\n")["data"][0]["type"], "model");
    assert_eq!(list("/v1beta/models", "")["models"][0]["name"], "models/m");
    assert_eq!(list("/api/tags", "")["models"][0]["name"], "m");
}

/// What `check` panics with.
fn panic_of(check: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(check).expect_err("it passes");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn assertions_pass_for_what_was_sent_and_name_what_was_not() {
    use std::panic::AssertUnwindSafe as Checked;
    let tool = |name: &str| json!({"type": "function", "function": {"name": name}});
    let say = |texts: &[&str]| -> Vec<Value> {
        texts.iter().map(|text| json!({"role": "user", "content": text})).collect()
    };
    let provider = Scripted::start(Script::new().text("a").text("b").text("c")).unwrap();
    ask(&provider, CHAT, &json!({"model": "m", "tools": [tool("x")], "messages": say(&["1"])}));
    ask(
        &provider,
        CHAT,
        &json!({"model": "m", "tools": [tool("x")], "messages": say(&["1", "2"])}),
    );
    provider.assert_requests(2);
    provider.assert_grows();
    let requests = provider.requests();
    assert_eq!(requests[1].messages(), say(&["1", "2"]));
    assert_eq!((requests[1].tools(), requests[1].model()), (vec!["x".to_owned()], "m".to_owned()));
    requests[1].assert_contains("\"2\"");
    requests[0].assert_lacks("\"2\"");
    let missing = panic_of(|| requests[0].assert_contains("three"));
    assert!(missing.contains("\"three\"") && missing.contains(CHAT), "{missing}");
    assert!(panic_of(|| requests[0].assert_lacks("\"1\"")).contains("contains"));
    let left = panic_of(Checked(|| provider.assert_played()));
    assert!(left.starts_with("1 replies of the script were not played"), "{left}");
    assert!(panic_of(Checked(|| provider.assert_requests(3))).starts_with("2 requests, not 3"));
    ask(&provider, CHAT, &json!({"tools": [tool("x")], "messages": say(&["1", "other"])}));
    provider.assert_played();
    assert!(panic_of(Checked(|| provider.assert_grows())).starts_with("request 3 does not begin"));

    let replies = Script::new().text("a").text("b").reply(Reply::new().text("r").repeat());
    let provider = Scripted::start(replies).unwrap();
    let gemini =
        json!({"contents": say(&["1"]), "tools": [{"functionDeclarations": [{"name": "g"}]}]});
    ask(&provider, "/v1beta/models/gem:generateContent", &gemini);
    let anthropic = json!({"model": "m", "messages": say(&["1"]), "tools": [{"name": "a"}]});
    ask(&provider, MESSAGES, &anthropic);
    provider.assert_played();
    let [first, second] = &provider.requests()[..] else { panic!() };
    assert_eq!((first.tools(), first.model()), (vec!["g".to_owned()], "gem".to_owned()));
    assert_eq!((first.messages().len(), second.tools()), (1, vec!["a".to_owned()]));
    assert!(panic_of(Checked(|| provider.assert_grows())).starts_with("request 2 has other tools"));
}
