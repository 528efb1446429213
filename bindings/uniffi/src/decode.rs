//! A response body without a conversation.

use zerostack_core::{
    Dialect as CoreDialect, FailedTurn, Growing, Limits, Session, SessionConfig, Step,
};

use crate::{Dialect, Event, Failure, Usage, ZerostackError};

/// The content of a response body.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Decoded {
    /// The events, in order; adjacent texts are joined.
    pub events: Vec<Event>,
    /// The provider's own stop reason; empty if it sent none.
    pub raw_stop_reason: String,
    /// Tokens, as the provider counted them.
    pub usage: Usage,
    /// Why there is no usable reply.
    pub failure: Option<Failure>,
}

/// Decodes the whole body of a successful response.
///
/// # Errors
/// `Unsupported` when the dialect is not compiled in. Faults in the body are reported by
/// `failure`, after the events that came before.
#[uniffi::export]
pub fn decode(dialect: Dialect, body: &[u8]) -> Result<Decoded, ZerostackError> {
    let mut config = SessionConfig::new(CoreDialect::from(dialect), "decode");
    // One attempt: there is only this body.
    config.limits = Limits { max_attempts: 1, failed_turn: FailedTurn::Keep, ..Limits::DEFAULT };
    let mut session = Session::new(Growing::new(u32::MAX as usize), config)?;
    session.user("decode")?;
    session.begin_response(200, None)?;
    let mut events = Vec::new();
    let mut rest = body;
    while !rest.is_empty() && session.step() == Step::Receive {
        // An error ends the step and stays as the failure.
        let Ok(fed) = session.feed(rest) else { break };
        events.extend(fed.event.map(Event::from));
        rest = rest.get(fed.used..).unwrap_or_default();
    }
    if session.step() == Step::Receive
        && let Ok(event) = session.end_response()
    {
        events.push(event.into());
    }
    Ok(Decoded {
        events,
        raw_stop_reason: session.raw_stop_reason().to_owned(),
        usage: session.usage().into(),
        failure: session.failure().map(Failure::from),
    })
}
