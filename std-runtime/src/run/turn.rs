//! One attempt at the task: the conversation, and what comes of it.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Instant;

use zerostack_core::prompt::Output;
use zerostack_core::{Limits, OwnedTool, Session, Usage};

use super::check::CheckEnd;
use super::contract::{self, Answer};
use super::delivery::{self, Checked};
use super::last_reply::LastReply;
use super::permissions::Gate;
use super::recording::Recording;
use super::spent::Spent;
use super::subagent::{self, ChildEvent, Family};
use super::toolbox::Processes;
use super::{LeftOut, Observer, Outcome, RunOptions, Stop};
use crate::agent::{AgentEvent, Drive, OwnedSession};
use crate::error::{listed, quote};
use crate::provider::Endpoint;
use crate::sandbox::{Connection, Layer};
use crate::transport::{Http, HttpOptions};
use crate::view::View;
use crate::{Error, ErrorKind, Result};

/// What an attempt needs.
pub(super) struct Attempt<'a> {
    pub options: &'a RunOptions,
    pub stop: &'a Arc<Stop>,
    pub endpoint: &'a Endpoint,
    pub view: &'a View,
    pub gate: &'a Gate,
    pub family: &'a Family,
    pub hidden_variables: &'a [OsString],
    /// The bounds of the run, of which this attempt has what is left.
    pub limits: Limits,
    pub started: Instant,
}

/// What talks to the model.
struct Conversation<'a> {
    drive: Drive,
    transport: Http,
    processes: Processes<'a>,
    last: LastReply,
    /// Its number in the family.
    number: u32,
    /// Of the turns that have ended.
    before: Usage,
    rounds: u32,
}

impl Attempt<'_> {
    /// The error of an answer that is no result, and could not be asked for again because of
    /// `error`.
    fn not_mended(&self, answer: &str, error: Error) -> Error {
        let RunOptions { instructions, format, folder, .. } = self.options;
        match contract::checked(instructions, *format, folder, answer) {
            Err(why) => Error::new(why.kind(), format!("{}; asked again: {error}", why.message())),
            Ok(_) => error,
        }
    }

    /// Asks the model until its result is whole and passes the check, or cannot.
    pub(super) fn run(
        &self,
        mut session: OwnedSession,
        recording: &mut Recording,
        observer: &mut dyn Observer,
        spent: &mut Spent,
    ) -> Result<Outcome> {
        let Self { options, view, .. } = self;
        let mut conversation = self.conversation()?;
        let (mut repairs, mut returns) = (0, 0);
        // The answer that the model is asked to mend.
        let mut unmended: Option<String> = None;
        let mut text = options.instructions.user(options.input.as_deref());
        loop {
            recording.user(&text)?;
            session.user(&text).map_err(Error::from_core)?;
            let turn = self.turn(&mut session, &mut conversation, recording, observer, spent);
            conversation.before = conversation.before.plus(session.usage());
            spent.add(session.usage());
            spent.children = self.family.usage_of_children();
            if let Err(error) = turn {
                if error.kind() == ErrorKind::Limit {
                    self.offer_what_there_is(spent);
                }
                return Err(match unmended {
                    Some(answer) if error.kind() == ErrorKind::Provider => {
                        self.not_mended(&answer, error)
                    }
                    _ => error,
                });
            }
            let answer = &conversation.last.text;
            let repair = contract::repair(&options.instructions, answer);
            if let Some(repair) = repair.filter(|_| repairs < contract::REPAIRS) {
                repairs += 1;
                unmended = Some(answer.clone());
                text = repair;
            } else {
                let mut checked = match options.instructions.output {
                    Output::Patch => Some(self.patch()?),
                    _ => None,
                };
                let layers = view.layers().to_vec();
                let answer = answer.clone();
                let outcome = outcome(options, checked.as_mut(), answer, spent.total(), layers)?;
                match self.check(observer)? {
                    Some(failure) if returns < RETURNS => {
                        spent.offer(&outcome.patch);
                        returns += 1;
                        text = failure.message();
                    }
                    Some(failure) => {
                        spent.offer(&outcome.patch);
                        return Err(failure.error());
                    }
                    None => return self.finish(outcome, checked, &mut conversation),
                }
            }
            session = self.with_what_is_left(session, spent)?;
        }
    }

    fn conversation(&self) -> Result<Conversation<'_>> {
        let Self { options, stop, view, gate, hidden_variables, endpoint, family, .. } = self;
        let mut http = HttpOptions::from_env(&crate::agent::variable)?;
        http.idle_timeout = options.idle_limit.unwrap_or(http.idle_timeout);
        Ok(Conversation {
            drive: Drive::new(),
            transport: Http::new(http, stop.cancel().clone()),
            processes: Processes::new(
                view,
                stop,
                options,
                gate,
                hidden_variables,
                endpoint,
                family,
            ),
            last: LastReply::default(),
            number: family.join(),
            before: Usage::default(),
            rounds: 0,
        })
    }

    /// Drives the session until the model has ended.
    fn turn(
        &self,
        session: &mut OwnedSession,
        conversation: &mut Conversation<'_>,
        recording: &mut Recording,
        observer: &mut dyn Observer,
        spent: &mut Spent,
    ) -> Result<()> {
        let Conversation { drive, transport, processes, last, number, before, rounds } =
            conversation;
        let cancel = self.stop.cancel();
        loop {
            let event =
                drive.next(session, self.endpoint, transport, processes, cancel, recording)?;
            for ChildEvent { parent, event } in self.family.take_events() {
                observer.child_event(&parent, &event)?;
            }
            let Some(event) = event else { break };
            match &event {
                AgentEvent::End(_) => {
                    *rounds += 1;
                    spent.rounds = spent.rounds.saturating_add(1);
                }
                // What was sent before is not all sent again.
                AgentEvent::MadeRoom { .. } | AgentEvent::Compacting => recording.made_room(),
                _ => {}
            }
            last.take(&event)?;
            observer.event(&event)?;
            self.family.report(*number, before.plus(session.usage()), *rounds)?;
        }
        last.check(self.endpoint, session.raw_stop_reason())
    }

    /// Runs the check of the user, if there is one, and gives how it failed.
    fn check(&self, observer: &mut dyn Observer) -> Result<Option<CheckEnd>> {
        let Some(check) = &self.options.check else { return Ok(None) };
        let end = check.run(self.view, self.stop, self.hidden_variables)?;
        observer.checked(&end)?;
        Ok((!end.passed).then_some(end))
    }

    /// The patch of what was changed so far.
    fn patch(&self) -> Result<Checked> {
        let RunOptions { folder, scope, .. } = self.options;
        delivery::check(self.view, folder, scope.as_ref())
    }

    /// Keeps in mind what was changed so far: the run ends before its result is whole.
    fn offer_what_there_is(&self, spent: &mut Spent) {
        if self.options.instructions.output == Output::Patch
            && self.stop.why().is_none()
            && let Ok(checked) = self.patch()
        {
            spent.offer(&checked.patch);
        }
    }

    /// The same conversation with what is left of the budgets.
    fn with_what_is_left(&self, session: OwnedSession, spent: &Spent) -> Result<OwnedSession> {
        let mut config = session.config().clone();
        config.limits = spent.left(&self.limits)?;
        let used = session.snapshot().len();
        Session::resume(session.into_storage(), used, config).map_err(Error::from_core)
    }

    fn finish(
        &self,
        mut outcome: Outcome,
        checked: Option<Checked>,
        conversation: &mut Conversation<'_>,
    ) -> Result<Outcome> {
        outcome.notes.extend_from_slice(self.view.notes());
        outcome.connections = self.view.connections();
        outcome.notes.extend(refused(&outcome.connections));
        outcome.notes.extend(conversation.processes.take_notes());
        if let Some(checked) = checked.filter(|_| self.options.write) {
            outcome.written = Some(self.write(&checked, &outcome)?);
        }
        Ok(outcome)
    }
}

/// How often the output of a check that fails goes back to the model.
const RETURNS: u32 = 3;

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
pub(super) fn tools(options: &RunOptions) -> Vec<OwnedTool> {
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
