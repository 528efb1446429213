//! HTTP/1.1 over the reader of the core, with a pool of connections that agents share.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;
use ureq::http::Uri;

use super::body::AsyncBody;
use super::connect::{Dial, Origin};
use super::exchange::{Answered, exchange};
use super::pool::Pool;
use super::request::{self, Sending};
use super::stream::NetStream;
use super::tls::Tls;
use crate::Result;
use crate::files::Files;
use crate::provider::Endpoint;
use crate::session::OwnedSession;
use crate::transport::failure::{Peer, host_of};
use crate::transport::http::{REFUSAL_LIMIT, parse_url};
use crate::transport::retry_after::retry_after_ms;
use crate::transport::{HttpOptions, detour};

/// An HTTP(S) client for async agents. Clones share their connections.
///
/// It follows no redirect, so the key never goes to another host than the configured one. HTTPS goes
/// through the proxy of [`HttpOptions::proxy`]; plain HTTP uses none. An idle connection is kept for five
/// minutes, and at most 1,024 are. A waiting conversation holds no
/// buffer: bytes are read when they have arrived, and a request is written in pieces.
#[derive(Clone)]
pub struct AsyncHttp(Arc<Client>);

struct Client {
    options: HttpOptions,
    tls: Tls,
    pool: Arc<Pool>,
}

impl AsyncHttp {
    /// A client that opens nothing yet.
    ///
    /// # Errors
    /// `Configuration` if one of the [root certificates](HttpOptions::root_certificates) cannot be used.
    pub fn new(options: HttpOptions) -> Result<Self> {
        let tls = Tls::new(&options.root_certificates)?;
        Ok(Self(Arc::new(Client { options, tls, pool: Arc::default() })))
    }

    /// Posts the request of `session` with the bytes of `files`: status, requested wait and body of
    /// the response, as soon as its head has arrived.
    pub(super) async fn post(
        &self,
        session: &OwnedSession,
        files: &Files,
        endpoint: &Endpoint,
    ) -> Result<(u16, Option<u32>, AsyncBody)> {
        let url = endpoint.url(&session.request_with_attachments()?.path_parts().concat());
        let uri = parse_url(&url)?;
        let origin = Arc::new(Origin::of(&uri));
        let outgoing = request::head(session, endpoint, &uri, &origin)?;
        let (name, mut idle) = (host_of(&uri), self.0.pool.take(&origin));
        let peer = Peer { host: &name, proxy: None };
        loop {
            let is_idle = idle.is_some();
            let mut stream = match idle.take() {
                Some(stream) => stream,
                None => self.connect(&origin, &uri).await?,
            };
            let mut sending = Sending::new(&outgoing, session, files)?;
            let limit = self.0.options.idle_timeout;
            match exchange(&mut stream, &mut sending, peer, limit).await {
                Ok(answered) => return self.answer(answered, stream, origin, &uri),
                // The server closed it at this moment. All of a request can be read again.
                Err(failed) if failed.is_stale && is_idle => {}
                Err(failed) => return Err(failed.error),
            }
        }
    }

    async fn connect(&self, origin: &Origin, uri: &Uri) -> Result<NetStream> {
        // In a box: most requests need no new connection.
        let dial = Dial { options: &self.0.options, tls: &self.0.tls };
        Box::pin(dial.connect(origin, uri)).await
    }

    fn answer(
        &self,
        answered: Answered,
        stream: NetStream,
        origin: Arc<Origin>,
        uri: &Uri,
    ) -> Result<(u16, Option<u32>, AsyncBody)> {
        let Answered { head, is_sent } = answered;
        let (status, headers) = (head.status().unwrap_or_default(), head.headers());
        detour::refuse(&host_of(uri), status, &headers, uri)?;
        let is_success = (200..300).contains(&status);
        let (response, received) = head.into_body();
        let body = AsyncBody {
            stream: Some(stream),
            response,
            received,
            pool: is_sent.then(|| Arc::clone(&self.0.pool)),
            origin,
            idle_timeout: self.0.options.idle_timeout,
            until: (!is_success).then(|| Instant::now() + REFUSAL_LIMIT),
        };
        Ok((status, retry_after_ms(&headers, SystemTime::now()), body))
    }
}

impl fmt::Debug for AsyncHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHttp").field("options", &self.0.options).finish_non_exhaustive()
    }
}
