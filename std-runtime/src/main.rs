//! The `zerostack` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The trace is on stderr then; the code says that it is a defect of ours.
    std::panic::catch_unwind(zerostack::cli::main).unwrap_or(ExitCode::FAILURE)
}
