//! One request and its response, without the I/O between them: shared by both loops.

use super::files::{self, Files};
use super::{Endpoint, Notice, ToolOutput};
use crate::message::{CallId, Event, StopReason, ToolResult};
use crate::provider::{Config, Request};
use crate::session::{Session, Step};
use crate::transcript::Storage;
use crate::wire::http1::{self, RequestHead, Response};
use crate::{Error, ErrorKind};

/// A request on its way out, its head first.
pub(super) struct Outgoing<'r, 's> {
    endpoint: Endpoint<'r>,
    /// Lent, because a move would need room for it twice on the stack.
    request: &'r mut Request<'s>,
    body_bytes: usize,
    /// Bytes of the head that are out, `None` after it.
    head: Option<usize>,
}

impl<'r, 's> Outgoing<'r, 's> {
    /// `request`, whose body has this many bytes.
    pub const fn new(
        endpoint: Endpoint<'r>,
        request: &'r mut Request<'s>,
        body_bytes: usize,
    ) -> Self {
        Self { endpoint, request, body_bytes, head: Some(0) }
    }

    /// The next bytes, in `out`; 0 is the end.
    pub fn next(&mut self, out: &mut [u8], files: &mut Files<'_>) -> Result<usize, Error> {
        if let Some(from) = self.head {
            let [first, second, third] = self.request.path_parts();
            let head = RequestHead {
                method: self.request.method(),
                path: &[self.endpoint.base_path, first, second, third],
                host: self.endpoint.host,
                content_length: self.body_bytes,
            };
            let headers = self.request.headers().iter().chain(self.endpoint.headers);
            let count = head.write_part(headers.copied(), from, out)?;
            if count > 0 {
                self.head = Some(from.saturating_add(count));
                return Ok(count);
            }
            self.head = None;
        }
        files::read(self.request, out, files)
    }
}

/// Bytes of the body that is due. Not inlined: its stack is free again before the request itself is
/// made.
#[inline(never)]
pub(super) fn body_bytes<C: Config, S: Storage>(
    session: &Session<C, S>,
    files: &Files<'_>,
) -> usize {
    files::request(session, files).as_mut().map_or(0, Request::skip)
}

/// A response on its way in.
pub(super) struct Incoming {
    response: Response,
    /// The fault in the HTTP.
    fault: Option<Error>,
    /// Bytes after the end of the reply.
    behind_bytes: usize,
}

impl Incoming {
    pub const fn new() -> Self {
        Self { response: Response::new(), fault: None, behind_bytes: 0 }
    }

    /// Takes received bytes of the response. Returns false if no more are needed.
    ///
    /// # Errors
    /// Those of [`Session::feed`].
    pub fn take<C: Config, S: Storage>(
        &mut self,
        session: &mut Session<C, S>,
        bytes: &[u8],
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<bool, Error> {
        if is_complete(session) {
            self.behind_bytes = self.behind_bytes.saturating_add(bytes.len());
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let fed = match self.response.feed(rest) {
                Ok(fed) => fed,
                Err(fault) => {
                    self.fault = Some(fault);
                    return Ok(false);
                }
            };
            rest = rest.get(fed.used..).unwrap_or_default();
            match fed.event {
                Some(http1::ResponseEvent::Head { status, retry_after_ms }) => {
                    session.begin_response(status, retry_after_ms)?;
                }
                Some(http1::ResponseEvent::Body(body)) => {
                    feed(session, body, notice)?;
                    if session.step() != Step::Receive {
                        return Ok(false);
                    }
                }
                None => {}
            }
        }
        Ok(!self.response.is_done() && self.behind_bytes < MAX_BEHIND_BYTES)
    }

    /// The response is over, or no more of it arrives. Returns the stop reason if the reply is complete.
    ///
    /// # Errors
    /// Those of [`Session::end_response`]; or the HTTP fault, if that was the reason.
    pub fn end<C: Config, S: Storage>(
        self,
        session: &mut Session<C, S>,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<Option<StopReason>, Error> {
        if !matches!(session.step(), Step::Send | Step::Receive) {
            return Ok(None);
        }
        let event = session.end_response().map_err(|error| match (error.kind(), self.fault) {
            (ErrorKind::Unreachable | ErrorKind::Cut, Some(fault)) => fault,
            _ => error,
        })?;
        notice(Notice::Reply(event));
        match event {
            Event::End(reason) => Ok(Some(reason)),
            _ => Ok(None),
        }
    }

    /// Whether another request can follow on the connection.
    pub fn keeps_open(&self) -> bool {
        self.response.keeps_open()
    }
}

fn feed<C: Config, S: Storage>(
    session: &mut Session<C, S>,
    body: &[u8],
    notice: &mut dyn FnMut(Notice<'_>),
) -> Result<(), Error> {
    let mut rest = body;
    while !rest.is_empty() && session.step() == Step::Receive {
        let failed = match session.feed(rest) {
            Ok(fed) => {
                rest = rest.get(fed.used..).unwrap_or_default();
                if let Some(event) = fed.event {
                    notice(Notice::Reply(event));
                }
                None
            }
            Err(error) => Some(error),
        };
        // After `MakeRoom` there is another attempt.
        if let Some(error) = failed
            && !matches!(session.step(), Step::MakeRoom { .. })
        {
            return Err(error);
        }
    }
    Ok(())
}

/// Whether the reply to this request is complete, not the one before.
pub(super) fn is_complete<C: Config, S: Storage>(session: &Session<C, S>) -> bool {
    session.step() == Step::Receive && session.is_reply_complete()
}

/// Whether a read or write that failed is made again. A connection that is always interrupted fails
/// in the end.
pub(super) fn is_interrupted(error: &impl embedded_io::Error, times: &mut u8) -> bool {
    *times = times.saturating_add(1);
    error.kind() == embedded_io::ErrorKind::Interrupted && *times < u8::MAX
}

/// The reason of a wait.
pub(super) fn waiting<C: Config, S: Storage>(session: &Session<C, S>, millis: u32) -> Notice<'_> {
    let unknown = Error::new(ErrorKind::Unreachable, 0);
    Notice::Waiting { millis, error: session.failure().map_or(unknown, |failure| failure.error) }
}

/// Makes room by the policy of the configuration; if it has none, the oldest exchange is dropped.
pub(super) fn make_room<C: Config, S: Storage>(
    session: &mut Session<C, S>,
    notice: &mut dyn FnMut(Notice<'_>),
) -> Result<(), Error> {
    #[cfg(feature = "window")]
    if session.config().limits().room != crate::RoomPolicy::Ask {
        notice(Notice::Reply(session.make_room()?));
        return Ok(());
    }
    let bytes = session.drop_oldest()?;
    notice(Notice::Forgot { bytes });
    Ok(())
}

/// The buffer for a tool's result: not more of `buffer` than the storage has room for. Half of
/// `reply_bytes` stays free: when the rest is used up, room is made before the next request.
pub(super) fn output<'b, C: Config, S: Storage>(
    session: &Session<C, S>,
    buffer: &'b mut [u8],
) -> ToolOutput<'b> {
    let transcript = session.transcript();
    let free = transcript.limit_bytes().saturating_sub(transcript.used_bytes());
    let reply_bytes = session.config().limits().reply_bytes / 2;
    let kept = usize::try_from(reply_bytes).unwrap_or(usize::MAX);
    let room = free.saturating_sub(kept).saturating_sub(ToolOutput::NOTE_BYTES);
    let room = room.min(buffer.len());
    ToolOutput::new(buffer.split_at_mut_checked(room).unwrap_or_default().0)
}

/// Answers a call with the output of its tool.
pub(super) fn answer<C: Config, S: Storage>(
    session: &mut Session<C, S>,
    id: CallId,
    output: ToolOutput<'_>,
    notice: &mut dyn FnMut(Notice<'_>),
) -> Result<(), Error> {
    let is_error = output.is_error();
    let (content, lost) = output.finish();
    let answered = session.tool_result(ToolResult { id, content, is_error });
    if session.step() == Step::RunTools && answered.is_err() {
        // Not even that fits.
        session.abort();
    }
    let left_out = lost.saturating_add(answered?);
    if left_out > 0 {
        notice(Notice::ResultCut { id, bytes: left_out });
    }
    Ok(())
}

/// Bytes after the end of a reply that are read so that the connection can be used again.
const MAX_BEHIND_BYTES: usize = 4096;
