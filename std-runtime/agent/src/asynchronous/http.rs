//! HTTP/1.1 over hyper, with a pool of connections that agents share.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use bytes::{Buf as _, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use super::body::RequestBody;
use crate::files::Files;
use crate::provider::Endpoint;
use crate::session::OwnedSession;
use crate::transport::failure::{host_of, is_lasting_tls, seconds, tls_failure};
use crate::transport::http::{FINISH_LIMIT, REFUSAL_LIMIT, add_headers, parse_url};
use crate::transport::proxy::proxy_for;
use crate::transport::retry_after::retry_after_ms;
use crate::transport::roots;
use crate::transport::{HttpOptions, detour};
use crate::{Error, ErrorKind, Result};

/// An HTTP(S) client for async agents. Clones share their connections.
///
/// It follows no redirect, so the key never goes to another host than the configured one. It does
/// not support proxies: a host for which `HTTPS_PROXY` names one is refused.
#[derive(Clone)]
pub struct AsyncHttp {
    client: Client<HttpsConnector<HttpConnector>, RequestBody>,
    options: Arc<HttpOptions>,
}

/// The body of a response.
pub(super) struct AsyncBody {
    body: Incoming,
    /// Received, and not taken yet.
    piece: Bytes,
    host: String,
    idle_timeout: Duration,
    /// Until when it is read, if it is the body of a refusal.
    until: Option<Instant>,
}

impl AsyncHttp {
    /// A client that opens nothing yet.
    ///
    /// # Errors
    /// `Configuration` if one of the [root certificates](HttpOptions::root_certificates) cannot be used.
    pub fn new(options: HttpOptions) -> Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(options.connect_timeout));
        let https = HttpsConnectorBuilder::new();
        let https = match options.root_certificates.as_slice() {
            [] => https.with_webpki_roots(),
            named => {
                let mut roots = RootCertStore::empty();
                let certificates = roots::read(named)?;
                // One that cannot be read is left out, as with the blocking client.
                roots.add_parsable_certificates(
                    certificates.iter().map(|certificate| certificate.der().to_vec().into()),
                );
                let tls = ClientConfig::builder().with_root_certificates(roots);
                https.with_tls_config(tls.with_no_client_auth())
            }
        };
        let connector = https.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, options: Arc::new(options) })
    }

    /// Posts the request of `session` with the bytes of `files`: status, requested wait and body of
    /// the response, as soon as its head has arrived.
    pub(super) async fn post(
        &self,
        session: &OwnedSession,
        files: &Files,
        endpoint: &Endpoint,
    ) -> Result<(u16, Option<u32>, AsyncBody)> {
        let taken = AtomicU32::new(0);
        if let Some(body) = whole(session) {
            let request = self.request(session, endpoint, RequestBody::whole(body))?;
            return self.send(request, std::future::ready(Ok(())), &taken).await;
        }
        let length = session.request_with_attachments()?.body_len();
        let (writer, body) = RequestBody::in_pieces(length);
        let request = self.request(session, endpoint, body)?;
        self.send(request, writer.write(session, files, &taken), &taken).await
    }

    fn request(
        &self,
        session: &OwnedSession,
        endpoint: &Endpoint,
        body: RequestBody,
    ) -> Result<Request<RequestBody>> {
        let source = session.request_with_attachments()?;
        let uri = parse_url(&endpoint.url(&source.path_parts().concat()))?;
        self.refuse_proxy(&uri)?;
        let own = endpoint.headers();
        let mut headers = source.headers().to_vec();
        headers.extend(own.iter().map(|(name, value)| (*name, value.expose())));
        let request = Request::builder().method(Method::POST).uri(uri);
        let mut request = request.body(body).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("a request that hyper refuses: {error}"))
        })?;
        add_headers(request.headers_mut(), &headers)?;
        let agent = HeaderValue::from_static(concat!("zerostack/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);
        // Nothing here decodes another encoding.
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        // These must not be printed.
        request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
        Ok(request)
    }

    fn refuse_proxy(&self, uri: &Uri) -> Result<()> {
        let Some(proxy) = &self.options.proxy else { return Ok(()) };
        let is_https = uri.scheme_str() == Some("https");
        if !is_https || proxy_for(uri, proxy, self.options.no_proxy.as_deref())?.is_none() {
            return Ok(());
        }
        let text = format!(
            "the async agent goes through no proxy, and HTTPS_PROXY names one for {}; add the host \
             to NO_PROXY, or use the blocking agent",
            host_of(uri)
        );
        Err(Error::new(ErrorKind::Configuration, text))
    }

    /// Sends `request` while `writing` writes its body, of which `taken` pieces were taken.
    async fn send(
        &self,
        request: Request<RequestBody>,
        writing: impl Future<Output = Result<()>>,
        taken: &AtomicU32,
    ) -> Result<(u16, Option<u32>, AsyncBody)> {
        let uri = request.uri().clone();
        let host = host_of(&uri);
        let idle_timeout = self.options.idle_timeout;
        let limit = self.options.connect_timeout.saturating_add(idle_timeout);
        let answered = both(self.client.request(request), writing);
        let mut answered = pin!(answered);
        let response = loop {
            let before = taken.load(Ordering::Relaxed);
            match tokio::time::timeout(limit, answered.as_mut()).await {
                Ok(Ok(Ok(response))) => break response,
                Ok(Ok(Err(error))) => return Err(failure(&host, &error, error.is_connect())),
                Ok(Err(error)) => return Err(error),
                // Sending goes on.
                Err(_) if taken.load(Ordering::Relaxed) != before => {}
                Err(_) => return Err(silent(&host, limit)),
            }
        };
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        detour::refuse(&host, status, &head.headers, &uri)?;
        let retry_after_ms = retry_after_ms(&head.headers, SystemTime::now());
        let until = (!head.status.is_success()).then(|| Instant::now() + REFUSAL_LIMIT);
        let body = AsyncBody { body, piece: Bytes::new(), host, idle_timeout, until };
        Ok((status, retry_after_ms, body))
    }
}

impl AsyncBody {
    /// Waits for some bytes, for [`take`](Self::take); how many, 0 is the end of a complete body.
    pub(super) async fn wait(&mut self) -> Result<usize> {
        while self.piece.is_empty() {
            let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
            let limit = left.unwrap_or(self.idle_timeout).min(self.idle_timeout);
            let Ok(frame) = tokio::time::timeout(limit, self.body.frame()).await else {
                return if left.is_some() { Ok(0) } else { Err(silent(&self.host, limit)) };
            };
            match frame {
                // Trailers are not needed.
                Some(Ok(frame)) => self.piece = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Err(failure(&self.host, &error, false)),
                None => return Ok(0),
            }
        }
        Ok(self.piece.len())
    }

    /// Moves bytes that are here to `buffer`; how many.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.piece.len().min(buffer.len());
        let (Some(to), Some(from)) = (buffer.get_mut(..count), self.piece.get(..count)) else {
            return 0;
        };
        to.copy_from_slice(from);
        self.piece.advance(count);
        if self.piece.is_empty() {
            // An empty piece would keep the memory of its connection.
            self.piece = Bytes::new();
        }
        count
    }

    /// Reads the rest of a complete reply, so that its connection can serve the next; it does not
    /// wait for bytes that have not arrived.
    pub(super) async fn finish(&mut self) {
        let rest = async { while let Some(Ok(_)) = self.body.frame().await {} };
        // Without its end the connection is closed, and another is opened.
        let _ = tokio::time::timeout(FINISH_LIMIT, rest).await;
    }
}

impl fmt::Debug for AsyncHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHttp").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The whole body of a request that needs no files.
fn whole(session: &OwnedSession) -> Option<Vec<u8>> {
    let mut request = session.request().ok()?;
    let mut body = vec![0; request.body_len()];
    let mut filled = 0;
    while let Some(rest) = body.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match request.read(rest) {
            0 => break,
            count => filled += count,
        }
    }
    Some(body)
}

/// The result of `sending`, while `writing` runs concurrently; or the error of `writing`.
async fn both<T>(
    sending: impl Future<Output = T>,
    writing: impl Future<Output = Result<()>>,
) -> Result<T> {
    let (mut sending, mut writing) = (pin!(sending), pin!(writing));
    let mut is_written = false;
    poll_fn(|context| {
        if !is_written && let Poll::Ready(written) = writing.as_mut().poll(context) {
            is_written = true;
            if let Err(error) = written {
                return Poll::Ready(Err(error));
            }
        }
        sending.as_mut().poll(context).map(Ok)
    })
    .await
}

fn silent(host: &str, limit: Duration) -> Error {
    let text = format!("{host} sent nothing for {}; try again", seconds(limit));
    Error::new(ErrorKind::Provider, text)
}

/// Converts hyper's error: the TLS error if there is one in its causes, else all of them.
fn failure(host: &str, error: &(dyn std::error::Error + 'static), is_connect: bool) -> Error {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let io = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = io.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(tls) = inner.or_else(|| cause.downcast_ref()) {
            let error = Error::new(ErrorKind::Provider, tls_failure(host, tls));
            return if is_lasting_tls(tls) { error.lasting() } else { error };
        }
        causes.push(cause.to_string());
        next = cause.source();
    }
    // The last one is the cause; those before it name the layers above.
    let cause = causes.pop().unwrap_or_default();
    let text = match is_connect {
        true => {
            format!("cannot reach {host}: {cause}; check the base URL and the network connection")
        }
        false => format!("the connection to {host} failed: {cause}; try again"),
    };
    Error::new(ErrorKind::Provider, text)
}
