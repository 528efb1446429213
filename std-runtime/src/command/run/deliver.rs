//! A run, from its arguments to the result on stdout and the exit code.

use std::io::{self, IsTerminal as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::flags::RunArgs;
use super::keep::Keeper;
use super::prepare::{self, Prepared};
use super::screen::Screen;
use super::signals;
use crate::command::entry::Invocation;
use crate::command::print::{fail, print, tell};
use crate::command::sample::Sample;
use crate::run::contract::Form;
use crate::run::{self, Delivery, Front as _, RunEnd, Stop};
use crate::{Error, ErrorKind, Result};

/// Runs what `args` ask for, in the sample project if there is one.
pub(in crate::command) fn transaction(
    args: RunArgs,
    invocation: &Invocation<'_>,
    sample: Option<&Sample>,
) -> ExitCode {
    let started = Instant::now();
    let stop = Stop::new();
    signals::stop_on_signals(&stop);
    signals::end_with_parent(&stop);
    if let Some(limit) = args.time_limit {
        end_after(&stop, limit);
    }
    let mut screen = Screen::new(&args, stop.cancel());
    let output_file = args.output_file.clone();
    let (yes, renders) = (args.yes, args.color.is_on(io::stdout().is_terminal()));
    let prepared = prepare::prepared(args, invocation, sample, &stop).and_then(|prepared| {
        let (folder, is_plain) = match &prepared {
            Prepared::Run(options) | Prepared::DryRun(options) => {
                (options.folder.clone(), options.instructions.form == Form::Plain)
            }
            Prepared::Done(_) => (PathBuf::from("."), false),
        };
        Ok((prepared, Delivery::new(output_file, folder)?.rendering(renders && is_plain)))
    });
    let (prepared, delivery) = match prepared.map_err(|error| stop.reason(error)) {
        Ok(prepared) => prepared,
        Err(error) => {
            let result = Err(error);
            // The error itself is printed below.
            let _ = screen.end(&RunEnd { result: &result, duration: started.elapsed() });
            return result.map_or_else(|error| fail(&error), |_| ExitCode::SUCCESS);
        }
    };
    let result = match prepared {
        Prepared::DryRun(options) => {
            let request = run::first_request(&options, &stop, &screen);
            let printed = request.and_then(|body| print(&body));
            return printed.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS);
        }
        Prepared::Done(outcome) => Ok(*outcome),
        Prepared::Run(mut options) => {
            screen.keeper = Keeper::begin(&mut options);
            let ran = guarded(|| run::run(&options, &stop, &screen));
            ran.and_then(|outcome| match &outcome.plan {
                Some(plan) if yes => {
                    let done = run::carry_out(plan, &options, &stop, &mut |line| tell(&line));
                    done.map(|()| outcome)
                }
                _ => Ok(outcome),
            })
        }
    };
    let end = RunEnd { result: &result, duration: started.elapsed() };
    let shown = screen.end(&end);
    let written = match (screen.has_events(), &result) {
        (true, _) => match (shown, &result) {
            (Err(error), Ok(outcome)) => Err(delivery.keep(error, outcome)),
            (Ok(()), Ok(outcome)) if delivery.is_to_file() => delivery.write(outcome),
            (written, _) => written,
        },
        (false, Ok(outcome)) => delivery.write(outcome),
        (false, Err(_)) => Ok(()),
    };
    if let Some(keeper) = screen.keeper.take() {
        keeper.finish(&end, written.as_ref().err());
    }
    match (result, written) {
        (Err(error), _) | (Ok(_), Err(error)) => fail(&error),
        (Ok(_), Ok(())) => ExitCode::SUCCESS,
    }
}

/// The result of `run`. A panic becomes an error like any other, so that the events end with a result.
fn guarded<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let text = "a defect of zerostack ended the run; see the lines above";
        Err(Error::new(ErrorKind::Internal, text))
    })
}

fn end_after(stop: &Arc<Stop>, limit: Duration) {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        stop.stop(ErrorKind::Limit);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_is_an_error_with_code_1() {
        let error = guarded(|| -> Result<()> { panic!("for a test") }).unwrap_err();
        assert_eq!(error.kind().exit_code(), 1);
        assert_eq!(guarded(|| Ok(7)).unwrap(), 7);
    }
}
