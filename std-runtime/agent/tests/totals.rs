//! What turns take together, and agents that share connections, tools and a budget.

use serde_json::json;
use zerostack_agent::provider::Endpoint;
use zerostack_agent::{Agent, AsyncAgent, AsyncTool, ErrorKind, SharedBudget, Tool, Totals};
use zerostack_core::{Limits, Prices};
use zerostack_scripted::{Reply, Script, Scripted};

fn endpoint(provider: &Scripted) -> Endpoint {
    Endpoint::local(provider.base_url(), "scripted")
}

fn priced() -> Limits {
    let prices = Prices { input: 1_000_000, output: 2_000_000, ..Prices::NONE };
    Limits { prices, ..Limits::default() }
}

const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

#[test]
fn turns_are_added_up_and_a_budget_ends_them() {
    let script = Script::new()
        .reply(Reply::new().call("look", json!({})))
        .reply(Reply::new().text("four words of text"))
        .reply(Reply::new().text("never sent"));
    let provider = Scripted::start(script).unwrap();
    let budget = SharedBudget::new().max_cost_micros(1_000_000_000);
    let look = |_: serde_json::Value| Ok::<_, String>("seen");
    let builder = || Agent::builder().endpoint(endpoint(&provider)).limits(priced());
    let mut one = builder()
        .tool(Tool::new("look", "Looks.", NO_PARAMETERS, look))
        .budget(&budget)
        .build()
        .unwrap();
    one.ask("Go").unwrap();
    let totals = one.totals();
    assert_eq!((totals.turns, totals.requests), (1, 2));
    assert_eq!(totals.usage, one.usage());
    // Both replies have whole numbers of millionths.
    let cost = u64::from(totals.usage.input_tokens) + 2 * u64::from(totals.usage.output_tokens);
    assert_eq!(totals.cost_micros, cost);
    assert_eq!(budget.totals(), totals);

    let small = SharedBudget::new().max_tokens(1);
    let mut other = builder().budget(&small).build().unwrap();
    other.ask("Go").unwrap();
    let error = other.ask("Go on").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.message().contains("tokens of a shared budget of 1 are used"), "{error}");
    assert_eq!(other.totals().requests, 1);
    assert_eq!(other.totals().turns, 2);
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn agents_are_made_like_one_another_and_run_at_the_same_time() {
    let script = Script::new()
        .reply(Reply::new().call("look", json!({})).unless("tool_call_id").repeat())
        .reply(Reply::new().text("Done.").when("tool_call_id").repeat());
    let provider = Scripted::start(script).unwrap();
    let met = std::sync::Arc::new(tokio::sync::Barrier::new(5));
    let look = AsyncTool::new("look", "Looks.", NO_PARAMETERS, move |_: serde_json::Value| {
        let met = met.clone();
        async move {
            // Nobody is through before all are there.
            met.wait().await;
            Ok::<_, String>("seen")
        }
    });
    let budget = SharedBudget::new();
    let first = AsyncAgent::builder(endpoint(&provider)).system("Be terse.").tool(look);
    let first = first.limits(priced()).budget(&budget).build().unwrap();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..5 {
        let mut agent = first.another().unwrap();
        running.spawn(async move {
            let answer = agent.ask(&format!("I am {number}")).await.unwrap();
            (answer, agent.totals(), agent.session().snapshot().to_vec())
        });
    }
    let mut sum = Totals::default();
    let mut saved = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (answer, totals, snapshot) = ended.unwrap();
        assert_eq!(answer, "Done.");
        assert_eq!((totals.turns, totals.requests), (1, 2));
        sum.turns += totals.turns;
        sum.requests += totals.requests;
        sum.usage = sum.usage.plus(totals.usage);
        sum.cost_micros += totals.cost_micros;
        saved = snapshot;
    }
    assert_eq!(budget.totals(), sum);
    assert_eq!(first.session().transcript().entries().count(), 0);
    assert_eq!(first.totals(), Totals::default());
    let bodies = provider.requests();
    assert!(
        bodies.iter().all(|request| String::from_utf8_lossy(&request.body).contains("Be terse."))
    );
    let again = first.another_saved(saved).unwrap();
    assert_eq!(again.session().transcript().entries().count(), 4);
}

#[tokio::test]
async fn tools_can_be_others_from_a_turn_on() {
    let script = Script::new().reply(Reply::new().text("Hi.").repeat());
    let provider = Scripted::start(script).unwrap();
    let tool = |name: &str| {
        let look = |_: serde_json::Value| async { Ok::<_, String>("") };
        AsyncTool::new(name, "Looks.", NO_PARAMETERS, look)
    };
    let agent = AsyncAgent::builder(endpoint(&provider)).tool(tool("one"));
    let mut agent = agent.build().unwrap();
    agent.ask("1").await.unwrap();
    let before = agent.set_tools(vec![tool("one"), tool("two")]).unwrap();
    agent.ask("2").await.unwrap();
    agent.set_tools(before).unwrap();
    agent.ask("3").await.unwrap();
    let names: Vec<usize> = provider
        .requests()
        .iter()
        .map(|request| {
            String::from_utf8_lossy(&request.body).matches(r#""type":"function""#).count()
        })
        .collect();
    assert_eq!(names, [1, 2, 1]);
}
