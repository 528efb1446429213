//! Answers as values: the schema that the model receives, and an answer that does not fit.

use serde::Deserialize;
use serde_json::{Value, json};
use zerostack_agent::provider::Endpoint;
use zerostack_agent::{Agent, AgentEvent, ErrorKind, Tool};
use zerostack_core::tool::typed::{ArgType, ToolArgs};
use zerostack_core::{OwnedResponseSchema, Step};
use zerostack_scripted::{Script, Scripted};

#[derive(Deserialize, ArgType, PartialEq, Debug)]
struct City {
    /// Its name.
    name: String,
    /// How many people live there.
    inhabitants: u32,
}

/// Looks.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "look")]
struct Look {
    /// Where.
    at: String,
}

const OSLO: &str = r#"{"name":"Oslo","inhabitants":717710}"#;

fn agent(provider: &Scripted, max_repairs: u8) -> Agent {
    let look = |Look { at }: Look| Ok::<_, String>(format!("seen {at}"));
    Agent::builder()
        .endpoint(Endpoint::local(provider.base_url(), "scripted"))
        .tool(Tool::typed(look))
        .max_repairs(max_repairs)
        .build()
        .unwrap()
}

fn oslo() -> City {
    City { name: "Oslo".into(), inhabitants: 717_710 }
}

/// The JSON bodies of the requests.
fn bodies(provider: &Scripted) -> Vec<Value> {
    provider.requests().iter().map(|request| request.json()).collect()
}

/// What the model was asked last.
fn asked(provider: &Scripted) -> String {
    let body = bodies(provider).pop().unwrap();
    body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
}

#[test]
fn an_answer_is_a_value_after_its_tools_ran() {
    let script = Script::new().call("look", json!({"at": "a"})).text(OSLO).text("plain");
    let provider = Scripted::start(script).unwrap();
    let mut agent = agent(&provider, 2);
    let city: City = agent.ask_as("The largest city of Norway?").unwrap();
    assert_eq!(city, oslo());
    let sent = bodies(&provider);
    let format = &sent[0]["response_format"]["json_schema"];
    assert_eq!(format["schema"]["required"], json!(["name", "inhabitants"]));
    assert_eq!(sent[1]["response_format"]["json_schema"], *format, "in each round");
    // The next turn is plain again.
    assert_eq!(agent.ask("And?").unwrap(), "plain");
    assert_eq!(bodies(&provider)[2].get("response_format"), None);
}

#[test]
fn what_is_no_object_is_put_into_one() {
    let cities = format!(r#"{{"value":[{OSLO}]}}"#);
    let script = Script::new().text(&cities).text(r#"{"value":7}"#);
    let provider = Scripted::start(script).unwrap();
    let mut agent = agent(&provider, 0);
    assert_eq!(agent.ask_as::<Vec<City>>("Cities?").unwrap(), [oslo()]);
    assert_eq!(agent.ask_as::<i64>("A number?").unwrap(), 7);
    let schema = bodies(&provider)[1]["response_format"]["json_schema"]["schema"].clone();
    assert_eq!(schema["properties"], json!({"value": {"type": "integer"}}));
}

#[test]
fn an_answer_that_does_not_fit_is_asked_for_again() {
    let script = Script::new().text(r#"{"name":"Oslo"}"#).text(OSLO);
    let provider = Scripted::start(script).unwrap();
    let mut agent = agent(&provider, 1);
    assert_eq!(agent.ask_as::<City>("City?").unwrap(), oslo());
    let asked = asked(&provider);
    assert!(asked.contains(r#"required "inhabitants", found {"name":"Oslo"}"#), "{asked}");
}

#[test]
fn what_only_the_type_knows_is_asked_for_again_too() {
    // The schema has no upper bound for it.
    let large = r#"{"name":"Oslo","inhabitants":99999999999}"#;
    let provider = Scripted::start(Script::new().text(large).text(OSLO)).unwrap();
    assert_eq!(agent(&provider, 1).ask_as::<City>("City?").unwrap(), oslo());
    let asked = asked(&provider);
    assert!(asked.contains("not the answer that was asked for: inhabitants:"), "{asked}");
    let provider = Scripted::start(Script::new().text(large)).unwrap();
    let error = agent(&provider, 0).ask_as::<City>("City?").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
}

#[test]
fn after_the_last_time_the_error_says_why_and_the_text_is_there() {
    let script = Script::new().text("no").text("never").text("plain");
    let provider = Scripted::start(script).unwrap();
    let mut agent = agent(&provider, 1);
    let error = agent.ask_as::<City>("City?").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
    assert!(error.message().ends_with("the text is not one JSON value"), "{error}");
    assert_eq!(agent.session().transcript().answer().collect::<String>(), "never");
    assert_eq!(agent.session().step(), Step::Idle);
    assert_eq!(agent.ask("And?").unwrap(), "plain");
}

#[test]
fn the_events_tell_that_and_why_it_is_asked_for_again() {
    let script = Script::new().text("no").text(OSLO);
    let provider = Scripted::start(script).unwrap();
    let endpoint = Endpoint::local(provider.base_url(), "scripted");
    let mut config = endpoint.session_config();
    let schema = OwnedResponseSchema::new("answer", r#"{"type":"object"}"#);
    let schema = OwnedResponseSchema { max_repairs: Some(1), ..schema };
    config.options.response_schema = Some(schema);
    let session = zerostack_agent::start_session(config).unwrap();
    let cancel = zerostack_agent::transport::Cancel::default();
    let options = zerostack_agent::transport::HttpOptions::from_env(&|_| None).unwrap();
    let http = zerostack_agent::transport::Http::new(options, cancel.clone());
    let tools: Vec<Tool> = Vec::new();
    let mut conversation =
        zerostack_agent::Conversation::new(session, endpoint, http, tools, cancel);
    conversation.say("City?").unwrap();
    let (mut text, mut reasons, mut ends) = (String::new(), Vec::new(), 0);
    while let Some(event) = conversation.next_event().unwrap() {
        match event {
            AgentEvent::Text(more) => text.push_str(&more),
            AgentEvent::Restart => text.clear(),
            AgentEvent::Retry { wait_ms, reason } => reasons.push((wait_ms, reason)),
            AgentEvent::End(_) => ends += 1,
            _ => {}
        }
    }
    assert_eq!((text.as_str(), ends), (OSLO, 1));
    let reason = "the answer does not fit: the text is not one JSON value";
    assert_eq!(reasons, [(0, reason.to_owned())]);
}

#[test]
fn a_turn_that_is_open_is_not_changed() {
    let provider = Scripted::start(Script::new()).unwrap();
    let mut config = Endpoint::local(provider.base_url(), "scripted").session_config();
    config.model = "scripted".into();
    let mut session = zerostack_agent::start_session(config).unwrap();
    session.user("go").unwrap();
    let saved = session.snapshot().to_vec();
    let mut agent = Agent::builder()
        .endpoint(Endpoint::local(provider.base_url(), "scripted"))
        .saved(saved)
        .build()
        .unwrap();
    assert_eq!(agent.ask_as::<City>("City?").unwrap_err().kind(), ErrorKind::Usage);
}

#[cfg(feature = "async")]
#[tokio::test]
async fn the_async_agent_gives_the_same_values() {
    let script = Script::new().text("no").text(OSLO).text("no").text("plain");
    let provider = Scripted::start(script).unwrap();
    let endpoint = Endpoint::local(provider.base_url(), "scripted");
    let agent = zerostack_agent::AsyncAgent::builder(endpoint).max_repairs(1).build();
    let mut agent = agent.unwrap();
    assert_eq!(agent.ask_as::<City>("City?").await.unwrap(), oslo());
    let before = agent.set_answer_schema(None).unwrap();
    assert_eq!(before, None);
    assert_eq!(agent.ask("And?").await.unwrap(), "no");
    assert_eq!(agent.ask("And?").await.unwrap(), "plain");
}
