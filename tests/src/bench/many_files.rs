//! A run that changes 1,000 files: writing them, and taking that back.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use zerostack_scripted::{Script, Scripted};

use super::Table;
use super::command::millis;
use super::process::{self, Run};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Measures the command `exe`, `runs` times: on the disk of the temporary files, and in memory,
/// where an `fsync` takes no time.
///
/// # Errors
/// When it cannot be run, or does not do what the script makes it do.
pub fn measure(exe: &Path, runs: usize) -> Result<Table> {
    let mut table = Table::new("1,000 files");
    let disk = std::env::temp_dir();
    let places = [("on disk", disk.as_path(), ""), ("in memory", Path::new("/dev/shm"), "≤ 100")];
    for (name, place, goal) in places {
        if !place.is_dir() {
            table.text(name, "not measured: there is no such folder", "");
            continue;
        }
        let (mut over, mut undo) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let (project, state) = (tempfile::tempdir_in(place)?, tempfile::tempdir_in(place)?);
            let bench = Bench { exe, project: project.path(), state: state.path() };
            let patch = bench.run(&["--output", "patch"])?;
            bench.expect(&patch, 0)?;
            let written = bench.run(&["--write"])?;
            bench.expect(&written, FILES)?;
            let back = process::run(&mut bench.command(&["undo"]))?;
            bench.expect(&back, 0)?;
            over.push(millis(written.wall) - millis(patch.wall));
            undo.push(millis(back.wall));
        }
        table.samples(&format!("{name}: --write, over the same run without it"), &over, "ms", goal);
        table.samples(&format!("{name}: undo"), &undo, "ms", "≤ 150");
    }
    Ok(table)
}

struct Bench<'a> {
    exe: &'a Path,
    project: &'a Path,
    state: &'a Path,
}

impl Bench<'_> {
    fn run(&self, flags: &[&str]) -> Result<Run> {
        let script = Script::new().call("bash", json!({ "command": COMMAND })).text("Done.");
        let provider = Scripted::start(script)?;
        let url = provider.base_url();
        let mut command = self.command(&["--base-url", &url, "--model", "scripted"]);
        Ok(process::run(command.args(flags).arg("Do what the script says."))?)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.exe);
        command.args(arguments).current_dir(self.project).env("XDG_STATE_HOME", self.state);
        command
    }

    fn expect(&self, run: &Run, files: usize) -> Result<()> {
        let found = std::fs::read_dir(self.project)?.count();
        match run.success && found == files {
            true => Ok(()),
            false => Err(format!("there are {found} files in the place of {files}").into()),
        }
    }
}

const FILES: usize = 1000;
const COMMAND: &str = "seq 1000 | while read n; do echo $n > $n.txt; done";
