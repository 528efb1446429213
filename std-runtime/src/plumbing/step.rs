//! `zerostack step`: a saved session in, what to do next out.
//!
//! The session is a transcript as JSON Lines, so a shell script can be a runtime: it appends the
//! lines of replies and results, and asks again.

use std::io::{Read, Write};

use serde_json::value::RawValue;
use zerostack_core::{Dialect, OwnedConfig, OwnedTool, Step};

use super::transcript::{self, CallLine, Line, LineRole, ToolLine};
use super::{io_error, line};
use crate::{Error, ErrorKind, Result, tool};

/// Prints the step as one word; with `run_tools`, each open call follows as one line of JSON,
/// which `zerostack tool --call` takes.
///
/// # Errors
/// `Input` when the transcript is malformed.
pub fn run(input: &mut dyn Read, output: &mut dyn Write) -> Result<()> {
    let session = transcript::read(input, config())?;
    let word = match session.step() {
        // Only a session that stays in memory has to make room.
        Step::MakeRoom { .. } => Step::Send.name(),
        step => step.name(),
    };
    writeln!(output, "{word}").map_err(|error| io_error("stdout", &error))?;
    for call in session.pending_calls() {
        let own = str::to_owned;
        let (id, name, arguments) = (own(call.provider_id), own(call.name), own(call.arguments));
        line(output, &CallLine { id, name, arguments })?;
    }
    output.flush().map_err(|error| io_error("stdout", &error))
}

/// Prints the text of the last message of the model.
///
/// # Errors
/// `Input` when the transcript is malformed, `NoResult` if the model has not answered yet.
pub fn answer(input: &mut dyn Read, output: &mut dyn Write) -> Result<()> {
    let session = transcript::read(input, config())?;
    let text: String = session.transcript().answer().collect();
    if text.is_empty() {
        return Err(Error::new(ErrorKind::NoResult, "the transcript has no answer"));
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    write!(output, "{text}{end}").map_err(|error| io_error("stdout", &error))
}

/// Prints the lines that begin a session: the system prompt, the built-in tools with these
/// names, and the user's text.
///
/// # Errors
/// `Usage` for an unknown tool.
pub fn begin(system: &str, tools: &[String], text: &str, output: &mut dyn Write) -> Result<()> {
    if !system.is_empty() {
        line(
            output,
            &Line { role: LineRole::System, text: Some(system.to_owned()), ..Line::default() },
        )?;
    }
    if !tools.is_empty() {
        let lines: Result<Vec<ToolLine>> = tools.iter().map(|name| tool_line(name)).collect();
        line(output, &Line { role: LineRole::Tools, tools: Some(lines?), ..Line::default() })?;
    }
    line(output, &Line { role: LineRole::User, text: Some(text.to_owned()), ..Line::default() })?;
    output.flush().map_err(|error| io_error("stdout", &error))
}

/// Runs one call, a line of [`run`], and prints the line that answers it.
///
/// # Errors
/// `Input` when the call is malformed.
pub fn call(input: &mut dyn Read, output: &mut dyn Write) -> Result<()> {
    let call: CallLine = serde_json::from_reader(input)
        .map_err(|error| Error::new(ErrorKind::Input, format!("the call: {error}")))?;
    let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
    let (content, is_error) = match tool::call(&call.name, arguments.as_bytes()) {
        Ok(output) => (output.content, output.is_error),
        Err(error) => (error.to_string(), true),
    };
    let (id, text) = (Some(call.id), Some(content));
    line(output, &Line { role: LineRole::Tool, id, text, is_error, ..Line::default() })?;
    output.flush().map_err(|error| io_error("stdout", &error))
}

fn tool_line(name: &str) -> Result<ToolLine> {
    let spec = tool::specs().iter().find(|spec| spec.name == name);
    let spec =
        spec.ok_or_else(|| Error::new(ErrorKind::Usage, format!("there is no tool {name:?}")))?;
    let OwnedTool { name, description, parameters } = OwnedTool::from(*spec);
    let parameters = RawValue::from_string(parameters)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the tool {name}: {error}")))?;
    Ok(ToolLine { name, description, parameters })
}

/// The dialect does not matter for what to do next.
fn config() -> OwnedConfig {
    OwnedConfig::new(Dialect::OpenAiChat, "step")
}
