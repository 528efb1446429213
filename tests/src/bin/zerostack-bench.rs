//! `zerostack-bench [RUNS]`: measures the `zerostack` command beside it, and the core in it.

use std::error::Error;
use std::process::ExitCode;

use zerostack_tests::bench::{build, command, decode, encode};

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
    let runs = std::env::args().nth(1).map_or(Ok(DEFAULT_RUNS), |runs| runs.parse())?;
    let exe = std::env::current_exe()?.with_file_name("zerostack");
    let mut figures = command::measure(&exe, runs)?;
    build::measure(&exe, &mut figures)?;
    println!("{figures}");
    println!("{}", decode::measure());
    println!("{}", encode::measure()?);
    Ok(())
}

/// An odd number has a median.
const DEFAULT_RUNS: usize = 21;
