//! Ending a run from another thread: a signal, a time-out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

use crate::transport::Cancel;
use crate::view::{Cleanup, View};
use crate::{Error, ErrorKind};

/// Ends a run: its transfers, its processes, its view.
#[derive(Default)]
pub struct Stop {
    cancel: Cancel,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    why: Option<ErrorKind>,
    /// The result is being written, or was: the run can no longer be ended.
    is_writing: bool,
    /// What ends with the run, by the numbers of the guards.
    guarded: BTreeMap<u32, Guarded>,
    guards: u32,
}

enum Guarded {
    View(Cleanup),
    Process(Pid),
}

impl Guarded {
    fn end(&self) {
        match self {
            Self::View(cleanup) => cleanup.run(),
            Self::Process(pid) => {
                // An error means that it has ended.
                let _ = kill_process(*pid, Signal::TERM);
            }
        }
    }
}

/// Keeps a view or a process known to a [`Stop`]; forgets it on drop.
pub struct Guard {
    stop: Arc<Stop>,
    number: u32,
}

impl Stop {
    /// A running run.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The flag that transfers check.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Ends the run, now or when it begins. The first reason counts. `false` if it is too late: the
    /// result is in the folder, or about to be.
    pub fn stop(&self, why: ErrorKind) -> bool {
        let guarded = {
            let mut state = self.state();
            if state.is_writing {
                return false;
            }
            state.why.get_or_insert(why);
            std::mem::take(&mut state.guarded)
        };
        self.cancel.cancel();
        guarded.values().for_each(Guarded::end);
        true
    }

    /// From here on the run cannot be stopped. `false` if it
    /// was stopped before.
    pub(crate) fn begin_writing(&self) -> bool {
        let mut state = self.state();
        state.is_writing = state.why.is_none();
        state.is_writing
    }

    /// The writes were taken back; the run can be ended again.
    pub(super) fn end_writing(&self) {
        self.state().is_writing = false;
    }

    /// The cause of a run's failure with `error`: the signal or the limit that stopped it, not the
    /// consequence.
    pub fn reason(&self, error: Error) -> Error {
        match self.why() {
            Some(ErrorKind::Limit) => {
                Error::new(ErrorKind::Limit, "the time limit is reached; raise --time-limit")
            }
            Some(kind) => Error::new(kind, "stopped; nothing was changed"),
            None => error,
        }
    }

    /// Why the run was ended, if it was.
    pub fn why(&self) -> Option<ErrorKind> {
        self.state().why
    }

    /// Ends `view` with the run, as long as the guard lives.
    pub(crate) fn guard(self: &Arc<Self>, view: &View) -> Guard {
        self.guarded(Guarded::View(view.cleanup()))
    }

    /// Sends SIGTERM to a child, which nobody has waited for, when the run ends, as long as the guard lives.
    pub(crate) fn guard_process(self: &Arc<Self>, pid: Pid) -> Guard {
        self.guarded(Guarded::Process(pid))
    }

    fn guarded(self: &Arc<Self>, guarded: Guarded) -> Guard {
        let (stopped, number) = {
            let mut state = self.state();
            state.guards += 1;
            let number = state.guards;
            state.guarded.insert(number, guarded);
            (state.why, number)
        };
        // The signal may have arrived while it was made.
        if let Some(why) = stopped {
            self.stop(why);
        }
        Guard { stop: Arc::clone(self), number }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop.state().guarded.remove(&self.number);
    }
}
