//! Feeding a whole chunk, with the interpreter for a short one and without it for a long one.

use pyo3::prelude::*;
use pyo3::types::PyList;
use zerostack_core as core;
use zerostack_core::Error;

use crate::error::{Said, closed, raised_in};
use crate::held::{Held, OwnedSession};
use crate::message;

/// From this length on, other threads run while a chunk is read.
const LONG_CHUNK_BYTES: usize = 16 * 1024;

/// The events of all of `chunk`.
///
/// # Errors
/// `Busy`, `Closed`, and the exception for the core's error, with the events before it.
pub fn events<'py>(py: Python<'py>, held: &Held, chunk: &[u8]) -> PyResult<Bound<'py, PyList>> {
    let mut held = held.lock(py)?;
    let session = held.as_mut().ok_or_else(|| closed(py))?;
    let events = PyList::empty(py);
    match feed_all(session, chunk, &events)? {
        Ok(()) => Ok(events),
        Err(error) => {
            let said = session.failure().map(Said::from).unwrap_or_default();
            Err(raised_in(py, error, "feed", session.step(), &said, Some(events)))
        }
    }
}

/// Feeds all of `chunk`, and appends its events to `events`. The outer error is one of Python,
/// the inner one of the core.
fn feed_all(
    session: &mut OwnedSession,
    chunk: &[u8],
    events: &Bound<'_, PyList>,
) -> PyResult<Result<(), Error>> {
    if chunk.len() < LONG_CHUNK_BYTES {
        return feed(session, chunk, &mut |event| show(events, event));
    }
    let (long, result) = events.py().detach(|| feed_detached(session, chunk));
    long.iter().try_for_each(|event| show(events, event.lend()))?;
    Ok(result)
}

fn show(events: &Bound<'_, PyList>, event: core::Event<'_>) -> PyResult<()> {
    match message::event(events.py(), event)? {
        Some(event) => events.append(event),
        None => Ok(()),
    }
}

/// Feeds all of `chunk`. The outer error is one of `show`, the inner one of the core.
fn feed<E>(
    session: &mut OwnedSession,
    chunk: &[u8],
    show: &mut impl FnMut(core::Event<'_>) -> Result<(), E>,
) -> Result<Result<(), Error>, E> {
    let mut rest = chunk;
    // An empty chunk is fed too, so that a wrong step is reported.
    loop {
        let fed = match session.feed(rest) {
            Ok(fed) => fed,
            Err(error) => return Ok(Err(error)),
        };
        rest = rest.get(fed.used..).unwrap_or_default();
        if let Some(event) = fed.event {
            let restarts = event == core::Event::Restart;
            show(event)?;
            if restarts {
                return Ok(Ok(()));
            }
        }
        if rest.is_empty() {
            return Ok(Ok(()));
        }
    }
}

/// An event that outlives its session, for a thread that has not the interpreter.
enum OwnedEvent {
    Text(String),
    Thinking(String),
    Refusal(String),
    Call { is_whole: bool, id: core::CallId, provider_id: String, name: String, arguments: String },
    Repeating { name: String, count: u16 },
    Other(core::Event<'static>),
}

fn feed_detached(session: &mut OwnedSession, chunk: &[u8]) -> (Vec<OwnedEvent>, Result<(), Error>) {
    use core::Event as E;
    let own = str::to_owned;
    let mut events = Vec::new();
    let result = feed(session, chunk, &mut |event| {
        events.push(match event {
            E::TextDelta(text) => OwnedEvent::Text(own(text)),
            E::ThinkingDelta(text) => OwnedEvent::Thinking(own(text)),
            E::RefusalDelta(text) => OwnedEvent::Refusal(own(text)),
            E::ToolCall(call) | E::ToolCallDelta(call) => {
                let core::ToolCall { id, provider_id, name, arguments } = call;
                let is_whole = matches!(event, E::ToolCall(_));
                let (provider_id, name, arguments) = (own(provider_id), own(name), own(arguments));
                OwnedEvent::Call { is_whole, id, provider_id, name, arguments }
            }
            E::Usage(usage) => OwnedEvent::Other(E::Usage(usage)),
            E::Truncated { what, bytes } => OwnedEvent::Other(E::Truncated { what, bytes }),
            E::End(reason) => OwnedEvent::Other(E::End(reason)),
            E::Restart => OwnedEvent::Other(E::Restart),
            E::Compacting => OwnedEvent::Other(E::Compacting),
            E::SummaryFailed(error) => OwnedEvent::Other(E::SummaryFailed(error)),
            E::Repeating { name, count } => OwnedEvent::Repeating { name: own(name), count },
            E::Recovered { calls } => OwnedEvent::Other(E::Recovered { calls }),
            _ => return Ok(()),
        });
        Ok::<(), std::convert::Infallible>(())
    });
    let Ok(result) = result;
    (events, result)
}

impl OwnedEvent {
    fn lend(&self) -> core::Event<'_> {
        match self {
            Self::Text(text) => core::Event::TextDelta(text),
            Self::Thinking(text) => core::Event::ThinkingDelta(text),
            Self::Refusal(text) => core::Event::RefusalDelta(text),
            Self::Call { is_whole, id, provider_id, name, arguments } => {
                let call = core::ToolCall { id: *id, provider_id, name, arguments };
                if *is_whole {
                    core::Event::ToolCall(call)
                } else {
                    core::Event::ToolCallDelta(call)
                }
            }
            Self::Repeating { name, count } => core::Event::Repeating { name, count: *count },
            Self::Other(event) => *event,
        }
    }
}
