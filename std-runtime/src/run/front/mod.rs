//! The front: what shows the progress of a run, and asks its questions.

mod claude;
mod codex;
pub mod events;
pub mod json;
mod line;
pub(crate) mod markdown;
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
pub(crate) use notices::tokens_and_cost;

/// The counterpart of a run: a terminal, lines in a pipe, a program that reads events, a chat.
///
/// Subagents run on their own threads, so a call may come from any thread, even while a question is
/// open.
pub trait Front: Sync {
    /// The run begins. Called once for each of several successive attempts.
    ///
    /// # Errors
    /// `Input` if it cannot be shown, which ends the run.
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

    /// The run ended, with or without a result.
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
    /// Its result.
    pub result: &'a Result<Outcome>,
    /// Its duration.
    pub duration: Duration,
}

/// The facts known when a run begins.
#[derive(Debug)]
pub struct Start<'a> {
    /// The model.
    pub endpoint: &'a Endpoint,
    /// The prompt's name.
    pub prompt: &'a str,
    /// The kind of its result.
    pub output: Output,
    /// The folder.
    pub folder: &'a Path,
    /// The other folders of the project.
    pub also: Vec<&'a Path>,
    /// The folder that the paths of the patch are from.
    pub base: &'a Path,
    /// Whether tools are confined.
    pub sandbox: Mode,
    /// The layers that confine the tools, and the missing ones with the reason.
    pub layers: &'a [Layer],
    /// The limits of the session.
    pub limits: Limits,
    /// The name of the session that is saved, if one is.
    pub session: Option<&'a str>,
    /// The names of the tools.
    pub tools: Vec<&'a str>,
}

/// An event of a run.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum RunEvent<'a> {
    /// The server of the endpoint is about to be asked for its models, with a key, because the
    /// model is not known yet.
    AsksForModels(&'a Endpoint),
    /// An earlier commit was interrupted, and was taken back or finished.
    Recovered(&'a str),
    /// Something in the configuration is wrong, and the run continues.
    Warned(&'a str),
    /// Something happened in a conversation.
    Agent {
        /// The conversation.
        of: &'a ConversationId,
        /// The event.
        event: &'a AgentEvent,
    },
    /// A call has ended; others of the same reply may still run.
    ToolFinished {
        /// The conversation of the call.
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
        /// The conversation.
        of: &'a ConversationId,
        /// The round.
        round: Round,
    },
    /// The check of the user ended.
    Checked(&'a CheckEnd),
    /// One of several attempts ended; the last of successive attempts is the run's end.
    Attempt(&'a AttemptEnd),
}

/// The id of a conversation: `1` is that of the first attempt, `1.2` its second subagent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationId {
    /// The id.
    pub id: String,
    /// The call that started it; `None` if the run did.
    pub parent: Option<ParentCall>,
}

/// The call that started a subagent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentCall {
    /// The conversation that made it.
    pub conversation: String,
    /// The provider's id of the call.
    pub call: String,
}

impl ConversationId {
    /// The conversation of the attempt with this number.
    pub fn of_attempt(number: u32) -> Self {
        Self { id: number.max(1).to_string(), parent: None }
    }
}

/// One request and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Its number in the conversation, counted from 1.
    pub number: u32,
    /// Its tokens.
    pub usage: Usage,
    /// Their cost, in millionths of the currency of the prices, if these are known.
    pub cost_micros: Option<u64>,
    /// From the request to the end of the reply, including waits and attempts.
    pub duration: Duration,
}

/// How one of several attempts ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptEnd {
    /// Its number, counted from 1.
    pub number: u32,
    /// The number of attempts.
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
    /// The end of its output.
    pub output: String,
    /// How long it took.
    pub duration: Duration,
}
