use zerostack_core::{
    Event, Limits, Part, Role, Session, SessionConfig, Step, ToolMode, ToolResult,
};

/// Memory of the session; what does not fit may depend on the chunks, so it is ample.
const ARENA_BYTES: usize = 1 << 17;

/// Lengths of the pieces that a body comes in.
const CHUNKS: [usize; 6] = [1, 2, 3, 7, 16, 64];

/// A body. The first byte selects the dialect, the status, the tool mode and the length of the
/// pieces: every chunking shows the same and leaves the same transcript, and the next request is
/// valid.
pub fn response(input: &[u8]) {
    let (mode, body) = crate::split_first(input);
    let (dialect, mode) = crate::dialect(mode);
    let status = if mode % 2 == 0 { 200 } else { 429 };
    let (tool_mode, mode) = crate::tool_mode(dialect, mode / 2);
    let config =
        SessionConfig { tool_mode, tools: &crate::TOOLS, ..SessionConfig::new(dialect, "m") };
    let chunk = CHUNKS[usize::from(mode) % CHUNKS.len()];
    let whole = outcome(config, status, body, body.len().max(1));
    let pieces = outcome(config, status, body, chunk);
    assert_eq!(pieces, whole, "the chunking counts");
}

/// What was shown, and the transcript at the end.
fn outcome(
    config: SessionConfig<'_>,
    status: u16,
    body: &[u8],
    chunk: usize,
) -> (Vec<String>, Vec<u8>) {
    let limits = Limits { max_attempts: 2, ..Limits::DEFAULT };
    let config = SessionConfig { limits, ..config };
    let mut arena = vec![0; ARENA_BYTES];
    let mut session = Session::new(arena.as_mut_slice(), config).expect("the arena is ample");
    session.user("hi").expect("room");
    session.begin_response(status, None).expect("Send");
    let mut shown: Vec<String> = Vec::new();
    for chunk in body.chunks(chunk) {
        let mut rest = chunk;
        while !rest.is_empty() && session.step() == Step::Receive {
            match session.feed(rest) {
                Ok(fed) => {
                    fed.event.iter().for_each(|event| show(&mut shown, event));
                    rest = &rest[fed.used..];
                }
                Err(error) => shown.push(format!("{:?}", error.kind())),
            }
        }
    }
    // What was found in the text comes before the end.
    while session.step() == Step::Receive {
        match session.end_response() {
            Ok(event) => show(&mut shown, &event),
            Err(error) => shown.push(format!("{:?}", error.kind())),
        }
    }
    let transcript = session.snapshot().to_vec();
    let mut saved = transcript.clone();
    let resumed = Session::resume(saved.as_mut_slice(), transcript.len(), config);
    let resumed = resumed.expect("what was saved can be resumed");
    let is_whole = shown.last().is_some_and(|last| last.starts_with("End"));
    // Else calls were told in the text, which they take the place of.
    if is_whole && config.tool_mode == ToolMode::Native {
        let kept =
            resumed.transcript().entries().filter_map(|entry| match (entry.role, entry.part) {
                (Role::Assistant, Part::Text(text)) => Some(text),
                _ => None,
            });
        let texts = shown.iter().filter_map(|shown| {
            shown.strip_prefix("text ").or_else(|| shown.strip_prefix("refusal "))
        });
        assert_eq!(kept.collect::<String>(), texts.collect::<String>(), "what is kept was shown");
    }
    while let Some(id) = session.pending_call().map(|call| call.id) {
        session.tool_result(ToolResult { id, content: "ok", is_error: false }).expect("room");
    }
    match session.step() {
        Step::Wait { .. } => session.retry().expect("Wait"),
        Step::Idle => session.user("go on").expect("room"),
        _ => {}
    }
    crate::check_request(&session);
    (shown, transcript)
}

fn show(shown: &mut Vec<String>, event: &Event<'_>) {
    let (kind, text) = match event {
        Event::TextDelta(text) => ("text ", *text),
        Event::RefusalDelta(text) => ("refusal ", *text),
        Event::ThinkingDelta(text) => ("thinking ", *text),
        event => return shown.push(format!("{event:?}")),
    };
    match shown.last_mut().filter(|last| last.starts_with(kind)) {
        Some(last) => last.push_str(text),
        None => shown.push(format!("{kind}{text}")),
    }
}
