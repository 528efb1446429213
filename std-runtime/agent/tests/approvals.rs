//! Calls that wait for approval, in both agents, and calls that cannot run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use zerostack_agent::provider::Endpoint;
use zerostack_agent::{
    Agent, AgentBuilder, AgentEvent, AsyncAgent, AsyncTool, BadCallPolicy, Decision, DeferredCall,
    Error, ErrorKind, Tool, ToolOutput,
};
use zerostack_core::Step;
use zerostack_scripted::{Reply, Script, Scripted};

const SCHEMA: &str = r#"{"type":"object","properties":{"line":{"type":"integer"}}}"#;

fn endpoint(provider: &Scripted) -> Endpoint {
    Endpoint::local(provider.base_url(), "m")
}

/// An agent with a tool that asks and one that does not, and how often the first one ran.
fn builder(provider: &Scripted) -> (AgentBuilder, Arc<AtomicUsize>) {
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    let remove = move |arguments: Value| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, String>(format!("removed {arguments}"))
    };
    let look = |_: Value| Ok::<_, String>("seen");
    let builder = Agent::builder()
        .endpoint(endpoint(provider))
        .tool(Tool::new("remove", "Removes.", SCHEMA, remove).needs_approval())
        .tool(Tool::new("look", "Looks.", SCHEMA, look));
    (builder, ran)
}

fn agent(provider: &Scripted) -> (Agent, Arc<AtomicUsize>) {
    let (builder, ran) = builder(provider);
    (builder.build().unwrap(), ran)
}

fn reply() -> Reply {
    Reply::new()
        .call("remove", json!({"line": 1}))
        .call("look", json!({}))
        .call("remove", json!({"line": 2}))
        .call("remove", json!({"line": 3}))
}

fn waiting(events: &[AgentEvent]) -> Vec<DeferredCall> {
    let deferred = events.iter().filter_map(|event| match event {
        AgentEvent::Deferred { calls } => Some(calls.clone()),
        _ => None,
    });
    let all: Vec<_> = deferred.collect();
    assert_eq!(all.len(), 1, "{events:?}");
    all.concat()
}

fn results(events: &[AgentEvent]) -> Vec<(&str, bool)> {
    let result = |event| match event {
        &AgentEvent::ToolResult { ref content, is_error, .. } => Some((content.as_str(), is_error)),
        _ => None,
    };
    events.iter().filter_map(result).collect()
}

#[test]
fn calls_wait_are_saved_and_decided_elsewhere() {
    let provider = Scripted::start(Script::new().reply(reply()).text("Done.")).unwrap();
    let (mut first, ran) = agent(&provider);
    let events: Vec<_> = first.run("Clean up.").collect::<Result<_, _>>().unwrap();
    let calls = waiting(&events);
    assert_eq!(calls.iter().map(|it| it.id).collect::<Vec<_>>(), [0, 2, 3]);
    assert_eq!(calls[1].call.arguments, r#"{"line":2}"#);
    assert_eq!(results(&events), [("seen", false)]);
    assert_eq!(first.session().step(), Step::RunTools);
    let saved = first.session().snapshot().to_vec();
    // A call that waits is one without a result: nothing is saved beside the transcript.
    let texts: usize =
        first.session().transcript().entries().map(|it| format!("{it:?}").len()).sum();
    assert!(saved.len() < texts, "{} bytes of {texts}", saved.len());
    drop(first);
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    let (builder, ran) = builder(&provider);
    let mut second = builder.saved(saved).build().unwrap();
    // Nothing is decided yet, then an id is wrong, then a part is decided.
    let again: Vec<_> = second.resume().collect::<Result<_, _>>().unwrap();
    assert_eq!(waiting(&again), calls);
    let wrong = second.resume_with([(1, Decision::Approve)]).next().unwrap().unwrap_err();
    assert_eq!(wrong.to_string(), "no call with the id 1 is open; the open ones are [0, 2, 3]");
    let part = second.resume_with([(2, Decision::Deny("Not that one.".to_owned()))]);
    let part: Vec<_> = part.collect::<Result<_, _>>().unwrap();
    assert_eq!(results(&part), [("the call was denied: Not that one.", true)]);
    assert_eq!(waiting(&part).len(), 2);
    assert_eq!(provider.requests().len(), 1);
    let answer = Decision::Answer(ToolOutput::ok("it was gone"));
    let rest = second.resume_with([(0, Decision::Approve), (3, answer)]);
    let rest: Vec<_> = rest.collect::<Result<_, _>>().unwrap();
    let told = [("it was gone", false), ("removed {\"line\":1}", false)];
    assert_eq!(results(&rest), told);
    assert_eq!(ran.load(Ordering::Relaxed), 1);
    assert!(matches!(rest.last(), Some(AgentEvent::End(_))), "{rest:?}");
    provider.assert_requests(2);
}

#[tokio::test]
async fn the_async_agent_waits_too() {
    let provider = Scripted::start(Script::new().reply(reply()).text("Done.")).unwrap();
    let remove = |arguments: Value| async move { Ok::<_, String>(format!("removed {arguments}")) };
    let look = |_: Value| async { Ok::<_, String>("seen") };
    let asks = |arguments: &str| !arguments.contains('1');
    let mut agent = AsyncAgent::builder(endpoint(&provider))
        .tool(AsyncTool::new("remove", "Removes.", SCHEMA, remove).needs_approval_if(asks))
        .tool(AsyncTool::new("look", "Looks.", SCHEMA, look))
        .build()
        .unwrap();
    let error = agent.ask("Clean up.").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deferred);
    let text =
        "the turn waits for the approval of calls (remove, remove): continue it with resume_with()";
    assert_eq!(error.to_string(), text);
    let mut events = Vec::new();
    let deny = || Decision::Deny(String::new());
    let mut turn = agent.resume_with([(2, Decision::Approve), (3, deny())]);
    while let Some(event) = turn.next().await {
        events.push(event.unwrap());
    }
    drop(turn);
    assert_eq!(results(&events), [("the call was denied", true), ("removed {\"line\":2}", false)]);
    assert_eq!(agent.session().step(), Step::Idle);
    provider.requests()[1].assert_contains("removed {\"line\":1}");
}

fn bad(policy: BadCallPolicy, most: u16, replies: u32) -> (Result<String, Error>, Vec<String>) {
    bad_by(|agent| agent.bad_calls(policy, most), replies)
}

fn bad_by(
    rules: impl FnOnce(AgentBuilder) -> AgentBuilder,
    replies: u32,
) -> (Result<String, Error>, Vec<String>) {
    let bad = || {
        Reply::new()
            .call("look", json!({"line": "7"}))
            .call("look", json!({"line": "seven"}))
            .call("lock", json!({}))
            .call("look", json!("\"seven\""))
    };
    let script = (0..replies).fold(Script::new(), |script, _| script.reply(bad()));
    let provider = Scripted::start(script.text("Done.")).unwrap();
    let look = |arguments: Value| Ok::<_, String>(format!("at {arguments}"));
    let agent = Agent::builder().endpoint(endpoint(&provider));
    let agent = agent.tool(Tool::new("look", "Looks.", SCHEMA, look));
    let mut agent = rules(agent).build().unwrap();
    let mut told = Vec::new();
    let mut ended = Ok(String::new());
    for event in agent.run("Look.") {
        match event {
            Ok(AgentEvent::ToolResult { content, .. }) => told.push(content),
            Ok(AgentEvent::Text(text)) => ended = Ok(text),
            Ok(_) => {}
            Err(error) => ended = Err(error),
        }
    }
    assert_eq!(agent.session().step(), Step::Idle);
    (ended, told)
}

#[test]
fn calls_that_cannot_run_are_reported_to_the_model_or_repaired() {
    let seven = r#"the arguments do not fit: /line: type "integer", found "seven""#;
    let text = r#"the arguments do not fit: (root): type "object", found "seven""#;
    let unknown = r#"there is no tool "lock"; there are look"#;
    // Repair is what holds if nothing is set.
    for (ended, mut told) in [bad(BadCallPolicy::Repair, 32, 1), bad_by(|agent| agent, 1)] {
        told.sort();
        assert_eq!(ended.unwrap(), "Done.");
        assert_eq!(told, [r#"at {"line":7}"#, text, seven, unknown]);
    }
    let (ended, mut told) = bad(BadCallPolicy::Tell, 32, 1);
    told.sort();
    assert_eq!(ended.unwrap(), "Done.");
    let first = r#"the arguments do not fit: /line: type "integer", found "7""#;
    assert_eq!(told, [text, first, seven, unknown]);
}

/// The session answers these itself; they count all the same.
#[test]
fn arguments_that_are_no_json_count() {
    let run = |policy, most| {
        let script = Script::new().call("look", json!("{\"line\":")).text("Done.");
        let provider = Scripted::start(script).unwrap();
        let look = |_: Value| Ok::<_, String>("seen");
        let tool = Tool::new("look", "Looks.", SCHEMA, look);
        let agent = Agent::builder().endpoint(endpoint(&provider)).tool(tool);
        agent.bad_calls(policy, most).build().unwrap().ask("Look.")
    };
    assert_eq!(run(BadCallPolicy::Tell, 1).unwrap(), "Done.");
    let said = "the model called a tool: the arguments are not one JSON value";
    assert_eq!(run(BadCallPolicy::Fail, 1).unwrap_err().to_string(), said);
    assert_eq!(run(BadCallPolicy::Repair, 0).unwrap_err().kind(), ErrorKind::BadCall);
}

#[test]
fn calls_that_cannot_run_fail_the_turn_where_that_is_asked_for_or_when_they_are_too_many() {
    let (ended, _) = bad(BadCallPolicy::Fail, 32, 1);
    let error = ended.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadCall);
    let said =
        r#"the model called look: the arguments do not fit: /line: type "integer", found "7""#;
    assert_eq!(error.to_string(), said);
    // Three of each reply cannot run.
    assert_eq!(bad(BadCallPolicy::Repair, 6, 2).0.unwrap(), "Done.");
    let error = bad(BadCallPolicy::Repair, 5, 2).0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadCall);
    let text = error.to_string();
    assert!(
        text.starts_with("the model made more than 5 calls that cannot run, the last of"),
        "{text}"
    );
}
