//! A session with its model, its tools and its record: the loop of every caller.

use std::sync::Arc;

use zerostack_core::tool::BadCallPolicy;
use zerostack_core::{Limits, OwnedConfig, OwnedResponseSchema, Session, Usage};

use crate::calls::{CallRules, Decision, decisions};
use crate::context::{Deps, Progress};
use crate::drive::Drive;
use crate::event::AgentEvent;
use crate::file::File;
use crate::files::{Files, leave_out};
use crate::provider::Endpoint;
use crate::recorder::Recorder;
use crate::session::{OwnedSession, open_session};
use crate::structured;
use crate::toolbox::Toolbox;
use crate::totals::{SharedBudget, Totals};
use crate::transport::{Cancel, Transport};
use crate::{Error, ErrorKind, Result};

/// A conversation that borrows its parts. [`Agent`](crate::Agent) is one that owns it.
pub struct Conversation<'a> {
    session: OwnedSession,
    endpoint: Endpoint,
    transport: Box<dyn Transport + Send + 'a>,
    tools: Box<dyn Toolbox + Send + 'a>,
    recorder: Box<dyn Recorder + Send + 'a>,
    cancel: Cancel,
    drive: Drive,
}

impl<'a> Conversation<'a> {
    /// A conversation of `session`, whose configuration names the tools of `tools`; nothing is recorded.
    pub fn new(
        session: OwnedSession,
        endpoint: Endpoint,
        transport: impl Transport + Send + 'a,
        tools: impl Toolbox + Send + 'a,
        cancel: Cancel,
    ) -> Self {
        let (transport, tools) = (Box::new(transport), Box::new(tools));
        let recorder = Box::new(());
        Self { session, endpoint, transport, tools, recorder, cancel, drive: Drive::new() }
    }

    /// Records the inputs of the session.
    #[must_use]
    pub fn recorded(mut self, recorder: impl Recorder + Send + 'a) -> Self {
        self.recorder = Box::new(recorder);
        self
    }

    /// A conversation that is empty, or `saved`, and has all else as this one, except for the record.
    pub(crate) fn another(&self, saved: Option<Vec<u8>>) -> Result<Self> {
        let cancel = Cancel::new();
        let transport = self.transport.another(&cancel).ok_or_else(|| {
            let text = "the transport serves one conversation: give it Transport::another";
            Error::new(ErrorKind::Usage, text)
        })?;
        let tools = self.tools.another().ok_or_else(|| {
            let text = "the toolbox serves one conversation: give it Toolbox::another";
            Error::new(ErrorKind::Usage, text)
        })?;
        Ok(Self {
            session: open_session(self.session.config().clone(), saved)?,
            endpoint: self.endpoint.clone(),
            transport,
            tools,
            recorder: Box::new(()),
            cancel,
            drive: self.drive.another(),
        })
    }

    /// Begins a turn with the user's `text`.
    ///
    /// # Errors
    /// `Usage` if a turn is open; `Limit` if the conversation is full.
    pub fn say(&mut self, text: &str) -> Result<()> {
        self.say_with(text, &[])
    }

    /// The same with files attached to the text, which may then be empty.
    ///
    /// # Errors
    /// Those of [`say`](Self::say); `Input` and `Configuration` for a file that cannot be sent:
    /// nothing was added.
    pub fn say_with(&mut self, text: &str, files: &[File]) -> Result<()> {
        let numbers = self.drive.files_mut().say(&mut self.session, text, files)?;
        self.drive.begin();
        self.drive.meter().begin();
        for (file, number) in files.iter().zip(numbers) {
            self.recorder.attached(number, file)?;
        }
        self.recorder.user(text)
    }

    /// The files of the conversation.
    pub const fn files(&self) -> &Files {
        self.drive.files()
    }

    /// The files of the conversation, to add those of a saved one.
    pub const fn files_mut(&mut self) -> &mut Files {
        self.drive.files_mut()
    }

    /// Replaces each file whose bytes are on this side by a line that describes it: for a
    /// conversation that continues without them. Returns how many there are.
    ///
    /// # Errors
    /// `Usage` while a reply is received or calls are open.
    pub fn leave_out_attachments(&mut self) -> Result<usize> {
        leave_out(&mut self.session)
    }

    /// Continues until the next event; `None` if the turn is over.
    ///
    /// # Errors
    /// Whatever ended the turn. Then the session is idle, and can continue with another turn.
    pub fn next_event(&mut self) -> Result<Option<AgentEvent>> {
        let Self { session, endpoint, transport, tools, recorder, cancel, drive } = self;
        let event = drive.next(
            session,
            endpoint,
            &mut **transport,
            &mut **tools,
            cancel,
            &mut **recorder,
        )?;
        if matches!(event, Some(AgentEvent::MadeRoom { .. } | AgentEvent::Compacting)) {
            recorder.made_room();
        }
        Ok(event)
    }

    /// Continues a turn whose calls wait, with decisions by the ids of the calls. Calls without a
    /// decision keep waiting.
    ///
    /// # Errors
    /// `Usage` for an id of no open call.
    pub fn decide(&mut self, given: impl IntoIterator<Item = (u32, Decision)>) -> Result<()> {
        let decisions = decisions(&self.session, given)?;
        self.drive.go_on(decisions);
        Ok(())
    }

    /// What to do with calls of unknown tools and arguments that do not fit, and how many such calls
    /// a turn may have before it fails.
    pub fn set_bad_calls(&mut self, policy: BadCallPolicy, most: u16) {
        self.drive.set_rules(CallRules { policy, most });
    }

    /// Other tools from the next turn on; the provider's cache does not serve the first request with
    /// them. Returns those before.
    ///
    /// # Errors
    /// `Usage` when a turn is open; `Configuration` when a tool's schema is not a JSON object.
    pub fn set_tools(
        &mut self,
        tools: impl Toolbox + Send + 'a,
    ) -> Result<Box<dyn Toolbox + Send + 'a>> {
        let config = OwnedConfig { tools: tools.specs(), ..self.session.config().clone() };
        self.session.set_config(config)?;
        Ok(std::mem::replace(&mut self.tools, Box::new(tools)))
    }

    pub(crate) fn set_deps(&mut self, deps: Deps) {
        self.drive.set_deps(deps);
    }

    pub(crate) fn set_progress(&mut self, progress: Arc<Progress>) {
        self.drive.set_progress(progress);
    }

    /// Turns end with an error of kind `Limit` when `budget` is used up.
    pub fn set_budget(&mut self, budget: &SharedBudget) {
        self.drive.set_budget(budget);
    }

    /// What all turns of the conversation took together.
    pub fn totals(&self) -> Totals {
        self.drive.meter().totals()
    }

    /// Ends the turn; open calls are answered by "aborted", and another turn can follow.
    pub fn abort(&mut self) {
        self.drive.meter().count(&self.session);
        self.drive.begin();
        self.session.abort();
    }

    /// Whether a turn is open.
    pub fn is_open(&self) -> bool {
        self.session.step() != zerostack_core::Step::Idle
    }

    /// Gives the model an instruction besides the user's text, before the next turn: another mode,
    /// other skills. Earlier messages stay unchanged, so the provider's cache keeps hitting.
    ///
    /// # Errors
    /// `Limit` if the conversation is full.
    pub fn instruct(&mut self, text: &str) -> Result<()> {
        self.session.instruct(text).map_err(Error::from)
    }

    /// The same conversation with other limits for the following turns.
    ///
    /// # Errors
    /// `Input` if a turn is open and cannot continue.
    pub fn with_limits(self, limits: Limits) -> Result<Self> {
        let mut config = self.session.config().clone();
        config.limits = limits;
        let used = self.session.snapshot().len();
        let session = Session::resume(self.session.into_storage(), used, config)?;
        Ok(Self { session, ..self })
    }

    /// The session, to continue later or elsewhere, and its files.
    #[must_use]
    pub fn into_parts(self) -> (OwnedSession, Files) {
        let Self { session, mut drive, .. } = self;
        (session, std::mem::take(drive.files_mut()))
    }

    /// Sets the form of the following turns' answers; `None` for plain text. Returns the previous
    /// one.
    ///
    /// # Errors
    /// `Usage` if a turn is open; `Configuration` for a schema that cannot be used.
    pub fn set_answer_schema(
        &mut self,
        schema: Option<OwnedResponseSchema>,
    ) -> Result<Option<OwnedResponseSchema>> {
        structured::set_schema(&mut self.session, schema)
    }

    /// Tokens of the last turn.
    pub fn usage(&self) -> Usage {
        self.session.usage()
    }

    /// The session.
    pub fn session(&self) -> &OwnedSession {
        &self.session
    }

    /// The model and its server.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Ends whatever waits, from any thread; the turn then fails with `Interrupted`.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }
}
