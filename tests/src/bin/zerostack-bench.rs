//! `zerostack-bench [RUNS [COMMAND]]`: measures the command, by default the `zerostack` beside it,
//! and the core in it.

use std::error::Error;
use std::process::ExitCode;

use zerostack_tests::bench::{build, chat, command, decode, encode};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zerostack-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let runs = match arguments.next() {
        Some(runs) => runs.to_str().and_then(|runs| runs.parse().ok()).ok_or("RUNS is a number")?,
        None => DEFAULT_RUNS,
    };
    let exe = match arguments.next() {
        Some(exe) => std::path::PathBuf::from(exe).canonicalize()?,
        None => std::env::current_exe()?.with_file_name("zerostack"),
    };
    let mut figures = command::measure(&exe, runs)?;
    build::measure(&exe, &mut figures)?;
    println!("{figures}");
    println!("{}", chat::measure(&exe, runs)?);
    println!("{}", decode::measure());
    println!("{}", encode::measure()?);
    Ok(())
}

/// An odd number has a median.
const DEFAULT_RUNS: usize = 21;
