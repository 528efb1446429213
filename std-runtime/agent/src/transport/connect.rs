//! Sockets that can be cancelled: name resolution, connect and reads that end when cancelled.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

use super::Cancel;
use super::failure::{Peer, host_of, seconds};
use crate::provider::is_loopback;
use crate::{Error, ErrorKind, Result};

/// Resolves names and opens TCP connections for ureq.
///
/// Both happen on a separate thread, which outlives a cancelled run: neither
/// call can be interrupted on all systems.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    pub timeout: Duration,
    /// Host and port of the proxy, if there is one: failures there are not the server's fault.
    pub proxy: Option<String>,
}

/// Whose request a connection serves. Connections go from one user to another in ureq's pool, which
/// has no place for this; but it connects, and takes a connection out, on the thread of the request.
#[derive(Debug, Clone, Default)]
pub(super) struct User {
    pub cancel: Cancel,
    pub draining: Draining,
}

thread_local! {
    static USER: RefCell<User> = RefCell::default();
}

impl User {
    /// Runs `request`, whose connection serves this user until the response is read.
    pub fn during<T>(&self, request: impl FnOnce() -> T) -> T {
        let before = USER.replace(self.clone());
        let result = request();
        USER.set(before);
        result
    }

    fn current() -> Self {
        USER.with_borrow(Clone::clone)
    }
}

/// Whether the rest of a body is being read, and until when its connection may wait for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Draining(Arc<Mutex<Option<Instant>>>);

/// Ends the draining.
pub(super) struct Drained<'a>(&'a Draining);

impl Draining {
    /// From now on, and for at most `limit`, until the guard is dropped.
    pub fn begin(&self, limit: Duration) -> Drained<'_> {
        *self.end() = Some(Instant::now() + limit);
        Drained(self)
    }

    fn end(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Drained<'_> {
    fn drop(&mut self) {
        *self.0.end() = None;
    }
}

impl Dial {
    /// `host`, for errors.
    fn peer<'a>(&'a self, host: &'a str) -> Peer<'a> {
        Peer { host, proxy: self.proxy.as_deref() }
    }

    /// `work` on a thread, for as long as the time-out and the run last.
    fn give_up_on<T: Send + 'static>(
        &self,
        late: impl FnOnce() -> Error,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("dial".into())
            // If the run was cancelled, the receiver is gone and nobody reads the result.
            .spawn(move || drop(sender.send(work())))
            .map_err(|error| {
                Error::new(ErrorKind::Internal, format!("cannot start a thread: {error}"))
            })?;
        let start = Instant::now();
        let cancel = User::current().cancel;
        loop {
            if cancel.is_cancelled() {
                return Err(Cancel::error());
            }
            let left = self.timeout.saturating_sub(start.elapsed());
            match receiver.recv_timeout(left.min(CANCEL_CHECK)) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(late()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::new(ErrorKind::Internal, "the connecting thread died"));
                }
            }
        }
    }

    fn addresses(&self, host: &str, port: u16, place: &str) -> Result<Vec<SocketAddr>> {
        if let Some(known) = known_addresses(host, port) {
            return Ok(known);
        }
        let peer = self.peer(place);
        let late = || peer.unknown(&format_args!("no answer within {}", seconds(self.timeout)));
        let name = host.to_owned();
        let found: io::Result<Vec<SocketAddr>> = self.give_up_on(late, move || {
            (name.as_str(), port).to_socket_addrs().map(Iterator::collect)
        })?;
        match found {
            Ok(found) if found.is_empty() => Err(peer.unknown(&"it has none")),
            Ok(found) => Ok(found),
            Err(error) => Err(peer.unknown(&error)),
        }
    }

    fn connect(&self, addresses: Vec<SocketAddr>, host: &str) -> Result<TcpStream> {
        let (peer, timeout) = (self.peer(host), self.timeout);
        let connect = move || connect_any(&addresses, timeout);
        let stream = self.give_up_on(|| peer.late(timeout), connect)?;
        stream.map_err(|error| peer.no_connect(&error, timeout))
    }
}

/// The addresses of a host that needs no search: an address, or this machine.
pub(crate) fn known_addresses(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(vec![SocketAddr::new(address, port)]);
    }
    // RFC 6761 6.3: do not ask the resolver, which costs time and memory, and may return any
    // address for a name to which the key goes unencrypted.
    is_loopback(host).then(|| {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        loopback.map(|address| SocketAddr::new(address, port)).to_vec()
    })
}

/// The first address that answers. Each gets an equal share of the time that is left.
fn connect_any(addresses: &[SocketAddr], timeout: Duration) -> io::Result<TcpStream> {
    let start = Instant::now();
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for (index, address) in addresses.iter().enumerate() {
        let left = timeout.saturating_sub(start.elapsed());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => return Ok(stream),
            // A refusal is more informative than a disabled address family.
            Err(error) if last.kind() != io::ErrorKind::ConnectionRefused => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}

impl Resolver for Dial {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or_else(|| ureq::Error::BadUri("no host".into()))?;
        let default_port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default_port);
        let found = self.addresses(host, port, &host_of(uri)).map_err(wrap)?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(MAX_ADDRESSES) {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

impl<In: Transport> Connector<In> for Dial {
    type Out = Either<In, Connection>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // A tunnel through a proxy is open already.
        if let Some(tunnel) = chained {
            return Ok(Some(Either::A(tunnel)));
        }
        let host = host_of(details.uri);
        let addresses = details.addrs.iter().copied().collect();
        let stream = Arc::new(Dial::connect(self, addresses, &host).map_err(wrap)?);
        let user = User::current();
        user.cancel.watch(&stream).map_err(wrap)?;
        stream.set_nodelay(true)?;
        Ok(Some(Either::B(Connection {
            stream,
            host,
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            user,
        })))
    }
}

/// An open socket that [`Cancel`] can shut down.
pub(super) struct Connection {
    stream: Arc<TcpStream>,
    host: String,
    buffers: LazyBuffers,
    user: User,
}

impl Connection {
    fn failure(&self, error: io::Error, limit: NextTimeout) -> ureq::Error {
        if self.user.cancel.is_cancelled() {
            return wrap(Cancel::error());
        }
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                ureq::Error::Timeout(limit.reason)
            }
            // ureq treats a reset as the end of a body without a declared length.
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => wrap(Error::new(
                ErrorKind::Provider,
                format!("{} closed the connection early; try again", self.host),
            )),
            _ => ureq::Error::Io(error),
        }
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let limit = timeout.for_write();
        self.stream.set_write_timeout(limit.not_zero().map(|limit| *limit))?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        (&*self.stream).write_all(output).map_err(|error| self.failure(error, limit))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let limit = timeout.for_read();
        let mut wait = limit.not_zero().map(|limit| *limit);
        if let Some(end) = *self.user.draining.end() {
            // A time-out of zero would mean no time-out.
            let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            wait = Some(wait.map_or(left, |wait| wait.min(left)));
        }
        self.stream.set_read_timeout(wait)?;
        let room = self.buffers.input_append_buf().len();
        if room == 0 {
            let message = format!("{} sends a line without an end; check the base URL", self.host);
            return Err(wrap(Error::new(ErrorKind::Provider, message)));
        }
        let read = loop {
            match (&*self.stream).read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result.map_err(|error| self.failure(error, limit))?,
            }
        };
        // Shutting a socket down looks like its end.
        if read == 0 && self.user.cancel.is_cancelled() {
            return Err(wrap(Cancel::error()));
        }
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        // An idle connection has nothing to say: bytes or an end mean that it cannot be used again.
        let quiet = self.stream.set_nonblocking(true).is_ok()
            && matches!((&*self.stream).read(&mut [0]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        let user = User::current();
        self.user.cancel.forget(&self.stream);
        let watched = user.cancel.watch(&self.stream).is_ok();
        self.user = user;
        quiet && watched && self.stream.set_nonblocking(false).is_ok()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Carries this crate's error through ureq, which returns it unchanged.
fn wrap(error: Error) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}

/// How often a wait that nothing can wake checks [`Cancel`].
const CANCEL_CHECK: Duration = Duration::from_millis(50);
/// The limit of ureq.
const MAX_ADDRESSES: usize = 16;
