//! `zerostack-bench [RUNS [COMMAND]]`: measures the command, by default the `zerostack` beside it.
//! `zerostack-bench sandbox [RUNS [COMMAND]]`: measures the start of a run in a large folder and a call.
//! `zerostack-bench many-files [RUNS [COMMAND]]`: measures writing and undoing 1,000 files.
//! `zerostack-bench rival RUNS HOME PROGRAM ARGUMENT...`: measures it in turns with
//! another agent, whose home folder is a copy of HOME; `{url}` stands for the provider's base URL.

use std::error::Error;
use std::process::ExitCode;

use zerostack_tests::bench::paired::{self, Contestant};
use zerostack_tests::bench::{build, chat, command, many_files, sandbox};

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
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|it| it == "rival").is_some() {
        let texts: Option<Vec<String>> = arguments.map(|it| it.into_string().ok()).collect();
        let usage = "usage: zerostack-bench rival RUNS HOME PROGRAM ARGUMENT...";
        let mut texts = texts.ok_or(usage)?.into_iter();
        let (runs, home) = (texts.next().and_then(|it| it.parse().ok()), texts.next());
        let (Some(runs), Some(home), Some(program)) = (runs, home, texts.next()) else {
            return Err(usage.into());
        };
        let ours = Contestant::ours(std::env::current_exe()?.with_file_name("zerostack"));
        let (program, home) = (program.into(), Some(home.into()));
        let rival = Contestant { name: "rival", program, arguments: texts.collect(), home };
        println!("{}", paired::measure(runs, &[ours, rival])?);
        return Ok(());
    }
    let is_many_files = arguments.next_if(|it| it == "many-files").is_some();
    let is_sandbox = arguments.next_if(|it| it == "sandbox").is_some();
    let runs = match arguments.next() {
        Some(runs) => runs.to_str().and_then(|runs| runs.parse().ok()).ok_or("RUNS is a number")?,
        None => DEFAULT_RUNS,
    };
    let exe = match arguments.next() {
        Some(exe) => std::path::PathBuf::from(exe).canonicalize()?,
        None => std::env::current_exe()?.with_file_name("zerostack"),
    };
    if is_many_files {
        println!("{}", many_files::measure(&exe, runs)?);
        return Ok(());
    }
    if is_sandbox {
        println!("{}", sandbox::measure(&exe, runs)?);
        return Ok(());
    }
    let mut figures = command::measure(&exe, runs)?;
    build::measure(&exe, &mut figures)?;
    println!("{figures}");
    println!("{}", chat::measure(&exe, runs)?);
    println!("{}", sandbox::measure(&exe, runs)?);
    println!("{}", many_files::measure(&exe, runs.div_ceil(4))?);
    Ok(())
}

/// An odd number has a median.
const DEFAULT_RUNS: usize = 21;
