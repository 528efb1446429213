//! Sources of tools with one gate, and a record of the session's inputs.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use zerostack_agent::provider::Endpoint;
use zerostack_agent::{Agent, AgentEvent, Files, Recorder, Result, Tool, ToolOutput, Toolbox};
use zerostack_core::{OwnedTool, Request, ToolCall};
use zerostack_scripted::{Reply, Script, Scripted};

/// A source that counts how many calls it was given at once.
struct Numbers(Arc<Mutex<Vec<usize>>>);

impl Toolbox for Numbers {
    fn specs(&self) -> Vec<OwnedTool> {
        let spec = |name: &str| OwnedTool {
            name: name.to_owned(),
            description: "A number.".to_owned(),
            parameters: r#"{"type":"object"}"#.to_owned(),
        };
        vec![spec("one"), spec("two"), spec("mine")]
    }

    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput> {
        Ok(ToolOutput::ok(format!("number {}", call.name)))
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<Result<ToolOutput>> {
        self.0.lock().unwrap().push(calls.len());
        calls.iter().map(|call| self.call(*call)).collect()
    }
}

struct Notes(Arc<Mutex<Vec<String>>>);

impl Recorder for Notes {
    fn user(&mut self, text: &str) -> Result<()> {
        self.0.lock().unwrap().push(format!("user {text}"));
        Ok(())
    }

    fn request(&mut self, _: Request<'_>, _: &Files) -> Result<()> {
        self.0.lock().unwrap().push("request".to_owned());
        Ok(())
    }

    fn response(&mut self, status: u16, _: Option<u32>) -> Result<()> {
        self.0.lock().unwrap().push(format!("response {status}"));
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        Ok(())
    }

    fn tool_result(&mut self, call: u32, content: &str, is_error: bool) -> Result<()> {
        self.0.lock().unwrap().push(format!("result {call} {content} {is_error}"));
        Ok(())
    }
}

#[test]
fn calls_go_to_their_source_through_the_gate_and_onto_the_record() {
    let calls = ["mine", "one", "two", "secret", "none"];
    let reply = calls.iter().fold(Reply::new(), |reply, name| reply.call(name, json!({})));
    let provider = Scripted::start(Script::new().reply(reply).text("done")).unwrap();
    let (at_once, notes) = (Arc::default(), Arc::default());
    let own = |name: &'static str| {
        let run = move |_: Value| Ok::<_, String>(format!("own {name}"));
        Tool::new(name, "Ours.", r#"{"type":"object"}"#, run)
    };
    let mut agent = Agent::builder()
        .endpoint(Endpoint::local(provider.base_url(), "m"))
        .tool(own("mine"))
        .tool(own("secret"))
        .toolbox(Numbers(Arc::clone(&at_once)))
        .gate(|call| match call.name {
            "secret" => Err("that is not allowed".to_owned()),
            _ => Ok(()),
        })
        .recorder(Notes(Arc::clone(&notes)))
        .build()
        .unwrap();
    let events: Vec<AgentEvent> = agent.run("go").collect::<Result<_>>().unwrap();
    let started: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::ToolStarted(call) => Some(call.name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(started, calls);
    assert_eq!(*at_once.lock().unwrap(), [2], "neighbours of one source come together");
    let notes = notes.lock().unwrap();
    let none = r#"there is no tool "none"; there are mine, secret, one, two"#;
    let expected = [
        "user go",
        "request",
        "response 200",
        "result 0 own mine false",
        "result 1 number one false",
        "result 2 number two false",
        "result 3 that is not allowed true",
        &format!("result 4 {none} true"),
        "request",
        "response 200",
    ];
    let kept: Vec<String> = notes.iter().map(|note| renumbered(note, &notes)).collect();
    assert_eq!(kept, expected);
    let tools = &provider.requests()[0].json()["tools"];
    let names: Vec<&str> = (0..4).filter_map(|at| tools[at]["function"]["name"].as_str()).collect();
    assert_eq!(names, ["mine", "secret", "one", "two"]);
    assert_eq!(tools.as_array().unwrap().len(), 4, "the first source of a name has it");
}

/// The note with the number of its call counted from 0.
fn renumbered(note: &str, all: &[String]) -> String {
    let Some(rest) = note.strip_prefix("result ") else { return note.to_owned() };
    let before = all.iter().take_while(|other| *other != note);
    let number = before.filter(|other| other.starts_with("result ")).count();
    let (_, rest) = rest.split_once(' ').unwrap();
    format!("result {number} {rest}")
}
