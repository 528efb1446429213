//! The server: one thread that accepts, one thread a connection.

use std::fmt;
use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use zerostack_core::Dialect;

use super::connections::Connections;
use super::deliver::Delivery;
use super::dialect::{answer, error_answer, models, not_found};
use super::request::{KeepAlive, Request};
use super::script::{Framing, Reply, Script};
use crate::{Error, ErrorKind, Result};

/// A running scripted provider. It stops, and its threads end, when this is dropped.
pub struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// How to run a [`Scripted`] provider.
#[derive(Default)]
pub struct ScriptedOptions {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Gets each request as one line of JSON (`method`, `path`, `headers`, `body` or `body_hex`).
    pub record: Option<Box<dyn Write + Send>>,
}

struct Shared {
    models: Vec<String>,
    state: Mutex<State>,
    changed: Condvar,
    open: Connections,
}

#[derive(Default)]
struct State {
    /// `None` in the place of a reply that was played.
    replies: Vec<Option<Reply>>,
    played: usize,
    playing: usize,
    requests: Vec<Request>,
    connections: usize,
    record: Option<Box<dyn Write + Send>>,
    stalled: usize,
    released: bool,
}

impl Scripted {
    /// Starts to play `script` on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// `Start` when the port or a thread is not available.
    pub fn start(script: Script) -> Result<Self> {
        Self::start_with(script, ScriptedOptions::default())
    }

    /// The same with options.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(script: Script, options: ScriptedOptions) -> Result<Self> {
        let failed = |error: io::Error| {
            let message =
                format!("cannot start the scripted provider on port {}: {error}", options.port);
            Error::new(ErrorKind::Start, message)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared {
            models: script.models,
            state: Mutex::new(State {
                replies: script.replies.into_iter().map(Some).collect(),
                record: options.record,
                ..State::default()
            }),
            changed: Condvar::new(),
            open: Connections::default(),
        });
        let accepting = thread::Builder::new()
            .name("scripted".into())
            .stack_size(STACK_BYTES)
            .spawn({
                let shared = Arc::clone(&shared);
                move || accept(&listener, &shared)
            })
            .map_err(failed)?;
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for OpenAI-compatible clients.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The base URL for Anthropic's clients, whose paths begin with `/v1`.
    pub fn anthropic_base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, in the order in which they arrived.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// How many connections were opened to it.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Waits until a reply has reached its `stall`.
    pub fn wait_until_stalled(&self) {
        self.shared.wait(|state| state.stalled > 0);
    }

    /// Lets every stalled reply continue, now and later.
    pub fn release(&self) {
        self.shared.state().released = true;
        self.shared.changed.notify_all();
    }

    /// How many replies of the script were not played, those that repeat not counted.
    pub fn replies_left(&self) -> usize {
        self.shared.state().replies.iter().flatten().filter(|reply| !reply.repeat).count()
    }

    /// Waits until every reply was played to its end. Never returns if one repeats.
    pub fn wait_until_played(&self) {
        self.shared.wait(|state| state.playing == 0 && state.replies.iter().all(Option::is_none));
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.shared.open.close();
        // Under the lock, so that no thread is between its check and its wait.
        drop(self.shared.state());
        self.shared.changed.notify_all();
        // `accept` cannot be interrupted: one more connection ends it.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            // A panic of the thread has been printed already.
            let _ = accepting.join();
        }
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, until: impl Fn(&State) -> bool) {
        let mut state = self.state();
        while !until(&state) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn note(&self, request: &Request) {
        let mut state = self.state();
        if let Some(record) = &mut state.record
            && let Err(error) = request.write_line(record)
        {
            // It is reported here, because the client must not see it.
            eprintln!("the scripted provider cannot write its record: {error}");
        }
        state.requests.push(request.clone());
    }

    /// The reply to play and its number, or the one that reports that there is none.
    fn take_reply(&self, request: &Request) -> (Reply, usize) {
        let mut state = self.state();
        state.playing += 1;
        let fits =
            |reply: &&mut Option<Reply>| reply.as_ref().is_some_and(|reply| reply.fits(request));
        let found = match state.replies.iter_mut().find(fits) {
            Some(reply) if reply.as_ref().is_some_and(|reply| reply.repeat) => reply.clone(),
            Some(reply) => reply.take(),
            None => None,
        };
        if let Some(reply) = found {
            state.played += 1;
            return (reply, state.played);
        }
        let message = match state.replies.iter().flatten().count() {
            0 => format!("the script has ended after {} replies", state.played),
            left => format!("none of the {left} replies left in the script fits this request"),
        };
        (Reply::status(410).error("script_ended", &message), 0)
    }

    /// Waits in a stalled reply; false if the client or the server is gone.
    fn stall(&self, stream: &TcpStream) -> bool {
        let mut state = self.state();
        state.stalled += 1;
        self.changed.notify_all();
        let goes_on = loop {
            if state.released {
                break true;
            }
            if self.open.is_closed() || is_gone(stream) {
                break false;
            }
            let waited = self.changed.wait_timeout(state, GONE_CHECK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.stalled -= 1;
        goes_on
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut from = BufReader::with_capacity(READ_BUFFER_BYTES, stream);
        loop {
            let (request, client) = match Request::read(&mut from, stream) {
                Ok(Some(request)) => request,
                Ok(None) => return Ok(()),
                Err(error) => {
                    let mut to = stream;
                    to.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
                    return Err(error);
                }
            };
            self.note(&request);
            let server = match (request.api(), request.list_api()) {
                (Some(api), _) => {
                    let (reply, number) = self.take_reply(&request);
                    let played = self.play(stream, &request, api, client, &reply, number);
                    self.state().playing -= 1;
                    self.changed.notify_all();
                    played?
                }
                (None, list) => {
                    let (status, answer) = match list {
                        Some(api) => (200, models(api, &self.models)),
                        None => (404, not_found(&request)),
                    };
                    let reply = Reply::status(status).framing(Framing::Length);
                    Delivery::new(&reply, answer, client).send(stream, || true)?
                }
            };
            if server == KeepAlive::No || client == KeepAlive::No {
                return Ok(());
            }
        }
    }

    fn play(
        &self,
        stream: &TcpStream,
        request: &Request,
        api: Dialect,
        client: KeepAlive,
        reply: &Reply,
        number: usize,
    ) -> io::Result<KeepAlive> {
        if reply.delay_ms > 0 {
            let delay = Duration::from_millis(reply.delay_ms);
            let goes_on = |_: &mut State| !self.open.is_closed();
            drop(self.changed.wait_timeout_while(self.state(), delay, goes_on));
        }
        let answer = if reply.error.is_some() || (reply.status >= 400 && reply.parts.is_empty()) {
            error_answer(api, reply.status, reply.error.as_ref())
        } else {
            answer(reply, request, api, number)
        };
        Delivery::new(reply, answer, client).send(stream, || self.stall(stream))
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving: Vec<JoinHandle<()>> = Vec::new();
    for stream in listener.incoming() {
        if shared.open.is_closed() {
            break;
        }
        serving.retain(|thread| !thread.is_finished());
        // A connection that could not be taken is the client's to notice.
        let Ok(stream) = stream.map(Arc::new) else { continue };
        if !shared.open.add(&stream) {
            break;
        }
        shared.state().connections += 1;
        let shared = Arc::clone(shared);
        let thread = thread::Builder::new()
            .name("scripted".into())
            .stack_size(STACK_BYTES)
            // A client that went away, or that speaks no HTTP, ends its own connection only.
            .spawn(move || drop(shared.serve(&stream)));
        serving.extend(thread);
    }
    for thread in serving {
        // A panic of the thread has been printed already.
        let _ = thread.join();
    }
}

/// Whether the client has closed its end. Pending bytes of a next request do not count.
fn is_gone(stream: &TcpStream) -> bool {
    let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
    let restored = stream.set_nonblocking(false);
    match peeked {
        Ok(0) => true,
        Ok(_) => restored.is_err(),
        Err(error) => error.kind() != io::ErrorKind::WouldBlock || restored.is_err(),
    }
}

/// How often a stalled reply looks whether its client is still there.
const GONE_CHECK: Duration = Duration::from_millis(20);
const READ_BUFFER_BYTES: usize = 8 * 1024;
/// Enough for the recursion of the JSON parser; only touched pages take memory.
const STACK_BYTES: usize = 512 * 1024;
