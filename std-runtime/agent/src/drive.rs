//! The loop: asks the session what to do, does it, asks again.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use zerostack_core::{CallId, Request, RoomPolicy, Step, ToolCall, ToolResult};

use crate::agent::OwnedSession;
use crate::event::{AgentEvent, Call, Room};
use crate::failure::{failure, refused};
use crate::provider::Endpoint;
use crate::tool::{ToolOutput, Toolbox};
use crate::transport::{Body, Cancel, Post, Response, Transport};
use crate::{Error, ErrorKind, Result, reply};

/// Drives a session, one event at a time.
pub struct Drive {
    body: Option<Box<dyn Body>>,
    buffer: Vec<u8>,
    /// The part of the buffer that was received and not fed.
    unread: std::ops::Range<usize>,
    /// The beginning of a body that tells an error, or the end of another so far: what the session
    /// finds no message in is told by that.
    said: Vec<u8>,
    status: u16,
    /// Why the transport failed, for the person, when the session gives up.
    transport_error: Option<Error>,
    waiting: bool,
    /// Times that the open request was sent.
    attempts: u32,
    /// What the end of a reply gave and was not told yet.
    ready: VecDeque<AgentEvent>,
    /// Results of the open calls that the session does not have yet.
    results: VecDeque<(CallId, Call, Result<ToolOutput>)>,
}

/// Sees everything that goes into the session, for a tape. `()` records nothing.
pub trait Recorder {
    /// A request is about to be sent; its bytes can be read from `request`.
    fn request(&mut self, request: Request<'_>) -> Result<()>;
    /// The head of a response came.
    fn response(&mut self, status: u16, retry_after_ms: Option<u32>) -> Result<()>;
    /// Bytes of its body came.
    fn bytes(&mut self, bytes: &[u8]) -> Result<()>;
    /// The body ended, or there was no response.
    fn end(&mut self) -> Result<()>;
    /// A tool answered the call with this number.
    fn tool_result(&mut self, call: u32, content: &str, is_error: bool) -> Result<()>;
}

impl Recorder for () {
    fn request(&mut self, _: Request<'_>) -> Result<()> {
        Ok(())
    }

    fn response(&mut self, _: u16, _: Option<u32>) -> Result<()> {
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        Ok(())
    }

    fn tool_result(&mut self, _: u32, _: &str, _: bool) -> Result<()> {
        Ok(())
    }
}

impl Default for Drive {
    fn default() -> Self {
        Self::new()
    }
}

impl Drive {
    /// Ready to drive a session that was told something.
    pub fn new() -> Self {
        let buffer = vec![0; BUFFER_BYTES];
        Self {
            body: None,
            buffer,
            unread: 0..0,
            said: Vec::new(),
            status: 0,
            transport_error: None,
            waiting: false,
            attempts: 0,
            ready: VecDeque::new(),
            results: VecDeque::new(),
        }
    }

    /// Goes on until something happens; `None` when the turn is over.
    ///
    /// # Errors
    /// Whatever ended the turn. The session is idle then, and can go on with another turn.
    pub fn next(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        transport: &mut dyn Transport,
        tools: &mut dyn Toolbox,
        cancel: &Cancel,
        recorder: &mut dyn Recorder,
    ) -> Result<Option<AgentEvent>> {
        let result = self.advance(session, endpoint, transport, tools, cancel, recorder);
        if result.is_err() {
            self.body = None;
            self.results.clear();
            session.abort();
        }
        result
    }

    fn advance(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        transport: &mut dyn Transport,
        tools: &mut dyn Toolbox,
        cancel: &Cancel,
        recorder: &mut dyn Recorder,
    ) -> Result<Option<AgentEvent>> {
        loop {
            if cancel.is_cancelled() {
                return Err(Cancel::error());
            }
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match session.step() {
                Step::Idle => return Ok(None),
                Step::Send => {
                    recorder.request(session.request().map_err(Error::from)?)?;
                    self.attempts += 1;
                    let sent = send(session, endpoint, transport);
                    match sent {
                        Ok(Response { status, retry_after_ms, body }) => {
                            recorder.response(status, retry_after_ms)?;
                            (self.status, self.said) = (status, Vec::new());
                            session.begin_response(status, retry_after_ms).map_err(Error::from)?;
                            (self.body, self.unread) = (Some(body), 0..0);
                            self.transport_error = None;
                        }
                        Err(error)
                            if error.kind() == ErrorKind::Provider && !error.is_lasting() =>
                        {
                            self.transport_error = Some(error);
                            self.end(session, endpoint, recorder)?;
                        }
                        Err(error) => return Err(error),
                    }
                }
                Step::Receive => {
                    if let Some(event) = self.receive(session, endpoint, recorder)? {
                        return Ok(Some(event));
                    }
                }
                Step::RunTools => return self.answer_call(session, tools, recorder).map(Some),
                Step::Wait { millis } if !self.waiting => {
                    self.waiting = true;
                    let reason = match &self.transport_error {
                        Some(error) => endpoint.secrets().redact(error.message()),
                        None => failure(session, endpoint, &self.said).to_string(),
                    };
                    return Ok(Some(AgentEvent::Retry { wait_ms: millis, reason }));
                }
                Step::Wait { millis } => {
                    sleep(millis, cancel)?;
                    self.waiting = false;
                    session.retry().map_err(Error::from)?;
                }
                Step::MakeRoom { .. } => return make_room(session).map(Some),
                _ => return Err(Error::new(ErrorKind::Internal, "the session has a new step")),
            }
        }
    }

    /// Gives the session the result of its first open call; runs all open calls before.
    fn answer_call(
        &mut self,
        session: &mut OwnedSession,
        tools: &mut dyn Toolbox,
        recorder: &mut dyn Recorder,
    ) -> Result<AgentEvent> {
        if self.results.is_empty() {
            let calls: Vec<ToolCall<'_>> = session.pending_calls().collect();
            let results = tools.call_all(&calls);
            let of = |(call, result): (ToolCall<'_>, _)| (call.id, Call::from(call), result);
            self.results = calls.into_iter().zip(results).map(of).collect();
        }
        let Some((id, call, output)) = self.results.pop_front() else {
            return Err(Error::new(ErrorKind::Internal, "no call is open, or it has no result"));
        };
        let ToolOutput { mut content, is_error } = output?;
        // Providers refuse U+0000, or end a text there.
        if content.contains('\0') {
            content = content.replace('\0', "\u{2400}");
        }
        recorder.tool_result(id.number(), &content, is_error)?;
        let result = ToolResult { id, content: &content, is_error };
        let left_out_bytes =
            session.tool_result(result).map_err(|error| refused(session, error))?;
        Ok(AgentEvent::ToolResult { call, content, is_error, left_out_bytes })
    }

    /// Feeds bytes of the body until something happens.
    fn receive(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        recorder: &mut dyn Recorder,
    ) -> Result<Option<AgentEvent>> {
        if self.unread.is_empty() {
            let received = match &mut self.body {
                Some(body) if !session.is_reply_complete() => body.receive(&mut self.buffer),
                _ => Ok(0),
            };
            match received {
                Ok(0) => {
                    if let Some(body) = &mut self.body {
                        body.finish();
                    }
                    return self.end(session, endpoint, recorder).map(|()| None);
                }
                Ok(count) => {
                    self.unread = 0..count;
                    recorder.bytes(&self.buffer[..count])?;
                    self.keep_said(count);
                }
                Err(error) if error.kind() == ErrorKind::Provider => {
                    self.transport_error = Some(error);
                    return self.end(session, endpoint, recorder).map(|()| None);
                }
                Err(error) => return Err(error),
            }
        }
        let is_held = reply::is_held(session);
        let fed = session.feed(&self.buffer[self.unread.clone()]);
        let fed = fed.map(|fed| (fed.used, fed.event.and_then(|it| reply::shown(is_held, it))));
        let event = match fed {
            Ok((used, event)) => {
                self.unread.start += used;
                event
            }
            // Room can be made, and the request sent again.
            Err(_) if matches!(session.step(), Step::MakeRoom { .. }) => Some(AgentEvent::Restart),
            Err(_) => return Err(self.failure(session, endpoint)),
        };
        if session.step() != Step::Receive {
            recorder.end()?;
            (self.body, self.unread) = (None, 0..0);
        }
        Ok(event)
    }

    /// The body is over, or there is none.
    fn end(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        recorder: &mut dyn Recorder,
    ) -> Result<()> {
        (self.body, self.unread) = (None, 0..0);
        recorder.end()?;
        let Ok(events) = reply::end(session) else { return Err(self.failure(session, endpoint)) };
        if matches!(events.last(), Some(AgentEvent::End(_))) {
            self.attempts = 0;
        }
        self.ready.extend(events);
        Ok(())
    }

    /// Keeps some of the `count` bytes that were received.
    fn keep_said(&mut self, count: usize) {
        let received = &self.buffer[..count];
        if self.status >= 400 {
            let room = SAID_BYTES.saturating_sub(self.said.len());
            self.said.extend_from_slice(&received[..count.min(room)]);
        } else {
            self.said.extend_from_slice(&received[count.saturating_sub(SAID_BYTES)..]);
            self.said.drain(..self.said.len().saturating_sub(SAID_BYTES));
        }
    }

    /// Why the turn failed, and that it was tried more than once.
    fn failure(&mut self, session: &OwnedSession, endpoint: &Endpoint) -> Error {
        let error =
            self.transport_error.take().unwrap_or_else(|| failure(session, endpoint, &self.said));
        match std::mem::take(&mut self.attempts) {
            0 | 1 => error,
            attempts => Error::new(error.kind(), format!("{error} ({attempts} attempts)")),
        }
    }
}

/// Writes the request of the session to the transport.
fn send(
    session: &OwnedSession,
    endpoint: &Endpoint,
    transport: &mut dyn Transport,
) -> Result<Response> {
    struct Reader<'s>(Request<'s>);
    impl Read for Reader<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(self.0.read(buffer))
        }
    }
    let request = session.request().map_err(Error::from)?;
    let url = endpoint.url(&request.path_parts().concat());
    let own = endpoint.headers();
    let mut headers = request.headers().to_vec();
    headers.extend(own.iter().map(|(name, value)| (*name, value.expose())));
    let body_len = request.body_len() as u64;
    let post = Post { url: &url, headers: &headers, body_len };
    transport.post(&post, &mut Reader(request))
}

/// Makes room as the configuration says; where it leaves that to us, the oldest goes.
///
/// # Errors
/// `Limit` when only what is needed is left.
pub fn make_room(session: &mut OwnedSession) -> Result<AgentEvent> {
    let made = match session.config().limits.room {
        RoomPolicy::Ask => session
            .drop_oldest()
            .map(|bytes| AgentEvent::MadeRoom { what: Room::Exchanges, bytes: bytes as u32 }),
        _ => session
            .make_room()
            .map(|event| AgentEvent::from_core(event).unwrap_or(AgentEvent::Compacting)),
    };
    made.map_err(|error| refused(session, error))
}

/// Sleeps, but not longer than it takes to notice a cancel.
fn sleep(millis: u32, cancel: &Cancel) -> Result<()> {
    let end = Instant::now() + Duration::from_millis(millis.into());
    loop {
        if cancel.is_cancelled() {
            return Err(Cancel::error());
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(CANCEL_CHECK));
    }
}

/// Enough for a line that tells an error.
const SAID_BYTES: usize = 1024;

/// Bytes that are received at once.
const BUFFER_BYTES: usize = 16 * 1024;

/// How often a wait looks for a cancel.
const CANCEL_CHECK: Duration = Duration::from_millis(50);
