use zerostack_core::{
    Dialect, Event, Limits, Part, Role, Session, SessionConfig, Step, ToolMode, ToolResult,
};

use crate::TOOLS;

/// A text that may hold calls, said by a model: in every chunking the same is found, only known
/// tools are called and with objects, and the next request is valid. The first byte selects the tool
/// mode and the chunks.
pub fn calls(input: &[u8]) {
    let (mode, text) = crate::split_first(input);
    let text = String::from_utf8_lossy(text);
    let delta = serde_json::json!({ "choices": [{ "delta": { "content": text } }] });
    let body = format!(
        "data: {delta}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n"
    );
    let whole = outcome(mode, &text, &body, body.len());
    let pieces = outcome(mode, &text, &body, usize::from(mode >> 2) + 1);
    assert_eq!(pieces, whole, "the chunking counts");
}

/// The transcript at the end, after checking what must hold of it.
fn outcome(mode: u8, text: &str, body: &str, chunk: usize) -> Vec<u8> {
    let modes = [ToolMode::Lenient, ToolMode::Text, ToolMode::Schema];
    let tool_mode = modes[usize::from(mode & 3) % modes.len()];
    let limits = Limits { max_attempts: 1, ..Limits::DEFAULT };
    let config = SessionConfig {
        tool_mode,
        tools: &TOOLS,
        limits,
        ..SessionConfig::new(Dialect::OpenAiChat, "m")
    };
    // The text and, beside it for a while, its calls.
    let mut arena = vec![0; 4096 + 4 * text.len()];
    let mut session = Session::new(arena.as_mut_slice(), config).expect("a good configuration");
    session.user("hi").expect("room");
    session.begin_response(200, None).expect("Send");
    for chunk in body.as_bytes().chunks(chunk) {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).expect("a good body").used..];
        }
    }
    let mut event = session.end_response().expect("a good reply");
    let is_changed = matches!(event, Event::Recovered { .. });
    if is_changed {
        event = session.end_response().expect("the end follows");
    }
    assert!(matches!(event, Event::End(_)));
    for call in session.pending_calls() {
        assert!(TOOLS.iter().any(|tool| tool.name == call.name), "{call:?}");
        let arguments: serde_json::Value = serde_json::from_str(call.arguments).expect("JSON");
        assert!(arguments.is_object(), "{call:?}");
    }
    assert!(is_changed || session.pending_calls().next().is_none());
    let kept: String = session
        .transcript()
        .entries()
        .filter_map(|entry| match (entry.role, entry.part) {
            (Role::Assistant, Part::Text(text)) => Some(text),
            _ => None,
        })
        .collect();
    assert!(is_changed || kept == text, "the text changed, and nobody was told");
    let transcript = session.snapshot().to_vec();
    while let Some(id) = session.pending_call().map(|call| call.id) {
        session.tool_result(ToolResult { id, content: "", is_error: false }).expect("room");
    }
    if session.step() == Step::Idle {
        session.user("go on").expect("room");
    }
    crate::check_request(&session);
    transcript
}
