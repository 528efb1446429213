//! The `zerostack` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    zerostack::cli::main()
}
