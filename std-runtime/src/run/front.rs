//! The front: what a run shows while it goes on.

use std::path::Path;
use std::time::Duration;

use zerostack_core::Limits;
use zerostack_core::prompt::Output;

use crate::Result;
use crate::agent::AgentEvent;
use crate::provider::Endpoint;
use crate::sandbox::{Layer, Mode};

/// Sees a run while it goes on.
pub trait Observer {
    /// The server of `endpoint`, whose model is not known yet, is about to be asked for its models,
    /// with a key.
    fn asks_for_models(&mut self, endpoint: &Endpoint) -> Result<()> {
        let _ = endpoint;
        Ok(())
    }
    /// An earlier commit was interrupted, and was taken back or finished.
    fn recovered(&mut self, line: &str) {
        let _ = line;
    }
    /// Something in the configuration is wrong, and the run goes on.
    fn warned(&mut self, line: &str) {
        let _ = line;
    }
    /// The run begins.
    fn start(&mut self, start: &Start<'_>) -> Result<()>;
    /// The check of the user ended.
    fn checked(&mut self, end: &CheckEnd) -> Result<()> {
        let _ = end;
        Ok(())
    }
    /// One of several attempts ended; the last of those one after the other is the run's end.
    fn attempt(&mut self, end: &AttemptEnd) -> Result<()> {
        let _ = end;
        Ok(())
    }
    /// Something happened.
    fn event(&mut self, event: &AgentEvent) -> Result<()>;
    /// Something happened in the subagent that the call with the id `parent` started.
    fn child_event(&mut self, parent: &str, event: &AgentEvent) -> Result<()> {
        let _ = (parent, event);
        Ok(())
    }
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
    /// Whether tools are confined.
    pub sandbox: Mode,
    /// What keeps the tools apart from the user's files, and what does not and why.
    pub layers: &'a [Layer],
    /// The bounds of the session.
    pub limits: Limits,
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
