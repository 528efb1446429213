//! Subagents: tasks that the model gives away. Each has a conversation of its own in storage of its
//! own, works on the same view, and gives back nothing but its result.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use zerostack_core::prompt::Output;
use zerostack_core::{Limits, OwnedConfig, OwnedTool, ToolSpec, Usage};
use zerostack_policy::Mode;

use super::filling::Filling;
use super::instructions::Instructions;
use super::last_reply::LastReply;
use super::permissions::Gate;
use super::skills::Skill;
use super::toolbox::Processes;
use super::turn::tools;
use super::{RunOptions, contract, options as request_options};
use crate::agent::{AgentEvent, Drive, ToolOutput, start_session};
use crate::permissions::Permissions;
use crate::provider::Endpoint;
use crate::transport::{Http, HttpOptions};
use crate::{Error, ErrorKind, Result};

/// What a run and its subagents share.
#[derive(Debug)]
pub(super) struct Family {
    limits: Limits,
    pub(super) configured: Permissions,
    used: Mutex<BTreeMap<u32, Used>>,
    events: Mutex<Vec<ChildEvent>>,
}

/// What one conversation used.
#[derive(Debug, Default, Clone, Copy)]
struct Used {
    usage: Usage,
    rounds: u32,
}

/// An event of a subagent.
#[derive(Debug)]
pub(super) struct ChildEvent {
    /// The provider's id of the call that started it.
    pub parent: String,
    pub event: AgentEvent,
}

/// The arguments of the tool `task`.
#[derive(Deserialize)]
struct Arguments {
    task: String,
    prompt: Option<String>,
    tools: Option<Vec<String>>,
}

impl Family {
    pub(super) fn new(limits: Limits, configured: Permissions) -> Self {
        Self { limits, configured, used: Mutex::default(), events: Mutex::default() }
    }

    /// The number of a new conversation; the first is that of the run itself.
    pub(super) fn join(&self) -> u32 {
        let mut used = lock(&self.used);
        let number = u32::try_from(used.len()).unwrap_or(u32::MAX);
        used.insert(number, Used::default());
        number
    }

    /// Conversation `number` has used so much.
    ///
    /// # Errors
    /// `Limit` when all together used more than the run may.
    pub(super) fn report(&self, number: u32, usage: Usage, rounds: u32) -> Result<()> {
        lock(&self.used).insert(number, Used { usage, rounds });
        let all = self.all();
        let (most, cost) = (self.limits.max_turn_tokens, self.limits.max_turn_cost_micros);
        let is_over = |used: u64, most: u64| most > 0 && used > most;
        let what = if is_over(all.usage.total().into(), most.into()) {
            "tokens; raise --max-total-tokens"
        } else if is_over(self.limits.prices.cost_micros(all.usage), cost.into()) {
            "money; raise --max-cost"
        } else if all.rounds > u32::from(self.limits.max_rounds) && self.limits.max_rounds > 0 {
            "requests; raise --max-rounds"
        } else {
            return Ok(());
        };
        let text = format!("the run and its subagents used all their {what}");
        Err(Error::new(ErrorKind::Limit, text))
    }

    /// What all conversations used.
    fn all(&self) -> Used {
        lock(&self.used).values().fold(Used::default(), |all, one| Used {
            usage: all.usage.plus(one.usage),
            rounds: all.rounds.saturating_add(one.rounds),
        })
    }

    /// What the subagents used.
    pub(super) fn usage_of_children(&self) -> Usage {
        let used = lock(&self.used);
        used.values().skip(1).fold(Usage::default(), |all, one| all.plus(one.usage))
    }

    /// The limits of a new conversation: what is left of those of the run.
    fn left(&self) -> Result<Limits> {
        let (mut limits, all) = (self.limits, self.all());
        let nothing = || {
            let text = "nothing is left of the run's limits for a subagent";
            Error::new(ErrorKind::Limit, text)
        };
        if limits.max_turn_tokens > 0 {
            let left = limits.max_turn_tokens.checked_sub(all.usage.total());
            limits.max_turn_tokens = left.filter(|left| *left > 0).ok_or_else(nothing)?;
        }
        if limits.max_rounds > 0 {
            let used = u16::try_from(all.rounds).unwrap_or(u16::MAX);
            let left = limits.max_rounds.checked_sub(used);
            limits.max_rounds = left.filter(|left| *left > 0).ok_or_else(nothing)?;
        }
        Ok(limits)
    }

    fn tell(&self, parent: &str, event: AgentEvent) {
        let mut events = lock(&self.events);
        // Results of tools may be long, and are of use to the subagent alone.
        let event = match event {
            AgentEvent::ToolResult { call, is_error, left_out_bytes, .. } => {
                AgentEvent::ToolResult { call, content: String::new(), is_error, left_out_bytes }
            }
            event => event,
        };
        if events.len() < EVENTS {
            events.push(ChildEvent { parent: parent.to_owned(), event });
        }
    }

    /// The events since the last time.
    pub(super) fn take_events(&self) -> Vec<ChildEvent> {
        std::mem::take(&mut *lock(&self.events))
    }
}

/// What the model is told of the tool.
pub(super) fn spec() -> OwnedTool {
    OwnedTool::from(SPEC)
}

impl Processes<'_> {
    /// The call `parent` of the tool `task`.
    pub(super) fn task(&self, parent: &str, arguments: &str) -> Result<ToolOutput> {
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
            let all = instructions.tools.unwrap_or_else(all_tools);
            instructions.tools = Some(all.into_iter().filter(|it| wanted.contains(it)).collect());
        }
        self.subagent(parent, instructions)
    }

    /// A skill that runs as a subagent.
    pub(super) fn fork(&self, parent: &str, skill: &Skill, task: String) -> Result<ToolOutput> {
        let allowed = skill.allowed.as_ref().map(|allowed| {
            let names = allowed.iter().filter_map(|it| zerostack_core::prompt::tool_name(it));
            names.map(str::to_owned).collect::<Vec<_>>()
        });
        let mut instructions = Instructions::new(&skill.name, skill.text(), Output::Text);
        (instructions.tools, instructions.task) = (allowed, task);
        self.subagent(parent, instructions)
    }

    /// Runs a conversation to its end. What it may do is never more than this one may.
    fn subagent(&self, parent: &str, mut instructions: Instructions) -> Result<ToolOutput> {
        if self.depth >= MAX_DEPTH {
            let text = format!("subagents are {MAX_DEPTH} deep at most: do it yourself");
            return Ok(ToolOutput::error(text));
        }
        let own = &self.options.instructions;
        instructions.mode = narrower(own.mode, instructions.mode);
        if let Some(offered) = &own.tools {
            let all = instructions.tools.take().unwrap_or_else(all_tools);
            let has = |it: &String| offered.contains(it) || (it == "task" && self.has_task());
            instructions.tools = Some(all.into_iter().filter(has).collect());
        }
        instructions.agents.clone_from(&own.agents);
        instructions.skills = own.skills.clone();
        instructions.context.clone_from(&own.context);
        // It may give tasks away itself if its own prompt says so.
        let options = RunOptions { instructions, subagents: false, ..self.options.clone() };
        match self.converse(parent, &options) {
            Ok(content) => Ok(ToolOutput { content, is_error: false }),
            // What ends the run ends it here too.
            Err(error) if self.stop.why().is_some() || error.kind() == ErrorKind::Limit => {
                Err(error)
            }
            Err(error) => Ok(ToolOutput::error(format!("the subagent failed: {error}"))),
        }
    }

    fn converse(&self, parent: &str, options: &RunOptions) -> Result<String> {
        let Self { view, stop, endpoint, family, .. } = self;
        let instructions = &options.instructions;
        let endpoint: &Endpoint = endpoint;
        let (system, tools) = (instructions.system(view.root()), tools(options));
        let limits = family.left()?;
        let mut config = OwnedConfig { system, tools, limits, ..endpoint.session_config() };
        request_options::for_subagent(&mut config);
        let mut session = start_session(config)?;
        session.user(&instructions.user(None)).map_err(Error::from_core)?;
        let gate = Gate::new(
            &options.permissions,
            &family.configured,
            instructions.mode,
            options.sandbox,
            view.root(),
        );
        let mut processes =
            Processes::new(view, stop, options, &gate, self.hidden_variables, endpoint, family);
        processes.depth = self.depth + 1;
        processes.inherit(self);
        let mut http = HttpOptions::from_env(&crate::agent::variable)?;
        http.idle_timeout = options.idle_limit.unwrap_or(http.idle_timeout);
        let cancel = stop.cancel().clone();
        let mut transport = Http::new(http, cancel.clone());
        let (mut drive, mut last) = (Drive::new(), LastReply::default());
        let (number, mut rounds) = (family.join(), 0);
        while let Some(event) =
            drive.next(&mut session, endpoint, &mut transport, &mut processes, &cancel, &mut ())?
        {
            last.take(&event)?;
            rounds += u32::from(matches!(event, AgentEvent::End(_)));
            family.report(number, session.usage(), rounds)?;
            family.tell(parent, event);
        }
        last.check(endpoint, session.raw_stop_reason())?;
        self.gate.absorb(&gate);
        if instructions.output == Output::Patch {
            return Ok(last.text);
        }
        let answer = contract::checked(instructions, options.format, &options.folder, &last.text)?;
        Ok(answer.text)
    }
}

/// The names of all tools that a prompt without a list has.
fn all_tools() -> Vec<String> {
    crate::tool::specs().iter().map(|spec| spec.name.to_owned()).collect()
}

fn narrower(own: Option<Mode>, other: Option<Mode>) -> Option<Mode> {
    match (own, other) {
        (Some(own), Some(other)) => Some(own.min(other)),
        (one, other) => one.or(other),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const SPEC: ToolSpec<'static> = ToolSpec {
    name: "task",
    description: "Give a task to a subagent: it knows nothing of this conversation, works in the same folder, and \
        only its result comes back. Several in one reply run at once. prompt: ask (the default, changes nothing), \
        code or another prompt's name; tools: fewer than it has.",
    parameters: r#"{"type":"object","properties":{"task":{"type":"string"},"prompt":{"type":"string"},"tools":{"type":"array","items":{"type":"string"}}},"required":["task"]}"#,
};

/// How deep subagents start others.
const MAX_DEPTH: u32 = 3;

/// The most events of subagents that are kept while they run.
const EVENTS: usize = 100_000;
