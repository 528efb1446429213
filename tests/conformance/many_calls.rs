//! A reply of very many calls: it ends at its limit, or works in time that grows as the calls do,
//! in whatever order their results come.

use zerostack_core::{
    Budget, CallId, Dialect, Entry, ErrorKind, Event, Growing, JsonLinesReader, Limits, Part, Role,
    Session, SessionConfig, Step, ToolCall, ToolResult, TranscriptBuilder,
};

type Chat = Session<SessionConfig<'static>, Growing>;

fn config(dialect: Dialect, max_calls: u16) -> SessionConfig<'static> {
    let mut config = SessionConfig::new(dialect, "m");
    config.limits = Limits { max_calls, max_attempts: 1, reply_bytes: 1, ..Limits::DEFAULT };
    config
}

/// The bytes of a conversation with one reply of many calls, and their results in this order.
fn conversation(count: u32, order: impl Iterator<Item = u32>, id: fn(u32) -> String) -> Vec<u8> {
    let mut builder = TranscriptBuilder::new(Growing::new(1 << 28)).unwrap();
    builder.push(Entry::new(Role::User, Part::Text("Go on"))).unwrap();
    for call in 0..count {
        let (id, arguments) = (id(call), format!(r#"{{"n":{call}}}"#));
        let text = format!("Call {call}.");
        if call % 7 == 0 {
            builder.push(Entry::new(Role::Assistant, Part::Text(&text))).unwrap();
        }
        let call = ToolCall {
            id: CallId::from_number(0),
            provider_id: &id,
            name: "look",
            arguments: &arguments,
        };
        builder.push(Entry::new(Role::Assistant, Part::ToolCall(call))).unwrap();
    }
    for call in order {
        let content = format!("result {call}");
        let result =
            ToolResult { id: CallId::from_number(call), content: &content, is_error: false };
        builder.push(Entry::new(Role::Tool, Part::ToolResult(result))).unwrap();
    }
    let (storage, used) = builder.finish();
    zerostack_core::Storage::bytes(&storage)[..used].to_vec()
}

/// A permutation that is neither of the orders.
fn mixed(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(move |call| (u64::from(call) * 7_919 % u64::from(count)) as u32)
}

/// A session of these bytes with so much room beyond them.
fn resumed(dialect: Dialect, bytes: &[u8], room: usize) -> Chat {
    let storage = Growing::from_vec(bytes.to_vec(), bytes.len() + room);
    Session::resume(storage, bytes.len(), config(dialect, u16::MAX)).unwrap()
}

fn request(session: &Chat) -> Vec<u8> {
    let mut request = session.request().unwrap();
    let mut body = vec![0; request.body_len()];
    assert_eq!(request.read(&mut body), body.len());
    body
}

fn lines(session: &Chat) -> Vec<u8> {
    let (mut lines, mut all, mut buffer) = (session.transcript().json_lines(), vec![], [0; 999]);
    loop {
        match lines.read(&mut buffer) {
            0 => return all,
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

#[test]
fn recorded_places_of_calls_change_no_result() {
    let ids: [fn(u32) -> String; 3] = [
        |call| format!("call_{call}"),
        |call| if call % 2 == 0 { String::new() } else { format!("call_{call}") },
        |call| format!("call_{}", call % 90),
    ];
    for (id, count) in ids.into_iter().flat_map(|id| [(id, 127), (id, 130), (id, 300)]) {
        for order in [mixed(count).collect::<Vec<_>>(), (0..count).rev().collect()] {
            let bytes = conversation(count, order.into_iter(), id);
            for dialect in Dialect::ALL.iter().copied() {
                // Without room for notes, each call is found by a walk.
                let (noted, walked) =
                    (resumed(dialect, &bytes, 1 << 20), resumed(dialect, &bytes, 9));
                assert!(noted.snapshot() == walked.snapshot());
                assert!(request(&noted) == request(&walked), "{dialect:?} {count}");
                assert!(lines(&noted) == lines(&walked), "{dialect:?} {count}");
            }
            let session = resumed(Dialect::Anthropic, &bytes, 1 << 20);
            let mut reader = JsonLinesReader::new(Growing::new(1 << 20)).unwrap();
            reader.push(&lines(&session)).unwrap();
            let (storage, used) = reader.finish().unwrap();
            let read = Session::resume(storage, used, *session.config()).unwrap();
            assert!(read.snapshot() == session.snapshot());
        }
    }
}

#[test]
fn a_result_of_one_call_twice_is_refused_in_any_order() {
    let mut order: Vec<u32> = mixed(300).collect();
    order[200] = order[100];
    let bytes = conversation(300, order.into_iter(), |call| call.to_string());
    let storage = Growing::from_vec(bytes.clone(), 1 << 20);
    let refused = Session::resume(storage, bytes.len(), config(Dialect::OpenAiChat, u16::MAX));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::BadTranscript);
}

/// A body with many calls.
fn body(count: u32) -> String {
    let call = |call| {
        format!(
            r#"data: {{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":{call},"id":"c{call}","function":{{"name":"look","arguments":"{{}}"}}}}]}}}}]}}"#
        ) + "\n\n"
    };
    let end = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    (0..count).map(call).chain([format!("{end}\n\ndata: [DONE]\n\n")]).collect()
}

/// Feeds a body in chunks; an error, or the number of bytes of events.
fn feed(session: &mut Chat, body: &[u8], chunk: usize) -> Result<usize, zerostack_core::Error> {
    let mut shown = 0;
    for mut rest in body.chunks(chunk) {
        while !rest.is_empty() {
            let fed = session.feed(rest)?;
            rest = &rest[fed.used..];
            shown += match fed.event {
                Some(Event::ToolCall(call)) => call.arguments.len(),
                Some(Event::TextDelta(text)) => text.len(),
                _ => 0,
            };
        }
    }
    session.end_response()?;
    Ok(shown)
}

fn receiving(dialect: Dialect, max_calls: u16) -> Chat {
    let mut session = Session::new(Growing::new(1 << 28), config(dialect, max_calls)).unwrap();
    session.user("Go on").unwrap();
    session.begin_response(200, None).unwrap();
    session
}

#[test]
fn the_calls_of_a_reply_have_a_bound_that_is_named() {
    let body = body(65_535);
    let mut session = receiving(Dialect::OpenAiChat, Limits::DEFAULT.max_calls);
    let error = feed(&mut session, body.as_bytes(), 1400).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(Budget::from_detail(error.detail()), Some(Budget::Calls));
    assert_eq!(session.step(), Step::Idle);
}

/// Each of these would take minutes to hours if its cost grew with the square.
#[test]
fn the_most_calls_of_a_reply_are_answered_sent_and_resumed() {
    let mut session = receiving(Dialect::OpenAiChat, u16::MAX);
    feed(&mut session, body(65_535).as_bytes(), 1400).unwrap();
    let mut ids: Vec<CallId> = session.pending_calls().map(|call| call.id).collect();
    assert_eq!(ids.len(), 65_535);
    ids.reverse();
    for id in ids {
        session.tool_result(ToolResult { id, content: "done", is_error: false }).unwrap();
    }
    let body = request(&session);
    assert!(body.windows(23).any(|part| part == b"\"tool_call_id\":\"c65534\""));
    let again = resumed(Dialect::Gemini, session.snapshot(), 1 << 24);
    assert!(request(&again).len() > 65_535 * 50);
    assert!(request(&resumed(Dialect::OpenAiChat, again.snapshot(), 1 << 24)) == body);
    let lines = lines(&again);
    let mut reader = JsonLinesReader::new(Growing::new(1 << 24)).unwrap();
    reader.push(&lines).unwrap();
    assert!(reader.finish().unwrap().1 == session.snapshot().len());
}

#[test]
fn long_strings_a_byte_at_a_time_end() {
    let text = "a".repeat(3_000_000);
    let call = format!(
        r#"data: {{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"id":"c","function":{{"name":"look","arguments":"{{\"a\":\"{text}\"}}"}}}}]}},"finish_reason":"tool_calls"}}]}}"#
    ) + "\n\ndata: [DONE]\n\n";
    let mut session = receiving(Dialect::OpenAiChat, 1);
    assert_eq!(feed(&mut session, call.as_bytes(), 1), Ok(text.len() + 8));
    let mut reply = String::from(
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n",
    );
    for piece in text.as_bytes().chunks(1000) {
        let piece = String::from_utf8_lossy(piece);
        reply += &format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"signature_delta\",\"signature\":\"{piece}\"}}}}\n\n"
        );
    }
    reply += "data: {\"type\":\"content_block_stop\",\"index\":0}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n";
    let mut session = receiving(Dialect::Anthropic, 1);
    assert_eq!(feed(&mut session, reply.as_bytes(), 64), Ok(0));
    assert!(session.snapshot().len() > text.len());
}
