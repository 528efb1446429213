//! Connections that wait for their next request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connect::Origin;
use super::stream::NetStream;

/// The idle connections of a client, the latest at the end.
#[derive(Default)]
pub(super) struct Pool(Mutex<VecDeque<Idle>>);

struct Idle {
    origin: Arc<Origin>,
    stream: NetStream,
    since: Instant,
}

impl Pool {
    /// A connection to `origin` that the server has not closed: the one that was used last.
    pub fn take(&self, origin: &Origin) -> Option<NetStream> {
        loop {
            let mut stream = {
                let mut idle = self.idle();
                let at = idle.iter().rposition(|idle| *idle.origin == *origin)?;
                idle.remove(at)?.stream
            };
            if stream.is_quiet() {
                return Some(stream);
            }
        }
    }

    /// Keeps `stream`, from which a whole response was read, for the next request to `origin`.
    pub fn put(&self, origin: Arc<Origin>, stream: NetStream) {
        let mut idle = self.idle();
        if idle.len() >= MAX_IDLE {
            idle.pop_front();
        }
        idle.push_back(Idle { origin, stream, since: Instant::now() });
    }

    /// The connections, without those that waited too long.
    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|first| first.since.elapsed() > MAX_IDLE_AGE) {
            idle.pop_front();
        }
        idle
    }
}

/// As many as conversations whose tools work at the same time.
const MAX_IDLE: usize = 1024;

/// Tools may work for minutes between two requests.
const MAX_IDLE_AGE: Duration = Duration::from_secs(300);
