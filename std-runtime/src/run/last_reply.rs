//! The model's last reply, which is its answer.

use zerostack_core::StopReason;

use crate::agent::AgentEvent;
use crate::error::quote;
use crate::provider::Endpoint;
use crate::{Error, ErrorKind, Result};

/// The text of the last reply, and how it ended.
#[derive(Default)]
pub(super) struct LastReply {
    pub(super) text: String,
    stop: Option<StopReason>,
    /// The reply is over; the next event belongs to another one.
    over: bool,
}

impl LastReply {
    /// Follows an event.
    pub(super) fn take(&mut self, event: &AgentEvent) -> Result<()> {
        if std::mem::take(&mut self.over) || *event == AgentEvent::Restart {
            self.text.clear();
        }
        match event {
            AgentEvent::Text(text) | AgentEvent::Refusal(text) => {
                if self.text.len() + text.len() > ANSWER_BYTES {
                    let text = format!("the model's answer is longer than {ANSWER_BYTES} bytes");
                    return Err(Error::new(ErrorKind::Limit, text));
                }
                self.text.push_str(text);
            }
            AgentEvent::Recovered { text } => self.text.clone_from(text),
            AgentEvent::End(reason) => {
                self.stop = Some(*reason);
                self.over = true;
            }
            AgentEvent::ToolResult { .. }
            | AgentEvent::Retry { .. }
            | AgentEvent::Compacting
            | AgentEvent::MadeRoom { .. }
            | AgentEvent::SummaryFailed { .. } => self.over = true,
            _ => {}
        }
        Ok(())
    }

    /// Refuses a reply that is not the model's complete answer.
    pub(super) fn check(&self, endpoint: &Endpoint, word: &str) -> Result<()> {
        let model = &endpoint.model;
        let said = quote(&self.text);
        match self.stop {
            Some(StopReason::MaxTokens) => Err(Error::new(
                ErrorKind::Limit,
                format!("the reply of {model} reached its token limit; raise --max-tokens"),
            )),
            Some(StopReason::Refusal) => {
                Err(Error::new(ErrorKind::NoResult, format!("{model} refused: {said}")))
            }
            Some(StopReason::ContentFilter) => Err(Error::new(
                ErrorKind::NoResult,
                format!("the provider's filter stopped the reply of {model}"),
            )),
            Some(StopReason::Other) => Err(Error::new(
                ErrorKind::NoResult,
                format!(
                    "the reply of {model} ended for an unknown reason ({}), so it may be incomplete",
                    quote(word)
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// The longest answer: a model that never stops is useless.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;
