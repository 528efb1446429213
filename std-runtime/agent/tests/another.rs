//! Conversations of one blocking agent, each on its thread.

use std::io::Read;
use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::{Value, json};
use zerostack_agent::provider::Endpoint;
use zerostack_agent::transport::{Post, Response, Transport};
use zerostack_agent::{
    Agent, AgentBuilder, Error, ErrorKind, Result, SharedBudget, Tool, ToolOutput, Toolbox, Totals,
};
use zerostack_core::{OwnedTool, ToolCall};
use zerostack_scripted::{Reply, Script, Scripted};

fn builder(provider: &Scripted) -> AgentBuilder {
    Agent::builder().endpoint(Endpoint::local(provider.base_url(), "scripted"))
}

/// A provider that asks for one call of `look` in each conversation.
fn looking() -> Scripted {
    let script = Script::new()
        .reply(Reply::new().call("look", json!({})).unless("tool_call_id").repeat())
        .reply(Reply::new().text("Done.").when("tool_call_id").repeat());
    Scripted::start(script).unwrap()
}

const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

#[test]
fn conversations_of_one_agent_run_at_the_same_time() {
    let provider = looking();
    let met = Arc::new(Barrier::new(5));
    // Nobody is through before all are there.
    let look = Tool::new("look", "Looks.", NO_PARAMETERS, move |_: Value| {
        met.wait();
        Ok::<_, String>("seen")
    });
    let budget = SharedBudget::new();
    let first = builder(&provider).system("Be terse.").tool(look).budget(&budget).build().unwrap();
    let running: Vec<_> = (0..5)
        .map(|number| {
            let mut agent = first.another().unwrap();
            thread::spawn(move || {
                assert_eq!(agent.ask(&format!("I am {number}")).unwrap(), "Done.");
                (agent.totals(), agent.session().snapshot().to_vec())
            })
        })
        .collect();
    let ended: Vec<(Totals, Vec<u8>)> = running.into_iter().map(|it| it.join().unwrap()).collect();
    for (totals, _) in &ended {
        assert_eq!((totals.turns, totals.requests), (1, 2));
    }
    assert_eq!((budget.totals().turns, budget.totals().requests), (5, 10));
    assert_eq!(first.totals(), Totals::default());
    assert_eq!(first.session().transcript().entries().count(), 0);
    for request in provider.requests() {
        let body = String::from_utf8(request.body).unwrap();
        assert!(body.contains("Be terse."), "{body}");
        assert_eq!(body.matches("I am ").count(), 1, "{body}");
    }
    let again = first.another_saved(ended[0].1.clone()).unwrap();
    assert_eq!(again.session().transcript().entries().count(), 4);
    assert_eq!(first.another_saved(*b"damaged").err().unwrap().kind(), ErrorKind::Input);
}

/// Counts its calls, so it has no other.
struct Counter(u32);

impl Toolbox for Counter {
    fn specs(&self) -> Vec<OwnedTool> {
        vec![OwnedTool {
            name: "look".to_owned(),
            description: "Looks.".to_owned(),
            parameters: NO_PARAMETERS.to_owned(),
        }]
    }

    fn call(&mut self, _: ToolCall<'_>) -> Result<ToolOutput> {
        self.0 += 1;
        Ok(ToolOutput::ok(format!("call {}", self.0)))
    }
}

#[test]
fn a_toolbox_with_state_serves_one_conversation_after_the_other() {
    let provider = looking();
    let gate = |_: &ToolCall<'_>| Ok(());
    let mut first = builder(&provider).toolbox(Counter(0)).gate(gate).build().unwrap();
    let mut other = first.another().unwrap();
    first.ask("Go").unwrap();
    other.ask("Go").unwrap();
    let bodies = provider.requests();
    let last = String::from_utf8_lossy(&bodies[3].body);
    assert!(last.contains("call 2"), "{last}");
    // Tools that replace others replace them in later conversations too.
    other.set_tools(Counter(10)).unwrap();
    other.another().unwrap().ask("Go").unwrap();
    let bodies = provider.requests();
    let last = String::from_utf8_lossy(&bodies[5].body);
    assert!(last.contains("call 11"), "{last}");
}

#[test]
fn a_cancel_ends_its_own_conversation() {
    let script = Script::new()
        .reply(Reply::new().text("One.").when("first"))
        .reply(Reply::new().text("Two.").when("second").stall(20));
    let provider = Scripted::start(script).unwrap();
    let mut first = builder(&provider).build().unwrap();
    let mut second = first.another().unwrap();
    first.ask("first").unwrap();
    // It has the connection of the first, which is cancelled meanwhile.
    let running = thread::spawn(move || second.ask("second"));
    provider.wait_until_stalled();
    first.cancel().cancel();
    provider.release();
    assert_eq!(running.join().unwrap().unwrap(), "Two.");
    assert_eq!(first.ask("third").unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(provider.connections(), 1);
}

struct OwnTransport;

impl Transport for OwnTransport {
    fn post(&mut self, _: &Post<'_>, _: &mut dyn Read) -> Result<Response> {
        Err(Error::new(ErrorKind::Provider, "not reached"))
    }
}

#[test]
fn a_transport_for_one_conversation_is_refused() {
    let endpoint = Endpoint::local("http://127.0.0.1:1/v1", "m");
    let agent = Agent::builder().endpoint(endpoint).transport(OwnTransport).build().unwrap();
    let error = agent.another().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(
        error.to_string(),
        "the transport serves one conversation: give it Transport::another"
    );
}
