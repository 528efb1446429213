//! Decisions about calls before they run: approvals, and calls that cannot run unchanged.

use std::collections::BTreeMap;

use zerostack_core::tool::{BadCallPolicy, check_arguments};
use zerostack_core::{CallId, ToolCall};

use crate::event::{Call, DeferredCall};
use crate::session::OwnedSession;
use crate::tool::ToolOutput;
use crate::toolbox::Toolbox;
use crate::{Error, ErrorKind, Result};

/// The decision about a waiting call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It runs.
    Approve,
    /// It does not run, and the model gets the reason, which may be empty.
    Deny(String),
    /// It does not run here: this is its result.
    Answer(ToolOutput),
}

/// What to do with calls that cannot run unchanged, and how many of them a turn may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallRules {
    pub policy: BadCallPolicy,
    pub most: u16,
}

impl Default for CallRules {
    fn default() -> Self {
        Self { policy: BadCallPolicy::default(), most: MAX_BAD_CALLS }
    }
}

/// How many calls that cannot run a turn may have by default.
const MAX_BAD_CALLS: u16 = 32;

/// The open calls of a reply, by the next action.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Those that run, with their repaired arguments.
    pub running: Vec<(CallId, Option<String>)>,
    /// Those that are answered without being run.
    pub answered: Vec<(CallId, Call, ToolOutput)>,
    /// Those that wait.
    pub waiting: Vec<DeferredCall>,
}

impl Plan {
    /// What to do with the open calls of `session`.
    pub fn new(
        session: &OwnedSession,
        tools: &dyn Toolbox,
        decisions: &mut BTreeMap<u32, Decision>,
        policy: BadCallPolicy,
    ) -> Self {
        let mut plan = Self::default();
        for call in session.pending_calls() {
            let number = call.id.number();
            match decisions.remove(&number) {
                Some(Decision::Deny(reason)) => {
                    plan.answered.push((call.id, call.into(), denied(&reason)));
                    continue;
                }
                Some(Decision::Answer(output)) => {
                    plan.answered.push((call.id, call.into(), output));
                    continue;
                }
                Some(Decision::Approve) => {
                    // It was checked before it was shown to anybody.
                    let arguments = checked(session, tools, &call, policy).unwrap_or_default();
                    plan.running.push((call.id, arguments));
                    continue;
                }
                None => {}
            }
            match checked(session, tools, &call, policy) {
                Err(why) => plan.answered.push((call.id, call.into(), ToolOutput::bad_call(why))),
                Ok(_) if tools.needs_approval(&call) => {
                    plan.waiting.push(DeferredCall { id: number, call: call.into() });
                }
                Ok(arguments) => plan.running.push((call.id, arguments)),
            }
        }
        plan
    }
}

/// The arguments of a call if they were repaired; the sentence for the model if the call cannot run.
fn checked(
    session: &OwnedSession,
    tools: &dyn Toolbox,
    call: &ToolCall<'_>,
    policy: BadCallPolicy,
) -> Result<Option<String>, String> {
    let tool = session.config().tools.iter().find(|tool| tool.name == call.name);
    // The toolbox that runs it reports an unknown tool.
    let Some(tool) = tool else { return Ok(None) };
    match check_arguments(&tool.parameters, call.arguments, policy) {
        Ok(std::borrow::Cow::Owned(repaired)) => Ok(Some(repaired)),
        Ok(std::borrow::Cow::Borrowed(_)) => Ok(None),
        Err(_) if tools.checks_arguments() => Ok(None),
        Err(why) => Err(why),
    }
}

/// The result of a call that was not approved.
fn denied(reason: &str) -> ToolOutput {
    match reason.trim() {
        "" => ToolOutput::error("the call was denied"),
        reason => ToolOutput::error(format!("the call was denied: {reason}")),
    }
}

/// The decisions by the calls that they are about.
///
/// # Errors
/// `Usage` for a decision that belongs to no open call.
pub(crate) fn decisions(
    session: &OwnedSession,
    given: impl IntoIterator<Item = (u32, Decision)>,
) -> Result<BTreeMap<u32, Decision>> {
    let open: Vec<u32> = session.pending_calls().map(|call| call.id.number()).collect();
    let given: BTreeMap<u32, Decision> = given.into_iter().collect();
    match given.keys().find(|id| !open.contains(id)) {
        None => Ok(given),
        Some(id) => {
            let text = format!("no call with the id {id} is open; the open ones are {open:?}");
            Err(Error::new(ErrorKind::Usage, text))
        }
    }
}

/// The error of a turn that a call that cannot run ends.
pub(crate) fn bad_call(name: &str, why: &str) -> Error {
    Error::new(ErrorKind::BadCall, format!("the model called {name}: {why}"))
}

/// The error of a turn that had too many of them.
pub(crate) fn too_many(most: u16, name: &str, why: &str) -> Error {
    let text =
        format!("the model made more than {most} calls that cannot run, the last of {name}: {why}");
    Error::new(ErrorKind::BadCall, text)
}

/// The error of a waiting turn, for a caller that waits for its answer.
pub(crate) fn deferred(waiting: &[DeferredCall]) -> Error {
    let names: Vec<&str> = waiting.iter().map(|it| it.call.name.as_str()).collect();
    let text = format!(
        "the turn waits for the approval of {} ({}): continue it with resume_with()",
        if names.len() == 1 { "a call" } else { "calls" },
        names.join(", ")
    );
    Error::new(ErrorKind::Deferred, text)
}
