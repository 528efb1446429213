//! A run, from its arguments to the result on stdout and the exit code.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::flags::RunArgs;
use super::keep::Keeper;
use super::prepare::{self, Prepared};
use super::signals;
use crate::agent::AgentEvent;
use crate::command::entry::Invocation;
use crate::command::print::{fail, print, tell};
use crate::command::sample::Sample;
use crate::provider::Endpoint;
use crate::run::events::EventWriter;
use crate::run::progress::Progress;
use crate::run::{self, AttemptEnd, CheckEnd, Delivery, Observer, Start, Stop};
use crate::{ErrorKind, Result};

/// Runs what `args` ask for, in the sample project if there is one.
pub(in crate::command) fn transaction(
    args: RunArgs,
    invocation: &Invocation<'_>,
    sample: Option<&Sample>,
) -> ExitCode {
    let stop = Stop::new();
    signals::stop_on_signals(&stop);
    signals::end_with_parent(&stop);
    if let Some(limit) = args.time_limit {
        end_after(&stop, limit);
    }
    let events = args.events;
    let mut screen = Screen {
        events: events.then(|| EventWriter::new(io::stdout())),
        progress: (!args.quiet).then(|| Progress::new(io::stderr())),
        keeper: None,
    };
    let output_file = args.output_file.clone();
    let yes = args.yes;
    let prepared = prepare::prepared(args, invocation, sample, &stop).and_then(|prepared| {
        let folder = match &prepared {
            Prepared::Run(options) | Prepared::DryRun(options) => options.folder.clone(),
            Prepared::Done(_) => PathBuf::from("."),
        };
        Ok((prepared, Delivery::new(output_file, folder)?))
    });
    let (prepared, delivery) = match prepared.map_err(|error| stop.reason(error)) {
        Ok(prepared) => prepared,
        Err(error) => {
            let result = Err(error);
            if let Some(writer) = &mut screen.events {
                // The error itself is printed below.
                let _ = writer.result(&result);
            }
            return result.map_or_else(|error| fail(&error), |_| ExitCode::SUCCESS);
        }
    };
    let result = match prepared {
        Prepared::DryRun(options) => {
            let request = run::first_request(&options, &stop, &mut screen);
            let printed = request.and_then(|body| print(&body));
            return printed.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS);
        }
        Prepared::Done(outcome) => Ok(*outcome),
        Prepared::Run(mut options) => {
            screen.keeper = Keeper::begin(&mut options);
            run::run(&options, &stop, &mut screen).and_then(|outcome| match &outcome.plan {
                Some(plan) if yes => {
                    let done = run::carry_out(plan, &options, &stop, &mut |line| tell(&line));
                    done.map(|()| outcome)
                }
                _ => Ok(outcome),
            })
        }
    };
    if let (Ok(outcome), Some(progress)) = (&result, &mut screen.progress) {
        progress.end(outcome);
    }
    let written = match (&mut screen.events, &result) {
        (Some(writer), _) => match (writer.result(&result), &result) {
            (Err(error), Ok(outcome)) => Err(delivery.keep(error, outcome)),
            (Ok(()), Ok(outcome)) if delivery.is_to_file() => delivery.write(outcome),
            (written, _) => written,
        },
        (None, Ok(outcome)) => delivery.write(outcome),
        (None, Err(_)) => Ok(()),
    };
    if let Some(keeper) = screen.keeper.take() {
        keeper.finish(&result, written.as_ref().err());
    }
    match (result, written) {
        (Err(error), _) | (Ok(_), Err(error)) => fail(&error),
        (Ok(_), Ok(())) => ExitCode::SUCCESS,
    }
}

/// All that watch a run.
struct Screen {
    events: Option<EventWriter<io::Stdout>>,
    progress: Option<Progress<io::Stderr>>,
    keeper: Option<Keeper>,
}

impl Screen {
    /// What the record is told never fails.
    fn keep(&mut self, tell: impl FnOnce(&mut Keeper) -> Result<()>) -> Result<()> {
        self.keeper.as_mut().map_or(Ok(()), tell)
    }
}

impl Observer for Screen {
    fn asks_for_models(&mut self, endpoint: &Endpoint) -> Result<()> {
        self.progress.as_mut().map_or(Ok(()), |progress| progress.asks_for_models(endpoint))
    }

    fn recovered(&mut self, line: &str) {
        tell(&line);
    }

    fn warned(&mut self, line: &str) {
        tell(&line);
    }

    fn start(&mut self, start: &Start<'_>) -> Result<()> {
        self.keep(|keeper| keeper.start(start))?;
        if let Some(progress) = &mut self.progress {
            progress.start(start)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.start(start))
    }

    fn checked(&mut self, end: &CheckEnd) -> Result<()> {
        self.keep(|keeper| keeper.checked(end))?;
        if let Some(progress) = &mut self.progress {
            progress.checked(end)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.checked(end))
    }

    fn attempt(&mut self, end: &AttemptEnd) -> Result<()> {
        self.keep(|keeper| keeper.attempt(end))?;
        if let Some(progress) = &mut self.progress {
            progress.attempt(end)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.attempt(end))
    }

    fn event(&mut self, event: &AgentEvent) -> Result<()> {
        self.keep(|keeper| keeper.event(event))?;
        if let Some(progress) = &mut self.progress {
            progress.event(event)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.event(event))
    }

    fn child_event(&mut self, parent: &str, event: &AgentEvent) -> Result<()> {
        self.keep(|keeper| keeper.child_event(parent, event))?;
        if let Some(progress) = &mut self.progress {
            progress.child_event(parent, event)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.child_event(parent, event))
    }
}

fn end_after(stop: &Arc<Stop>, limit: Duration) {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        stop.stop(ErrorKind::Limit);
    });
}
