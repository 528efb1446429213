//! The destinations of calls: sources of tools, with one gate in front of all of them.

use std::sync::Arc;

use zerostack_core::{OwnedTool, ToolCall};

use crate::Result;
use crate::context::TurnContext;
use crate::parallel::in_parallel;
use crate::tool::{Tool, ToolOutput};

/// A source of tools: runs the calls of a model.
pub trait Toolbox {
    /// The tools that it has, in an order that stays the same: the provider's cache depends on it.
    /// A toolbox for a program that configures its session itself has none.
    fn specs(&self) -> Vec<OwnedTool> {
        Vec::new()
    }

    /// Whether `call` waits until it is approved.
    fn needs_approval(&self, _call: &ToolCall<'_>) -> bool {
        false
    }

    /// Whether it receives calls whose arguments do not fit their schema, because it reads them more
    /// leniently. It answers such a call with [`ToolOutput::bad_call`] if it cannot run.
    fn checks_arguments(&self) -> bool {
        false
    }

    /// Runs `call`. A failure inside the tool is an output that the model sees.
    ///
    /// # Errors
    /// Whatever must end the turn: `Interrupted`, or the program's own error by
    /// [`Error::other`](crate::Error::other).
    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput>;

    /// Runs the calls of one reply and returns a result for each, in order. By default it runs them
    /// one after the other.
    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<Result<ToolOutput>> {
        calls.iter().map(|call| self.call(*call)).collect()
    }

    /// The same with what the calls know about their turn, for tools that want it.
    fn call_all_in(
        &mut self,
        _turn: &TurnContext,
        calls: &[ToolCall<'_>],
    ) -> Vec<Result<ToolOutput>> {
        self.call_all(calls)
    }

    /// The same tools for another conversation, whose calls run at the same time. `None`, the default,
    /// if they must run one after the other: conversations of one agent then wait for each other here.
    fn another<'a>(&self) -> Option<Box<dyn Toolbox + Send + 'a>>
    where
        Self: 'a,
    {
        None
    }
}

/// Decides about each call before it runs. The error is sent to the model.
pub type Gate<'a> = dyn Fn(&ToolCall<'_>) -> Result<(), String> + Send + Sync + 'a;

impl<T: Toolbox + ?Sized> Toolbox for &mut T {
    fn specs(&self) -> Vec<OwnedTool> {
        (**self).specs()
    }

    fn needs_approval(&self, call: &ToolCall<'_>) -> bool {
        (**self).needs_approval(call)
    }

    fn checks_arguments(&self) -> bool {
        (**self).checks_arguments()
    }

    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput> {
        (**self).call(call)
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<Result<ToolOutput>> {
        (**self).call_all(calls)
    }

    fn call_all_in(
        &mut self,
        turn: &TurnContext,
        calls: &[ToolCall<'_>],
    ) -> Vec<Result<ToolOutput>> {
        (**self).call_all_in(turn, calls)
    }

    fn another<'a>(&self) -> Option<Box<dyn Toolbox + Send + 'a>>
    where
        Self: 'a,
    {
        (**self).another()
    }
}

impl<T: Toolbox + ?Sized> Toolbox for Box<T> {
    fn specs(&self) -> Vec<OwnedTool> {
        (**self).specs()
    }

    fn needs_approval(&self, call: &ToolCall<'_>) -> bool {
        (**self).needs_approval(call)
    }

    fn checks_arguments(&self) -> bool {
        (**self).checks_arguments()
    }

    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput> {
        (**self).call(call)
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<Result<ToolOutput>> {
        (**self).call_all(calls)
    }

    fn call_all_in(
        &mut self,
        turn: &TurnContext,
        calls: &[ToolCall<'_>],
    ) -> Vec<Result<ToolOutput>> {
        (**self).call_all_in(turn, calls)
    }

    fn another<'a>(&self) -> Option<Box<dyn Toolbox + Send + 'a>>
    where
        Self: 'a,
    {
        (**self).another()
    }
}

/// Functions of this program; those of one reply run at the same time.
impl Toolbox for Vec<Tool> {
    fn specs(&self) -> Vec<OwnedTool> {
        self.iter().map(|tool| tool.spec().clone()).collect()
    }

    fn needs_approval(&self, call: &ToolCall<'_>) -> bool {
        let tool = self.iter().find(|tool| tool.spec().name == call.name);
        tool.is_some_and(|tool| tool.asks(call.arguments))
    }

    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput> {
        Ok(run(self, &TurnContext::default(), call))
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<Result<ToolOutput>> {
        self.call_all_in(&TurnContext::default(), calls)
    }

    fn call_all_in(
        &mut self,
        turn: &TurnContext,
        calls: &[ToolCall<'_>],
    ) -> Vec<Result<ToolOutput>> {
        let tools = self.as_slice();
        in_parallel(calls, |call| Ok(run(tools, turn, *call)))
    }

    fn another<'a>(&self) -> Option<Box<dyn Toolbox + Send + 'a>> {
        Some(Box::new(self.clone()))
    }
}

fn run(tools: &[Tool], turn: &TurnContext, call: ToolCall<'_>) -> ToolOutput {
    match tools.iter().find(|tool| tool.spec().name == call.name) {
        Some(tool) => tool.call(&turn.of(&call), call.arguments),
        None => no_tool(call.name, tools.iter().map(|tool| tool.spec().name.as_str())),
    }
}

/// The result of a call to a tool that does not exist.
pub(crate) fn no_tool<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> ToolOutput {
    let names: Vec<&str> = names.collect();
    match names.as_slice() {
        [] => ToolOutput::bad_call(format!("there is no tool {name:?}")),
        names => {
            let text = format!("there is no tool {name:?}; there are {}", names.join(", "));
            ToolOutput::bad_call(text)
        }
    }
}

/// Several sources as one, in the order in which they were added. A name that two sources have
/// belongs to the first.
#[derive(Default)]
pub struct Sources<'a> {
    sources: Vec<Source<'a>>,
    gate: Option<Arc<Gate<'a>>>,
}

struct Source<'a> {
    specs: Vec<OwnedTool>,
    toolbox: Box<dyn Toolbox + Send + 'a>,
}

impl<'a> Sources<'a> {
    /// Adds a source after the existing ones.
    pub fn push(&mut self, toolbox: impl Toolbox + Send + 'a) {
        self.sources.push(Source { specs: toolbox.specs(), toolbox: Box::new(toolbox) });
    }

    /// Asks `gate` about each call before it runs, whatever source it belongs to.
    pub fn set_gate(
        &mut self,
        gate: impl Fn(&ToolCall<'_>) -> Result<(), String> + Send + Sync + 'a,
    ) {
        self.gate = Some(Arc::new(gate));
    }

    fn owner(&self, name: &str) -> Option<usize> {
        self.sources.iter().position(|source| source.specs.iter().any(|spec| spec.name == name))
    }

    fn refusal(&self, call: &ToolCall<'_>) -> Option<ToolOutput> {
        let gate = self.gate.as_ref()?;
        gate(call).err().map(ToolOutput::error)
    }

    /// The calls that one source runs together, at the place of the first.
    fn run(
        &mut self,
        owner: Option<usize>,
        turn: &TurnContext,
        calls: &[ToolCall<'_>],
    ) -> Vec<Result<ToolOutput>> {
        match owner.and_then(|owner| self.sources.get_mut(owner)) {
            Some(source) => source.toolbox.call_all_in(turn, calls),
            None => {
                let specs = self.specs();
                let names = || specs.iter().map(|spec| spec.name.as_str());
                calls.iter().map(|call| Ok(no_tool(call.name, names()))).collect()
            }
        }
    }
}

impl Toolbox for Sources<'_> {
    fn specs(&self) -> Vec<OwnedTool> {
        let mut specs: Vec<OwnedTool> = Vec::new();
        for spec in self.sources.iter().flat_map(|source| &source.specs) {
            if !specs.iter().any(|known| known.name == spec.name) {
                specs.push(spec.clone());
            }
        }
        specs
    }

    fn needs_approval(&self, call: &ToolCall<'_>) -> bool {
        let source = self.owner(call.name).and_then(|owner| self.sources.get(owner));
        // A call that the gate refuses needs no approval.
        self.refusal(call).is_none() && source.is_some_and(|it| it.toolbox.needs_approval(call))
    }

    fn checks_arguments(&self) -> bool {
        self.sources.iter().any(|source| source.toolbox.checks_arguments())
    }

    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput> {
        self.call_all(&[call]).pop().unwrap_or_else(|| Ok(no_tool(call.name, [].into_iter())))
    }

    fn call_all(&mut self, calls: &[ToolCall<'_>]) -> Vec<Result<ToolOutput>> {
        self.call_all_in(&TurnContext::default(), calls)
    }

    /// Adjacent calls of one source are passed to it together, and it decides which run at the same
    /// time.
    fn call_all_in(
        &mut self,
        turn: &TurnContext,
        calls: &[ToolCall<'_>],
    ) -> Vec<Result<ToolOutput>> {
        let mut results = Vec::with_capacity(calls.len());
        let mut together: Vec<ToolCall<'_>> = Vec::new();
        let mut owner = None;
        for call in calls {
            let refused = self.refusal(call);
            let its_owner = self.owner(call.name);
            if (refused.is_some() || its_owner != owner) && !together.is_empty() {
                results.extend(self.run(owner, turn, &together));
                together.clear();
            }
            match refused {
                Some(refusal) => results.push(Ok(refusal)),
                None => together.push(*call),
            }
            owner = its_owner;
        }
        if !together.is_empty() {
            results.extend(self.run(owner, turn, &together));
        }
        results
    }

    fn another<'b>(&self) -> Option<Box<dyn Toolbox + Send + 'b>>
    where
        Self: 'b,
    {
        let sources = self.sources.iter().map(|source| {
            Some(Source { specs: source.specs.clone(), toolbox: source.toolbox.another()? })
        });
        let sources = sources.collect::<Option<Vec<Source<'b>>>>()?;
        Some(Box::new(Sources { sources, gate: self.gate.clone() }))
    }
}
