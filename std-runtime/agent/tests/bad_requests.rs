//! Requests that cannot be made: each is an error with the name of what is wrong, and nothing of it
//! is sent.

use zerostack_agent::provider::{Dialect, Endpoint};
use zerostack_agent::{Agent, Error, ErrorKind, File};
use zerostack_core::{OwnedOptions, OwnedResponseSchema, Thousandths};
use zerostack_scripted::{Script, Scripted};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn endpoint(provider: &Scripted, options: OwnedOptions) -> Endpoint {
    Endpoint { options, ..Endpoint::local(provider.base_url(), "m") }
}

fn options(set: impl FnOnce(&mut OwnedOptions)) -> OwnedOptions {
    let mut options = OwnedOptions::default();
    set(&mut options);
    options
}

/// Why an agent with these options cannot be built.
#[track_caller]
fn refused(options: OwnedOptions) -> Error {
    let provider = Scripted::start(Script::new()).unwrap();
    let built = Agent::builder().endpoint(endpoint(&provider, options)).build();
    provider.assert_requests(0);
    built.map(|_| ()).unwrap_err()
}

#[track_caller]
fn is_about(error: &Error, kind: ErrorKind, words: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_schema_too_deep_or_too_large() {
    let deep = format!("{}{{}}{}", r#"{"items":"#.repeat(60), "}".repeat(60));
    let large = format!(r#"{{"description":"{}"}}"#, "x".repeat(64 * 1024));
    for schema in [deep, large, "{".to_owned(), "[]".to_owned()] {
        let response_schema = Some(OwnedResponseSchema::new("answer", schema));
        let error = refused(options(|it| it.response_schema = response_schema));
        is_about(&error, ErrorKind::Configuration, "malformed or taken: response_schema");
    }
}

#[test]
fn an_option_out_of_range_and_an_empty_stop_sequence() {
    let hot = options(|it| it.temperature = Some(Thousandths(2001)));
    is_about(
        &refused(hot),
        ErrorKind::Configuration,
        "out of range, malformed or taken: temperature; give 0 to 2, for anthropic 0 to 1",
    );
    let empty = options(|it| it.stop = vec!["END".into(), String::new()]);
    is_about(&refused(empty), ErrorKind::Configuration, "out of range, malformed or taken: stop");
    let unsaid = options(|it| it.top_k = Some(40));
    is_about(&refused(unsaid), ErrorKind::Configuration, "not for this value: top_k; leave it out");
}

#[test]
fn a_file_that_ends_early_or_is_longer_than_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cat.png");
    for change in [&PNG[..7], b"\x89PNG\r\n\x1a\n and more"] {
        std::fs::write(&path, PNG).unwrap();
        let provider = Scripted::start(Script::new()).unwrap();
        let endpoint = endpoint(&provider, OwnedOptions::default());
        let mut agent = Agent::builder().endpoint(endpoint).build().unwrap();
        let file = File::open(&path).unwrap();
        std::fs::write(&path, change).unwrap();
        let error = agent.ask_with("Look.", [file]).unwrap_err();
        is_about(&error, ErrorKind::Input, "the file cat.png changed its length");
        provider.assert_requests(0);
    }
}

#[test]
fn a_media_type_that_the_dialect_refuses() {
    let provider = Scripted::start(Script::new().text("Hello.")).unwrap();
    let endpoint = Endpoint {
        api: Dialect::Anthropic,
        ..Endpoint::local(format!("http://{}", provider.address()), "m")
    };
    let mut agent = Agent::builder().endpoint(endpoint).build().unwrap();
    let song = File::bytes(*b"ID3").unwrap().with_name("song.mp3");
    let error = agent.ask_with("Listen.", [song]).unwrap_err();
    let words = "the file song.mp3 is audio/mpeg, and anthropic has no place for it; convert it";
    is_about(&error, ErrorKind::Configuration, words);
    provider.assert_requests(0);
    assert_eq!(agent.ask("Hello?").unwrap(), "Hello.");
}

#[test]
fn an_answer_that_violates_the_schema_again_and_again() {
    let script = Script::new().text("no").text("{}").text("[]").text("plain");
    let provider = Scripted::start(script).unwrap();
    let schema = OwnedResponseSchema::new("answer", r#"{"type":"object","required":["a"]}"#);
    let response_schema = Some(OwnedResponseSchema { max_repairs: Some(2), ..schema });
    let options = options(|it| it.response_schema = response_schema);
    let mut agent = Agent::builder().endpoint(endpoint(&provider, options)).build().unwrap();
    let error = agent.ask("City?").unwrap_err();
    is_about(&error, ErrorKind::Answer, "did not give the requested answer");
    // The bound, and no request more.
    provider.assert_requests(3);
}

#[test]
fn a_conversation_that_is_resumed_without_its_files() {
    let provider = Scripted::start(Script::new().text("A cat.").text("Gone.")).unwrap();
    let agent = |saved: Option<Vec<u8>>| {
        let agent = Agent::builder().endpoint(endpoint(&provider, OwnedOptions::default()));
        match saved {
            Some(saved) => agent.saved(saved),
            None => agent,
        }
        .build()
        .unwrap()
    };
    let mut first = agent(None);
    first.ask_with("Look.", [File::bytes(PNG).unwrap().with_name("cat.png")]).unwrap();
    let mut second = agent(Some(first.session().snapshot().to_vec()));
    let error = second.ask("Sure?").unwrap_err();
    is_about(&error, ErrorKind::Input, "cat.png");
    provider.assert_requests(1);
    second.leave_out_attachments().unwrap();
    assert_eq!(second.ask("Sure?").unwrap(), "Gone.");
}
