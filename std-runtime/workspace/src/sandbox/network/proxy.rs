//! The way out of the network namespace of the tools: a proxy in this process, on a socket that
//! belongs to the namespace.
//!
//! It connects to the hosts that the user allows and to no other. Names are resolved here, once,
//! and the connection goes to the checked address.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

use super::request::{self, Answer, Protocol};
use super::rule::{Host, Target, allowed, is_private};

/// A connection that tools asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The requested host, and the port.
    pub to: String,
    /// Why the connection was refused; `None` if it was made.
    pub refused: Option<&'static str>,
    /// What went there.
    pub sent_bytes: u64,
    /// The answer.
    pub received_bytes: u64,
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refused {
            Some(why) => write!(f, "{}: {why}", self.to),
            None => {
                let Self { to, sent_bytes, received_bytes, .. } = self;
                write!(f, "{to}: {sent_bytes} bytes sent, {received_bytes} received")
            }
        }
    }
}

/// Ends with its value; open connections end with the processes that have them.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    hosts: Vec<Host>,
    log: Mutex<Vec<Connection>>,
    open: AtomicUsize,
    ended: AtomicBool,
}

/// Connections at one time.
const OPEN_MAX: usize = 256;
/// Connections that are remembered one by one.
const LOG_MAX: usize = 10_000;
/// How long a client may take for its request, and a host to be reached.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long, and for how many bytes, a client that was refused is listened to.
const FAREWELL: Duration = Duration::from_secs(1);
const FAREWELL_BYTES: u64 = 64 * 1024;
/// How long to wait for the next client before looking whether the run has ended.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

impl Proxy {
    /// Serves the clients of `listener`, a socket of the tools' namespace.
    ///
    /// # Errors
    /// The error of the system.
    pub(crate) fn start(listener: OwnedFd, hosts: Vec<Host>) -> io::Result<Self> {
        let listener = TcpListener::from(listener);
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (log, open, ended) = (Mutex::default(), AtomicUsize::new(0), AtomicBool::new(false));
        let shared = Arc::new(Shared { hosts, log, open, ended });
        let serving = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("proxy".into())
            .spawn(move || serve(&listener, &serving))?;
        Ok(Self { address, shared })
    }

    /// The variables by which programs find it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let http = format!("http://{}", self.address);
        let socks = format!("socks5h://{}", self.address);
        let mut variables = Vec::new();
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            variables.push((name, http.clone()));
        }
        for name in ["all_proxy", "ALL_PROXY"] {
            variables.push((name, socks.clone()));
        }
        for name in ["no_proxy", "NO_PROXY"] {
            variables.push((name, "localhost,127.0.0.1,::1".to_owned()));
        }
        variables
    }

    /// The connections so far, in the order in which they were asked for.
    pub(crate) fn connections(&self) -> Vec<Connection> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
    }
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.ended.load(Ordering::Relaxed) {
        // Not without an end, for the run may be over; an error is seen again by `accept`.
        let _ = rustix::event::poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&PAUSE));
        let Ok((client, _)) = listener.accept() else { continue };
        if shared.open.fetch_add(1, Ordering::Relaxed) >= OPEN_MAX {
            shared.open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let of_thread = Arc::clone(shared);
        let started = std::thread::Builder::new().spawn(move || {
            // A client that breaks off is its own matter.
            let _ = handle(client, &of_thread);
            of_thread.open.fetch_sub(1, Ordering::Relaxed);
        });
        if started.is_err() {
            shared.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn handle(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nonblocking(false)?;
    client.set_read_timeout(Some(PATIENCE))?;
    let request = request::read(&mut client)?;
    let to = format!("{}:{}", request.target.host, request.target.port);
    let reached = reach(&request.target, &shared.hosts);
    let refused = reached.as_ref().err().map(|(why, _)| *why);
    let number = shared.begin(Connection { to, refused, sent_bytes: 0, received_bytes: 0 });
    match reached {
        Ok(server) => {
            request::answer(&mut client, request.protocol, Answer::Connected)?;
            let bytes = pass(client, server, request.protocol, &request.first)?;
            shared.end(number, bytes);
        }
        Err((_, answer)) => {
            request::answer(&mut client, request.protocol, answer)?;
            // Bytes that were already sent are read, or the client would lose the answer.
            client.shutdown(Shutdown::Write)?;
            client.set_read_timeout(Some(FAREWELL))?;
            let _ = io::copy(&mut client.take(FAREWELL_BYTES), &mut io::sink());
        }
    }
    Ok(())
}

impl Shared {
    /// Remembers a connection; its number.
    fn begin(&self, connection: Connection) -> Option<usize> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let number = log.len();
        (number < LOG_MAX).then(|| {
            log.push(connection);
            number
        })
    }

    /// Records the bytes of a finished connection.
    fn end(&self, number: Option<usize>, (sent, received): (u64, u64)) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = number.and_then(|number| log.get_mut(number)) {
            (connection.sent_bytes, connection.received_bytes) = (sent, received);
        }
    }
}

/// Connects to a target, if it is allowed.
fn reach(target: &Target, hosts: &[Host]) -> Result<TcpStream, (&'static str, Answer)> {
    let Some(is_exact) = allowed(hosts, target) else {
        return Err(("not among the hosts of --net", Answer::Denied));
    };
    let addresses = (target.host.as_str(), target.port).to_socket_addrs();
    let addresses: Vec<_> =
        addresses.map_err(|_| ("its name is not known", Answer::Failed))?.take(16).collect();
    let is_allowed = |address: IpAddr| is_exact || !is_private(address);
    // A private address may be an attempt to reach it through a public name.
    if !addresses.iter().all(|address| is_allowed(address.ip())) {
        return Err(("a private address that --net does not name", Answer::Denied));
    }
    for address in addresses {
        if let Ok(server) = TcpStream::connect_timeout(&address, PATIENCE) {
            return Ok(server);
        }
    }
    Err(("it cannot be reached", Answer::Failed))
}

/// Passes bytes both ways until both sides have ended; how many.
fn pass(
    client: TcpStream,
    mut server: TcpStream,
    protocol: Protocol,
    first: &[u8],
) -> io::Result<(u64, u64)> {
    client.set_read_timeout(None)?;
    server.write_all(first)?;
    let (mut to_client, mut from_server) = (client.try_clone()?, server.try_clone()?);
    Ok(std::thread::scope(|scope| {
        let back = scope.spawn(move || {
            let received = copy(&mut from_server, &mut to_client);
            let _ = to_client.shutdown(Shutdown::Write);
            if protocol == Protocol::Plain {
                // The answer is over, and so is the connection.
                let _ = to_client.shutdown(Shutdown::Both);
            }
            received
        });
        let mut client = client;
        let sent = first.len() as u64 + copy(&mut client, &mut server);
        let _ = server.shutdown(Shutdown::Write);
        (sent, back.join().unwrap_or_default())
    }))
}

/// Copies until an end; how many bytes.
fn copy(from: &mut TcpStream, to: &mut TcpStream) -> u64 {
    let (mut buffer, mut copied) = (vec![0; 32 * 1024], 0);
    loop {
        match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return copied,
            Ok(count) => {
                if to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
                    return copied;
                }
                copied += count as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::network::Network;

    fn proxy(rules: &str) -> Proxy {
        let Network::Hosts(hosts) = rules.parse().unwrap() else { panic!("{rules}") };
        Proxy::start(TcpListener::bind("127.0.0.1:0").unwrap().into(), hosts).unwrap()
    }

    fn ask(proxy: &Proxy, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A server that answers one request with its own bytes.
    fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = Vec::new();
            stream.read_to_end(&mut text).unwrap();
            stream.write_all(&text).unwrap();
        });
        port
    }

    #[test]
    fn hosts_that_are_named_are_reached_and_all_connections_are_known() {
        let port = echo();
        let named = proxy(&format!("127.0.0.1:{port},localhost:{port}"));
        let request = format!("CONNECT localhost:{port} HTTP/1.1\r\n\r\nhello");
        assert_eq!(ask(&named, request.as_bytes()), "HTTP/1.1 200 Connected\r\n\r\nhello");
        assert!(
            ask(&named, b"CONNECT example.com:443 HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403")
        );
        let socks = b"\x05\x01\x00\x05\x01\x00\x03\x09localhost\x00\x01";
        assert_eq!(ask(&named, socks).as_bytes().get(..4), Some(&[5, 0, 5, 2][..]));
        let until = std::time::Instant::now() + PATIENCE;
        // The last bytes are counted when both sides have ended.
        while named.connections().first().is_none_or(|it| it.sent_bytes == 0) {
            assert!(std::time::Instant::now() < until);
            std::thread::yield_now();
        }
        let log = named.connections();
        let seen: Vec<_> = log.iter().map(|it| (it.refused.is_none(), it.sent_bytes)).collect();
        assert_eq!(seen, [(true, 5), (false, 0), (false, 0)], "{log:?}");
    }

    #[test]
    fn a_name_of_a_domain_does_not_lead_to_a_private_address() {
        let port = echo();
        let wide = proxy(&format!("*.localhost:{port}"));
        let request = format!("CONNECT a.localhost:{port} HTTP/1.1\r\n\r\nhello");
        let answer = ask(&wide, request.as_bytes());
        assert!(!answer.contains("hello") && !answer.contains("200"), "{answer}");
        assert!(wide.connections().iter().all(|it| it.refused.is_some()));
    }
}
