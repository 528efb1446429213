//! stdout for results, stderr for people.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::error::unwritable;
use crate::visible::visible;
use crate::{Error, Result};

/// Prints the result of a command.
///
/// # Errors
/// `Input` if stdout cannot be written.
pub(crate) fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| unwritable(&error))
}

/// Prints a line for a person.
pub(crate) fn tell(text: &dyn std::fmt::Display) {
    // If stderr is closed, nothing can be reported.
    let _ = writeln!(io::stderr(), "zerostack: {}", visible(&text.to_string()));
}

/// Prints the error of a command, and returns its exit code.
pub(crate) fn fail(error: &Error) -> ExitCode {
    tell(error);
    ExitCode::from(error.kind().exit_code())
}
