//! A thousand agents at the same time on two threads, each with a tool.
//!
//! The model is a scripted one on loopback: it calls the tool, and answers with its result.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;
use zerostack_agent::provider::Endpoint;
use zerostack_agent::transport::HttpOptions;
use zerostack_agent::{AsyncAgent, AsyncHttp, AsyncTool, Result};
use zerostack_core::tool::typed::ToolArgs;
use zerostack_scripted::{Reply, Script, Scripted};

/// Doubles a number, slowly.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "double")]
struct Double {
    /// The number.
    number: i64,
}

async fn double(Double { number }: Double) -> Result<i64, String> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    number.checked_mul(2).ok_or_else(|| "the result is out of range".to_owned())
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Scripted::start(script())?;
    let endpoint = Endpoint::local(model.base_url(), "scripted");
    // One client for all: they share its connections.
    let http = AsyncHttp::new(HttpOptions::default())?;
    let started = Instant::now();
    let mut sessions = JoinSet::new();
    for _ in 0..SESSIONS {
        let agent = AsyncAgent::builder(endpoint.clone()).http(http.clone());
        let mut agent = agent.tool(AsyncTool::typed(double).deadline(LIMIT)).build()?;
        sessions.spawn(async move { agent.ask("What is twice 21?").await });
    }
    let mut answered = 0;
    while let Some(answer) = sessions.join_next().await {
        let answer = answer??;
        if answer != "42" {
            return Err(format!("{answer:?} is no answer of the model").into());
        }
        answered += 1;
    }
    let requests = model.requests().len();
    println!("{answered} sessions, {requests} requests in {:.1?}", started.elapsed());
    Ok(())
}

fn script() -> Script {
    let call = Reply::new().call("double", json!({"number": 21}));
    Script::new()
        .reply(call.unless(RESULT).repeat())
        .reply(Reply::new().text("42").when(RESULT).repeat())
}

const SESSIONS: usize = 1000;
/// Stands in a request that holds the result of a tool.
const RESULT: &str = "tool_call_id";
const LIMIT: Duration = Duration::from_secs(30);
