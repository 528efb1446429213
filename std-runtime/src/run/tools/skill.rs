//! The tool `skill`: loads a skill, or one of its files.

use serde::Deserialize;
use zerostack_core::prompt::{Output, tool_name};
use zerostack_core::{OwnedTool, ToolCall};

use super::{Tools, lock};
use crate::agent::{ToolOutput, Toolbox, in_parallel};
use crate::error::listed;
use crate::run::Instructions;
use crate::run::skills::Skill;
use crate::{Result, run};

/// The source of the tool.
pub(super) struct LoadSkill<'a>(pub(super) &'a Tools<'a>);

#[derive(Deserialize)]
struct Arguments {
    name: String,
    file: Option<String>,
    task: Option<String>,
}

impl LoadSkill<'_> {
    fn skills(&self) -> &run::Skills {
        &self.0.options.instructions.skills
    }

    /// The text of a skill, whose `allowed-tools` apply from now on, or one of its files.
    fn load(&self, id: &str, arguments: &str) -> Result<ToolOutput> {
        let Arguments { name, file, task } = match serde_json::from_str(arguments) {
            Ok(arguments) => arguments,
            Err(error) => return Ok(ToolOutput::error(format!("arguments of skill: {error}"))),
        };
        let Some(skill) = self.skills().find(&name) else {
            let names = self.skills().names();
            return Ok(ToolOutput::error(format!("there is no skill {name:?}; there are {names}")));
        };
        if let Some(file) = file {
            return Ok(skill.file(&file));
        }
        if skill.forks {
            return self.fork(id, skill, task.unwrap_or_default());
        }
        let mut content = skill.text();
        if let Some(allowed) = &skill.allowed {
            lock(&self.0.narrowing).add(&name, allowed);
            let offered = self.0.options.instructions.tools.as_deref();
            let has = |tool: &str| offered.is_none_or(|all| all.iter().any(|it| it == tool));
            let missing: Vec<String> =
                allowed.iter().filter(|it| !tool_name(it).is_some_and(has)).cloned().collect();
            if !missing.is_empty() {
                let missing = listed(&missing);
                content.push_str(&format!("\n\nThis run has no {missing}; do without."));
            }
        }
        Ok(ToolOutput::ok(content))
    }

    /// A skill that runs as a subagent.
    fn fork(&self, parent: &str, skill: &Skill, task: String) -> Result<ToolOutput> {
        let allowed = skill.allowed.as_ref().map(|allowed| {
            let names = allowed.iter().filter_map(|it| tool_name(it));
            names.map(str::to_owned).collect::<Vec<_>>()
        });
        let mut instructions = Instructions::new(&skill.name, skill.text(), Output::Text);
        (instructions.tools, instructions.task) = (allowed, task);
        self.0.delegate(parent, instructions)
    }
}

impl Toolbox for LoadSkill<'_> {
    fn specs(&self) -> Vec<OwnedTool> {
        let skills = self.skills();
        if skills.is_empty() { Vec::new() } else { vec![skills.spec()] }
    }

    fn call(&mut self, call: ToolCall<'_>) -> zerostack_agent::Result<ToolOutput> {
        self.0.timed(&call, || self.load(call.provider_id, call.arguments))
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<zerostack_agent::Result<ToolOutput>> {
        let source = &*self;
        in_parallel(calls, |call| {
            source.0.timed(call, || source.load(call.provider_id, call.arguments))
        })
    }
}
