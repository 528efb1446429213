//! The agent: a model, its tools and the conversation.

use std::any::Any;
use std::sync::Arc;

use zerostack_core::Usage;

use crate::builder::AgentBuilder;
use crate::calls::{Decision, deferred};
use crate::context::Deps;
use crate::conversation::Conversation;
use crate::event::AgentEvent;
use crate::file::File;
use crate::files::Files;
use crate::provider::Endpoint;
use crate::session::OwnedSession;
use crate::shared_toolbox::shared;
use crate::structured::{self, AnswerType};
use crate::toolbox::Toolbox;
use crate::totals::Totals;
use crate::transport::Cancel;
use crate::{Error, ErrorKind, Result};

/// A model, the tools it may call, and the conversation.
pub struct Agent {
    conversation: Conversation<'static>,
    max_repairs: u8,
}

/// The running turn of an agent: an iterator over its events. Dropping it ends the turn; open calls
/// get the result "aborted", and the conversation can continue.
pub struct Turn<'a> {
    conversation: &'a mut Conversation<'static>,
    /// The error of the start, which is the first and only item.
    refused: Option<Error>,
    over: bool,
}

impl Agent {
    /// Begins with the provider of the environment, no system prompt and no tools.
    pub fn builder() -> AgentBuilder {
        AgentBuilder::default()
    }

    /// Sends `text` and returns the events of the turn as they occur; tools run on the way.
    pub fn run(&mut self, text: &str) -> Turn<'_> {
        let refused = self.conversation.say(text).err();
        self.turn(refused)
    }

    /// The same with files attached to the text.
    ///
    /// If a file cannot be sent, the only item is an error.
    pub fn run_with(&mut self, text: &str, files: impl IntoIterator<Item = File>) -> Turn<'_> {
        let files: Vec<File> = files.into_iter().collect();
        let refused = self.conversation.say_with(text, &files).err();
        self.turn(refused)
    }

    /// Continues the open turn of a conversation that was saved in the middle of one: open calls
    /// run, and the model is asked again. If no turn is open, the only item is an error of kind
    /// `Usage`.
    pub fn resume(&mut self) -> Turn<'_> {
        let is_open = self.conversation.is_open();
        let refused =
            (!is_open).then(|| Error::new(ErrorKind::Usage, "no turn is open: run() begins one"));
        self.turn(refused)
    }

    /// Continues a turn whose calls wait for approval, see
    /// [`AgentEvent::Deferred`](crate::AgentEvent::Deferred): `decisions` are by the ids of the calls.
    /// Calls without a decision keep waiting. If an id belongs to no open call, the only item is an
    /// error of kind `Usage`.
    ///
    /// ```no_run
    /// use zerostack_agent::{Agent, AgentEvent, Decision};
    ///
    /// # fn ask_a_person(call: &zerostack_agent::DeferredCall) -> Decision { Decision::Approve }
    /// let mut agent = Agent::builder().build()?;
    /// let mut waiting = Vec::new();
    /// for event in agent.run("Remove the old logs.") {
    ///     if let AgentEvent::Deferred { calls } = event? {
    ///         waiting = calls;
    ///     }
    /// }
    /// // The conversation can be saved here, and resumed elsewhere.
    /// let decisions = waiting.iter().map(|call| (call.id, ask_a_person(call)));
    /// for event in agent.resume_with(decisions) {
    ///     println!("{:?}", event?);
    /// }
    /// # Ok::<(), zerostack_agent::Error>(())
    /// ```
    pub fn resume_with(
        &mut self,
        decisions: impl IntoIterator<Item = (u32, Decision)>,
    ) -> Turn<'_> {
        let refused = self.conversation.decide(decisions).err();
        match refused {
            Some(refused) => self.turn(Some(refused)),
            None => self.resume(),
        }
    }

    fn turn(&mut self, refused: Option<Error>) -> Turn<'_> {
        let over = refused.is_some();
        Turn { conversation: &mut self.conversation, over, refused }
    }

    /// Sends `text` and waits for the complete answer.
    ///
    /// # Errors
    /// Whatever ended the turn.
    pub fn ask(&mut self, text: &str) -> Result<String> {
        self.ask_with(text, [])
    }

    /// The same with files attached to the text.
    ///
    /// # Errors
    /// Whatever ended the turn; `Input` and `Configuration` for a file that cannot be sent; `Deferred`
    /// if calls wait for approval: the turn stays open.
    pub fn ask_with(
        &mut self,
        text: &str,
        files: impl IntoIterator<Item = File>,
    ) -> Result<String> {
        let mut waiting = Vec::new();
        for event in self.run_with(text, files) {
            if let AgentEvent::Deferred { calls } = event? {
                waiting = calls;
            }
        }
        match waiting.is_empty() {
            true => Ok(self.session().transcript().answer().collect()),
            false => Err(deferred(&waiting)),
        }
    }

    /// Sends `text` and waits for an answer of type `T`: the model gets its schema, and is asked
    /// again if the answer does not fit, see [`AgentBuilder::max_repairs`].
    ///
    /// ```no_run
    /// use serde::Deserialize;
    /// use zerostack_agent::Agent;
    /// use zerostack_core::tool::typed::ArgType;
    ///
    /// #[derive(Deserialize, ArgType)]
    /// struct City {
    ///     /// Its name.
    ///     name: String,
    ///     /// How many people live there.
    ///     inhabitants: u32,
    /// }
    ///
    /// let city: City = Agent::builder().build()?.ask_as("The largest city of Norway?")?;
    /// # Ok::<(), zerostack_agent::Error>(())
    /// ```
    ///
    /// # Errors
    /// Whatever ended the turn; `Answer` if no answer is a `T`: the last one is in the
    /// [`session`](Self::session). `Configuration` if the schema cannot be sent to the model.
    pub fn ask_as<T: AnswerType>(&mut self, text: &str) -> Result<T> {
        let schema = structured::schema_of::<T>(self.max_repairs);
        let before = self.conversation.set_answer_schema(Some(schema))?;
        let value = self.value_of(text);
        self.conversation.set_answer_schema(before)?;
        value
    }

    fn value_of<T: AnswerType>(&mut self, text: &str) -> Result<T> {
        let mut text = text.to_owned();
        for repairs in 0.. {
            self.ask(&text)?;
            match structured::read(self.session()) {
                Ok(value) => return Ok(value),
                Err(why) if repairs < self.max_repairs => text = structured::ask_again(&why),
                Err(why) => return Err(structured::no_value(&why)),
            }
        }
        Err(Error::new(ErrorKind::Internal, "the number of repairs fits"))
    }

    /// Gives the model an instruction besides the user's text, before the next turn: another mode,
    /// other skills. Earlier messages stay unchanged, so the provider's cache keeps hitting.
    ///
    /// # Errors
    /// `Limit` if the conversation is full.
    pub fn instruct(&mut self, text: &str) -> Result<()> {
        self.conversation.instruct(text)
    }

    /// Another value for the tools of the following turns, as [`AgentBuilder::deps`].
    pub fn set_deps(&mut self, deps: impl Any + Send + Sync) {
        self.conversation.set_deps(Deps(Some(Arc::new(deps))));
    }

    /// Other tools from the next turn on, in place of all tools, toolboxes and the gate; a `Vec` of
    /// [`Tool`](crate::Tool) is a toolbox, and [`Sources`](crate::Sources) have a gate. The provider's
    /// cache does not serve the first request with them. Returns those before.
    ///
    /// # Errors
    /// `Usage` when a turn is open; `Configuration` when a tool's schema is not a JSON object.
    pub fn set_tools(
        &mut self,
        tools: impl Toolbox + Send + 'static,
    ) -> Result<Box<dyn Toolbox + Send>> {
        self.conversation.set_tools(shared(tools))
    }

    /// An agent with an empty conversation and all else as this one: endpoint, system prompt, tools,
    /// connections, bounds, budget and the value for tools. Any number of them run at the same time,
    /// each on its thread and with its own [`cancel`](Self::cancel); nothing of the other conversation
    /// is in it, and it is not recorded.
    ///
    /// Functions are called at the same time. The calls of a [`Toolbox`] wait for those of other
    /// conversations, unless it has [`Toolbox::another`].
    ///
    /// ```no_run
    /// use zerostack_agent::Agent;
    ///
    /// let agent = Agent::builder().system("Answer in one sentence.").build()?;
    /// let (mut one, mut other) = (agent.another()?, agent.another()?);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(move || println!("{:?}", one.ask("Why is the sky blue?")));
    ///     scope.spawn(move || println!("{:?}", other.ask("Why is grass green?")));
    /// });
    /// # Ok::<(), zerostack_agent::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Usage` if the agent has a transport of your own without
    /// [`Transport::another`](crate::transport::Transport::another).
    pub fn another(&self) -> Result<Self> {
        self.another_from(None)
    }

    /// The same with a conversation that [`zerostack_core::Session::snapshot`] gave.
    ///
    /// # Errors
    /// Those of [`another`](Self::another); `Input` if it is damaged.
    pub fn another_saved(&self, snapshot: impl Into<Vec<u8>>) -> Result<Self> {
        self.another_from(Some(snapshot.into()))
    }

    fn another_from(&self, saved: Option<Vec<u8>>) -> Result<Self> {
        Ok(Self { conversation: self.conversation.another(saved)?, max_repairs: self.max_repairs })
    }

    /// The files of the conversation. A saved conversation has none: add them by their numbers, or
    /// continue with [`leave_out_attachments`](Self::leave_out_attachments).
    pub fn files_mut(&mut self) -> &mut Files {
        self.conversation.files_mut()
    }

    /// As [`Conversation::leave_out_attachments`].
    ///
    /// # Errors
    /// As there.
    pub fn leave_out_attachments(&mut self) -> Result<usize> {
        self.conversation.leave_out_attachments()
    }

    /// Tokens of the last turn.
    pub fn usage(&self) -> Usage {
        self.conversation.usage()
    }

    /// What all turns took together.
    pub fn totals(&self) -> Totals {
        self.conversation.totals()
    }

    /// The conversation.
    pub fn session(&self) -> &OwnedSession {
        self.conversation.session()
    }

    /// The model and its server.
    pub fn endpoint(&self) -> &Endpoint {
        self.conversation.endpoint()
    }

    /// Ends whatever waits, from any thread; the turn then fails with `Interrupted`.
    pub fn cancel(&self) -> Cancel {
        self.conversation.cancel()
    }
}

impl AgentBuilder {
    /// The agent.
    ///
    /// # Errors
    /// `Configuration` or `Authentication` if no model can be used, or a tool's schema is not a
    /// JSON object; `Input` if a saved conversation is damaged.
    pub fn build(self) -> Result<Agent> {
        let (conversation, max_repairs) = self.conversation()?;
        Ok(Agent { conversation, max_repairs })
    }
}

impl Iterator for Turn<'_> {
    type Item = Result<AgentEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.refused.take() {
            return Some(Err(error));
        }
        if self.over {
            return None;
        }
        match self.conversation.next_event() {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                self.over = true;
                None
            }
            Err(error) => {
                self.over = true;
                Some(Err(error))
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.conversation.abort();
        }
    }
}
