//! An agent goes on with a turn that was open when its conversation was saved.

use serde::Deserialize;
use serde_json::json;
use zerostack_agent::ErrorKind;
use zerostack_agent::provider::Endpoint;
use zerostack_agent::{Agent, AgentBuilder, Tool};
use zerostack_core::Step;
use zerostack_core::tool::typed::ToolArgs;
use zerostack_scripted::{Script, Scripted};

/// Looks.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "look")]
struct Look {
    /// Where.
    at: String,
}

fn builder(provider: &Scripted) -> AgentBuilder {
    let look = |Look { at }: Look| Ok::<_, String>(format!("seen {at}"));
    Agent::builder()
        .endpoint(Endpoint::local(provider.base_url(), "scripted"))
        .tool(Tool::typed(look))
}

fn text_of(turn: zerostack_agent::Turn<'_>) -> zerostack_agent::Result<String> {
    let mut text = String::new();
    for event in turn {
        if let zerostack_agent::AgentEvent::Text(more) = event? {
            text.push_str(&more);
        }
    }
    Ok(text)
}

#[test]
fn an_open_turn_goes_on_and_one_that_ended_does_not() {
    let script = Script::new().call("look", json!({"at": "a"})).text("done").text("more");
    let provider = Scripted::start(script).unwrap();
    let mut agent = builder(&provider).build().unwrap();
    let mut saved = Vec::new();
    {
        // What is on disk when the process dies while the tool runs: no result yet.
        let mut session = agent.session().clone();
        session.user("go").unwrap();
        saved.extend_from_slice(session.snapshot());
    }
    let mut again = builder(&provider).saved(saved).build().unwrap();
    assert_eq!(again.session().step(), Step::Send);
    let refused = again.ask("and now?").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Usage);
    assert!(refused.message().contains("resume()"), "{refused}");
    assert_eq!(text_of(again.resume()).unwrap(), "done");
    assert!(provider.requests()[1].contains("seen a"));
    assert_eq!(text_of(again.resume()).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(again.ask("and now?").unwrap(), "more");

    // A turn that was dropped is over, in what was saved of it, too.
    drop(agent.run("dropped"));
    let saved = agent.session().snapshot().to_vec();
    let over = builder(&provider).saved(saved).build().unwrap();
    assert_eq!(over.session().step(), Step::Idle);
    let damaged = builder(&provider).saved(*b"zst?").build().err().unwrap();
    assert_eq!(damaged.kind(), ErrorKind::Input);
}
