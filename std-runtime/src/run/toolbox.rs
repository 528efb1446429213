//! Tools as processes in the view.

use std::io::{Read as _, Write as _};

use serde::Deserialize;
use zerostack_core::ToolCall;

use super::Stop;
use crate::agent::{ToolOutput, Toolbox};
use crate::sandbox::Program;
use crate::transport::Cancel;
use crate::view::View;
use crate::{Error, ErrorKind, Result, tool};

/// Runs each call as `zerostack tool NAME` in the view.
pub(super) struct Processes<'a> {
    view: &'a View,
    stop: &'a Stop,
}

/// What a tool process prints.
#[derive(Deserialize)]
struct Printed {
    content: String,
    is_error: bool,
}

impl<'a> Processes<'a> {
    pub(super) fn new(view: &'a View, stop: &'a Stop) -> Self {
        Self { view, stop }
    }
}

impl Toolbox for Processes<'_> {
    fn call(&mut self, call: ToolCall<'_>) -> Result<ToolOutput> {
        let name = call.name;
        if !tool::specs().iter().any(|spec| spec.name == name) {
            let names: Vec<&str> = tool::specs().iter().map(|spec| spec.name).collect();
            let text = format!("there is no tool {name:?}; there are {}", names.join(", "));
            return Ok(ToolOutput::error(text));
        }
        let mut program = Program::own();
        program.arg("tool").arg(name).piped_input();
        let mut child = self.view.spawn(&program)?;
        let broken = |what: &str, error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Tool, format!("the tool {name}: {what}: {error}"))
        };
        if let Some(mut stdin) = child.stdin.take() {
            let arguments = if call.arguments.is_empty() { "{}" } else { call.arguments };
            // A tool that ended early says why on its output.
            let _ = stdin.write_all(arguments.as_bytes());
        }
        let mut printed = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_end(&mut printed).map_err(|error| broken("cannot be read", &error))?;
        }
        let status = child.process().wait()?;
        if self.stop.why().is_some() {
            return Err(Cancel::error());
        }
        match serde_json::from_slice::<Printed>(&printed) {
            Ok(Printed { content, is_error }) => Ok(ToolOutput { content, is_error }),
            // A tool that was killed, by the system for its memory say, is told to the model.
            Err(_) if !status.success() => {
                let mut errors = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    let _ = stderr.read_to_string(&mut errors);
                }
                let text = format!("the tool {name} ended with {status}: {}", errors.trim());
                Ok(ToolOutput::error(text))
            }
            Err(error) => Err(broken("prints no result", &error)),
        }
    }
}
