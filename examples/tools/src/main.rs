//! An agent with two tools: typed functions of this program.
//!
//! Without a configured model it starts a scripted one on loopback, which calls both at once.

use serde::Deserialize;
use serde_json::json;
use zerostack_agent::provider::Endpoint;
use zerostack_agent::{Agent, Tool};
use zerostack_core::tool::typed::ToolArgs;
use zerostack_scripted::{Reply, Script, Scripted};

/// Temperature of a city in °C.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "temperature")]
struct City {
    /// Its English name.
    city: String,
}

/// Gives a - b.
#[derive(Deserialize, ToolArgs)]
#[tool(name = "subtract")]
struct Pair {
    /// What to subtract from.
    a: i64,
    /// What to subtract.
    b: i64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scripted = Scripted::start(script())?;
    let endpoint = Endpoint::from_environment()?;
    let endpoint = endpoint.unwrap_or_else(|| Endpoint::local(scripted.base_url(), "scripted"));

    let mut agent = Agent::builder()
        .endpoint(endpoint)
        .tool(Tool::typed(temperature))
        .tool(Tool::typed(subtract))
        .build()?;
    println!("{}", agent.ask("How much warmer is Rome than Oslo?")?);
    Ok(())
}

fn temperature(City { city }: City) -> Result<i64, String> {
    match city.as_str() {
        "Rome" => Ok(21),
        "Oslo" => Ok(4),
        _ => Err(format!("no station in {city}")),
    }
}

fn subtract(Pair { a, b }: Pair) -> Result<i64, String> {
    a.checked_sub(b).ok_or_else(|| "the result is out of range".to_owned())
}

/// A model that asks for both cities in one reply, and then for the difference.
fn script() -> Script {
    let both = Reply::new()
        .call("temperature", json!({"city": "Rome"}))
        .call("temperature", json!({"city": "Oslo"}));
    Script::new().reply(both).call("subtract", json!({"a": 21, "b": 4})).text("17 °C warmer.")
}
