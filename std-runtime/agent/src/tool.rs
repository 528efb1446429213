//! Tools of the program itself: functions that the model may call.

use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zerostack_core::OwnedTool;
pub use zerostack_core::tool::typed::ToolArgs;

use crate::context::ToolContext;
use crate::file::File;

/// A tool's output for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutput {
    /// Text, or JSON.
    pub content: String,
    /// Whether the call failed.
    pub is_error: bool,
    /// Files for the model, in addition to the text. Files that its dialect does not accept are
    /// described instead.
    pub files: Vec<File>,
    /// Whether there was no call to run: the tool is unknown, or its arguments do not fit.
    pub(crate) is_bad_call: bool,
}

impl ToolOutput {
    /// The call worked.
    pub fn ok(content: impl Into<String>) -> Self {
        Self { content: content.into(), is_error: false, files: Vec::new(), is_bad_call: false }
    }

    /// The call failed; the text should explain to the model what to do.
    pub fn error(content: impl Into<String>) -> Self {
        Self { content: content.into(), is_error: true, files: Vec::new(), is_bad_call: false }
    }

    /// The call cannot run: there is no such tool, or the arguments do not fit it. Such
    /// calls are counted, see [`AgentBuilder::bad_calls`](crate::AgentBuilder::bad_calls).
    pub fn bad_call(content: impl Into<String>) -> Self {
        Self { is_bad_call: true, ..Self::error(content) }
    }

    /// The same with an attached file.
    #[must_use]
    pub fn with_file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }
}

/// A function that the model may call; clones are the same function.
#[derive(Clone)]
pub struct Tool {
    spec: OwnedTool,
    run: Arc<Runs>,
    needs_approval: Option<Arc<Asks>>,
}

/// Runs a call with these arguments.
type Runs = dyn Fn(&ToolContext, &str) -> ToolOutput + Send + Sync;

/// Whether a call with these arguments needs approval.
pub(crate) type Asks = dyn Fn(&str) -> bool + Send + Sync;

impl Tool {
    /// A tool from a function.
    ///
    /// `parameters` is the JSON Schema of `A`, into which the arguments are read. A string that the
    /// function returns goes to the model unchanged, any other value as JSON, an error as a failed
    /// call. Calls of one reply run at the same time, including those of one tool.
    pub fn new<A, R, E>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: impl Into<String>,
        function: impl Fn(A) -> Result<R, E> + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        E: Display,
    {
        Self::with_context(name, description, parameters, move |_, arguments| function(arguments))
    }

    /// A tool whose function also gets what the call knows about its turn. Otherwise as [`new`](Self::new).
    ///
    /// ```
    /// use serde::Deserialize;
    /// use zerostack_agent::{Tool, ToolContext};
    ///
    /// #[derive(Deserialize)]
    /// struct Find {
    ///     words: String,
    /// }
    ///
    /// let parameters = r#"{"type":"object","properties":{"words":{"type":"string"}}}"#;
    /// let find = |context: &ToolContext, Find { words }: Find| {
    ///     context.progress(&format!("looking for {words}"));
    ///     let notes: &Vec<String> = context.deps().ok_or("there are no notes")?;
    ///     Ok::<_, &str>(notes.iter().filter(|note| note.contains(&words)).cloned().collect::<Vec<_>>())
    /// };
    /// let tool = Tool::with_context("find", "Finds notes.", parameters, find);
    /// # let _ = tool;
    /// ```
    pub fn with_context<A, R, E>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: impl Into<String>,
        function: impl Fn(&ToolContext, A) -> Result<R, E> + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        E: Display,
    {
        let spec = OwnedTool {
            name: name.into(),
            description: description.into(),
            parameters: parameters.into(),
        };
        let run = Arc::new(move |context: &ToolContext, text: &str| match arguments(text) {
            Ok(arguments) => output(function(context, arguments)),
            Err(refusal) => refusal,
        });
        Self { spec, run, needs_approval: None }
    }

    /// A tool from a function whose argument derives [`ToolArgs`]: name, description and schema
    /// come from the type. Otherwise as [`new`](Self::new).
    pub fn typed<A, R, E>(function: impl Fn(A) -> Result<R, E> + Send + Sync + 'static) -> Self
    where
        A: ToolArgs + DeserializeOwned,
        R: Serialize,
        E: Display,
    {
        Self::new(A::NAME, A::DESCRIPTION, A::PARAMETERS, function)
    }

    /// A tool whose function builds the output itself, including files. Otherwise as
    /// [`new`](Self::new).
    pub fn with_output<A: DeserializeOwned>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: impl Into<String>,
        function: impl Fn(A) -> ToolOutput + Send + Sync + 'static,
    ) -> Self {
        let spec = OwnedTool {
            name: name.into(),
            description: description.into(),
            parameters: parameters.into(),
        };
        let run = Arc::new(move |_: &ToolContext, text: &str| match arguments(text) {
            Ok(arguments) => function(arguments),
            Err(refusal) => refusal,
        });
        Self { spec, run, needs_approval: None }
    }

    /// Its calls wait until they are approved: the turn stops at
    /// [`AgentEvent::Deferred`](crate::AgentEvent::Deferred), and its conversation can be saved.
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

    pub(crate) fn asks(&self, arguments: &str) -> bool {
        self.needs_approval.as_ref().is_some_and(|asks| asks(arguments))
    }

    /// Its description for the model.
    pub fn spec(&self) -> &OwnedTool {
        &self.spec
    }

    pub(crate) fn call(&self, context: &ToolContext, arguments: &str) -> ToolOutput {
        (self.run)(context, arguments)
    }
}

/// The arguments of a call as a value; the error is sent to the model.
pub(crate) fn arguments<A: DeserializeOwned>(text: &str) -> Result<A, ToolOutput> {
    // Models send nothing if there are no arguments.
    let text = if text.is_empty() { "{}" } else { text };
    let mut read = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut read)
        .map_err(|error| ToolOutput::bad_call(format!("wrong arguments: {error}")))
}

/// The text of a function's result, as the model reads it.
pub(crate) fn output<R: Serialize, E: Display>(result: Result<R, E>) -> ToolOutput {
    match result.map(serde_json::to_value) {
        Ok(Ok(serde_json::Value::String(text))) => ToolOutput::ok(text),
        Ok(Ok(value)) => ToolOutput::ok(value.to_string()),
        Ok(Err(error)) => ToolOutput::error(format!("the result is not JSON: {error}")),
        Err(error) => ToolOutput::error(error.to_string()),
    }
}
