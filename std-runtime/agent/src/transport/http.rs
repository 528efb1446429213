//! The blocking HTTP/1.1 client.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};
use ureq::{Agent, AsSendBody, BodyReader, Proxy, SendBody};

use super::connect::{Dial, Draining, User};
use super::failure::{Place, Stage, host_of};
use super::proxy::{name_of, proxy_for};
use super::retry_after::retry_after_ms;
use super::roots::{self, RootCertificates};
use super::{Body, Cancel, Post, Response, Transport, detour, without_secrets};
use crate::provider::{self, Env, Secret};
use crate::{Error, ErrorKind, Result};

/// An HTTP(S) client that keeps its connection open between the rounds of a run.
///
/// It follows no redirect, so the key never goes to another host than the configured one, and
/// starts no TLS machinery for plain `http://`. HTTPS goes through the proxy of
/// [`HttpOptions::proxy`]; plain HTTP is for this machine and the local network, and uses no proxy.
#[derive(Debug)]
pub struct Http {
    options: HttpOptions,
    user: User,
    agents: Arc<Mutex<Agents>>,
}

/// The pools of connections, made when they are first needed. Clones of one share its connections.
#[derive(Debug, Default)]
struct Agents {
    plain: Option<Agent>,
    tls: Option<Agent>,
}

/// Limits and environment of [`Http`].
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Longest wait for name resolution, for the connection, and for the TLS handshake.
    pub connect_timeout: Duration,
    /// Longest silence of the server. Reasoning models may think for minutes before they answer.
    pub idle_timeout: Duration,
    /// The proxy for HTTPS, `http://host:port`. Secret, because it may contain a password.
    pub proxy: Option<Secret>,
    /// Hosts that are reached without the proxy, as curl reads `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Certificates to trust in place of the built-in roots of Mozilla; empty: those.
    pub root_certificates: Vec<RootCertificates>,
}

impl HttpOptions {
    /// The defaults, with `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` (the same in lower case wins, as
    /// with curl), `SSL_CERT_FILE`, `SSL_CERT_DIR` and `REQUESTS_CA_BUNDLE` as `env` gives them.
    ///
    /// # Errors
    /// `Configuration` for one that is not UTF-8.
    pub fn from_env(env: &Env<'_>) -> Result<Self> {
        let first = |names: &[&str]| {
            let values = names.iter().map(|name| provider::variable(env, name));
            values.filter_map(Result::transpose).next().transpose()
        };
        Ok(Self {
            proxy: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?
                .map(Secret::new),
            no_proxy: first(&["no_proxy", "NO_PROXY"])?,
            root_certificates: roots::from_env(env),
            ..Self::default()
        })
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            proxy: None,
            no_proxy: None,
            root_certificates: Vec::new(),
        }
    }
}

impl Http {
    /// A client whose calls end when `cancel` is cancelled. It opens nothing yet.
    pub fn new(options: HttpOptions, cancel: Cancel) -> Self {
        let user = User { cancel, draining: Draining::default() };
        Self { options, user, agents: Arc::default() }
    }

    /// A client with the same connections, whose calls end when `cancel` is cancelled: for another
    /// conversation at the same time.
    #[must_use]
    pub fn another(&self, cancel: Cancel) -> Self {
        let user = User { cancel, draining: Draining::default() };
        Self { options: self.options.clone(), user, agents: Arc::clone(&self.agents) }
    }

    /// Gets a small document.
    ///
    /// # Errors
    /// As [`Transport::post`]; `Provider` also if the body is longer than `max_bytes`.
    pub(crate) fn fetch(
        &mut self,
        url: &str,
        headers: &[(&str, &str)],
        max_bytes: u64,
    ) -> Result<(u16, Vec<u8>)> {
        let uri = parse_url(url)?;
        let host = host_of(&uri);
        let request = Request::builder().method(Method::GET).uri(uri).body(());
        let mut request = request.map_err(|_| bad_url(url))?;
        add_headers(request.headers_mut(), headers)?;
        let mut response = self.run(request, host.clone())?;
        let mut document = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let read = response.body.receive(&mut piece)?;
            if read == 0 {
                return Ok((response.status, document));
            }
            document.extend_from_slice(piece.get(..read).unwrap_or_default());
            if document.len() as u64 > max_bytes {
                let message = format!("{host} answered with more than {max_bytes} bytes");
                return Err(Error::new(ErrorKind::Provider, message));
            }
        }
    }

    fn run(&mut self, mut request: Request<impl AsSendBody>, host: String) -> Result<Response> {
        if self.user.cancel.is_cancelled() {
            return Err(Cancel::error());
        }
        // Nothing here decodes another encoding.
        let identity = HeaderValue::from_static("identity");
        request.headers_mut().insert(header::ACCEPT_ENCODING, identity);
        // These must not be printed, least of all by a logger of ureq.
        request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
        let proxy = proxy_of(&self.options, request.uri())?;
        let place = Place {
            host,
            proxy: proxy.as_ref().map(name_of),
            connect_timeout: self.options.connect_timeout,
            idle_timeout: self.options.idle_timeout,
            cancel: self.user.cancel.clone(),
        };
        let uri = request.uri().clone();
        let agent = self.agent(&uri)?;
        let response = self.user.during(|| agent.run(request));
        let response = response.map_err(|error| place.failure(error, Stage::Head))?;
        let (head, body) = response.into_parts();
        let body = HttpBody {
            reader: body.into_reader(),
            place,
            failed: None,
            draining: self.user.draining.clone(),
            until: (!head.status.is_success()).then(|| Instant::now() + REFUSAL_LIMIT),
        };
        detour::refuse(&body.place.host, head.status.as_u16(), &head.headers, &uri)?;
        Ok(Response {
            status: head.status.as_u16(),
            retry_after_ms: retry_after_ms(&head.headers, SystemTime::now()),
            body: Box::new(body),
        })
    }

    fn agent(&self, uri: &Uri) -> Result<Agent> {
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        let is_https = uri.scheme_str() == Some("https");
        let slot = if is_https { &mut agents.tls } else { &mut agents.plain };
        match slot {
            Some(agent) => Ok(agent.clone()),
            None => Ok(slot.insert(new_agent(&self.options, uri)?).clone()),
        }
    }
}

impl Transport for Http {
    fn post(&mut self, post: &Post<'_>, body: &mut dyn Read) -> Result<Response> {
        let uri = parse_url(post.url)?;
        let host = host_of(&uri);
        let mut body = Exact { body, left: post.body_len };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .body(SendBody::from_reader(&mut body))
            .map_err(|_| bad_url(post.url))?;
        add_headers(request.headers_mut(), post.headers)?;
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(post.body_len));
        self.run(request, host)
    }

    fn another(&self, cancel: &Cancel) -> Option<Box<dyn Transport + Send>> {
        Some(Box::new(Http::another(self, cancel.clone())))
    }
}

fn new_agent(options: &HttpOptions, uri: &Uri) -> Result<Agent> {
    let is_https = uri.scheme_str() == Some("https");
    let roots = match options.root_certificates.as_slice() {
        roots @ [_, ..] if is_https => RootCerts::new_with_certs(&roots::read(roots)?),
        _ => RootCerts::WebPki,
    };
    let proxy = proxy_of(options, uri)?;
    let dial = Dial { timeout: options.connect_timeout, proxy: proxy.as_ref().map(name_of) };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_connect(Some(options.connect_timeout))
        .timeout_per_read(Some(options.idle_timeout))
        .timeout_per_write(Some(options.idle_timeout))
        .user_agent(USER_AGENT)
        .input_buffer_size(INPUT_BUFFER_BYTES)
        .output_buffer_size(OUTPUT_BUFFER_BYTES)
        .max_response_header_size(MAX_RESPONSE_HEADER_BYTES)
        .max_idle_age(MAX_IDLE_AGE)
        .max_idle_connections(MAX_IDLE_CONNECTIONS)
        .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
        .build();
    let connector = ().chain(ConnectProxyConnector::default()).chain(dial.clone());
    Ok(Agent::with_parts(config, connector.chain(RustlsConnector::default()), dial))
}

/// The proxy for requests to `uri`, if there is one.
fn proxy_of(options: &HttpOptions, uri: &Uri) -> Result<Option<Proxy>> {
    match &options.proxy {
        Some(proxy) if uri.scheme_str() == Some("https") => {
            proxy_for(uri, proxy, options.no_proxy.as_deref())
        }
        _ => Ok(None),
    }
}

pub(crate) fn parse_url(url: &str) -> Result<Uri> {
    let uri = url.parse::<Uri>().map_err(|_| bad_url(url))?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host))
            if !host.is_empty() && (host == authority || uri.port_u16().is_some()) =>
        {
            Ok(uri)
        }
        _ => Err(bad_url(url)),
    }
}

pub(crate) fn bad_url(url: &str) -> Error {
    let shown = without_secrets(url);
    let message =
        format!("{shown:?} is not the URL of a server; a base URL looks like https://host/v1");
    Error::new(ErrorKind::Configuration, message)
}

fn add_headers(to: &mut HeaderMap, headers: &[(&str, &str)]) -> Result<()> {
    for (name, value) in headers {
        let (name, value) = header_line(name, value)?;
        to.append(name, value);
    }
    Ok(())
}

/// Refuses a header that HTTP does not allow.
#[cfg(feature = "async")]
pub(crate) fn check_header(name: &str, value: &str) -> Result<()> {
    header_line(name, value).map(|_| ())
}

fn header_line(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let line = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
    line.ok_or_else(|| {
        bad_header(
            name,
            "has a character that HTTP does not allow; if it carries the key, look for a line \
             break or a quote in its variable",
        )
    })
}

/// The error of a header that cannot be sent, without its value.
pub(crate) fn bad_header(name: &str, why: &str) -> Error {
    Error::new(ErrorKind::Configuration, format!("the header {name:?} {why}"))
}

/// A body of exactly the promised length: not less, which would hang, and not more.
struct Exact<'a> {
    body: &'a mut dyn Read,
    left: u64,
}

impl Read for Exact<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.body.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 {
            let message = "the request's body is shorter than promised";
            let error = Error::new(ErrorKind::Internal, message);
            return Err(io::Error::other(ureq::Error::Other(Box::new(error))));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

struct HttpBody {
    reader: BodyReader<'static>,
    place: Place,
    /// The error is repeated: after one, ureq would report the end of a complete body.
    failed: Option<Error>,
    draining: Draining,
    /// Until when it is read: a refusal is not worth a long wait.
    until: Option<Instant>,
}

impl Body for HttpBody {
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.failed.is_none() && self.place.cancel.is_cancelled() {
            self.failed = Some(Cancel::error());
        }
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let draining = self.draining.clone();
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        let _drained = match left {
            Some(Duration::ZERO) => return Ok(0),
            left => left.map(|left| draining.begin(left)),
        };
        let error = match self.reader.read(buffer) {
            Ok(count) => return Ok(count),
            Err(error) => self.place.failure(ureq::Error::from(error), Stage::Body),
        };
        if self.until.is_some_and(|until| until <= Instant::now()) {
            return Ok(0);
        }
        self.failed = Some(error.clone());
        Err(error)
    }

    /// The end of the last chunk is often still on its way when the dialect's own end arrives, and
    /// only a body that was read to its end returns its connection to the pool.
    fn finish(&mut self) {
        let draining = self.draining.clone();
        let _drained = draining.begin(FINISH_LIMIT);
        let (mut buffer, mut left) = ([0; 1024], MAX_FINISH_BYTES);
        while let Ok(count @ 1..) = self.receive(&mut buffer) {
            left = left.saturating_sub(count);
            if left == 0 {
                break;
            }
        }
    }
}

pub(crate) const USER_AGENT: &str = concat!("zerostack/", env!("CARGO_PKG_VERSION"));

/// How long the rest of a complete reply may take, and its largest size: the end from a distant
/// server arrives a round trip later. A server that sends none costs a new connection.
pub(crate) const FINISH_LIMIT: Duration = Duration::from_millis(250);
pub(crate) const MAX_FINISH_BYTES: usize = 64 * 1024;

/// How long to wait for the body of a refusal: the reason is at its beginning, and some
/// servers keep the connection open after it.
pub(crate) const REFUSAL_LIMIT: Duration = Duration::from_secs(1);

/// Tools may work for minutes between two requests. A connection that the server closed meanwhile is detected.
const MAX_IDLE_AGE: Duration = Duration::from_secs(300);

/// As many as conversations that often end at about the same time.
const MAX_IDLE_CONNECTIONS: usize = 32;

/// A model's events are small: a larger buffer would only wait in memory.
const INPUT_BUFFER_BYTES: usize = 16 * 1024;
const OUTPUT_BUFFER_BYTES: usize = 8 * 1024;
/// The head must fit into the buffer; the real ones take 2 to 4 KiB.
const MAX_RESPONSE_HEADER_BYTES: usize = INPUT_BUFFER_BYTES - 1;
