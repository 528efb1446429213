//! The filters: a body is decoded the same however it is cut, a transcript goes through `decode`,
//! `encode`, `step` and `tool --call` and back without a change.

use std::io::Read as _;

use serde_json::{Value, json};
use zerostack::plumbing::decode::{self, Chunks, Form};
use zerostack_scripted::{Reply, Script, Scripted, Stop};
use zerostack_tests::command::Place;

use super::{broken_project, place};

const APIS: [&str; 2] = ["openai-chat", "anthropic"];

/// The body that a provider streams for `reply`, got with curl's own HTTP.
fn body(reply: Reply, api: &str) -> Vec<u8> {
    let provider = Scripted::start(Script::new().reply(reply)).unwrap();
    let path = if api == "anthropic" { "v1/messages" } else { "v1/chat/completions" };
    let request = json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}});
    let output = std::process::Command::new("curl")
        .args(["--silent", "--noproxy", "*", "--data", &request.to_string()])
        .arg(format!("http://{}/{path}", provider.address()))
        .output()
        .expect("curl is needed");
    assert!(output.status.success());
    output.stdout
}

fn filter(place: &Place, arguments: &[&str], input: &[u8]) -> String {
    place.zerostack(arguments).without("ZEROSTACK_API_KEY").input(input).run().success()
}

fn reply() -> Reply {
    Reply::new()
        .reasoning("Hm ☂")
        .text("Zwei ")
        .text("Aufrufe\n")
        .call("bash", json!({"command": "echo 'ü' \"q\" \\ "}))
        .call("list", json!({}))
        .usage(70, 20, 30)
}

#[test]
fn a_body_is_decoded_the_same_in_every_chunking() {
    for api in APIS {
        let place = place();
        let body = body(reply(), api);
        let decode =
            |more: &[&str]| filter(&place, &[&["decode", "--api", api], more].concat(), &body);
        let whole = decode(&[]);
        let decoded: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(decoded["text"], "Zwei Aufrufe\n");
        assert_eq!(decoded["reasoning"], "Hm ☂");
        let calls = decoded["tool_calls"].as_array().unwrap();
        assert_eq!((&calls[0]["name"], &calls[1]["name"]), (&json!("bash"), &json!("list")));
        let arguments: Value =
            serde_json::from_str(calls[0]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments, json!({"command": "echo 'ü' \"q\" \\ "}));
        assert_eq!(decoded["stop"], if api == "anthropic" { "tool_use" } else { "tool_calls" });
        assert_eq!(decoded["usage"]["output_tokens"], 20);
        assert!(decoded["error"].is_null());
        for chunk in ["1", "2", "7", "1000000", "random:0", "random:99"] {
            assert_eq!(decode(&["--chunk", chunk]), whole, "{api} in {chunk}");
        }
        // The events hold the same, and the object is their last.
        let events = decode(&["--events", "--chunk", "1"]);
        let events: Vec<Value> =
            events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (last, events) = events.split_last().unwrap();
        assert_eq!(*last, decoded);
        let joined = |kind: &str| {
            let texts = events.iter().filter(|event| event["type"] == kind);
            texts.map(|event| event["text"].as_str().unwrap()).collect::<String>()
        };
        assert_eq!(
            (joined("text"), joined("reasoning")),
            ("Zwei Aufrufe\n".to_owned(), "Hm ☂".to_owned())
        );
        let calls = events.iter().filter(|event| event["type"] == "tool_call").count();
        assert_eq!(calls, 2);
    }
}

#[test]
fn calls_that_were_cut_off_are_never_reported() {
    for api in APIS {
        let place = place();
        let cut =
            Reply::new().text("I write").call("write", json!("{\"path\": \"a")).stop(Stop::Length);
        let text = filter(&place, &["decode", "--api", api], &body(cut, api));
        let decoded: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(decoded["error"]["kind"], "truncated", "{api}: {decoded}");
        assert_eq!(decoded["tool_calls"], json!([]));
        // The end of the stream is missing: at every byte it is an error, never a half call.
        let whole = body(reply(), api);
        for length in (0..whole.len()).step_by(97) {
            let text = filter(&place, &["decode", "--api", api], &whole[..length]);
            let decoded: Value = serde_json::from_str(&text).unwrap();
            // After the stop reason only counts are missing.
            let is_whole = decoded["stop"].is_string() && decoded["tool_calls"][1].is_object();
            let kind = decoded["error"]["kind"].as_str();
            let is_cut = matches!(kind, Some("cut" | "bad_response"));
            assert!(is_cut || kind.is_none() && is_whole, "{api} at {length}: {decoded}");
        }
    }
}

#[test]
fn a_body_without_an_end_is_refused_in_pieces_too() {
    // Would all of it be held, the test would not end.
    for (begin, kind) in [("", "limit"), ("<p>", "limit"), (r#"{"error":"no"}"#, "status")] {
        let mut output = Vec::new();
        let mut body = begin.as_bytes().chain(std::io::repeat(b':'));
        let ended = decode::run(
            zerostack_core::Dialect::Anthropic,
            Chunks::Of(50_000),
            Form::Object,
            &mut body,
            &mut output,
        );
        let decoded: Value = serde_json::from_slice(&output).unwrap();
        assert_eq!(decoded["error"]["kind"], kind, "{begin}");
        let is_limit = ended.is_err_and(|error| error.kind() == zerostack::ErrorKind::Limit);
        assert_eq!(is_limit, kind == "limit", "{begin}");
    }
}

#[test]
fn an_error_in_a_body_is_reported_with_its_code() {
    let place = place();
    let input = br#"{"error":{"message":"slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}"#;
    let decoded: Value =
        serde_json::from_str(&filter(&place, &["decode", "--api", "openai-chat"], input)).unwrap();
    assert_eq!(decoded["error"]["message"], "slow down");
    assert_eq!(decoded["error"]["kind"], "status");
    assert_eq!(decoded["error"]["code"], "rate_limit_exceeded");
    // For a shell that goes on with the lines, it is a failure.
    let done = place
        .zerostack(&["decode", "--api", "openai-chat", "--transcript"])
        .input(&input[..])
        .run();
    assert_eq!(done.failure(60), "slow down");
}

#[test]
fn a_transcript_goes_round() {
    for api in APIS {
        let place = broken_project();
        let begin =
            ["step", "--begin", "--system", "Be brief.", "--tools", "bash,list", "Look", "around"];
        let mut lines = filter(&place, &begin, b"");
        assert_eq!(filter(&place, &["step"], lines.as_bytes()), "send\n");
        let encode = ["encode", "--api", api, "--model", "m", "--max-tokens", "99"];
        let request: Value =
            serde_json::from_str(&filter(&place, &encode, lines.as_bytes())).unwrap();
        assert_eq!(
            (&request["model"], request["tools"].as_array().unwrap().len()),
            (&json!("m"), 2)
        );
        assert!(
            request.to_string().contains("Be brief.")
                && request.to_string().contains("Look around")
        );
        // The reply's lines are appended; what to do next are its calls.
        lines += &filter(&place, &["decode", "--api", api, "--transcript"], &body(reply(), api));
        let step = filter(&place, &["step"], lines.as_bytes());
        let (word, calls) = step.split_once('\n').unwrap();
        assert_eq!((word, calls.lines().count()), ("run_tools", 2));
        // In any order.
        let mut calls: Vec<&str> = calls.lines().collect();
        calls.reverse();
        for call in calls {
            // Nothing can be sent while a call is open.
            let done = place.zerostack(&encode).input(lines.clone()).run();
            assert!(done.failure(42).contains("has no result"));
            let answer = filter(&place, &["tool", "--call"], call.as_bytes());
            let parsed: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!((&parsed["role"], parsed["is_error"] == true), (&json!("tool"), false));
            lines += &answer;
        }
        assert!(lines.contains("ü q"), "{lines}");
        assert_eq!(filter(&place, &["step"], lines.as_bytes()), "send\n");
        let second: Value =
            serde_json::from_str(&filter(&place, &encode, lines.as_bytes())).unwrap();
        assert_eq!(second["tools"], request["tools"]);
        assert!(second.to_string().contains("add.sh"), "{second}");
        lines += &filter(
            &place,
            &["decode", "--api", api, "--transcript"],
            &body(Reply::new().text("A ").text("shell."), api),
        );
        assert_eq!(filter(&place, &["step"], lines.as_bytes()), "idle\n");
        assert_eq!(filter(&place, &["step", "--answer"], lines.as_bytes()), "A shell.\n");
    }
}

#[test]
fn the_whole_request_is_printed_without_a_secret() {
    let lines = b"{\"role\":\"user\",\"text\":\"hi\"}\n";
    let (host, key) = ("host: api.openai.com", "authorization: Bearer ${OPENAI_API_KEY}");
    for (api, first, parts) in [
        ("openai-chat", "POST /v1/chat/completions HTTP/1.1", [host, key]),
        ("openai-responses", "POST /v1/responses HTTP/1.1", [host, key]),
        (
            "anthropic",
            "POST /v1/messages HTTP/1.1",
            ["anthropic-version: 2023-06-01", "x-api-key: ${ANTHROPIC_API_KEY}"],
        ),
        (
            "gemini",
            "POST /v1beta/models/m:streamGenerateContent?alt=sse HTTP/1.1",
            ["host: generativelanguage.googleapis.com", "x-goog-api-key: ${GEMINI_API_KEY}"],
        ),
        (
            "ollama",
            "POST /api/chat HTTP/1.1",
            ["host: 127.0.0.1:11434", "content-type: application/json"],
        ),
    ] {
        let encode = ["encode", "--api", api, "--model", "m"];
        let body = filter(&place(), &encode, lines);
        let http = ["--http", "--header", "X-Team: ${TEAM} a"];
        let all = [&encode[..], &http].concat();
        let done = place()
            .zerostack(&all)
            .env("OPENAI_API_KEY", "sk-secret")
            .env("TEAM", "secret")
            .input(&lines[..])
            .run();
        let whole = done.success();
        let (head, rest) = whole.split_once("\r\n\r\n").unwrap();
        assert_eq!((rest, head.lines().next()), (body.as_str(), Some(first)), "{api}");
        let length = format!("content-length: {}", body.len());
        for part in parts.into_iter().chain(["X-Team: ${TEAM} a", &length]) {
            assert!(head.split("\r\n").any(|line| line == part), "{api}: {part:?} in {head}");
        }
        assert!(!whole.contains("secret"), "{whole}");
        assert_eq!(api == "ollama", !head.contains("${O") && !head.contains("api-key"), "{head}");
    }
    let encode = ["encode", "--api", "openai-chat", "--model", "m"];
    let other = [
        "--http",
        "--base-url",
        "https://gateway.example/v1",
        "--header",
        "Authorization: Basic x",
    ];
    let whole = filter(&place(), &[&encode[..], &other].concat(), lines);
    assert!(whole.contains("host: gateway.example\r\n"), "{whole}");
    assert!(whole.contains("Authorization: Basic x\r\n") && !whole.contains("Bearer"), "{whole}");
    for (flags, code) in [
        (&["--header", "A: b"][..], 2),
        (&["--http", "--header", "content-length: 1"], 52),
        (&["--http", "--header", "A: b\r\nc: d"], 52),
        (&["--http", "--base-url", "gateway"], 52),
    ] {
        let all = [&encode[..], flags].concat();
        place().zerostack(&all).input(&lines[..]).run().failure(code);
    }
}

#[test]
fn a_run_and_the_filters_send_the_same_body() {
    let place = place();
    let provider = Scripted::start(Script::new().text("done")).unwrap();
    place.zerostack(&["--output", "text", "go"]).model(&provider).run().success();
    let sent = &provider.requests()[0];
    let body = sent.json();
    let system = body["messages"][0]["content"].as_str().unwrap();
    let tools = "read,write,edit,bash,grep,find,list";
    let lines =
        filter(&place, &["step", "--begin", "--system", system, "--tools", tools, "go"], b"");
    let encoded = filter(
        &place,
        &["encode", "--api", "openai-chat", "--model", "scripted"],
        lines.as_bytes(),
    );
    assert!(encoded.as_bytes() == sent.body, "{encoded}\n{}", String::from_utf8_lossy(&sent.body));
}

#[test]
fn malformed_transcripts_name_the_line() {
    let user = r#"{"role":"user","text":"hi"}"#;
    let call = r#"{"role":"assistant","call":{"id":"a","name":"bash","arguments":"{}"}}"#;
    let cases = [
        ("hello".to_owned(), "line 1"),
        (format!("{user}\n{{}}"), "line 2"),
        (format!("{user}\n{{\"role\":\"king\"}}"), "line 2: "),
        (format!("{user}\n{{\"role\":\"user\"}}"), "line 2: "),
        (format!("{user}\n\n{{\"role\":\"user\",\"text\":\"a\",\"x\":1}}"), "line 3: "),
        (format!("{user}\n{{\"role\":\"system\",\"text\":\"late\"}}"), "line 2: system and tools stand before"),
        (format!("{user}\n{{\"role\":\"assistant\"}}"), "line 2: "),
        (format!("{user}\n{{\"role\":\"tool\",\"id\":\"a\",\"content\":\"b\"}}"), "no open call has the id \"a\""),
        (format!("{user}\n{call}\n{user}"), "line 3: the call \"a\" has no result yet"),
        ("{\"role\":\"tools\",\"tools\":[{\"name\":\"a\",\"description\":\"b\",\"parameters\":7}]}".to_owned(), ""),
    ];
    for (lines, part) in cases {
        for command in
            [&["step"][..], &["encode", "--api", "openai-chat"], &["encode", "--api", "anthropic"]]
        {
            let place = place();
            let done = place.zerostack(command).input(lines.as_bytes()).run();
            assert!(matches!(done.code, 42 | 52), "{lines}: {done:?}");
            let said = done.failure(done.code);
            assert!(said.contains(part), "{lines}: {said}");
        }
    }
    let place = place();
    let done =
        place.zerostack(&["step"]).input(b"{\"role\":\"user\",\"text\":\"\xff\"}".to_vec()).run();
    assert!(done.failure(42).contains("line 1"));
    place.zerostack(&["step", "--answer"]).input(user).run().failure(61);
    for call in ["", "{}", "[1]", "{\"name\":\"bash\"}"] {
        assert!(
            place.zerostack(&["tool", "--call"]).input(call).run().failure(42).contains("the call")
        );
    }
    place.zerostack(&["step", "--begin", "--tools", "bash,fly", "go"]).run().failure(2);
}

#[test]
fn the_prefix_report_shows_what_each_request_shares_with_the_previous_one() {
    let lines = concat!(
        r#"{"role":"system","text":"Be brief."}"#,
        "\n",
        r#"{"role":"tools","tools":[{"name":"bash","description":"Runs","parameters":{}}]}"#,
        "\n",
        r#"{"role":"user","text":"one"}"#,
        "\n",
        r#"{"role":"assistant","thinking":"hm"}"#,
        "\n",
        r#"{"role":"assistant","call":{"id":"a","name":"bash","arguments":"{}"}}"#,
        "\n",
        r#"{"role":"tool","id":"a","text":"ok"}"#,
        "\n",
        r#"{"role":"assistant","text":"two"}"#,
        "\n\n",
        r#"{"role":"developer","text":"three"}"#,
        "\n",
        r#"{"role":"user","text":"four"}"#,
    );
    for api in zerostack_core::Dialect::ALL.iter().map(|api| api.name()) {
        for mode in ["native", "text"] {
            let place = place();
            let encode = ["encode", "--api", api, "--model", "m", "--tool-mode", mode];
            let last = filter(&place, &encode, lines.as_bytes());
            let report =
                filter(&place, &[&encode[..], &["--prefix-report"]].concat(), lines.as_bytes());
            let report: Vec<Value> =
                report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(report.len(), 3, "{report:?}");
            assert_eq!(report[0]["shared_bytes"], 0);
            assert_eq!(report[2]["bytes"], last.len());
            for (number, pair) in report.windows(2).enumerate() {
                assert_eq!(pair[1]["request"], number + 2);
                // Only the brackets at the end went.
                let [bytes, shared, lost] =
                    [&pair[0]["bytes"], &pair[1]["shared_bytes"], &pair[1]["lost_bytes"]]
                        .map(|number| number.as_u64().unwrap());
                assert_eq!(bytes, shared + lost);
                assert!(lost <= 2, "{api}, {mode}: {report:?}");
            }
        }
    }
    let arguments = ["encode", "--api", "gemini", "--model", "m", "--prefix-report"];
    let done = place().zerostack(&arguments).input("{\"role\":\"king\"}").run();
    assert!(done.failure(42).contains("line 1"));
    let done = place().zerostack(&arguments).input("").run();
    assert!(done.failure(42).contains("nothing to send"));
}

#[test]
fn a_tool_is_a_filter_too() {
    let place = broken_project();
    let done = place.zerostack(&["tool", "read"]).input(r#"{"path":"add.sh"}"#).run();
    let output: Value = serde_json::from_str(&done.success()).unwrap();
    assert!(output["content"].as_str().unwrap().contains("# Adds two numbers."));
    let done = place.zerostack(&["tool", "read"]).input(r#"{"file":"add.sh"}"#).run();
    let output: Value = serde_json::from_str(&done.text()).unwrap();
    assert_eq!((done.code, &output["is_error"]), (2, &json!(true)));
    // A call of an unknown tool is answered, for the model to act on.
    let answer = filter(&place, &["tool", "--call"], br#"{"id":"x","name":"fly","arguments":""}"#);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["id"], &answer["is_error"]), (&json!("x"), &json!(true)));
}

#[test]
fn a_reply_that_is_not_whole_is_marked_and_ends_a_shell_loop() {
    let place = place();
    for (stop, code) in [("length", 53), ("content_filter", 61)] {
        let body = json!({"choices": [{"index": 0, "message": {"content": "half of"},
            "finish_reason": stop}]});
        let arguments = ["decode", "--api", "openai-chat", "--transcript"];
        let done = place.zerostack(&arguments).input(body.to_string().as_bytes()).run();
        assert!(done.text().contains(r#""cut":true"#), "{done:?}");
        assert_eq!(done.code, code, "{done:?}");
    }
}

#[test]
fn half_a_pair_in_a_transcript_is_read_as_everywhere() {
    let line = b"{\"role\":\"user\",\"text\":\"a\\ud800b\"}\n";
    assert_eq!(filter(&place(), &["step"], line), "send\n");
}

#[test]
fn decode_prints_the_counts_as_the_provider_sent_them() {
    let place = place();
    let anthropic =
        br#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",
        "usage":{"input_tokens":100,"cache_read_input_tokens":50,"output_tokens":5}}"#;
    let openai = br#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":150,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":50}}}"#;
    for (api, body, input) in [("anthropic", &anthropic[..], 100), ("openai-chat", openai, 150)] {
        let printed = filter(&place, &["decode", "--api", api], body);
        let usage = serde_json::from_str::<Value>(&printed).unwrap()["usage"].clone();
        assert_eq!(
            (&usage["input_tokens"], &usage["cache_read_tokens"]),
            (&json!(input), &json!(50))
        );
    }
}
