//! A run that continues from the first rounds of another one, with the files of that time.
//!
//! The tape of that run gives the conversation. The files come from its calls: these are repeated
//! in the new view, and each must give the same result, so that the conversation describes the
//! files that the model continues with.

use std::fmt;
use std::fs::File;

use zerostack_core::{CallId, Part, ToolCall};

use super::setup::Setup;
use super::{RunOptions, tape, tools};
use crate::agent::{AgentEvent, Call, OwnedSession, Toolbox};
use crate::error::{counted, quote};
use crate::sandbox::Mode;
use crate::sessions::{About, Delivered, Saved, Sessions};
use crate::{Error, ErrorKind, Result};

/// The first rounds of a run.
pub struct Fork {
    /// The number of the run.
    run: u32,
    /// Its prompt.
    pub prompt: String,
    session: OwnedSession,
    calls: Vec<Made>,
}

/// A call and its result.
struct Made {
    call: Call,
    content: String,
}

impl Fork {
    /// The first `rounds` of the run with the number `run` and the prompt `prompt`, from its tape.
    ///
    /// # Errors
    /// `Input` if the tape is damaged or has fewer rounds.
    pub(crate) fn read(run: u32, prompt: String, tape: File, rounds: u32) -> Result<Self> {
        let mut calls = Vec::new();
        let mut note = |event: &AgentEvent| {
            if let AgentEvent::ToolResult { call, content, .. } = event {
                calls.push(Made { call: call.clone(), content: content.clone() });
            }
            Ok(())
        };
        let (session, found) = tape::replay_rounds(tape, rounds, &mut note)?;
        match session {
            Some(session) if found == rounds => {
                let mut entries = session.transcript().entries();
                if entries.any(|entry| matches!(entry.part, Part::Attachment(_))) {
                    let text = format!(
                        "run {run} had attached files, which a fork does not have; run it again"
                    );
                    return Err(Error::new(ErrorKind::Input, text));
                }
                Ok(Self { run, prompt, session, calls })
            }
            _ => {
                let rounds = counted(found as usize, "round");
                let text = format!("run {run} has {rounds}; give --at a number up to that");
                Err(Error::new(ErrorKind::Input, text))
            }
        }
    }

    /// Makes a session from the rounds.
    ///
    /// # Errors
    /// `Input` if it cannot be saved: the run needs it.
    pub(super) fn save(&self, options: &RunOptions, setup: &Setup) -> Result<Saved> {
        let config = self.session.config();
        let mut about = About::new(&options.folder, &setup.endpoint);
        about.begin(config);
        about.set_task(&options.instructions.task);
        about.prompt.clone_from(&self.prompt);
        about.model.clone_from(&config.model);
        // The files match the conversation.
        about.delivered = Delivered::Written;
        let mut saved = Sessions::of(&options.folder).create(None, about)?;
        saved.save(&self.session);
        match saved.take_failure() {
            None => Ok(saved),
            Some(line) => Err(Error::new(ErrorKind::Input, line)),
        }
    }

    /// Repeats the calls of the rounds. Lines for a person are added to `notes`.
    ///
    /// # Errors
    /// `Conflict` if one gives another result, `Input` if it cannot be repeated, and the errors of
    /// the tools.
    pub(super) fn redo(
        &self,
        toolbox: &mut dyn Toolbox,
        options: &RunOptions,
        reaches_network: bool,
        notes: &mut Vec<String>,
    ) -> Result<()> {
        let run = self.run;
        let refused = |why: String| Err(Error::new(ErrorKind::Input, format!("run {run}: {why}")));
        for Made { call, content } in &self.calls {
            let Call { id, name, arguments } = call;
            let subject = super::tool_line(name, arguments);
            if name == "task" {
                return refused(
                    "the work of a subagent is not on the tape; fork at an earlier round".into(),
                );
            }
            if !tools::names().any(|it| it == name) && name != "apply_patch" {
                continue;
            }
            if name == "bash" && (options.sandbox != Mode::On || reaches_network) {
                return refused(format!(
                    "`{subject}` is made again only in the sandbox and without network, as it may \
                     have reached something else than the files"
                ));
            }
            let core = ToolCall { id: CallId::from_number(0), provider_id: id, name, arguments };
            let output = toolbox.call(core)?;
            let (now, then) = (output.content.trim_end(), content.trim_end());
            // The instructions of a folder come with the first result in it.
            if then.starts_with(now) || now.starts_with(then) {
                continue;
            }
            if name != "bash" {
                let text = format!(
                    "`{subject}` does not give what it gave in run {run}, so the folder is not as \
                     it was: {}; nothing was sent",
                    quote(now)
                );
                return Err(Error::new(ErrorKind::Conflict, text));
            }
            notes.push(format!("the output of `{subject}` differs from that in run {run}"));
        }
        Ok(())
    }
}

impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fork of run {} after {} calls", self.run, self.calls.len())
    }
}
