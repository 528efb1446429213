//! The async agent against the scripted provider: the same turns as the blocking one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::sync::Barrier;
use zerostack_agent::provider::{Dialect, Endpoint};
use zerostack_agent::{
    Agent, AgentEvent, AsyncAgent, AsyncAgentBuilder, AsyncTool, Call, ErrorKind, Tool,
    ToolContext, Toolbox,
};
use zerostack_core::Step;
use zerostack_core::tool::typed::ToolArgs;
use zerostack_scripted::{Framing, Reply, Script, Scripted};

/// Looks.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "look")]
struct Look {
    /// Where.
    at: String,
}

fn endpoint(provider: &Scripted) -> Endpoint {
    Endpoint::local(provider.base_url(), "scripted")
}

fn builder(provider: &Scripted) -> AsyncAgentBuilder {
    let look = |Look { at }: Look| async move { Ok::<_, String>(format!("seen {at}")) };
    AsyncAgent::builder(endpoint(provider)).tool(AsyncTool::typed(look))
}

fn looks(places: &[&str]) -> Reply {
    places.iter().fold(Reply::new(), |reply, at| reply.call("look", json!({"at": at})))
}

async fn events(mut turn: zerostack_agent::AsyncTurn<'_>) -> Vec<AgentEvent> {
    let mut events = Vec::new();
    while let Some(event) = turn.next().await {
        events.push(event.unwrap());
    }
    events
}

/// The events, deltas joined, for they are cut where the socket cut them. Waits have a part by chance,
/// and their reasons name the port of the server.
fn shown(events: &[AgentEvent]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for event in events {
        let (kind, text) = match event {
            AgentEvent::Retry { .. } => ("retry", String::new()),
            AgentEvent::Text(text) => ("text ", text.clone()),
            AgentEvent::Reasoning(text) => ("reasoning ", text.clone()),
            other => ("", format!("{other:?}")),
        };
        match lines.last_mut() {
            Some(last) if kind.ends_with(' ') && last.starts_with(kind) => last.push_str(&text),
            _ => lines.push(format!("{kind}{text}")),
        }
    }
    lines
}

#[tokio::test]
async fn the_arguments_of_calls_are_shown_while_they_come_in() {
    let script = || Script::new().reply(looks(&["a", "b"])).reply(Reply::new().text("Done."));
    let told = |events: Vec<AgentEvent>| -> (String, String) {
        events.iter().fold(
            Default::default(),
            |(mut pieces, mut calls): (String, String), event| {
                match event {
                    AgentEvent::ToolCallDelta(call) => pieces.push_str(&call.arguments),
                    AgentEvent::ToolCall(call) => calls.push_str(&call.arguments),
                    _ => {}
                }
                (pieces, calls)
            },
        )
    };
    let provider = Scripted::start(script()).unwrap();
    let mut agent = builder(&provider).call_deltas().build().unwrap();
    let (pieces, calls) = told(events(agent.run("Go")).await);
    assert_eq!(pieces, calls);
    assert_eq!(pieces, r#"{"at":"a"}{"at":"b"}"#);
    let provider = Scripted::start(script()).unwrap();
    let mut agent = Agent::builder().endpoint(endpoint(&provider)).call_deltas().build().unwrap();
    let (pieces, _) = told(agent.run("Go").map(|event| event.unwrap()).collect());
    assert_eq!(pieces, r#"{"at":"a"}{"at":"b"}"#);
    let provider = Scripted::start(script()).unwrap();
    let mut agent = builder(&provider).build().unwrap();
    assert_eq!(told(events(agent.run("Go")).await).0, "");
}

#[tokio::test]
async fn a_tool_knows_its_call_and_its_turn_and_shows_how_far_it_is() {
    let script = || Script::new().reply(looks(&["a", "b"]).usage(7, 3, 0)).text("Done.");
    let parameters = r#"{"type":"object"}"#;
    let provider = Scripted::start(script()).unwrap();
    let look = |context: ToolContext, Look { at }: Look| async move {
        context.progress(&format!("opening {at}"));
        tokio::task::yield_now().await;
        context.progress(&format!("reading {at}"));
        let user = context.deps::<String>().cloned().unwrap_or_default();
        let (call, tokens) = (context.call(), context.usage().input_tokens);
        assert!(!context.is_cancelled() && context.deps::<u8>().is_none());
        Ok::<_, String>(format!("{user} {} {} {tokens}", call.name, call.arguments))
    };
    let tool = AsyncTool::with_context("look", "Looks.", parameters, look);
    let agent = AsyncAgent::builder(endpoint(&provider)).tool(tool).deps("ann".to_owned());
    let mut agent = agent.build().unwrap();
    let told = events(agent.run("Go")).await;
    let said: Vec<(&str, &str)> = told
        .iter()
        .filter_map(|event| match event {
            AgentEvent::ToolProgress { call, text } => Some((&*call.arguments, &**text)),
            _ => None,
        })
        .collect();
    for (arguments, at) in [(r#"{"at":"a"}"#, "a"), (r#"{"at":"b"}"#, "b")] {
        let own: Vec<&str> =
            said.iter().filter(|(of, _)| *of == arguments).map(|(_, text)| *text).collect();
        assert_eq!(own, [format!("opening {at}"), format!("reading {at}")]);
    }
    let results = |events: &[AgentEvent]| -> Vec<String> {
        let results = events.iter().filter_map(|event| match event {
            AgentEvent::ToolResult { content, .. } => Some(content.clone()),
            _ => None,
        });
        results.collect()
    };
    let wanted = [r#"ann look {"at":"a"} 7"#, r#"ann look {"at":"b"} 7"#];
    assert_eq!(results(&told), wanted);
    // Another conversation has other dependencies.
    let mut other = agent.another().unwrap();
    other.set_deps("bob".to_owned());
    let provider = Scripted::start(script()).unwrap();
    let read: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&read);
    let look = |context: &ToolContext, Look { at }: Look| {
        context.progress(&at);
        let user = context.deps::<String>().cloned().unwrap_or_default();
        Ok::<_, String>(format!("{user} {} {}", context.call().name, context.usage().input_tokens))
    };
    let place = endpoint(&provider);
    let told = std::thread::spawn(move || {
        let tool = Tool::with_context("look", "Looks.", parameters, look);
        let agent = Agent::builder().endpoint(place).tool(tool).deps("ann".to_owned());
        let note = move |call: &Call, text: &str| {
            noted.lock().unwrap().push(format!("{} {text}", call.name));
        };
        let mut agent = agent.on_progress(note).build().unwrap();
        agent.set_deps("bob".to_owned());
        agent.run("Go").map(|event| event.unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(results(&told.join().unwrap()), ["bob look 7", "bob look 7"]);
    let mut read = read.lock().unwrap().clone();
    read.sort();
    assert_eq!(read, ["look a", "look b"]);
}

#[tokio::test]
async fn a_call_whose_turn_is_dropped_learns_that_nobody_waits() {
    let provider = Scripted::start(Script::new().reply(looks(&["a"]))).unwrap();
    let kept: Arc<std::sync::Mutex<Option<ToolContext>>> = Arc::default();
    let keep = Arc::clone(&kept);
    let look = move |context: ToolContext, _: Look| {
        *keep.lock().unwrap() = Some(context.clone());
        context.progress("waiting");
        std::future::pending::<Result<String, String>>()
    };
    let tool = AsyncTool::with_context("look", "Looks.", r#"{"type":"object"}"#, look);
    let mut agent = AsyncAgent::builder(endpoint(&provider)).tool(tool).build().unwrap();
    let mut turn = agent.run("Go");
    while let Some(event) = turn.next().await {
        if matches!(event.unwrap(), AgentEvent::ToolProgress { .. }) {
            break;
        }
    }
    let context = kept.lock().unwrap().clone().unwrap();
    assert!(!context.is_cancelled());
    drop(turn);
    assert!(context.is_cancelled());
}

#[test]
fn a_blocking_agent_has_other_tools_from_a_turn_on() {
    let provider = Scripted::start(Script::new().text("One.").text("Two.").text("Three.")).unwrap();
    let tool = |name: &str| {
        let run = |_: serde_json::Value| Ok::<_, String>("");
        Tool::new(name, "", r#"{"type":"object"}"#, run)
    };
    let mut agent =
        Agent::builder().endpoint(endpoint(&provider)).tool(tool("first")).build().unwrap();
    agent.ask("Go").unwrap();
    let before = agent.set_tools(vec![tool("second"), tool("third")]).unwrap();
    assert_eq!(before.specs().len(), 1);
    agent.ask("Go on").unwrap();
    let bad = agent
        .set_tools(vec![Tool::new("bad", "", "[", |_: serde_json::Value| Ok::<_, String>(""))]);
    assert_eq!(bad.err().unwrap().kind(), ErrorKind::Configuration);
    agent.set_tools(before).unwrap();
    agent.ask("Go on").unwrap();
    let names = |index: usize| -> Vec<String> {
        let requests = provider.requests();
        let body: serde_json::Value = serde_json::from_slice(&requests[index].body).unwrap();
        let tools = body["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!([names(0), names(1), names(2)].concat(), ["first", "second", "third", "first"]);
}

#[tokio::test]
async fn events_and_requests_are_those_of_the_blocking_agent() {
    let script = || {
        Script::new()
            .reply(Reply::status(429).header("retry-after-ms", "1"))
            .reply(Reply::new().text("broken").cut(30))
            .reply(looks(&["a", "b", "c"]).text("Looking."))
            .reply(Reply::new().reasoning("Hm.").text("All ").text("seen.").pieces(3))
    };
    let (one, other) = (Scripted::start(script()).unwrap(), Scripted::start(script()).unwrap());
    let look = |Look { at }: Look| Ok::<_, String>(format!("seen {at}"));
    let place = endpoint(&one);
    // On a thread of its own: it blocks.
    let (expected, blocking) = std::thread::spawn(move || {
        let blocking = Agent::builder().endpoint(place).tool(Tool::typed(look));
        let mut blocking = blocking.build().unwrap();
        let events: Vec<AgentEvent> = blocking.run("go").map(Result::unwrap).collect();
        (events, blocking.session().snapshot().to_vec())
    })
    .join()
    .unwrap();
    let mut agent = builder(&other).build().unwrap();
    let found = events(agent.run("go")).await;
    assert_eq!(shown(&found), shown(&expected));
    assert!(found.iter().any(|event| matches!(event, AgentEvent::ToolStarted(_))));
    let bodies = |provider: &Scripted| -> Vec<Vec<u8>> {
        provider.requests().into_iter().map(|request| request.body).collect()
    };
    assert_eq!(bodies(&other), bodies(&one));
    other.assert_played();
    assert_eq!(agent.session().snapshot(), blocking);
}

#[tokio::test]
async fn tools_run_side_by_side_and_a_late_one_is_dropped_at_its_deadline() {
    let script = Script::new()
        .reply(
            looks(&["1", "2", "3"])
                .call("sleep", json!({}))
                .call("panic", json!({}))
                .call("gone", json!({})),
        )
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let (together, ended) = (Arc::new(Barrier::new(3)), Arc::new(AtomicUsize::new(0)));
    let meet = Arc::clone(&together);
    let look = move |Look { at }: Look| {
        let meet = Arc::clone(&meet);
        // Each waits for the others, so this ends only if they run at once.
        async move {
            meet.wait().await;
            Ok::<_, String>(at)
        }
    };
    let count = Arc::clone(&ended);
    let sleep = move |_: serde_json::Value| {
        let count = Arc::clone(&count);
        async move {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, String>("late")
        }
    };
    let panic = |_: serde_json::Value| async {
        if true {
            panic!("a defect of the tool");
        }
        Ok::<_, String>(0)
    };
    let object = r#"{"type":"object"}"#;
    let mut agent = AsyncAgent::builder(endpoint(&provider))
        .tool(AsyncTool::typed(look))
        .tool(AsyncTool::new("sleep", "Sleeps.", object, sleep).deadline(Duration::from_millis(20)))
        .tool(AsyncTool::new("panic", "Panics.", object, panic))
        .build()
        .unwrap();
    let results: Vec<String> = events(agent.run("go"))
        .await
        .into_iter()
        .filter_map(|event| match event {
            AgentEvent::ToolResult { content, is_error, .. } => {
                Some(format!("{content}{}", if is_error { "!" } else { "" }))
            }
            _ => None,
        })
        .collect();
    assert_eq!(results[..3], ["1", "2", "3"]);
    assert_eq!(results[3], "the tool sleep did not end within 20 ms!");
    assert_eq!(results[4], "the tool failed; see the log of its program!");
    assert_eq!(results[5], "there is no tool \"gone\"; there are look, sleep, panic!");
    assert_eq!(ended.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_turn_that_is_dropped_ends_its_request_and_its_tools_and_the_conversation_goes_on() {
    struct OnDrop(Arc<AtomicUsize>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let script = Script::new()
        .reply(Reply::new().text("a").text("b").stall(60))
        .reply(looks(&["x"]))
        .text("here again");
    let provider = Scripted::start(script).unwrap();
    let (begun, dropped) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let (in_tool, count) = (Arc::clone(&begun), Arc::clone(&dropped));
    let look = move |_: Look| {
        let (begun, guard) = (Arc::clone(&in_tool), OnDrop(Arc::clone(&count)));
        async move {
            let _guard = guard;
            begun.wait().await;
            std::future::pending::<Result<(), String>>().await
        }
    };
    let mut agent =
        AsyncAgent::builder(endpoint(&provider)).tool(AsyncTool::typed(look)).build().unwrap();
    // In the middle of a reply.
    let waited = tokio::time::timeout(Duration::from_millis(300), agent.ask("one")).await;
    assert!(waited.is_err());
    assert_eq!(agent.session().step(), Step::Idle);
    // While a tool runs.
    {
        let turn = agent.ask("two");
        tokio::select! {
            answer = turn => panic!("{answer:?}"),
            _ = begun.wait() => {}
        }
    }
    for _ in 0..100 {
        if dropped.load(Ordering::SeqCst) == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(dropped.load(Ordering::SeqCst), 1, "the tool was dropped with its turn");
    assert_eq!(agent.session().step(), Step::Idle);
    assert_eq!(agent.ask("three").await.unwrap(), "here again");
    assert!(provider.requests()[2].contains("aborted"));
}

#[tokio::test]
async fn an_open_turn_goes_on() {
    let provider = Scripted::start(Script::new().reply(looks(&["a"])).text("done")).unwrap();
    let mut session = builder(&provider).build().unwrap().session().clone();
    session.user("go").unwrap();
    let mut again = builder(&provider).saved(session.snapshot()).build().unwrap();
    assert_eq!(again.ask("and now?").await.unwrap_err().kind(), ErrorKind::Usage);
    let text: Vec<AgentEvent> = events(again.resume()).await;
    assert!(text.contains(&AgentEvent::Text("done".to_owned())), "{text:?}");
    let refused = again.resume().next().await.unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Usage);
}

#[tokio::test]
async fn one_connection_serves_all_rounds_in_every_dialect_and_framing() {
    for (dialect, base) in [
        (Dialect::OpenAiChat, "/v1"),
        (Dialect::OpenAiResponses, "/v1"),
        (Dialect::Anthropic, ""),
        (Dialect::Gemini, "/v1beta"),
        (Dialect::Ollama, ""),
    ] {
        let script = Script::new()
            .reply(looks(&["a"]))
            .reply(looks(&["b"]).framing(Framing::Length))
            .text("done");
        let provider = Scripted::start(script).unwrap();
        let url = format!("http://{}{base}", provider.address());
        let endpoint = Endpoint { api: dialect, ..Endpoint::local(url, "m") };
        let look = |Look { at }: Look| async move { Ok::<_, String>(format!("seen {at}")) };
        let agent = AsyncAgent::builder(endpoint).tool(AsyncTool::typed(look));
        assert_eq!(agent.build().unwrap().ask("go").await.unwrap(), "done", "{dialect:?}");
        assert_eq!(provider.connections(), 1, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_refusal_that_does_not_end_is_not_waited_for() {
    let body = r#"{"error":{"message":"no such model"}}"#;
    let reply = Reply::raw("application/json", body).with_status(404).stall(body.len());
    let provider = Scripted::start(Script::new().reply(reply)).unwrap();
    let mut agent = builder(&provider).build().unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(60), agent.ask("go")).await;
    let error = asked.expect("it ends").unwrap_err();
    assert!(error.to_string().contains("no such model"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_reached_and_what_is_refused_is_named() {
    let provider = Scripted::start(Script::new().reply(Reply::status(401))).unwrap();
    let error = builder(&provider).build().unwrap().ask("go").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let nobody = Endpoint::local(format!("http://127.0.0.1:{port}/v1"), "m");
    let mut turns = AsyncAgent::builder(nobody).build().unwrap();
    let mut turn = turns.run("go");
    assert_eq!(turn.next().await.unwrap().unwrap(), AgentEvent::Restart);
    let AgentEvent::Retry { reason, .. } = turn.next().await.unwrap().unwrap() else {
        panic!("no retry")
    };
    assert!(reason.contains(&format!("127.0.0.1:{port} refuses the connection")), "{reason}");
}
