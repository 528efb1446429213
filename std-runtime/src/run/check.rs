//! `--check`: a command of the user that decides whether a patch is accepted.

use std::time::{Duration, Instant};

use super::workspace::{Ran, Workspace, shell};
use super::{CheckEnd, Stop};
use crate::error::quote;
use crate::{Error, ErrorKind, Result};

/// A command that runs in the view after the model has ended.
#[derive(Debug, Clone)]
pub struct Check {
    /// The command, for `sh`.
    pub command: String,
    /// How long it may take.
    pub limit: Duration,
}

impl Check {
    /// Runs it in `workspace`, and ends everything that it started.
    ///
    /// # Errors
    /// `Tool` if it cannot be run at all; `Interrupted` if the run was stopped.
    pub(super) fn run(&self, workspace: &Workspace, stop: &Stop) -> Result<CheckEnd> {
        let started = Instant::now();
        let program = shell(&self.command);
        let Ran { output, passed, how } =
            workspace.run(program, b"", OUTPUT_BYTES, self.limit, stop)?;
        Ok(CheckEnd {
            command: self.command.clone(),
            passed,
            how,
            output: end_of(&output),
            duration: started.elapsed(),
        })
    }
}

impl CheckEnd {
    /// The message to the model about a failure.
    pub(super) fn message(&self) -> String {
        let Self { command, how, output, .. } = self;
        let output = output.trim_end();
        format!(
            "The check `{command}` failed: {how}. Change the files so that it passes.\n\n\
             <check-output>\n{output}\n</check-output>"
        )
    }

    /// The error of a run whose result does not pass.
    pub(super) fn error(&self) -> Error {
        let Self { command, how, output, .. } = self;
        let last = output.lines().rev().find(|line| !line.trim().is_empty());
        let last = last.map(|line| format!("; it printed: {}", quote(line))).unwrap_or_default();
        let text = format!("the check {} does not pass: {how}{last}", quote(command));
        Error::new(ErrorKind::CheckFailed, text)
    }
}

/// The end of an output, in whole characters.
fn end_of(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let start = text.ceil_char_boundary(text.len().saturating_sub(SHOWN_BYTES));
    match start {
        0 => text.into_owned(),
        _ => format!("[the first {start} bytes are left out]\n{}", &text[start..]),
    }
}

/// The largest output of a check, in bytes.
const OUTPUT_BYTES: usize = 64 * 1024 * 1024;
/// How much of its end goes to the model.
const SHOWN_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_output_is_reported() {
        assert_eq!(end_of("é\n".as_bytes()), "é\n");
        let long = format!("é{}end", "x".repeat(SHOWN_BYTES));
        let told = end_of(long.as_bytes());
        assert!(told.starts_with("[the first 5 bytes are left out]\nx") && told.ends_with("end"));
    }
}
