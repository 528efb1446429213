//! Signals while a command runs: its end, and the end of this process.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level;

use zerostack_workspace::own_process;

/// Readable when a child changed its state or this process shall end.
pub(super) struct Signals {
    wake: UnixStream,
    ending: Arc<AtomicUsize>,
    registered: Vec<SigId>,
}

impl Signals {
    /// `is_guest`: the signals that end the process belong to its program.
    pub fn catch(is_guest: bool) -> io::Result<Self> {
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let mut signals = Self { wake, ending: Arc::default(), registered: Vec::with_capacity(7) };
        // A signal that was ignored when this process started stays ignored: `nohup` relies on it.
        let ending = [SIGTERM, SIGINT, SIGHUP].into_iter();
        for signal in ending.filter(|signal| !is_guest && !own_process::is_ignored(*signal)) {
            // First the flag: it must be there when the pipe wakes.
            let ending = Arc::clone(&signals.ending);
            let flag = signal_hook::flag::register_usize(signal, ending, signal as usize)?;
            signals.registered.push(flag);
            signals.registered.push(low_level::pipe::register(signal, waker.try_clone()?)?);
        }
        signals.registered.push(low_level::pipe::register(SIGCHLD, waker)?);
        Ok(signals)
    }

    /// Takes what woke the poll; returns whether there was anything.
    pub fn came(&mut self) -> bool {
        let first = self.wake.read(&mut [0; 64]);
        let mut last = first.as_ref().ok().copied();
        while last == Some(64) {
            last = self.wake.read(&mut [0; 64]).ok();
        }
        first.is_ok()
    }

    /// The signal by which this process shall end.
    pub fn ending(&self) -> Option<i32> {
        i32::try_from(self.ending.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
    }
}

/// Ends this process as `signal` would have.
pub(super) fn end_by(signal: i32) -> io::Error {
    match low_level::emulate_default_handler(signal) {
        Ok(()) => io::Error::other("ended by a signal"),
        Err(error) => error,
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            low_level::unregister(id);
        }
    }
}
