//! A request, piece by piece: only the position in it is kept between two pieces.

use ureq::http::Uri;
use zerostack_core::wire::http1::RequestHead;
use zerostack_core::{ErrorKind as Core, RequestPlace, WantedBytes};

use super::connect::Origin;
use crate::files::Files;
use crate::provider::Endpoint;
use crate::session::OwnedSession;
use crate::transport::http::{USER_AGENT, bad_header, bad_url, check_header};
use crate::{Error, Result};

/// What is sent before a body, and the length of that.
pub(super) struct Outgoing {
    head: Vec<u8>,
    body_len: usize,
}

/// A request that is being sent.
pub(super) struct Sending<'a> {
    session: &'a OwnedSession,
    files: &'a Files,
    place: RequestPlace,
    /// Bytes that are being sent, from `sent` on. The first piece begins with the head.
    piece: Vec<u8>,
    sent: usize,
    is_begun: bool,
}

impl<'a> Sending<'a> {
    /// The request of `session` with the bytes of `files`. Each one reads the body anew.
    ///
    /// # Errors
    /// Those of the session.
    pub fn new(outgoing: &Outgoing, session: &'a OwnedSession, files: &'a Files) -> Result<Self> {
        let place = session.request_with_attachments()?.place();
        let Outgoing { head, body_len } = outgoing;
        let room = head.len().saturating_add(*body_len).min(PIECE_BYTES);
        let mut piece = Vec::with_capacity(room.max(head.len()));
        piece.extend_from_slice(head);
        Ok(Self { session, files, place, piece, sent: 0, is_begun: false })
    }

    /// Makes the next piece if all before it is sent; an empty one is the end.
    ///
    /// # Errors
    /// `Input` for a file that cannot be read or has changed. The body breaks off.
    pub async fn prepare(&mut self) -> Result<()> {
        let mut filled = match std::mem::replace(&mut self.is_begun, true) {
            // Its head is there.
            false => self.piece.len(),
            true if self.unsent().is_empty() => 0,
            true => return Ok(()),
        };
        self.sent = 0;
        self.piece.resize(self.piece.capacity(), 0);
        while let Some(wanted) = self.read(&mut filled)? {
            let room = (self.piece.len().saturating_sub(filled) / 4 * 3).max(3);
            let count = room.min(wanted.bytes as usize);
            let bytes = self.files.read_async(wanted.number, wanted.offset, count).await?;
            let mut request = self.session.request_with_attachments()?.read_to(self.place);
            filled += request.supply(&bytes, self.piece.get_mut(filled..).unwrap_or_default());
            self.place = request.place();
        }
        self.piece.truncate(filled);
        Ok(())
    }

    /// What is to be sent next.
    pub fn unsent(&self) -> &[u8] {
        self.piece.get(self.sent..).unwrap_or_default()
    }

    /// The first `count` bytes of it are sent.
    pub fn advance(&mut self, count: usize) {
        self.sent += count;
    }

    /// Fills the piece until a file is needed, which it returns; `None` if it is full, or everything
    /// is written.
    fn read(&mut self, filled: &mut usize) -> Result<Option<WantedBytes>> {
        let mut request = self.session.request_with_attachments()?.read_to(self.place);
        *filled += request.read(self.piece.get_mut(*filled..).unwrap_or_default());
        self.place = request.place();
        Ok(request.wanted().filter(|_| *filled < self.piece.len()))
    }
}

/// The head of the request of `session` to `uri`, with the headers of `endpoint`.
///
/// # Errors
/// `Configuration` for a URL or a header that cannot be sent; its value is not shown.
pub(super) fn head(
    session: &OwnedSession,
    endpoint: &Endpoint,
    uri: &Uri,
    origin: &Origin,
) -> Result<Outgoing> {
    let request = session.request_with_attachments()?;
    let own = endpoint.headers();
    let mut headers: Vec<(&str, &str)> = request.headers().to_vec();
    headers.extend(own.iter().map(|(name, value)| (*name, value.expose())));
    headers.iter().try_for_each(|(name, value)| check_header(name, value))?;
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
        headers.push(("user-agent", USER_AGENT));
    }
    // Nothing here decodes another encoding.
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("accept-encoding"));
    headers.push(("accept-encoding", "identity"));
    let (host, path) = (origin.name(), uri.path_and_query().map_or("/", |path| path.as_str()));
    let (method, body_len) = (request.method(), request.body_len());
    let head = RequestHead { method, path: &[path], host: &host, content_length: body_len };
    let refused = |error: zerostack_core::Error| match (error.kind(), error.detail()) {
        (Core::BadRequest, at @ 3..) => {
            let name = headers.get(at as usize - 3).map_or("", |(name, _)| *name);
            bad_header(name, "is set by the request itself")
        }
        (Core::BadRequest, _) => bad_url(&uri.to_string()),
        _ => Error::from(error),
    };
    let pairs = headers.iter().copied();
    let mut bytes = vec![0; head.len(pairs.clone()).map_err(refused)?];
    head.write(pairs, &mut bytes).map_err(refused)?;
    Ok(Outgoing { head: bytes, body_len })
}

/// Large enough that its system call costs little; freed when the request is sent.
const PIECE_BYTES: usize = 16 * 1024;
