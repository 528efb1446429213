//! The body of a response.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::time::{Instant, timeout};
use zerostack_core::wire::http1::{Response, ResponseEvent};

use super::connect::Origin;
use super::head::Broken;
use super::pool::Pool;
use super::stream::NetStream;
use crate::Result;
use crate::transport::failure::{Peer, Stage};
use crate::transport::http::{FINISH_LIMIT, MAX_FINISH_BYTES};

/// The body of a response. Dropped before its end, it closes its connection.
pub(super) struct AsyncBody {
    /// Until the end.
    pub stream: Option<NetStream>,
    pub response: Response,
    /// Received with the head.
    pub received: Vec<u8>,
    /// Where the connection goes after the end, if it can be used again.
    pub pool: Option<Arc<Pool>>,
    pub origin: Arc<Origin>,
    pub idle_timeout: Duration,
    /// Until when it is read, if it is the body of a refusal.
    pub until: Option<Instant>,
}

impl AsyncBody {
    /// Waits for some bytes and puts them into `space`, which is empty; 0 is the end of a complete
    /// body. While this waits, `space` holds no memory.
    ///
    /// # Errors
    /// `Provider` if the body breaks off or stalls.
    pub async fn receive(&mut self, space: &mut Vec<u8>) -> Result<usize> {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(0);
        }
        let limit = left.unwrap_or(self.idle_timeout).min(self.idle_timeout);
        let received = timeout(limit, poll_fn(|context| self.poll(space, context))).await;
        let name = || self.origin.name();
        match received {
            Ok(Ok(count)) => Ok(count),
            Ok(Err(broken)) => Err(broken.error(Peer { host: &name(), proxy: None }, Stage::Body)),
            Err(_) if left.is_some() => Ok(0),
            Err(_) => Err(Peer { host: &name(), proxy: None }.silent(limit, "try again")),
        }
    }

    /// Reads the rest of a complete reply, so that its connection can serve the next: the end of the
    /// last chunk is often still on its way when the dialect's own end arrives.
    pub async fn finish(&mut self) {
        let rest = async {
            let (mut space, mut left) = (Vec::new(), MAX_FINISH_BYTES);
            while let Ok(count @ 1..) = self.receive(&mut space).await {
                space.clear();
                left = left.saturating_sub(count);
                if left == 0 {
                    break;
                }
            }
        };
        // Without its end the connection is closed, and another is opened.
        let _ = timeout(FINISH_LIMIT, rest).await;
    }

    fn poll(
        &mut self,
        space: &mut Vec<u8>,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, Broken>> {
        let received = std::mem::take(&mut self.received);
        let mut fed = self.feed(&received, space);
        loop {
            match fed {
                // Bytes that arrived before the error are used first; the next read returns it again.
                _ if !space.is_empty() => return Poll::Ready(Ok(space.len())),
                Ok(()) => {}
                Err(error) => return Poll::Ready(Err(Broken::Http(error))),
            }
            let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(0)) };
            let mut memory = [const { MaybeUninit::uninit() }; READ_BYTES];
            let mut buffer = ReadBuf::uninit(&mut memory);
            let Poll::Ready(read) = Pin::new(stream).poll_read(context, &mut buffer) else {
                *space = Vec::new();
                return Poll::Pending;
            };
            if let Err(error) = read {
                return Poll::Ready(Err(Broken::Io(error)));
            }
            fed = match buffer.filled() {
                [] => self.response.end().map(|()| self.stream = None),
                received => self.feed(received, space),
            };
        }
    }

    /// Reads the framing of `received` bytes, and adds those of the body to `space`.
    fn feed(
        &mut self,
        mut received: &[u8],
        space: &mut Vec<u8>,
    ) -> Result<(), zerostack_core::Error> {
        loop {
            let fed = self.response.feed(received)?;
            if let Some(ResponseEvent::Body(bytes)) = fed.event {
                space.extend_from_slice(bytes);
            }
            received = received.get(fed.used..).unwrap_or_default();
            if received.is_empty() {
                break;
            }
        }
        if self.response.is_done()
            && let Some(stream) = self.stream.take()
            && let Some(pool) = self.pool.take()
            && self.response.keeps_open()
        {
            pool.put(Arc::clone(&self.origin), stream);
        }
        Ok(())
    }
}

/// On the stack: a larger piece of a body is read in several.
const READ_BYTES: usize = 16 * 1024;
