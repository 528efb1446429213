//! Signals: Ctrl-C ends the turn, SIGTERM and SIGHUP end the chat.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::command::color::is_dumb;
use crate::command::print::tell;
use crate::run::Stop;
use crate::{ErrorKind, own_process};

/// What a signal ends.
pub(super) struct Interrupt {
    program: Arc<Stop>,
    turn: Mutex<Option<Arc<Stop>>>,
    /// The first line can be typed.
    is_ready: AtomicBool,
    /// The initial state of the terminal, if stdin is one.
    terminal: Option<Termios>,
}

impl Interrupt {
    /// Waits for signals from now on.
    pub(super) fn watch(program: &Arc<Stop>) -> Arc<Self> {
        let terminal = tcgetattr(io::stdin()).ok();
        let interrupt = Arc::new(Self {
            program: Arc::clone(program),
            turn: Mutex::default(),
            is_ready: AtomicBool::new(false),
            terminal,
        });
        // A signal that was ignored at the start stays ignored: `nohup` relies on it.
        let heeded = [SIGINT, SIGTERM, SIGHUP];
        let heeded = heeded.into_iter().filter(|signal| !own_process::is_ignored(*signal));
        let Ok(mut signals) = Signals::new(heeded) else { return interrupt };
        let watched = Arc::clone(&interrupt);
        let watch = move || signals.forever().for_each(|signal| watched.came(signal));
        let builder = std::thread::Builder::new().name("signals".to_owned()).stack_size(64 * 1024);
        if let Err(error) = builder.spawn(watch) {
            tell(&format_args!("cannot handle signals: {error}"));
        }
        interrupt
    }

    /// From now on a Ctrl-C does not end the chat.
    pub(super) fn ready(&self) {
        self.is_ready.store(true, Ordering::Relaxed);
    }

    /// Does `work`, which Ctrl-C ends.
    pub(super) fn during<T>(&self, work: impl FnOnce(&Arc<Stop>) -> T) -> T {
        let stop = Stop::new();
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&stop));
        let done = work(&stop);
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = None;
        done
    }

    /// Restores the terminal.
    fn restore_terminal(&self) {
        if let Some(terminal) = &self.terminal {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, terminal);
        }
    }

    fn came(&self, signal: i32) {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let why = match signal {
            SIGINT => ErrorKind::Interrupted,
            _ => ErrorKind::Terminated,
        };
        if let Some(turn) = &turn {
            turn.stop(why);
        }
        // A person continues after Ctrl-C; a chat that reads a pipe ends.
        let is_held = self.terminal.is_some() && self.is_ready.load(Ordering::Relaxed);
        if signal == SIGINT && is_held {
            return;
        }
        // A signal that arrives while the folder is written waits until that is done.
        while !self.program.stop(why) {
            std::thread::sleep(PATIENCE);
        }
        std::thread::sleep(PATIENCE);
        if self.terminal.is_some() && !is_dumb() {
            // The line editor enabled bracketed paste.
            let _ = io::stdout().write_all(b"\x1b[?2004l");
        }
        self.restore_terminal();
        std::process::exit(why.exit_code().into());
    }
}

/// How long a turn may take to end by itself.
const PATIENCE: Duration = Duration::from_millis(120);
