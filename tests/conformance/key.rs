//! The key is sent to the provider, and is seen nowhere else.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, KEY, tree};

use super::{broken_project, place};

/// Everything a run shows, and the tape and the files of its place. That neither stdout nor stderr
/// hold the key is checked after every run, too.
#[track_caller]
fn is_nowhere(place: &zerostack_tests::command::Place, done: &Done) {
    assert!(!done.text().contains(KEY) && !done.stderr.contains(KEY));
    for (path, (_, bytes)) in tree(&place.folder(".")) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains(KEY), "{} holds the key", path.display());
    }
}

#[test]
fn the_provider_gets_it_in_the_header_of_its_dialect() {
    for (provider, header) in [("openai", "authorization: bearer "), ("anthropic", "x-api-key: ")] {
        let place = place();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let run = place.zerostack(&["go", "--max-attempts", "1"]);
        let run = run.env("ZEROSTACK_PROVIDER", provider).env("ZEROSTACK_BASE_URL", &url);
        let running = run.start();
        let (client, _) = listener.accept().unwrap();
        let lines = BufReader::new(client).lines().map_while(Result::ok);
        // The connection ends with the last line.
        let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let wanted = format!("{header}{KEY}");
        let found = lines.iter().filter(|line| line.eq_ignore_ascii_case(&wanted)).count();
        assert_eq!(found, 1, "{lines:?}");
        running.end().failure(60);
    }
}

#[test]
fn tools_do_not_see_it() {
    for sandbox in ["on", "off"] {
        for variable in ["ZEROSTACK_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "WORK_LLM_KEY"]
        {
            let place = broken_project();
            place.write(
                "home/.config/zerostack/config.toml",
                "[providers.work]\napi = 'openai-chat'\nbase_url = 'http://127.0.0.1:9/v1'\n\
                 key_env = 'WORK_LLM_KEY'\n",
            );
            // With the sandbox off, what the user can see of this process can be seen by tools.
            let others =
                if sandbox == "on" { "/proc/[0-9]*/environ /proc/[0-9]*/cmdline" } else { "" };
            let command =
                format!("env; set; cat /proc/self/environ {others} | tr '\\0' '\\n'; echo x >new");
            let script =
                Script::new().call("bash", json!({"command": command})).text("that was it");
            let provider = Scripted::start(script).unwrap();
            let name = if variable.starts_with("ANTHROPIC") { "anthropic" } else { "openai" };
            let name = if variable.starts_with("WORK") { "work" } else { name };
            let url = if name == "anthropic" {
                provider.anthropic_base_url()
            } else {
                provider.base_url()
            };
            let arguments = ["go", "--sandbox", sandbox, "--mode", "full", "--events", "json"];
            let run = place.zerostack(&arguments);
            let done = run
                .without("ZEROSTACK_API_KEY")
                .env(variable, KEY)
                .env("ZEROSTACK_PROVIDER", name)
                .env("ZEROSTACK_BASE_URL", &url)
                .env("ZEROSTACK_MODEL", "scripted")
                .run();
            done.success();
            let requests = provider.requests();
            assert!(requests.iter().all(|request| request.has_key()), "{variable}");
            let seen = requests[1].json().to_string();
            assert!(seen.contains("PATH="), "{seen}");
            assert!(!seen.contains(KEY), "{variable}: {seen}");
            is_nowhere(&place, &done);
        }
    }
}

#[test]
fn it_is_not_on_the_tape() {
    let place = place();
    let script = Script::new().call("bash", json!({"command": "env; echo x >new"})).text("done");
    let provider = Scripted::start(script).unwrap();
    let tape = place.folder("tape");
    let arguments = ["go", "--record", tape.to_str().unwrap()];
    let done = place.zerostack(&arguments).model(&provider).run();
    done.success();
    assert!(tape.exists());
    is_nowhere(&place, &done);
}

#[test]
fn a_tape_that_would_hold_the_key_is_not_kept() {
    let echo = format!("No such key: {KEY}");
    let refused = Script::new().reply(Reply::status(401).error("invalid_api_key", &echo).pieces(5));
    let said = Script::new()
        .call("bash", json!({"command": "echo x >new"}))
        .reply(Reply::new().text(&format!("It is {KEY}, look.")));
    for (script, code) in [(refused, 41), (said, 42)] {
        let place = place();
        let provider = Scripted::start(script).unwrap();
        let tape = place.folder("tape");
        let run = place.zerostack(&["go", "--record", tape.to_str().unwrap()]).model(&provider);
        let done = run.run();
        assert_eq!(done.code, code, "{done:?}");
        assert!(!tape.exists());
    }
}

#[test]
fn it_is_in_no_error() {
    let reply = |text: &str| Reply::status(401).error("invalid_api_key", text);
    let echo = format!("Incorrect API key provided: {KEY}. You can find yours elsewhere.");
    for reply in [
        reply("no"),
        reply(&echo),
        Reply::status(500).error("oops", &echo).header("retry-after-ms", "1").repeat(),
    ] {
        for events in [&["go"][..], &["go", "--events", "json"]] {
            let place = place();
            let provider = Scripted::start(Script::new().reply(reply.clone())).unwrap();
            let done = place.zerostack(events).model(&provider).run();
            assert!(matches!(done.code, 41 | 60));
            is_nowhere(&place, &done);
        }
    }
    for url in [
        format!("http://user:{KEY}@127.0.0.1:9/v1"),
        format!("http://127.0.0.1:9/v1?key={KEY}"),
        KEY.to_owned(),
    ] {
        let place = place();
        let run = place.zerostack(&["go", "--max-attempts", "1"]).env("ZEROSTACK_BASE_URL", &url);
        let done = run.env("ZEROSTACK_MODEL", "m").run();
        assert!(matches!(done.code, 52 | 60), "{}", done.stderr);
        is_nowhere(&place, &done);
    }
}
