//! One attempt at the task: the conversation and its result.

use std::sync::Arc;

use zerostack_core::prompt::Output;

use super::conversation::{Conversation, transport};
use super::delivery::{self, Checked, Written};
use super::family::{Family, Member};
use super::front::{ConversationId, Front, RunEvent, Start};
use super::permissions::Gate;
use super::prefix::Prefixes;
use super::recording::Recording;
use super::setup::Setup;
use super::spent::Spent;
use super::subagent::Subagents;
use super::tape::Tape;
use super::tools::Tools;
use super::workspace::Workspace;
use super::{CheckEnd, Outcome, RunOptions, Stop, contract, session};
use crate::agent::{Files, OwnedSession, start_session};
use crate::error::listed;
use crate::sandbox::Connection;
use crate::sessions::Saved;
use crate::transport::Cancel;
use crate::{Error, ErrorKind, Result, own_process};

/// What an attempt needs.
struct Attempt<'a> {
    options: &'a RunOptions,
    setup: &'a Setup,
    workspace: &'a Workspace,
    stop: &'a Stop,
    gate: &'a Gate<'a>,
    family: &'a Family<'a>,
    /// The conversation of the run itself.
    member: &'a Member<'a>,
}

/// One attempt in `workspace`, with the budgets that `spent` leaves.
///
/// # Errors
/// Each kind of [`ErrorKind`](crate::ErrorKind); then there is no result, and nothing is changed.
pub(super) fn attempt(
    options: &RunOptions,
    setup: &Setup,
    workspace: &Workspace,
    stop: &Arc<Stop>,
    front: &dyn Front,
    spent: &mut Spent,
    mut saved: Option<&mut Saved>,
) -> Result<Outcome> {
    let Setup { endpoint, permissions, limits, .. } = setup;
    let view = workspace.view();
    let config = setup.run_config(options, &view.folders(), spent.left(limits)?);
    let tape = match &options.record {
        Some(path) => Some(
            Tape::create(path, endpoint.secrets(), &config)?.with_files(options.record_attachments),
        ),
        None => None,
    };
    let prefixes = options.prove_prefix.then(Prefixes::default);
    let mut recording = Recording::new(tape, prefixes);
    let instructions = &options.instructions;
    let start = Start {
        endpoint,
        prompt: &instructions.name,
        output: instructions.output,
        folder: &options.folder,
        also: view.also().collect(),
        base: view.base(),
        sandbox: options.sandbox,
        layers: view.layers(),
        limits: config.limits,
        session: saved.as_ref().map(|saved| saved.name.as_str()),
        tools: config.tools.iter().map(|tool| tool.name.as_str()).collect(),
    };
    front.start(&start)?;
    let id = ConversationId::of_attempt(options.attempt);
    let family = Family::new(front, id, config.limits, endpoint.prices);
    let member = family.join(None);
    let mut notes = Vec::new();
    let session = match &mut saved {
        Some(saved) => {
            let session = session::begin(saved, options, setup, config, &mut notes)?;
            // If the run is killed, the next one knows.
            saved.keep();
            session
        }
        None => start_session(config)?,
    };
    let (session, files) = match &mut saved {
        Some(saved) => saved.with_files(session, &mut notes)?,
        None => (session, Files::new()),
    };
    notes.iter().try_for_each(|note| front.event(&RunEvent::Warned(note)))?;
    recording.keep(options, endpoint.secrets(), &session, &member.id);
    let mode = instructions.wished();
    let folders = view.folders();
    let gate = Gate::new(&options.permissions, permissions, mode, options.sandbox, &folders, front);
    let (gate, family, member) = (&gate, &family, &member);
    let attempt = Attempt { options, setup, workspace, stop, gate, family, member };
    own_process::release_code();
    let result = attempt.run((session, files), &mut recording, spent, saved);
    spent.end_attempt();
    let result = gate.judge(result);
    // After a signal the view is useless, and a patch of it may be incomplete.
    let result = match stop.why() {
        Some(_) => Err(Cancel::error().into()),
        None => result,
    };
    recording.end(result.map_err(|error| stop.reason(error)))
}

impl Attempt<'_> {
    /// Asks the model until its result is complete and passes the check, or no attempt is left.
    fn run(
        &self,
        (session, files): (OwnedSession, Files),
        recording: &mut Recording,
        spent: &mut Spent,
        saved: Option<&mut Saved>,
    ) -> Result<Outcome> {
        let Self { options, setup, workspace, stop, gate, family, member } = *self;
        let subagents =
            Subagents { setup, workspace, stop, family, member, options, gate, depth: 0 };
        let mut tools = Tools::new(workspace, stop, options, gate, &subagents, member);
        tools.show(&session);
        if let Some(fork) = &options.fork {
            let mut notes = Vec::new();
            let network = setup.reaches_network(options);
            fork.redo(&mut tools.sources(), options, network, &mut notes)?;
            notes.iter().try_for_each(|note| family.front().event(&RunEvent::Warned(note)))?;
        }
        let (endpoint, transport) = (&setup.endpoint, transport(options, stop)?);
        let mut conversation =
            Conversation::new(session, endpoint, transport, &tools, recording, member)
                .with_bad_calls(setup.bad_calls)
                .saved_in(saved, files);
        let (mut repairs, mut returns, mut rounds) = (0, 0, 0);
        // The answer that the model is asked to correct.
        let mut unmended: Option<String> = None;
        let mut text = options.first_text(workspace.view())?;
        let mut attached = options.first_files();
        loop {
            let turn = conversation.turn(&text, &std::mem::take(&mut attached));
            let before = std::mem::replace(&mut rounds, conversation.rounds());
            let more = u16::try_from(rounds - before).unwrap_or(u16::MAX);
            spent.rounds = spent.rounds.saturating_add(more);
            spent.add(conversation.usage());
            spent.children = family.usage_of_children();
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
            let answer = conversation.answer();
            let repair = contract::repair(&options.instructions, answer);
            if let Some(repair) = repair.filter(|_| repairs < contract::REPAIRS) {
                repairs += 1;
                unmended = Some(answer.to_owned());
                text = repair;
            } else {
                let mut checked = match options.instructions.output {
                    Output::Patch => Some(self.patch()?),
                    _ => None,
                };
                let layers = workspace.view().layers().to_vec();
                let (answer, usage) = (answer.to_owned(), spent.total());
                let outcome = delivery::outcome(options, checked.as_mut(), answer, usage, layers)?;
                match self.check()? {
                    Some(failure) if returns < RETURNS => {
                        spent.offer(&outcome.patch);
                        returns += 1;
                        text = failure.message();
                    }
                    Some(failure) => {
                        spent.offer(&outcome.patch);
                        return Err(failure.error());
                    }
                    None => return self.finish(outcome, checked, &tools),
                }
            }
            conversation = conversation.with_limits(spent.left(&setup.limits)?)?;
        }
    }

    /// The error of an answer that is not a result, after `error` prevented another request.
    fn not_mended(&self, answer: &str, error: Error) -> Error {
        let RunOptions { instructions, format, folder, .. } = self.options;
        match contract::checked(instructions, *format, folder, answer) {
            Err(why) => Error::new(why.kind(), format!("{}; asked again: {error}", why.message())),
            Ok(_) => error,
        }
    }

    /// Runs the check of the user, if there is one, and returns how it failed.
    fn check(&self) -> Result<Option<CheckEnd>> {
        let Some(check) = &self.options.check else { return Ok(None) };
        let end = check.run(self.workspace, self.stop)?;
        self.family.front().event(&RunEvent::Checked(&end))?;
        Ok((!end.passed).then_some(end))
    }

    /// The patch of the changes so far.
    fn patch(&self) -> Result<Checked> {
        let RunOptions { folder, scope, .. } = self.options;
        delivery::check(self.workspace.view(), folder, scope.as_ref())
    }

    /// Keeps the changes so far: the run ends before its result is complete.
    fn offer_what_there_is(&self, spent: &mut Spent) {
        if self.options.instructions.output == Output::Patch
            && self.stop.why().is_none()
            && let Ok(checked) = self.patch()
        {
            spent.offer(&checked.patch);
        }
    }

    /// A note about changes that a run without a patch discards.
    fn discarded(&self) -> Option<String> {
        if self.options.instructions.output == Output::Patch {
            return None;
        }
        let view = self.workspace.view();
        view.end_processes();
        let changes = view.changes().ok()?;
        let paths = changes.files().iter().map(|change| String::from_utf8_lossy(change.path()));
        let paths: Vec<String> = paths.map(Into::into).collect();
        let note = "are discarded: the result of this prompt is not a patch";
        (!paths.is_empty()).then(|| format!("changes to {} {note}", listed(&paths)))
    }

    fn finish(
        &self,
        mut outcome: Outcome,
        checked: Option<Checked>,
        tools: &Tools<'_>,
    ) -> Result<Outcome> {
        let Self { options, setup, stop, .. } = *self;
        let view = self.workspace.view();
        outcome.notes.extend_from_slice(view.notes());
        outcome.connections = view.connections();
        outcome.notes.extend(refused(&outcome.connections));
        outcome.notes.extend(tools.take_notes());
        outcome.notes.extend(self.discarded());
        if let Some(checked) = checked.filter(|_| options.write && !outcome.patch.is_empty()) {
            let Setup { endpoint, started, .. } = setup;
            let written = Written { options, endpoint, view, started: *started };
            match options.best_of {
                0 | 1 => outcome.written = Some(written.write(&checked, &outcome, stop)?),
                // Only the patch of the best attempt is written.
                _ => outcome.checked = Some(Box::new(checked)),
            }
        }
        Ok(outcome)
    }
}

/// How often the output of a check that fails goes back to the model.
const RETURNS: u32 = 3;

/// A line about the refused connections.
fn refused(connections: &[Connection]) -> Option<String> {
    let why = |it: &Connection| it.refused.map(|why| format!("{} ({why})", it.to));
    let mut refused: Vec<String> = connections.iter().filter_map(why).collect();
    refused.sort();
    refused.dedup();
    (!refused.is_empty()).then(|| format!("no connection to {}", listed(&refused)))
}
