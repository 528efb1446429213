//! A turn as a pure machine: it returns what to do next, and takes the outcome.
//!
//! It does no I/O and waits for nothing, so the blocking [`Drive`](crate::Drive) and the async
//! agent are thin loops around the same decisions.

use std::collections::VecDeque;
use std::ops::Range;

use zerostack_core::{CallId, ErrorKind as Core, RoomPolicy, Step, ToolResult};

use crate::event::{AgentEvent, Call, Room};
use crate::failure::{failure, refused, unfit};
use crate::provider::Endpoint;
use crate::session::OwnedSession;
use crate::tool::ToolOutput;
use crate::{Error, ErrorKind, Recorder, Result, reply};

/// What the driver of a [`Machine`] does next.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Shows that something happened.
    Show(AgentEvent),
    /// Sends the session's request, then calls [`Machine::sent`].
    Send,
    /// Fills [`Machine::buffer`] from the body, then calls [`Machine::received`].
    Receive,
    /// Runs the session's open calls, then calls [`Machine::answered`].
    RunTools,
    /// Waits so long, then calls [`Machine::waited`].
    Wait {
        /// How long.
        millis: u32,
    },
    /// Nothing: the turn is over.
    Done,
}

/// The state of a turn beside its session.
pub(crate) struct Machine {
    buffer: Vec<u8>,
    /// The part of the buffer that was received and not fed.
    unread: Range<usize>,
    /// The beginning of a body that tells an error, or the end of another so far: what the session
    /// finds no message in is told by that.
    said: Vec<u8>,
    status: u16,
    /// Why the transport failed, for the person, when the session gives up.
    transport_error: Option<Error>,
    /// The wait for another attempt was shown.
    waiting: bool,
    /// The start of the open calls was shown.
    started: bool,
    /// Times that the open request was sent.
    attempts: u32,
    /// What happened and was not shown yet.
    ready: VecDeque<AgentEvent>,
    /// Results of the open calls that the session does not have yet.
    results: VecDeque<(CallId, Call, Result<ToolOutput>)>,
}

impl Machine {
    /// Ready for a session that was told something.
    pub fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER_BYTES],
            unread: 0..0,
            said: Vec::new(),
            status: 0,
            transport_error: None,
            waiting: false,
            started: false,
            attempts: 0,
            ready: VecDeque::new(),
            results: VecDeque::new(),
        }
    }

    /// What to do next.
    ///
    /// # Errors
    /// Whatever ended the turn.
    pub fn next(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        recorder: &mut dyn Recorder,
    ) -> Result<Effect> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Effect::Show(event));
            }
            match session.step() {
                Step::Idle => return Ok(Effect::Done),
                Step::Send => {
                    recorder.request(session.request().map_err(Error::from)?)?;
                    self.attempts += 1;
                    return Ok(Effect::Send);
                }
                Step::Receive if self.unread.is_empty() => return Ok(Effect::Receive),
                Step::Receive => {
                    if let Some(event) = self.feed(session, endpoint, recorder)? {
                        return Ok(Effect::Show(event));
                    }
                }
                Step::RunTools => match self.results.pop_front() {
                    Some(result) => return answer(session, recorder, result).map(Effect::Show),
                    None if std::mem::take(&mut self.started) => return Ok(Effect::RunTools),
                    None => {
                        self.started = true;
                        let calls = session.pending_calls();
                        self.ready.extend(calls.map(|call| AgentEvent::ToolStarted(call.into())));
                    }
                },
                Step::Wait { millis } if self.waiting => return Ok(Effect::Wait { millis }),
                Step::Wait { millis } => {
                    self.waiting = true;
                    let reason = match &self.transport_error {
                        Some(error) => endpoint.secrets().redact(error.message()),
                        None => failure(session, endpoint, &self.said).to_string(),
                    };
                    return Ok(Effect::Show(AgentEvent::Retry { wait_ms: millis, reason }));
                }
                Step::MakeRoom { .. } => return make_room(session).map(Effect::Show),
                _ => return Err(Error::new(ErrorKind::Internal, "the session has a new step")),
            }
        }
    }

    /// The request was sent: status and wished wait of the response's head, or why there is none.
    ///
    /// # Errors
    /// Whatever ended the turn.
    pub fn sent(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        recorder: &mut dyn Recorder,
        head: Result<(u16, Option<u32>)>,
    ) -> Result<()> {
        match head {
            Ok((status, retry_after_ms)) => {
                recorder.response(status, retry_after_ms)?;
                (self.status, self.said, self.unread) = (status, Vec::new(), 0..0);
                self.transport_error = None;
                session.begin_response(status, retry_after_ms).map_err(Error::from)
            }
            Err(error) if error.kind() == ErrorKind::Provider && !error.is_lasting() => {
                self.transport_error = Some(error);
                self.end(session, endpoint, recorder)
            }
            Err(error) => Err(error),
        }
    }

    /// Where the next bytes of the body go.
    pub fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// So many bytes are in the [`buffer`](Self::buffer); 0 is the end of the body.
    ///
    /// # Errors
    /// Whatever ended the turn.
    pub fn received(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        recorder: &mut dyn Recorder,
        count: Result<usize>,
    ) -> Result<()> {
        match count {
            Ok(0) => self.end(session, endpoint, recorder),
            Ok(count) => {
                self.unread = 0..count;
                recorder.bytes(self.buffer.get(..count).unwrap_or_default())?;
                self.keep_said(count);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Provider => {
                self.transport_error = Some(error);
                self.end(session, endpoint, recorder)
            }
            Err(error) => Err(error),
        }
    }

    /// The results of the open calls, in their order.
    ///
    /// # Errors
    /// `Internal` if a call has no result.
    pub fn answered(
        &mut self,
        session: &OwnedSession,
        results: Vec<Result<ToolOutput>>,
    ) -> Result<()> {
        let calls = session.pending_calls().map(|call| (call.id, Call::from(call)));
        let count = results.len();
        self.results = calls.zip(results).map(|((id, call), result)| (id, call, result)).collect();
        if self.results.is_empty() || self.results.len() != count {
            let text =
                format!("{count} results for {} open calls", session.pending_calls().count());
            return Err(Error::new(ErrorKind::Internal, text));
        }
        Ok(())
    }

    /// The wait is over.
    ///
    /// # Errors
    /// Those of [`zerostack_core::Session::retry`].
    pub fn waited(&mut self, session: &mut OwnedSession) -> Result<()> {
        self.waiting = false;
        session.retry().map_err(Error::from)
    }

    /// The turn cannot go on: the session is idle, and open calls are answered by "aborted".
    pub fn abort(&mut self, session: &mut OwnedSession) {
        self.results.clear();
        session.abort();
    }

    /// Feeds bytes of the body until something happens.
    fn feed(
        &mut self,
        session: &mut OwnedSession,
        endpoint: &Endpoint,
        recorder: &mut dyn Recorder,
    ) -> Result<Option<AgentEvent>> {
        let is_held = reply::is_held(session);
        let fed = session.feed(self.buffer.get(self.unread.clone()).unwrap_or_default());
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
        self.tell_of_switch(session, endpoint);
        if session.step() != Step::Receive {
            recorder.end()?;
            self.unread = 0..0;
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
        self.unread = 0..0;
        recorder.end()?;
        let Ok(events) = reply::end(session) else { return Err(self.failure(session, endpoint)) };
        let is_asked_again = session.failure().is_some_and(|it| it.error.kind() == Core::BadAnswer);
        if is_asked_again || matches!(events.last(), Some(AgentEvent::End(_))) {
            self.attempts = 0;
        }
        self.ready.extend(events);
        self.tell_of_switch(session, endpoint);
        if is_asked_again {
            let reason = format!("the answer does not fit: {}", unfit(session));
            self.ready.push_back(AgentEvent::Retry { wait_ms: 0, reason });
        }
        Ok(())
    }

    /// A field that the server refuses is left out from here on.
    fn tell_of_switch(&mut self, session: &OwnedSession, endpoint: &Endpoint) {
        let Some(field) = session.switched_off() else { return };
        let said = failure(session, endpoint, &self.said);
        let profile = session.profile();
        let now = match profile.value(field) {
            Some("false" | "none") | None => "goes without it".to_owned(),
            Some(value) => format!("goes with {value}"),
        };
        let reason = format!("{said}; what follows {now} ({} of its profile)", field.name());
        self.attempts = self.attempts.saturating_sub(1);
        self.ready.push_back(AgentEvent::Retry { wait_ms: 0, reason });
    }

    /// Keeps some of the `count` bytes that were received.
    fn keep_said(&mut self, count: usize) {
        let received = self.buffer.get(..count).unwrap_or_default();
        if self.status >= 400 {
            let room = SAID_BYTES.saturating_sub(self.said.len());
            self.said.extend(received.iter().take(room));
        } else {
            self.said.extend(received.iter().skip(count.saturating_sub(SAID_BYTES)));
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

/// Gives the session the result of one of its open calls.
fn answer(
    session: &mut OwnedSession,
    recorder: &mut dyn Recorder,
    (id, call, output): (CallId, Call, Result<ToolOutput>),
) -> Result<AgentEvent> {
    let ToolOutput { mut content, is_error } = output?;
    // Providers refuse U+0000, or end a text there.
    if content.contains('\0') {
        content = content.replace('\0', "\u{2400}");
    }
    recorder.tool_result(id.number(), &content, is_error)?;
    let result = ToolResult { id, content: &content, is_error };
    let left_out_bytes = session.tool_result(result).map_err(|error| refused(session, error))?;
    Ok(AgentEvent::ToolResult { call, content, is_error, left_out_bytes })
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

/// Enough for a line that tells an error.
const SAID_BYTES: usize = 1024;

/// Bytes that are received at once.
const BUFFER_BYTES: usize = 16 * 1024;
