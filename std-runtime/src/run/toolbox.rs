//! Tools as processes in the view.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use zerostack_core::ToolCall;
use zerostack_core::prompt::tool_name;

use super::context::Context;
use super::exchange::{End, exchange};
use super::instructions::Instructions;
use super::narrowing::Narrowing;
use super::permissions::Gate;
use super::skills::Skills;
use super::subagent::Family;
use super::{RunOptions, Stop};
use crate::agent::{ToolOutput, Toolbox, in_parallel};
use crate::error::listed;
use crate::provider::Endpoint;
use crate::sandbox::{Child, Mode, Program, ToolHost};
use crate::transport::Cancel;
use crate::view::View;
use crate::{Error, ErrorKind, Result, tool};

/// Runs each call as `zerostack tool NAME` in the view.
pub(super) struct Processes<'a> {
    pub(super) view: &'a View,
    pub(super) stop: &'a Stop,
    sandbox: Mode,
    tools: &'a ToolHost,
    pub(super) gate: &'a Gate,
    /// The only files that may be changed.
    scope: Option<&'a BTreeSet<String>>,
    /// Variables that hold keys, whatever they are called.
    pub(super) hidden_variables: &'a [OsString],
    /// The instructions of the folders that calls come to work in.
    context: Option<Context>,
    skills: &'a Skills,
    /// What the loaded skills allow.
    narrowing: Mutex<Narrowing>,
    /// The tools that the model has.
    offered: Option<&'a [String]>,
    pub(super) options: &'a RunOptions,
    pub(super) endpoint: &'a Endpoint,
    pub(super) family: &'a Family,
    /// How many subagents are above.
    pub(super) depth: u32,
}

/// What a tool process prints.
#[derive(Deserialize)]
struct Printed {
    content: String,
    is_error: bool,
}

impl<'a> Processes<'a> {
    pub(super) fn new(
        view: &'a View,
        stop: &'a Stop,
        options: &'a RunOptions,
        gate: &'a Gate,
        hidden_variables: &'a [OsString],
        endpoint: &'a Endpoint,
        family: &'a Family,
    ) -> Self {
        let RunOptions { sandbox, tools, scope, .. } = options;
        let scope = scope.as_ref();
        let Instructions { skills, tools: offered, context, .. } = &options.instructions;
        Self {
            view,
            stop,
            sandbox: *sandbox,
            tools,
            gate,
            scope,
            hidden_variables,
            context: context.clone(),
            skills,
            narrowing: Mutex::default(),
            offered: offered.as_deref(),
            options,
            endpoint,
            family,
            depth: 0,
        }
    }

    fn run(&self, call: ToolCall<'_>) -> Result<ToolOutput> {
        let name = call.name;
        if name == "skill" && !self.skills.is_empty() {
            return self.load_skill(call.provider_id, call.arguments);
        }
        if name == "task" && self.has_task() {
            return self.task(call.provider_id, call.arguments);
        }
        if !tool::specs().iter().any(|spec| spec.name == name) {
            let names: Vec<&str> = tool::specs().iter().map(|spec| spec.name).collect();
            let text = format!("there is no tool {name:?}; there are {}", names.join(", "));
            return Ok(ToolOutput::error(text));
        }
        let arguments = if call.arguments.is_empty() { "{}" } else { call.arguments };
        if let Err(refusal) = self.gate.check(name, arguments) {
            return Ok(ToolOutput::error(refusal));
        }
        if let Some(refusal) = self.narrowing().refusal(name, arguments) {
            return Ok(ToolOutput::error(refusal));
        }
        if let Some(refusal) =
            self.scope.as_ref().and_then(|scope| self.outside(scope, name, arguments))
        {
            return Ok(ToolOutput::error(refusal));
        }
        if *self.tools == ToolHost::InProcess {
            return self.run_here(name, arguments.as_bytes());
        }
        let mut program = Program::tools();
        program.arg("tool").arg(name).piped_input();
        program.env(tool::outside::PROJECT, self.view.root());
        program.env(tool::outside::SANDBOX, self.sandbox.name());
        for name in self.hidden_variables {
            program.without_env(name);
        }
        let mut child = self.view.spawn(&program)?;
        let limit = deadline(name, arguments);
        let exchanged = exchange(&mut child, arguments.as_bytes(), RESULT_BYTES, limit, self.stop);
        let exchanged = exchanged.map_err(|error| {
            child.process().kill();
            Error::new(ErrorKind::Tool, format!("the tool {name}: cannot be read: {error}"))
        })?;
        let ended = match exchanged.end {
            End::Whole => ended(&child)?,
            End::Late | End::TooLong | End::Stopped => None,
        };
        if self.stop.why().is_some() {
            child.process().kill();
            return Err(Cancel::error().into());
        }
        let Some(status) = ended else {
            child.process().kill();
            child.process().wait()?;
            let why = if exchanged.end == End::TooLong {
                format!("its result is longer than {RESULT_BYTES} bytes")
            } else {
                format!("it did not end within {} s", limit.as_secs())
            };
            let text = format!("the tool {name} was ended with all its processes: {why}");
            return Ok(ToolOutput::error(text));
        };
        // A tool that was killed, by the system for its memory say, has no result, whatever it
        // wrote before.
        let printed = status
            .code()
            .filter(|code| matches!(code, 0..=2))
            .and_then(|_| serde_json::from_slice::<Printed>(&exchanged.output).ok());
        Ok(match printed {
            Some(Printed { content, is_error }) => ToolOutput { content, is_error },
            None => {
                let errors = String::from_utf8_lossy(&exchanged.errors);
                let text = format!("the tool {name} ended with {status}: {}", errors.trim());
                ToolOutput::error(text)
            }
        })
    }
}

impl Processes<'_> {
    /// The result with the instructions of the folders that the call works in, once each.
    fn with_instructions(
        &mut self,
        call: ToolCall<'_>,
        result: Result<ToolOutput>,
    ) -> Result<ToolOutput> {
        let Some(context) = &mut self.context else { return result };
        let entered = context.entered(call.name, call.arguments, self.view.root());
        result.map(|mut output| {
            output.content.push_str(&entered);
            output
        })
    }

    /// The text of a skill, whose `allowed-tools` hold from now on, or one of its files.
    fn load_skill(&self, id: &str, arguments: &str) -> Result<ToolOutput> {
        #[derive(Deserialize)]
        struct Arguments {
            name: String,
            file: Option<String>,
            task: Option<String>,
        }
        let Arguments { name, file, task } = match serde_json::from_str(arguments) {
            Ok(arguments) => arguments,
            Err(error) => return Ok(ToolOutput::error(format!("arguments of skill: {error}"))),
        };
        let Some(skill) = self.skills.find(&name) else {
            let names = self.skills.names();
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
            self.narrowing().add(&name, allowed);
            let has = |tool: &str| self.offered.is_none_or(|all| all.iter().any(|it| it == tool));
            let missing: Vec<String> =
                allowed.iter().filter(|it| !tool_name(it).is_some_and(has)).cloned().collect();
            if !missing.is_empty() {
                let missing = listed(&missing);
                content.push_str(&format!("\n\nThis run has no {missing}; do without."));
            }
        }
        Ok(ToolOutput { content, is_error: false })
    }

    /// Whether the model may start subagents.
    pub(super) fn has_task(&self) -> bool {
        self.options.subagents || self.offered.iter().copied().flatten().any(|it| it == "task")
    }

    /// What holds in `parent` holds here too.
    pub(super) fn inherit(&mut self, parent: &Self) {
        self.narrowing = Mutex::new(parent.narrowing().clone());
    }

    fn narrowing(&self) -> std::sync::MutexGuard<'_, Narrowing> {
        self.narrowing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a person is to be told of the instructions.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        self.context.as_mut().map(Context::take_notes).unwrap_or_default()
    }

    /// Why a file may not be changed by this call. What `bash` changes is left out of the patch.
    fn outside(&self, scope: &BTreeSet<String>, name: &str, arguments: &str) -> Option<String> {
        if !changes_files(name) {
            return None;
        }
        let arguments: serde_json::Value = serde_json::from_str(arguments).ok()?;
        let path = arguments.get("path")?.as_str()?;
        let below = Path::new(path).strip_prefix(self.view.root()).unwrap_or(Path::new(path));
        let plain: PathBuf = below.components().filter(|it| *it != Component::CurDir).collect();
        if plain.to_str().is_some_and(|plain| scope.contains(plain)) {
            return None;
        }
        let files: Vec<String> = scope.iter().cloned().collect();
        let files = listed(&files);
        Some(format!("not changed: no finding names {path}; this run may change {files}"))
    }

    fn run_here(&self, name: &str, arguments: &[u8]) -> Result<ToolOutput> {
        let called = tool::call_in(
            self.view.root(),
            self.view.environment(self.hidden_variables),
            name,
            arguments,
        );
        if self.stop.why().is_some() {
            return Err(Cancel::error().into());
        }
        match called {
            Ok(output) => Ok(ToolOutput { content: output.content, is_error: output.is_error }),
            // As the process of a tool tells it.
            Err(error) if error.kind() == tool::ErrorKind::Usage => {
                Ok(ToolOutput::error(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Toolbox for Processes<'_> {
    fn call(&mut self, call: ToolCall<'_>) -> zerostack_agent::Result<ToolOutput> {
        let result = self.run(call);
        Ok(self.with_instructions(call, result)?)
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<zerostack_agent::Result<ToolOutput>> {
        // Calls that change files run alone and in order: two edits of one file at the same time
        // would lose one, and what reads a file after them means the new content.
        let parts = calls.chunk_by(|a, b| !changes_files(a.name) && !changes_files(b.name));
        let results: Vec<_> =
            parts.flat_map(|part| in_parallel(part, |call| self.run(*call))).collect();
        // In the order of the calls, whichever ended first.
        let results = calls.iter().zip(results);
        results.map(|(call, result)| Ok(self.with_instructions(*call, result)?)).collect()
    }
}

fn changes_files(tool: &str) -> bool {
    matches!(tool, "write" | "edit")
}

/// How a process that closed its output ended; `None` if it does not.
pub(super) fn ended(child: &Child) -> Result<Option<std::process::ExitStatus>> {
    let until = Instant::now() + GRACE;
    let mut pause = Duration::from_micros(50);
    loop {
        if let Some(status) = child.process().try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// How long a call may take. The tool keeps its own limit; this one is for a tool that cannot.
fn deadline(name: &str, arguments: &str) -> Duration {
    tool::time_limit(name, arguments.as_bytes()) + GRACE
}

/// Between the limit of a tool and its end by us.
const GRACE: Duration = Duration::from_secs(5);

/// More than any tool prints, with each character escaped.
const RESULT_BYTES: usize = 4 * 1024 * 1024;
