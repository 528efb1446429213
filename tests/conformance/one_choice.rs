//! Dialect, URL and key are chosen as one, by the user, and shown before the key is sent.

use serde_json::json;
use zerostack_scripted::{Framing, Reply, Script, Scripted};
use zerostack_tests::command::KEY;

use super::place;

fn changes() -> Script {
    Script::new().call("bash", json!({"command": "echo x >new"})).text("done")
}

fn table(name: &str, provider: &Scripted) -> String {
    let url = provider.base_url();
    format!("[providers.{name}]\nbase_url = '{url}'\nmodel = 'scripted'\n")
}

#[test]
fn a_cloned_project_moves_neither_key_nor_code() {
    let (work, other) = (Scripted::start(changes()).unwrap(), Scripted::start(changes()).unwrap());
    let user = format!("provider = 'work'\n{}{}", table("work", &work), table("other", &other));
    let place = place();
    place.write("home/.config/zerostack/config.toml", &user);
    place.write("project/.zerostack/config.toml", "provider = 'other'\n");
    let refused = place.zerostack(&["go"]).run();
    assert!(refused.failure(52).contains("[projects]"), "{}", refused.stderr);
    place.zerostack(&["go", "--provider", "work"]).run().success();
    assert!(other.requests().is_empty());
    assert!(work.requests().iter().all(|request| request.has_key()));
    // Allowed, it gets the code and not the key that is for another.
    place.write(
        "home/.config/zerostack/config.toml",
        format!("{user}[projects]\nproviders = ['other']\n"),
    );
    place.zerostack(&["go"]).run().success();
    assert_eq!(other.requests().len(), 2);
    assert!(!other.requests().iter().any(|request| request.has_key()));
}

#[test]
fn a_flag_leaves_the_variables_of_another_choice_alone() {
    let (own, other) = (Scripted::start(changes()).unwrap(), Scripted::start(changes()).unwrap());
    let place = place();
    // ZEROSTACK_API_KEY belongs to ZEROSTACK_BASE_URL.
    let run = place.zerostack(&["go", "--base-url", &other.base_url()]).model(&own);
    run.run().success();
    assert!(own.requests().is_empty());
    assert!(!other.requests().iter().any(|request| request.has_key()));
}

#[test]
fn the_models_are_asked_for_with_the_key_after_the_choice_was_shown() {
    for (api, list) in [
        ("openai-chat", "/v1/models"),
        ("openai-responses", "/v1/models"),
        ("anthropic", "/v1/models"),
        ("gemini", "/v1beta/models"),
        ("ollama", "/api/tags"),
    ] {
        let script = Script::new().models(&["nomic-embed-text", "m1"]).text("hello");
        let provider = Scripted::start(script).unwrap();
        let root = format!("http://{}", provider.address());
        let url = if api == "gemini" { format!("{root}/v1beta") } else { root };
        let place = place();
        let run = place.zerostack(&["explain", "it", "--api", api, "--base-url", &url]);
        let done = run.run();
        done.success();
        let requests = provider.requests();
        assert_eq!(requests[0].path, list);
        assert!(requests[0].has_key() && requests[1].has_key());
        let model = requests[1].json()["model"].to_string() + &requests[1].path;
        assert!(model.contains("m1"), "{model}");
        let first = done.stderr.lines().next().unwrap_or_default();
        assert!(first.contains("key of ZEROSTACK_API_KEY"), "{first}");
    }
}

#[test]
fn a_gateway_gets_its_headers_and_its_query() {
    let provider = Scripted::start(changes()).unwrap();
    let config = format!(
        "provider = 'gate'\n{}headers = {{ x-gate = 'Team ${{GATE_KEY}}' }}\n\
         query = {{ api-version = '2024-10-21' }}\n",
        table("gate", &provider)
    );
    let place = place();
    place.write("home/.config/zerostack/config.toml", &config);
    let run = place.zerostack(&["go"]).without("ZEROSTACK_API_KEY").env("GATE_KEY", KEY);
    run.run().success();
    for request in provider.requests() {
        assert_eq!(request.path, "/v1/chat/completions?api-version=2024-10-21");
        assert_eq!(request.header("x-gate"), Some(format!("Team {KEY}").as_str()));
    }
}

#[test]
fn one_connection_serves_a_run_in_every_dialect() {
    for api in ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] {
        let reads = || Reply::new().call("list", json!({}));
        let script = Script::new().reply(reads()).reply(reads().framing(Framing::Length));
        let provider = Scripted::start(script.text("done")).unwrap();
        let root = format!("http://{}", provider.address());
        let place = place();
        let arguments = ["explain", "it", "--api", api, "--base-url", &root, "--model", "scripted"];
        place.zerostack(&arguments).run().success();
        assert_eq!((provider.requests().len(), provider.connections()), (3, 1), "{api}");
    }
}

#[test]
fn a_request_that_cannot_succeed_is_sent_once() {
    for (reply, code, part) in [
        (Reply::status(302).header("location", "https://e.invalid/"), 60, "redirects"),
        (Reply::raw("text/html", "<html>"), 60, "web page"),
        (Reply::raw("text/html", "<html>").with_status(401), 41, "check the key"),
        (Reply::raw("text/html", "<html>").with_status(413), 60, "too large"),
        (Reply::raw("text/plain", "x").header("content-encoding", "gzip"), 60, "gzip"),
    ] {
        let place = place();
        let provider = Scripted::start(Script::new().reply(reply.repeat())).unwrap();
        let done = place.zerostack(&["go"]).model(&provider).run();
        assert!(done.failure(code).contains(part), "{}", done.stderr);
        assert_eq!(provider.requests().len(), 1, "{part}");
    }
}

#[test]
fn an_error_of_another_form_is_reported_by_its_first_line() {
    let place = place();
    let reply = Reply::raw("text/plain", "\nthe disk is full\nat line 7").with_status(400);
    let provider = Scripted::start(Script::new().reply(reply)).unwrap();
    let done = place.zerostack(&["go"]).model(&provider).run();
    assert!(done.failure(60).contains("answered 400: the disk is full"), "{}", done.stderr);
}

#[test]
fn a_key_is_hidden_wherever_the_provider_repeats_it() {
    let code = Script::new().reply(Reply::status(401).error(KEY, "Incorrect API key"));
    let plain = Script::new().reply(Reply::raw("text/plain", format!("no {KEY}")).with_status(401));
    let escaped = KEY.replace('-', "\\u002d");
    let body = format!(r#"{{"error":{{"message":"wrong {escaped}"}}}}"#);
    let escaped = Script::new().reply(Reply::raw("application/json", body).with_status(401));
    for script in [code, plain, escaped] {
        let place = place();
        let provider = Scripted::start(script).unwrap();
        let tape = place.folder("tape");
        let run = place.zerostack(&["go", "--record", tape.to_str().unwrap()]).model(&provider);
        // That stderr does not hold the key is checked after every run.
        run.run().failure(41);
        assert!(!tape.exists());
    }
}

#[test]
fn placeholders_are_no_secrets() {
    for key in ["none", "EMPTY", "ollama", "x"] {
        let text = format!("this is {key}");
        let write = json!({"path": "new", "content": text});
        let script = Script::new().call("write", write).text(&text);
        let place = place();
        let provider = Scripted::start(script).unwrap();
        let tape = place.folder("tape");
        let run = place.zerostack(&["go", "--record", tape.to_str().unwrap()]).model(&provider);
        let done = run.env("ZEROSTACK_API_KEY", key).run();
        done.success();
        assert!(tape.exists() && done.text().contains(&text), "{key}");
    }
}

#[test]
fn whatever_holds_the_key_is_hidden_from_tools() {
    // Names that pass when they hold no key.
    let tell = "echo \"[$GODEBUG][$GOCACHE][$GOFLAGS]\"; echo x >new";
    let script = Script::new().call("bash", json!({"command": tell})).text("done");
    let provider = Scripted::start(script).unwrap();
    let config = format!("provider = 'work'\n{}key_env = 'GODEBUG'\n", table("work", &provider));
    let place = place();
    place.write("home/.config/zerostack/config.toml", &config);
    let run = place.zerostack(&["go"]).without("ZEROSTACK_API_KEY").env("GODEBUG", KEY);
    run.env("GOCACHE", &format!("a {KEY}")).env("GOFLAGS", "seen").run().success();
    let seen = provider.requests()[1].json().to_string();
    assert!(seen.contains("[][][seen]"), "{seen}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_tool_that_crashes_leaves_no_core() {
    let crash = "ulimit -c unlimited; bash -c 'kill -SEGV $$'; cat /proc/self/limits; echo x >new";
    let script = Script::new().call("bash", json!({"command": crash})).text("done");
    let place = place();
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["go"]).model(&provider).run();
    done.success();
    assert!(!done.text().contains("core"), "{}", done.text());
    let seen = provider.requests()[1].json().to_string();
    let limit = seen.split("Max core file size").nth(1).unwrap();
    assert_eq!(limit.split_whitespace().take(2).collect::<Vec<_>>(), ["1", "1"], "{seen}");
}
