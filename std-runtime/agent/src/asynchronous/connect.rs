//! A new connection: name resolution, TCP, the tunnel of a proxy, and TLS.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};
use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

use super::head::{Broken, HeadReader};
use super::stream::NetStream;
use super::tls::Tls;
use crate::Result;
use crate::transport::HttpOptions;
use crate::transport::connect::known_addresses;
use crate::transport::failure::{Peer, Stage, seconds};
use crate::transport::http::USER_AGENT;
use crate::transport::proxy::{name_of, proxy_for};

/// Where requests go. Those with the same one can use the same connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    is_tls: bool,
    host: Box<str>,
    /// Unless it is the scheme's own.
    port: Option<u16>,
}

impl Origin {
    /// The one of `uri`, whose scheme is `http` or `https`.
    pub fn of(uri: &Uri) -> Self {
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().filter(|port| *port != default_port(is_tls));
        Self { is_tls, host: uri.host().unwrap_or_default().into(), port }
    }

    /// The value of `host`, also for people.
    pub fn name(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    fn port(&self) -> u16 {
        self.port.unwrap_or(default_port(self.is_tls))
    }
}

fn default_port(is_tls: bool) -> u16 {
    if is_tls { 443 } else { 80 }
}

/// Opens connections.
pub(super) struct Dial<'a> {
    pub options: &'a HttpOptions,
    pub tls: &'a Tls,
}

impl Dial<'_> {
    /// A connection to `origin`, the one of `uri`, for requests in plain HTTP.
    ///
    /// # Errors
    /// `Configuration` for a proxy that is none; `Provider` if there is no connection.
    pub async fn connect(&self, origin: &Origin, uri: &Uri) -> Result<NetStream> {
        let HttpOptions { proxy, no_proxy, .. } = self.options;
        let proxy = match proxy {
            Some(proxy) if origin.is_tls => proxy_for(uri, proxy, no_proxy.as_deref())?,
            _ => None,
        };
        let (name, proxy_name) = (origin.name(), proxy.as_ref().map(name_of));
        let peer = Peer { host: &name, proxy: proxy_name.as_deref() };
        let stream = match &proxy {
            Some(proxy) => self.tunnel(proxy, origin, peer).await?,
            None => self.tcp(&origin.host, origin.port(), peer).await?,
        };
        match origin.is_tls {
            true => self.secure(&origin.host, stream, peer).await,
            false => Ok(stream),
        }
    }

    async fn tcp(&self, host: &str, port: u16, peer: Peer<'_>) -> Result<NetStream> {
        let limit = self.options.connect_timeout;
        let addresses = match known_addresses(host, port) {
            Some(known) => known,
            None => match timeout(limit, lookup_host((host, port))).await {
                Err(_) => {
                    let cause = format_args!("no answer within {}", seconds(limit)).to_string();
                    return Err(peer.unknown(&cause));
                }
                Ok(Err(error)) => return Err(peer.unknown(&error)),
                Ok(Ok(found)) => found.collect(),
            },
        };
        if addresses.is_empty() {
            return Err(peer.unknown(&"it has none"));
        }
        let stream = connect_any(&addresses, limit).await;
        let stream = stream.map_err(|error| peer.no_connect(&error, limit))?;
        // Without it a small request waits for its predecessor's acknowledgement.
        stream.set_nodelay(true).map_err(|error| peer.io(&error, Stage::Head))?;
        Ok(NetStream::Plain(stream))
    }

    /// TLS with `host` over `stream`.
    async fn secure(&self, host: &str, stream: NetStream, peer: Peer<'_>) -> Result<NetStream> {
        let limit = self.options.connect_timeout;
        match timeout(limit, self.tls.connector(host)?.connect(stream)).await {
            Ok(connected) => connected.map_err(|error| peer.io(&error, Stage::Head)),
            Err(_) => Err(peer.no_connection(limit)),
        }
    }

    /// A connection to `origin` that `proxy` made.
    async fn tunnel(&self, proxy: &Proxy, origin: &Origin, peer: Peer<'_>) -> Result<NetStream> {
        let name = name_of(proxy);
        let of_proxy = Peer { host: &name, proxy: Some(&name) };
        let mut stream = self.tcp(proxy.host(), proxy.port(), of_proxy).await?;
        if proxy.protocol() == ProxyProtocol::Https {
            stream = self.secure(proxy.host(), stream, of_proxy).await?;
        }
        let limit = self.options.connect_timeout;
        let asked = timeout(limit, ask(&mut stream, &connect_head(proxy, origin))).await;
        let head = match asked {
            Err(_) => return Err(of_proxy.silent(limit, "check HTTPS_PROXY")),
            Ok(Err(Broken::Http(error))) if error.kind() == zerostack_core::ErrorKind::HttpCut => {
                return Err(peer.no_tunnel("it closed the connection", false));
            }
            Ok(Err(broken)) => return Err(broken.error(peer, Stage::Head)),
            Ok(Ok(head)) => head,
        };
        match head.status() {
            Some(200..=299) => Ok(stream),
            status => {
                let status = status.unwrap_or_default();
                let is_lasting = matches!(status, 401 | 403 | 405 | 407);
                Err(peer.no_tunnel(&format!("it answers with status {status}"), is_lasting))
            }
        }
    }
}

/// The request for a tunnel to `origin`.
fn connect_head(proxy: &Proxy, origin: &Origin) -> String {
    let target = format!("{}:{}", origin.host, origin.port());
    let mut head = format!(
        "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\nuser-agent: {USER_AGENT}\r\n\
         proxy-connection: keep-alive\r\n"
    );
    if proxy.username().is_some() || proxy.password().is_some() {
        let (user, password) = (proxy.username(), proxy.password());
        let both = format!("{}:{}", user.unwrap_or_default(), password.unwrap_or_default());
        // Some proxies do not know the scheme in lower case.
        head.push_str("proxy-authorization: Basic ");
        BASE64_STANDARD.encode_string(both, &mut head);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head
}

/// Sends `request` and reads the head of the response, which has no body. The server at the other end
/// of the tunnel sends nothing until the TLS handshake begins.
async fn ask(stream: &mut NetStream, request: &str) -> Result<HeadReader, Broken> {
    stream.write_all(request.as_bytes()).await.map_err(Broken::Io)?;
    let mut head = HeadReader::new();
    while head.status().is_none() {
        poll_fn(|context| head.poll(stream, context)).await?;
    }
    Ok(head)
}

/// The first address that answers. Each gets an equal share of the time that is left.
async fn connect_any(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let start = Instant::now();
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for (index, address) in addresses.iter().enumerate() {
        let left = limit.saturating_sub(start.elapsed());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let error = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
        // A refusal is more informative than a disabled address family.
        if last.kind() != io::ErrorKind::ConnectionRefused {
            last = error;
        }
    }
    Err(last)
}
