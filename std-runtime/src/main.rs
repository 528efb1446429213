//! The `zerostack` command.

use std::process::ExitCode;

use zerostack::sandbox::ToolHost;

fn main() -> ExitCode {
    // The panic message is on stderr; the code marks a defect in zerostack.
    let command = || zerostack::cli::main(ToolHost::ThisProgram);
    std::panic::catch_unwind(command).unwrap_or(ExitCode::FAILURE)
}

/// What has to be known, or can be answered, before Rust's own start-up code runs: that opens
/// /dev/null in the place of a closed stdout, and the result of a run would vanish there.
/// SAFETY: the C library calls the entries of this section, as functions of this type, before `main`.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = {
    extern "C" fn begin() {
        zerostack::cli::before_main();
    }
    begin
};
