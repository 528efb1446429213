//! Playing a tape.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Seek};
use std::mem;

use sha1_smol::Sha1;
use zerostack_core::{CallId, Request, Step, ToolResult};

use super::body::Hashes;
use super::line::{Attached, AttachedBytes, Line};
use crate::agent::{AgentEvent, File, Files, OwnedSession, make_room, reply};
use crate::run::front::ConversationId;
use crate::{Error, ErrorKind, Result};

/// Plays the tape `input`: passes each event to `show`, and each request body to `request`. It is
/// first read to its end, so no part of a changed tape is played.
///
/// # Errors
/// `Input` if the tape is malformed or was changed, or a request differs from the recorded one.
pub fn replay(
    mut input: impl Read + Seek,
    show: &mut dyn FnMut(&AgentEvent) -> Result<()>,
    request: &mut dyn FnMut(Sent<'_>) -> Result<()>,
) -> Result<()> {
    check_sum(&mut input)?;
    let rewound = input.rewind();
    rewound.map_err(|error| Error::new(ErrorKind::Input, format!("the tape: {error}")))?;
    play_lines(BufReader::new(input), show, request, &mut |_| false).map(drop)
}

/// Plays the tape of a record, whose end is missing if the run was killed, and returns the session
/// in its last state.
///
/// # Errors
/// As those of [`replay`].
pub(crate) fn replay_record(
    mut input: impl Read + Seek,
    show: &mut dyn FnMut(&AgentEvent) -> Result<()>,
    request: &mut dyn FnMut(Sent<'_>) -> Result<()>,
) -> Result<Option<OwnedSession>> {
    let bytes = whole_lines(&mut input)?;
    play_lines(bytes.as_slice(), show, request, &mut |_| false)
}

/// Plays the first `rounds` of the tape of a record, with the results of their calls. Returns the
/// session in that state, and how many rounds there were.
///
/// # Errors
/// As those of [`replay`].
pub(crate) fn replay_rounds(
    mut input: impl Read + Seek,
    rounds: u32,
    show: &mut dyn FnMut(&AgentEvent) -> Result<()>,
) -> Result<(Option<OwnedSession>, u32)> {
    let bytes = whole_lines(&mut input)?;
    let found = std::cell::Cell::new(0);
    let mut counted = |event: &AgentEvent| {
        found.set(found.get() + u32::from(matches!(event, AgentEvent::End(_))));
        show(event)
    };
    let mut is_over = |session: &OwnedSession| {
        found.get() == rounds && !matches!(session.step(), Step::Receive | Step::RunTools)
    };
    let session = play_lines(bytes.as_slice(), &mut counted, &mut |_| Ok(()), &mut is_over)?;
    Ok((session, found.get()))
}

/// The complete lines of a tape. The last one, if it exists, shows whether the tape was changed.
fn whole_lines(input: &mut impl Read) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| Error::new(ErrorKind::Input, format!("the tape: {error}"));
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(failed)?;
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    bytes.truncate(end);
    let last = bytes.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    if last.is_some_and(|line| matches!(serde_json::from_slice(line), Ok(Line::Over(_)))) {
        check_sum(&mut bytes.as_slice())?;
    }
    Ok(bytes)
}

/// The conversation of the tape `input` in its run; `None` if it does not name one, or is not a tape.
///
/// # Errors
/// `Input` when it cannot be read.
pub(crate) fn conversation(input: &mut (impl Read + Seek)) -> Result<Option<ConversationId>> {
    let failed = |error: std::io::Error| Error::new(ErrorKind::Input, format!("the tape: {error}"));
    let mut first = Vec::new();
    BufReader::new(&mut *input).read_until(b'\n', &mut first).map_err(failed)?;
    input.rewind().map_err(failed)?;
    Ok(match serde_json::from_slice(&first) {
        Ok(Line::Tape(head)) => head.id(),
        _ => None,
    })
}

/// Plays lines one after the other, until `is_over` returns true after one.
fn play_lines(
    input: impl BufRead,
    show: &mut dyn FnMut(&AgentEvent) -> Result<()>,
    request: &mut dyn FnMut(Sent<'_>) -> Result<()>,
    is_over: &mut dyn FnMut(&OwnedSession) -> bool,
) -> Result<Option<OwnedSession>> {
    let mut session: Option<OwnedSession> = None;
    let mut files = TapeFiles::default();
    for (index, text) in input.lines().enumerate() {
        if session.as_ref().is_some_and(&mut *is_over) {
            break;
        }
        let number = index + 1;
        let refused = |why: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Input, format!("the tape, line {number}: {why}"))
        };
        let text = text.map_err(|error| refused(&error))?;
        let line: Line = serde_json::from_str(&text).map_err(|error| refused(&error))?;
        let session = match (&mut session, line) {
            (none @ None, Line::Tape(head)) => {
                *none = Some(head.session().map_err(|error| refused(&error))?);
                continue;
            }
            (None, _) => return Err(refused(&"a tape begins with a line of type \"tape\"")),
            (Some(_), Line::Tape(_)) => return Err(refused(&"a second tape begins here")),
            (Some(session), line) => {
                play(session, &mut files, line, show, request).map_err(|error| refused(&error))?;
                session
            }
        };
        // The wait of a retry was real; here only its end matters.
        if matches!(session.step(), Step::Wait { .. }) {
            session.retry().map_err(Error::from_core)?;
        }
        // A failure is a recorded outcome too.
        while matches!(session.step(), Step::MakeRoom { .. })
            && let Ok(event) = make_room(session)
        {
            show(&event)?;
        }
    }
    Ok(session)
}

/// Compares the sum in the last line with the lines before it.
fn check_sum(input: &mut impl Read) -> Result<()> {
    let wrong = |why: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Input, format!("the tape cannot be played: {why}"))
    };
    let mut input = BufReader::new(input);
    let (mut sum, mut last) = (Sha1::new(), Vec::new());
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line).map_err(|error| wrong(&error))? == 0 {
            break;
        }
        sum.update(&last);
        last = line;
    }
    match serde_json::from_slice(&last) {
        Ok(Line::Over(over)) if over.sha1 == sum.digest().to_string() => Ok(()),
        Ok(Line::Over(_)) => Err(wrong(&"it was changed after it was recorded")),
        _ => Err(wrong(&"it is not a tape, or its end is missing")),
    }
}

/// The body of a sent request.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Its bytes, with the hash of each file whose bytes are not on the tape.
    pub body: &'a [u8],
    /// Its length when it was sent.
    pub bytes: usize,
}

/// The files of a tape.
#[derive(Default)]
struct TapeFiles {
    hashes: Hashes,
    /// The bytes that are on the tape.
    bytes: BTreeMap<u32, Vec<u8>>,
    /// The files of the text or result that follows.
    next: Vec<Attached>,
}

impl TapeFiles {
    fn attach(&mut self, attached: Attached) -> Result<()> {
        self.hashes.insert(attached.number, attached.sha1.clone());
        // A number whose recorded result was not accepted.
        self.bytes.remove(&attached.number);
        self.next.push(attached);
        Ok(())
    }

    /// The files of the text or result that follows.
    ///
    /// # Errors
    /// `Input` if the bytes of one differ.
    fn take(&mut self) -> Result<Vec<Attached>> {
        for Attached { number, sha1, .. } in &self.next {
            let bytes = self.bytes.get(number);
            if bytes.is_some_and(|bytes| Sha1::from(bytes).digest().to_string() != *sha1) {
                let text = format!("the bytes of attachment {number} do not match its hash");
                return Err(Error::new(ErrorKind::Input, text));
            }
        }
        Ok(mem::take(&mut self.next))
    }

    fn body(&self, request: Request<'_>) -> Result<Vec<u8>> {
        let mut needed = Files::new();
        for (number, bytes) in &self.bytes {
            needed.insert(*number, File::bytes(bytes.as_slice())?);
        }
        let mut body = Vec::new();
        // Bytes of some files may be missing, because room was made for them since.
        match needed.read_body(request.clone(), &mut body) {
            Ok(()) => Ok(body),
            Err(_) => Ok(self.hashes.whole(request)),
        }
    }
}

/// Feeds one line to the session.
fn play(
    session: &mut OwnedSession,
    files: &mut TapeFiles,
    line: Line,
    show: &mut dyn FnMut(&AgentEvent) -> Result<()>,
    request: &mut dyn FnMut(Sent<'_>) -> Result<()>,
) -> Result<()> {
    match line {
        Line::Tape(_) | Line::Over(_) => {}
        Line::Attached(attached) => files.attach(*attached)?,
        Line::AttachedBytes(AttachedBytes { number, bytes }) => {
            files.bytes.entry(number).or_default().extend(bytes.into_vec()?);
        }
        Line::User { text } => {
            let attached = files.take()?;
            let attachments: Vec<_> = attached.iter().map(Attached::core).collect();
            let said = match attachments.is_empty() {
                true => session.user(&text),
                false => session.user_with(&text, &attachments),
            };
            outcome(said).map(drop)?;
        }
        Line::Request { bytes, sha1 } => {
            let ours = session.request_with_attachments().map_err(Error::from_core)?;
            if files.hashes.digest(ours.clone()) != (bytes, sha1) {
                let text = "the request differs from the recorded one";
                return Err(Error::new(ErrorKind::Input, text));
            }
            request(Sent { body: &files.body(ours)?, bytes })?;
        }
        Line::Response { status, retry_after_ms } => {
            session.begin_response(status, retry_after_ms).map_err(Error::from_core)?;
        }
        Line::Bytes(bytes) => {
            let bytes = bytes.into_vec()?;
            let mut rest = bytes.as_slice();
            while !rest.is_empty() && session.step() == Step::Receive {
                let is_held = reply::is_held(session);
                let fed = session.feed(rest);
                let fed = fed.map(|fed| {
                    (fed.used, fed.event.and_then(|event| reply::shown(is_held, event)))
                });
                let (used, event) = match fed {
                    Ok(fed) => fed,
                    Err(_) if matches!(session.step(), Step::MakeRoom { .. }) => {
                        show(&AgentEvent::Restart)?;
                        break;
                    }
                    // A failure is a recorded outcome too.
                    Err(_) => break,
                };
                rest = &rest[used..];
                if let Some(event) = event {
                    show(&event)?;
                }
            }
        }
        Line::End => {
            if matches!(session.step(), Step::Receive | Step::Send)
                && let Ok(events) = reply::end(session)
            {
                events.iter().try_for_each(show)?;
            }
        }
        Line::ToolResult { call, content, is_error } => {
            let id = CallId::from_number(call);
            let pending = session.pending_calls().find(|pending| pending.id == id);
            let pending = pending.map(crate::agent::Call::from);
            let result = ToolResult { id, content: &content, is_error };
            let attached = files.take()?;
            let attachments: Vec<_> = attached.iter().map(Attached::core).collect();
            let left_out_bytes = outcome(session.tool_result_with(result, &attachments))?;
            if let (Some(call), Some(left_out_bytes)) = (pending, left_out_bytes) {
                show(&AgentEvent::ToolResult { call, content, is_error, left_out_bytes })?;
            }
        }
    }
    Ok(())
}

/// The end of the turn is a recorded outcome too; `None`.
fn outcome<T>(result: std::result::Result<T, zerostack_core::Error>) -> Result<Option<T>> {
    use zerostack_core::ErrorKind as Core;
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            Core::Limit | Core::Full | Core::TooLong | Core::WindowTooLong => Ok(None),
            _ => Err(Error::from_core(error)),
        },
    }
}
