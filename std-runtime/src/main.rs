//! The `zerostack` command.

use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (Some("tool"), Some(name), None) if !std::io::stdin().is_terminal() => {
            zerostack::tool::main(&name, std::io::stdin().lock(), std::io::stdout().lock())
        }
        _ => {
            eprintln!("usage: echo '{{\"path\":\"src/main.rs\"}}' | zerostack tool read");
            ExitCode::from(zerostack::ErrorKind::Usage.exit_code())
        }
    }
}
