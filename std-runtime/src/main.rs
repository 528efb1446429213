//! The `zerostack` command.

use std::process::ExitCode;

use zerostack::sandbox::ToolHost;

fn main() -> ExitCode {
    // The panic message is on stderr; the code marks a defect in zerostack.
    let command = || zerostack::cli::main(ToolHost::ThisProgram);
    std::panic::catch_unwind(command).unwrap_or(ExitCode::FAILURE)
}

/// Rust opens /dev/null in the place of a closed stdout before `main`, and the result of a run
/// would vanish there. So this checks before. SAFETY: the C library calls the entries of this
// section, as functions of this type, before `main`;
// this one makes a system call and sets a flag.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = {
    extern "C" fn look() {
        zerostack::cli::notice_closed_stdout();
    }
    look
};
