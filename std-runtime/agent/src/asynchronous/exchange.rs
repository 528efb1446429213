//! A request and the head of its response over one connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite as _;
use tokio::time::timeout;

use super::head::{Broken, HeadReader};
use super::request::Sending;
use super::stream::NetStream;
use crate::Error;
use crate::transport::failure::{Peer, Stage};

/// The head of a response.
pub(super) struct Answered {
    pub head: HeadReader,
    /// Whether all of the request is sent. If not, the connection cannot be used again.
    pub is_sent: bool,
}

/// Why there is no response.
pub(super) struct Failed {
    pub error: Error,
    /// The connection ended before the first byte of a response, as one does that the server had
    /// closed while it was idle.
    pub is_stale: bool,
}

/// Sends the request and waits for the head of the response. A refusal may arrive before everything
/// is sent: then the rest is not.
pub(super) async fn exchange(
    stream: &mut NetStream,
    sending: &mut Sending<'_>,
    peer: Peer<'_>,
    idle_timeout: Duration,
) -> Result<Answered, Failed> {
    let mut head = HeadReader::new();
    let mut failed = None;
    let mut is_sent = false;
    while !is_sent && failed.is_none() && !is_refusal(&head) {
        sending.prepare().await.map_err(Failed::own)?;
        let sent = poll_fn(|context| poll_send(stream, sending, &mut head, context));
        match timeout(idle_timeout, sent).await {
            Err(_) => return Err(Failed::own(peer.accepts_nothing(idle_timeout))),
            Ok(Ok(is_all)) => is_sent = is_all,
            // A server that refuses a request may stop reading it: its answer is read all the same.
            Ok(Err(broken)) => failed = Some(broken),
        }
    }
    while head.status().is_none() {
        match timeout(idle_timeout, poll_fn(|context| head.poll(stream, context))).await {
            Err(_) => return Err(Failed::own(peer.silent(idle_timeout, "try again"))),
            Ok(Ok(())) => {}
            Ok(Err(broken)) => {
                let broken = failed.unwrap_or(broken);
                let is_stale = head.is_empty();
                return Err(Failed { error: broken.error(peer, Stage::Head), is_stale });
            }
        }
    }
    Ok(Answered { head, is_sent })
}

/// Sends some of the prepared bytes, and looks for a response meanwhile. If none are left, sends what
/// the connection holds back; then everything is sent.
fn poll_send(
    stream: &mut NetStream,
    sending: &mut Sending<'_>,
    head: &mut HeadReader,
    context: &mut Context<'_>,
) -> Poll<Result<bool, Broken>> {
    while head.status().is_none() {
        match head.poll(stream, context) {
            Poll::Pending => break,
            Poll::Ready(read) => read?,
        }
    }
    if is_refusal(head) {
        return Poll::Ready(Ok(false));
    }
    if sending.unsent().is_empty() {
        return Pin::new(stream).poll_flush(context).map(|flushed| match flushed {
            Ok(()) => Ok(true),
            Err(error) => Err(Broken::Io(error)),
        });
    }
    let count = ready!(stream.poll_send(context, sending.unsent())).map_err(Broken::Io)?;
    sending.advance(count);
    Poll::Ready(Ok(false))
}

/// Whether the server wants no more of the request.
fn is_refusal(head: &HeadReader) -> bool {
    head.status().is_some_and(|status| status >= 300)
}

impl Failed {
    /// Another connection would not help.
    fn own(error: Error) -> Self {
        Self { error, is_stale: false }
    }
}
