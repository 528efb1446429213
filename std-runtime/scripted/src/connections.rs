//! The open connections, so that all of them end with the server.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// All connections that are open; once closed it accepts no more.
#[derive(Default)]
pub(crate) struct Connections {
    closed: AtomicBool,
    /// Weak, so that a connection that its thread is done with really closes.
    streams: Mutex<Vec<Weak<TcpStream>>>,
}

impl Connections {
    /// Adds `stream`; false when all are closed already.
    pub fn add(&self, stream: &Arc<TcpStream>) -> bool {
        let mut streams = self.streams();
        if self.is_closed() {
            return false;
        }
        streams.retain(|stream| stream.strong_count() > 0);
        streams.push(Arc::downgrade(stream));
        true
    }

    /// Ends every connection: a thread that reads from or writes to one gets an error.
    pub fn close(&self) {
        // Under the lock: a stream is either added before, and shut down here, or refused.
        let mut streams = self.streams();
        self.closed.store(true, Ordering::SeqCst);
        for stream in streams.drain(..).filter_map(|stream| stream.upgrade()) {
            // It fails only if the client has closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn streams(&self) -> MutexGuard<'_, Vec<Weak<TcpStream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
