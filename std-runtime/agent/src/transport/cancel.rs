//! Ending, from another thread, whatever a transport waits for.

use std::fmt;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::{Error, ErrorKind};

/// Ends a run. Clones share one handle; once cancelled it stays cancelled.
///
/// Call it from any thread, including a signal thread, but not from inside a signal handler:
/// it takes a lock.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    /// Sockets that a thread may be blocked on. Weak, so that a closed one really closes.
    sockets: Mutex<Vec<Weak<TcpStream>>>,
}

impl Cancel {
    /// A handle that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends all current and future waits.
    pub fn cancel(&self) {
        // Under the lock: a socket is either watched before, and shut down here, or later, and refused.
        let mut sockets = self.sockets();
        self.0.cancelled.store(true, Ordering::SeqCst);
        for socket in sockets.drain(..).filter_map(|socket| socket.upgrade()) {
            // It fails only if the peer has already closed: then nothing waits on it.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// The error of a call that was cancelled.
    pub fn error() -> Error {
        Error::new(ErrorKind::Interrupted, "the request was cancelled")
    }

    /// Shuts `socket` down when this is cancelled.
    pub(crate) fn watch(&self, socket: &Arc<TcpStream>) -> Result<(), Error> {
        let mut sockets = self.sockets();
        if self.is_cancelled() {
            return Err(Self::error());
        }
        sockets.retain(|socket| socket.strong_count() > 0);
        sockets.push(Arc::downgrade(socket));
        Ok(())
    }

    /// `socket` works for somebody else from now on: it stays open when this is cancelled.
    pub(crate) fn forget(&self, socket: &Arc<TcpStream>) {
        self.sockets().retain(|it| !std::ptr::eq(it.as_ptr(), Arc::as_ptr(socket)));
    }

    fn sockets(&self) -> MutexGuard<'_, Vec<Weak<TcpStream>>> {
        self.0.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancel").field(&self.is_cancelled()).finish()
    }
}
