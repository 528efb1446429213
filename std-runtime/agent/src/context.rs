//! What a call knows about its turn.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use zerostack_core::{ToolCall, Usage};

use crate::event::Call;
use crate::transport::Cancel;

/// What the calls of one reply have in common.
#[derive(Clone, Default)]
pub struct TurnContext {
    pub(crate) usage: Usage,
    pub(crate) cancel: Cancel,
    pub(crate) deps: Deps,
    pub(crate) progress: Option<Arc<Progress>>,
}

/// A value that the program gives to its tools.
#[derive(Clone, Default)]
pub(crate) struct Deps(pub Option<Arc<dyn Any + Send + Sync>>);

/// Shows how far a call is.
pub(crate) type Progress = dyn Fn(&Call, &str) + Send + Sync;

/// What a call knows about its turn; see [`Tool::with_context`](crate::Tool::with_context).
#[derive(Clone)]
pub struct ToolContext {
    call: Call,
    turn: TurnContext,
}

impl TurnContext {
    /// That of one of the calls.
    pub fn of(&self, call: &ToolCall<'_>) -> ToolContext {
        ToolContext::new(Call::from(*call), self.clone())
    }
}

impl ToolContext {
    pub(crate) const fn new(call: Call, turn: TurnContext) -> Self {
        Self { call, turn }
    }

    /// The call, with the provider's id.
    pub const fn call(&self) -> &Call {
        &self.call
    }

    /// Tokens of the turn so far.
    pub const fn usage(&self) -> Usage {
        self.turn.usage
    }

    /// Whether nobody waits for the result any more.
    pub fn is_cancelled(&self) -> bool {
        self.turn.cancel.is_cancelled()
    }

    /// What the program gave its agent for the tools of this conversation, such as a connection or the
    /// user who asks: see [`AgentBuilder::deps`](crate::AgentBuilder::deps). `None` if there is none, or
    /// one of another type.
    pub fn deps<T: Any>(&self) -> Option<&T> {
        self.turn.deps.0.as_ref()?.downcast_ref()
    }

    /// Shows how far the call is: to [`AgentBuilder::on_progress`](crate::AgentBuilder::on_progress), and
    /// as [`AgentEvent::ToolProgress`](crate::AgentEvent::ToolProgress) of an async agent. Nothing waits for
    /// it to be read; if very much is unread, it is left out.
    pub fn progress(&self, text: &str) {
        if let Some(progress) = &self.turn.progress {
            progress(&self.call, text);
        }
    }
}

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolContext").field("call", &self.call).finish_non_exhaustive()
    }
}

impl fmt::Debug for TurnContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnContext").field("usage", &self.usage).finish_non_exhaustive()
    }
}
