//! The blocking loop: does what the machine of the turn asks for, and reports the outcome to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zerostack_core::Step;

use crate::calls::{CallRules, Decision};
use crate::context::{Deps, Progress, TurnContext};
use crate::event::AgentEvent;
use crate::files::Files;
use crate::machine::{Effect, Machine};
use crate::provider::Endpoint;
use crate::recorder::Recorder;
use crate::session::OwnedSession;
use crate::toolbox::Toolbox;
use crate::totals::{Meter, SharedBudget};
use crate::transport::{Body, Cancel, Post, Response, Transport};
use crate::{Error, Result};

/// Drives a session, one event at a time.
pub struct Drive {
    machine: Machine,
    body: Option<Box<dyn Body>>,
    files: Files,
    rules: CallRules,
    meter: Meter,
    deps: Deps,
    progress: Option<Arc<Progress>>,
}

impl Default for Drive {
    fn default() -> Self {
        Self::new()
    }
}

impl Drive {
    /// Ready to drive a session that has a new input.
    pub fn new() -> Self {
        let rules = CallRules::default();
        let meter = Meter::default();
        let machine = Machine::new(rules, BTreeMap::new(), meter.clone());
        let (deps, progress) = (Deps::default(), None);
        Self { machine, body: None, files: Files::new(), rules, meter, deps, progress }
    }

    /// With the rules, the budget, the value for tools and the reports of this one, for an empty
    /// conversation.
    pub(crate) fn another(&self) -> Self {
        let mut drive =
            Self { meter: self.meter.another(), deps: self.deps.clone(), ..Self::new() };
        drive.progress.clone_from(&self.progress);
        drive.set_rules(self.rules);
        drive
    }

    /// Ready for another turn of the same conversation.
    pub fn begin(&mut self) {
        self.go_on(BTreeMap::new());
    }

    /// Ready to continue a waiting turn with decisions.
    pub(crate) fn go_on(&mut self, decisions: BTreeMap<u32, Decision>) {
        let machine = Machine::new(self.rules, decisions, self.meter.clone());
        (self.machine, self.body) = (machine, None);
    }

    pub(crate) fn set_rules(&mut self, rules: CallRules) {
        self.rules = rules;
        self.begin();
    }

    /// What turns took, and may take.
    pub(crate) const fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) fn set_budget(&mut self, budget: &SharedBudget) {
        self.meter.set_budget(budget);
        self.begin();
    }

    pub(crate) fn set_deps(&mut self, deps: Deps) {
        self.deps = deps;
    }

    pub(crate) fn set_progress(&mut self, progress: Arc<Progress>) {
        self.progress = Some(progress);
    }

    /// The files of the conversation.
    pub const fn files(&self) -> &Files {
        &self.files
    }

    /// The files of the conversation, to add to them.
    pub const fn files_mut(&mut self) -> &mut Files {
        &mut self.files
    }

    /// Continues until the next event; `None` if the turn is over.
    ///
    /// # Errors
    /// Whatever ended the turn. Then the session is idle, and can continue with another turn.
    pub fn next(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        transport: &mut dyn Transport,
        tools: &mut dyn Toolbox,
        cancel: &Cancel,
        recorder: &mut dyn Recorder,
    ) -> Result<Option<AgentEvent>> {
        let result = self.advance(session, endpoint, transport, tools, cancel, recorder);
        if let Err(error) = &result {
            self.body = None;
            self.machine.abort(session, Some(error));
        }
        result
    }

    fn advance(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        transport: &mut dyn Transport,
        tools: &mut dyn Toolbox,
        cancel: &Cancel,
        recorder: &mut dyn Recorder,
    ) -> Result<Option<AgentEvent>> {
        loop {
            if cancel.is_cancelled() {
                return Err(Cancel::error());
            }
            let effect =
                self.machine.next(session, endpoint, recorder, &mut self.files, &*tools)?;
            if session.step() != Step::Receive {
                self.body = None;
            }
            match effect {
                Effect::Show(event) => return Ok(Some(event)),
                Effect::Done => return Ok(None),
                Effect::Send => {
                    let sent = send(session, &self.files, endpoint, transport);
                    let head = sent.map(|Response { status, retry_after_ms, body }| {
                        self.body = Some(body);
                        (status, retry_after_ms)
                    });
                    self.machine.sent(session, endpoint, recorder, head)?;
                }
                Effect::Receive => {
                    let received = match &mut self.body {
                        Some(body) if !session.is_reply_complete() => {
                            body.receive(self.machine.buffer())
                        }
                        _ => Ok(0),
                    };
                    if let (Ok(0), Some(body)) = (&received, &mut self.body) {
                        body.finish();
                    }
                    self.machine.received(session, endpoint, recorder, received)?;
                }
                Effect::RunTools => {
                    let turn = TurnContext {
                        usage: session.usage(),
                        cancel: cancel.clone(),
                        deps: self.deps.clone(),
                        progress: self.progress.clone(),
                    };
                    let results = tools.call_all_in(&turn, &self.machine.calls(session));
                    self.machine.answered(session, results)?;
                }
                Effect::Wait { millis } => {
                    sleep(millis, cancel)?;
                    self.machine.waited(session)?;
                }
            }
        }
    }
}

/// Writes the request of the session to the transport.
fn send(
    session: &OwnedSession,
    files: &Files,
    endpoint: &Endpoint,
    transport: &mut dyn Transport,
) -> Result<Response> {
    let request = session.request_with_attachments().map_err(Error::from)?;
    let url = endpoint.url(&request.path_parts().concat());
    let own = endpoint.headers();
    let mut headers = request.headers().to_vec();
    headers.extend(own.iter().map(|(name, value)| (*name, value.expose())));
    let body_len = request.body_len() as u64;
    let post = Post { url: &url, headers: &headers, body_len };
    let mut body = files.body(request);
    let sent = transport.post(&post, &mut body);
    // The transport's own error about an interrupted body is less useful.
    body.failure().map_or(sent, Err)
}

/// Sleeps, but not longer than it takes to notice a cancel.
fn sleep(millis: u32, cancel: &Cancel) -> Result<()> {
    let end = Instant::now() + Duration::from_millis(millis.into());
    loop {
        if cancel.is_cancelled() {
            return Err(Cancel::error());
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(CANCEL_CHECK));
    }
}

/// How often a wait checks for cancellation.
const CANCEL_CHECK: Duration = Duration::from_millis(50);
