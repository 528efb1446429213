//! Connections that wait for their next request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::connect::Origin;
use super::stream::NetStream;

/// The idle connections of a client.
#[derive(Default)]
pub(super) struct Pool(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// The latest at the end.
    idle: VecDeque<Idle>,
    /// Closes those that nobody takes.
    sweeper: Option<JoinHandle<()>>,
}

struct Idle {
    origin: Arc<Origin>,
    /// The runtime that watches the socket. A task of another one might never be woken.
    runtime: Id,
    stream: NetStream,
    since: Instant,
}

impl Pool {
    /// A connection to `origin` that the server has not closed: the one that was used last.
    pub fn take(&self, origin: &Origin) -> Option<NetStream> {
        let runtime = Handle::current().id();
        let is_fit = |idle: &Idle| *idle.origin == *origin && idle.runtime == runtime;
        let mut waiting = self.waiting();
        loop {
            let at = waiting.idle.iter().rposition(is_fit)?;
            let mut idle = waiting.idle.remove(at)?;
            if idle.is_usable() {
                return Some(idle.stream);
            }
        }
    }

    /// Keeps `stream`, from which a whole response was read, for the next request to `origin`.
    pub fn put(self: &Arc<Self>, origin: Arc<Origin>, stream: NetStream) {
        let mut waiting = self.waiting();
        if waiting.idle.len() >= MAX_IDLE {
            waiting.idle.pop_front();
        }
        let (runtime, since) = (Handle::current().id(), Instant::now());
        waiting.idle.push_back(Idle { origin, runtime, stream, since });
        // It ends with its runtime, too, while other clones of a client may run on another.
        if waiting.sweeper.as_ref().is_none_or(JoinHandle::is_finished) {
            waiting.sweeper = Some(tokio::spawn(sweep(Arc::downgrade(self))));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn is_usable(&mut self) -> bool {
        self.since.elapsed() < MAX_IDLE_AGE && self.stream.is_quiet()
    }
}

/// Closes connections that the server has closed or that waited too long, until there are none.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut waiting = pool.waiting();
        waiting.idle.retain_mut(Idle::is_usable);
        if waiting.idle.is_empty() {
            waiting.sweeper = None;
            return;
        }
    }
}

/// As many as conversations whose tools work at the same time.
const MAX_IDLE: usize = 1024;

/// Tools may work for minutes between two requests.
const MAX_IDLE_AGE: Duration = Duration::from_secs(300);

const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
