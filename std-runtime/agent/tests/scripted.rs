//! The scripted provider, asked by the agent of this crate.

use std::io::{Read, Write};

use serde_json::{Value, json};
use zerostack_agent::ErrorKind;
use zerostack_agent::provider::{Dialect, Endpoint, served_models};
use zerostack_agent::transport::HttpOptions;
use zerostack_agent::{Agent, AgentEvent, Tool};
use zerostack_scripted::{Reply, Script, Scripted, Stop};

#[test]
fn the_models_of_the_script_are_listed_without_using_up_a_reply() {
    let provider = Scripted::start(Script::new().models(&["a", "b"]).text("hi")).unwrap();
    let endpoint = Endpoint::local(provider.base_url(), "");
    let models = served_models(&endpoint, HttpOptions::default()).unwrap();
    assert_eq!(models, ["a".into(), "b".into()]);
    assert_eq!(provider.requests()[0].path, "/v1/models");
    let agent = Agent::builder().endpoint(Endpoint::local(provider.base_url(), "a"));
    assert_eq!(agent.build().unwrap().ask("hello").unwrap(), "hi");
}

#[test]
fn what_is_no_list_of_models_is_an_error() {
    let (none, provider) = (ErrorKind::Configuration, ErrorKind::Provider);
    for (wire, kind) in [
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}", none),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", none),
        ("HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\n{}", ErrorKind::Authentication),
        ("HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\n{}", provider),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1\r\n\r\nx", provider),
    ] {
        // The list is no reply of a script, so a plain socket answers here.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = [0; 1024];
            let _ = stream.read(&mut seen).unwrap();
            stream.write_all(wire.as_bytes()).unwrap();
        });
        let endpoint = Endpoint::local(base_url, "");
        let error = served_models(&endpoint, HttpOptions::default()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains("127.0.0.1:"), "{error}");
        server.join().unwrap();
    }
}

/// The same reply, streamed and whole, read back by the core in each dialect.
#[test]
fn every_dialect_says_the_same() {
    for (api, base) in [
        (Dialect::OpenAiChat, "/v1"),
        (Dialect::OpenAiResponses, "/v1"),
        (Dialect::Anthropic, ""),
        (Dialect::Gemini, "/v1beta"),
        (Dialect::Ollama, ""),
    ] {
        let call = Reply::new().reasoning("Hm.").text("I ").text("look.");
        let call = call.call("look", json!({"at": "ä \"b\""})).usage(9, 5, 2);
        let script = Script::new().reply(call).reply(Reply::new().text("Done.").stop(Stop::Length));
        let error = Reply::new().text("x").error_event("invalid_request_error", "no more");
        let script = script.reply(Reply::status(401)).reply(error);
        let provider = Scripted::start(script).unwrap();
        let url = format!("http://{}{base}", provider.address());
        let endpoint = Endpoint { api, ..Endpoint::local(url, "m") };
        let look = |it: Value| Ok::<_, String>(format!("seen {it}"));
        let tool = Tool::new("look", "Looks.", r#"{"type":"object"}"#, look);
        let mut agent = Agent::builder().endpoint(endpoint).tool(tool).build().unwrap();
        let events: Vec<AgentEvent> = agent.run("go").collect::<Result<_, _>>().unwrap();
        let text: String = events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(text, "I look.Done.", "{api:?}: {events:?}");
        let seen = provider.requests()[1].json().to_string();
        assert!(seen.contains("seen") && seen.contains("ä"), "{api:?}: {seen}");
        let ends = events.iter().filter_map(|event| match event {
            AgentEvent::End(reason) => Some(*reason),
            _ => None,
        });
        let ends: Vec<_> = ends.collect();
        assert_eq!(ends.last(), Some(&zerostack_core::StopReason::MaxTokens), "{api:?}: {ends:?}");
        assert!(agent.usage().output_tokens >= 5, "{api:?}");
        assert_eq!(agent.ask("more").unwrap_err().kind(), ErrorKind::Authentication, "{api:?}");
        assert!(agent.ask("again").is_err(), "{api:?}");
    }
}
