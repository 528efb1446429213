//! The tools of a conversation: their sources, and what a call must pass before it runs.
//!
//! ```text
//! calls ─► permissions, skills, scope ─► skill | task | a process in the view ─► instructions of
//!                                                                                the folder
//! ```

mod narrowing;
mod processes;
mod skill;
mod task;

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zerostack_core::{OwnedTool, ToolCall};

use super::context::Context;
use super::family::Member;
use super::permissions::Gate;
use super::workspace::Workspace;
use super::{Instructions, RunOptions, Stop};
use crate::Result;
use crate::agent::{Call, OwnedSession, Sources, ToolOutput, Toolbox};
use crate::error::listed;
use crate::tool;
pub(super) use narrowing::Narrowing;
use processes::Processes;
pub(super) use processes::{names, say_folders};
use skill::LoadSkill;
pub(super) use task::Delegate;
use task::GiveTask;

/// What the tools of a conversation have in common.
pub(super) struct Tools<'a> {
    workspace: &'a Workspace,
    stop: &'a Stop,
    options: &'a RunOptions,
    gate: &'a Gate<'a>,
    /// The conversation that they belong to.
    member: &'a Member<'a>,
    /// Who runs the subagents.
    delegate: &'a dyn Delegate,
    /// What the loaded skills allow.
    narrowing: Mutex<Narrowing>,
    /// The instructions of the folders that calls come to work in.
    context: Mutex<Option<Context>>,
    /// The calls of the reply that have ended.
    finished: Mutex<BTreeSet<u32>>,
    /// The media types of files that the model accepts, separated by blanks.
    shown: String,
}

impl<'a> Tools<'a> {
    pub(super) fn new(
        workspace: &'a Workspace,
        stop: &'a Stop,
        options: &'a RunOptions,
        gate: &'a Gate<'a>,
        delegate: &'a dyn Delegate,
        member: &'a Member<'a>,
    ) -> Self {
        let context = Mutex::new(options.instructions.context.clone());
        let (narrowing, finished) = (Mutex::default(), Mutex::default());
        let shown = String::new();
        Self {
            workspace,
            stop,
            options,
            gate,
            member,
            delegate,
            narrowing,
            context,
            finished,
            shown,
        }
    }

    /// Lets calls show the model of `session` the files that it accepts.
    pub(super) fn show(&mut self, session: &OwnedSession) {
        let takes =
            |it: &&str| session.takes_attachment(&zerostack_core::Attachment::new(0, it, 1));
        let shown: Vec<&str> = tool::shown::KNOWN.into_iter().filter(takes).collect();
        self.shown = shown.join(" ");
    }

    /// The rules of a conversation also apply to its subagents.
    pub(super) fn inherit(&mut self, narrowing: Narrowing) {
        self.narrowing = Mutex::new(narrowing);
    }

    pub(super) fn stop(&self) -> &'a Stop {
        self.stop
    }

    /// All of them, for a conversation.
    pub(super) fn sources(&'a self) -> impl Toolbox + 'a {
        let mut sources = Sources::default();
        sources.push(Processes(self));
        sources.push(LoadSkill(self));
        sources.push(GiveTask(self));
        sources.set_gate(|call| self.refusal(call).map_or(Ok(()), Err));
        InContext { sources, tools: self }
    }

    /// Runs `call` with `run`, and reports its end.
    fn timed(
        &self,
        call: &ToolCall<'_>,
        run: impl FnOnce() -> Result<ToolOutput>,
    ) -> zerostack_agent::Result<ToolOutput> {
        let started = Instant::now();
        let output = run()?;
        lock(&self.finished).insert(call.id.number());
        let (call, duration) = (Call::from(*call), started.elapsed());
        self.member.show_finished(&call, output.is_error, &output.content, duration)?;
        Ok(output)
    }

    /// The search for the instructions of folders, to continue in another turn.
    pub(super) fn into_context(self) -> Option<Context> {
        self.context.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The notes for a person about the instructions.
    pub(super) fn take_notes(&self) -> Vec<String> {
        lock(&self.context).as_mut().map(Context::take_notes).unwrap_or_default()
    }

    /// Why a call may not run.
    fn refusal(&self, call: &ToolCall<'_>) -> Option<String> {
        let (name, arguments) = (call.name, arguments(call));
        // The calls that these make are checked when they run.
        if matches!(name, "skill" | "task") || !names().any(|it| it == name) {
            return None;
        }
        // An earlier run of the session may have had it, or the model guesses.
        let offered = self.options.instructions.tools.as_deref();
        if let Some(offered) = offered.filter(|all| !all.iter().any(|it| it == name)) {
            let has = if offered.is_empty() { "none".to_owned() } else { listed(offered) };
            return Some(format!("not run: there is no tool {name} here; there are {has}"));
        }
        if let Err(refusal) = self.gate.check(name, arguments) {
            return Some(refusal);
        }
        if let Some(refusal) = lock(&self.narrowing).refusal(name, arguments) {
            return Some(refusal);
        }
        let scope = self.options.scope.as_ref();
        scope.and_then(|scope| self.outside(scope, name, arguments))
    }

    /// Why a file may not be changed by this call. Changes made by `bash` are left out of the patch.
    fn outside(&self, scope: &BTreeSet<String>, name: &str, arguments: &str) -> Option<String> {
        if !processes::changes_files(name) {
            return None;
        }
        let paths = match tool::patch::paths_of_call(name, arguments) {
            Some(paths) => paths,
            None => {
                let arguments: serde_json::Value = serde_json::from_str(arguments).ok()?;
                vec![arguments.get("path")?.as_str()?.to_owned()]
            }
        };
        let root = self.workspace.view().root();
        let is_outside = |path: &String| {
            let path = Path::new(path);
            let below = path.strip_prefix(root).unwrap_or(path);
            let plain: PathBuf = below.components().filter(|it| *it != Component::CurDir).collect();
            !plain.to_str().is_some_and(|plain| scope.contains(plain))
        };
        let path = paths.into_iter().find(is_outside)?;
        let files: Vec<String> = scope.iter().cloned().collect();
        let files = listed(&files);
        Some(format!("not changed: no finding names {path}; this run may change {files}"))
    }
}

/// The specs of the tools that the prompt allows, for the model.
pub(super) fn specs(options: &RunOptions) -> Vec<OwnedTool> {
    let Instructions { tools: allowed, skills, .. } = &options.instructions;
    let is_allowed = |name: &str| {
        allowed.as_ref().is_none_or(|names| names.iter().any(|allowed| allowed == name))
    };
    let specs = crate::tool::specs().iter().filter(|spec| is_allowed(spec.name));
    let mut tools: Vec<OwnedTool> = specs.map(|spec| OwnedTool::from(*spec)).collect();
    // A prompt without tools has none of them.
    if !tools.is_empty() && !skills.is_empty() {
        tools.push(skills.spec());
    }
    let names_task = allowed.iter().flatten().any(|name| name == "task");
    if names_task || (options.subagents && !tools.is_empty()) {
        tools.push(task::spec());
    }
    tools
}

/// Adds the instructions of the folders that calls work in to their results, once each.
struct InContext<'a> {
    sources: Sources<'a>,
    tools: &'a Tools<'a>,
}

impl Toolbox for InContext<'_> {
    fn specs(&self) -> Vec<OwnedTool> {
        self.sources.specs()
    }

    fn checks_arguments(&self) -> bool {
        self.sources.checks_arguments()
    }

    fn call(&mut self, call: ToolCall<'_>) -> zerostack_agent::Result<ToolOutput> {
        let nothing = || Ok(ToolOutput::error("every call has a result"));
        self.call_all(&[call]).pop().unwrap_or_else(nothing)
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<zerostack_agent::Result<ToolOutput>> {
        let Self { sources, tools } = self;
        // Some models send patches through a tool that they were not offered; `edit` takes patches too.
        let mut calls = calls.to_vec();
        for call in calls.iter_mut().filter(|call| call.name == "apply_patch") {
            call.name = "edit";
        }
        let mut results = sources.call_all(&calls);
        // Those that did not run have ended too.
        let finished = std::mem::take(&mut *lock(&tools.finished));
        for (call, result) in calls.iter().zip(&mut results) {
            if let (false, Ok(output)) = (finished.contains(&call.id.number()), &*result) {
                let (call, content) = (Call::from(*call), output.content.as_str());
                let shown =
                    tools.member.show_finished(&call, output.is_error, content, Duration::ZERO);
                if let Err(error) = shown {
                    *result = Err(error.into());
                }
            }
        }
        let mut context = lock(&tools.context);
        let folders = tools.workspace.view().origins();
        // In the order of the calls, whichever ended first.
        let results = calls.iter().zip(results);
        type Ended = zerostack_agent::Result<ToolOutput>;
        let with_instructions = |(call, result): (&ToolCall<'_>, Ended)| {
            let Some(context) = &mut *context else { return result };
            let entered = context.entered(call.name, call.arguments, &folders);
            result.map(|mut output| {
                output.content.push_str(&entered);
                output
            })
        };
        results.map(with_instructions).collect()
    }
}

/// The arguments of a call: models send nothing if there are none.
fn arguments<'a>(call: &ToolCall<'a>) -> &'a str {
    if call.arguments.is_empty() { "{}" } else { call.arguments }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
