//! A conversation with a person: one session and one view, for any number of turns.
//!
//! The changes of all turns stay in the view until they are applied. After each turn the patch so
//! far is kept with the session, so that neither an exit nor a crash loses it.

mod changes;

use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

use zerostack_core::prompt::Output;
use zerostack_core::{OwnedConfig, Session, Usage};

use super::contract::Form;
use super::conversation::{Conversation, transport};
use super::family::Family;
use super::front::{ConversationId, Front, RunEvent};
use super::permissions::Gate;
use super::setup::{Network, Setup, recover};
use super::subagent::Subagents;
use super::tools::Tools;
use super::workspace::Workspace;
use super::{Instructions, RunOptions, SessionChoice, Stop, session};
use crate::agent::{File, Files, OwnedSession};
use crate::provider::Endpoint;
use crate::sessions::{Delivered, Saved, TRANSCRIPT_BYTES};
use crate::{Error, Result};
use changes::no_view;

/// A conversation with a person.
pub struct Live {
    options: RunOptions,
    setup: Setup,
    /// Ends the program, not only a turn.
    stop: Arc<Stop>,
    /// The view; `None` until a turn needs it.
    workspace: Option<Workspace>,
    session: OwnedSession,
    files: Files,
    saved: Option<Saved>,
    /// The path of the view that the model knows.
    root: PathBuf,
    /// The patch after each turn that changed something since the last time they were applied.
    patches: Vec<Vec<u8>>,
    /// The notes for the model that go with the next text.
    told: Vec<String>,
    usage: Usage,
}

/// The result of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its output, including its errors.
    pub output: String,
    /// How it ended, if not well.
    pub failed: Option<String>,
}

impl Live {
    /// Finds the model and opens the session. No view is made and nothing is sent.
    ///
    /// # Errors
    /// As those of a run before its first request.
    pub fn open(mut options: RunOptions, stop: &Arc<Stop>, front: &dyn Front) -> Result<Self> {
        // A prompt's promise about its result is for a run; here a person reads the answer.
        options.instructions = for_chat(options.instructions);
        let setup = Setup::new(&options, Network::Allowed, front)?;
        recover(&options, front)?;
        let mut saved = session::open(&options, &setup)?;
        let (session, files) = begin(&options, &setup, &mut saved, front)?;
        let pending = saved.as_ref().and_then(Saved::pending);
        Ok(Self {
            root: options.folder.clone(),
            options,
            setup,
            stop: Arc::clone(stop),
            workspace: None,
            session,
            files,
            saved,
            patches: pending.into_iter().collect(),
            told: Vec::new(),
            usage: Usage::default(),
        })
    }

    /// The current model.
    pub fn endpoint(&self) -> &Endpoint {
        &self.setup.endpoint
    }

    /// The name of the session, unless it is not saved.
    pub fn name(&self) -> Option<&str> {
        self.saved.as_ref().map(|saved| saved.name.as_str())
    }

    /// Whether it has any text.
    pub fn is_begun(&self) -> bool {
        self.session.transcript().entries().next().is_some()
    }

    /// Tokens of all turns.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The patch of the changes that are not applied; empty if there are none.
    pub fn patch(&self) -> &[u8] {
        self.patches.last().map_or(&[], Vec::as_slice)
    }

    /// Sends `text` and continues until the model has ended, or `stop` ends the turn.
    ///
    /// # Errors
    /// Whatever ended the turn; the conversation can continue with another one.
    pub fn turn(&mut self, text: &str, stop: &Arc<Stop>, front: &dyn Front) -> Result<()> {
        self.open_workspace(Some(front))?;
        let mut said = mem::take(&mut self.told);
        said.push(text.to_owned());
        let mut attached = mem::take(&mut self.options.attached);
        if let Some(context) = &mut self.options.instructions.context {
            let (texts, files) = context.mentioned(text);
            said.push(texts);
            attached.extend(files);
        }
        said.retain(|part| !part.is_empty());
        if let Some(saved) = self.saved.as_mut().filter(|saved| saved.about.task.is_empty()) {
            saved.about.set_task(text);
        }
        let ended = self.converse(&said.join("\n\n"), &attached, stop, front);
        let checked = self.take_changes();
        ended.and(checked)
    }

    fn converse(
        &mut self,
        text: &str,
        attached: &[File],
        stop: &Arc<Stop>,
        front: &dyn Front,
    ) -> Result<()> {
        let Self { options, setup, workspace, session, files, saved, usage, .. } = self;
        let Some(workspace) = workspace else { return Err(no_view()) };
        let transport = transport(options, stop)?;
        let storage = zerostack_core::Growing::new(EMPTY_BYTES);
        let empty = Session::new(storage, session.config().clone());
        let empty = empty.map_err(Error::from_core)?;
        let own = mem::replace(session, empty);
        let id = ConversationId::of_attempt(1);
        let family = Family::new(front, id, setup.limits, setup.endpoint.prices);
        let member = family.join(None);
        let mode = options.instructions.wished();
        let gate = Gate::new(
            &options.permissions,
            &setup.permissions,
            mode,
            options.sandbox,
            &workspace.view().folders(),
            front,
        );
        let (family, gate, member) = (&family, &gate, &member);
        let subagents =
            Subagents { setup, workspace, stop, family, member, options, gate, depth: 0 };
        let mut tools = Tools::new(workspace, stop, options, gate, &subagents, member);
        tools.show(&own);
        let endpoint = &setup.endpoint;
        let mut conversation = Conversation::new(own, endpoint, transport, &tools, (), member)
            .with_bad_calls(setup.bad_calls)
            .saved_in(saved.as_mut(), mem::take(files));
        let ended = conversation.turn(text, attached);
        *usage = usage.plus(conversation.usage()).plus(family.usage_of_children());
        (*session, *files) = conversation.into_parts();
        let mut notes = tools.take_notes();
        let context = tools.into_context();
        options.instructions.context = context;
        if let Some(saved) = saved {
            saved.keep();
            notes.extend(saved.take_failure());
        }
        let shown = notes.iter().try_for_each(|note| front.event(&RunEvent::Warned(note)));
        ended.and(shown)
    }

    /// Begins another session; the changes that are not applied stay.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn clear(&mut self, front: &dyn Front) -> Result<()> {
        let is_off = self.options.session.is_off;
        self.options.session = SessionChoice { is_off, ..SessionChoice::default() };
        let mut saved = session::open(&self.options, &self.setup)?;
        (self.session, self.files) = begin(&self.options, &self.setup, &mut saved, front)?;
        if let Some(old) = mem::replace(&mut self.saved, saved) {
            old.keep_pending(&[])?;
        }
        self.told.clear();
        self.keep_pending()
    }

    /// Switches to another model.
    ///
    /// # Errors
    /// `Configuration` and `Authentication` if no model of that name can be used.
    pub fn set_model(&mut self, model: &str, front: &dyn Front) -> Result<()> {
        let mut options = self.options.clone();
        options.model.model = Some(model.to_owned());
        let setup = Setup::new(&options, Network::Allowed, front)?;
        let old = self.session.config();
        let (system, tools) = (old.system.clone(), old.tools.clone());
        let limits = setup.limits;
        let config = OwnedConfig { system, tools, limits, ..setup.endpoint.session_config() };
        self.session = resumed(&self.session, config)?;
        (self.options, self.setup) = (options, setup);
        if let Some(saved) = &mut self.saved {
            saved.about.set_model(&self.setup.endpoint);
            saved.keep();
        }
        Ok(())
    }

    /// Switches to the instructions of another prompt.
    ///
    /// # Errors
    /// `Limit` if the conversation is full.
    pub fn set_instructions(&mut self, instructions: Instructions) -> Result<()> {
        let own = &self.options.instructions;
        let mut instructions = for_chat(instructions);
        instructions.skills = own.skills.clone();
        instructions.agents.clone_from(&own.agents);
        instructions.context.clone_from(&own.context);
        self.options.instructions = instructions;
        let folders = self.setup.folders(&self.options);
        let config = self.setup.run_config(&self.options, &folders, self.setup.limits);
        let text = format!("{}{}", session::INSTEAD, config.system);
        let mut own = self.session.config().clone();
        let missing =
            |it: &zerostack_core::OwnedTool| own.tools.iter().all(|tool| tool.name != it.name);
        let more: Vec<_> = config.tools.iter().filter(|it| missing(it)).cloned().collect();
        if !more.is_empty() {
            own.tools.extend(more);
            self.session = resumed(&self.session, own)?;
        }
        self.session.instruct(&text).map_err(Error::from_core)?;
        if let Some(saved) = &mut self.saved {
            saved.about.add_tools(&config.tools);
            saved.about.instructed = config.system;
            saved.about.prompt.clone_from(&self.options.instructions.name);
            saved.save(&self.session);
            saved.keep();
        }
        Ok(())
    }
}

/// The conversation to continue, or an empty one.
fn begin(
    options: &RunOptions,
    setup: &Setup,
    saved: &mut Option<Saved>,
    front: &dyn Front,
) -> Result<(OwnedSession, Files)> {
    // The view is at the path of the folder, or the model is told where it is.
    let config = setup.run_config(options, &setup.folders(options), setup.limits);
    let Some(saved) = saved else {
        return Ok((crate::agent::start_session(config)?, Files::new()));
    };
    // The pending changes of the chat are restored.
    if saved.pending().is_some() {
        saved.about.delivered = Delivered::Written;
    }
    let mut notes = Vec::new();
    let session = session::begin(saved, options, setup, config, &mut notes);
    let begun = session.and_then(|session| saved.with_files(session, &mut notes));
    notes.iter().try_for_each(|note| front.event(&RunEvent::Warned(note)))?;
    let (session, files) = begun?;
    // Nothing is lost from here on: pending changes are kept.
    saved.about.delivered = Delivered::Written;
    if !saved.is_empty() {
        saved.save(&session);
    }
    saved.keep();
    Ok((session, files))
}

/// The same conversation with another configuration.
fn resumed(session: &OwnedSession, config: OwnedConfig) -> Result<OwnedSession> {
    let bytes = session.snapshot().to_vec();
    let used = bytes.len();
    let storage = zerostack_core::Growing::from_vec(bytes, TRANSCRIPT_BYTES);
    Session::resume(storage, used, config).map_err(Error::from_core)
}

/// The instructions without a promise about the result.
fn for_chat(instructions: Instructions) -> Instructions {
    Instructions { output: Output::Patch, form: Form::Plain, schema: None, ..instructions }
}

/// Enough for an empty session.
const EMPTY_BYTES: usize = 4096;
