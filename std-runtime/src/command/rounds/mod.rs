//! `loop`: rounds of one task, each with a fresh context, until a check passes.

mod forward;
pub(crate) use forward::forwarded;
mod plan;
mod state;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use super::entry::{Entry, Group, Invocation};
use super::flag::{self, value};
use super::print::{print, tell};
use super::run::{self, ChildRun, RunArgs};
use super::usage::usage;
use crate::error::counted;
use crate::run::{CheckOutcome, Confinement, Stop};
use crate::{Error, ErrorKind, Result};
use plan::Tasks;
use state::State;

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "loop",
    group: Group::Runs,
    about: "Run a task in rounds until a check passes; one patch at the end",
    usage: "[--until CMD] [--max N] [--plan FILE] [OPTIONS] [PROMPT] INSTRUCTION",
    arguments,
    run,
};

fn arguments(command: clap::Command) -> clap::Command {
    let own = [
        flag::option("until", "CMD", "The command that ends the loop when it passes"),
        flag::bounded("max", "N", 1, u16::MAX.into(), "The maximum number of rounds (10)"),
        flag::option("plan", "FILE", "A list of tasks that the rounds work off").long_help(
            "A file of the folder with tasks as `- [ ] task`. Each round gets this file; without \
             --until the loop ends when no task is open",
        ),
    ];
    let own = own.map(|arg| arg.help_heading("Loop"));
    run::arguments(command.args(own))
}

/// One loop.
struct Rounds {
    until: Option<String>,
    /// The time of one run of that command.
    check_limit: Duration,
    max: u32,
    plan: Option<PathBuf>,
    max_tokens: u64,
    max_cost_micros: u64,
    quiet: bool,
    /// The changes are written to the folder after each round.
    writes: bool,
    /// The command line of each round.
    forwarded: Vec<std::ffi::OsString>,
    state: State,
    stop: Arc<Stop>,
    confinement: Confinement,
    /// The user's folder.
    folder: PathBuf,
}

fn run(invocation: Invocation<'_>) -> Result<ExitCode> {
    let matches = &invocation.matches;
    let args = RunArgs::read(matches);
    let (until, plan) = (value::<String>(matches, "until"), value::<String>(matches, "plan"));
    if until.is_none() && plan.is_none() {
        return Err(usage(
            "loop: nothing ends the rounds; give --until CMD or --plan FILE".to_owned(),
        ));
    }
    if args.events.is_some() || args.record.is_some() || args.output_file.is_some() {
        let text = "loop: --events, --record and --output-file describe one run and cannot be used \
                    for rounds of runs; leave them out";
        return Err(usage(text.to_owned()));
    }
    let folder = args.folder.clone().map_or_else(std::env::current_dir, Ok);
    let folder = folder.and_then(|folder| folder.canonicalize()).map_err(|error| {
        Error::new(ErrorKind::Input, format!("the folder cannot be used: {error}"))
    })?;
    let forwarded = forwarded(std::env::args_os().skip(1));
    let key = forward::key(&folder, args.write, until.as_deref(), plan.as_deref(), &forwarded);
    let stop = Stop::new();
    run::stop_all_on_signals(&stop);
    let state = State::open(&key, &folder, args.write)?;
    let work = state.work.clone();
    let confinement = Confinement::new(
        &work,
        &args.model,
        (args.sandbox, args.access.clone()),
        invocation.tools.clone(),
    )?;
    let mut rounds = Rounds {
        until,
        check_limit: value::<u32>(matches, "check-limit")
            .map_or(CHECK_LIMIT, |seconds| Duration::from_secs(seconds.into())),
        max: value(matches, "max").unwrap_or(10),
        plan: plan.map(PathBuf::from),
        max_tokens: args.limits.max_turn_tokens.into(),
        max_cost_micros: args.limits.max_turn_cost_micros.into(),
        quiet: args.quiet,
        writes: args.write,
        forwarded,
        state,
        stop,
        confinement,
        folder,
    };
    rounds.all()
}

impl Rounds {
    fn all(&mut self) -> Result<ExitCode> {
        if self.state.round > 0 {
            self.tell(&format!("continuing after round {}", self.state.round));
        }
        if let Some(why) = self.unusable_plan()? {
            self.state.discard();
            return Err(Error::new(ErrorKind::Input, why));
        }
        loop {
            let plan = self.plan_text()?;
            if let (Some(path), None) = (&self.plan, &plan) {
                let text =
                    format!("round {} deleted the plan {}", self.state.round, path.display());
                return self.ended(ErrorKind::CheckFailed, &text);
            }
            let check = self.check(plan.as_deref())?;
            if check.passed {
                return self.passed();
            }
            if self.state.unchanged >= UNCHANGED {
                let left = self.left(&check);
                let text = format!("{UNCHANGED} rounds changed nothing, and {left}");
                return self.ended(ErrorKind::CheckFailed, &text);
            }
            if self.state.round >= self.max {
                let text = format!(
                    "{} after {}; raise --max",
                    self.left(&check),
                    counted(self.max as usize, "round")
                );
                return self.ended(ErrorKind::Limit, &text);
            }
            if self.max_tokens > 0 && self.state.tokens >= self.max_tokens {
                let text = "the rounds used all their tokens; raise --max-total-tokens";
                return self.ended(ErrorKind::Limit, text);
            }
            if self.max_cost_micros > 0 && self.state.cost_micros >= self.max_cost_micros {
                let text = "the rounds used all their money; raise --max-cost";
                return self.ended(ErrorKind::Limit, text);
            }
            if let Some(code) = self.round(plan.as_deref(), &check)? {
                if code == ErrorKind::Usage.exit_code() {
                    self.state.discard();
                    return Ok(ExitCode::from(code));
                }
                self.tell(CONTINUE);
                return Ok(ExitCode::from(code));
            }
        }
    }

    /// Why the loop cannot begin with the plan as it is.
    fn unusable_plan(&self) -> Result<Option<String>> {
        let Some(path) = &self.plan else { return Ok(None) };
        let path = path.display();
        Ok(match self.plan_text()? {
            None => Some(format!("there is no plan {path}; create it, or leave out --plan")),
            Some(text) if self.until.is_none() && Tasks::of(&text) == Tasks::default() => Some(
                format!("the plan {path} has no task; add lines `- [ ] task`, or give --until CMD"),
            ),
            Some(_) => None,
        })
    }

    fn plan_text(&self) -> Result<Option<String>> {
        let Some(plan) = &self.plan else { return Ok(None) };
        let read = crate::project_file::read_text(&self.state.work, plan, PLAN_BYTES);
        read.map_err(|why| {
            Error::new(ErrorKind::Input, format!("cannot use the plan {}: {why}", plan.display()))
        })
    }

    fn check(&self, plan: Option<&str>) -> Result<CheckOutcome> {
        match &self.until {
            Some(command) => {
                let checked = self.confinement.check(command, self.check_limit, &self.stop);
                checked.map_err(|error| match self.stop.why() {
                    // Not that nothing was changed: the rounds before may have written.
                    Some(why) => Error::new(why, format!("stopped; {CONTINUE}")),
                    None => error,
                })
            }
            None => {
                let Tasks { open, .. } = Tasks::of(plan.unwrap_or_default());
                let are_open = if open == 1 { "task is open" } else { "tasks are open" };
                Ok(CheckOutcome { passed: open == 0, output: format!("{open} {are_open}") })
            }
        }
    }

    /// What still keeps the loop from its end, after a check that did not pass.
    fn left(&self, check: &CheckOutcome) -> String {
        match self.until {
            Some(_) => "the check does not pass".to_owned(),
            None => check.output.clone(),
        }
    }

    /// One run. Returns the exit code of a failure that another round would meet too.
    fn round(&mut self, plan: Option<&str>, check: &CheckOutcome) -> Result<Option<u8>> {
        let number = self.state.round + 1;
        self.tell(&format!("round {number} of at most {}", self.max));
        let program = std::env::current_exe().map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the program cannot be found: {error}"))
        })?;
        let mut command = Command::new(program);
        command.args(["run", "--events", "json", "--write"]);
        if self.max_tokens > 0 {
            let left = self.max_tokens.saturating_sub(self.state.tokens);
            command.args(["--max-total-tokens", &left.to_string()]);
        }
        if self.max_cost_micros > 0 {
            let left = self.max_cost_micros.saturating_sub(self.state.cost_micros);
            command.args(["--max-cost", &flag::text_of_amount(left)]);
        }
        command.args(&self.forwarded).current_dir(&self.state.work);
        let told = self.told(number, plan, check);
        let ran = ChildRun::of(&mut command, Some(told.as_bytes()), &self.stop);
        let ChildRun { status, result } = ran.map_err(|error| {
            Error::new(ErrorKind::Internal, format!("a round cannot be run: {error}"))
        })?;
        let usage = |key: &str| result["usage"][key].as_u64().unwrap_or(0);
        self.state.tokens += usage("input_tokens") + usage("output_tokens");
        self.state.cost_micros += result["cost_micros"].as_u64().unwrap_or(0);
        match status.code() {
            Some(0) => {
                let patch = match (result["patch"].as_str(), result["patch_hex"].as_str()) {
                    (Some(patch), _) => patch.as_bytes().to_vec(),
                    (None, Some(hex)) => forward::from_hex(hex),
                    (None, None) => Vec::new(),
                };
                self.state.unchanged = 0;
                self.state.keep(number, &patch)?;
            }
            // Nothing was changed, and no answer was given.
            Some(code) if code == i32::from(ErrorKind::NoResult.exit_code()) => {
                self.state.unchanged += 1;
                self.state.keep(number, &[])?;
            }
            code => {
                let code = code.and_then(|code| u8::try_from(code).ok());
                let stopped = self.stop.why().map(ErrorKind::exit_code);
                let code = stopped.or(code).unwrap_or(ErrorKind::Terminated.exit_code());
                return Ok(Some(code));
            }
        }
        Ok(self.stop.why().map(ErrorKind::exit_code))
    }

    /// The instruction for the round.
    fn told(&self, number: u32, plan: Option<&str>, check: &CheckOutcome) -> String {
        let mut text = format!(
            "This is round {number} of a loop. Earlier rounds changed the files; nothing else is left of \
             them.\n"
        );
        if let (Some(path), Some(plan)) = (&self.plan, plan) {
            text.push_str(&format!(
                "Do the first open task of this plan, and mark it with `- [x]` in {}:\n<plan>\n{}\n</plan>\n",
                path.display(),
                plan.trim_end()
            ));
        }
        if let Some(command) = &self.until {
            let output = check.output.trim_end();
            // The end is the most useful part.
            let from = output.ceil_char_boundary(output.len().saturating_sub(CHECK_BYTES));
            text.push_str(&format!(
                "The loop ends when this command passes: {command}\n<check>\n{}\n</check>\n",
                &output[from..]
            ));
        }
        text
    }

    fn passed(&mut self) -> Result<ExitCode> {
        let rounds = self.state.round;
        let passed = if self.until.is_some() { "the check passes" } else { "all tasks are done" };
        self.tell(&format!("{passed} after {}", counted(rounds as usize, "round")));
        if self.writes || rounds == 0 {
            self.state.discard();
            return Ok(ExitCode::SUCCESS);
        }
        let (patch, notes) = self.patch()?;
        notes.iter().for_each(|note| self.tell(note));
        print(&patch)?;
        self.state.discard();
        Ok(ExitCode::SUCCESS)
    }

    /// Ends without success: the changes are kept.
    fn ended(&mut self, kind: ErrorKind, text: &str) -> Result<ExitCode> {
        let mut text = text.to_owned();
        if self.writes {
            text.push_str("; `zerostack undo` takes back the last round");
        } else if let Ok((patch, _)) = self.patch()
            && !patch.is_empty()
        {
            let kept = crate::run::keep_patch(&patch, &self.folder);
            text.push_str(&match kept {
                Ok(path) => format!("; the patch of all rounds is kept in {}", path.display()),
                Err(error) => format!("; the patch of all rounds could not be kept: {error}"),
            });
        }
        self.state.discard();
        Err(Error::new(kind, text))
    }

    /// The patch of all rounds for the user's folder.
    fn patch(&self) -> Result<(Vec<u8>, Vec<String>)> {
        let patches = self.state.patches()?;
        let confinement = Confinement { folder: self.folder.clone(), ..self.confinement.clone() };
        confinement.combine(&patches, &self.stop)
    }

    fn tell(&self, line: &str) {
        if !self.quiet {
            tell(&line);
        }
    }
}

/// What to do after a loop that has not reached its end.
const CONTINUE: &str = "run the same command to continue the loop";
/// Rounds without a change that end the loop.
const UNCHANGED: u32 = 2;
/// The time of a check without `--check-limit`.
const CHECK_LIMIT: Duration = Duration::from_secs(600);
/// The most of the check's output that a round's instruction holds.
const CHECK_BYTES: usize = 16 * 1024;
/// The most that a plan may hold.
const PLAN_BYTES: u64 = 64 * 1024;
