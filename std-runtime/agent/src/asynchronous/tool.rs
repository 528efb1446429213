//! Async functions that the model may call; they run concurrently, each with a deadline.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use zerostack_core::{OwnedTool, ToolCall};

use crate::context::{ToolContext, TurnContext};
use crate::event::Call;
use crate::tool::{Asks, ToolArgs, ToolOutput, arguments, output};
use crate::toolbox::{Toolbox, no_tool};
use crate::transport::failure::seconds;
use crate::{Error, ErrorKind, Result};

type Running = Pin<Box<dyn Future<Output = ToolOutput> + Send>>;

/// Begins a call with these arguments.
type Begins = dyn Fn(ToolContext, &str) -> Running + Send + Sync;

/// An async function that the model may call. Clones are one tool.
#[derive(Clone)]
pub struct AsyncTool {
    spec: OwnedTool,
    deadline: Duration,
    run: Arc<Begins>,
    needs_approval: Option<Arc<Asks>>,
}

impl AsyncTool {
    /// A tool from an async function.
    ///
    /// `parameters` is the JSON Schema of `A`, into which the arguments are read. A string that the
    /// function returns goes to the model unchanged, any other value as JSON, an error as a
    /// failed call. Calls of one reply run at the same time, up to 16 of them.
    pub fn new<A, R, E, F>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: impl Into<String>,
        function: impl Fn(A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        E: Display,
        F: Future<Output = Result<R, E>> + Send + 'static,
    {
        Self::with_context(name, description, parameters, move |_, arguments| function(arguments))
    }

    /// A tool whose function also gets what the call knows about its turn, as
    /// [`Tool::with_context`](crate::Tool::with_context). Otherwise as [`new`](Self::new).
    pub fn with_context<A, R, E, F>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: impl Into<String>,
        function: impl Fn(ToolContext, A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        E: Display,
        F: Future<Output = Result<R, E>> + Send + 'static,
    {
        let spec = OwnedTool {
            name: name.into(),
            description: description.into(),
            parameters: parameters.into(),
        };
        let run = Arc::new(move |context: ToolContext, text: &str| -> Running {
            match arguments(text) {
                Ok(arguments) => {
                    let running = function(context, arguments);
                    Box::pin(async move { output(running.await) })
                }
                Err(refusal) => Box::pin(async move { refusal }),
            }
        });
        Self { spec, deadline: DEADLINE, run, needs_approval: None }
    }

    /// A tool from an async function whose argument derives [`ToolArgs`]: name, description and
    /// schema come from the type. Otherwise as [`new`](Self::new).
    pub fn typed<A, R, E, F>(function: impl Fn(A) -> F + Send + Sync + 'static) -> Self
    where
        A: ToolArgs + DeserializeOwned,
        R: Serialize,
        E: Display,
        F: Future<Output = Result<R, E>> + Send + 'static,
    {
        Self::new(A::NAME, A::DESCRIPTION, A::PARAMETERS, function)
    }

    /// A tool whose function builds the output itself, including files. Otherwise as
    /// [`new`](Self::new).
    pub fn with_output<A, F>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: impl Into<String>,
        function: impl Fn(A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        F: Future<Output = ToolOutput> + Send + 'static,
    {
        let spec = OwnedTool {
            name: name.into(),
            description: description.into(),
            parameters: parameters.into(),
        };
        let run = Arc::new(move |_: ToolContext, text: &str| -> Running {
            match arguments(text) {
                Ok(arguments) => Box::pin(function(arguments)),
                Err(refusal) => Box::pin(async move { refusal }),
            }
        });
        Self { spec, deadline: DEADLINE, run, needs_approval: None }
    }

    /// How long a call may take, instead of 120 s. A call that takes longer is dropped, and the
    /// model gets an error.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Its calls wait until they are approved, as those of
    /// [`Tool::needs_approval`](crate::Tool::needs_approval).
    #[must_use]
    pub fn needs_approval(self) -> Self {
        self.needs_approval_if(|_| true)
    }

    /// The same for calls for which `asks` returns true; it gets the arguments as JSON text.
    #[must_use]
    pub fn needs_approval_if(
        mut self,
        asks: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.needs_approval = Some(Arc::new(asks));
        self
    }

    /// Its description for the model.
    pub fn spec(&self) -> &OwnedTool {
        &self.spec
    }
}

/// Used only to ask before they run.
pub(super) struct Asked<'a>(pub(super) &'a [AsyncTool]);

impl Toolbox for Asked<'_> {
    fn needs_approval(&self, call: &ToolCall<'_>) -> bool {
        let tool = self.0.iter().find(|tool| tool.spec.name == call.name);
        let asks = tool.and_then(|tool| tool.needs_approval.as_ref());
        asks.is_some_and(|asks| asks(call.arguments))
    }

    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput> {
        let text = format!("{} runs as a task", call.name);
        Err(Error::new(ErrorKind::Internal, text))
    }
}

/// The results of `calls`, in their order. Dropping the future ends all calls.
pub(super) async fn run_all(
    tools: Vec<AsyncTool>,
    calls: Vec<Call>,
    turn: TurnContext,
) -> Vec<ToolOutput> {
    let mut results: Vec<Option<ToolOutput>> = calls.iter().map(|_| None).collect();
    let mut places = HashMap::new();
    let mut running = JoinSet::new();
    let permits = Arc::new(Semaphore::new(MAX_AT_ONCE));
    for (place, (call, result)) in calls.iter().zip(&mut results).enumerate() {
        let Some(tool) = tools.iter().find(|tool| tool.spec.name == call.name) else {
            *result = Some(no_tool(&call.name, tools.iter().map(|tool| tool.spec.name.as_str())));
            continue;
        };
        let (tool, text) = (tool.clone(), call.arguments.clone());
        let context = ToolContext::new(call.clone(), turn.clone());
        let permits = Arc::clone(&permits);
        let task = running.spawn(async move {
            // The semaphore is never closed.
            let _permit = permits.acquire_owned().await;
            let limited = tokio::time::timeout(tool.deadline, (tool.run)(context, &text)).await;
            limited.unwrap_or_else(|_| {
                let (name, limit) = (&tool.spec.name, seconds(tool.deadline));
                ToolOutput::error(format!("the tool {name} did not end within {limit}"))
            })
        });
        places.insert(task.id(), place);
    }
    while let Some(ended) = running.join_next_with_id().await {
        let (id, output) = match ended {
            Ok((id, output)) => (id, output),
            // The panic was printed when it happened.
            Err(error) => {
                (error.id(), ToolOutput::error("the tool failed; see the log of its program"))
            }
        };
        if let Some(result) = places.get(&id).and_then(|place| results.get_mut(*place)) {
            *result = Some(output);
        }
    }
    let missing = || ToolOutput::error("the tool gave no result");
    results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
}

/// How long a call may take if the tool does not say.
const DEADLINE: Duration = Duration::from_secs(120);

/// Calls of one reply that run at the same time.
const MAX_AT_ONCE: usize = 16;
