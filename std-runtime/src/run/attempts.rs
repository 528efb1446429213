//! Several attempts at one task, one after the other or at the same time.

use std::sync::Arc;

use super::attempt::attempt;
use super::delivery::{Written, kept};
use super::front::{AttemptEnd, Front, RunEvent, Start};
use super::setup::{Network, Setup, recover};
use super::spent::Spent;
use super::workspace::Workspace;
use super::{Outcome, RunOptions, Stop, session};
use crate::ask::{Answer, Question};
use crate::sessions::Saved;
use crate::{Error, ErrorKind, Result};

/// Runs until an attempt gives a result, or no attempt is left.
///
/// # Errors
/// The error of the last attempt; the best patch that did not pass is kept.
pub(super) fn run(options: &RunOptions, stop: &Arc<Stop>, front: &dyn Front) -> Result<Outcome> {
    let setup = Setup::new(options, Network::Allowed, front)?;
    recover(options, front)?;
    match options.best_of {
        0 | 1 => in_turn(options, &setup, stop, front),
        count => at_once(options, &setup, count, stop, front),
    }
}

/// One after the other; all of them have one budget.
fn in_turn(
    options: &RunOptions,
    setup: &Setup,
    stop: &Arc<Stop>,
    front: &dyn Front,
) -> Result<Outcome> {
    let count = options.attempts.max(1);
    let mut spent = Spent::default();
    let mut saved = match &options.fork {
        Some(fork) => Some(fork.save(options, setup)?),
        None => session::open(options, setup)?,
    };
    let mut number = 1;
    let result = loop {
        let options = with_strategy(options, number);
        let workspace = setup.open(&options, stop)?;
        Workspace::hide_memory(&options);
        let session = saved.as_mut();
        let result = attempt(&options, setup, &workspace, stop, front, &mut spent, session);
        match result {
            Err(error) if is_worth_another(&error) && number < count && stop.why().is_none() => {
                let end = AttemptEnd { number, count, result: Err(error.message().to_owned()) };
                front.event(&RunEvent::Attempt(&end))?;
                saved.iter_mut().for_each(Saved::start_over);
            }
            Err(error) => break Err(with_best_patch(error, &spent, &options)),
            Ok(outcome) => break Ok(outcome),
        }
        number += 1;
    };
    if let Some(saved) = &mut saved {
        session::end(saved, &result);
        // A patch that was not requested need not be kept on failure.
        let failure = saved.take_failure().filter(|_| options.session.is_asked());
        // This must not lose the result.
        let _ = failure.iter().try_for_each(|line| front.event(&RunEvent::Warned(line)));
    }
    result
}

/// All at the same time, each in its own view and with its part of the budget; the smallest patch
/// that passes is the result.
fn at_once(
    options: &RunOptions,
    setup: &Setup,
    count: u32,
    stop: &Arc<Stop>,
    front: &dyn Front,
) -> Result<Outcome> {
    // All before the first tool runs.
    let workspaces: Vec<Workspace> =
        (0..count).map(|_| setup.open(options, stop)).collect::<Result<_>>()?;
    Workspace::hide_memory(options);
    let setup = setup.with_limits(Spent::share(&setup.limits, count));
    let ends = std::thread::scope(|scope| {
        let started: Vec<_> = (1..)
            .zip(&workspaces)
            .map(|(number, workspace)| {
                let (options, setup) = (with_strategy(options, number), &setup);
                scope.spawn(move || {
                    let mut spent = Spent::default();
                    let quiet = Quiet { number, front };
                    let result =
                        attempt(&options, setup, workspace, stop, &quiet, &mut spent, None);
                    let told = match &result {
                        Ok(outcome) => Ok(outcome.patch.len()),
                        Err(error) => Err(error.message().to_owned()),
                    };
                    let end = AttemptEnd { number, count, result: told };
                    let shown = front.event(&RunEvent::Attempt(&end));
                    (shown.and(result), spent)
                })
            })
            .collect();
        let joined = started.into_iter().map(|thread| thread.join());
        joined.collect::<Result<Vec<_>, _>>()
    });
    let ends = ends.map_err(|_| Error::new(ErrorKind::Internal, "an attempt broke off"))?;
    let mut best = None::<(Outcome, &Workspace)>;
    let (mut spent, mut error) = (Spent::default(), None::<Error>);
    for ((result, of_one), workspace) in ends.into_iter().zip(&workspaces) {
        spent.add(of_one.usage);
        of_one.patch.iter().for_each(|patch| spent.offer(patch));
        match result {
            Ok(outcome) => {
                let bytes = best.as_ref().map(|(best, _)| best.patch.len());
                if bytes.is_none_or(|bytes| outcome.patch.len() < bytes) {
                    best = Some((outcome, workspace));
                }
            }
            // The error of an attempt that made a patch is the most useful.
            Err(new) if error.is_none() || new.kind() == ErrorKind::CheckFailed => {
                error = Some(new);
            }
            Err(_) => {}
        }
    }
    match (best, error) {
        (Some((outcome, workspace)), _) => {
            let mut outcome = Outcome { usage: spent.usage, ..outcome };
            if let Some(checked) = outcome.checked.take() {
                let Setup { endpoint, started, .. } = &setup;
                let written =
                    Written { options, endpoint, view: workspace.view(), started: *started };
                outcome.written = Some(written.write(&checked, &outcome, stop)?);
            }
            Ok(outcome)
        }
        (None, Some(error)) => Err(with_best_patch(error, &spent, options)),
        (None, None) => Err(Error::new(ErrorKind::Internal, "no attempt was made")),
    }
}

/// The options of an attempt: its strategy follows the prompt.
fn with_strategy(options: &RunOptions, number: u32) -> RunOptions {
    let mut options = options.clone();
    options.attempt = number;
    // A tape has one conversation.
    if let Some(path) = options.record.as_mut().filter(|_| options.best_of > 1) {
        path.as_mut_os_string().push(format!(".{number}"));
    }
    let count = options.strategies.len().max(1);
    let place = usize::try_from(number.saturating_sub(1)).unwrap_or_default() % count;
    if let Some(strategy) = options.strategies.get(place) {
        options.instructions.text.push_str("\n\n");
        options.instructions.text.push_str(strategy);
    }
    options
}

/// Whether another attempt may end differently.
fn is_worth_another(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::CheckFailed | ErrorKind::NoResult)
}

/// `error`, with the place where the best patch is kept.
fn with_best_patch(error: Error, spent: &Spent, options: &RunOptions) -> Error {
    match (&spent.patch, error.kind()) {
        (Some(patch), ErrorKind::CheckFailed | ErrorKind::NoResult) => {
            kept(error, patch, &options.folder, "the best patch")
        }
        (Some(patch), ErrorKind::Limit) => kept(error, patch, &options.folder, "the patch so far"),
        _ => error,
    }
}

/// The events shown of an attempt that runs beside others: the model that answers, and its questions.
struct Quiet<'a> {
    number: u32,
    front: &'a dyn Front,
}

impl Front for Quiet<'_> {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        match self.number {
            1 => self.front.start(start),
            _ => Ok(()),
        }
    }

    fn event(&self, _: &RunEvent<'_>) -> Result<()> {
        Ok(())
    }

    fn ask(&self, question: &Question) -> Answer {
        self.front.ask(question)
    }
}
