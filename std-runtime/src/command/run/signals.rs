//! Signals: they end a run, which leaves no files or processes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::command::print::tell;
use crate::run::Stop;
use crate::{ErrorKind, own_process};

/// Ends the run on SIGINT, SIGTERM or SIGHUP.
pub(crate) fn stop_on_signals(stop: &Arc<Stop>) {
    stop_within(stop, PATIENCE, "stopped; nothing was changed");
}

/// The same for a command that ends other runs first.
pub(crate) fn stop_all_on_signals(stop: &Arc<Stop>) {
    stop_within(stop, PATIENCE_OF_MANY, "stopped before all its runs had ended");
}

/// Leaves the process after `patience`, with `line`, if it does not end by itself.
fn stop_within(stop: &Arc<Stop>, patience: Duration, line: &'static str) {
    // If they cannot be caught, they end the process as usual. A signal that was ignored at the
    // start stays ignored: `nohup` and shells without job control rely on it.
    let heeded = [SIGINT, SIGTERM, SIGHUP];
    let heeded = heeded.into_iter().filter(|signal| !own_process::is_ignored(*signal));
    let Ok(mut signals) = Signals::new(heeded) else { return };
    let stop = Arc::clone(stop);
    let watch = move || {
        let of = |signal| match signal {
            SIGINT => ErrorKind::Interrupted,
            _ => ErrorKind::Terminated,
        };
        // A signal that arrives while the folder is written is too late.
        let stopped = |why: &ErrorKind| stop.stop(*why);
        let Some(why) = signals.forever().map(of).find(stopped) else { return };
        // The run now ends by itself, unless it waits for something that cannot be interrupted. Who
        // signals again does not want to wait for its record.
        let start = Instant::now();
        while start.elapsed() < patience && signals.pending().next().is_none() {
            std::thread::sleep(TICK);
        }
        tell(&line);
        std::process::exit(why.exit_code().into());
    };
    let builder = std::thread::Builder::new().name("signals".to_owned()).stack_size(64 * 1024);
    // Without the thread, a signal would be caught and ignored: better not to start.
    if let Err(error) = builder.spawn(watch) {
        tell(&format_args!("cannot handle signals: {error}"));
    }
}

/// How long the run may take to end by itself and to finish its record, on a busy machine too.
const PATIENCE: Duration = Duration::from_millis(600);
/// How long runs in processes of their own may take to do so, and to remove their worktrees.
const PATIENCE_OF_MANY: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(10);

/// Ends the run together with the process that [`PARENT`] names: a round of a killed loop must not
/// continue beside the next one.
pub(super) fn end_with_parent(stop: &Arc<Stop>) {
    let parent = std::env::var(PARENT).ok().and_then(|it| it.parse::<i32>().ok());
    let Some(parent) = parent else { return };
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
    {
        tell(&format_args!("this round may outlive its loop: {error}"));
    }
    // It may have ended before that.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
        stop.stop(ErrorKind::Terminated);
    }
}

/// The variable that names the process with which a run ends.
pub(crate) const PARENT: &str = "ZEROSTACK_PARENT";
