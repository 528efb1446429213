//! The body of a request: whole, or in pieces if it has the bytes of files.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use zerostack_core::RequestPlace;

use crate::Result;
use crate::files::Files;
use crate::session::OwnedSession;

/// The body of a request. In a box, because hyper has room for 32 requests in each connection.
pub(super) struct RequestBody(Box<Sending>);

struct Sending {
    pieces: Pieces,
    /// The remaining bytes.
    left: u64,
}

enum Pieces {
    Whole(Option<Bytes>),
    Received(mpsc::Receiver<Bytes>),
}

/// Writes the pieces of a body.
pub(super) struct PieceWriter {
    pieces: mpsc::Sender<Bytes>,
}

impl RequestBody {
    /// The whole body.
    pub(super) fn whole(body: Vec<u8>) -> Self {
        let left = body.len() as u64;
        Self::new(Pieces::Whole(Some(body.into())), left)
    }

    /// This many bytes, written piece by piece: one is being sent while the next is made.
    pub(super) fn in_pieces(length: usize) -> (PieceWriter, Self) {
        let (sender, receiver) = mpsc::channel(1);
        let body = Self::new(Pieces::Received(receiver), length as u64);
        (PieceWriter { pieces: sender }, body)
    }

    fn new(pieces: Pieces, left: u64) -> Self {
        Self(Box::new(Sending { pieces, left }))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Sending { pieces, left } = &mut *self.0;
        let piece = match pieces {
            Pieces::Whole(body) => body.take(),
            Pieces::Received(_) if *left == 0 => None,
            Pieces::Received(pieces) => match pieces.poll_recv(context) {
                Poll::Pending => return Poll::Pending,
                // The writer of the pieces reports why.
                Poll::Ready(None) => return Poll::Ready(Some(Err(io::ErrorKind::Other.into()))),
                Poll::Ready(piece) => piece,
            },
        };
        *left -= piece.as_ref().map_or(0, |piece| (*left).min(piece.len() as u64));
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.left)
    }
}

impl PieceWriter {
    /// Writes the request of `session` with the bytes of `files`; `taken` counts the pieces that
    /// were taken. While this waits, only the position in the request is kept.
    ///
    /// # Errors
    /// `Input` for a file that cannot be read or has changed. The body breaks off.
    pub(super) async fn write(
        self,
        session: &OwnedSession,
        files: &Files,
        taken: &AtomicU32,
    ) -> Result<()> {
        let mut place = session.request_with_attachments()?.place();
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let mut filled = 0;
            while let Some(wanted) = read(session, &mut place, &mut piece, &mut filled)? {
                let room = (piece.len().saturating_sub(filled) / 4 * 3).max(3);
                let count = room.min(wanted.bytes as usize);
                let bytes = files.read_async(wanted.number, wanted.offset, count).await?;
                let mut request = session.request_with_attachments()?.read_to(place);
                filled += request.supply(&bytes, piece.get_mut(filled..).unwrap_or_default());
                place = request.place();
            }
            if filled == 0 {
                return Ok(());
            }
            piece.truncate(filled);
            // A server that refuses a request may stop taking its body.
            if self.pieces.send(piece.into()).await.is_err() {
                return Ok(());
            }
            taken.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Fills `piece` until a file is needed, which it returns; `None` if it is full, or everything is
/// written.
fn read(
    session: &OwnedSession,
    place: &mut RequestPlace,
    piece: &mut [u8],
    filled: &mut usize,
) -> Result<Option<zerostack_core::WantedBytes>> {
    let mut request = session.request_with_attachments()?.read_to(*place);
    *filled += request.read(piece.get_mut(*filled..).unwrap_or_default());
    *place = request.place();
    Ok(request.wanted().filter(|_| *filled < piece.len()))
}

/// Bytes that are being sent at once, and as many again that are being made.
const PIECE_BYTES: usize = 16 * 1024;
