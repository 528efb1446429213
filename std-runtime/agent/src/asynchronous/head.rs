//! The head of a response.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead as _, ReadBuf};
use ureq::http::{HeaderMap, HeaderName, HeaderValue};
use zerostack_core::ErrorKind as Core;
use zerostack_core::wire::http1::{MAX_HEAD_BYTES, Response, ResponseEvent};

use super::stream::NetStream;
use crate::Error;
use crate::transport::failure::{Peer, Stage};

/// Reads the head of a response.
pub(super) struct HeadReader {
    response: Response,
    /// The head, and those of interim responses before it.
    bytes: Vec<u8>,
    status: Option<u16>,
    /// Bytes of the body that were received with the head.
    rest: Vec<u8>,
}

/// Why a response was not read to its end.
#[derive(Debug)]
pub(super) enum Broken {
    Io(io::Error),
    Http(zerostack_core::Error),
}

impl HeadReader {
    pub fn new() -> Self {
        let response = Response::any_encoding();
        Self { response, bytes: Vec::new(), status: None, rest: Vec::new() }
    }

    /// Whether nothing was received.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The status, once the head is complete.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Reads some bytes, once.
    pub fn poll(
        &mut self,
        stream: &mut NetStream,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        // On the stack: while this waits it holds no memory.
        let mut memory = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut memory);
        ready!(Pin::new(stream).poll_read(context, &mut buffer)).map_err(Broken::Io)?;
        let received = buffer.filled();
        if received.is_empty() {
            self.response.end().map_err(Broken::Http)?;
        }
        let fed = self.response.feed(received).map_err(|error| {
            self.bytes.extend_from_slice(received);
            Broken::Http(error)
        })?;
        let (head, rest) = received.split_at(fed.used);
        self.bytes.extend_from_slice(head);
        if let Some(ResponseEvent::Head { status, .. }) = fed.event {
            self.status = Some(status);
            self.rest = rest.to_vec();
        }
        Poll::Ready(Ok(()))
    }

    /// The headers of the response that are looked at.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in self.bytes.split(|byte| *byte == b'\n') {
            // No name of a header has a slash: the head of another response begins.
            if line.starts_with(b"HTTP/") {
                headers.clear();
            }
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            if let Ok(name) = HeaderName::from_bytes(name)
                && LOOKED_AT.contains(&name.as_str())
                && let Ok(value) = HeaderValue::from_bytes(value)
            {
                headers.append(name, value);
            }
        }
        headers
    }

    /// The reader of the body, and the bytes of it that were received already.
    pub fn into_body(self) -> (Response, Vec<u8>) {
        (self.response, self.rest)
    }
}

impl Broken {
    /// The error for the caller.
    pub fn error(&self, peer: Peer<'_>, stage: Stage) -> Error {
        match self {
            Self::Io(error) => peer.io(error, stage),
            Self::Http(error) => match (error.kind(), error.detail()) {
                (Core::HttpCut, _) => peer.closed(stage),
                (Core::HttpTooLong, limit) if limit == u32::from(MAX_HEAD_BYTES) => {
                    peer.long_head(limit as usize)
                }
                _ => peer.no_http(error, stage),
            },
        }
    }
}

const LOOKED_AT: &[&str] =
    &["content-encoding", "content-type", "date", "location", "retry-after", "retry-after-ms"];

/// The real heads take one to four KiB.
const READ_BYTES: usize = 4096;
