//! The smallest agent: one question, the answer as it streams in.
//!
//! Without a configured model it starts a scripted one on loopback.

use std::io::Write;

use zerostack_agent::provider::Endpoint;
use zerostack_agent::{Agent, AgentEvent};
use zerostack_scripted::{Script, Scripted};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scripted = Scripted::start(Script::new().text("Air scatters blue light more than red."))?;
    let builder = match Endpoint::from_environment()? {
        Some(endpoint) => Agent::builder().endpoint(endpoint),
        None => Agent::builder().endpoint(Endpoint::local(scripted.base_url(), "scripted")),
    };
    let mut agent = builder.system("Answer in one sentence.").build()?;
    for event in agent.run("Why is the sky blue?") {
        if let AgentEvent::Text(text) = event? {
            print!("{text}");
            let _ = std::io::stdout().flush();
        }
    }
    println!();
    Ok(())
}
