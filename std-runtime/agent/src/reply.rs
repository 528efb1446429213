//! Which part of a reply is shown, and when: text that is JSON of a schema is shown as its value.

use zerostack_core::{Event, ToolMode};

use crate::event::AgentEvent;
use crate::session::OwnedSession;

/// The event to show for one of a running reply.
pub fn shown(is_held: bool, event: Event<'_>) -> Option<AgentEvent> {
    match event {
        Event::TextDelta(_) if is_held => None,
        event => AgentEvent::from_core(event),
    }
}

/// Whether the text of a reply is JSON, which is shown after it was read.
pub fn is_held(session: &OwnedSession) -> bool {
    let config = session.config();
    config.tool_mode == ToolMode::Schema && !config.tools.is_empty()
}

/// Ends the reply; the last event reports how.
///
/// # Errors
/// Those of [`zerostack_core::Session::end_response`].
pub fn end(session: &mut OwnedSession) -> Result<Vec<AgentEvent>, zerostack_core::Error> {
    let (mut events, mut is_recovered) = (Vec::new(), false);
    loop {
        let event = session.end_response()?;
        match event {
            Event::Recovered { .. } => {
                is_recovered = true;
                if !is_held(session) {
                    events.push(AgentEvent::Recovered { text: text(session) });
                }
                continue;
            }
            Event::End(_) => {
                if is_held(session) {
                    events.extend(
                        Some(text(session)).filter(|it| !it.is_empty()).map(AgentEvent::Text),
                    );
                }
                if is_recovered {
                    let calls = session.pending_calls();
                    events.extend(calls.map(|call| AgentEvent::ToolCall(call.into())));
                }
            }
            _ => {}
        }
        events.extend(AgentEvent::from_core(event));
        return Ok(events);
    }
}

/// The text of the reply that the conversation ends with.
fn text(session: &OwnedSession) -> String {
    session.transcript().answer().collect()
}
