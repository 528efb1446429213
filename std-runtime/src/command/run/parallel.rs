//! `--parallel`: several instructions, one per line on stdin, each a run in its own worktree.

use std::io::Read as _;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use clap::ArgMatches;
use zerostack_core::Limits;

use super::{ChildRun, RunArgs, stop_all_on_signals};
use crate::command::flag::{self, value};
use crate::command::print::print;
use crate::command::rounds::forwarded;
use crate::command::usage::usage;
use crate::error::counted;
use crate::run::Stop;
use crate::visible::visible;
use crate::worktree::{Repository, Worktree};
use crate::{Error, ErrorKind, Result};

/// What to do with each worktree.
pub(super) struct Parallel {
    /// Runs at once.
    pub most: u32,
    /// Whether the worktrees that pass are merged, in the order of the instructions.
    pub merge: bool,
}

impl Parallel {
    /// The values of the flags; `None` without `--parallel`.
    ///
    /// # Errors
    /// `Usage` for the flags that need it.
    pub(super) fn read(matches: &ArgMatches) -> Result<Option<Self>> {
        let merge = matches.get_flag("merge");
        match value(matches, "parallel") {
            Some(most) => Ok(Some(Self { most, merge })),
            None if merge => Err(usage("--merge needs --parallel N".to_owned())),
            None => Ok(None),
        }
    }
}

/// How one run ended.
struct Ended {
    instruction: String,
    worktree: Worktree,
    end: End,
}

enum End {
    Passed,
    Failed(String),
    /// It was stopped, or did not start.
    Stopped,
}

/// Runs all, and prints a line for each. The worktrees of those that failed, or were not merged,
/// stay; those of runs that a signal stopped are removed.
///
/// # Errors
/// `Input` without instructions or a repository. `Interrupted` or `Terminated` by a signal.
pub(super) fn run_all(parallel: &Parallel, args: &RunArgs) -> Result<ExitCode> {
    let folder = args.folder.clone().map_or_else(std::env::current_dir, Ok).map_err(|error| {
        Error::new(ErrorKind::Input, format!("the current folder cannot be used: {error}"))
    })?;
    let repository = Repository::of(&folder)?;
    let text = instructions()?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let instructions: Vec<&str> = lines.collect();
    if instructions.is_empty() {
        return Err(usage("--parallel: give instructions on stdin, one per line".to_owned()));
    }
    let stop = Stop::new();
    stop_all_on_signals(&stop);
    let mut jobs = worktrees(&repository, &instructions).map_err(|error| stop.reason(error))?;
    jobs.reverse();
    let share = share(&args.limits, instructions.len());
    let jobs = Arc::new(Mutex::new(jobs));
    let ended = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..parallel.most {
            scope.spawn(|| {
                loop {
                    let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some((instruction, worktree)) = job else { break };
                    let end = run_one(&instruction, &worktree, &share, &stop);
                    let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                    ended.push(Ended { instruction, worktree, end });
                }
            });
        }
    });
    let mut ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.sort_by_key(|it| instructions.iter().position(|known| *known == it.instruction));
    summary(parallel, &repository, ended, &stop)
}

/// A new worktree for each instruction, or none.
fn worktrees(repository: &Repository, instructions: &[&str]) -> Result<Vec<(String, Worktree)>> {
    let mut jobs: Vec<(String, Worktree)> = Vec::new();
    let names: Vec<String> = repository.all()?.into_iter().map(|it| it.name).collect();
    let free = (1..).map(|number| format!("run-{number}")).filter(|name| !names.contains(name));
    for (instruction, name) in instructions.iter().zip(free) {
        match repository.add(&name) {
            Ok(worktree) => jobs.push(((*instruction).to_owned(), worktree)),
            Err(error) => {
                for (_, worktree) in &jobs {
                    repository.remove(&worktree.name, true)?;
                }
                return Err(error);
            }
        }
    }
    Ok(jobs)
}

/// The instructions on stdin.
fn instructions() -> Result<String> {
    let failed = |why: String| Error::new(ErrorKind::Input, format!("stdin: {why}"));
    let mut text = String::new();
    let read = std::io::stdin().take(INPUT_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > INPUT_BYTES {
        return Err(failed(format!(
            "the instructions are longer than {INPUT_BYTES} bytes; run them in parts"
        )));
    }
    Ok(text)
}

/// Merges the worktrees that may be merged, and prints the outcome of each instruction.
fn summary(
    parallel: &Parallel,
    repository: &Repository,
    ended: Vec<Ended>,
    stop: &Stop,
) -> Result<ExitCode> {
    // A signal after this is too late.
    let merge = stop.begin_writing() && parallel.merge;
    let is_left = ended.iter().any(|it| !matches!(it.end, End::Stopped));
    let (mut lines, mut worst) = (String::new(), None);
    for Ended { instruction, worktree, end } in ended {
        let name = &worktree.name;
        let told = match end {
            End::Failed(why) => {
                worst = worst.or(Some(ErrorKind::CheckFailed));
                format!("failed: {why}")
            }
            End::Stopped => {
                repository.remove(name, true)?;
                "stopped".to_owned()
            }
            End::Passed if merge => match repository.merge(&worktree) {
                Ok(files) => {
                    repository.remove(name, true)?;
                    format!("merged, {}", counted(files, "file"))
                }
                Err(error) => {
                    worst = Some(ErrorKind::Conflict);
                    error.message().to_owned()
                }
            },
            End::Passed => "done".to_owned(),
        };
        lines.push_str(&format!("{name}\t{told}\t{instruction}\n"));
    }
    print(visible(&lines).as_bytes())?;
    if let Some(why) = stop.why() {
        let text = match is_left {
            false => "stopped; nothing was changed",
            true => "stopped; the worktrees of the runs that had ended are kept",
        };
        return Err(Error::new(why, text));
    }
    Ok(worst.map_or(ExitCode::SUCCESS, |kind| ExitCode::from(kind.exit_code())))
}

/// The options by which each of `count` runs has an equal part of the budget.
fn share(limits: &Limits, count: usize) -> Vec<String> {
    let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    let part = |whole: u32| (whole > 0).then(|| (whole / count).max(1));
    let tokens = part(limits.max_turn_tokens);
    let tokens = tokens.map(|tokens| ["--max-total-tokens".to_owned(), tokens.to_string()]);
    let cost = part(limits.max_turn_cost_micros);
    let cost = cost.map(|cost| ["--max-cost".to_owned(), flag::text_of_amount(cost.into())]);
    tokens.into_iter().chain(cost).flatten().collect()
}

fn run_one(instruction: &str, worktree: &Worktree, share: &[String], stop: &Arc<Stop>) -> End {
    if stop.why().is_some() {
        return End::Stopped;
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return End::Failed(error.to_string()),
    };
    let mut command = Command::new(program);
    command.args(["run", "--events", "json", "--quiet", "--write", "-C"]).arg(&worktree.path);
    command.args(share).args(forwarded(std::env::args_os().skip(1)));
    command.arg("--").arg(instruction).stderr(Stdio::null());
    match ChildRun::of(&mut command, None, stop) {
        Err(error) => End::Failed(error.to_string()),
        Ok(ran) if ran.status.success() => End::Passed,
        Ok(_) if stop.why().is_some() => End::Stopped,
        Ok(ChildRun { status, result }) => {
            let why = result["error"]["message"].as_str().map(str::to_owned);
            End::Failed(why.unwrap_or_else(|| format!("it ended with {status}")))
        }
    }
}

/// The longest input with instructions.
const INPUT_BYTES: u64 = 1024 * 1024;
