//! What is true of a session at any time.

use zerostack_core::{
    CallId, Config, ErrorKind, Event, Growing, Part, Role, Session, Step, ToolResult, Usage,
};

use super::client::Chat;
use crate::body;
use crate::model::Says;

/// What was heard of a reply.
#[derive(Debug, Default)]
pub(super) struct Heard {
    text: String,
    thinking: String,
    /// Id, name and arguments.
    calls: Vec<(String, String, String)>,
    usage: Usage,
    /// It was reported that not everything is kept.
    is_cut: bool,
    pub recovered: Option<u16>,
}

impl Heard {
    pub fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::TextDelta(text) => self.text += text,
            Event::ThinkingDelta(text) => self.thinking += text,
            Event::ToolCall(call) => {
                let own = str::to_owned;
                self.calls.push((own(call.provider_id), own(call.name), own(call.arguments)));
            }
            Event::Usage(usage) => self.usage = *usage,
            Event::Truncated { .. } => self.is_cut = true,
            Event::Restart => *self = Self::default(),
            _ => {}
        }
    }
}

/// A whole reply was shown as it was sent, and is kept, unless its removal was reported.
pub(super) fn is_what_was_sent(session: &Chat, heard: &Heard, says: &Says) {
    let config = session.config();
    assert_eq!(heard.text, says.text);
    assert_eq!(heard.thinking, says.thinking);
    let said = says.heard(config.dialect());
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    assert_eq!(heard.calls.len(), said.len());
    for ((id, name, arguments), said) in heard.calls.iter().zip(&said) {
        assert_eq!((id.as_str(), name.as_str()), (said.0, said.1));
        let is_same = *arguments == said.2 || value(arguments) == value(&said.2);
        assert!(is_same, "{arguments} is not {}", said.2);
    }
    assert_eq!((heard.usage.input_tokens, heard.usage.output_tokens), (5, 7));
    let pending = session.pending_calls().count();
    // The budget of the turn may have ended it at once.
    if session.step() == Step::RunTools {
        // Calls that cannot be read are not handed out.
        let is_json = |text: &str| text.is_empty() || value(text).is_some();
        let whole = heard.calls.iter().filter(|(_, _, arguments)| is_json(arguments)).count();
        assert_eq!(pending, heard.recovered.map_or(whole, usize::from));
    }
    // A reply of nothing has no record, so the one before is the last.
    if !heard.is_cut && heard.recovered.is_none() && !says.text.is_empty() {
        assert_eq!(kept_text(session), says.text, "not all is kept, and nobody said so");
    }
}

/// The text of the last reply in the transcript.
fn kept_text(session: &Chat) -> String {
    let mut text = String::new();
    for entry in session.transcript().entries() {
        // The session itself reports calls that cannot be read, after their reply.
        let is_told = matches!(entry.part,
            Part::ToolResult(result) if result.content.starts_with("not run"));
        if (entry.role != Role::Assistant || entry.starts_message) && !is_told {
            text.clear();
        }
        if let (Role::Assistant, Part::Text(part)) = (entry.role, entry.part) {
            text += part;
        }
    }
    text
}

/// A copy from the saved bytes is the same session.
pub(super) fn resumes_as_it_is(session: &Chat) {
    let saved = session.snapshot();
    let storage = Growing::from_vec(saved.to_vec(), 1 << 20);
    let resumed = Session::resume(storage, saved.len(), *session.config());
    let resumed = resumed.unwrap_or_else(|error| panic!("what was saved is refused: {error}"));
    let entries = || resumed.transcript().entries();
    // What is coming in is not saved yet.
    assert!(session.transcript().entries().take(entries().count()).eq(entries()));
    assert_eq!(resumed.snapshot().len(), saved.len());
    match session.step() {
        Step::RunTools => {
            assert_eq!(resumed.step(), Step::RunTools);
            assert!(session.pending_calls().eq(resumed.pending_calls()));
        }
        Step::Send if !session.is_compacting() && resumed.step() == Step::Send => {
            assert_eq!(body::read(session, 512), body::read(&resumed, 512));
        }
        _ => {}
    }
}

/// Calls that do not fit the step are refused, and nothing is changed by them.
pub(super) fn refused_calls_change_nothing(session: &mut Chat) {
    let step = session.step();
    let before = format!("{session:?}");
    let mut errors = Vec::new();
    let mut check = |result: Result<(), zerostack_core::Error>| errors.push(result);
    if step != Step::Idle {
        check(session.user("now"));
        check(session.instruct("now"));
    }
    if step != Step::Send {
        check(session.request().map(|_| ()));
        check(session.begin_response(200, None));
    }
    if step != Step::Receive {
        check(session.feed(b"{").map(|_| ()));
    }
    if !matches!(step, Step::Receive | Step::Send) {
        check(session.end_response().map(|_| ()));
    }
    if !matches!(step, Step::Wait { .. }) {
        check(session.retry());
    }
    if matches!(step, Step::Receive | Step::RunTools | Step::Wait { .. }) {
        check(session.compact("all", 0));
        check(session.drop_oldest().map(|_| ()));
    }
    check(session.make_room().map(|_| ()));
    let id = CallId::from_number(u32::MAX);
    check(session.tool_result(ToolResult { id, content: "", is_error: false }).map(|_| ()));
    for error in errors {
        let kind = error.expect_err("it does not fit the step").kind();
        assert!(matches!(kind, ErrorKind::WrongStep | ErrorKind::UnknownCall), "{kind:?}");
    }
    assert_eq!(format!("{session:?}"), before, "a refused call changed something");
}
