//! The front: what a run shows while it goes on, and who it asks.

mod claude;
mod codex;
pub mod events;
pub mod json;
mod line;
mod notices;
mod partial;
pub mod plain;
pub mod terminal;
mod totals;
mod whole_lines;

use std::path::Path;
use std::time::Duration;

use zerostack_core::prompt::Output;
use zerostack_core::{Limits, Usage};

use super::Outcome;
use crate::Result;
use crate::agent::{AgentEvent, Call};
use crate::ask::{Answer, Question};
use crate::provider::Endpoint;
use crate::sandbox::{Layer, Mode};

/// What a run talks to: a terminal, lines in a pipe, a program that reads events, a chat.
///
/// Subagents run on threads of their own, so each call may come from any thread, and while another
/// one is asked.
pub trait Front: Sync {
    /// The run begins. Called once for each of several attempts one after the other.
    ///
    /// # Errors
    /// `Input` when it cannot be shown, which ends the run.
    fn start(&self, start: &Start<'_>) -> Result<()>;

    /// Something happened.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    fn event(&self, event: &RunEvent<'_>) -> Result<()>;

    /// Whether a call may run.
    fn ask(&self, question: &Question) -> Answer {
        let _ = question;
        Answer::Nobody
    }

    /// The run ended, one way or the other.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    fn end(&self, end: &RunEnd<'_>) -> Result<()> {
        let _ = end;
        Ok(())
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct RunEnd<'a> {
    /// What came of it.
    pub result: &'a Result<Outcome>,
    /// From its start.
    pub duration: Duration,
}

/// What is known when a run begins.
#[derive(Debug)]
pub struct Start<'a> {
    /// Which model answers.
    pub endpoint: &'a Endpoint,
    /// The prompt's name.
    pub prompt: &'a str,
    /// What the run gives.
    pub output: Output,
    /// The folder.
    pub folder: &'a Path,
    /// The other folders of the project.
    pub also: Vec<&'a Path>,
    /// The folder that the paths of the patch are from.
    pub base: &'a Path,
    /// Whether tools are confined.
    pub sandbox: Mode,
    /// What keeps the tools apart from the user's files, and what does not and why.
    pub layers: &'a [Layer],
    /// The bounds of the session.
    pub limits: Limits,
    /// The name of the session that is saved, if one is.
    pub session: Option<&'a str>,
    /// The names of the tools.
    pub tools: Vec<&'a str>,
}

/// One thing that happened in a run.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum RunEvent<'a> {
    /// The server of the endpoint, whose model is not known yet, is about to be asked for its
    /// models, with a key.
    AsksForModels(&'a Endpoint),
    /// An earlier commit was interrupted, and was taken back or finished.
    Recovered(&'a str),
    /// Something in the configuration is wrong, and the run goes on.
    Warned(&'a str),
    /// Something happened in a conversation.
    Agent {
        /// In which one.
        of: &'a ConversationId,
        /// What.
        event: &'a AgentEvent,
    },
    /// A call has ended, and maybe others of the same reply have not.
    ToolFinished {
        /// Whose call.
        of: &'a ConversationId,
        /// The call.
        call: &'a Call,
        /// Whether it failed.
        is_error: bool,
        /// The beginning of its result.
        content: &'a str,
        /// How long it took; zero if it did not run.
        duration: Duration,
    },
    /// A reply is complete.
    Round {
        /// Of which conversation.
        of: &'a ConversationId,
        /// The round.
        round: Round,
    },
    /// The check of the user ended.
    Checked(&'a CheckEnd),
    /// One of several attempts ended; the last of those one after the other is the run's end.
    Attempt(&'a AttemptEnd),
}

/// Which conversation of a run: `1` is that of the first attempt, `1.2` its second subagent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationId {
    /// The id.
    pub id: String,
    /// The call that started it; none if the run did.
    pub parent: Option<ParentCall>,
}

/// The call that started a subagent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentCall {
    /// The conversation that made it.
    pub conversation: String,
    /// The provider's id of it.
    pub call: String,
}

impl ConversationId {
    /// That of the attempt with this number.
    pub fn of_attempt(number: u32) -> Self {
        Self { id: number.max(1).to_string(), parent: None }
    }
}

/// One request and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Which of its conversation, counted from 1.
    pub number: u32,
    /// Its tokens.
    pub usage: Usage,
    /// What they cost, in millionths of the currency of the prices, if these are known.
    pub cost_micros: Option<u64>,
    /// From the request to the end of the reply, waits and attempts among it.
    pub duration: Duration,
}

/// How one of several attempts ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptEnd {
    /// Which, counted from 1.
    pub number: u32,
    /// Of how many.
    pub count: u32,
    /// The length of its patch, or why it has no result.
    pub result: Result<usize, String>,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckEnd {
    /// The command.
    pub command: String,
    /// Whether it ended with code 0.
    pub passed: bool,
    /// How it ended, for a person: "it ended with exit code 1".
    pub how: String,
    /// The end of what it printed.
    pub output: String,
    /// How long it took.
    pub duration: Duration,
}
