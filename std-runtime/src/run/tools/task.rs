//! The tool `task`: gives a task to a subagent.

use std::num::NonZero;

use serde::Deserialize;
use zerostack_core::{OwnedTool, ToolCall, ToolSpec};

use super::narrowing::Narrowing;
use super::{Tools, lock, names};
use crate::Result;
use crate::agent::{ToolOutput, Toolbox, in_parallel_up_to};
use crate::run::{Filling, Instructions};

/// Runs subagents.
pub(in crate::run) trait Delegate: Sync {
    /// The result of a subagent with `instructions`, for the call with the id `parent`. The limits
    /// of the skills that its parent loaded apply to it too.
    ///
    /// # Errors
    /// An error that ends the run.
    fn delegate(
        &self,
        parent: &str,
        instructions: Instructions,
        narrowing: Narrowing,
    ) -> Result<ToolOutput>;
}

/// The source of the tool.
pub(super) struct GiveTask<'a>(pub(super) &'a Tools<'a>);

#[derive(Deserialize)]
struct Arguments {
    task: String,
    prompt: Option<String>,
    tools: Option<Vec<String>>,
}

impl Tools<'_> {
    /// Gives a task to a subagent.
    pub(super) fn delegate(&self, parent: &str, instructions: Instructions) -> Result<ToolOutput> {
        let narrowing = lock(&self.narrowing).clone();
        self.delegate.delegate(parent, instructions, narrowing)
    }

    /// The call `parent` of the tool.
    fn task(&self, parent: &str, arguments: &str) -> Result<ToolOutput> {
        let Arguments { task, prompt, tools } = match serde_json::from_str(arguments) {
            Ok(arguments) => arguments,
            Err(error) => return Ok(ToolOutput::error(format!("arguments of task: {error}"))),
        };
        let name = prompt.as_deref().unwrap_or("ask");
        let mut prompts = self.options.prompts.clone();
        let mut instructions = match prompts.find(name, &mut Filling::of(&task)) {
            Ok(Some(instructions)) => instructions,
            Ok(None) => {
                let names: Vec<String> = prompts.list().into_iter().map(|(name, _)| name).collect();
                let text = format!("there is no prompt {name:?}; there are {}", names.join(", "));
                return Ok(ToolOutput::error(text));
            }
            Err(error) => return Ok(ToolOutput::error(error.to_string())),
        };
        if let Some(wanted) = tools {
            let all = instructions.tools.unwrap_or_else(|| names().map(str::to_owned).collect());
            instructions.tools = Some(all.into_iter().filter(|it| wanted.contains(it)).collect());
        }
        self.delegate(parent, instructions)
    }
}

impl Toolbox for GiveTask<'_> {
    fn specs(&self) -> Vec<OwnedTool> {
        let options = self.0.options;
        let is_offered = options.instructions.tools.iter().flatten().any(|it| it == "task");
        if options.subagents || is_offered { vec![spec()] } else { Vec::new() }
    }

    fn call(&mut self, call: ToolCall<'_>) -> zerostack_agent::Result<ToolOutput> {
        self.0.timed(&call, || self.0.task(call.provider_id, call.arguments))
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<zerostack_agent::Result<ToolOutput>> {
        let tools = self.0;
        // They spend most of their time waiting for a server.
        in_parallel_up_to(MAX_AT_ONCE, calls, |call| {
            tools.timed(call, || tools.task(call.provider_id, call.arguments))
        })
    }
}

/// The most subagents of one reply at the same time.
const MAX_AT_ONCE: NonZero<usize> = NonZero::new(32).unwrap();

/// The description of the tool for the model.
pub(super) fn spec() -> OwnedTool {
    OwnedTool::from(SPEC)
}

const SPEC: ToolSpec<'static> = ToolSpec {
    name: "task",
    description: "Give a task to a subagent: it knows nothing of this conversation, works in the same folder, and \
        only its result comes back. Several in one reply run at once. prompt: ask (the default, changes nothing), \
        code or another prompt's name; tools: fewer than it has.",
    parameters: r#"{"type":"object","properties":{"task":{"type":"string"},"prompt":{"type":"string"},"tools":{"type":"array","items":{"type":"string"}}},"required":["task"]}"#,
};
