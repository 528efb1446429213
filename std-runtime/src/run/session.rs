//! The session that a run belongs to: which one it is, and what is added when a run continues it.

use std::path::Path;

use zerostack_core::OwnedConfig;
use zerostack_core::prompt::Output;

use super::setup::Setup;
use super::{Outcome, RunOptions};
use crate::agent::OwnedSession;
use crate::sessions::{About, Delivered, Saved, Sessions};
use crate::{Error, ErrorKind, Result};

/// Which session a run belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionChoice {
    /// Continues the session `name`, or else the last one of the folder.
    pub goes_on: bool,
    /// The name of the session; it is created if it does not exist.
    pub name: Option<String>,
    /// The run continues in a copy of the session.
    pub fork: bool,
    /// Nothing is saved.
    pub is_off: bool,
}

impl SessionChoice {
    /// The last prompt of the session, if there is such a session.
    pub fn last_prompt(&self, folder: &Path) -> Option<String> {
        if !self.is_asked() {
            return None;
        }
        let sessions = Sessions::of(folder);
        let name = self.name.clone().or_else(|| sessions.latest().ok())?;
        sessions.about(&name).ok().map(|about| about.prompt)
    }

    /// Whether the user asked for a session.
    pub fn is_asked(&self) -> bool {
        self.goes_on || self.name.is_some()
    }
}

/// Opens the session of a run, or creates one. If the user did not ask for a session, a run that
/// cannot be saved continues without one.
///
/// # Errors
/// As those of [`Sessions`], if the user asked for it.
pub(super) fn open(options: &RunOptions, setup: &Setup) -> Result<Option<Saved>> {
    let choice = &options.session;
    if choice.is_off {
        return Ok(None);
    }
    let sessions = Sessions::of(&options.folder);
    let about = || About::new(&options.folder, &setup.endpoint);
    let name = match (&choice.name, choice.goes_on) {
        (Some(name), true) => name.clone(),
        (Some(name), false) if choice.fork || sessions.has(name) => name.clone(),
        (Some(name), false) => return sessions.create(Some(name), about()).map(Some),
        (None, true) => sessions.latest()?,
        (None, false) => return Ok(sessions.create(None, about()).ok()),
    };
    match choice.fork {
        true => sessions.fork(&name).map(Some),
        false => sessions.open(&name).map(Some),
    }
}

/// Opens the session that a dry run would continue, if there is one. It creates none, because it
/// changes nothing.
///
/// # Errors
/// As [`open`].
pub(super) fn open_existing(options: &RunOptions, setup: &Setup) -> Result<Option<Saved>> {
    let choice = &options.session;
    let is_there = |name: &String| Sessions::of(&options.folder).has(name);
    if !choice.goes_on && !choice.name.as_ref().is_some_and(is_there) {
        return Ok(None);
    }
    let session = SessionChoice { fork: false, ..choice.clone() };
    open(&RunOptions { session, ..options.clone() }, setup)
}

/// The conversation of `saved` with the `config` of a new run. Lines for a person
/// are added to `notes`.
///
/// Earlier messages stay unchanged, so that the provider's cache keeps hitting: changes of the
/// system prompt are appended at the end, and new tools come after the old ones.
///
/// # Errors
/// `Input` if it is damaged, `Usage` if the options do not fit it.
pub(super) fn begin(
    saved: &mut Saved,
    options: &RunOptions,
    setup: &Setup,
    mut config: OwnedConfig,
    notes: &mut Vec<String>,
) -> Result<OwnedSession> {
    saved.read(notes)?;
    let name = saved.name.clone();
    let instructions = &options.instructions;
    saved.about.prompt.clone_from(&instructions.name);
    if saved.is_empty() {
        let about = &mut saved.about;
        about.set_task(&instructions.task);
        about.begin(&config);
        about.set_model(&setup.endpoint);
        return saved.session(config);
    }
    let about = &mut saved.about;
    if options.record.is_some() {
        let text = format!(
            "--record: a tape begins with an empty conversation, and the session {name} is not; \
             leave one of them out"
        );
        return Err(Error::new(ErrorKind::Usage, text));
    }
    let mut told = Vec::new();
    let current = if about.instructed.is_empty() { &about.system } else { &about.instructed };
    if *current != config.system {
        told.push(format!("{INSTEAD}{}", config.system));
        about.instructed.clone_from(&config.system);
    }
    match about.delivered {
        Delivered::Open | Delivered::Nothing => told.push(GONE.to_owned()),
        Delivered::Patch => told.push(HANDED_OVER.to_owned()),
        Delivered::Written => {}
    }
    let has_new_tools = about.add_tools(&config.tools);
    if let Some(other) = about.other_model(&setup.endpoint) {
        notes.push(format!("session {name}: {other}"));
        about.set_model(&setup.endpoint);
    } else if has_new_tools {
        notes.push(format!(
            "session {name}: {} needs tools that it did not have, so the whole conversation is sent again",
            instructions.name
        ));
    }
    config.system.clone_from(&about.system);
    config.tools = about.owned_tools();
    about.delivered = Delivered::Open;
    let mut session = saved.session(config)?;
    if !told.is_empty() {
        session.instruct(&told.join("\n\n")).map_err(Error::from_core)?;
    }
    Ok(session)
}

/// Records how the run ended.
pub(super) fn end(saved: &mut Saved, result: &Result<Outcome>) {
    saved.about.delivered = match result {
        Ok(outcome) if outcome.output == Output::Patch && outcome.written.is_none() => {
            Delivered::Patch
        }
        Ok(_) => Delivered::Written,
        Err(_) => Delivered::Nothing,
    };
    saved.keep();
}

pub(super) const INSTEAD: &str =
    "From here on these instructions hold, in the place of those before:\n\n";

const GONE: &str = "The last turn ended without a result: files that it changed are as they were \
                    before it. Read a file again before you change it.";

const HANDED_OVER: &str = "The changes of the last turn were handed over as a patch, which may be \
                           applied or not. Read a file again before you change it.";
