//! What the sandbox costs: the start of a run, and a call in it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use zerostack::sandbox::{Program, ToolHost};
use zerostack::view::{View, ViewOptions};

use super::Table;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Measures the view of a large folder and calls in it, so often; `exe` is the program of the tools.
///
/// # Errors
/// When there is no sandbox here, or the disk refuses.
pub fn measure(exe: &Path, runs: usize) -> Result<Table> {
    let mut table = Table::new("the sandbox");
    let folder = tempfile::tempdir()?;
    for number in 0..FOLDERS {
        let inner = folder.path().join(number.to_string());
        fs::create_dir(&inner)?;
        for file in 0..FILES / FOLDERS {
            fs::write(inner.join(file.to_string()), "x\n")?;
        }
    }
    let tools = ToolHost::Command(exe.to_owned());
    let options = ViewOptions { tools, ..ViewOptions::default() };
    let (mut starts, mut calls, mut bare, mut over) = (vec![], vec![], vec![], vec![]);
    for _ in 0..runs {
        let start = Instant::now();
        let view = View::open(folder.path(), &options)?;
        starts.push(millis(start.elapsed()));
        // The first call looks through the system for what only root may read; it is a part of the start of
        // a run, and is kept apart.
        call(&view)?;
        let (inside, outside) = (call(&view)?, bare_call()?);
        calls.push(inside);
        bare.push(outside);
        over.push(inside - outside);
    }
    let name = "100,000 files: start of a run";
    table.samples(name, &starts, "ms", "≤ 50");
    table.samples("a call in the sandbox: /bin/true", &calls, "ms", "");
    table.samples("the same without one", &bare, "ms", "");
    table.samples("a call in the sandbox over the bare command", &over, "ms", "≤ 5");
    Ok(table)
}

fn call(view: &View) -> Result<f64> {
    let start = Instant::now();
    let child = view.spawn(&Program::new("/bin/true"))?;
    let status = child.process().wait()?;
    if status.success() { Ok(millis(start.elapsed())) } else { Err("a call failed".into()) }
}

fn bare_call() -> Result<f64> {
    let start = Instant::now();
    let mut command = Command::new("/bin/true");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let status = command.spawn()?.wait()?;
    if status.success() { Ok(millis(start.elapsed())) } else { Err("a call failed".into()) }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Files of the folder, and the folders that they are in.
const FILES: usize = 100_000;
const FOLDERS: usize = 100;
