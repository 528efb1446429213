//! A turn as a pure state machine: it returns what to do next, and takes the outcome.
//!
//! It does no I/O and never waits, so the blocking [`Drive`](crate::Drive) and the async
//! agent are thin loops around the same decisions.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use zerostack_core::tool::BadCallPolicy;
use zerostack_core::{CallId, ErrorKind as Core, ProfileField, RoomPolicy, Step, ToolCall};

use crate::calls::{CallRules, Decision, Plan, bad_call, too_many};
use crate::event::{AgentEvent, Call, Room};
use crate::failure::{failure, refused, unfit};
use crate::files::Files;
use crate::provider::Endpoint;
use crate::session::OwnedSession;
use crate::spans::Spans;
use crate::tool::ToolOutput;
use crate::toolbox::Toolbox;
use crate::totals::Meter;
use crate::{Error, ErrorKind, Recorder, Result, reply};

/// What the driver of a [`Machine`] does next.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Shows an event.
    Show(AgentEvent),
    /// Sends the session's request, then calls [`Machine::sent`].
    Send,
    /// Fills [`Machine::buffer`] from the body, then calls [`Machine::received`].
    Receive,
    /// Runs the session's open calls, then calls [`Machine::answered`].
    RunTools,
    /// Waits this long, then calls [`Machine::waited`].
    Wait {
        /// How long.
        millis: u32,
    },
    /// Nothing: the turn is over.
    Done,
}

/// The state of a turn besides its session.
pub(crate) struct Machine {
    buffer: Vec<u8>,
    /// The part of the buffer that was received and not fed.
    unread: Range<usize>,
    /// The beginning of an error body, or the latest bytes of another: used to report an error in
    /// which the session finds no message.
    said: Vec<u8>,
    status: u16,
    /// Why the transport failed, for the message if the session gives up.
    transport_error: Option<Error>,
    /// The wait for another attempt was shown.
    waiting: bool,
    /// The start of the calls that run was shown.
    started: bool,
    /// The running calls, with their repaired arguments.
    running: Vec<(CallId, Option<String>)>,
    /// The decisions about open calls.
    decisions: BTreeMap<u32, Decision>,
    /// The turn waits for decisions.
    is_deferred: bool,
    rules: CallRules,
    meter: Meter,
    spans: Spans,
    /// Calls of the turn that could not run.
    bad_calls: u16,
    /// Calls of the current reply.
    reply_calls: usize,
    /// How many times the open request was sent.
    attempts: u32,
    /// Events that were not shown yet.
    ready: VecDeque<AgentEvent>,
    /// Results of open calls that the session does not have yet.
    results: VecDeque<(CallId, Call, Result<ToolOutput>)>,
    /// The names of the files that the user attached to the text of the turn.
    attached: Vec<String>,
}

impl Machine {
    /// Ready for a session that has a new message, or for which `decisions` were made.
    pub fn new(rules: CallRules, decisions: BTreeMap<u32, Decision>, meter: Meter) -> Self {
        Self {
            running: Vec::new(),
            decisions,
            is_deferred: false,
            rules,
            meter,
            spans: Spans::new(),
            bad_calls: 0,
            reply_calls: 0,
            buffer: Vec::new(),
            unread: 0..0,
            said: Vec::new(),
            status: 0,
            transport_error: None,
            waiting: false,
            started: false,
            attempts: 0,
            ready: VecDeque::new(),
            results: VecDeque::new(),
            attached: Vec::new(),
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
        files: &mut Files,
        tools: &dyn Toolbox,
    ) -> Result<Effect> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.spans.saw(&event);
                return Ok(Effect::Show(event));
            }
            match session.step() {
                Step::Idle => {
                    self.over(session, None);
                    return Ok(Effect::Done);
                }
                Step::Send => {
                    self.meter.sends(session)?;
                    self.spans.sends(session, endpoint);
                    files.check(session)?;
                    self.attached.clear();
                    self.attached.extend_from_slice(files.said());
                    let request = session.request_with_attachments().map_err(Error::from)?;
                    recorder.request(request, files)?;
                    self.attempts += 1;
                    return Ok(Effect::Send);
                }
                Step::Receive if self.unread.is_empty() => return Ok(Effect::Receive),
                Step::Receive => {
                    if let Some(event) = self.feed(session, endpoint, recorder)? {
                        self.spans.saw(&event);
                        return Ok(Effect::Show(event));
                    }
                }
                Step::RunTools => match self.results.pop_front() {
                    Some(result) => {
                        return self.answer(session, recorder, files, result).map(Effect::Show);
                    }
                    None if std::mem::take(&mut self.started) => return Ok(Effect::RunTools),
                    None if self.is_deferred => {
                        self.over(session, None);
                        return Ok(Effect::Done);
                    }
                    None => self.plan(session, tools),
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
                _ => {
                    return Err(Error::new(ErrorKind::Internal, "the session has an unknown step"));
                }
            }
        }
    }

    /// The request was sent: status and requested wait from the response's head, or why there is none.
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
                self.reply_calls = 0;
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

    /// The buffer for the next bytes of the body.
    pub fn buffer(&mut self) -> &mut [u8] {
        self.buffer.resize(BUFFER_BYTES, 0);
        &mut self.buffer
    }

    /// The same, empty: a conversation that waits for its provider holds no memory for the answer.
    #[cfg(feature = "async")]
    pub fn space(&mut self) -> &mut Vec<u8> {
        self.buffer.clear();
        &mut self.buffer
    }

    /// This many bytes are in the [`buffer`](Self::buffer); 0 is the end of the body.
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

    /// The calls to run now.
    pub fn calls<'s>(&'s self, session: &'s OwnedSession) -> Vec<ToolCall<'s>> {
        let repaired = |call: ToolCall<'s>| {
            let (_, arguments) = self.running.iter().find(|(id, _)| *id == call.id)?;
            let arguments = arguments.as_deref().unwrap_or(call.arguments);
            Some(ToolCall { arguments, ..call })
        };
        session.pending_calls().filter_map(repaired).collect()
    }

    /// The results of [`calls`](Self::calls), in their order.
    ///
    /// # Errors
    /// `Internal` if a call has no result.
    pub fn answered(
        &mut self,
        session: &OwnedSession,
        results: Vec<Result<ToolOutput>>,
    ) -> Result<()> {
        let running = std::mem::take(&mut self.running);
        if running.is_empty() || running.len() != results.len() {
            let text = format!("{} results for {} open calls", results.len(), running.len());
            return Err(Error::new(ErrorKind::Internal, text));
        }
        let is_running = |call: &ToolCall<'_>| running.iter().any(|(id, _)| *id == call.id);
        let calls = session.pending_calls().filter(is_running);
        let calls = calls.map(|call| (call.id, Call::from(call)));
        self.results.extend(calls.zip(results).map(|((id, call), result)| (id, call, result)));
        Ok(())
    }

    /// The turn is over or waits: counts what it took, and ends its spans.
    pub fn over(&mut self, session: &OwnedSession, error: Option<&Error>) {
        self.meter.count(session);
        self.spans.over(session, error);
    }

    /// Counts the calls of the reply whose arguments are no JSON: the session has answered them.
    fn count_malformed(&mut self, session: &OwnedSession) -> Result<()> {
        if !matches!(session.step(), Step::RunTools | Step::Send) {
            return Ok(());
        }
        let open = session.pending_calls().count();
        let malformed = std::mem::take(&mut self.reply_calls).saturating_sub(open);
        for _ in 0..malformed {
            self.count_bad_call("a tool", "the arguments are not one JSON value")?;
        }
        Ok(())
    }

    /// One more call of the turn that cannot run.
    fn count_bad_call(&mut self, name: &str, why: &str) -> Result<()> {
        self.bad_calls = self.bad_calls.saturating_add(1);
        let CallRules { policy, most } = self.rules;
        match policy {
            BadCallPolicy::Fail => Err(bad_call(name, why)),
            _ if self.bad_calls > most => Err(too_many(most, name, why)),
            _ => Ok(()),
        }
    }

    /// Decides what to do with the open calls.
    fn plan(&mut self, session: &OwnedSession, tools: &dyn Toolbox) {
        let Plan { running, answered, waiting } =
            Plan::new(session, tools, &mut self.decisions, self.rules.policy);
        let answered = answered.into_iter().map(|(id, call, output)| (id, call, Ok(output)));
        self.results.extend(answered);
        self.running = running;
        self.started = !self.running.is_empty();
        let mut spans = std::mem::take(&mut self.spans);
        let mut started = Vec::with_capacity(self.running.len());
        for call in self.calls(session) {
            spans.started(&call);
            started.push(AgentEvent::ToolStarted(call.into()));
        }
        self.spans = spans;
        self.ready.extend(started);
        if !self.started && self.results.is_empty() {
            self.is_deferred = true;
            self.ready.push_back(AgentEvent::Deferred { calls: waiting });
        }
    }

    /// Passes the result of an open call to the session.
    fn answer(
        &mut self,
        session: &mut OwnedSession,
        recorder: &mut dyn Recorder,
        files: &mut Files,
        (id, call, output): (CallId, Call, Result<ToolOutput>),
    ) -> Result<AgentEvent> {
        let output = output?;
        if output.is_bad_call {
            self.count_bad_call(&call.name, &output.content)?;
        }
        self.spans.answered(id.number(), output.is_error);
        answer(session, recorder, files, (id, call, output))
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
    pub fn abort(&mut self, session: &mut OwnedSession, error: Option<&Error>) {
        self.over(session, error);
        self.results.clear();
        session.abort();
    }

    /// Feeds bytes of the body until the next event.
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
                self.reply_calls += usize::from(matches!(event, Some(AgentEvent::ToolCall(_))));
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
        let is_call = |event: &&AgentEvent| matches!(event, AgentEvent::ToolCall(_));
        self.reply_calls += events.iter().filter(is_call).count();
        self.ready.extend(events);
        self.tell_of_switch(session, endpoint);
        self.count_malformed(session)?;
        if is_asked_again {
            let reason = format!("the answer does not fit: {}", unfit(session));
            self.ready.push_back(AgentEvent::Retry { wait_ms: 0, reason });
        }
        Ok(())
    }

    /// A field that the server refuses is omitted from here on.
    fn tell_of_switch(&mut self, session: &OwnedSession, endpoint: &Endpoint) {
        let Some(field) = session.switched_off() else { return };
        let said = failure(session, endpoint, &self.said);
        let profile = session.profile();
        let now = match (field, profile.value(field)) {
            (ProfileField::Attachments, Some("images")) => {
                "sends images alone and describes other files in words".to_owned()
            }
            (ProfileField::Attachments, _) => "describes attached files in words".to_owned(),
            (_, Some("false" | "none") | None) => "omits it".to_owned(),
            (_, Some(value)) => format!("uses {value}"),
        };
        let reason = format!("{said}; the next request {now} ({} of its profile)", field.name());
        self.attempts = self.attempts.saturating_sub(1);
        self.ready.push_back(AgentEvent::Retry { wait_ms: 0, reason });
    }

    /// Keeps some of the `count` received bytes.
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
        if session.switched_off() == Some(ProfileField::Attachments) {
            let files = self.attached.join(", ");
            let text = format!("{error}; leave out {files}, or use a model that takes such files");
            return Error::new(error.kind(), text);
        }
        match std::mem::take(&mut self.attempts) {
            0 | 1 => error,
            attempts => Error::new(error.kind(), format!("{error} ({attempts} attempts)")),
        }
    }
}

/// Passes the result of an open call to the session.
fn answer(
    session: &mut OwnedSession,
    recorder: &mut dyn Recorder,
    files: &mut Files,
    (id, call, mut output): (CallId, Call, ToolOutput),
) -> Result<AgentEvent> {
    // Providers refuse U+0000, or end the text there.
    if output.content.contains('\0') {
        output.content = output.content.replace('\0', "\u{2400}");
    }
    let answered = files.answer(session, id, &mut output);
    let ToolOutput { content, is_error, files: given, .. } = output;
    for (file, number) in given.iter().zip(answered.iter().flat_map(|(_, numbers)| numbers)) {
        recorder.attached(*number, file)?;
    }
    recorder.tool_result(id.number(), &content, is_error)?;
    let (left_out_bytes, _) = answered.map_err(|error| refused(session, error))?;
    Ok(AgentEvent::ToolResult { call, content, is_error, left_out_bytes })
}

/// Makes room by the policy of the configuration; if it has none, the oldest exchange is removed.
///
/// # Errors
/// `Limit` if nothing more can be removed.
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

/// Enough for a line with an error.
const SAID_BYTES: usize = 1024;

/// The size of one read.
const BUFFER_BYTES: usize = 16 * 1024;
