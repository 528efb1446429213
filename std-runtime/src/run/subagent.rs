//! Subagents: tasks that the model delegates. Each has its own conversation in its own storage,
//! works on the same view, and returns only its result.

use zerostack_core::prompt::Output;
use zerostack_policy::Mode;

use super::conversation::{Conversation, transport};
use super::family::{Family, Member};
use super::permissions::Gate;
use super::recording::Recording;
use super::setup::Setup;
use super::tools::{Delegate, Narrowing, Tools, names};
use super::workspace::Workspace;
use super::{Instructions, RunOptions, Stop, contract, options as request_options};
use crate::agent::{ToolOutput, start_session};
use crate::{ErrorKind, Result};

/// The subagents of one conversation.
pub(super) struct Subagents<'a> {
    pub setup: &'a Setup,
    pub workspace: &'a Workspace,
    pub stop: &'a Stop,
    pub family: &'a Family<'a>,
    /// The conversation.
    pub member: &'a Member<'a>,
    /// The subagents of the conversation.
    pub options: &'a RunOptions,
    pub gate: &'a Gate<'a>,
    /// How many subagents are above it.
    pub depth: u32,
}

impl Delegate for Subagents<'_> {
    /// Runs a conversation to its end. It never has more rights than this one.
    fn delegate(
        &self,
        parent: &str,
        mut instructions: Instructions,
        narrowing: Narrowing,
    ) -> Result<ToolOutput> {
        if self.depth >= MAX_DEPTH {
            let text = format!("subagents are at most {MAX_DEPTH} deep: do it yourself");
            return Ok(ToolOutput::error(text));
        }
        let own = &self.options.instructions;
        instructions.mode = narrower(own.mode, instructions.mode);
        // Its instructions can only narrow the rights of its parent.
        instructions.may_widen = own.may_widen && own.mode.is_some();
        if let Some(offered) = &own.tools {
            let all = names().map(str::to_owned);
            let all = instructions.tools.take().unwrap_or_else(|| all.collect());
            let has = |it: &String| offered.contains(it) || (it == "task" && self.has_task());
            instructions.tools = Some(all.into_iter().filter(has).collect());
        }
        instructions.agents.clone_from(&own.agents);
        instructions.skills = own.skills.clone();
        instructions.context.clone_from(&own.context);
        // It may delegate tasks itself if its own prompt allows it.
        let options = RunOptions { instructions, subagents: false, ..self.options.clone() };
        match self.converse(parent, &options, narrowing) {
            Ok(content) => Ok(ToolOutput::ok(content)),
            // An error that ends the run ends it here too.
            Err(error) if self.stop.why().is_some() || error.kind() == ErrorKind::Limit => {
                Err(error)
            }
            Err(error) => Ok(ToolOutput::error(format!("the subagent failed: {error}"))),
        }
    }
}

impl Subagents<'_> {
    /// Whether the model may start subagents.
    fn has_task(&self) -> bool {
        let RunOptions { instructions, subagents, .. } = self.options;
        *subagents || instructions.tools.iter().flatten().any(|it| it == "task")
    }

    fn converse(&self, parent: &str, options: &RunOptions, narrowing: Narrowing) -> Result<String> {
        let Self { setup, workspace, stop, family, .. } = *self;
        let (instructions, folders) = (&options.instructions, workspace.view().folders());
        let mut config = setup.session_config(options, &folders, family.left()?);
        request_options::for_subagent(&mut config);
        let session = start_session(config)?;
        let gate = Gate::new(
            &options.permissions,
            &setup.permissions,
            instructions.wished(),
            options.sandbox,
            &folders,
            family.front(),
        );
        let member = family.join(Some(self.member.parent(parent)));
        let depth = self.depth + 1;
        let own = Subagents { member: &member, options, gate: &gate, depth, ..*self };
        let mut tools = Tools::new(workspace, stop, options, &gate, &own, &member);
        tools.inherit(narrowing);
        tools.show(&session);
        let (endpoint, transport) = (&setup.endpoint, transport(options, stop)?);
        let mut recording = Recording::default();
        recording.keep(options, endpoint.secrets(), &session, &member.id);
        let mut conversation =
            Conversation::new(session, endpoint, transport, &tools, &mut recording, &member)
                .with_bad_calls(setup.bad_calls);
        let ended = conversation.turn(&instructions.user(None), &[]);
        let answer = conversation.answer().to_owned();
        drop(conversation);
        recording.end_of_subagent(&ended);
        self.gate.absorb(&gate);
        ended?;
        if instructions.output == Output::Patch {
            return Ok(answer);
        }
        let answer = contract::checked(instructions, options.format, &options.folder, &answer)?;
        Ok(answer.text)
    }
}

fn narrower(own: Option<Mode>, other: Option<Mode>) -> Option<Mode> {
    match (own, other) {
        (Some(own), Some(other)) => Some(own.min(other)),
        (one, other) => one.or(other),
    }
}

/// How deep subagents can be nested.
const MAX_DEPTH: u32 = 3;
