//! The blocking HTTP/1.1 client.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};
use ureq::{Agent, AsSendBody, BodyReader, Proxy, ProxyProtocol, SendBody};

use super::connect::Dial;
use super::failure::{Place, Stage, host_of};
use super::retry_after::retry_after_ms;
use super::{Body, Cancel, Post, Response, Transport, without_secrets};
use crate::provider::{Secret, is_loopback};
use crate::{Error, ErrorKind, Result};

/// An HTTP(S) client that keeps its connection open between the rounds of a run.
///
/// It follows no redirect, so the key never goes to another host than the configured one, and
/// starts no TLS machinery for plain `http://`. HTTPS goes through the proxy of
/// [`HttpOptions::proxy`]; plain HTTP is for this machine and the local network and goes direct.
#[derive(Debug)]
pub struct Http {
    options: HttpOptions,
    cancel: Cancel,
    plain: Option<Agent>,
    tls: Option<Agent>,
}

/// Limits and surroundings of [`Http`].
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Longest wait for name resolution, for the connection, and for the TLS handshake.
    pub connect_timeout: Duration,
    /// Longest silence of the server. Reasoning models may think for minutes before they answer.
    pub idle_timeout: Duration,
    /// The proxy for HTTPS, `http://host:port`. Secret, for it may hold a password.
    pub proxy: Option<Secret>,
    /// Hosts that are reached without the proxy, separated by commas.
    pub no_proxy: Option<String>,
    /// PEM certificates to trust in place of the built-in roots of Mozilla.
    pub root_certificates: Option<PathBuf>,
}

impl HttpOptions {
    /// The defaults, with `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` (or the same in lower case) and
    /// `SSL_CERT_FILE` as `env` gives them.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| {
            names.iter().filter_map(|name| env(name)).find(|value| !value.trim().is_empty())
        };
        Self {
            proxy: first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
                .map(Secret::new),
            no_proxy: first(&["NO_PROXY", "no_proxy"]),
            root_certificates: first(&["SSL_CERT_FILE"]).map(PathBuf::from),
            ..Self::default()
        }
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            proxy: None,
            no_proxy: None,
            root_certificates: None,
        }
    }
}

impl Http {
    /// A client whose calls end when `cancel` is cancelled. It opens nothing yet.
    pub fn new(options: HttpOptions, cancel: Cancel) -> Self {
        Self { options, cancel, plain: None, tls: None }
    }

    /// Gets a small document whole.
    ///
    /// # Errors
    /// As [`Transport::post`]; `Provider` also when the body is longer than `max_bytes`.
    pub(crate) fn fetch(&mut self, url: &str, max_bytes: u64) -> Result<(u16, Vec<u8>)> {
        let uri = parse_url(url)?;
        let host = host_of(&uri);
        let request = Request::builder().method(Method::GET).uri(uri).body(());
        let mut response = self.run(request.map_err(|_| bad_url(url))?, host.clone())?;
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
        if self.cancel.is_cancelled() {
            return Err(Cancel::error());
        }
        // Nothing may print them, a logger of ureq's least of all.
        request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
        let place = Place {
            host,
            connect_timeout: self.options.connect_timeout,
            idle_timeout: self.options.idle_timeout,
            cancel: self.cancel.clone(),
        };
        let uri = request.uri().clone();
        let response =
            self.agent(&uri)?.run(request).map_err(|error| place.failure(error, Stage::Head))?;
        let (head, body) = response.into_parts();
        refuse_detour(&place.host, head.status.as_u16(), &head.headers, &uri)?;
        Ok(Response {
            status: head.status.as_u16(),
            retry_after_ms: retry_after_ms(&head.headers, SystemTime::now()),
            body: Box::new(HttpBody { reader: body.into_reader(), place, failed: None }),
        })
    }

    fn agent(&mut self, uri: &Uri) -> Result<&Agent> {
        let slot = if uri.scheme_str() == Some("https") { &mut self.tls } else { &mut self.plain };
        match slot {
            Some(agent) => Ok(agent),
            None => {
                let agent = new_agent(&self.options, &self.cancel, uri)?;
                Ok(slot.insert(agent))
            }
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
        for (name, value) in post.headers {
            let (name, value) = header_line(name, value)?;
            request.headers_mut().append(name, value);
        }
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(post.body_len));
        self.run(request, host)
    }
}

fn new_agent(options: &HttpOptions, cancel: &Cancel, uri: &Uri) -> Result<Agent> {
    let is_https = uri.scheme_str() == Some("https");
    let roots = match &options.root_certificates {
        Some(path) if is_https => read_roots(path)?,
        _ => RootCerts::WebPki,
    };
    // A loopback server is never behind a proxy, whatever NO_PROXY forgets to say.
    let proxy = match &options.proxy {
        Some(proxy) if is_https && !is_loopback(uri.host().unwrap_or_default()) => {
            Some(parse_proxy(proxy, options.no_proxy.as_deref())?)
        }
        _ => None,
    };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_connect(Some(options.connect_timeout))
        .timeout_per_read(Some(options.idle_timeout))
        .timeout_per_write(Some(options.idle_timeout))
        .user_agent(concat!("zerostack/", env!("CARGO_PKG_VERSION")))
        .input_buffer_size(INPUT_BUFFER_BYTES)
        .output_buffer_size(OUTPUT_BUFFER_BYTES)
        .max_response_header_size(MAX_RESPONSE_HEADER_BYTES)
        .build();
    let dial = Dial { cancel: cancel.clone(), timeout: options.connect_timeout };
    let connector = ().chain(ConnectProxyConnector::default()).chain(dial.clone());
    Ok(Agent::with_parts(config, connector.chain(RustlsConnector::default()), dial))
}

fn read_roots(path: &PathBuf) -> Result<RootCerts> {
    let wrong = |reason: String| {
        let message = format!("SSL_CERT_FILE={}: {reason}", path.display());
        Error::new(ErrorKind::Configuration, message)
    };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        // Bundles may hold keys too; none of our business.
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(wrong("no PEM certificate in this file".into()));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

fn parse_proxy(proxy: &Secret, no_proxy: Option<&str>) -> Result<Proxy> {
    let wrong = |reason: &str| {
        let message = format!("HTTPS_PROXY or ALL_PROXY {reason}; give it as http://host:port");
        Error::new(ErrorKind::Configuration, message)
    };
    let parsed = Proxy::new(proxy.expose()).map_err(|_| wrong("is not the URL of a proxy"))?;
    if !matches!(parsed.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
        return Err(wrong("names a SOCKS proxy, which is not supported"));
    }
    let mut builder = Proxy::builder(parsed.protocol()).host(parsed.host()).port(parsed.port());
    if let Some(user) = parsed.username() {
        builder = builder.username(user);
    }
    if let Some(password) = parsed.password() {
        builder = builder.password(password);
    }
    for host in no_proxy.unwrap_or_default().split(',').map(str::trim) {
        builder = builder.no_proxy(host);
    }
    builder.build().map_err(|_| wrong("is not the URL of a proxy"))
}

/// A redirect could lead the key astray, and a web page comes from something that is no provider.
fn refuse_detour(host: &str, status: u16, headers: &HeaderMap, uri: &Uri) -> Result<()> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if (300..400).contains(&status) {
        let target = match text(header::LOCATION).map(|location| location.parse::<Uri>()) {
            Some(Ok(location)) if location.host().is_some() => {
                format!("{}://{}", location.scheme_str().unwrap_or("https"), host_of(&location))
            }
            _ => "another path".into(),
        };
        let message = format!(
            "{host} answers {status} and points to {target}; redirects are not followed, so set \
             the base URL to where the API is"
        );
        return Err(Error::new(ErrorKind::Provider, message));
    }
    let may_pass = matches!(status, 408 | 429) || status >= 500;
    let is_page = text(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
    if is_page && !may_pass {
        let message = format!(
            "{host} answers {} with a web page (status {status}), not with an API's response; \
             check the base URL (for OpenAI-compatible servers it usually ends in /v1)",
            uri.path()
        );
        return Err(Error::new(ErrorKind::Provider, message));
    }
    Ok(())
}

fn parse_url(url: &str) -> Result<Uri> {
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

fn bad_url(url: &str) -> Error {
    let shown = without_secrets(url);
    let message = format!("{shown:?} is no URL of a server; a base URL looks like https://host/v1");
    Error::new(ErrorKind::Configuration, message)
}

fn header_line(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let line = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
    line.ok_or_else(|| {
        let message = format!(
            "the header {name:?} has a character that HTTP does not allow; if it carries the \
             key, look for a line break or a quote in its variable"
        );
        Error::new(ErrorKind::Configuration, message)
    })
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
    /// Said again: after an error, ureq would report the end of a complete body.
    failed: Option<Error>,
}

impl Body for HttpBody {
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.failed.is_none() && self.place.cancel.is_cancelled() {
            self.failed = Some(Cancel::error());
        }
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.reader.read(buffer).map_err(|error| {
            let error = self.place.failure(ureq::Error::from(error), Stage::Body);
            self.failed = Some(error.clone());
            error
        })
    }
}

/// A model's events are small: a larger buffer would only wait in memory.
const INPUT_BUFFER_BYTES: usize = 16 * 1024;
const OUTPUT_BUFFER_BYTES: usize = 8 * 1024;
/// The head must fit into the buffer; the real ones take 2 to 4 KiB.
const MAX_RESPONSE_HEADER_BYTES: usize = INPUT_BUFFER_BYTES - 1;
