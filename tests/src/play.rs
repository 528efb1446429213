//! Gives a body to a session as a runtime would, and writes down what a person would see.

use zerostack_core::{Config, Error, ErrorKind, Event, Session, Step, Storage, ToolResult, Usage};

/// All that was shown of a reply. Pieces of the same kind that follow each other are one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Seen {
    /// The events, in their order.
    pub items: Vec<Item>,
    /// How the reply ended: the debug form of the last event, or the kind of the error.
    pub end: Option<Result<String, ErrorKind>>,
}

/// Something that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they mirror zerostack_core::Event")]
pub enum Item {
    Text(String),
    Refusal(String),
    Thinking(String),
    Call { id: u32, provider_id: String, name: String, arguments: String },
    Usage(Usage),
    Truncated(u32),
}

/// How a caller loops around `feed`. All of them see the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// While some of the chunk is left.
    WhileRest,
    /// Until a call gives no event.
    UntilQuiet,
    /// While some is left, with an empty chunk now and then.
    WithEmpty,
}

impl Seen {
    /// All text, joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.joined(|item| match item {
            Item::Text(text) => Some(text),
            _ => None,
        })
    }

    /// All reasoning, joined.
    #[must_use]
    pub fn thinking(&self) -> String {
        self.joined(|item| match item {
            Item::Thinking(text) => Some(text),
            _ => None,
        })
    }

    /// The calls as `(id of the wire, name, arguments)`.
    #[must_use]
    pub fn calls<'s>(&'s self) -> Vec<(&'s str, &'s str, &'s str)> {
        let call = |item: &'s Item| match item {
            Item::Call { provider_id, name, arguments, .. } => {
                Some((provider_id.as_str(), name.as_str(), arguments.as_str()))
            }
            _ => None,
        };
        self.items.iter().filter_map(call).collect()
    }

    /// The last counts.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.items.iter().rev().find_map(|item| match item {
            Item::Usage(usage) => Some(*usage),
            _ => None,
        })
    }

    fn joined<'a>(&'a self, pick: impl Fn(&'a Item) -> Option<&'a String>) -> String {
        self.items.iter().filter_map(pick).map(String::as_str).collect()
    }

    fn add(&mut self, event: &Event<'_>) {
        let item = match *event {
            Event::TextDelta(text) => Item::Text(text.into()),
            Event::RefusalDelta(text) => Item::Refusal(text.into()),
            Event::ThinkingDelta(text) => Item::Thinking(text.into()),
            Event::ToolCall(call) => Item::Call {
                id: call.id.number(),
                provider_id: call.provider_id.into(),
                name: call.name.into(),
                arguments: call.arguments.into(),
            },
            Event::Usage(usage) => Item::Usage(usage),
            Event::Truncated { bytes, .. } => Item::Truncated(bytes),
            ref last @ (Event::End(_) | Event::Restart) => {
                self.end = Some(Ok(format!("{last:?}")));
                return;
            }
            // What happens beside the reply.
            Event::Compacting
            | Event::SummaryFailed(_)
            | Event::Repeating { .. }
            | Event::Recovered { .. } => return,
            ref other => panic!("{other:?} is not known: say whether it ends a reply"),
        };
        match (self.items.last_mut(), &item) {
            (Some(Item::Text(known)), Item::Text(more))
            | (Some(Item::Refusal(known)), Item::Refusal(more))
            | (Some(Item::Thinking(known)), Item::Thinking(more)) => {
                assert!(!more.is_empty(), "an event without text");
                known.push_str(more);
            }
            _ => self.items.push(item),
        }
    }
}

/// Gives `chunks` to the session, which is in the step `Receive`, and stops where a runtime
/// would have to.
pub fn feed<'b, C: Config, S: Storage>(
    session: &mut Session<C, S>,
    chunks: impl IntoIterator<Item = &'b [u8]>,
    style: Loop,
) -> Seen {
    let mut seen = Seen::default();
    for chunk in chunks {
        let mut rest = chunk;
        let mut quiet = 0;
        while session.step() == Step::Receive {
            if style == Loop::WithEmpty
                && let Ok(fed) = session.feed(&[])
            {
                assert_eq!(fed.used, 0);
                fed.event.iter().for_each(|event| seen.add(event));
                if session.step() != Step::Receive {
                    break;
                }
            }
            match session.feed(rest) {
                Ok(fed) => {
                    assert!(fed.used <= rest.len(), "used more than there was");
                    quiet = if fed.used == 0 && fed.event.is_none() { quiet + 1 } else { 0 };
                    assert!(quiet < 3, "feed stands still");
                    rest = &rest[fed.used..];
                    fed.event.iter().for_each(|event| seen.add(event));
                    let is_over = match style {
                        Loop::UntilQuiet => fed.event.is_none() && rest.is_empty(),
                        Loop::WhileRest | Loop::WithEmpty => rest.is_empty(),
                    };
                    if is_over {
                        break;
                    }
                }
                Err(error) => seen.end = Some(Err(error.kind())),
            }
        }
    }
    seen
}

/// The same, and then the end of the body.
pub fn reply<'b, C: Config, S: Storage>(
    session: &mut Session<C, S>,
    chunks: impl IntoIterator<Item = &'b [u8]>,
    style: Loop,
) -> Seen {
    let mut seen = feed(session, chunks, style);
    if session.step() == Step::Receive {
        end(session, &mut seen);
    }
    seen
}

fn end<C: Config, S: Storage>(session: &mut Session<C, S>, seen: &mut Seen) {
    loop {
        match session.end_response() {
            // The end follows.
            Ok(Event::Recovered { .. }) => {}
            Ok(event) => return seen.add(&event),
            Err(error) => return seen.end = Some(Err(error.kind())),
        }
    }
}

/// Says `text`, sends the request and gives `body` whole as the answer with status 200.
///
/// # Errors
/// The error that ended the turn.
pub fn turn<C: Config, S: Storage>(
    session: &mut Session<C, S>,
    text: &str,
    body: &[u8],
) -> Result<Seen, Error> {
    session.user(text)?;
    session.begin_response(200, None)?;
    Ok(reply(session, [body], Loop::WhileRest))
}

/// Answers all open calls by `content`.
///
/// # Errors
/// The first error.
pub fn answer_all<C: Config, S: Storage>(
    session: &mut Session<C, S>,
    content: &str,
) -> Result<(), Error> {
    while let Some(id) = session.pending_call().map(|call| call.id) {
        session.tool_result(ToolResult { id, content, is_error: false })?;
    }
    Ok(())
}
