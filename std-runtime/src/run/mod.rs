//! A run: one transaction, from an instruction to a patch, text or an error.
//!
//! ```text
//! stdin ─► prompt + instruction ─► session ⇄ model
//!                                   │ tool calls
//!                                   ▼
//!              tool processes in the sandbox, on a private view of the folder
//!                                   │ at the end, bytes compared
//!                                   ▼
//!              one patch | one text          or an error, and nothing else
//! ```

mod argument;
mod attempt;
mod attempts;
mod background;
mod carry_out;
mod check;
mod context;
pub mod contract;
mod conversation;
mod delivery;
mod denied_files;
mod exchange;
mod family;
mod filling;
mod first_request;
mod foreign;
mod fork;
pub mod front;
mod hex;
mod in_view;
pub mod input;
mod instructions;
mod last_reply;
mod live;
mod mention;
mod options;
mod permissions;
mod places;
mod prefix;
mod prompt_fields;
mod prompt_includes;
mod prompts;
mod recording;
mod session;
mod setup;
mod skills;
mod spent;
mod stop;
mod subagent;
pub mod tape;
mod tool_line;
mod tools;
mod workspace;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use zerostack_core::prompt::Output;
use zerostack_core::{Limits, Usage};

use crate::Result;
use crate::agent::File;
use crate::permissions::Permissions;
use crate::provider::Flags;
use crate::sandbox::{Access, Connection, Layer, Mode, ToolHost};
use crate::view::View;

pub use crate::record::Draft;
pub use argument::Argument;
pub use carry_out::carry_out;
pub use check::Check;
pub use context::Context;
use delivery::Checked;
pub use delivery::{Delivery, keep_patch, write_file};
pub use filling::Filling;
pub use first_request::first_request;
pub use fork::Fork;
pub use front::{AttemptEnd, CheckEnd, Front, RunEnd, RunEvent, Start};
pub use in_view::{CheckOutcome, Confinement};
pub use instructions::Instructions;
pub use live::{Live, Ran};
pub(crate) use prefix::begins_with;
pub use prompts::PromptFiles;
pub use session::SessionChoice;
pub use skills::Skills;
pub use stop::Stop;
pub use tool_line::tool_line;

/// What to do, and with what.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The folder to work on.
    pub folder: PathBuf,
    /// Which model to use.
    pub model: Flags,
    /// The instructions for the model.
    pub instructions: Instructions,
    /// The input, which follows the instruction.
    pub input: Option<String>,
    /// The attached files.
    pub attached: Vec<File>,
    /// The complete input, if `input` is only its beginning.
    pub large_input: Option<Arc<input::Large>>,
    /// Whether tools are confined.
    pub sandbox: Mode,
    /// What tools can reach beyond the folder, in addition to the user's configuration.
    pub access: Access,
    /// The program that runs the tools.
    pub tools: ToolHost,
    /// Where to write the tape.
    pub record: Option<PathBuf>,
    /// Whether the tapes store the bytes of files, not only their hashes.
    pub record_attachments: bool,
    /// What the model may do.
    pub permissions: Permissions,
    /// The limits of the session.
    pub limits: Limits,
    /// How long the provider may be silent, if it is not the default.
    pub idle_limit: Option<Duration>,
    /// Whether the changes are written to the folder.
    pub write: bool,
    /// Whether an answer is a result if no file was changed.
    pub takes_answer: bool,
    /// Whether the front is shown the arguments of calls as they arrive.
    pub call_deltas: bool,
    /// The form of findings and commands.
    pub format: contract::Format,
    /// Whether the model may give tasks to subagents, even if its prompt does not allow it.
    pub subagents: bool,
    /// The prompts that subagents may use.
    pub prompts: PromptFiles,
    /// The only files that the patch may change, as paths relative to the folder.
    pub scope: Option<BTreeSet<String>>,
    /// The check that decides whether a patch is a result.
    pub check: Option<Check>,
    /// How many attempts there may be, one after the other; 0 is 1.
    pub attempts: u32,
    /// How many attempts run at the same time, of which the smallest patch is the result; 0 is 1.
    pub best_of: u32,
    /// Texts that follow the prompt of the attempts, one each, repeated from the first.
    pub strategies: Vec<String>,
    /// The session that the run belongs to.
    pub session: SessionChoice,
    /// Whether a request that does not begin with the bytes of the previous one ends the run.
    pub prove_prefix: bool,
    /// The record of the run, whatever its result.
    pub kept: Option<Arc<Draft>>,
    /// The rounds of another run to continue from.
    pub fork: Option<Arc<Fork>>,
    /// The number of the attempt, counted from 1.
    pub attempt: u32,
}

impl RunOptions {
    /// The files that go with the first text: those given, then those that the task mentions.
    fn first_files(&self) -> Vec<File> {
        self.attached.iter().chain(&self.instructions.attached).cloned().collect()
    }

    /// The user's first text in a run in `view`: the task, and the text of stdin.
    ///
    /// # Errors
    /// `Input` if a long input cannot be copied to the view.
    fn first_text(&self, view: &View) -> Result<String> {
        let mut text = self.instructions.user(self.input.as_deref());
        if let Some(large) = &self.large_input {
            text.push_str(&large.told(&view.hand_in(&large.file)?));
        }
        Ok(text)
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What the run gives.
    pub output: Output,
    /// The patch, for [`Output::Patch`].
    pub patch: Vec<u8>,
    /// Paths of the files in the patch.
    pub files: Vec<String>,
    /// Changed files that are not in the patch, each with the reason.
    pub left_out: Vec<LeftOut>,
    /// Other notes about the result.
    pub notes: Vec<String>,
    /// The model's last text.
    pub text: String,
    /// Tokens, all rounds together.
    pub usage: Usage,
    /// The layers that confined the tools, and the missing ones with the reason.
    pub layers: Vec<Layer>,
    /// The connections that tools asked for, if only some hosts are allowed.
    pub connections: Vec<Connection>,
    /// The number of the run's record, if its changes were written to the folder.
    pub written: Option<u32>,
    /// The commands of the result, which run if the user agrees.
    pub plan: Option<contract::commands::Plan>,
    /// What to write if this attempt is the best of several.
    checked: Option<Box<Checked>>,
}

impl Outcome {
    /// The outcome of a run that had nothing to do, and so asked no model.
    pub fn nothing_to_do(output: Output, note: String) -> Self {
        Self {
            output,
            patch: Vec::new(),
            files: Vec::new(),
            left_out: Vec::new(),
            notes: vec![note],
            text: String::new(),
            usage: Usage::default(),
            layers: Vec::new(),
            connections: Vec::new(),
            written: None,
            plan: None,
            checked: None,
        }
    }
}

/// A changed file that is not in the patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The path, relative to the folder of the run.
    pub path: String,
    /// Why, in a few words.
    pub reason: String,
}

impl LeftOut {
    fn of(left_out: &crate::patch::LeftOut) -> Self {
        let path = String::from_utf8_lossy(&left_out.path).into_owned();
        Self { path, reason: left_out.reason.to_string() }
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.path, self.reason)
    }
}

/// Runs to the end. If [`RunOptions::write`] is set, all changes are written to the user's folder
/// at the end, at once.
///
/// # Errors
/// Any [`ErrorKind`](crate::ErrorKind); then there is no result, and nothing is changed.
pub fn run(options: &RunOptions, stop: &Arc<Stop>, front: &dyn Front) -> Result<Outcome> {
    attempts::run(options, stop, front).map_err(|error| stop.reason(error))
}
