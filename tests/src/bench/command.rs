//! The command against the scripted provider on loopback.
//!
//! The provider lives in this process, so that its memory and its time are not the command's.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};

use super::Table;
use super::process::{self, Peak, Run};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Measures the command `exe`; `runs` is how often, for time and again for memory.
///
/// # Errors
/// When it cannot be run, or does not do what the script makes it do.
pub fn measure(exe: &Path, runs: usize) -> Result<Table> {
    let mut table = Table::new("the command");
    let bench = Bench { exe, runs };
    bench.one_call(&mut table)?;
    bench.long_results(&mut table)?;
    bench.record(&mut table)?;
    bench.version(&mut table)?;
    Ok(table)
}

struct Bench<'a> {
    exe: &'a Path,
    runs: usize,
}

impl Bench<'_> {
    /// A run that calls one tool and gives a patch.
    fn one_call(&self, table: &mut Table) -> Result<()> {
        let script = Script::new()
            .call("write", json!({"path": "greeting.txt", "content": "hello\n"}))
            .text("I wrote the greeting.");
        let (mut wall, mut cpu, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.runs {
            let (run, _) = self.agent(&script, "patch", process::run)?;
            expect_end(&run, "+hello\n")?;
            wall.push(millis(run.wall));
            cpu.push(millis(run.cpu));
        }
        let mut request = Vec::new();
        for _ in 0..self.runs {
            let ((run, peak), provider) = self.agent(&script, "patch", process::peak)?;
            expect_end(&run, "+hello\n")?;
            request = provider.requests().swap_remove(0).body;
            peaks.push(peak);
        }
        push_peaks(table, "one tool call: peak PSS of the tree", &peaks, "≤ 4");
        table.samples("one tool call: CPU, user + system", &cpu, "ms", "≤ 8, aim 6");
        table.samples("one tool call: wall", &wall, "ms", "≤ 15");
        let json: serde_json::Value = serde_json::from_slice(&request)?;
        let tools = json["tools"].as_array().map_or(0, Vec::len);
        let size = format!("{} bytes, {tools} tools", request.len());
        table.text("first request", &size, "≤ 4000, 7 tools");
        Ok(())
    }

    /// A turn in which the model reads 512 KiB.
    fn long_results(&self, table: &mut Table) -> Result<()> {
        let script = Script::new().reply(read_long_files()).text("That was long.");
        let mut peaks = Vec::new();
        for _ in 0..self.runs {
            let ((run, peak), provider) = self.agent(&script, "text", process::peak)?;
            expect_end(&run, "That was long.\n")?;
            let sent = provider.requests().swap_remove(1).body.len();
            if sent < 512 * 1024 {
                return Err(format!("only {sent} bytes of results were sent back").into());
            }
            peaks.push(peak);
        }
        push_peaks(table, "512 KiB of tool results: peak PSS of the tree", &peaks, "≤ 8, aim 5");
        Ok(())
    }

    /// What the record of a run costs: in turns with runs that cannot keep one, because a file has the
    /// name of the folder of records.
    fn record(&self, table: &mut Table) -> Result<()> {
        let script = Script::new()
            .call("write", json!({"path": "greeting.txt", "content": "hello\n"}))
            .text("I wrote the greeting.");
        let (mut over, mut share) = (Vec::new(), Vec::new());
        for number in 0..self.runs {
            let mut sides = [true, false].map(|is_kept| (is_kept, 0.0, 0.0));
            if number % 2 == 1 {
                sides.reverse();
            }
            for (is_kept, cpu, wall) in &mut sides {
                let home = tempfile::tempdir()?;
                let state = home.path().join("zerostack");
                fs::create_dir(&state)?;
                if !*is_kept {
                    fs::write(state.join("runs"), "")?;
                }
                let (run, _) = self.agent(&script, "patch", |command| {
                    process::run(command.env("XDG_STATE_HOME", home.path()))
                })?;
                expect_end(&run, "+hello\n")?;
                if *is_kept != state.join("runs/1/tape.1").exists() {
                    return Err("a record was not kept, or was where none could be".into());
                }
                (*cpu, *wall) = (millis(run.cpu), millis(run.wall));
            }
            let of = |is_kept| sides.iter().find(|side| side.0 == is_kept);
            if let (Some(with), Some(without)) = (of(true), of(false)) {
                over.push(with.1 - without.1);
                share.push((with.1 - without.1) / with.2 * 100.0);
            }
        }
        table.samples("a record: CPU, over a run without one", &over, "ms", "");
        table.samples(
            "  its share of the time of a run whose model takes none",
            &share,
            "%",
            "≤ 2",
        );
        Ok(())
    }

    fn version(&self, table: &mut Table) -> Result<()> {
        let (mut wall, mut over, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
        let command = || {
            let mut command = Command::new(self.exe);
            command.arg("--version");
            command
        };
        for _ in 0..self.runs {
            // What the machine takes to start any program at all is not ours.
            let least = millis(process::run(&mut Command::new("/bin/true"))?.wall);
            let own = millis(process::run(&mut command())?.wall);
            wall.push(own);
            over.push(own - least);
            peaks.push(process::peak(&mut command())?.1);
        }
        table.samples("--version: wall", &wall, "ms", "");
        table.samples("--version: wall over that of /bin/true", &over, "ms", "≤ 0.2");
        push_peaks(table, "--version: peak PSS", &peaks, "≤ 2");
        Ok(())
    }

    /// One run in a project of its own; `watch` is how it is run.
    fn agent<T>(
        &self,
        script: &Script,
        output: &str,
        watch: impl FnOnce(&mut Command) -> std::io::Result<T>,
    ) -> Result<(T, Scripted)> {
        let project = tempfile::tempdir()?;
        write_long_files(project.path())?;
        let provider = Scripted::start(script.clone())?;
        let mut command = Command::new(self.exe);
        command.args(["--base-url", &provider.base_url(), "--model", "scripted"]);
        command.args(["--output", output, "Do what the script says."]);
        Ok((watch(command.current_dir(project.path()))?, provider))
    }
}

fn expect_end(run: &Run, end: &str) -> Result<()> {
    if run.success && run.stdout.ends_with(end.as_bytes()) {
        return Ok(());
    }
    Err(format!("the command did not end with {end:?} but with {:?}", run.stdout).into())
}

/// The memory of some runs, and of which processes it was at its highest.
pub(super) fn push_peaks(table: &mut Table, what: &str, peaks: &[Peak], goal: &str) {
    // A process that was over before the first look was not measured.
    let seen = peaks.iter().filter(|peak| peak.kib > 0);
    let mib: Vec<f64> = seen.map(|peak| peak.kib as f64 / 1024.0).collect();
    table.samples(what, &mib, "MiB", goal);
    let Some(most) = peaks.iter().max_by_key(|peak| peak.kib) else { return };
    let parts: Vec<String> = most.parts.iter().map(u64::to_string).collect();
    let looks: u32 = peaks.iter().map(|peak| peak.samples).sum();
    let each = looks / peaks.len().max(1) as u32;
    let parts = format!("{} KiB", parts.join(" + "));
    table.text("  its processes at the highest of all", &parts, &format!("({each} looks a run)"));
}

pub(super) fn millis(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Writes files of a bit more than 32 KiB each, as `read` shows them.
pub(super) fn write_long_files(project: &Path) -> Result<()> {
    for number in 0..LONG_FILES {
        let line = |index| format!("{index:05} of file {number}: {:-<40}\n", "");
        let text: String = (0..520).map(line).collect();
        fs::write(project.join(format!("long-{number}.txt")), text)?;
    }
    Ok(())
}

/// A reply that reads all of them.
pub(super) fn read_long_files() -> Reply {
    (0..LONG_FILES).fold(Reply::new(), |reply, number| {
        reply.call("read", json!({"path": format!("long-{number}.txt")}))
    })
}

const LONG_FILES: usize = 16;
