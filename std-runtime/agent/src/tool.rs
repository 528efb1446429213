//! Tools of the program itself: functions that the model may call.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zerostack_core::OwnedTool;
pub use zerostack_core::tool::typed::ToolArgs;

/// What a tool says to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutput {
    /// Text, or JSON.
    pub content: String,
    /// Whether the call failed.
    pub is_error: bool,
}

impl ToolOutput {
    /// The call worked.
    pub fn ok(content: impl Into<String>) -> Self {
        Self { content: content.into(), is_error: false }
    }

    /// The call failed; the text should tell the model what to do about it.
    pub fn error(content: impl Into<String>) -> Self {
        Self { content: content.into(), is_error: true }
    }
}

/// A function that the model may call.
pub struct Tool {
    spec: OwnedTool,
    run: Box<dyn Fn(&str) -> ToolOutput + Send + Sync>,
}

impl Tool {
    /// A tool from a function.
    ///
    /// `parameters` is the JSON Schema of `A`, which the arguments are read into. A string that
    /// the function returns goes to the model as it is, any other value as JSON, an error as a
    /// failed call. Calls of one reply run at the same time, those of one tool too.
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
        let spec = OwnedTool {
            name: name.into(),
            description: description.into(),
            parameters: parameters.into(),
        };
        let run = Box::new(move |text: &str| match arguments(text) {
            Ok(arguments) => output(function(arguments)),
            Err(refusal) => refusal,
        });
        Self { spec, run }
    }

    /// A tool from a function whose argument derives [`ToolArgs`]: name, description and schema
    /// come from the type. Else as [`new`](Self::new).
    pub fn typed<A, R, E>(function: impl Fn(A) -> Result<R, E> + Send + Sync + 'static) -> Self
    where
        A: ToolArgs + DeserializeOwned,
        R: Serialize,
        E: Display,
    {
        Self::new(A::NAME, A::DESCRIPTION, A::PARAMETERS, function)
    }

    /// What the model knows of it.
    pub fn spec(&self) -> &OwnedTool {
        &self.spec
    }

    pub(crate) fn call(&self, arguments: &str) -> ToolOutput {
        (self.run)(arguments)
    }
}

/// The arguments of a call as a value; the error is sent to the model.
pub(crate) fn arguments<A: DeserializeOwned>(text: &str) -> Result<A, ToolOutput> {
    // Models send nothing where they mean no arguments.
    let text = if text.is_empty() { "{}" } else { text };
    let mut read = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut read)
        .map_err(|error| ToolOutput::error(format!("wrong arguments: {error}")))
}

/// The text of a function's result, as the model reads it.
pub(crate) fn output<R: Serialize, E: Display>(result: Result<R, E>) -> ToolOutput {
    match result.map(serde_json::to_value) {
        Ok(Ok(serde_json::Value::String(text))) => ToolOutput::ok(text),
        Ok(Ok(value)) => ToolOutput::ok(value.to_string()),
        Ok(Err(error)) => ToolOutput::error(format!("the result is no JSON: {error}")),
        Err(error) => ToolOutput::error(error.to_string()),
    }
}
