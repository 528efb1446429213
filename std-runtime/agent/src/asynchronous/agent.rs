//! A model, its async tools and the conversation.

use std::any::Any;
use std::sync::Arc;

use zerostack_core::tool::BadCallPolicy;
use zerostack_core::{Limits, OwnedConfig, OwnedResponseSchema, Usage};

use super::http::AsyncHttp;
use super::tool::AsyncTool;
use super::turn::{AsyncTurn, Parts};
use crate::calls::{CallRules, Decision, decisions, deferred};
use crate::context::Deps;
use crate::event::AgentEvent;
use crate::file::File;
use crate::files::{Files, leave_out};
use crate::provider::Endpoint;
use crate::recorder::Recorder;
use crate::session::{OwnedSession, open_session};
use crate::structured::{self, AnswerType};
use crate::totals::{Meter, SharedBudget, Totals};
use crate::transport::HttpOptions;
use crate::{Error, ErrorKind, Result};

/// An [`Agent`](crate::Agent) on tokio: many of them run on a few threads.
///
/// ```no_run
/// use zerostack_agent::provider::Endpoint;
/// use zerostack_agent::{AgentEvent, AsyncAgent};
///
/// # async fn run() -> zerostack_agent::Result<()> {
/// let endpoint = Endpoint::local("http://127.0.0.1:8080/v1", "some-model");
/// let mut agent = AsyncAgent::builder(endpoint).system("Answer in one sentence.").build()?;
/// let mut turn = agent.run("Why is the sky blue?");
/// while let Some(event) = turn.next().await {
///     if let AgentEvent::Text(text) = event? {
///         print!("{text}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct AsyncAgent {
    parts: Parts,
    max_repairs: u8,
}

/// The settings of an [`AsyncAgent`]. A setting that is not given has a default.
pub struct AsyncAgentBuilder {
    endpoint: Arc<Endpoint>,
    http: Option<AsyncHttp>,
    system: String,
    tools: Vec<AsyncTool>,
    recorder: Box<dyn Recorder + Send>,
    limits: Limits,
    saved: Option<Vec<u8>>,
    max_repairs: u8,
    rules: CallRules,
    meter: Meter,
    call_deltas: bool,
    deps: Deps,
}

impl AsyncAgent {
    /// Begins with a model, no system prompt and no tools. Agents with the same `Arc` of an endpoint
    /// share its memory.
    pub fn builder(endpoint: impl Into<Arc<Endpoint>>) -> AsyncAgentBuilder {
        AsyncAgentBuilder {
            endpoint: endpoint.into(),
            http: None,
            system: String::new(),
            tools: Vec::new(),
            recorder: Box::new(()),
            limits: Limits::default(),
            saved: None,
            max_repairs: structured::MAX_REPAIRS,
            rules: CallRules::default(),
            meter: Meter::default(),
            call_deltas: false,
            deps: Deps::default(),
        }
    }

    /// Sends `text`. The turn is a stream of its events, and tools run on the way; dropping it ends
    /// the request and the tools, and the conversation can continue.
    pub fn run(&mut self, text: &str) -> AsyncTurn<'_> {
        self.run_with(text, [])
    }

    /// The same with files attached to the text.
    ///
    /// If a file cannot be sent, the only item is an error.
    pub fn run_with(&mut self, text: &str, files: impl IntoIterator<Item = File>) -> AsyncTurn<'_> {
        let files: Vec<File> = files.into_iter().collect();
        let begun = self.say(text, &files);
        AsyncTurn::new(&mut self.parts, begun.err())
    }

    fn say(&mut self, text: &str, given: &[File]) -> Result<()> {
        let Parts { session, files, recorder, meter, .. } = &mut self.parts;
        let numbers = files.say(session, text, given)?;
        meter.begin();
        for (file, number) in given.iter().zip(numbers) {
            recorder.attached(number, file)?;
        }
        recorder.user(text)
    }

    /// Continues the open turn of a conversation that was saved in the middle of one. If no turn is
    /// open, the only item is an error of kind `Usage`.
    pub fn resume(&mut self) -> AsyncTurn<'_> {
        let is_open = self.parts.session.step() != zerostack_core::Step::Idle;
        let refused =
            (!is_open).then(|| Error::new(ErrorKind::Usage, "no turn is open: run() begins one"));
        AsyncTurn::new(&mut self.parts, refused)
    }

    /// Continues a turn whose calls wait for approval, as
    /// [`Agent::resume_with`](crate::Agent::resume_with).
    pub fn resume_with(
        &mut self,
        given: impl IntoIterator<Item = (u32, Decision)>,
    ) -> AsyncTurn<'_> {
        match decisions(&self.parts.session, given) {
            Err(error) => AsyncTurn::new(&mut self.parts, Some(error)),
            Ok(_) if self.parts.session.step() == zerostack_core::Step::Idle => self.resume(),
            Ok(decisions) => AsyncTurn::deciding(&mut self.parts, None, decisions),
        }
    }

    /// Sends `text` and waits for the complete answer.
    ///
    /// # Errors
    /// Whatever ended the turn.
    pub async fn ask(&mut self, text: &str) -> Result<String> {
        self.ask_with(text, []).await
    }

    /// The same with files attached to the text.
    ///
    /// # Errors
    /// Whatever ended the turn; `Input` and `Configuration` for a file that cannot be sent.
    pub async fn ask_with(
        &mut self,
        text: &str,
        files: impl IntoIterator<Item = File>,
    ) -> Result<String> {
        let mut waiting = Vec::new();
        let mut turn = self.run_with(text, files);
        while let Some(event) = turn.next().await {
            if let AgentEvent::Deferred { calls } = event? {
                waiting = calls;
            }
        }
        drop(turn);
        match waiting.is_empty() {
            true => Ok(self.session().transcript().answer().collect()),
            false => Err(deferred(&waiting)),
        }
    }

    /// Sends `text` and waits for an answer of type `T`, as [`Agent::ask_as`](crate::Agent::ask_as).
    /// Dropping the future ends the turn; then answers keep the type `T` until the next call of
    /// this or of [`set_answer_schema`](Self::set_answer_schema).
    ///
    /// # Errors
    /// As there.
    pub async fn ask_as<T: AnswerType>(&mut self, text: &str) -> Result<T> {
        let schema = structured::schema_of::<T>(self.max_repairs);
        let before = self.set_answer_schema(Some(schema))?;
        let value = self.value_of(text).await;
        self.set_answer_schema(before)?;
        value
    }

    async fn value_of<T: AnswerType>(&mut self, text: &str) -> Result<T> {
        let mut text = text.to_owned();
        for repairs in 0.. {
            self.ask(&text).await?;
            match structured::read(self.session()) {
                Ok(value) => return Ok(value),
                Err(why) if repairs < self.max_repairs => text = structured::ask_again(&why),
                Err(why) => return Err(structured::no_value(&why)),
            }
        }
        Err(Error::new(ErrorKind::Internal, "the number of repairs fits"))
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
        structured::set_schema(&mut self.parts.session, schema)
    }

    /// Gives the model an instruction besides the user's text, before the next turn.
    ///
    /// # Errors
    /// `Limit` if the conversation is full.
    pub fn instruct(&mut self, text: &str) -> Result<()> {
        self.parts.session.instruct(text).map_err(Error::from)
    }

    /// The files of the conversation, as [`Agent::files_mut`](crate::Agent::files_mut).
    pub fn files_mut(&mut self) -> &mut Files {
        &mut self.parts.files
    }

    /// As [`Agent::leave_out_attachments`](crate::Agent::leave_out_attachments).
    ///
    /// # Errors
    /// As there.
    pub fn leave_out_attachments(&mut self) -> Result<usize> {
        leave_out(&mut self.parts.session)
    }

    /// Tokens of the last turn.
    pub fn usage(&self) -> Usage {
        self.parts.session.usage()
    }

    /// What all turns took together.
    pub fn totals(&self) -> Totals {
        self.parts.meter.totals()
    }

    /// Other tools from the next turn on; the provider's cache does not serve the first request with
    /// them. Returns those before.
    ///
    /// # Errors
    /// `Usage` when a turn is open; `Configuration` when a tool's schema is not a JSON object.
    pub fn set_tools(&mut self, tools: Vec<AsyncTool>) -> Result<Vec<AsyncTool>> {
        let specs = tools.iter().map(|tool| tool.spec().clone()).collect();
        let config = OwnedConfig { tools: specs, ..self.parts.session.config().clone() };
        self.parts.session.set_config(config)?;
        Ok(std::mem::replace(&mut self.parts.tools, tools))
    }

    /// Another value for the tools of the following turns, as [`AsyncAgentBuilder::deps`].
    pub fn set_deps(&mut self, deps: impl Any + Send + Sync) {
        self.parts.deps = Deps(Some(Arc::new(deps)));
    }

    /// An agent with an empty conversation and all else as this one: endpoint, system prompt, tools,
    /// connections, bounds and budget. Any number of them run at the same time; nothing of the other
    /// conversation is in it, and it is not recorded.
    ///
    /// # Errors
    /// `Configuration`, as [`AsyncAgentBuilder::build`].
    pub fn another(&self) -> Result<Self> {
        self.another_from(None)
    }

    /// The same with a conversation that [`zerostack_core::Session::snapshot`] gave.
    ///
    /// # Errors
    /// `Input` when it is damaged.
    pub fn another_saved(&self, snapshot: impl Into<Vec<u8>>) -> Result<Self> {
        self.another_from(Some(snapshot.into()))
    }

    fn another_from(&self, saved: Option<Vec<u8>>) -> Result<Self> {
        let Parts { session, endpoint, http, tools, rules, meter, deps, .. } = &self.parts;
        let parts = Parts {
            session: open_session(session.config().clone(), saved)?,
            files: Files::new(),
            endpoint: Arc::clone(endpoint),
            http: http.clone(),
            tools: tools.clone(),
            recorder: Box::new(()),
            rules: *rules,
            meter: meter.another(),
            deps: deps.clone(),
        };
        Ok(Self { parts, max_repairs: self.max_repairs })
    }

    /// The conversation.
    pub fn session(&self) -> &OwnedSession {
        &self.parts.session
    }
}

impl AsyncAgentBuilder {
    /// A client to share: agents of one program use its connections and its roots together.
    #[must_use]
    pub fn http(mut self, http: AsyncHttp) -> Self {
        self.http = Some(http);
        self
    }

    /// The system prompt.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.system = text.into();
        self
    }

    /// A tool that the model may call.
    #[must_use]
    pub fn tool(mut self, tool: AsyncTool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Records all inputs of the session: a tape.
    #[must_use]
    pub fn recorder(mut self, recorder: impl Recorder + Send + 'static) -> Self {
        self.recorder = Box::new(recorder);
        self
    }

    /// Continues a conversation from the bytes of [`zerostack_core::Session::snapshot`].
    #[must_use]
    pub fn saved(mut self, snapshot: impl Into<Vec<u8>>) -> Self {
        self.saved = Some(snapshot.into());
        self
    }

    /// The limits of the session.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How often the model is asked again if an answer does not have its type; 2 by default.
    #[must_use]
    pub fn max_repairs(mut self, count: u8) -> Self {
        self.max_repairs = count;
        self
    }

    /// What to do with calls that cannot run, as
    /// [`AgentBuilder::bad_calls`](crate::AgentBuilder::bad_calls).
    #[must_use]
    pub fn bad_calls(mut self, policy: BadCallPolicy, most: u16) -> Self {
        self.rules = CallRules { policy, most };
        self
    }

    /// Shows the arguments of calls while they come in, by [`AgentEvent::ToolCallDelta`].
    #[must_use]
    pub fn call_deltas(mut self) -> Self {
        self.call_deltas = true;
        self
    }

    /// What the tools of the conversation get by [`ToolContext::deps`](crate::ToolContext::deps): a
    /// connection, the user who asks.
    #[must_use]
    pub fn deps(mut self, deps: impl Any + Send + Sync) -> Self {
        self.deps = Deps(Some(Arc::new(deps)));
        self
    }

    /// Ends turns when `budget`, which other agents may have too, is used up.
    #[must_use]
    pub fn budget(mut self, budget: &SharedBudget) -> Self {
        self.meter.set_budget(budget);
        self
    }

    /// The agent.
    ///
    /// # Errors
    /// `Configuration` if a variable of the transport is wrong or a tool's schema is not a JSON
    /// object; `Input` if a saved conversation is damaged.
    pub fn build(self) -> Result<AsyncAgent> {
        let Self { endpoint, http, system, tools, recorder, limits, saved, .. } = self;
        let (max_repairs, rules, meter, deps) =
            (self.max_repairs, self.rules, self.meter, self.deps);
        let env = |name: &str| std::env::var_os(name);
        let http = match http {
            Some(http) => http,
            None => AsyncHttp::new(HttpOptions::from_env(&env)?)?,
        };
        let specs = tools.iter().map(|tool| tool.spec().clone()).collect();
        let call_deltas = self.call_deltas;
        let config =
            OwnedConfig { system, tools: specs, limits, call_deltas, ..endpoint.session_config() };
        let session = open_session(config, saved)?;
        let files = Files::new();
        let parts = Parts { session, files, endpoint, http, tools, recorder, rules, meter, deps };
        Ok(AsyncAgent { parts, max_repairs })
    }
}
