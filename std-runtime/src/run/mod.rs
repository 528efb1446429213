//! A run: one transaction, from an instruction to a patch, a text or an error.
//!
//! ```text
//! stdin ─► prompt + instruction ─► session ⇄ model
//!                                   │ tool calls
//!                                   ▼
//!              tool processes in the sandbox, on a private view of the folder
//!                                   │ at the end, bytes compared
//!                                   ▼
//!              one patch | one text          or an error, and nothing else
//! ```

mod argument;
mod carry_out;
mod context;
pub mod contract;
mod delivery;
pub mod events;
mod exchange;
mod filling;
mod foreign;
mod in_view;
pub mod input;
mod instructions;
mod mention;
mod narrowing;
mod permissions;
mod places;
pub mod progress;
mod prompt_fields;
mod prompts;
mod skills;
mod stop;
mod subagent;
pub mod tape;
mod toolbox;
mod write;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use zerostack_core::prompt::Output;
use zerostack_core::{Limits, OwnedConfig, OwnedTool, StopReason, Usage};

use crate::agent::{AgentEvent, Drive, OwnedSession, Recorder, start_session};
use crate::error::listed;
use crate::error::quote;
use crate::permissions::Permissions;
use crate::provider::{self, Endpoint, Flags};
use crate::sandbox::{Access, Connection, Layer, Mode, ToolHost};
use crate::transport::{Cancel, Http, HttpOptions};
use crate::view::{View, ViewOptions};
use crate::{Error, ErrorKind, Result, commit, own_process};

pub use argument::Argument;
pub use carry_out::carry_out;
pub use context::Context;
use contract::Answer;
use delivery::Checked;
pub use delivery::{Delivery, keep_patch};
pub use filling::Filling;
pub use in_view::{CheckOutcome, Confinement};
pub use instructions::Instructions;
use permissions::Gate;
pub use prompts::PromptFiles;
pub use skills::Skills;
pub use stop::Stop;
use subagent::{ChildEvent, Family};
use tape::Tape;
use toolbox::Processes;

/// What to do, and with what.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The folder to work on.
    pub folder: PathBuf,
    /// Which model to use.
    pub model: Flags,
    /// What the model is told to be and to do.
    pub instructions: Instructions,
    /// What was given to work with, behind the instruction.
    pub input: Option<String>,
    /// Whether tools are confined.
    pub sandbox: Mode,
    /// What tools reach beside the folder, with what the user's configuration says.
    pub access: Access,
    /// The program that runs the tools.
    pub tools: ToolHost,
    /// Where to write the tape.
    pub record: Option<PathBuf>,
    /// What the model may do.
    pub permissions: Permissions,
    /// The bounds of the session.
    pub limits: Limits,
    /// How long the provider may be silent, when it is not the default.
    pub idle_limit: Option<Duration>,
    /// Whether the changes are written to the folder.
    pub write: bool,
    /// How findings and commands are written.
    pub format: contract::Format,
    /// Whether the model may give tasks to subagents, whatever its prompt says.
    pub subagents: bool,
    /// The prompts that subagents may run by.
    pub prompts: PromptFiles,
    /// The only files, by their paths from the folder, that the patch may change.
    pub scope: Option<BTreeSet<String>>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What the run gives.
    pub output: Output,
    /// The patch, for [`Output::Patch`].
    pub patch: Vec<u8>,
    /// Paths of the files in the patch.
    pub files: Vec<String>,
    /// Changed files that are not in the patch, each with the reason.
    pub left_out: Vec<LeftOut>,
    /// What else is to be told about the result.
    pub notes: Vec<String>,
    /// The model's last text.
    pub text: String,
    /// Tokens, all rounds together.
    pub usage: Usage,
    /// What kept the tools apart from the user's files, and what did not and why.
    pub layers: Vec<Layer>,
    /// The connections that tools asked for, where only some hosts are allowed.
    pub connections: Vec<Connection>,
    /// The number of the run's record, if its changes were written to the folder.
    pub written: Option<u32>,
    /// The commands that the result is, to be run if the user agrees.
    pub plan: Option<contract::commands::Plan>,
}

impl Outcome {
    /// The outcome of a run that had nothing to do, and so asked no model.
    pub fn nothing_to_do(output: Output, note: String) -> Self {
        Self {
            output,
            patch: Vec::new(),
            files: Vec::new(),
            left_out: Vec::new(),
            notes: vec![note],
            text: String::new(),
            usage: Usage::default(),
            layers: Vec::new(),
            connections: Vec::new(),
            written: None,
            plan: None,
        }
    }
}

/// A changed file that is not in the patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The path from the folder of the run.
    pub path: String,
    /// Why, in a few words.
    pub reason: String,
}

impl LeftOut {
    fn of(left_out: &crate::patch::LeftOut) -> Self {
        let path = String::from_utf8_lossy(&left_out.path).into_owned();
        Self { path, reason: left_out.reason.to_string() }
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.path, self.reason)
    }
}

/// Sees a run while it goes on.
pub trait Observer {
    /// The server of `endpoint`, whose model is not known yet, is about to be asked for its models,
    /// with a key.
    fn asks_for_models(&mut self, endpoint: &Endpoint) -> Result<()> {
        let _ = endpoint;
        Ok(())
    }
    /// An earlier commit was interrupted, and was taken back or finished.
    fn recovered(&mut self, line: &str) {
        let _ = line;
    }
    /// The run begins.
    fn start(&mut self, start: &Start<'_>) -> Result<()>;
    /// Something happened.
    fn event(&mut self, event: &AgentEvent) -> Result<()>;
    /// Something happened in the subagent that the call with the id `parent` started.
    fn child_event(&mut self, parent: &str, event: &AgentEvent) -> Result<()> {
        let _ = (parent, event);
        Ok(())
    }
}

/// What is known when a run begins.
#[derive(Debug)]
pub struct Start<'a> {
    /// Which model answers.
    pub endpoint: &'a Endpoint,
    /// The prompt's name.
    pub prompt: &'a str,
    /// What the run gives.
    pub output: Output,
    /// The folder.
    pub folder: &'a Path,
    /// Whether tools are confined.
    pub sandbox: Mode,
    /// What keeps the tools apart from the user's files, and what does not and why.
    pub layers: &'a [Layer],
    /// The bounds of the session.
    pub limits: Limits,
}

/// Runs to the end. The user's folder is written to at the end if [`RunOptions::write`] is set, and
/// then by all changes at once.
///
/// # Errors
/// Each kind as [`ErrorKind`] says; then there is no result, and nothing is changed.
pub fn run(options: &RunOptions, stop: &Arc<Stop>, observer: &mut dyn Observer) -> Result<Outcome> {
    transact(options, stop, observer).map_err(|error| stop.reason(error))
}

fn transact(
    options: &RunOptions,
    stop: &Arc<Stop>,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let started = Instant::now();
    let env = crate::agent::variable;
    let config = provider::Config::load(&env, &options.folder)?;
    let http = HttpOptions::from_env(&env)?;
    let endpoint =
        provider::resolve_with(&options.model, &env, &config.providers, &mut |endpoint| {
            if !endpoint.headers().is_empty() {
                observer.asks_for_models(endpoint)?;
            }
            provider::served_models(endpoint, http.clone())
        })?;
    let hidden_variables =
        provider::key_variables(std::env::vars_os(), &config.providers, &endpoint);
    let config_permissions = config.permissions;
    let folder = &options.folder;
    commit::recover(folder)?.iter().for_each(|line| observer.recovered(line));
    let view = View::open(
        folder,
        &ViewOptions {
            sandbox: options.sandbox,
            tools: options.tools.clone(),
            access: options.access.clone().and(config.access),
            ..ViewOptions::default()
        },
    )?;
    // Not before: the keeper of the namespaces must be open to us.
    if options.tools == ToolHost::ThisProgram {
        own_process::hide_memory();
    }
    let _guard = stop.guard(&view);
    let instructions = &options.instructions;
    let system = instructions.system(view.root());
    let tools = tools(options);
    let limits = endpoint.limits(options.limits)?;
    let session_config = OwnedConfig { system, tools, limits, ..endpoint.session_config() };
    let mut tape = match &options.record {
        Some(path) => Some(Tape::create(path, endpoint.secrets(), &session_config)?),
        None => None,
    };
    let start = Start {
        endpoint: &endpoint,
        prompt: &instructions.name,
        output: instructions.output,
        folder: &options.folder,
        sandbox: options.sandbox,
        layers: view.layers(),
        limits,
    };
    observer.start(&start)?;
    let session = start_session(session_config)?;
    let gate = Gate::new(
        &options.permissions,
        &config_permissions,
        instructions.mode,
        options.sandbox,
        view.root(),
    );
    let family = Family::new(limits, config_permissions.clone());
    let mut turn = Turn {
        family: &family,
        options,
        stop,
        endpoint: &endpoint,
        view: &view,
        gate: &gate,
        session,
        hidden_variables,
        started,
    };
    let result = turn.run(&mut tape, observer);
    let result = gate.judge(result);
    // The view is of no use once a signal came, and a patch of it may be half of one.
    let result = match stop.why() {
        Some(_) => Err(Cancel::error().into()),
        None => result,
    };
    let result = result.map_err(|error| stop.reason(error));
    let Some(tape) = tape else { return result };
    let exit_code = result.as_ref().err().map_or(0, |error| error.kind().exit_code());
    // What ended the run says more than that its tape could not be written.
    let taped = tape.finish(exit_code);
    result.and_then(|outcome| match (taped, outcome.written) {
        (Ok(()), _) => Ok(outcome),
        (Err(error), None) => Err(error),
        (Err(error), Some(id)) => {
            let text = format!("{error}; the files are written, as run {id}");
            Err(Error::new(error.kind(), text))
        }
    })
}

/// What the one turn of a run needs.
struct Turn<'a> {
    options: &'a RunOptions,
    stop: &'a Arc<Stop>,
    endpoint: &'a Endpoint,
    view: &'a View,
    gate: &'a Gate,
    family: &'a Family,
    session: OwnedSession,
    hidden_variables: Vec<OsString>,
    started: Instant,
}

impl Turn<'_> {
    fn run(&mut self, tape: &mut Option<Tape>, observer: &mut dyn Observer) -> Result<Outcome> {
        let Self { options, stop, endpoint, view, gate, family, session, hidden_variables, .. } =
            self;
        let text = options.instructions.user(options.input.as_deref());
        if let Some(tape) = tape {
            tape.user(&text)?;
        }
        session.user(&text).map_err(Error::from_core)?;
        let cancel = stop.cancel().clone();
        let mut http = HttpOptions::from_env(&crate::agent::variable)?;
        http.idle_timeout = options.idle_limit.unwrap_or(http.idle_timeout);
        let mut transport = Http::new(http, cancel.clone());
        let mut processes =
            Processes::new(view, stop, options, gate, hidden_variables, endpoint, family);
        let (number, mut rounds, mut before) = (family.join(), 0, Usage::default());
        let mut drive = Drive::new();
        let mut last = LastReply::default();
        let mut repairs = 0;
        loop {
            let recorder: &mut dyn Recorder = match tape {
                Some(tape) => tape,
                None => &mut (),
            };
            let event =
                drive.next(session, endpoint, &mut transport, &mut processes, &cancel, recorder)?;
            for ChildEvent { parent, event } in family.take_events() {
                observer.child_event(&parent, &event)?;
            }
            if let Some(event) = event {
                last.take(&event)?;
                rounds += u32::from(matches!(event, AgentEvent::End(_)));
                observer.event(&event)?;
                family.report(number, before.plus(session.usage()), rounds)?;
                continue;
            }
            last.check(endpoint, session.raw_stop_reason())?;
            let repair = contract::repair(&options.instructions, &last.text);
            let Some(repair) = repair.filter(|_| repairs < contract::REPAIRS) else { break };
            repairs += 1;
            if let Some(tape) = tape {
                tape.user(&repair)?;
            }
            before = before.plus(session.usage());
            session.user(&repair).map_err(Error::from_core)?;
        }
        let mut checked = match options.instructions.output {
            Output::Patch => Some(delivery::check(view, &options.folder, options.scope.as_ref())?),
            _ => None,
        };
        let layers = view.layers().to_vec();
        let usage = before.plus(session.usage()).plus(family.usage_of_children());
        let mut outcome = outcome(options, checked.as_mut(), last.text, usage, layers)?;
        outcome.notes.extend_from_slice(view.notes());
        outcome.connections = view.connections();
        outcome.notes.extend(refused(&outcome.connections));
        outcome.notes.extend(processes.take_notes());
        if let Some(checked) = checked.filter(|_| options.write) {
            outcome.written = Some(self.write(&checked, &outcome)?);
        }
        Ok(outcome)
    }
}

/// A line about the connections that there were not.
fn refused(connections: &[Connection]) -> Option<String> {
    let why = |it: &Connection| it.refused.map(|why| format!("{} ({why})", it.to));
    let mut refused: Vec<String> = connections.iter().filter_map(why).collect();
    refused.sort();
    refused.dedup();
    (!refused.is_empty()).then(|| format!("no connection to {}", listed(&refused)))
}

/// The result, whole or not at all.
fn outcome(
    options: &RunOptions,
    checked: Option<&mut Checked>,
    text: String,
    usage: Usage,
    layers: Vec<Layer>,
) -> Result<Outcome> {
    let output = options.instructions.output;
    let mut outcome = Outcome {
        output,
        patch: Vec::new(),
        files: Vec::new(),
        left_out: Vec::new(),
        notes: Vec::new(),
        text,
        usage,
        layers,
        connections: Vec::new(),
        written: None,
        plan: None,
    };
    if let Some(Checked { patch, changes, notes, .. }) = checked {
        (outcome.patch, outcome.notes) = (std::mem::take(patch), std::mem::take(notes));
        let name = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        outcome.files = changes.files().iter().map(|change| name(change.path())).collect();
        outcome.left_out = changes.left_out().iter().map(LeftOut::of).collect();
    }
    if output != Output::Patch {
        let (instructions, folder) = (&options.instructions, &options.folder);
        let Answer { text, notes, plan } =
            contract::checked(instructions, options.format, folder, &outcome.text)?;
        (outcome.text, outcome.plan) = (text, plan);
        outcome.notes.extend(notes);
    } else if outcome.patch.is_empty() {
        let said = outcome.text.trim();
        let said = if said.is_empty() { "nothing".to_owned() } else { quote(said) };
        let mut text = "no file was changed".to_owned();
        if let Some(first) = outcome.left_out.first() {
            text = format!("no file that belongs in the patch was changed; left out: {first}");
            if outcome.left_out.len() > 1 {
                text.push_str(&format!(" and {} more", outcome.left_out.len() - 1));
            }
        }
        for note in &outcome.notes {
            text.push_str(&format!("; {note}"));
        }
        let text = format!("{text}; the model said: {said}");
        return Err(Error::new(ErrorKind::NoResult, text));
    }
    Ok(outcome)
}

/// The specs of the tools that the prompt allows.
fn tools(options: &RunOptions) -> Vec<OwnedTool> {
    let instructions = &options.instructions;
    let allowed = |name: &str| {
        let names = instructions.tools.as_ref();
        names.is_none_or(|names| names.iter().any(|allowed| allowed == name))
    };
    let specs = crate::tool::specs().iter().filter(|spec| allowed(spec.name));
    let mut tools: Vec<OwnedTool> = specs.map(|spec| OwnedTool::from(*spec)).collect();
    // A prompt without tools has none of them.
    if !tools.is_empty() && !instructions.skills.is_empty() {
        tools.push(instructions.skills.spec());
    }
    let names_task = instructions.tools.iter().flatten().any(|name| name == "task");
    if names_task || (options.subagents && !tools.is_empty()) {
        tools.push(subagent::spec());
    }
    tools
}

/// The text of the reply that came last, and how it ended.
#[derive(Default)]
struct LastReply {
    text: String,
    stop: Option<StopReason>,
    /// The reply is over; what comes next belongs to another.
    over: bool,
}

impl LastReply {
    fn take(&mut self, event: &AgentEvent) -> Result<()> {
        if std::mem::take(&mut self.over) || *event == AgentEvent::Restart {
            self.text.clear();
        }
        match event {
            AgentEvent::Text(text) | AgentEvent::Refusal(text) => {
                if self.text.len() + text.len() > ANSWER_BYTES {
                    let text = format!("the model's answer is longer than {ANSWER_BYTES} bytes");
                    return Err(Error::new(ErrorKind::Limit, text));
                }
                self.text.push_str(text);
            }
            AgentEvent::Recovered { text } => self.text.clone_from(text),
            AgentEvent::End(reason) => {
                self.stop = Some(*reason);
                self.over = true;
            }
            AgentEvent::ToolResult { .. }
            | AgentEvent::Retry { .. }
            | AgentEvent::Compacting
            | AgentEvent::MadeRoom { .. }
            | AgentEvent::SummaryFailed { .. } => self.over = true,
            _ => {}
        }
        Ok(())
    }

    /// Refuses a reply that is not the model's whole answer.
    fn check(&self, endpoint: &Endpoint, word: &str) -> Result<()> {
        let model = &endpoint.model;
        let said = quote(&self.text);
        match self.stop {
            Some(StopReason::MaxTokens) => Err(Error::new(
                ErrorKind::Limit,
                format!("the reply of {model} reached its token limit; raise --max-tokens"),
            )),
            Some(StopReason::Refusal) => {
                Err(Error::new(ErrorKind::NoResult, format!("{model} refused: {said}")))
            }
            Some(StopReason::ContentFilter) => Err(Error::new(
                ErrorKind::NoResult,
                format!("the provider's filter stopped the reply of {model}"),
            )),
            Some(StopReason::Other) => Err(Error::new(
                ErrorKind::NoResult,
                format!(
                    "the reply of {model} ended for no known reason ({}), so it may not be whole",
                    quote(word)
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// The most that one answer may hold: a model that goes on and on is of no use.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;
