//! The options of requests: flags, the configuration file, tapes, and the table in the guide.

use std::path::Path;

use serde_json::{Value, json};
use zerostack_core::{Dialect, RequestOption};
use zerostack_scripted::{Script, Scripted};

use super::place;

const INPUT: &str = r#"{"role":"user","text":"hi"}"#;

fn encoded(api: &str, flags: &[&str]) -> Value {
    let place = place();
    let arguments = [&["encode", "--api", api, "--model", "m"][..], flags].concat();
    let body = place.zerostack(&arguments).input(INPUT).run().success();
    serde_json::from_str(&body).unwrap()
}

#[test]
fn the_command_encodes_each_option() {
    let flags = [
        "--temperature",
        "0.2",
        "--top-p",
        "0.95",
        "--frequency-penalty",
        "-0.5",
        "--presence-penalty=1",
        "--seed",
        "7",
        "--stop",
        "END",
        "--stop=-- ",
        "--reasoning-effort",
        "low",
        "--service-tier",
        "flex",
        "--user",
        "u",
        "--cache-ttl",
        "24h",
        "--extra",
        r#"{"top_k":40}"#,
    ];
    let body = encoded("openai-chat", &flags);
    let expected = json!({
        "model": "m", "stream": true, "stream_options": {"include_usage": true},
        "temperature": 0.2, "top_p": 0.95, "frequency_penalty": -0.5, "presence_penalty": 1, "seed": 7,
        "stop": ["END", "-- "], "reasoning_effort": "low", "service_tier": "flex", "user": "u",
        "prompt_cache_retention": "24h", "top_k": 40,
        "messages": [{"role": "user", "content": "hi"}],
    });
    assert_eq!(body, expected);
    let body = encoded("ollama", &["--top-k", "3", "--temperature", "0"]);
    assert_eq!(body["options"], json!({"top_k": 3, "temperature": 0}));
    let body = encoded("gemini", &["--stop", "END", "--max-tokens", "9"]);
    assert_eq!(body["generationConfig"], json!({"maxOutputTokens": 9, "stopSequences": ["END"]}));
}

#[test]
fn an_option_that_a_dialect_lacks_is_refused_by_name() {
    for (api, flags, code, part) in [
        ("openai-chat", &["--top-k", "40"][..], 52, "top_k"),
        ("anthropic", &["--seed", "1"], 52, "seed"),
        ("anthropic", &["--temperature", "1.5"], 52, "temperature"),
        ("ollama", &["--tool-choice", "auto"], 52, "tool_choice"),
        ("openai-responses", &["--stop", "x"], 52, "stop"),
        ("openai-chat", &["--stop", ""], 2, "stop"),
        ("openai-chat", &["--tool-choice", "shout"], 52, "tool_choice"),
        ("openai-chat", &["--extra", "[]"], 52, "extra"),
        ("openai-chat", &["--extra", r#"{"model":"x"}"#], 52, "extra"),
        ("openai-chat", &["--temperature", "hot"], 2, "temperature"),
        ("openai-chat", &["--temperature", "0.1234"], 2, "temperature"),
        ("openai-chat", &["--seed", "-1"], 2, "seed"),
        ("openai-chat", &["--reasoning-effort", "huge"], 2, "reasoning-effort"),
    ] {
        let place = place();
        let arguments = [&["encode", "--api", api, "--model", "m"][..], flags].concat();
        let done = place.zerostack(&arguments).input(INPUT).run();
        assert!(done.failure(code).contains(part), "{api} {flags:?}");
    }
}

#[test]
fn a_run_sends_the_options_of_the_file_and_the_flags_and_replays() {
    let provider = Scripted::start(Script::new().text("Yes.")).unwrap();
    let place = place();
    let config = format!(
        "provider = \"work\"\n[providers.work]\nbase_url = \"{}\"\nmodel = \"m\"\n\
         headers = {{ x-team = \"a\", x-kept = \"k\" }}\n\
         [providers.work.options]\ntemperature = 0.7\ntop_p = 0.5\nstop = [\"END\"]\n",
        provider.base_url()
    );
    place.write("home/.config/zerostack/config.toml", config);
    let tape = place.folder("tape").display().to_string();
    let arguments = [
        "ask",
        "--temperature",
        "0.2",
        "--header",
        "X-Team: ${TEAM}",
        "--tool-choice",
        "none",
        "--record",
        &tape,
        "Is it so?",
    ];
    let done = place.zerostack(&arguments).env("TEAM", "b").run();
    assert_eq!(done.success(), "Yes.\n");
    let request = &provider.requests()[0];
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent["temperature"], json!(0.2));
    assert_eq!((&sent["top_p"], &sent["stop"]), (&json!(0.5), &json!(["END"])));
    assert_eq!(sent["tool_choice"], json!("none"));
    let header = |name: &str| request.header(name).map(str::to_owned);
    assert_eq!((header("x-team"), header("x-kept")), (Some("b".into()), Some("k".into())));
    let played = place.zerostack(&["replay", "--requests", &tape]).run().success();
    assert_eq!(serde_json::from_str::<Value>(&played).unwrap(), sent);
}

#[test]
fn an_answer_is_held_to_the_schema_and_asked_for_again() {
    let script = Script::new().text(r#"{"line":"one"}"#).text(r#"{"line":1}"#);
    let provider = Scripted::start(script).unwrap();
    let place = place();
    let schema =
        r#"{"type":"object","properties":{"line":{"type":"integer"}},"required":["line"]}"#;
    place.write("schema.json", schema);
    let path = place.folder("schema.json").display().to_string();
    let arguments = ["ask", "--output-schema", &path, "Which line?"];
    let done = place.zerostack(&arguments).model(&provider).run();
    assert_eq!(done.success().trim(), r#"{"line":1}"#);
    let bodies: Vec<Value> =
        provider.requests().iter().map(|it| serde_json::from_slice(&it.body).unwrap()).collect();
    assert_eq!(bodies.len(), 2);
    for body in &bodies {
        let format = &body["response_format"]["json_schema"]["schema"];
        assert_eq!(format, &serde_json::from_str::<Value>(schema).unwrap());
    }
    let again = bodies[1]["messages"].as_array().unwrap().last().unwrap().to_string();
    assert!(again.contains("/line"), "the sentence of the checker: {again}");
    for (text, code) in [("[]", 2), ("{", 2), (r#"{"type":"strnig"}"#, 2)] {
        place.write("bad.json", text);
        let path = place.folder("bad.json").display().to_string();
        let arguments = ["ask", "--output-schema", &path, "Which line?"];
        let done = place.zerostack(&arguments).model(&provider).run();
        assert!(done.failure(code).contains("bad.json"), "{text}");
    }
    let done = place.zerostack(&["ask", "--output-schema", "none", "?"]).model(&provider).run();
    done.failure(42);
}

/// The table in the guide is written anew with `ZEROSTACK_WRITE_TABLES=1`.
#[test]
fn the_guide_has_the_table_of_fields() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../std-runtime/docs/requests.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("options.rs -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /options -->").unwrap();
    let names: Vec<String> = Dialect::ALL.iter().map(|it| format!("`{}`", it.name())).collect();
    let mut table = format!("| option | {} |\n", names.join(" | "));
    table += &format!("|---|{}\n", "---|".repeat(names.len()));
    for option in RequestOption::ALL {
        let fields: Vec<String> = Dialect::ALL
            .iter()
            .map(|dialect| match option.field(*dialect) {
                Some("(any)") => "any".to_owned(),
                Some(field) => format!("`{field}`"),
                None => "—".to_owned(),
            })
            .collect();
        table += &format!("| `{}` | {} |\n", option.name(), fields.join(" | "));
    }
    let expected = format!("{before}options.rs -->\n{table}<!-- /options -->{after}");
    if std::env::var_os("ZEROSTACK_WRITE_TABLES").is_some() {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert_eq!(text, expected, "ZEROSTACK_WRITE_TABLES=1 writes it");
    }
}
