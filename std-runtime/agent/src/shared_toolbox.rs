//! A toolbox that several conversations have.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zerostack_core::{OwnedTool, ToolCall};

use crate::Result;
use crate::context::TurnContext;
use crate::tool::ToolOutput;
use crate::toolbox::Toolbox;

/// `toolbox` as one of which there can be others, at the same time or one after the other.
pub(crate) fn shared(toolbox: impl Toolbox + Send + 'static) -> Box<dyn Toolbox + Send> {
    match toolbox.another() {
        Some(another) => another,
        None => Box::new(InTurn { specs: toolbox.specs(), toolbox: Arc::new(Mutex::new(toolbox)) }),
    }
}

/// Runs the calls of one conversation after those of another.
struct InTurn<T> {
    /// Read once: the list of a session must stay the same.
    specs: Vec<OwnedTool>,
    toolbox: Arc<Mutex<T>>,
}

impl<T> InTurn<T> {
    /// A toolbox that panicked in one conversation still serves the others.
    fn locked(&self) -> MutexGuard<'_, T> {
        self.toolbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Toolbox + Send> Toolbox for InTurn<T> {
    fn specs(&self) -> Vec<OwnedTool> {
        self.specs.clone()
    }

    fn needs_approval(&self, call: &ToolCall<'_>) -> bool {
        self.locked().needs_approval(call)
    }

    fn checks_arguments(&self) -> bool {
        self.locked().checks_arguments()
    }

    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput> {
        self.locked().call(call)
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<Result<ToolOutput>> {
        self.locked().call_all(calls)
    }

    fn call_all_in(
        &mut self,
        turn: &TurnContext,
        calls: &[ToolCall<'_>],
    ) -> Vec<Result<ToolOutput>> {
        self.locked().call_all_in(turn, calls)
    }

    fn another<'a>(&self) -> Option<Box<dyn Toolbox + Send + 'a>>
    where
        Self: 'a,
    {
        Some(Box::new(Self { specs: self.specs.clone(), toolbox: Arc::clone(&self.toolbox) }))
    }
}
