//! No spans.

use zerostack_core::ToolCall;

use crate::Error;
use crate::event::AgentEvent;
use crate::provider::Endpoint;
use crate::session::OwnedSession;

/// Nothing.
#[derive(Debug, Default)]
pub(crate) struct Spans;

impl Spans {
    pub const fn new() -> Self {
        Self
    }

    pub fn sends(&mut self, _session: &OwnedSession, _endpoint: &Endpoint) {}

    pub fn saw(&mut self, _event: &AgentEvent) {}

    pub fn started(&mut self, _call: &ToolCall<'_>) {}

    pub fn answered(&mut self, _number: u32, _is_error: bool) {}

    pub fn over(&mut self, _session: &OwnedSession, _error: Option<&Error>) {}
}
