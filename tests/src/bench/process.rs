//! Running the command and watching it: time, processor time, memory of the process tree.

use std::fs;
use std::io::{self, Read as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// What one run of a command took.
pub(super) struct Run {
    pub stdout: Vec<u8>,
    pub success: bool,
    pub wall: Duration,
    /// User and system time of the process and of all that it waited for: tools and the
    /// sandbox's first process are. What it leaves to others to reap is not counted.
    pub cpu: Duration,
}

/// The most memory that a process tree took at one time.
#[derive(Default)]
pub(super) struct Peak {
    pub kib: u64,
    /// Each process at that time.
    pub parts: Vec<u64>,
    /// How often it was looked at.
    pub samples: u32,
}

/// Runs `command` to its end.
pub(super) fn run(command: &mut Command) -> io::Result<Run> {
    run_with(command, |_| ()).map(|(run, ())| run)
}

/// Runs `command` to its end and looks at its memory all the time, which slows it down.
pub(super) fn peak(command: &mut Command) -> io::Result<(Run, Peak)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (run, watch) = run_with(command, |pid| {
            let over = &over;
            scope.spawn(move || {
                let mut peak = Peak::default();
                while !over.load(Ordering::Relaxed) {
                    peak.look(pid);
                }
                peak
            })
        })?;
        over.store(true, Ordering::Relaxed);
        let peak = watch.join().map_err(|_| io::Error::other("the watching thread died"))?;
        Ok((run, peak))
    })
}

fn run_with<T>(command: &mut Command, watch: impl FnOnce(u32) -> T) -> io::Result<(Run, T)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let before = children_time()?;
    let start = Instant::now();
    let mut child = command.spawn()?;
    let watched = watch(child.id());
    let mut stdout = Vec::new();
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_end(&mut stdout)?;
    }
    let status = child.wait()?;
    let wall = start.elapsed();
    let cpu = children_time()?.saturating_sub(before);
    Ok((Run { stdout, success: status.success(), wall, cpu }, watched))
}

/// Processor time of all children that were waited for, and of theirs.
fn children_time() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.unsigned_abs()))
}

impl Peak {
    /// Looks at the process `pid` and all below it.
    pub(super) fn look(&mut self, pid: u32) {
        let mut parts = Vec::new();
        let mut pids = vec![pid];
        while let Some(pid) = pids.pop() {
            parts.extend(proportional_kib(pid));
            pids.extend(children(pid));
        }
        let kib = parts.iter().sum();
        self.samples += 1;
        if kib > self.kib {
            (self.kib, self.parts) = (kib, parts);
        }
    }
}

/// The memory of a process; what it shares with others counts in parts.
fn proportional_kib(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads.flatten().filter_map(|thread| {
        // A process that has just ended has none.
        fs::read_to_string(thread.path().join("children")).ok()
    });
    let pids = |list: String| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    lists.flat_map::<Vec<u32>, _>(pids).collect()
}
